//! How far a Region's database is behind the other one's, and when that was measured. Lag that is missing or stale
//! fails closed (rule 5), so the age belongs to it.

use std::fmt;
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use aws_smithy_types::DateTime;
use domain::step::Result;
use domain::steps::region::{FRESH_LAG, Lag};
use domain::system::region_failover::Replication;
use jiff::Timestamp;
use runtime::aws::classify;

/// How far back a datapoint is looked for before the moment in question. Older than fresh ones are of use to people:
/// they say how long nobody has known.
const LOOKED_BACK: Duration = Duration::from_mins(15);

/// Of a replica whose source takes no writes any more: everything has arrived. The metric of MySQL and MariaDB has
/// whole seconds, and PostgreSQL's is never quite zero, because it is the time since the last change was replayed.
/// Source: RDS User Guide, rds-metrics (`ReplicaLag`) and USER_PostgreSQL.Replication.ReadReplicas.
pub const CAUGHT_UP_MS: u64 = 1_000;

/// From when on a lag is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Nothing is wrong with the source: the newest datapoint has to say something, and its age is counted to now.
    Now,
    /// The source was lost at that moment. Whatever the metric says of a source that cannot be reached (MySQL's says
    /// -1) is passed over, and the age of the last datapoint that says something is counted to that moment.
    Lost(Timestamp),
}

/// A lag with the words for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The lag, if anybody knows.
    pub lag: Option<Lag>,
    /// The metric and the database.
    pub what: String,
    /// From when on it was looked at.
    pub reference: Reference,
}

impl Measured {
    /// The lag, if it may be believed.
    pub fn fresh(&self) -> Option<Lag> {
        self.lag.filter(|lag| lag.age_ms <= FRESH_LAG.as_millis())
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lag {
            None => write!(f, "{}: no datapoint", self.what),
            Some(lag) => {
                let before = match self.reference {
                    Reference::Now => "old",
                    Reference::Lost(_) => "before the incident",
                };
                write!(
                    f,
                    "{}: {} ms at {}, {} s {before}",
                    self.what,
                    lag.lag_ms,
                    lag.measured_at,
                    lag.age_ms / 1_000
                )?;
                if self.fresh().is_none() {
                    f.write_str(", too old to be believed")?;
                }
                Ok(())
            }
        }
    }
}

/// The metrics of which the first that has datapoints counts, their dimension, and what their unit is in milliseconds.
///
/// Sources: Aurora User Guide, Aurora.AuroraMonitoring.Metrics (`AuroraGlobalDBRPOLag`, and for older versions of Aurora
/// MySQL `AuroraGlobalDBReplicationLag`, milliseconds, of the secondary cluster); RDS User Guide, rds-metrics (`ReplicaLag`, seconds, of the replica).
const fn metric(replication: &Replication) -> (&'static [&'static str], &'static str, f64) {
    match replication {
        Replication::AuroraGlobal { .. } => (
            &["AuroraGlobalDBRPOLag", "AuroraGlobalDBReplicationLag"],
            "DBClusterIdentifier",
            1.0,
        ),
        Replication::ReadReplica => (&["ReplicaLag"], "DBInstanceIdentifier", 1_000.0),
    }
}

/// Reads the newest datapoint from CloudWatch in the reader's own Region.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`.
pub async fn measure(
    cloudwatch: &Client,
    replication: &Replication,
    identifier: &str,
    reference: Reference,
    now: Timestamp,
) -> Result<Measured> {
    let (names, dimension, to_ms) = metric(replication);
    let moment = match reference {
        Reference::Now => now,
        Reference::Lost(at) => at.min(now),
    };
    let back = i64::try_from(LOOKED_BACK.as_secs()).unwrap_or(i64::MAX);
    let dimension = Dimension::builder().name(dimension).value(identifier).build();
    let queries = names.iter().enumerate().map(|(index, name)| {
        let metric = Metric::builder()
            .namespace("AWS/RDS")
            .metric_name(*name)
            .dimensions(dimension.clone());
        let stat = MetricStat::builder()
            .metric(metric.build())
            .period(60)
            .stat("Maximum");
        MetricDataQuery::builder()
            .id(id(index))
            .metric_stat(stat.build())
            .build()
    });
    let answer = cloudwatch
        .get_metric_data()
        .set_metric_data_queries(Some(queries.collect()))
        .start_time(DateTime::from_secs(moment.as_second().saturating_sub(back)))
        .end_time(DateTime::from_secs(now.as_second()))
        .scan_by(ScanBy::TimestampDescending)
        .send()
        .await
        .map_err(|error| classify("cloudwatch:GetMetricData", error))?;
    let points_of = |index: usize| -> Vec<(Timestamp, f64)> {
        let results = answer.metric_data_results().iter();
        let mine = results.filter(|result| result.id() == Some(&id(index)));
        let points = mine.flat_map(|result| {
            let times = result.timestamps().iter().filter_map(moment_of);
            times.zip(result.values().iter().copied())
        });
        points.collect()
    };
    let found = names
        .iter()
        .enumerate()
        .map(|(index, name)| (*name, points_of(index)))
        .find(|(_, points)| !points.is_empty());
    let (name, points) = found.unwrap_or((names[0], Vec::new()));
    Ok(Measured {
        lag: newest(&points, to_ms, reference, now),
        what: format!("{name} of {identifier}"),
        reference,
    })
}

