//! CloudWatch: replica lag, inside a Region and between two; and the alarms.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::describe_alarms::{DescribeAlarmsInput, DescribeAlarmsOutput};
use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataInput, GetMetricDataOutput};
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, MetricAlarm, MetricDataQuery, MetricDataResult, ScanBy, StateValue,
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::world::alarm::Alarm;
use crate::world::site::{Datapoint, Site};
use crate::world::{Ms, World, envelope};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::get_metric_data).then_compute_response(desk.data(route, get_metric_data)),
        mock!(Client::describe_alarms).then_compute_response(desk.data(route, describe_alarms)),
    ]
}

/// Source: CloudWatch API, DescribeAlarms: names that do not exist are left out of the answer.
fn describe_alarms(
    world: &mut World,
    region: &Region,
    input: &DescribeAlarmsInput,
) -> Result<DescribeAlarmsOutput, Refusal> {
    let names = input.alarm_names();
    let wanted = |alarm: &&Alarm| {
        let state = StateValue::from(alarm.state.as_str());
        (names.is_empty() || names.contains(&alarm.name))
            && input
                .alarm_name_prefix()
                .is_none_or(|prefix| alarm.name.starts_with(prefix))
            && input.state_value().is_none_or(|asked| *asked == state)
    };
    let shown = |alarm: &Alarm| {
        // An alarm that never changed has been in its state since before the rehearsal began.
        let since = alarm.since.unwrap_or_else(|| world.timestamp(0));
        let since = DateTime::from_millis(since.as_millisecond());
        let at = world.timestamp(world.now);
        MetricAlarm::builder()
            .alarm_name(&alarm.name)
            .state_value(StateValue::from(alarm.state.as_str()))
            .state_reason(envelope::reason(alarm, alarm.state))
            .state_reason_data(envelope::reason_data(alarm, at))
            .state_updated_timestamp(since)
            .state_transitioned_timestamp(since)
            .threshold(alarm.threshold() as f64)
            .comparison_operator(if alarm.breaches_from_threshold_on() {
                ComparisonOperator::GreaterThanOrEqualToThreshold
            } else {
                ComparisonOperator::GreaterThanThreshold
            })
            .period(i32::try_from(alarm.period_ms() / 1_000).unwrap_or(i32::MAX))
            .build()
    };
    let alarms = world.alarms_in(region).filter(wanted).map(shown);
    Ok(DescribeAlarmsOutput::builder()
        .set_metric_alarms(Some(alarms.collect()))
        .build())
}

fn get_metric_data(
    world: &mut World,
    region: &Region,
    input: &GetMetricDataInput,
) -> Result<GetMetricDataOutput, Refusal> {
    let results = input.metric_data_queries().iter().map(|query| {
        let result = MetricDataResult::builder().set_id(query.id().map(str::to_owned));
        let mut found = world
            .site(region)
            .and_then(|site| datapoints(world, site, query))
            .unwrap_or_default();
        let asked = |at: Ms| {
            let at = world.timestamp(at).as_millisecond();
            let after = |time: &DateTime| time.to_millis().is_ok_and(|time| time <= at);
            input.start_time().is_none_or(after) && !input.end_time().is_some_and(after)
        };
        found.retain(|(at, _)| asked(*at));
        // Source: CloudWatch API, GetMetricData, ScanBy: the newest first unless asked otherwise.
        if input.scan_by() != Some(&ScanBy::TimestampAscending) {
            found.reverse();
        }
        let time = |at: Ms| DateTime::from_millis(world.timestamp(at).as_millisecond());
        result
            .set_timestamps(Some(found.iter().map(|(at, _)| time(*at)).collect()))
            .set_values(Some(found.iter().map(|(_, value)| *value).collect()))
            .build()
    });
    Ok(GetMetricDataOutput::builder()
        .set_metric_data_results(Some(results.collect()))
        .build())
}

/// A metric's datapoints, oldest first.
fn datapoints(world: &World, site: &Site, query: &MetricDataQuery) -> Option<Vec<(Ms, f64)>> {
    let metric = query.metric_stat()?.metric()?;
    let dimension = |name: &str| {
        let dimensions = metric.dimensions().iter();
        dimensions
            .filter(|dimension| dimension.name() == Some(name))
            .find_map(|dimension| dimension.value())
    };
    let name = metric.metric_name()?;
    match (
        dimension("DBClusterIdentifier"),
        dimension("DBInstanceIdentifier"),
    ) {
        (Some(cluster), _) if cluster == site.database.identifier => {
            between_regions(name, &site.lags, site.database.is_cluster())
        }
        (None, Some(instance)) if !site.database.is_cluster() && instance == site.database.identifier => {
            between_regions(name, &site.lags, false)
        }
        (None, Some(instance)) => inside(world, site, name, instance),
        _ => None,
    }
}

/// Lag of this Region's database behind the other Region's. Sources: Aurora User Guide,
/// Aurora.AuroraMonitoring.Metrics (milliseconds, of the secondary cluster); RDS User Guide, rds-metrics (seconds).
fn between_regions(name: &str, lags: &[Datapoint], cluster: bool) -> Option<Vec<(Ms, f64)>> {
    let value = |lag: &Datapoint| match (name, cluster) {
        ("AuroraGlobalDBReplicationLag" | "AuroraGlobalDBRPOLag", true) => Some(lag.lag_ms as f64),
        ("ReplicaLag", false) => Some(lag.lag_ms as f64 / 1_000.0),
        _ => None,
    };
    lags.iter().map(|lag| Some((lag.at, value(lag)?))).collect()
}

/// Lag of a reader behind the writer of its own Region: Aurora's in milliseconds, a Multi-AZ cluster's in seconds.
fn inside(world: &World, site: &Site, name: &str, instance: &str) -> Option<Vec<(Ms, f64)>> {
    let host = site
        .database
        .hosts
        .iter()
        .find(|host| host.instance == instance)?;
    let value = match name {
        "AuroraReplicaLag" => host.lag_ms as f64,
        "ReplicaLag" => host.lag_ms as f64 / 1_000.0,
        _ => return None,
    };
    // One-minute periods (RDS User Guide, rds-metrics): the newest that is over.
    Some(vec![(world.now.saturating_sub(60_000), value)])
}
