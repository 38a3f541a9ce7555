//! Where the interpreter ends and the world begins: a task is asked for, and someone answers.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use serde_json::Value;

use crate::machine::Pattern;

/// One attempt at a Task state (or a Map's `ItemReader`).
#[derive(Debug, Clone)]
pub struct TaskRequest {
    /// The state's `Resource`, as written.
    pub resource: Arc<str>,
    /// The state's name.
    pub state: Arc<str>,
    /// What the task is called with: `Arguments` (JSONata) or `Parameters` (JSONPath) evaluated, or else the input.
    pub arguments: Arc<Value>,
    /// How often this state was tried before, in this visit: 0, then 1 …
    pub attempt: u64,
    /// How the integration answers.
    pub pattern: Pattern,
    /// For `.waitForTaskToken`: the token that the arguments may hold.
    pub token: Option<String>,
    /// Seconds after which the interpreter gives the attempt up, counted from the call.
    pub timeout_seconds: Option<f64>,
    /// For tasks with `HeartbeatSeconds`: where to report a heartbeat.
    pub heartbeat: Option<Heartbeat>,
    /// `Credentials`, evaluated.
    pub credentials: Option<Arc<Value>>,
    /// Id of the `…Scheduled` event.
    pub event: u64,
}

/// The answer to a [`TaskRequest`].
pub enum TaskReply {
    /// The result. For `lambda:invoke`, AWS wraps the function's answer: `{"Payload": …, "StatusCode": 200, …}`; see
    /// [`TaskReply::invoked`].
    Succeeded(Value),
    /// An error, by the name that `ErrorEquals` matches.
    Failed {
        /// Its name; AWS has errors without one.
        error: Option<String>,
        /// Its cause.
        cause: Option<String>,
    },
    /// The other side says that its time is up: `States.Timeout`.
    TimedOut {
        /// Its cause.
        cause: Option<String>,
    },
    /// For `.sync` and `.waitForTaskToken`: the call's immediate reply, and the result to come. For any other pattern, the
    /// result alone counts.
    Submitted {
        /// The immediate reply.
        output: Value,
        /// The result.
        result: LocalBoxFuture<'static, TaskReply>,
    },
}

impl TaskReply {
    /// A Lambda function's answer the way `arn:aws:states:::lambda:invoke` hands it to the state.
    #[must_use]
    pub fn invoked(payload: Value) -> Self {
        Self::Succeeded(serde_json::json!({
            "ExecutedVersion": "$LATEST",
            "Payload": payload,
            "StatusCode": 200,
        }))
    }

    /// A failure with a name and a cause.
    pub fn failed(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self::Failed {
            error: Some(error.into()),
            cause: Some(cause.into()),
        }
    }
}

impl fmt::Debug for TaskReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded(output) => f.debug_tuple("Succeeded").field(output).finish(),
            Self::Failed { error, cause } => f
                .debug_struct("Failed")
                .field("error", error)
                .field("cause", cause)
                .finish(),
            Self::TimedOut { cause } => f.debug_struct("TimedOut").field("cause", cause).finish(),
            Self::Submitted { output, result: _ } => f
                .debug_struct("Submitted")
                .field("output", output)
                .finish_non_exhaustive(),
        }
    }
}

/// Whoever answers tasks: Lambda steps, a recorded trace, a test's closure.
///
/// An `async` closure will do, when its future borrows nothing: `|request: TaskRequest| async move { … }`.
pub trait Tasks {
    /// Carry one attempt out. The interpreter drops the future when the attempt times out or the execution ends.
    fn call(&self, request: TaskRequest) -> LocalBoxFuture<'_, TaskReply>;

    /// Name of the worker that takes an activity's task, for its `ActivityStarted` event.
    fn worker(&self, request: &TaskRequest) -> Option<String> {
        let _ = request;
        None
    }

    /// Answer a whole run of a Distributed Map: its result, an array, or its failure. `None`, the default, has the interpreter
    /// run it: the items from an `ItemReader` call or from the state's input, each in a child execution.
    fn map_run(&self, request: MapRunRequest) -> Option<LocalBoxFuture<'_, TaskReply>> {
        let _ = request;
        None
    }
}

/// A run of a Distributed Map.
#[derive(Debug, Clone)]
pub struct MapRunRequest {
    /// The Map state's name.
    pub state: Arc<str>,
    /// The run's ARN.
    pub map_run_arn: Arc<str>,
    /// Whether the items come from an `ItemReader`.
    pub has_reader: bool,
    /// Whether the children have Task states.
    pub has_tasks: bool,
}

impl<F, A> Tasks for F
where
    F: Fn(TaskRequest) -> A,
    A: Future<Output = TaskReply> + 'static,
{
    fn call(&self, request: TaskRequest) -> LocalBoxFuture<'_, TaskReply> {
        Box::pin(self(request))
    }
}

/// Shows that a long task is alive.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat(Rc<Cell<Option<Timestamp>>>);

impl Heartbeat {
    /// Report a heartbeat at `now`.
    pub fn beat(&self, now: Timestamp) {
        self.0.set(Some(now));
    }

    pub(crate) fn last(&self) -> Option<Timestamp> {
        self.0.get()
    }
}
