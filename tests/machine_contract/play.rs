//! A machine, run to its end in virtual time by a script.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;

use domain::names::IncidentId;
use domain::step::{self, Deadline, Error, Failure};
use domain::steps::Run;
use futures_util::future::LocalBoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use statemachines::{Clock, Execution, ExecutionResult, TaskReply, TaskRequest, Tasks, VirtualClock};

use crate::definitions::Definition;
use crate::understudy::{Asked, Situation, Understudy, answered, error_named};

/// Step Functions' own error: nobody answered in time.
pub(crate) const TIMEOUT: &str = "States.Timeout";

/// How long every attempt takes, so that nothing happens at the same instant as what came before it.
const ATTEMPT: SignedDuration = SignedDuration::from_millis(100);

/// How one attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn<'a> {
    /// It answers.
    Answers,
    /// It does what it was asked, and its answer does not arrive.
    LosesItsAnswer,
    /// It fails with that error.
    Fails(&'a str),
}

/// One attempt, as it went.
pub(crate) struct Call {
    pub(crate) state: String,
    /// When it began.
    pub(crate) at: Timestamp,
    pub(crate) asked: step::Result<Asked>,
    pub(crate) deadline: Option<Deadline>,
    /// The name of the error it ended with, if it did.
    pub(crate) failed: Option<String>,
}

/// A run, as it went.
pub(crate) struct Play {
    pub(crate) calls: Vec<Call>,
    pub(crate) result: ExecutionResult,
    pub(crate) seconds: f64,
}

impl Play {
    /// The Task states that were visited, each once however often it was tried.
    pub(crate) fn states(&self) -> Vec<&str> {
        let mut states: Vec<&str> = self.calls.iter().map(|call| call.state.as_str()).collect();
        states.dedup();
        states
    }

    /// What the run came to, as `DescribeExecution` shows it.
    pub(crate) fn ending(&self) -> (&'static str, Option<&str>, Option<&Value>) {
        let ExecutionResult {
            status,
            error,
            output,
            ..
        } = &self.result;
        (status.as_str(), error.as_deref(), output.as_deref())
    }
}

/// Runs a machine. The script says of every attempt (the state's name, and how often it was tried before) how it goes.
pub(crate) fn play<'s>(
    definition: &Definition,
    situation: Situation,
    script: impl Fn(&str, u64) -> Turn<'s>,
) -> Play {
    let clock = VirtualClock::default();
    let cast = Cast {
        clock: &clock,
        situation,
        script: &script,
        calls: RefCell::default(),
    };
    let execution = Execution::new(&definition.machine, input(definition), &clock, &cast).run();
    let result = clock
        .run(execution)
        .unwrap_or_else(|stalled| panic!("{}: {stalled}", definition.name));
    Play {
        calls: cast.calls.into_inner(),
        result,
        seconds: clock.now().duration_since(Timestamp::UNIX_EPOCH).as_secs_f64(),
    }
}

/// For every state that can be visited, the fewest states (two at most) that must fail before it is.
pub(crate) fn ways(definition: &Definition, situation: Situation) -> BTreeMap<&str, BTreeSet<&str>> {
    let tasks: Vec<&str> = definition.tasks().into_iter().map(|task| task.name).collect();
    let none = std::iter::once(BTreeSet::new());
    let one = tasks.iter().map(|a| BTreeSet::from([*a]));
    let later = |index: usize| tasks[index + 1..].iter();
    let two = tasks.iter().enumerate();
    let two = two.flat_map(|(index, a)| later(index).map(|b| BTreeSet::from([*a, *b])));
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for failing in none.chain(one).chain(two) {
        if found.len() == tasks.len() {
            break;
        }
        let play = play(definition, situation, refusing(&failing));
        for state in play.states() {
            let name = tasks.iter().find(|task| **task == state).expect("a Task state");
            // To be led to is more than to be made to fail.
            if !failing.contains(name) {
                found.entry(name).or_insert_with(|| failing.clone());
            }
        }
    }
    found
}

