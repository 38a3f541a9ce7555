//! From JSON to the model, collecting everything that is wrong on the way instead of stopping at the first.

use std::sync::Arc;

use serde_json::{Map as Object, Value};

use super::fields::{Fields, brief};
use super::parts::{Names, batcher, catcher, choice_state, each, flow, next, reader, retrier, task, wait};
use super::settings::{QueryLanguage, StateType};
use super::*;
use crate::finding::Finding;

/// A definition that is no state machine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is no JSON (or is nested more than 128 levels deep).
    #[error(
        "the definition is no JSON: {0}; hint: {hint}",
        hint = "check the line for a missing comma, quote or brace"
    )]
    Json(#[source] serde_json::Error),
    /// The JSON is no state machine.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Definition(Vec<Finding>),
}

/// AWS's longest timeout, in seconds: about three years (Amazon States Language, `TimeoutSeconds`).
pub(super) const MAX_SECONDS: f64 = 99_999_999.0;
/// Blocks nest through Parallel and Map. `serde_json` stops at 128 levels of JSON, which is about 40 blocks; a value that was
/// built by hand could go deeper, and the interpreter's futures nest with it.
const MAX_BLOCK_DEPTH: usize = 40;
/// Longest state name, in characters.
const MAX_NAME: usize = 80;

/// Parse, and say everything that keeps the definition from being a machine.
pub(crate) fn parse_collecting(definition: &Value) -> (Option<StateMachine>, Vec<Finding>) {
    let mut findings = Vec::new();
    let Some(object) = definition.as_object() else {
        findings.push(
            Finding::error("$", format!("expected an object, got {}", brief(definition)))
                .hint("a state machine has StartAt and States"),
        );
        return (None, findings);
    };
    let mut fields = Fields {
        object,
        path: "$".to_owned(),
        language: QueryLanguage::JsonPath,
        findings: &mut findings,
    };
    let language = query_language(&mut fields, QueryLanguage::JsonPath);
    let timeout_seconds = fields.number("TimeoutSeconds", 1.0, MAX_SECONDS);
    let comment = fields.string("Comment").map(str::to_owned);
    if let Some(version) = fields.string("Version")
        && version != "1.0"
    {
        fields.wrong("Version", format!("expected \"1.0\", got \"{version}\""));
    }
    let mut parser = Parser {
        depth: 0,
        findings: &mut findings,
    };
    let body = parser.block(object, "$", language);
    let machine = body.map(|body| StateMachine {
        comment,
        query_language: language,
        timeout_seconds,
        body,
    });
    (machine, findings)
}

fn query_language(fields: &mut Fields<'_, '_>, inherited: QueryLanguage) -> QueryLanguage {
    match fields.string("QueryLanguage") {
        None => inherited,
        Some("JSONata") => QueryLanguage::Jsonata,
        Some("JSONPath") => {
            // A machine in JSONata may not hold a state in JSONPath; the other way round it may.
            if inherited == QueryLanguage::Jsonata {
                fields.wrong(
                    "QueryLanguage",
                    "a machine in JSONata cannot have a state in JSONPath",
                );
            }
            QueryLanguage::JsonPath
        }
        Some(other) => {
            fields.wrong(
                "QueryLanguage",
                format!("expected \"JSONata\" or \"JSONPath\", got \"{other}\""),
            );
            inherited
        }
    }
}

struct Parser<'f> {
    depth: usize,
    findings: &'f mut Vec<Finding>,
}

