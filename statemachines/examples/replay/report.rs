//! Every record replayed, and what came of it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::poll_fn;
use std::path::Path;
use std::task::Poll;

use serde_json::{Value, json};
use statemachines::{
    ErrorDetails, Execution, ExecutionContext, ExecutionResult, HistoryEvent, StateMachine, VirtualClock,
};

use crate::compare::Comparison;
use crate::record::{self, Record};
use crate::trace::Trace;

/// What replaying a folder gave.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Agreed and total, by file, area and language.
    pub(crate) tally: BTreeMap<(&'static str, String, String), (usize, usize)>,
    /// Where the interpreter disagrees.
    pub(crate) disagreements: Vec<Disagreement>,
    /// Where it agrees, and says a cause of AWS's own in other words than AWS.
    pub(crate) wordings: Vec<Disagreement>,
}

/// A record that the interpreter disagrees with.
#[derive(Debug, Clone)]
pub(crate) struct Disagreement {
    /// `histories` or `outcomes`.
    pub(crate) file: &'static str,
    /// The record's id.
    pub(crate) id: String,
    /// The first difference.
    pub(crate) what: String,
}

/// The two files a folder may hold.
const FILES: [&str; 2] = ["histories", "outcomes"];

impl Report {
    /// Replay what a folder holds.
    ///
    /// # Errors
    /// A sentence, when no file is there or one cannot be read.
    pub(crate) fn of_folder(folder: &Path) -> Result<Self, String> {
        let mut report = Self::default();
        let mut found = false;
        for file in FILES {
            let path = folder.join(format!("{file}.jsonl"));
            if !path.exists() {
                continue;
            }
            found = true;
            for record in record::read(&path)? {
                report.add(file, &record);
            }
        }
        if found {
            Ok(report)
        } else {
            Err(format!(
                "{}: neither histories.jsonl nor outcomes.jsonl is here\n\nhint: give the folder that holds the records",
                folder.display()
            ))
        }
    }

    fn add(&mut self, file: &'static str, record: &Record) {
        let key = (file, record.area.clone(), record.query_language.clone());
        let (agreed, total) = self.tally.entry(key).or_default();
        *total += 1;
        match replay(record) {
            Ok(wording) => {
                *agreed += 1;
                let id = record.id.clone();
                self.wordings
                    .extend(wording.map(|what| Disagreement { file, id, what }));
            }
            Err(what) => self.disagreements.push(Disagreement {
                file,
                id: record.id.clone(),
                what,
            }),
        }
    }

    /// Agreed and total of a file.
    pub(crate) fn of_file(&self, file: &str) -> (usize, usize) {
        let rows = self.tally.iter().filter(|((name, ..), _)| *name == file);
        rows.fold((0, 0), |sum, (_, row)| (sum.0 + row.0, sum.1 + row.1))
    }

    /// A table by file, area and language, then the disagreements.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!(
            "{:<11} {:<22} {:<9} {:>7}\n",
            "file", "area", "language", "agreed"
        );
        for ((file, area, language), (agreed, total)) in &self.tally {
            let _ = writeln!(text, "{file:<11} {area:<22} {language:<9} {agreed:>3}/{total}");
        }
        for file in FILES {
            let (agreed, total) = self.of_file(file);
            let _ = writeln!(text, "{file:<44} {agreed:>3}/{total}");
        }
        for Disagreement { file, id, what } in &self.disagreements {
            let _ = writeln!(text, "\n{file}: {id}\n  {what}");
        }
        for Disagreement { file, id, what } in &self.wordings {
            let _ = writeln!(text, "\nother words, {file}: {id}\n  {what}");
        }
        text
    }

    #[cfg_attr(test, allow(dead_code, reason = "the test prints the table"))]
    /// One object: `histories`, `outcomes`, `disagreements`, `wordings`.
    pub(crate) fn to_json(&self) -> Value {
        let count = |file: &str| {
            let (agreed, total) = self.of_file(file);
            json!({"agreed": agreed, "total": total})
        };
        let list = |found: &[Disagreement]| -> Vec<Value> {
            let found = found.iter();
            found
                .map(|Disagreement { file, id, what }| json!({"file": file, "id": id, "what": what}))
                .collect()
        };
        json!({
            "histories": count("histories"),
            "outcomes": count("outcomes"),
            "disagreements": list(&self.disagreements),
            "wordings": list(&self.wordings),
        })
    }
}

