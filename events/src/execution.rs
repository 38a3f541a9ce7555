//! Step Functions: how an execution of one of our own machines ended. The only witness of an end that the machine itself could
//! do nothing about: it timed out, somebody stopped it, or it met an error that nothing can catch.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event_bridge::Envelope;
use crate::json::Object;
use crate::signal::{Signal, Subject};

/// Step Functions says how an execution is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct ExecutionEvent {
    /// The state machine's ARN.
    pub state_machine: String,
    /// The execution's name, unique in its machine for 90 days.
    pub name: String,
    /// How it is.
    pub status: ExecutionStatus,
    /// The error with which it ended, when Step Functions says.
    pub error: Option<String>,
    /// When it came so far.
    pub changed_at: Timestamp,
}

impl ExecutionEvent {
    /// The execution and its status. A redrive may bring it into a status once more, so the time belongs to it.
    fn id(&self, envelope: &Envelope) -> String {
        let Envelope { account, region, .. } = envelope;
        let (name, status, at) = (&self.name, self.status.as_str(), self.changed_at);
        format!("execution/{account}/{region}/{name}/{status}/{at}")
    }
}

/// How an execution is. Source: Step Functions API, DescribeExecution, `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// It runs.
    Running,
    /// It came to a `Succeed` state, or to its end.
    Succeeded,
    /// It came to a `Fail` state, or met an error that nothing caught.
    Failed,
    /// It took longer than its `TimeoutSeconds`.
    TimedOut,
    /// Somebody stopped it.
    Aborted,
    /// It is about to be redriven.
    PendingRedrive,
}

impl ExecutionStatus {
    const ALL: [Self; 6] = [
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Aborted,
        Self::PendingRedrive,
    ];

    /// The status as Step Functions writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
            Self::PendingRedrive => "PENDING_REDRIVE",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// Reads how an execution is (Step Functions Developer Guide, `eventbridge-integration`).
pub(crate) fn read(event: &Object<'_>, envelope: Envelope) -> Result<Signal, Error> {
    let detail = event.object("detail", "the execution's change of status")?;
    let said = ExecutionEvent {
        state_machine: detail
            .string("stateMachineArn", "the state machine's ARN")?
            .into_owned(),
        name: detail.string("name", "the execution's name")?.into_owned(),
        status: detail.read(
            "status",
            "one of RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE",
            ExecutionStatus::from_text,
        )?,
        error: detail
            .optional_string("error", "the error's name")?
            .map(|error| error.into_owned()),
        changed_at: envelope.time,
    };
    let id = said.id(&envelope);
    Ok(envelope.signal(id, Subject::Execution(said)))
}
