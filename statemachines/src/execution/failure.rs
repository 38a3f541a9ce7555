//! What goes wrong inside an execution, and which rule of `Retry` or `Catch` takes it.

use serde_json::{Value, json};

use super::history::ErrorDetails;

/// An error on its way up.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Failure {
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    /// A missed heartbeat answers to `States.HeartbeatTimeout` too, whatever its name in the history.
    pub(crate) heartbeat: bool,
    /// The state's own output broke a limit: wildcards do not take that.
    pub(crate) terminal: bool,
}

impl Failure {
    pub(crate) fn new(error: &str, cause: impl Into<String>) -> Self {
        Self {
            error: Some(error.to_owned()),
            cause: Some(cause.into()),
            ..Self::default()
        }
    }

    /// `States.Runtime`: nothing catches it.
    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::new("States.Runtime", cause)
    }

    pub(crate) fn is_runtime(&self) -> bool {
        self.error.as_deref() == Some("States.Runtime")
    }

    pub(crate) fn timeout(heartbeat: bool) -> Self {
        Self {
            error: Some("States.Timeout".to_owned()),
            heartbeat,
            ..Self::default()
        }
    }

    pub(crate) fn details(self) -> ErrorDetails {
        ErrorDetails {
            error: self.error,
            cause: self.cause,
        }
    }

    /// What a Catch hands on: `$states.errorOutput`, or `$` in JSONPath.
    pub(crate) fn output(&self) -> Value {
        json!({
            "Error": self.error,
            // Timeouts have no cause in the history and an empty one here; an error without a name has neither.
            "Cause": self.cause.as_deref().or(self.error.as_ref().map(|_| "")),
        })
    }

    /// Whether a list of `ErrorEquals` takes this error.
    ///
    /// Amazon States Language, "Errors"; Step Functions Developer Guide, "Handling errors": nothing takes `States.Runtime`;
    /// `States.ALL` takes everything else but the terminal `States.DataLimitExceeded`, and `States.TaskFailed` everything but
    /// timeouts too. A *task* whose result is too large fails like any task, and wildcards were recorded to take that
    /// (`test_task_lambda_catch_state_all_data_limit_exceeded_on_large_utf8_response`).
    pub(crate) fn matches(&self, names: &[String]) -> bool {
        let error = self.error.as_deref().unwrap_or_default();
        if error == "States.Runtime" {
            return false;
        }
        names.iter().any(|name| match name.as_str() {
            "States.ALL" => !self.terminal,
            "States.TaskFailed" => {
                !self.terminal && error != "States.Timeout" && error != "States.HeartbeatTimeout"
            }
            "States.HeartbeatTimeout" if self.heartbeat => true,
            name => name == error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_take_what_aws_says_they_take() {
        let takes = |error: &str, name: &str| Failure::new(error, "").matches(&[name.to_owned()]);
        assert!(
            takes("NotYet", "States.ALL")
                && takes("NotYet", "States.TaskFailed")
                && takes("NotYet", "NotYet")
        );
        assert!(takes("States.Timeout", "States.ALL") && !takes("States.Timeout", "States.TaskFailed"));
        let terminal = Failure {
            terminal: true,
            ..Failure::new("States.DataLimitExceeded", "")
        };
        assert!(
            !terminal.matches(&["States.ALL".to_owned()]) && takes("States.DataLimitExceeded", "States.ALL")
        );
        assert!(takes("States.DataLimitExceeded", "States.DataLimitExceeded"));
        assert!(!takes("States.Runtime", "States.ALL") && !takes("States.Runtime", "States.Runtime"));
        assert!(Failure::timeout(true).matches(&["States.HeartbeatTimeout".to_owned()]));
        assert!(!Failure::timeout(false).matches(&["States.HeartbeatTimeout".to_owned()]));
    }
}