/// Run one record. What it returns is the first cause that AWS words differently, if any.
///
/// # Errors
/// The first difference from what was recorded.
pub(crate) fn replay(record: &Record) -> Result<Option<String>, String> {
    let machine =
        StateMachine::from_value(&record.definition).map_err(|error| format!("refused: {error}"))?;
    let trace = Trace::new(record);
    let clock = VirtualClock::new("2026-01-01T00:00:00Z".parse().unwrap_or_default());
    let seen = Cell::new(0);
    let before = record.history.as_ref().map_or(0, Vec::len).saturating_sub(1);
    let mut count = |_: &HistoryEvent| seen.set(seen.get() + 1);
    let mut execution = Execution::new(&machine, record.input.clone(), &clock, &trace)
        .context(context(record))
        .observer(&mut count);
    if record.outcome.get("status").and_then(Value::as_str) == Some("ABORTED") {
        // Somebody stopped it: when all but the last of the recorded events had happened.
        execution = execution.stop_when(poll_fn(|_| match seen.get() >= before {
            true => Poll::Ready(ErrorDetails {
                error: text(&record.outcome, "error"),
                cause: text(&record.outcome, "cause"),
            }),
            false => Poll::Pending,
        }));
    }
    let result = clock.run(execution.run()).map_err(|error| error.to_string())?;
    let comparison = Comparison::new(&record.masks);
    match &record.history {
        Some(history) => compare_history(&comparison, record, history, &result),
        None => compare_outcome(&comparison, &record.outcome, &result),
    }
}

fn text(outcome: &Value, field: &str) -> Option<String> {
    outcome.get(field).and_then(Value::as_str).map(str::to_owned)
}

fn context(record: &Record) -> ExecutionContext {
    let given = record.context.clone().unwrap_or_default();
    let base = "arn:aws:states:us-east-1:111111111111";
    let started = record.history.as_ref().and_then(|history| history.first());
    let role = started
        .and_then(|event| event["roleArn"].as_str())
        .unwrap_or("snf_role_arn");
    let default = ExecutionContext {
        execution_arn: match record.state_machine_type.as_str() {
            "EXPRESS" => format!("{base}:express:machine:execution:run"),
            _ => format!("{base}:execution:machine:execution"),
        },
        execution_name: "execution".to_owned(),
        role_arn: role.to_owned(),
        state_machine_arn: format!("{base}:stateMachine:machine"),
        state_machine_name: "machine".to_owned(),
    };
    ExecutionContext {
        execution_arn: given.execution_arn.unwrap_or(default.execution_arn),
        execution_name: given.execution_name.unwrap_or(default.execution_name),
        state_machine_arn: given.state_machine_arn.unwrap_or(default.state_machine_arn),
        state_machine_name: given.state_machine_name.unwrap_or(default.state_machine_name),
        role_arn: given.role_arn.unwrap_or(default.role_arn),
    }
}

fn compare_outcome(
    comparison: &Comparison,
    expected: &Value,
    result: &ExecutionResult,
) -> Result<Option<String>, String> {
    let mut actual = json!({"status": result.status.as_str()});
    if let Some(output) = &result.output {
        actual["output"] = output.as_ref().clone();
    }
    if let Some(error) = &result.error {
        actual["error"] = json!(error);
    }
    if let Some(cause) = &result.cause {
        actual["cause"] = json!(cause);
    }
    agree(comparison, expected, &actual)
}

/// Compare two events, or outcomes. A cause is part of the comparison wherever it comes from the definition, the input or a
/// task; where it is AWS's own sentence about an error of AWS's own, another wording is noted and not held against it.
fn agree(comparison: &Comparison, expected: &Value, actual: &Value) -> Result<Option<String>, String> {
    let Some(difference) = comparison.difference(expected, actual) else {
        return Ok(None);
    };
    let own = expected["error"]
        .as_str()
        .is_some_and(|error| error.starts_with("States."));
    if !own || !expected["cause"].is_string() || !actual["cause"].is_string() {
        return Err(difference);
    }
    let without_cause = |event: &Value| {
        let mut event = event.clone();
        event["cause"] = Value::Null;
        event
    };
    match comparison.difference(&without_cause(expected), &without_cause(actual)) {
        None => Ok(Some(difference)),
        Some(difference) => Err(difference),
    }
}

