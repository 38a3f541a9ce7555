//! Alarms as CloudWatch has them at this moment. `capacity` and `assess` see the same.
//!
//! The journal knows them too, from the events that came. Here it is asked again, because events may be late or lost
//! and because an alarm says by how much its threshold is passed.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmType, ComparisonOperator, MetricAlarm, StateValue};
use domain::names::Region;
use domain::step::{Error, Result};
use domain::system::{Meaning, System};
use jiff::Timestamp;
use runtime::aws::classify;
use serde_json::Value;

/// An alarm at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmObserved {
    /// Its state.
    pub state: State,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What it compares, where it is a metric's.
    pub breach: Option<Breach>,
}

/// An alarm's state. Source: CloudWatch API, MetricAlarm, `StateValue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// `OK`
    Ok,
    /// `ALARM`
    Alarm,
    /// `INSUFFICIENT_DATA`, or what AWS may add: nothing is known.
    Unknown,
}

impl State {
    fn of(value: Option<&StateValue>) -> Self {
        match value {
            Some(StateValue::Ok) => Self::Ok,
            Some(StateValue::Alarm) => Self::Alarm,
            Some(_) | None => Self::Unknown,
        }
    }
}

impl fmt::Display for AlarmObserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Ok => "OK",
            State::Alarm => "ALARM",
            State::Unknown => "INSUFFICIENT_DATA",
        })?;
        match self.since {
            Some(since) => write!(f, " since {since}"),
            None => Ok(()),
        }
    }
}

/// What made an alarm change its state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breach {
    /// The newest datapoint.
    pub newest: f64,
    /// What it was compared with.
    pub threshold: f64,
    /// How many times the threshold it is, or the threshold is it, where too little is what raises the alarm.
    pub ratio: f64,
}

/// How many alarms one call describes. Source: CloudWatch API, DescribeAlarms, `AlarmNames` and `MaxRecords`.
const AT_ONCE: usize = 100;

const CALL: &str = "cloudwatch:DescribeAlarms";

/// The declared alarms of a Region that have a meaning, as CloudWatch has them.
///
/// # Errors
/// `Refused` when one of them is not there, because nothing will ever come of it; `Throttled`, `Unavailable`,
/// `Refused`.
pub async fn that_mean(
    client: &Client,
    system: &System,
    region: &Region,
    meaning: Meaning,
) -> Result<BTreeMap<String, AlarmObserved>> {
    let declared = system.alarms.iter();
    let names: Vec<&str> = declared
        .filter(|(_, alarm)| alarm.means == meaning && alarm.region == *region)
        .map(|(name, _)| name.as_str())
        .collect();
    let found = describe(client, &names).await?;
    match names.into_iter().find(|name| !found.contains_key(*name)) {
        None => Ok(found),
        Some(missing) => Err(Error::Refused {
            call: CALL.to_owned(),
            why: format!(
                "there is no alarm `{missing}` in {region}, of which the system file says that it means `{meaning}`"
            ),
        }),
    }
}

/// Metric alarms and composite ones: without `AlarmTypes` only the former are answered (CloudWatch API,
/// DescribeAlarms).
async fn describe(client: &Client, names: &[&str]) -> Result<BTreeMap<String, AlarmObserved>> {
    let mut found = BTreeMap::new();
    for names in names.chunks(AT_ONCE) {
        let answer = client
            .describe_alarms()
            .set_alarm_names(Some(names.iter().map(|name| (*name).to_owned()).collect()))
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .max_records(i32::try_from(AT_ONCE).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| classify(CALL, error))?;
        found.extend(answer.metric_alarms().iter().filter_map(|alarm| {
            let observed = AlarmObserved {
                state: State::of(alarm.state_value()),
                since: time(alarm.state_updated_timestamp()),
                breach: breach(alarm),
            };
            Some((alarm.alarm_name()?.to_owned(), observed))
        }));
        found.extend(answer.composite_alarms().iter().filter_map(|alarm| {
            let observed = AlarmObserved {
                state: State::of(alarm.state_value()),
                since: time(alarm.state_updated_timestamp()),
                breach: None,
            };
            Some((alarm.alarm_name()?.to_owned(), observed))
        }));
    }
    Ok(found)
}

