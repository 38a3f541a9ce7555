//! What the rest of Evenkeel sees of the outside world: one type, whatever it came in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alarm::Alarm;
use crate::database::DatabaseEvent;

/// Something that happened, said by AWS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Signal {
    /// Stable across repeated deliveries and across ways of arriving, for de-duplication: EventBridge and SNS deliver at
    /// least once, and an alarm that reaches us by two ways is still one alarm. See [`Alarm::id`] and
    /// [`DatabaseEvent::id`] for what it is made of.
    pub id: String,
    /// The account in which it happened, twelve digits.
    pub account: String,
    /// The Region in which it happened, as a code (`eu-central-1`), never as a display name.
    pub region: String,
    /// When the sender says that it happened; deliveries may be up to 24 hours later (EventBridge User Guide,
    /// `eb-rule-retry-policy`).
    pub time: Timestamp,
    /// How it reached us.
    pub via: Via,
    /// What it is about.
    pub subject: Subject,
}

/// The way by which a signal arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// An EventBridge rule invoked us.
    EventBridge,
    /// An SNS topic invoked us.
    Sns,
    /// A CloudWatch alarm invoked us as its own action.
    AlarmAction,
}

/// What a signal is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A CloudWatch alarm changed its state.
    Alarm(Alarm),
    /// RDS says that something happened to a database.
    Database(DatabaseEvent),
}
