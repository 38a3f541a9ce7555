//! Running a machine.

mod attempt;
mod checkpoint;
mod choosing;
mod clock;
mod failure;
mod fan_out;
mod flow;
mod history;
mod lateness;
mod map;
mod map_run;
pub(crate) mod random;
mod retrying;
mod run;
mod scope;
mod services;
mod task;
mod wait;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

pub use checkpoint::Checkpoint;
pub use clock::{Clock, Stalled, VirtualClock};
pub(crate) use failure::Failure;
pub use history::{ErrorDetails, EventKind, HistoryEvent, Observer, TaskKind};
pub use lateness::Lateness;
pub use task::{Heartbeat, MapRunRequest, TaskReply, TaskRequest, Tasks};

use crate::machine::StateMachine;
use history::EventKind as Event;
use random::Random;
use run::{History, Run, Strand, later};

/// Names and ARNs behind the context object (`$states.context`, `$$`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionContext {
    /// ARN of the execution.
    pub execution_arn: String,
    /// Its name.
    pub execution_name: String,
    /// ARN of the role that it runs as.
    pub role_arn: String,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// Its name.
    pub state_machine_name: String,
}

impl ExecutionContext {
    /// A context for an execution of that name of that machine, in the example account of AWS's documentation.
    #[must_use]
    pub fn named(state_machine: &str, execution: &str) -> Self {
        let base = "arn:aws:states:us-east-1:123456789012";
        Self {
            execution_arn: format!("{base}:execution:{state_machine}:{execution}"),
            execution_name: execution.to_owned(),
            role_arn: format!("arn:aws:iam::123456789012:role/{state_machine}"),
            state_machine_arn: format!("{base}:stateMachine:{state_machine}"),
            state_machine_name: state_machine.to_owned(),
        }
    }
}

/// What an execution may use up. The defaults are AWS's quotas for Standard workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Events in the history, the last of which says so.
    pub events: u64,
    /// Bytes of a payload: an input, a result, an output.
    pub payload_bytes: usize,
}

impl Default for Limits {
    /// 25,000 events and 256 KiB (Step Functions Developer Guide, "Service quotas").
    fn default() -> Self {
        Self {
            events: 25_000,
            payload_bytes: 262_144,
        }
    }
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExecutionStatus {
    /// It reached an end.
    Succeeded,
    /// A Fail state, or an error that nothing caught.
    Failed,
    /// The machine's `TimeoutSeconds` passed.
    TimedOut,
    /// It was stopped from outside.
    Aborted,
}

impl ExecutionStatus {
    /// As `DescribeExecution` spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// What an execution came to.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionResult {
    /// How it ended.
    pub status: ExecutionStatus,
    /// The output, when it succeeded.
    pub output: Option<Arc<Value>>,
    /// The error's name, when it did not.
    pub error: Option<String>,
    /// The error's cause, when it did not.
    pub cause: Option<String>,
    /// Everything that happened, in order, if it was kept.
    pub history: Vec<HistoryEvent>,
    /// State transitions as AWS bills Standard workflows: each state entered, and each retry.
    pub transitions: u64,
}

/// An execution about to start.
///
/// Dropping the future of [`Execution::run`] kills the execution where it stands.
pub struct Execution<'a> {
    machine: &'a StateMachine,
    input: Arc<Value>,
    clock: &'a dyn Clock,
    tasks: &'a dyn Tasks,
    observer: Option<&'a mut dyn Observer>,
    stop: Option<futures_util::future::LocalBoxFuture<'a, ErrorDetails>>,
    seed: u64,
    context: ExecutionContext,
    limits: Limits,
    lateness: Lateness,
    keeps_history: bool,
    from: Option<Checkpoint>,
}

