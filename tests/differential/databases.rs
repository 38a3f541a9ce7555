//! RDS: a global cluster of two Aurora clusters.

use aws_sdk_rds::types::SourceType;
use database::observe::{Observed, Standby, observe};
use database::region::global::{self, Global, Member};
use database::region::half::{self, Half};
use domain::names::Region;
use domain::system::region_failover::{Replication, Site};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::side::{Side, said};
use crate::table::Fields;

impl Side {
    pub(crate) fn site(&self, region: &Region) -> &Site {
        let shared = self.system.region_failover.as_ref().expect("two Regions");
        let site = shared.sites.iter().find(|site| site.region == *region);
        site.expect("a Region of the system")
    }

    fn arn(&self, region: &Region) -> String {
        let id = &self.site(region).database;
        format!("arn:aws:rds:{region}:{}:cluster:{id}", self.system.account)
    }

    pub(crate) fn global_cluster(&self) -> String {
        let shared = self.system.region_failover.as_ref().expect("two Regions");
        match &shared.replication {
            Replication::AuroraGlobal { global_cluster } => global_cluster.to_string(),
            Replication::ReadReplica => panic!("the system has no global cluster"),
        }
    }

    /// The database of a Region, with what is read of it.
    pub(crate) async fn half(&self, region: &Region) -> Half {
        let replication = &self
            .system
            .region_failover
            .as_ref()
            .expect("two Regions")
            .replication;
        let id = self.site(region).database.as_str();
        let half = half::observe(&(self.rds)(region), replication, id).await;
        half.expect("described").expect("there is one")
    }

    async fn observed(&self) -> Observed {
        let observed = observe(&(self.rds)(&self.home), &self.system.database).await;
        observed.expect("described")
    }

    async fn global(&self) -> Global {
        let global = global::observe(&(self.rds)(&self.away), &self.global_cluster()).await;
        global.expect("described")
    }
}

/// Who is what. The version is each side's own.
fn spoken(global: &Global) -> String {
    let mut members: Vec<String> = global
        .members
        .iter()
        .map(|member| format!("{} {} {:?}", member.arn, member.is_writer, member.synchronization))
        .collect();
    members.sort();
    members.join(", ")
}

fn readers(observed: &Observed) -> String {
    match &observed.standby {
        Standby::Zone(zone) => format!("{zone:?}"),
        Standby::Readers(readers) => {
            let mut readers: Vec<String> = readers.iter().map(|reader| format!("{reader:?}")).collect();
            readers.sort();
            readers.join(", ")
        }
    }
}

pub(crate) fn clusters(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let mut fields = Fields::default();
        let mut versions = Vec::new();
        for region in [&side.home, &side.away] {
            let half = side.half(region).await;
            versions.push(half.version);
            fields = fields
                .and(&format!("identifier in {region}"), half.identifier)
                .and(&format!("status in {region}"), half.status)
                .and(&format!("engine in {region}"), half.engine)
                .and(
                    &format!("security groups in {region}"),
                    format!("{:?}", half.groups),
                )
                .and(
                    &format!("DB instances in {region}"),
                    format!("{:?}", half.instances),
                );
        }
        let rds = (side.rds)(&side.home);
        let unknown = rds
            .describe_db_clusters()
            .db_cluster_identifier("nobody")
            .send()
            .await;
        let cased = rds
            .describe_db_clusters()
            .db_cluster_identifier("SHOP-DB")
            .send()
            .await;
        fields
            .and("one version in both Regions", versions[0] == versions[1])
            .and("a cluster that is none", said(unknown))
            .and("a cluster in other letters", said(cased))
    }
    .boxed_local()
}

pub(crate) fn instances(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let observed = side.observed().await;
        let unknown = (side.rds)(&side.home).describe_db_instances();
        let unknown = unknown.db_instance_identifier("nobody").send().await;
        Fields::default()
            .and("status", &observed.status)
            .and("engine", &observed.engine)
            .and("writer", format!("{:?}", observed.writer))
            .and("status of the writer", &observed.writer_status)
            .and("readers", readers(&observed))
            .and("an instance that is none", said(unknown))
    }
    .boxed_local()
}

pub(crate) fn global(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let global = side.global().await;
        let rds = (side.rds)(&side.away);
        let unknown = rds.describe_global_clusters().global_cluster_identifier("nobody");
        Fields::default()
            .and("status", &global.status)
            .and("members", spoken(&global))
            .and("under way", format!("{:?}", global.moving))
            .and("a global cluster that is none", said(unknown.send().await))
    }
    .boxed_local()
}

