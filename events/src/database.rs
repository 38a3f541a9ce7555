//! RDS events: instances and clusters.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::error::Error;
use crate::event_bridge::Envelope;
use crate::json::Object;
use crate::signal::{Signal, Subject};
use crate::time;

/// RDS says that something happened to an instance or a cluster.
///
/// What happens to a global database is told of its clusters, but for the fence, which is told of an instance
/// (RDS-EVENT-0390, 0391); and in either Region: in the old primary's while that can be reached, else in the new one's
/// (Aurora User Guide, `USER_Events.Messages` and `aurora-global-database-disaster-recovery`).
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

impl DatabaseEvent {
    /// The database, what happened to it, and when.
    pub fn id(&self) -> String {
        format!("{}/{}/{:.3}", self.arn, self.event_id, self.happened_at)
    }
}

/// Reads what RDS says about an instance or a cluster (RDS User Guide and Aurora User Guide,
/// `rds-cloudwatch-events.sample`). The event's type has said which of the two; the detail must agree.
pub(crate) fn read(event: &Object<'_>, envelope: Envelope, source: DatabaseSource) -> Result<Signal, Error> {
    let wire = source.wire();
    let detail = event.object("detail", "what happened to the database")?;
    detail.read("SourceType", wire.source_type, |text| {
        (text == wire.source_type).then_some(())
    })?;
    // The identifier is taken from the ARN: RDS's documents show `SourceIdentifier` as `rds:my-db-instance`, which the
    // API does not take.
    let (arn, identifier) = detail.read("SourceArn", wire.arn_like, |text| {
        Arn::parse(text, "rds", wire.resource_type).map(|arn| (text.to_owned(), arn.name.to_owned()))
    })?;
    let said = DatabaseEvent {
        source,
        identifier,
        arn,
        event_id: detail.read("EventID", "an RDS event id, like RDS-EVENT-0049", |text| {
            text.parse().ok()
        })?,
        categories: detail.strings("EventCategories", "an array of categories, like failover")?,
        message: detail.string("Message", "RDS's message")?.into_owned(),
        happened_at: time::at(&detail, "Date")?,
    };
    Ok(envelope.signal(said.id(), Subject::Database(said)))
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

impl DatabaseSource {
    const fn wire(self) -> Wire {
        match self {
            Self::Instance => Wire {
                source_type: "DB_INSTANCE",
                resource_type: "db",
                arn_like: "the ARN of a DB instance, like arn:aws:rds:us-east-1:123456789012:db:name",
            },
            Self::Cluster => Wire {
                source_type: "CLUSTER",
                resource_type: "cluster",
                arn_like: "the ARN of a DB cluster, like arn:aws:rds:us-east-1:123456789012:cluster:name",
            },
        }
    }
}

/// How RDS writes what an event is about.
struct Wire {
    source_type: &'static str,
    resource_type: &'static str,
    arn_like: &'static str,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_is_read_as_it_is_written() {
        assert_eq!("RDS-EVENT-0049".parse(), Ok(RdsEventId::new(49)));
        assert_eq!(RdsEventId::new(49).to_string(), "RDS-EVENT-0049");
        assert_eq!(RdsEventId::new(49).number(), 49);
    }

    #[test]
    fn anything_else_is_no_event_id() {
        for text in [
            "",
            "RDS-EVENT-",
            "RDS-EVENT-49",
            "RDS-EVENT-00049",
            "RDS-EVENT-+049",
            "rds-event-0049",
            "0049",
        ] {
            assert_eq!(text.parse::<RdsEventId>(), Err(NotAnRdsEventId), "{text}");
        }
    }
}
