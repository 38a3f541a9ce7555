//! Amazon States Language: the model, the checks, and an interpreter that runs off AWS.
//!
//! A rehearsal is worth what its engine is worth. This crate executes `.asl.json` definitions the way AWS Step Functions was
//! recorded to execute them: the same events in the same order, the same errors, the same retries, in the time of a
//! [`Clock`] that is handed in, with randomness from a seed that is handed in. It knows nothing of what the tasks do: a
//! [`Tasks`] answers them.
//!
//! ```
//! use serde_json::json;
//! use statemachines::{Execution, ExecutionStatus, StateMachine, TaskReply, TaskRequest, VirtualClock, check};
//!
//! let definition = r#"{
//!   "QueryLanguage": "JSONata",
//!   "StartAt": "Promote",
//!   "States": {
//!     "Promote": {
//!       "Type": "Task",
//!       "Resource": "arn:aws:states:::lambda:invoke",
//!       "Arguments": {"FunctionName": "database", "Payload": {"writer": "{% $states.input.writer %}"}},
//!       "Output": "{% $states.result.Payload %}",
//!       "Retry": [{"ErrorEquals": ["NotYet"], "IntervalSeconds": 5, "MaxAttempts": 60, "BackoffRate": 1}],
//!       "End": true
//!     }
//!   }
//! }"#;
//! let machine = StateMachine::parse(definition)?;
//! assert!(check(&serde_json::from_str(definition)?).is_empty());
//!
//! // The database is promoted when asked for the third time.
//! let steps = |request: TaskRequest| async move {
//!     match request.attempt {
//!         0 | 1 => TaskReply::failed("NotYet", "failing over"),
//!         _ => TaskReply::invoked(json!({"promoted": request.arguments["Payload"]["writer"]})),
//!     }
//! };
//! let clock = VirtualClock::default();
//! let result = clock.run(Execution::new(&machine, json!({"writer": "db-2"}), &clock, &steps).run())?;
//!
//! assert_eq!(result.status, ExecutionStatus::Succeeded);
//! assert_eq!(result.output.as_deref(), Some(&json!({"promoted": "db-2"})));
//! assert_eq!(result.transitions, 3);
//! let events: Vec<String> = result.history.iter().map(|event| event.kind.type_name()).collect();
//! assert_eq!(events[..4], ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted"]);
//! assert_eq!(result.history.last().map(|event| event.timestamp.as_second()), Some(10));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod execution;
mod finding;
mod machine;
mod query;
mod size;

pub use check::check;
pub use execution::{
    Checkpoint, Clock, ErrorDetails, EventKind, Execution, ExecutionContext, ExecutionResult,
    ExecutionStatus, Heartbeat, HistoryEvent, Lateness, Limits, MapRunRequest, Observer, Stalled, TaskKind,
    TaskReply, TaskRequest, Tasks, VirtualClock,
};
pub use finding::{Finding, Severity};
pub use machine::{
    Error, ErrorRule, Pattern, QueryLanguage, StateInfo, StateMachine, StateType, SubstitutionError,
    substitute,
};
pub(crate) use size::same;
