//! Route 53: the two records of a name.

use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ResourceRecordSet, ResourceRecordSetFailover,
};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::side::{Side, said};
use crate::table::Fields;

impl Side {
    pub(crate) fn hostname(&self) -> &str {
        let shared = self.system.region_failover.as_ref().expect("two Regions");
        shared.hostname.as_str()
    }

    /// The records of the system's name.
    pub(crate) async fn records(&self) -> Vec<ResourceRecordSet> {
        let asked = self
            .route53
            .list_resource_record_sets()
            .hosted_zone_id(&self.hosted_zone);
        let answer = asked
            .start_record_name(self.hostname())
            .send()
            .await
            .expect("listed");
        let of_the_name = answer.resource_record_sets.into_iter();
        let mut records: Vec<_> = of_the_name
            .filter(|record| record.name().trim_end_matches('.') == self.hostname())
            .collect();
        records.sort_by_key(|record| record.set_identifier().map(str::to_owned));
        records
    }

    async fn ask(
        &self,
        zone: &str,
        records: Vec<ResourceRecordSet>,
    ) -> Result<
        aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsOutput,
        impl aws_smithy_types::error::metadata::ProvideErrorMetadata + std::fmt::Debug + use<>,
    > {
        let changes = records.into_iter().map(|record| {
            let change = Change::builder().action(ChangeAction::Upsert);
            change.resource_record_set(record).build().expect("a change")
        });
        let batch = ChangeBatch::builder().set_changes(Some(changes.collect()));
        let asked = self.route53.change_resource_record_sets().hosted_zone_id(zone);
        asked.change_batch(batch.build().expect("a batch")).send().await
    }
}

fn spoken(records: &[ResourceRecordSet]) -> String {
    let each = records.iter().map(|record| {
        let values: Vec<&str> = record
            .resource_records()
            .iter()
            .map(|value| value.value())
            .collect();
        format!(
            "{} {} {:?} {:?} {:?} TTL {:?} {values:?}",
            record.name(),
            record.r#type().as_str(),
            record.set_identifier(),
            record.failover().map(ResourceRecordSetFailover::as_str),
            record.weight(),
            record.ttl(),
        )
    });
    each.collect::<Vec<_>>().join("; ")
}

/// The same records with their roles changed.
fn turned(mut records: Vec<ResourceRecordSet>) -> Vec<ResourceRecordSet> {
    for record in &mut records {
        record.failover = match record.failover() {
            Some(ResourceRecordSetFailover::Primary) => Some(ResourceRecordSetFailover::Secondary),
            _ => Some(ResourceRecordSetFailover::Primary),
        };
    }
    // The one that is to be the primary comes last, as a recovery sends them.
    records.sort_by_key(|record| record.failover() == Some(&ResourceRecordSetFailover::Primary));
    records
}

pub(crate) fn records(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let unknown = side
            .route53
            .list_resource_record_sets()
            .hosted_zone_id("Z0000000000000");
        Fields::default()
            .and("records of the name", spoken(&side.records().await))
            .and("a hosted zone that is none", said(unknown.send().await))
    }
    .boxed_local()
}

pub(crate) fn change(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let turned = turned(side.records().await);
        let unknown = said(side.ask("Z0000000000000", turned.clone()).await);
        let mut one_role = turned.clone();
        for record in &mut one_role {
            record.failover = Some(ResourceRecordSetFailover::Primary);
        }
        let two_primaries = said(side.ask(&side.hosted_zone, one_role).await);
        let accepted = side.ask(&side.hosted_zone, turned).await.expect("accepted");
        let info = accepted.change_info().expect("a change");
        *side.kept.lock().expect("nobody panicked") = info.id().to_owned();
        Fields::default()
            .and("a hosted zone that is none", unknown)
            .and("two primaries", two_primaries)
            .and("the roles change", info.status().as_str())
            .and("the id is a path", info.id().starts_with("/change/"))
            .and("records of the name", spoken(&side.records().await))
    }
    .boxed_local()
}

pub(crate) fn changed(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let id = side.kept.lock().expect("nobody panicked").clone();
        let status = async || {
            let answer = side.route53.get_change().id(&id).send().await.expect("described");
            answer
                .change_info()
                .map(|info| info.status().as_str().to_owned())
                .unwrap_or_default()
        };
        let first = status().await;
        side.until("the change is everywhere", async || status().await == "INSYNC")
            .await;
        let unknown = side.route53.get_change().id("C0000000000000").send().await;
        Fields::default()
            .and("at once", first)
            .and("later", status().await)
            .and("a change that is none", said(unknown))
    }
    .boxed_local()
}
