//! Telling people, once.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Run;
use super::journal::Record;

/// What `notify` can be asked to ensure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ensure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Input {
    /// People know how the run ended.
    PeopleTold {
        /// The run.
        run: Run,
        /// What happened.
        record: Record,
    },
    /// People were asked whether the move may go on, and how to answer. Called with `.waitForTaskToken`: the state
    /// ends when somebody answers, and its output is that [`super::region::Approval`]. The token goes into the
    /// journal, never into the message.
    ApprovalAsked {
        /// The run.
        run: Run,
        /// The task's token.
        token: String,
        /// What was found so far.
        record: Record,
        /// How long the state waits for an answer.
        timeout_seconds: u64,
    },
}

/// Why a machine left its path: the state that failed, and what Step Functions caught there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The state that failed.
    pub state: String,
    /// The error's name. Step Functions knows errors without one.
    #[serde(default)]
    pub error: String,
    /// The error's cause, as Step Functions handed it over. From a Lambda function, JSON in a string.
    #[serde(default)]
    pub cause: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = serde_json::from_str::<crate::step::Failure>(&self.cause).ok();
        let cause = told
            .as_ref()
            .map_or(self.cause.as_str(), |failure| failure.error_message.as_str());
        write!(
            f,
            "{} failed with {}: {}",
            self.state,
            self.error,
            if cause.is_empty() { "no cause given" } else { cause }
        )
    }
}

/// People were asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The risks that an approval has to accept.
    pub risks: Vec<super::region::Risk>,
}

/// People were told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The message's key: a repetition of it is the same message.
    pub key: String,
    /// SNS's message id, unless an earlier call sent it.
    pub message_id: Option<String>,
}