fn compare_history(
    comparison: &Comparison,
    record: &Record,
    expected: &[Value],
    result: &ExecutionResult,
) -> Result<Option<String>, String> {
    let mut wording = None;
    let actual: Vec<Value> = result
        .history
        .iter()
        .filter_map(|event| serde_json::to_value(event).ok())
        .map(strip)
        .collect();
    let (expected, actual) = if record.order.as_deref() == Some("parallel-sorted") {
        (sort_parallel(expected, false), sort_parallel(&actual, true))
    } else {
        (expected.to_vec(), actual)
    };
    for (index, expected) in expected.iter().enumerate() {
        let Some(actual) = actual.get(index) else {
            return Err(format!(
                "event {}: recorded {} got the end",
                index + 1,
                brief(expected)
            ));
        };
        if expected["type"] != actual["type"] {
            return Err(format!(
                "event {}: recorded {} got {}",
                index + 1,
                brief(expected),
                brief(actual)
            ));
        }
        let (expected, actual) = comparable(expected, actual);
        let kind = expected["type"].as_str().unwrap_or_default();
        let place = |difference: String| format!("event {} {kind}{difference}", index + 1);
        let worded = agree(comparison, &expected, &actual).map_err(place)?;
        wording = wording.or(worded.map(place));
    }
    match actual.get(expected.len()) {
        None => Ok(wording),
        Some(extra) => Err(format!(
            "event {}: recorded the end got {}",
            expected.len() + 1,
            brief(extra)
        )),
    }
}

/// Timestamps are the clock's own.
fn strip(mut event: Value) -> Value {
    if let Some(fields) = event.as_object_mut() {
        fields.remove("timestamp");
    }
    event
}

/// Leave out what the records' README says not to test.
fn comparable(expected: &Value, actual: &Value) -> (Value, Value) {
    let (mut expected, mut actual) = (expected.clone(), actual.clone());
    let erased = expected["id"].is_null();
    for event in [&mut expected, &mut actual] {
        let exited = event["type"] == "MapStateExited";
        if let Some(fields) = event.as_object_mut() {
            if erased {
                fields.remove("id");
            }
            if erased || exited {
                fields.remove("prev");
            }
        }
    }
    (expected, actual)
}

/// Order the events inside Parallel states, as the recording did: by their text, without ids. The recording lost the
/// `ParallelStateSucceeded` and `ParallelStateFailed` events in doing so, and the `ParallelStateExited` of inner ones.
fn sort_parallel(events: &[Value], ours: bool) -> Vec<Value> {
    let mut sorted: Vec<Value> = Vec::new();
    let mut inside: Option<Vec<Value>> = None;
    let mut depth = 0_usize;
    for event in events {
        let kind = event["type"].as_str().unwrap_or_default();
        if ours && (kind == "ParallelStateSucceeded" || kind == "ParallelStateFailed") {
            continue;
        }
        match kind {
            "ParallelStateEntered" => depth += 1,
            "ParallelStateExited" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if ours && kind == "ParallelStateExited" && depth > 0 {
            continue;
        }
        let parallel = kind.starts_with("ParallelState");
        match &mut inside {
            Some(_) if parallel => {
                sorted.extend(in_text_order(inside.take().unwrap_or_default()));
                sorted.push(event.clone());
            }
            Some(stretch) => {
                let mut event = event.clone();
                event["id"] = Value::Null;
                event["prev"] = Value::Null;
                stretch.push(event);
            }
            None => sorted.push(event.clone()),
        }
        if kind == "ParallelStateStarted" {
            inside = Some(Vec::new());
        }
    }
    sorted.extend(in_text_order(inside.unwrap_or_default()));
    sorted
}

fn in_text_order(mut stretch: Vec<Value>) -> Vec<Value> {
    stretch.sort_by_key(|event| {
        let mut fields: Vec<(&String, &Value)> = event.as_object().into_iter().flatten().collect();
        fields.sort_by_key(|(name, _)| name.as_str());
        (event["type"].to_string(), format!("{fields:?}"))
    });
    stretch
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(240) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