impl Parser<'_> {
    fn block(
        &mut self,
        object: &Object<String, Value>,
        path: &str,
        language: QueryLanguage,
    ) -> Option<Block> {
        if self.depth >= MAX_BLOCK_DEPTH {
            self.findings.push(Finding::error(
                path,
                "Parallel and Map states are nested too deeply",
            ));
            return None;
        }
        self.depth += 1;
        let block = self.block_here(object, path, language);
        self.depth -= 1;
        block
    }

    fn block_here(
        &mut self,
        object: &Object<String, Value>,
        path: &str,
        language: QueryLanguage,
    ) -> Option<Block> {
        let mut fields = Fields {
            object,
            path: path.to_owned(),
            language,
            findings: &mut *self.findings,
        };
        let start_at = fields.required_string("StartAt");
        if fields.get("States").is_none() {
            fields
                .findings
                .push(Finding::error(path, "the field States is missing"));
        }
        let states = fields.object("States")?;
        if states.is_empty() {
            fields.wrong("States", "expected at least one state");
        }
        let names: Names = states
            .keys()
            .enumerate()
            .map(|(index, name)| (name.clone(), index))
            .collect();
        let start = start_at.and_then(|name| resolve(&mut fields, &names, "StartAt", name));
        let mut parsed = Vec::with_capacity(states.len());
        for (name, state) in states {
            let path = format!("{path}.States.{name}");
            if name.chars().count() > MAX_NAME {
                self.findings
                    .push(Finding::error(&path, "a state's name has at most 80 characters"));
            }
            match state.as_object() {
                Some(object) => parsed.push(self.state(name, object, path, language, &names)),
                None => {
                    self.findings.push(Finding::error(
                        path,
                        format!("expected a state, got {}", brief(state)),
                    ));
                }
            }
        }
        let parsed: Option<Vec<State>> = parsed.into_iter().collect();
        let states = parsed.filter(|parsed| parsed.len() == states.len())?;
        Some(Block {
            start: start?,
            states,
        })
    }

    fn state(
        &mut self,
        name: &str,
        object: &Object<String, Value>,
        path: String,
        language: QueryLanguage,
        names: &Names,
    ) -> Option<State> {
        let mut fields = Fields {
            object,
            path: path.clone(),
            language,
            findings: &mut *self.findings,
        };
        let language = query_language(&mut fields, language);
        fields.language = language;
        let comment = fields.string("Comment").map(str::to_owned);
        let type_name = fields.required_string("Type")?;
        let Some(state_type) = StateType::from_name(type_name) else {
            let known = StateType::ALL.map(StateType::as_str).join(", ");
            let finding = Finding::error(
                fields.at("Type"),
                format!("unknown type of state \"{type_name}\""),
            );
            fields.findings.push(finding.hint(format!("one of {known}")));
            return None;
        };
        let next = match state_type {
            StateType::Choice | StateType::Succeed | StateType::Fail => Some(Next::End),
            StateType::Pass | StateType::Task | StateType::Wait | StateType::Parallel | StateType::Map => {
                next(&mut fields, names)
            }
        };
        let flow = flow(&mut fields, state_type);
        let (retry, catch) = match state_type {
            StateType::Task | StateType::Parallel | StateType::Map => (
                each(&mut fields, "Retry", retrier),
                each(&mut fields, "Catch", |fields| catcher(fields, names)),
            ),
            StateType::Pass | StateType::Choice | StateType::Wait | StateType::Succeed | StateType::Fail => {
                (Vec::new(), Vec::new())
            }
        };
        let kind = match state_type {
            StateType::Pass => Some(Kind::Pass {
                result: fields
                    .get("Result")
                    .filter(|_| language == QueryLanguage::JsonPath)
                    .cloned(),
            }),
            StateType::Task => task(&mut fields).map(Kind::Task),
            StateType::Choice => choice_state(&mut fields, names),
            StateType::Wait => wait(&mut fields).map(Kind::Wait),
            StateType::Succeed => Some(Kind::Succeed),
            StateType::Fail => Some(Kind::Fail {
                error: fields.setting("Error", "ErrorPath"),
                cause: fields.setting("Cause", "CausePath"),
            }),
            StateType::Parallel => self.parallel(object, &path, language),
            StateType::Map => self
                .map(object, &path, language)
                .map(|map| Kind::Map(Box::new(map))),
        };
        Some(State {
            name: Arc::from(name),
            path,
            comment,
            language,
            next: next?,
            flow,
            retry,
            catch,
            kind: kind?,
        })
    }

    fn parallel(
        &mut self,
        object: &Object<String, Value>,
        path: &str,
        language: QueryLanguage,
    ) -> Option<Kind> {
        let mut fields = Fields {
            object,
            path: path.to_owned(),
            language,
            findings: &mut *self.findings,
        };
        let Some(list) = fields.array("Branches") else {
            if !object.contains_key("Branches") {
                self.findings
                    .push(Finding::error(path, "the field Branches is missing"));
            }
            return None;
        };
        if list.is_empty() {
            fields.wrong("Branches", "expected at least one branch");
        }
        let mut branches = Vec::new();
        for (index, branch) in list.iter().enumerate() {
            let path = format!("{path}.Branches[{index}]");
            match branch.as_object() {
                Some(branch) => branches.push(self.block(branch, &path, language)),
                None => self
                    .findings
                    .push(Finding::error(path, "expected a branch: an object")),
            }
        }
        let branches: Option<Vec<Block>> = branches.into_iter().collect();
        branches
            .filter(|branches| branches.len() == list.len())
            .map(|branches| Kind::Parallel { branches })
    }

    fn map(&mut self, object: &Object<String, Value>, path: &str, language: QueryLanguage) -> Option<Map> {
        let mut fields = Fields {
            object,
            path: path.to_owned(),
            language,
            findings: &mut *self.findings,
        };
        let processor_field = if object.contains_key("ItemProcessor") {
            "ItemProcessor"
        } else {
            "Iterator"
        };
        let Some(processor) = fields.object(processor_field) else {
            if !object.contains_key(processor_field) {
                self.findings
                    .push(Finding::error(path, "the field ItemProcessor is missing"));
            }
            return None;
        };
        let selector_field = if object.contains_key("ItemSelector") {
            "ItemSelector"
        } else {
            "Parameters"
        };
        let selector = fields.template(selector_field);
        let max_concurrency = fields.number_setting("MaxConcurrency", "MaxConcurrencyPath", 0.0, 1e9);
        let items = match language {
            QueryLanguage::JsonPath if object.contains_key("ItemsPath") => {
                fields.reference("ItemsPath").map(Items::Path)
            }
            QueryLanguage::Jsonata if object.contains_key("Items") => {
                fields.template("Items").map(Items::Template)
            }
            QueryLanguage::JsonPath | QueryLanguage::Jsonata => Some(Items::Input),
        };
        let mode = processor
            .get("ProcessorConfig")
            .and_then(|config| config.get("Mode"))
            .and_then(Value::as_str);
        let distributed = match mode {
            None | Some("INLINE") => None,
            Some("DISTRIBUTED") => Some(Distributed {
                label: fields.string("Label").map(str::to_owned),
                reader: reader(&mut fields, "ItemReader"),
                batcher: batcher(&mut fields),
                writer: reader(&mut fields, "ResultWriter"),
                tolerated_count: fields.setting("ToleratedFailureCount", "ToleratedFailureCountPath"),
                tolerated_percentage: fields
                    .setting("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
            }),
            Some(other) => {
                let place = format!("{processor_field}.ProcessorConfig.Mode");
                fields.wrong(
                    &place,
                    format!("expected \"INLINE\" or \"DISTRIBUTED\", got \"{other}\""),
                );
                None
            }
        };
        let processor = self.block(processor, &format!("{path}.{processor_field}"), language)?;
        Some(Map {
            items: items?,
            selector,
            max_concurrency,
            processor,
            distributed,
        })
    }
}

pub(super) fn resolve(fields: &mut Fields<'_, '_>, names: &Names, field: &str, name: &str) -> Option<usize> {
    let found = names.get(name).copied();
    if found.is_none() {
        let mut finding = Finding::error(fields.at(field), format!("there is no state \"{name}\" here"));
        if let Some(near) = nearest(name, names.keys().map(String::as_str)) {
            finding = finding.hint(format!("did you mean \"{near}\"?"));
        } else {
            finding = finding.hint("a transition stays within its own States");
        }
        fields.findings.push(finding);
    }
    found
}

/// The known name that was probably meant: at most three letters away, and fewer than are right.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let close = known.map(|known| (distance(known, name), known)).min();
    close
        .filter(|(distance, _)| *distance <= 3 && distance * 2 < name.chars().count())
        .map(|(_, known)| known)
}

/// Edit distance, for "did you mean"; names are at most 80 characters, longer ones are not compared.
fn distance(left: &str, right: &str) -> usize {
    if left.len() > MAX_NAME * 4 || right.len() > MAX_NAME * 4 {
        return usize::MAX;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let changed = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
