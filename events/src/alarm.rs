//! CloudWatch alarms: the type, and in a file each the three shapes in which one arrives.

pub(crate) mod action;
pub(crate) mod event;
mod metric;
pub(crate) mod notification;
mod state_change;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::error::Error;
use crate::json::Object;
use crate::signal::{Signal, Subject, Via};

pub use metric::Metric;

/// A CloudWatch alarm changed its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Alarm {
    /// The alarm's name, unique in its account and Region.
    pub name: String,
    /// The alarm's ARN.
    pub arn: String,
    /// What the alarm watches.
    pub kind: AlarmKind,
    /// The metrics that it watches, as far as AWS says: none for a composite alarm and for a query (Metrics Insights).
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// The state that it is in now.
    pub state: AlarmState,
    /// The state that it was in before; absent when CloudWatch did not say.
    pub previous: Option<AlarmState>,
    /// CloudWatch's own words for the change.
    pub reason: String,
    /// When the state changed, to the millisecond.
    pub changed_at: Timestamp,
    /// Set while the alarm's actions are held back: whoever owns the alarm asked for nothing to be done about it.
    pub suppression: Option<Suppression>,
    /// Set while a mute rule silences the alarm's actions. EventBridge delivers the change of state all the same.
    pub mute: Option<Mute>,
}

impl Alarm {
    /// The alarm, the state that it went into, and when: what is the same in all wrappings of one change of state. The
    /// event's own id is not, because SNS and the alarm's own action have none.
    pub fn id(&self) -> String {
        format!("{}/{}/{:.3}", self.arn, self.state.as_str(), self.changed_at)
    }

    /// Whether the alarm's owner asked for nothing to be done about it now: it is suppressed or muted.
    pub const fn is_held_back(&self) -> bool {
        self.suppression.is_some() || self.mute.is_some()
    }

    /// What all of the alarm's metrics that have this dimension say of it: the zone of a per-zone alarm, for instance.
    /// `None` when none has it, and when two of them differ.
    pub fn dimension(&self, name: &str) -> Option<&str> {
        let mut values = self
            .metrics
            .iter()
            .filter_map(|metric| metric.dimensions.get(name));
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }

    /// The zone, by its name (`eu-central-1a`), when the alarm looks at one zone only (Elastic Load Balancing User Guide,
    /// `load-balancer-cloudwatch-metrics`: the dimension `AvailabilityZone`).
    pub fn zone(&self) -> Option<&str> {
        self.dimension("AvailabilityZone")
    }

    /// The Route 53 health check that the alarm looks at. Route 53 writes its metrics to us-east-1 only, so that is
    /// where such an alarm stands, wherever the endpoint is (Route 53 Developer Guide, `monitoring-health-checks`).
    pub fn health_check(&self) -> Option<&str> {
        let route_53 = |metric: &Metric| metric.namespace == "AWS/Route53";
        (!self.metrics.is_empty() && self.metrics.iter().all(route_53))
            .then(|| self.dimension("HealthCheckId"))
            .flatten()
    }

    /// The signal that this alarm makes: its Region and account are those in which the alarm stands.
    fn into_signal(self, account: String, region: String, time: Timestamp, via: Via) -> Signal {
        Signal {
            id: self.id(),
            account,
            region,
            time,
            via,
            subject: Subject::Alarm(self),
        }
    }
}

/// What an alarm watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// One metric, or an expression over several.
    Metric,
    /// Other alarms.
    Composite {
        /// The rule over those alarms, e.g. `ALARM(CpuTooHigh) OR ALARM(NetworkTooHigh)`.
        rule: String,
    },
}

/// The states of an alarm (CloudWatch API Reference, `MetricAlarm.StateValue`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// Within the threshold.
    Ok,
    /// Outside the threshold.
    Alarm,
    /// Just created, or the metric has too little data to tell.
    InsufficientData,
}

impl AlarmState {
    /// The state as CloudWatch writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// The state at a key.
    fn at(object: &Object<'_>, key: &str) -> Result<Self, Error> {
        object.read(key, "one of OK, ALARM, INSUFFICIENT_DATA", |text| match text {
            "OK" => Some(Self::Ok),
            "ALARM" => Some(Self::Alarm),
            "INSUFFICIENT_DATA" => Some(Self::InsufficientData),
            _ => None,
        })
    }
}

/// Why a composite alarm's actions are held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Suppression {
    /// What holds them back.
    pub by: SuppressedBy,
    /// CloudWatch's own words for it; empty when it gave none.
    pub reason: String,
}

/// What holds a composite alarm's actions back (CloudWatch API Reference, `CompositeAlarm.ActionsSuppressedBy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressedBy {
    /// The suppressor alarm may still go into ALARM: CloudWatch waits for it.
    WaitPeriod,
    /// The suppressor alarm has just left ALARM: CloudWatch waits a little longer.
    ExtensionPeriod,
    /// The suppressor alarm is in ALARM.
    Alarm,
}

impl SuppressedBy {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "WaitPeriod" => Some(Self::WaitPeriod),
            "ExtensionPeriod" => Some(Self::ExtensionPeriod),
            // The reference lists `Alarm` as the value and calls it `ALARM` in its text.
            "Alarm" | "ALARM" => Some(Self::Alarm),
            _ => None,
        }
    }
}

/// A mute rule's window (CloudWatch User Guide, `cloudwatch-and-eventbridge`, `muteDetail`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Mute {
    /// The ARN of the mute rule.
    pub by: String,
    /// When the alarm was silenced.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

const AN_ALARM_ARN: &str =
    "the ARN of a CloudWatch alarm, like arn:aws:cloudwatch:us-east-1:123456789012:alarm:name";

/// The parts of an alarm's ARN.
fn alarm_arn(text: &str) -> Option<Arn<'_>> {
    Arn::parse(text, "cloudwatch", "alarm")
}
