//! The recorded answers, given to the interpreter as it asks.

use std::cell::RefCell;
use std::future::pending;

use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use statemachines::{MapRunRequest, TaskReply, TaskRequest, Tasks};

use crate::compare::Comparison;
use crate::record::Record;

/// What the record says about one scheduled task.
#[derive(Debug, Clone)]
struct Answer {
    /// The state, where the record's links lead to it.
    state: Option<String>,
    parameters: Value,
    submitted: Option<Value>,
    ending: Ending,
    used: bool,
}

#[derive(Debug, Clone)]
enum Ending {
    Succeeded(Value),
    Failed {
        error: Option<String>,
        cause: Option<String>,
    },
    /// A timer of the machine's own ends it.
    TimerEnds,
    /// It had not ended when the execution did.
    Never,
}

/// A Map run as recorded: its children are not, its result is.
#[derive(Debug, Clone)]
enum MapRun {
    Succeeded(Value),
    Failed {
        error: Option<String>,
        cause: Option<String>,
    },
}

/// Answers the interpreter from a record.
pub(crate) struct Trace {
    answers: RefCell<Vec<Answer>>,
    map_runs: RefCell<Vec<(String, MapRun)>>,
    workers: RefCell<Vec<Option<String>>>,
    comparison: Comparison,
}

impl Trace {
    /// The answers of a record.
    pub(crate) fn new(record: &Record) -> Self {
        let history = record.history.as_deref().unwrap_or_default();
        Self {
            answers: RefCell::new(answers(history)),
            map_runs: RefCell::new(map_runs(history, &record.definition)),
            workers: RefCell::new(
                history
                    .iter()
                    .filter(|event| kind(event) == "ActivityStarted")
                    .map(|event| text(event, "workerName"))
                    .collect(),
            ),
            comparison: Comparison::new(&record.masks),
        }
    }

    fn take(&self, request: &TaskRequest) -> Option<Answer> {
        let mut answers = self.answers.borrow_mut();
        let own = |answer: &Answer| answer.state.as_deref() == Some(request.state.as_ref());
        let anyone = |answer: &Answer| answer.state.is_none();
        let same_parameters = |answer: &Answer| {
            self.comparison
                .difference(&answer.parameters, &request.arguments)
                .is_none()
        };
        let fresh = |answer: &Answer| !answer.used;
        let position = answers
            .iter()
            .position(|answer| fresh(answer) && own(answer) && same_parameters(answer))
            .or_else(|| answers.iter().position(|answer| fresh(answer) && own(answer)))
            .or_else(|| answers.iter().position(|answer| fresh(answer) && anyone(answer)))
            .or_else(|| answers.iter().position(fresh))?;
        answers[position].used = true;
        Some(answers[position].clone())
    }
}

impl Tasks for Trace {
    fn call(&self, request: TaskRequest) -> LocalBoxFuture<'_, TaskReply> {
        let answer = self.take(&request);
        Box::pin(async move {
            let Some(Answer {
                submitted, ending, ..
            }) = answer
            else {
                return TaskReply::failed("Replay.NoAnswer", "the record has no answer for this task");
            };
            let result: LocalBoxFuture<'static, TaskReply> = Box::pin(async move {
                match ending {
                    Ending::Succeeded(output) => TaskReply::Succeeded(output),
                    Ending::Failed { error, cause } => TaskReply::Failed { error, cause },
                    Ending::TimerEnds | Ending::Never => pending().await,
                }
            });
            match submitted {
                Some(output) => TaskReply::Submitted { output, result },
                None => result.await,
            }
        })
    }

    fn worker(&self, _: &TaskRequest) -> Option<String> {
        let mut workers = self.workers.borrow_mut();
        if workers.is_empty() {
            None
        } else {
            workers.remove(0)
        }
    }

    fn map_run(&self, request: MapRunRequest) -> Option<LocalBoxFuture<'_, TaskReply>> {
        if !request.has_reader && !request.has_tasks {
            return None;
        }
        let mut runs = self.map_runs.borrow_mut();
        let position = runs.iter().position(|(state, _)| *state == *request.state)?;
        let (_, run) = runs.remove(position);
        Some(Box::pin(async move {
            match run {
                MapRun::Succeeded(output) => TaskReply::Succeeded(output),
                MapRun::Failed { error, cause } => TaskReply::Failed { error, cause },
            }
        }))
    }
}

fn text(event: &Value, field: &str) -> Option<String> {
    event.get(field).and_then(Value::as_str).map(str::to_owned)
}

fn kind(event: &Value) -> &str {
    event.get("type").and_then(Value::as_str).unwrap_or_default()
}

const PREFIXES: [&str; 3] = ["LambdaFunction", "Activity", "Task"];

/// `Scheduled`, `Succeeded` … of a task's event.
fn stage(event: &Value) -> Option<&str> {
    let kind = kind(event);
    let stage = PREFIXES.iter().find_map(|prefix| kind.strip_prefix(prefix))?;
    ["Scheduled", "Submitted", "Succeeded", "Failed", "TimedOut"]
        .contains(&stage)
        .then_some(stage)
}

