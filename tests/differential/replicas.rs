//! RDS: a DB instance, and its replica in the other Region.

use database::observe::{Standby, observe};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::side::{Side, said};
use crate::table::Fields;

/// Longer than a promotion takes, in seconds.
const PROMOTED_WITHIN: u64 = 3_600;

pub(crate) fn instances(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let observed = observe(&(side.rds)(&side.home), &side.system.database).await;
        let observed = observed.expect("described");
        let replica = side.half(&side.away).await;
        let writer = &side.site(&side.home).database;
        let writer = format!("arn:aws:rds:{}:{}:db:{writer}", side.home, side.system.account);
        let has_standby = matches!(&observed.standby, Standby::Zone(Some(_)));
        Fields::default()
            .and("status", &observed.status)
            .and("zone of the writer", format!("{:?}", observed.writer.zone))
            .and("its standby's zone is told", has_standby)
            .and("status of the replica", &replica.status)
            .and("it follows the writer", replica.follows(&writer))
            .and("whether it replicates is told", replica.is_replicating.is_some())
    }
    .boxed_local()
}

pub(crate) fn isolate(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let (site, rds) = (side.site(&side.home), (side.rds)(&side.home));
        let ask = |instance: &str, groups: Vec<String>| {
            let asked = rds.modify_db_instance().db_instance_identifier(instance);
            asked
                .set_vpc_security_group_ids(Some(groups))
                .apply_immediately(true)
                .send()
        };
        let isolating = vec![site.isolation.isolating_security_group.clone()];
        let unknown = said(ask("nobody", isolating.clone()).await);
        let accepted = said(ask(site.database.as_str(), isolating.clone()).await);
        side.until("the security groups change", async || {
            let half = side.half(&side.home).await;
            let now: Vec<&str> = half.groups.iter().map(|group| group.id.as_str()).collect();
            now == isolating && half.groups.iter().all(|group| group.status == "active")
        })
        .await;
        Fields::default()
            .and("an instance that is none", unknown)
            .and("isolated", accepted)
            .and(
                "security groups",
                format!("{:?}", side.half(&side.home).await.groups),
            )
    }
    .boxed_local()
}

pub(crate) fn create(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let source = format!("arn:aws:rds:{}:{}:db:shop-db", side.home, side.system.account);
        let taken = (side.rds)(&side.away).create_db_instance_read_replica();
        let taken = taken.db_instance_identifier(side.site(&side.away).database.as_str());
        let taken = taken.source_db_instance_identifier(source).send().await;
        Fields::default().and("an identifier that is taken", said(taken))
    }
    .boxed_local()
}

pub(crate) fn promote(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let rds = (side.rds)(&side.away);
        let ask = |instance: &str| rds.promote_read_replica().db_instance_identifier(instance).send();
        let unknown = said(ask("nobody").await);
        let accepted = said(ask(side.site(&side.away).database.as_str()).await);
        side.pass(PROMOTED_WITHIN).await;
        let half = side.half(&side.away).await;
        Fields::default()
            .and("an instance that is none", unknown)
            .and("the replica", accepted)
            .and("its status then", &half.status)
            .and("it follows nobody then", half.source.is_none())
    }
    .boxed_local()
}
