//! Which reader to promote: lowest tier, then least lag, and always in another zone.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_smithy_types::DateTime;
use domain::names::Zone;
use domain::step::Result;
use domain::system::DatabaseKind;
use jiff::Timestamp;
use runtime::aws::classify;

use crate::observe::Reader;

/// Replica lag in milliseconds by DB instance. A reader without a recent datapoint is not in it.
pub type LagMs = BTreeMap<String, u64>;

/// A datapoint older than this says nothing about now. CloudWatch keeps RDS metrics at one-minute periods; two
/// periods and the time until a datapoint can be read. Source: RDS User Guide, rds-metrics.
const FRESH: Duration = Duration::from_secs(180);

/// The reader to promote, or nothing if no reader may be: available, in another zone than the writer; then lowest
/// tier, least lag, and by name so that the choice is always the same. A reader whose lag nobody knows comes after
/// every reader of its tier whose lag is known.
pub fn choose<'a>(readers: &'a [Reader], writer_zone: &Zone, lag: &LagMs) -> Option<&'a Reader> {
    readers
        .iter()
        .filter(|reader| reader.status == "available" && reader.zone != *writer_zone)
        .min_by_key(|reader| {
            (
                reader.tier,
                lag.get(&reader.instance).copied().unwrap_or(u64::MAX),
                &reader.instance,
            )
        })
}

/// Whether FailoverDBCluster takes a target. RDS for MySQL Multi-AZ DB clusters do not.
/// Source: RDS API, FailoverDBCluster, `TargetDBInstanceIdentifier`.
pub fn can_be_chosen(kind: DatabaseKind, engine: &str) -> bool {
    match kind {
        DatabaseKind::MultiAzInstance => false,
        DatabaseKind::MultiAzCluster => engine != "mysql",
        DatabaseKind::Aurora => true,
    }
}

/// Reads the readers' lag from CloudWatch: the newest datapoint of the last three minutes each.
///
/// Metrics: `AuroraReplicaLag` in milliseconds (Aurora User Guide, Aurora.AuroraMonitoring.Metrics); `ReplicaLag` in
/// seconds for Multi-AZ DB clusters (RDS User Guide, rds-metrics).
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`.
pub async fn read_lag(
    client: &Client,
    kind: DatabaseKind,
    readers: &[Reader],
    now: Timestamp,
) -> Result<LagMs> {
    let (metric, to_ms) = match kind {
        DatabaseKind::Aurora => ("AuroraReplicaLag", 1.0),
        DatabaseKind::MultiAzCluster | DatabaseKind::MultiAzInstance => ("ReplicaLag", 1_000.0),
    };
    if readers.is_empty() {
        return Ok(LagMs::new());
    }
    let queries = readers
        .iter()
        .enumerate()
        .map(|(index, reader)| query(index, metric, &reader.instance))
        .collect();
    let fresh = i64::try_from(FRESH.as_secs()).unwrap_or(i64::MAX);
    let answer = client
        .get_metric_data()
        .set_metric_data_queries(Some(queries))
        .start_time(DateTime::from_secs(now.as_second() - fresh))
        .end_time(DateTime::from_secs(now.as_second()))
        .scan_by(aws_sdk_cloudwatch::types::ScanBy::TimestampDescending)
        .send()
        .await
        .map_err(|error| classify("cloudwatch:GetMetricData", error))?;
    let newest = |id: &str| {
        let result = answer
            .metric_data_results()
            .iter()
            .find(|result| result.id() == Some(id))?;
        result
            .values()
            .first()
            .filter(|value| value.is_finite() && **value >= 0.0)
            .map(|value| (value * to_ms) as u64)
    };
    Ok(readers
        .iter()
        .enumerate()
        .filter_map(|(index, reader)| Some((reader.instance.clone(), newest(&id(index))?)))
        .collect())
}

fn query(index: usize, metric: &str, instance: &str) -> MetricDataQuery {
    let dimension = Dimension::builder()
        .name("DBInstanceIdentifier")
        .value(instance)
        .build();
    let metric = Metric::builder()
        .namespace("AWS/RDS")
        .metric_name(metric)
        .dimensions(dimension)
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat("Maximum")
        .build();
    MetricDataQuery::builder().id(id(index)).metric_stat(stat).build()
}

/// Query ids begin with a lower-case letter. Source: CloudWatch API, MetricDataQuery, `Id`.
fn id(index: usize) -> String {
    format!("lag{index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(instance: &str, zone: &str, status: &str, tier: i32) -> Reader {
        Reader {
            instance: instance.into(),
            zone: Zone(zone.into()),
            status: status.into(),
            tier,
        }
    }

    fn chosen(readers: &[Reader], lag: &[(&str, u64)]) -> Option<String> {
        let lag = lag.iter().map(|(name, ms)| ((*name).to_owned(), *ms)).collect();
        choose(readers, &Zone("a".into()), &lag).map(|reader| reader.instance.clone())
    }

    #[test]
    fn the_lowest_tier_goes_first_whatever_its_lag() {
        let readers = [
            reader("late", "b", "available", 0),
            reader("fresh", "c", "available", 1),
        ];
        assert_eq!(
            chosen(&readers, &[("late", 900), ("fresh", 1)]).as_deref(),
            Some("late")
        );
    }

    #[test]
    fn within_a_tier_the_least_lag_goes_first_and_unknown_lag_last() {
        let readers = [
            reader("x", "b", "available", 1),
            reader("y", "c", "available", 1),
            reader("z", "c", "available", 1),
        ];
        assert_eq!(chosen(&readers, &[("y", 20), ("z", 10)]).as_deref(), Some("z"));
        assert_eq!(chosen(&readers, &[("y", 20)]).as_deref(), Some("y"));
        assert_eq!(chosen(&readers, &[]).as_deref(), Some("x"));
    }

    #[test]
    fn never_the_writers_own_zone_and_never_an_unavailable_reader() {
        let readers = [
            reader("near", "a", "available", 0),
            reader("busy", "b", "modifying", 0),
        ];
        assert_eq!(chosen(&readers, &[]), None);
    }

    #[test]
    fn a_mysql_multi_az_cluster_takes_no_target() {
        assert!(!can_be_chosen(DatabaseKind::MultiAzCluster, "mysql"));
        assert!(can_be_chosen(DatabaseKind::MultiAzCluster, "postgres"));
        assert!(can_be_chosen(DatabaseKind::Aurora, "aurora-mysql"));
    }
}
