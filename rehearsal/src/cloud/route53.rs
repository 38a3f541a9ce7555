//! Route 53's API, whose control plane is in us-east-1.

use aws_sdk_route53::Client;
use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::operation::change_resource_record_sets::{
    ChangeResourceRecordSetsInput, ChangeResourceRecordSetsOutput,
};
use aws_sdk_route53::operation::get_change::{GetChangeInput, GetChangeOutput};
use aws_sdk_route53::operation::list_resource_record_sets::{
    ListResourceRecordSetsInput, ListResourceRecordSetsOutput,
};
use aws_sdk_route53::types::{
    ChangeAction, ChangeInfo, ChangeStatus, ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover,
    RrType,
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::timeline::Actor;
use crate::world::World;
use crate::world::dns::{self, Dns, Policy, Record};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::list_resource_record_sets).then_compute_response(desk.control(route, list)),
        mock!(Client::change_resource_record_sets).then_compute_response(desk.control(route, change)),
        mock!(Client::get_change).then_compute_response(desk.control(route, get_change)),
    ]
}

fn list(
    world: &mut World,
    _: &Region,
    input: &ListResourceRecordSetsInput,
) -> Result<ListResourceRecordSetsOutput, Refusal> {
    let dns = zone(world, input.hosted_zone_id())?;
    let start = input.start_record_name().unwrap_or_default();
    let records: Result<Vec<ResourceRecordSet>, BuildError> = dns
        .records
        .iter()
        .filter(|record| reversed(&record.name) >= reversed(start))
        .map(shown)
        .collect();
    ListResourceRecordSetsOutput::builder()
        .set_resource_record_sets(Some(records.map_err(unmade)?))
        .is_truncated(false)
        .max_items(input.max_items().unwrap_or(300))
        .build()
        .map_err(unmade)
}

fn change(
    world: &mut World,
    _: &Region,
    input: &ChangeResourceRecordSetsInput,
) -> Result<ChangeResourceRecordSetsOutput, Refusal> {
    let invalid = |why: &str| Refusal::new("InvalidChangeBatch", why);
    zone(world, input.hosted_zone_id())?;
    let mut batch = Vec::new();
    for change in input
        .change_batch()
        .map(|batch| batch.changes())
        .unwrap_or_default()
    {
        if change.action() != &ChangeAction::Upsert {
            return Err(invalid("only UPSERT is modelled"));
        }
        let record = change.resource_record_set().and_then(read);
        batch.push(record.ok_or_else(|| invalid("only A records with a role or a weight are modelled"))?);
    }
    let named: Vec<String> = batch
        .iter()
        .map(|record| format!("{} {}", record.set_identifier, word(record.policy)))
        .collect();
    let line = format!("route53:ChangeResourceRecordSets {}", named.join(", "));
    match world.change_records(input.hosted_zone_id().unwrap_or_default(), batch) {
        Ok(id) => {
            world.say(Actor::Call, format!("{line}: accepted as {id}"));
            let info = info(world, &id, dns::Status::Pending)?;
            Ok(ChangeResourceRecordSetsOutput::builder()
                .change_info(info)
                .build())
        }
        Err(refusal) => {
            let refusal = match refusal {
                dns::Refusal::NoSuchZone(why) => Refusal::not_found("NoSuchHostedZone", why),
                dns::Refusal::Invalid(why) => invalid(&why),
            };
            world.say(Actor::Call, format!("{line}: {}", refusal.code()));
            Err(refusal)
        }
    }
}

fn get_change(world: &mut World, _: &Region, input: &GetChangeInput) -> Result<GetChangeOutput, Refusal> {
    let id = input.id().unwrap_or_default().trim_start_matches("/change/");
    let status = world.change_status(id).ok_or_else(|| {
        let why = format!("Could not find resource with ID: {id}");
        Refusal::not_found("NoSuchChange", why)
    })?;
    let info = info(world, id, status)?;
    Ok(GetChangeOutput::builder().change_info(info).build())
}

fn zone<'w>(world: &'w World, id: Option<&str>) -> Result<&'w Dns, Refusal> {
    let id = id.unwrap_or_default().trim_start_matches("/hostedzone/");
    world.dns.as_ref().filter(|dns| dns.zone == id).ok_or_else(|| {
        let why = format!("No hosted zone found with ID: {id}");
        Refusal::not_found("NoSuchHostedZone", why)
    })
}

/// Route 53 sorts names with their labels reversed. Source: Route 53 API, ListResourceRecordSets.
fn reversed(name: &str) -> Vec<String> {
    let labels = name.trim_end_matches('.').to_ascii_lowercase();
    labels.split('.').rev().map(str::to_owned).collect()
}

fn shown(record: &Record) -> Result<ResourceRecordSet, BuildError> {
    let values: Result<Vec<ResourceRecord>, BuildError> = record
        .addresses
        .iter()
        .map(|address| ResourceRecord::builder().value(address.to_string()).build())
        .collect();
    let built = ResourceRecordSet::builder()
        .name(format!("{}.", record.name))
        .r#type(RrType::A)
        .set_identifier(&record.set_identifier)
        .ttl(i64::try_from(record.ttl_s).unwrap_or(i64::MAX))
        .set_resource_records(Some(values?))
        .set_health_check_id(record.health_check.clone());
    match record.policy {
        Policy::Primary => built.failover(ResourceRecordSetFailover::Primary),
        Policy::Secondary => built.failover(ResourceRecordSetFailover::Secondary),
        Policy::Weighted(weight) => built.weight(weight.into()),
    }
    .build()
}

fn read(record: &ResourceRecordSet) -> Option<Record> {
    let policy = match (record.failover(), record.weight()) {
        (Some(ResourceRecordSetFailover::Primary), None) => Policy::Primary,
        (Some(ResourceRecordSetFailover::Secondary), None) => Policy::Secondary,
        (None, Some(weight)) => Policy::Weighted(u8::try_from(weight).ok()?),
        _ => return None,
    };
    let addresses = record
        .resource_records()
        .iter()
        .map(|value| value.value().parse().ok());
    Some(Record {
        name: record.name().trim_end_matches('.').to_owned(),
        set_identifier: record.set_identifier()?.to_owned(),
        policy,
        ttl_s: u64::try_from(record.ttl()?).ok()?,
        addresses: addresses.collect::<Option<_>>()?,
        health_check: record.health_check_id().map(str::to_owned),
    })
}

fn word(policy: Policy) -> String {
    match policy {
        Policy::Primary => "PRIMARY".to_owned(),
        Policy::Secondary => "SECONDARY".to_owned(),
        Policy::Weighted(weight) => format!("weight {weight}"),
    }
}

fn info(world: &World, id: &str, status: dns::Status) -> Result<ChangeInfo, Refusal> {
    ChangeInfo::builder()
        .id(format!("/change/{id}"))
        .status(ChangeStatus::from(status.word()))
        .submitted_at(DateTime::from_millis(world.timestamp(world.now).as_millisecond()))
        .build()
        .map_err(unmade)
}

fn unmade(error: BuildError) -> Refusal {
    Refusal::new("InternalFailure", error.to_string())
}