fn time(at: Option<&aws_sdk_cloudwatch::primitives::DateTime>) -> Option<Timestamp> {
    Timestamp::from_millisecond(at?.to_millis().ok()?).ok()
}

/// `StateReasonData` is JSON with the threshold and the latest datapoints, the newest last, as they were when the state
/// changed. Source: CloudWatch User Guide, cloudwatch-and-eventbridge, sample events.
fn breach(alarm: &MetricAlarm) -> Option<Breach> {
    let data: Value = serde_json::from_str(alarm.state_reason_data()?).ok()?;
    let newest = data["recentDatapoints"].as_array()?.last()?.as_f64()?;
    let threshold = data["threshold"].as_f64().or(alarm.threshold())?;
    let ratio = match alarm.comparison_operator() {
        Some(ComparisonOperator::LessThanThreshold | ComparisonOperator::LessThanOrEqualToThreshold) => {
            threshold / newest
        }
        _ => newest / threshold,
    };
    // A threshold of nothing, or below, has no multiple.
    (newest > 0.0 && threshold > 0.0 && ratio.is_finite()).then_some(Breach {
        newest,
        threshold,
        ratio,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breached(operator: ComparisonOperator, data: &str) -> Option<f64> {
        let alarm = MetricAlarm::builder()
            .comparison_operator(operator)
            .state_reason_data(data)
            .build();
        breach(&alarm).map(|breach| breach.ratio)
    }

    #[test]
    fn the_newest_datapoint_is_compared_with_the_threshold() {
        use ComparisonOperator::{GreaterThanThreshold as Above, LessThanThreshold as Below};
        let cases = [
            (
                Above,
                r#"{"recentDatapoints":[60.0,75.0,105.0],"threshold":70.0}"#,
                Some(1.5),
            ),
            // Too few free workers: the fewer, the worse.
            (
                Below,
                r#"{"recentDatapoints":[40.0,10.0],"threshold":20.0}"#,
                Some(2.0),
            ),
            (Above, r#"{"recentDatapoints":[],"threshold":70.0}"#, None),
            (Above, r#"{"recentDatapoints":[9.0],"threshold":0.0}"#, None),
            (Below, r#"{"recentDatapoints":[0.0],"threshold":20.0}"#, None),
            (Above, r#"{"recentDatapoints":[9.0],"threshold":-1.0}"#, None),
            (Above, r#"{"recentDatapoints":["9"],"threshold":3.0}"#, None),
            (Above, r#"{"recentDatapoints":[9.0]}"#, None),
            (Above, "no JSON", None),
        ];
        for (operator, data, ratio) in cases {
            assert_eq!(breached(operator, data), ratio, "{data}");
        }
    }

    #[test]
    fn a_threshold_that_the_reason_lacks_is_the_alarms_own() {
        let alarm = MetricAlarm::builder()
            .threshold(70.0)
            .state_reason_data(r#"{"recentDatapoints":[140.0]}"#)
            .build();
        assert_eq!(breach(&alarm).expect("known").ratio, 2.0);
        assert_eq!(breach(&MetricAlarm::builder().build()), None);
    }

    #[test]
    fn whatever_is_neither_ok_nor_alarm_is_not_known() {
        for (value, state) in [
            (Some(StateValue::Ok), State::Ok),
            (Some(StateValue::Alarm), State::Alarm),
            (Some(StateValue::InsufficientData), State::Unknown),
            (Some(StateValue::from("OF_TOMORROW")), State::Unknown),
            (None, State::Unknown),
        ] {
            assert_eq!(State::of(value.as_ref()), state);
        }
    }
}
