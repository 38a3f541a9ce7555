//! The execution's history, in the vocabulary of `GetExecutionHistory`.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::Checkpoint;
use crate::machine::StateType;

/// One event. Serialises flat: `id`, `prev`, `timestamp`, `type`, and the details.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEvent {
    /// Counts from 1, in the order of the history.
    pub id: u64,
    /// The event that led to this one; 0 for the first two.
    pub previous: u64,
    /// When it happened, by the execution's clock.
    pub timestamp: Timestamp,
    /// What happened.
    pub kind: EventKind,
}

/// Which kind of task an event is about: AWS names its events by it.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskKind {
    /// A Lambda function by its ARN: `LambdaFunction…` events.
    Function,
    /// An activity: `Activity…` events.
    Activity,
    /// A service integration: `Task…` events.
    Service {
        /// `lambda`, `sqs`, `aws-sdk:s3` …
        resource_type: Arc<str>,
        /// `invoke`, `sendMessage.waitForTaskToken` …
        resource: Arc<str>,
    },
}

/// An error as events carry it. AWS leaves either out at times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ErrorDetails {
    /// The error's name.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
}

/// What happened. [`EventKind::type_name`] gives AWS's name for it.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    missing_docs,
    reason = "the fields are those of AWS's event details, under their names"
)]
pub enum EventKind {
    ExecutionStarted {
        input: Arc<Value>,
        role_arn: Arc<str>,
    },
    ExecutionSucceeded {
        output: Arc<Value>,
    },
    ExecutionFailed(ErrorDetails),
    ExecutionTimedOut(ErrorDetails),
    ExecutionAborted(ErrorDetails),
    StateEntered {
        state_type: StateType,
        name: Arc<str>,
        input: Arc<Value>,
    },
    StateExited {
        state_type: StateType,
        name: Arc<str>,
        output: Arc<Value>,
        assigned: Option<Arc<Map<String, Value>>>,
    },
    /// A Task, Wait, Parallel or Map state that another branch's failure ended.
    StateAborted {
        state_type: StateType,
    },
    EvaluationFailed {
        error: String,
        cause: String,
        location: Option<String>,
        state: Arc<str>,
    },
    TaskScheduled {
        task: TaskKind,
        resource_arn: Arc<str>,
        parameters: Arc<Value>,
        region: Arc<str>,
        timeout_seconds: Option<f64>,
        heartbeat_seconds: Option<f64>,
        credentials: Option<Arc<Value>>,
    },
    TaskStarted {
        task: TaskKind,
        worker: Option<String>,
    },
    TaskSubmitted {
        task: TaskKind,
        output: Arc<Value>,
    },
    TaskSucceeded {
        task: TaskKind,
        output: Arc<Value>,
    },
    TaskFailed {
        task: TaskKind,
        details: ErrorDetails,
    },
    TaskTimedOut {
        task: TaskKind,
        details: ErrorDetails,
    },
    MapStateStarted {
        length: u64,
    },
    MapStateSucceeded,
    MapStateFailed,
    MapIterationStarted {
        name: Arc<str>,
        index: u64,
    },
    MapIterationSucceeded {
        name: Arc<str>,
        index: u64,
    },
    MapIterationFailed {
        name: Arc<str>,
        index: u64,
    },
    MapIterationAborted {
        name: Arc<str>,
        index: u64,
    },
    MapRunStarted {
        map_run_arn: Arc<str>,
    },
    MapRunSucceeded,
    MapRunFailed(ErrorDetails),
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
}