/// A script in which those states are refused for good.
pub(crate) fn refusing<'s>(failing: &BTreeSet<&str>) -> impl Fn(&str, u64) -> Turn<'s> {
    move |state, _| {
        if failing.contains(state) {
            Turn::Fails(Error::REFUSED)
        } else {
            Turn::Answers
        }
    }
}

fn input(definition: &Definition) -> Value {
    let system = "shop".parse().expect("a system's name");
    let opened_at = Timestamp::UNIX_EPOCH;
    let run = Run {
        incident: IncidentId::derive(&system, definition.recovery, "signal", opened_at),
        system,
        recovery: definition.recovery,
        opened_at,
        because: "shop-writer-unreachable is in ALARM".to_owned(),
    };
    step::output(&run).expect("a run is JSON")
}

struct Cast<'c, 's> {
    clock: &'c VirtualClock,
    situation: Situation,
    script: &'c dyn Fn(&str, u64) -> Turn<'s>,
    calls: RefCell<Vec<Call>>,
}

/// The instant of a call.
struct At(Timestamp);

impl domain::clock::Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

impl Cast<'_, '_> {
    async fn attempt(&self, request: TaskRequest) -> TaskReply {
        let began = self.clock.now();
        self.clock.sleep_until(began + ATTEMPT).await;
        let turn = (self.script)(&request.state, request.attempt);
        let function = request.arguments["FunctionName"].as_str().unwrap_or_default();
        let payload = &request.arguments["Payload"];
        let understudy = Understudy {
            function: function.to_owned(),
            situation: self.situation,
            fails: match turn {
                Turn::Fails(name) => error_named(name),
                Turn::Answers | Turn::LosesItsAnswer => None,
            },
        };
        let answer = step::call(&understudy, &At(self.clock.now()), payload.clone()).await;
        let answer = match turn {
            Turn::Answers => answer,
            Turn::LosesItsAnswer => answer.and_then(|_| Err(failure(Error::UNAVAILABLE))),
            Turn::Fails(name) if error_named(name).is_none() => Err(failure(name)),
            Turn::Fails(_) => answer,
        };
        let call = call(&request, began, &answer);
        let waits = call.asked.as_ref().is_ok_and(Asked::waits_for_a_person);
        self.calls.borrow_mut().push(call);
        match answer {
            Ok(output) if waits => {
                let answer = answered(self.situation);
                TaskReply::Submitted {
                    output,
                    result: Box::pin(async move { TaskReply::Succeeded(answer) }),
                }
            }
            Ok(output) => TaskReply::invoked(output),
            Err(failure) if failure.error_type == TIMEOUT => pending().await,
            Err(failure) => {
                let cause = serde_json::to_string(&failure).expect("a failure is JSON");
                TaskReply::failed(failure.error_type, cause)
            }
        }
    }
}

impl Tasks for Cast<'_, '_> {
    fn call(&self, request: TaskRequest) -> LocalBoxFuture<'_, TaskReply> {
        Box::pin(self.attempt(request))
    }
}

fn call(request: &TaskRequest, at: Timestamp, answer: &Result<Value, Failure>) -> Call {
    let mut payload = request.arguments["Payload"].clone();
    let deadline = payload
        .as_object_mut()
        .and_then(|fields| fields.remove("deadline"));
    let function = request.arguments["FunctionName"].as_str().unwrap_or_default();
    Call {
        state: request.state.to_string(),
        at,
        asked: Asked::read(function, &payload),
        deadline: deadline.map(|deadline| step::input(&deadline).expect("a deadline")),
        failed: answer.as_ref().err().map(|failure| failure.error_type.clone()),
    }
}

fn failure(name: &str) -> Failure {
    Failure {
        error_type: name.to_owned(),
        error_message: "as the script says".to_owned(),
    }
}