pub(crate) fn fail_over(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let (rds, before) = ((side.rds)(&side.home), side.observed().await);
        let id = side.system.database.identifier.as_str();
        let ask = |cluster: &str, to: &str| {
            let asked = rds.failover_db_cluster().db_cluster_identifier(cluster);
            asked.target_db_instance_identifier(to).send()
        };
        let Standby::Readers(readers_before) = &before.standby else {
            panic!("a cluster has readers");
        };
        let target = readers_before.first().expect("a reader").instance.clone();
        let unknown = said(ask("nobody", &target).await);
        let no_member = said(ask(id, "nobody").await);
        let accepted = said(ask(id, &target).await);
        side.until("the writer moves", async || {
            let now = side.observed().await;
            now.writer.instance == target && now.status == "available"
        })
        .await;
        let after = side.observed().await;
        Fields::default()
            .and("a cluster that is none", unknown)
            .and("a target that is none", no_member)
            .and("a reader as the target", accepted)
            .and("the writer is the target", after.writer.instance == target)
            .and("status of the writer", &after.writer_status)
            .and(
                "the old writer is a reader",
                readers(&after).contains(&before.writer.instance),
            )
    }
    .boxed_local()
}

pub(crate) fn isolate(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let site = side.site(&side.home);
        let rds = (side.rds)(&side.home);
        let ask = |cluster: &str, groups: Vec<String>| {
            let asked = rds.modify_db_cluster().db_cluster_identifier(cluster);
            asked
                .set_vpc_security_group_ids(Some(groups))
                .apply_immediately(true)
                .send()
        };
        let isolating = vec![site.isolation.isolating_security_group.clone()];
        let unknown = said(ask("nobody", isolating.clone()).await);
        let mut fields = Fields::default().and("a cluster that is none", unknown);
        for (what, groups) in [
            ("isolated", isolating),
            ("opened", site.isolation.security_groups.clone()),
        ] {
            let accepted = said(ask(site.database.as_str(), groups.clone()).await);
            side.until("the security groups change", async || {
                let half = side.half(&side.home).await;
                let now: Vec<&str> = half.groups.iter().map(|group| group.id.as_str()).collect();
                now == groups && half.groups.iter().all(|group| group.status == "active")
            })
            .await;
            let half = side.half(&side.home).await;
            fields = fields.and(
                what,
                format!("{accepted}, then {:?}, {}", half.groups, half.status),
            );
        }
        fields
    }
    .boxed_local()
}

async fn writer_is(side: &Side, region: &Region) -> String {
    let target = side.arn(region);
    side.until("the global cluster's writer moves", async || {
        let now = side.global().await;
        let writes = now.writer().is_some_and(|writer| writer.arn == target);
        let connected = |member: &Member| member.synchronization.as_deref() == Some("connected");
        let both = now.members.len() == 2 && now.members.iter().all(connected);
        writes && both && now.moving.is_none() && now.status == "available"
    })
    .await;
    spoken(&side.global().await)
}

pub(crate) fn switch_over(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let rds = (side.rds)(&side.away);
        let ask = |global: &str, to: &str| {
            let asked = rds.switchover_global_cluster().global_cluster_identifier(global);
            asked.target_db_cluster_identifier(to).send()
        };
        let (id, target) = (side.global_cluster(), side.arn(&side.away));
        Fields::default()
            .and(
                "a global cluster that is none",
                said(ask("nobody", &target).await),
            )
            .and(
                "to who writes already",
                said(ask(&id, &side.arn(&side.home)).await),
            )
            .and("to the other Region", said(ask(&id, &target).await))
            .and("members", writer_is(side, &side.away).await)
    }
    .boxed_local()
}

pub(crate) fn fail_over_global(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let rds = (side.rds)(&side.home);
        let ask = |global: &str, to: &str| {
            let asked = rds.failover_global_cluster().global_cluster_identifier(global);
            asked
                .target_db_cluster_identifier(to)
                .allow_data_loss(true)
                .send()
        };
        let (id, target) = (side.global_cluster(), side.arn(&side.home));
        Fields::default()
            .and(
                "a global cluster that is none",
                said(ask("nobody", &target).await),
            )
            .and("to the other Region", said(ask(&id, &target).await))
            .and("members", writer_is(side, &side.home).await)
    }
    .boxed_local()
}

pub(crate) fn detach(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let rds = (side.rds)(&side.away);
        let ask = |global: &str, member: &str| {
            let asked = rds.remove_from_global_cluster().global_cluster_identifier(global);
            asked.db_cluster_identifier(member).send()
        };
        let (id, member) = (side.global_cluster(), side.arn(&side.away));
        let unknown = said(ask("nobody", &member).await);
        let accepted = said(ask(&id, &member).await);
        side.until("the cluster leaves the global cluster", async || {
            side.global().await.member(&member).is_none()
        })
        .await;
        Fields::default()
            .and("a global cluster that is none", unknown)
            .and("the secondary cluster", accepted)
            .and("members", spoken(&side.global().await))
    }
    .boxed_local()
}

pub(crate) fn events(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let rds = (side.rds)(&side.home);
        let asked = rds.describe_events().source_type(SourceType::DbCluster);
        let asked = asked
            .source_identifier(side.system.database.identifier.as_str())
            .duration(14 * 24 * 60);
        let answer = asked.send().await.expect("described");
        let of_failover = answer.events().iter().filter(|event| {
            let message = event.message().unwrap_or_default().to_lowercase();
            message.contains("failover")
        });
        Fields::default().and("tells of the failovers before", of_failover.count() > 0)
    }
    .boxed_local()
}
