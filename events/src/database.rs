//! RDS events: instances and clusters.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// RDS says that something happened to an instance or a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct DatabaseEvent {
    /// Whether it is about an instance or a cluster.
    pub source: DatabaseSource,
    /// The identifier of that instance or cluster, as the RDS API takes it.
    pub identifier: String,
    /// The ARN of that instance or cluster.
    pub arn: String,
    /// What happened, as a number that does not change with the wording.
    pub event_id: RdsEventId,
    /// RDS's categories for it, e.g. `failover`, `availability`.
    pub categories: Vec<String>,
    /// RDS's own words for it.
    pub message: String,
    /// When it happened.
    pub happened_at: Timestamp,
}

/// What an RDS event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseSource {
    /// A DB instance: alone, Multi-AZ, or a member of a cluster.
    Instance,
    /// A DB cluster: Aurora, or Multi-AZ with two readable standbys.
    Cluster,
}

/// The identity of an RDS event message, e.g. `RDS-EVENT-0049` (RDS User Guide, `USER_Events.Messages`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RdsEventId(u16);

impl RdsEventId {
    /// The event of that number: `new(49)` is `RDS-EVENT-0049`.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number alone.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for RdsEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RDS-EVENT-{:04}", self.0)
    }
}

impl From<RdsEventId> for String {
    fn from(id: RdsEventId) -> Self {
        id.to_string()
    }
}

/// The text is not `RDS-EVENT-` and four digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an RDS event id like RDS-EVENT-0049")]
pub struct NotAnRdsEventId;

impl FromStr for RdsEventId {
    type Err = NotAnRdsEventId;

    fn from_str(text: &str) -> Result<Self, NotAnRdsEventId> {
        let digits = text.strip_prefix("RDS-EVENT-").ok_or(NotAnRdsEventId)?;
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotAnRdsEventId);
        }
        digits.parse().map(Self).map_err(|_| NotAnRdsEventId)
    }
}

impl TryFrom<String> for RdsEventId {
    type Error = NotAnRdsEventId;

    fn try_from(text: String) -> Result<Self, NotAnRdsEventId> {
        text.parse()
    }
}
