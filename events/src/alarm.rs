//! CloudWatch alarms.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// Whether the alarm's owner asked for nothing to be done about it now: it is suppressed or muted.
    pub const fn is_held_back(&self) -> bool {
        self.suppression.is_some() || self.mute.is_some()
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