impl std::fmt::Debug for Execution<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Execution")
            .field("input", &self.input)
            .field("seed", &self.seed)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl<'a> Execution<'a> {
    /// An execution of `machine` with `input`; `tasks` answers its Task states, in the time of `clock`.
    #[must_use]
    pub fn new(machine: &'a StateMachine, input: Value, clock: &'a dyn Clock, tasks: &'a dyn Tasks) -> Self {
        Self {
            machine,
            input: Arc::new(input),
            clock,
            tasks,
            observer: None,
            stop: None,
            seed: 0,
            context: ExecutionContext::named("machine", "execution"),
            limits: Limits::default(),
            lateness: Lateness::default(),
            keeps_history: true,
            from: None,
        }
    }

    /// An execution of `machine` that goes on where another one stood: it does what that one did from there, and its history and
    /// its transitions count on. Its seed, context and limits have to be said again.
    #[must_use]
    pub fn resume(
        machine: &'a StateMachine,
        from: &Checkpoint,
        clock: &'a dyn Clock,
        tasks: &'a dyn Tasks,
    ) -> Self {
        Self {
            input: Arc::clone(&from.execution_input),
            from: Some(from.clone()),
            ..Self::new(machine, Value::Null, clock, tasks)
        }
    }

    /// See each event as it happens.
    #[must_use]
    pub fn observer(mut self, observer: &'a mut dyn Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Seed of jitter, `$random`, `$uuid`, task tokens. The same seed gives the same execution.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Names and ARNs.
    #[must_use]
    pub fn context(mut self, context: ExecutionContext) -> Self {
        self.context = context;
        self
    }

    /// Other limits than AWS's.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Take retries up late. AWS promises an interval and no punctuality; this is how whoever explores many executions has them
    /// look less often.
    #[must_use]
    pub const fn retries_late(mut self, lateness: Lateness) -> Self {
        self.lateness = lateness;
        self
    }

    /// Keep no history: the observer sees each event, and the result has none of them. It spares whoever runs thousands of executions
    /// the room and the time.
    #[must_use]
    pub const fn without_history(mut self) -> Self {
        self.keeps_history = false;
        self
    }

    /// Stop the execution when `stop` resolves, as `StopExecution` does.
    #[must_use]
    pub fn stop_when(mut self, stop: impl Future<Output = ErrorDetails> + 'a) -> Self {
        self.stop = Some(Box::pin(stop));
        self
    }

    /// Run to the end.
    pub async fn run(self) -> ExecutionResult {
        let from = self.from;
        let mut history = History::new(self.observer, self.limits.events);
        history = history.after(from.as_ref().map_or(0, |from| from.events));
        if !self.keeps_history {
            history = history.unkept();
        }
        let run = Run {
            machine: self.machine,
            clock: self.clock,
            tasks: self.tasks,
            history: RefCell::new(history),
            random: Rc::new(RefCell::new(match &from {
                Some(from) => from.random.clone(),
                None => Random::new(self.seed),
            })),
            transitions: Rc::new(Cell::new(from.as_ref().map_or(0, |from| from.transitions))),
            context: Rc::new(self.context),
            input: self.input,
            started: from
                .as_ref()
                .map_or_else(|| self.clock.now(), |from| from.started),
            limits: self.limits,
            lateness: self.lateness,
        };
        let ending = run.execute(from, self.stop).await;
        let transitions = run.transitions.get();
        ending.into_result(run.history.into_inner().into_events(), transitions)
    }
}

/// The last event, before it is made into a result.
enum Ending {
    Succeeded(Arc<Value>),
    Other(ExecutionStatus, ErrorDetails),
}

impl Ending {
    fn into_result(self, history: Vec<HistoryEvent>, transitions: u64) -> ExecutionResult {
        match self {
            Self::Succeeded(output) => ExecutionResult {
                status: ExecutionStatus::Succeeded,
                output: Some(output),
                error: None,
                cause: None,
                history,
                transitions,
            },
            Self::Other(status, ErrorDetails { error, cause }) => ExecutionResult {
                status,
                output: None,
                error,
                cause,
                history,
                transitions,
            },
        }
    }
}

impl<'a> Run<'a> {
    async fn execute(
        &self,
        from: Option<Checkpoint>,
        stop: Option<futures_util::future::LocalBoxFuture<'a, ErrorDetails>>,
    ) -> Ending {
        use futures_util::future::{Either, pending, select};
        let (mut strand, at, input) = match from {
            Some(from) => (Strand::of(&from), from.at, from.input),
            None => {
                // The history has room for this event whatever its limit is.
                let _ = self.append(
                    0,
                    Event::ExecutionStarted {
                        input: Arc::clone(&self.input),
                        role_arn: Arc::from(self.context.role_arn.as_str()),
                    },
                );
                (Strand::new(0), self.machine.body.start, Arc::clone(&self.input))
            }
        };
        let outcome = {
            let body = Box::pin(self.block(&self.machine.body, at, &mut strand, input));
            let timeout = self.machine.timeout_seconds;
            let deadline = timeout.map(|seconds| later(self.started, seconds));
            let timer = Box::pin(async {
                match deadline {
                    Some(deadline) => self.clock.sleep_until(deadline).await,
                    None => pending().await,
                }
            });
            let stop = stop.unwrap_or_else(|| Box::pin(pending()));
            match select(body, select(timer, stop)).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right((Either::Left(_), _)) => {
                    let details = ErrorDetails {
                        error: Some("States.Timeout".to_owned()),
                        cause: None,
                    };
                    self.history.borrow_mut().close(
                        self.clock.now(),
                        0,
                        Event::ExecutionTimedOut(ErrorDetails::default()),
                    );
                    return Ending::Other(ExecutionStatus::TimedOut, details);
                }
                Either::Right((Either::Right((details, _)), _)) => {
                    self.history.borrow_mut().close(
                        self.clock.now(),
                        0,
                        Event::ExecutionAborted(details.clone()),
                    );
                    return Ending::Other(ExecutionStatus::Aborted, details);
                }
            }
        };
        let now = self.clock.now();
        match outcome {
            Ok(output) => {
                let event = Event::ExecutionSucceeded {
                    output: Arc::clone(&output),
                };
                self.history.borrow_mut().close(now, strand.previous, event);
                Ending::Succeeded(output)
            }
            Err(failure) => {
                let details = failure.details();
                self.history.borrow_mut().close(
                    now,
                    strand.previous,
                    Event::ExecutionFailed(details.clone()),
                );
                Ending::Other(ExecutionStatus::Failed, details)
            }
        }
    }
}