fn answers(history: &[Value]) -> Vec<Answer> {
    let number = |event: &Value, field: &str| event.get(field).and_then(Value::as_u64);
    let by_id = |id: u64| history.iter().find(|event| number(event, "id") == Some(id));
    let scheduled: Vec<&Value> = history
        .iter()
        .filter(|event| stage(event) == Some("Scheduled"))
        .collect();
    let mut answers: Vec<Answer> = scheduled
        .iter()
        .map(|event| Answer {
            state: state_of(event, &by_id),
            parameters: event
                .get("parameters")
                .or_else(|| event.get("input"))
                .cloned()
                .unwrap_or(Value::Null),
            submitted: None,
            ending: Ending::Never,
            used: false,
        })
        .collect();
    let mut unlinked = Vec::new();
    for event in history {
        let Some(stage) = stage(event).filter(|stage| *stage != "Scheduled") else {
            continue;
        };
        if number(event, "prev").is_none() {
            unlinked.extend(answer_without_links(event, stage, history));
            continue;
        }
        let origin = ancestor(event, &by_id).and_then(|origin| {
            scheduled
                .iter()
                .position(|event| number(event, "id") == Some(origin))
        });
        if let Some(answer) = origin.and_then(|origin| answers.get_mut(origin)) {
            note(answer, event, stage);
        }
    }
    // Where links were erased, an answer knows at best its state, and comes before the tasks that were never answered.
    unlinked.extend(answers);
    unlinked
}

/// An answer whose links were erased: its state is the one that was left with it.
fn answer_without_links(event: &Value, stage: &str, history: &[Value]) -> Option<Answer> {
    if stage == "Submitted" {
        return None;
    }
    let output = event.get("output");
    let left = history.iter().find(|other| {
        kind(other) == "TaskStateExited"
            && output.is_some_and(|output| other.get("output").is_some_and(|left| holds(left, output)))
    });
    let mut answer = Answer {
        state: left.and_then(|left| text(left, "name")),
        parameters: Value::Null,
        submitted: None,
        ending: Ending::Never,
        used: false,
    };
    note(&mut answer, event, stage);
    Some(answer)
}

/// Whether a value is another one, or has it somewhere inside.
fn holds(value: &Value, inner: &Value) -> bool {
    value == inner
        || match value {
            Value::Object(fields) => fields.values().any(|field| holds(field, inner)),
            Value::Array(items) => items.iter().any(|item| holds(item, inner)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
}

fn note(answer: &mut Answer, event: &Value, stage: &str) {
    let output = event.get("output").cloned().unwrap_or(Value::Null);
    match stage {
        "Submitted" => answer.submitted = Some(output),
        "Succeeded" => answer.ending = Ending::Succeeded(output),
        "Failed" => {
            answer.ending = Ending::Failed {
                error: text(event, "error"),
                cause: text(event, "cause"),
            };
        }
        _ => answer.ending = Ending::TimerEnds,
    }
}

/// Id of the `…Scheduled` event that an event's links lead back to.
fn ancestor<'h>(event: &'h Value, by_id: &dyn Fn(u64) -> Option<&'h Value>) -> Option<u64> {
    let mut at = event;
    for _ in 0..4 {
        let previous = at.get("prev").and_then(Value::as_u64)?;
        at = by_id(previous)?;
        if stage(at) == Some("Scheduled") {
            return Some(previous);
        }
    }
    None
}

fn state_of<'h>(event: &'h Value, by_id: &dyn Fn(u64) -> Option<&'h Value>) -> Option<String> {
    let mut at = event;
    loop {
        at = by_id(at.get("prev").and_then(Value::as_u64)?)?;
        if kind(at) == "TaskStateEntered" {
            return text(at, "name");
        }
    }
}

fn map_runs(history: &[Value], definition: &Value) -> Vec<(String, MapRun)> {
    let mut runs = Vec::new();
    let mut entered = String::new();
    for event in history {
        match kind(event) {
            "MapStateEntered" => entered = text(event, "name").unwrap_or_default(),
            "MapRunFailed" => runs.push((
                entered.clone(),
                MapRun::Failed {
                    error: text(event, "error"),
                    cause: text(event, "cause"),
                },
            )),
            "MapStateExited" => {
                let name = text(event, "name").unwrap_or_default();
                let output = event.get("output").cloned().unwrap_or(Value::Null);
                let path = find_state(definition, &name).and_then(|state| state.get("ResultPath"));
                // The result is where ResultPath put it.
                let pointer = path
                    .and_then(Value::as_str)
                    .map(|path| path.trim_start_matches('$').replace('.', "/"));
                let result = pointer
                    .and_then(|pointer| output.pointer(&pointer).cloned())
                    .unwrap_or(output);
                runs.push((name, MapRun::Succeeded(result)));
            }
            _ => {}
        }
    }
    runs
}

fn find_state<'d>(definition: &'d Value, name: &str) -> Option<&'d Value> {
    match definition {
        Value::Object(fields) => fields
            .get("States")
            .and_then(|states| states.get(name))
            .or_else(|| fields.values().find_map(|value| find_state(value, name))),
        Value::Array(items) => items.iter().find_map(|item| find_state(item, name)),
        _ => None,
    }
}
