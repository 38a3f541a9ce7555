//! Why a payload is no signal.

use std::fmt;

/// Why a payload is no signal: what came, what was expected, and where.
///
/// A place is a JSON path, `$.detail.state.value`. Inside the message of an SNS notification, which is a string that
/// holds JSON, the path starts again: `$.Records[0].Sns.Message → $.NewStateValue`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More bytes than anything that Evenkeel acts on.
    #[error("the payload has {bytes} bytes; expected at most {limit}")]
    TooLarge {
        /// How many came.
        bytes: usize,
        /// How many may come.
        limit: usize,
    },
    /// Not JSON, or JSON that was cut off.
    #[error("expected JSON at {path}; line {line}, column {column}: {what}")]
    NotJson {
        /// Where the JSON should have been: `$` is the whole payload.
        path: String,
        /// From 1, counted from the start of that text.
        line: usize,
        /// The last column that was understood.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// JSON, but nothing that Evenkeel acts on.
    #[error("{} at {path} is nothing that Evenkeel acts on; expected one of: {}", Arrived { event_source, detail_type, keys }, EXPECTED.join("; "))]
    Unrecognised {
        /// Where it stood: `$` is the whole payload.
        path: String,
        /// Its `source`, or the `EventSource` of a record.
        event_source: Option<String>,
        /// Its `detail-type`.
        detail_type: Option<String>,
        /// The first of its keys, in the order in which they came.
        keys: Vec<String>,
    },
    /// SNS delivers one record to an invocation; which of several was meant is not for us to choose.
    #[error("{count} records at $.Records; expected exactly one, as SNS delivers to Lambda")]
    Records {
        /// How many came.
        count: usize,
    },
    /// A key is not there.
    #[error("nothing at {path}; expected {expected}")]
    Missing {
        /// Where it should have been.
        path: String,
        /// What should have been there.
        expected: &'static str,
    },
    /// A value is not what it should be.
    #[error("{found} at {path}; expected {expected}")]
    Mismatch {
        /// Where it stands.
        path: String,
        /// What should have stood there.
        expected: &'static str,
        /// What stood there, shortened.
        found: String,
    },
}

/// What Evenkeel acts on, in the order in which it is looked for.
const EXPECTED: &[&str] = &[
    "an EventBridge event `aws.cloudwatch` / `CloudWatch Alarm State Change`",
    "an EventBridge event `aws.rds` / `RDS DB Instance Event` or `RDS DB Cluster Event`",
    "an EventBridge event `aws.codedeploy` / `CodeDeploy Deployment State-change Notification` or `CodeDeploy Instance \
     State-change Notification`",
    "an EventBridge event `aws.health` / `AWS Health Event`",
    "an EventBridge event `aws.autoscaling` / `EC2 Instance Launch` or `Terminate`, `Successful` or `Unsuccessful`, or a \
     `Lifecycle Action`",
    "an EventBridge event `aws.arc-zonal-shift` / `Autoshift In Progress` and so on",
    "an EventBridge event `aws.states` / `Step Functions Execution Status Change`",
    "an SNS notification (`Records[0].Sns`) around such an event, around a CloudWatch alarm (`AlarmName`) or from \
     ElastiCache (`ElastiCache:…`)",
    "a CloudWatch alarm that invokes the function itself (`alarmData`)",
    "a request by a schedule or a person (`evenkeel`)",
];

impl Error {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => {
                "an alarm or an event has a few kilobytes: see what else invokes this function, and let only the rules in \
                 events/rules do so"
            }
            Self::NotJson { .. } => {
                "the payload is cut off, or was never JSON: send it whole, as in events/samples; a topic that carries \
                 other messages as well needs a filter policy"
            }
            Self::Unrecognised { .. } => {
                "let only the rules in events/rules, alarm actions, schedules and topics that carry alarms or ElastiCache's \
                 events invoke this function; events/samples has one payload of each kind"
            }
            Self::Records { .. } => "send the records one by one",
            Self::Missing { .. } | Self::Mismatch { .. } => {
                "compare the payload with the sample of its kind in events/samples, whose README names AWS's document; if \
                 AWS sends this, events must learn it"
            }
        }
    }
}

/// What arrived, for a reader who does not have the payload before him.
struct Arrived<'a> {
    event_source: &'a Option<String>,
    detail_type: &'a Option<String>,
    keys: &'a [String],
}

impl fmt::Display for Arrived<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.event_source, self.detail_type) {
            (Some(source), Some(detail_type)) => {
                write!(f, "an event with source {source} and detail-type {detail_type}")
            }
            (Some(source), None) => write!(f, "something with source {source}"),
            (None, Some(detail_type)) => write!(f, "something with detail-type {detail_type}"),
            (None, None) if self.keys.is_empty() => write!(f, "an object without keys"),
            (None, None) => write!(f, "an object with the keys {}", self.keys.join(", ")),
        }
    }
}