impl EventKind {
    /// AWS's name of the event, such as `TaskStateEntered`.
    #[must_use]
    pub fn type_name(&self) -> String {
        match self {
            Self::ExecutionStarted { .. } => "ExecutionStarted".to_owned(),
            Self::ExecutionSucceeded { .. } => "ExecutionSucceeded".to_owned(),
            Self::ExecutionFailed(_) => "ExecutionFailed".to_owned(),
            Self::ExecutionTimedOut(_) => "ExecutionTimedOut".to_owned(),
            Self::ExecutionAborted(_) => "ExecutionAborted".to_owned(),
            Self::StateEntered { state_type, .. } => format!("{state_type}StateEntered"),
            Self::StateExited { state_type, .. } => format!("{state_type}StateExited"),
            Self::StateAborted { state_type } => format!("{state_type}StateAborted"),
            Self::EvaluationFailed { .. } => "EvaluationFailed".to_owned(),
            Self::TaskScheduled { task, .. } => format!("{}Scheduled", task.prefix()),
            Self::TaskStarted { task, .. } => format!("{}Started", task.prefix()),
            Self::TaskSubmitted { task, .. } => format!("{}Submitted", task.prefix()),
            Self::TaskSucceeded { task, .. } => format!("{}Succeeded", task.prefix()),
            Self::TaskFailed { task, .. } => format!("{}Failed", task.prefix()),
            Self::TaskTimedOut { task, .. } => format!("{}TimedOut", task.prefix()),
            Self::MapStateStarted { .. } => "MapStateStarted".to_owned(),
            Self::MapStateSucceeded => "MapStateSucceeded".to_owned(),
            Self::MapStateFailed => "MapStateFailed".to_owned(),
            Self::MapIterationStarted { .. } => "MapIterationStarted".to_owned(),
            Self::MapIterationSucceeded { .. } => "MapIterationSucceeded".to_owned(),
            Self::MapIterationFailed { .. } => "MapIterationFailed".to_owned(),
            Self::MapIterationAborted { .. } => "MapIterationAborted".to_owned(),
            Self::MapRunStarted { .. } => "MapRunStarted".to_owned(),
            Self::MapRunSucceeded => "MapRunSucceeded".to_owned(),
            Self::MapRunFailed(_) => "MapRunFailed".to_owned(),
            Self::ParallelStateStarted => "ParallelStateStarted".to_owned(),
            Self::ParallelStateSucceeded => "ParallelStateSucceeded".to_owned(),
            Self::ParallelStateFailed => "ParallelStateFailed".to_owned(),
        }
    }

    /// The state that was entered or left, or whose iteration it is.
    #[must_use]
    pub fn state_name(&self) -> Option<&str> {
        match self {
            Self::StateEntered { name, .. }
            | Self::StateExited { name, .. }
            | Self::MapIterationStarted { name, .. }
            | Self::MapIterationSucceeded { name, .. }
            | Self::MapIterationFailed { name, .. }
            | Self::MapIterationAborted { name, .. } => Some(name),
            Self::EvaluationFailed { state, .. } => Some(state),
            Self::ExecutionStarted { .. }
            | Self::ExecutionSucceeded { .. }
            | Self::ExecutionFailed(_)
            | Self::ExecutionTimedOut(_)
            | Self::ExecutionAborted(_)
            | Self::StateAborted { .. }
            | Self::TaskScheduled { .. }
            | Self::TaskStarted { .. }
            | Self::TaskSubmitted { .. }
            | Self::TaskSucceeded { .. }
            | Self::TaskFailed { .. }
            | Self::TaskTimedOut { .. }
            | Self::MapStateStarted { .. }
            | Self::MapStateSucceeded
            | Self::MapStateFailed
            | Self::MapRunStarted { .. }
            | Self::MapRunSucceeded
            | Self::MapRunFailed(_)
            | Self::ParallelStateStarted
            | Self::ParallelStateSucceeded
            | Self::ParallelStateFailed => None,
        }
    }