/// Query ids begin with a lower-case letter. Source: CloudWatch API, MetricDataQuery, `Id`.
fn id(index: usize) -> String {
    format!("lag{index}")
}

fn moment_of(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}

fn newest(points: &[(Timestamp, f64)], to_ms: f64, reference: Reference, now: Timestamp) -> Option<Lag> {
    let says_something = |value: f64| value.is_finite() && value >= 0.0;
    let newest = points
        .iter()
        .filter(|(_, value)| match reference {
            Reference::Now => true,
            Reference::Lost(_) => says_something(*value),
        })
        .max_by_key(|(at, _)| *at);
    let (measured_at, value) = *newest.filter(|(_, value)| says_something(*value))?;
    let moment = match reference {
        Reference::Now => now,
        Reference::Lost(at) => at,
    };
    let age = moment.as_millisecond() - measured_at.as_millisecond();
    Some(Lag {
        lag_ms: (value * to_ms) as u64,
        measured_at,
        age_ms: u64::try_from(age).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn lag(lag_ms: u64, second: i64, age_s: u64) -> Option<Lag> {
        Some(Lag {
            lag_ms,
            measured_at: at(second),
            age_ms: age_s * 1_000,
        })
    }

    #[test]
    fn the_newest_datapoint_counts_and_its_age_is_known() {
        let lost = Reference::Lost(at(700));
        type Points<'a> = &'a [(i64, f64)];
        let cases: [(Points<'_>, Reference, Option<Lag>); 9] = [
            (&[], Reference::Now, None),
            (&[(600, 850.0), (660, 900.0)], Reference::Now, lag(900, 660, 140)),
            (&[(660, 900.0), (600, 850.0)], Reference::Now, lag(900, 660, 140)),
            (&[(600, 850.0), (660, -1.0)], Reference::Now, None),
            (&[(600, f64::NAN)], Reference::Now, None),
            (&[(600, 850.0), (660, -1.0)], lost, lag(850, 600, 100)),
            (&[(660, 900.0)], lost, lag(900, 660, 40)),
            (&[(720, 900.0)], lost, lag(900, 720, 0)),
            (&[(660, -1.0)], lost, None),
        ];
        for (points, reference, expected) in cases {
            let points: Vec<_> = points.iter().map(|(s, value)| (at(*s), *value)).collect();
            assert_eq!(
                newest(&points, 1.0, reference, at(800)),
                expected,
                "{points:?} {reference:?}"
            );
        }
    }

    #[test]
    fn seconds_become_milliseconds() {
        let (_, _, to_ms) = metric(&Replication::ReadReplica);
        assert_eq!(
            newest(&[(at(600), 2.5)], to_ms, Reference::Now, at(600)),
            lag(2_500, 600, 0)
        );
    }

    #[test]
    fn a_lag_that_is_missing_or_stale_is_said_and_is_not_fresh() {
        let measured = |lag, reference| Measured {
            lag,
            what: "ReplicaLag of shop-db".into(),
            reference,
        };
        let cases = [
            (
                measured(None, Reference::Now),
                false,
                "ReplicaLag of shop-db: no datapoint",
            ),
            (
                measured(lag(9, 0, 181), Reference::Now),
                false,
                "ReplicaLag of shop-db: 9 ms at 1970-01-01T00:00:00Z, 181 s old, too old to be believed",
            ),
            (
                measured(lag(9, 0, 180), Reference::Lost(at(180))),
                true,
                "ReplicaLag of shop-db: 9 ms at 1970-01-01T00:00:00Z, 180 s before the incident",
            ),
        ];
        for (measured, fresh, words) in cases {
            assert_eq!(
                (measured.fresh().is_some(), measured.to_string().as_str()),
                (fresh, words)
            );
        }
    }
}