    fn details<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::ExecutionStarted { input, role_arn } => {
                map.serialize_entry("input", input.as_ref())?;
                map.serialize_entry("roleArn", role_arn.as_ref())
            }
            Self::ExecutionSucceeded { output } => map.serialize_entry("output", output.as_ref()),
            Self::ExecutionFailed(details)
            | Self::ExecutionTimedOut(details)
            | Self::ExecutionAborted(details)
            | Self::MapRunFailed(details) => details.write(map),
            Self::StateEntered {
                name,
                input,
                state_type: _,
            } => {
                map.serialize_entry("input", input.as_ref())?;
                map.serialize_entry("name", name.as_ref())
            }
            Self::StateExited {
                name,
                output,
                assigned,
                state_type: _,
            } => {
                if let Some(assigned) = assigned {
                    map.serialize_entry("assignedVariables", assigned.as_ref())?;
                }
                map.serialize_entry("name", name.as_ref())?;
                map.serialize_entry("output", output.as_ref())
            }
            Self::EvaluationFailed {
                error,
                cause,
                location,
                state,
            } => {
                map.serialize_entry("cause", cause)?;
                map.serialize_entry("error", error)?;
                if let Some(location) = location {
                    map.serialize_entry("location", location)?;
                }
                map.serialize_entry("state", state.as_ref())
            }
            Self::TaskScheduled {
                task,
                resource_arn,
                parameters,
                region,
                timeout_seconds,
                heartbeat_seconds,
                credentials,
            } => {
                if let Some(seconds) = heartbeat_seconds {
                    map.serialize_entry("heartbeatInSeconds", &whole(*seconds))?;
                }
                match task {
                    TaskKind::Function | TaskKind::Activity => {
                        map.serialize_entry("input", parameters.as_ref())?;
                        map.serialize_entry("resource", resource_arn.as_ref())?;
                    }
                    TaskKind::Service {
                        resource,
                        resource_type,
                    } => {
                        map.serialize_entry("parameters", parameters.as_ref())?;
                        map.serialize_entry("region", region.as_ref())?;
                        map.serialize_entry("resource", resource.as_ref())?;
                        map.serialize_entry("resourceType", resource_type.as_ref())?;
                    }
                }
                if let Some(credentials) = credentials {
                    map.serialize_entry("taskCredentials", &lower_first(credentials))?;
                }
                if let Some(seconds) = timeout_seconds {
                    map.serialize_entry("timeoutInSeconds", &whole(*seconds))?;
                }
                Ok(())
            }
            Self::TaskStarted { task, worker } => {
                task.write(map)?;
                match worker {
                    Some(worker) => map.serialize_entry("workerName", worker),
                    None => Ok(()),
                }
            }
            Self::TaskSubmitted { task, output } | Self::TaskSucceeded { task, output } => {
                map.serialize_entry("output", output.as_ref())?;
                task.write(map)
            }
            Self::TaskFailed { task, details } | Self::TaskTimedOut { task, details } => {
                details.write(map)?;
                task.write(map)
            }
            Self::MapStateStarted { length } => map.serialize_entry("length", length),
            Self::MapIterationStarted { name, index }
            | Self::MapIterationSucceeded { name, index }
            | Self::MapIterationFailed { name, index }
            | Self::MapIterationAborted { name, index } => {
                map.serialize_entry("index", index)?;
                map.serialize_entry("name", name.as_ref())
            }
            Self::MapRunStarted { map_run_arn } => map.serialize_entry("mapRunArn", map_run_arn.as_ref()),
            Self::StateAborted { .. }
            | Self::MapStateSucceeded
            | Self::MapStateFailed
            | Self::MapRunSucceeded
            | Self::ParallelStateStarted
            | Self::ParallelStateSucceeded
            | Self::ParallelStateFailed => Ok(()),
        }
    }
}

/// Seconds as AWS writes them: whole where they are.
fn whole(seconds: f64) -> Value {
    crate::query::jsonata::json_number(seconds).map_or(Value::Null, Value::Number)
}

/// `{"RoleArn": …}` becomes `{"roleArn": …}`.
fn lower_first(credentials: &Value) -> Value {
    match credentials {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let mut chars = name.chars();
                let first = chars.next().map(|c| c.to_ascii_lowercase());
                (first.into_iter().chain(chars).collect::<String>(), value.clone())
            })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            credentials.clone()
        }
    }
}

impl ErrorDetails {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if let Some(cause) = &self.cause {
            map.serialize_entry("cause", cause)?;
        }
        if let Some(error) = &self.error {
            map.serialize_entry("error", error)?;
        }
        Ok(())
    }
}

impl TaskKind {
    fn prefix(&self) -> &'static str {
        match self {
            Self::Function => "LambdaFunction",
            Self::Activity => "Activity",
            Self::Service { .. } => "Task",
        }
    }

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Function | Self::Activity => Ok(()),
            Self::Service {
                resource,
                resource_type,
            } => {
                map.serialize_entry("resource", resource.as_ref())?;
                map.serialize_entry("resourceType", resource_type.as_ref())
            }
        }
    }
}

impl Serialize for HistoryEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("prev", &self.previous)?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.serialize_entry("type", &self.kind.type_name())?;
        self.kind.details(&mut map)?;
        map.end()
    }
}

/// Sees each event as it is appended.
pub trait Observer {
    /// An event was appended.
    fn event(&mut self, event: &HistoryEvent);

    /// The execution stands before a state that takes time, outside every Parallel and Map. `checkpoint` says where, to go on from
    /// there another time.
    fn stands(&mut self, checkpoint: &dyn Fn() -> Checkpoint) {
        let _ = checkpoint;
    }
}

impl<F: FnMut(&HistoryEvent)> Observer for F {
    fn event(&mut self, event: &HistoryEvent) {
        self(event);
    }
}
