//! Fields that do not belong where they stand: misspelt, of another type of state, of the other query language.

use serde_json::{Map as Object, Value};

use crate::finding::Finding;
use crate::machine::{QueryLanguage, StateType, is_operator, nearest};

const MACHINE: &[&str] = &[
    "Comment",
    "QueryLanguage",
    "StartAt",
    "States",
    "TimeoutSeconds",
    "Version",
];
const BLOCK: &[&str] = &["Comment", "ProcessorConfig", "QueryLanguage", "StartAt", "States"];
const COMMON: &[&str] = &["Type", "Comment", "QueryLanguage"];
const ONWARD: &[&str] = &["Next", "End"];
const FAILING: &[&str] = &["Retry", "Catch"];
const RETRIER: &[&str] = &[
    "BackoffRate",
    "Comment",
    "ErrorEquals",
    "IntervalSeconds",
    "JitterStrategy",
    "MaxAttempts",
    "MaxDelaySeconds",
];

/// What goes through a state, by language.
fn flow(language: QueryLanguage, state_type: StateType) -> &'static [&'static str] {
    match (language, state_type) {
        (_, StateType::Fail) => &[],
        (QueryLanguage::Jsonata, StateType::Task | StateType::Parallel) => &["Arguments", "Output", "Assign"],
        (QueryLanguage::Jsonata, StateType::Succeed) => &["Output"],
        (QueryLanguage::Jsonata, StateType::Pass | StateType::Choice | StateType::Wait | StateType::Map) => {
            &["Output", "Assign"]
        }
        (QueryLanguage::JsonPath, StateType::Task | StateType::Parallel | StateType::Map) => &[
            "InputPath",
            "Parameters",
            "ResultSelector",
            "ResultPath",
            "OutputPath",
            "Assign",
        ],
        (QueryLanguage::JsonPath, StateType::Pass) => &[
            "InputPath",
            "Parameters",
            "Result",
            "ResultPath",
            "OutputPath",
            "Assign",
        ],
        (QueryLanguage::JsonPath, StateType::Choice | StateType::Wait) => {
            &["InputPath", "OutputPath", "Assign"]
        }
        (QueryLanguage::JsonPath, StateType::Succeed) => &["InputPath", "OutputPath"],
    }
}

/// What is a type's own, by language.
fn own(language: QueryLanguage, state_type: StateType) -> &'static [&'static str] {
    let path = language == QueryLanguage::JsonPath;
    match state_type {
        StateType::Pass | StateType::Succeed => &[],
        StateType::Task if path => &[
            "Resource",
            "Credentials",
            "TimeoutSeconds",
            "TimeoutSecondsPath",
            "HeartbeatSeconds",
            "HeartbeatSecondsPath",
        ],
        StateType::Task => &["Resource", "Credentials", "TimeoutSeconds", "HeartbeatSeconds"],
        StateType::Choice => &["Choices", "Default"],
        StateType::Wait if path => &["Seconds", "SecondsPath", "Timestamp", "TimestampPath"],
        StateType::Wait => &["Seconds", "Timestamp"],
        StateType::Parallel => &["Branches"],
        StateType::Fail if path => &["Error", "ErrorPath", "Cause", "CausePath"],
        StateType::Fail => &["Error", "Cause"],
        StateType::Map if path => &[
            "ItemProcessor",
            "Iterator",
            "ItemsPath",
            "ItemSelector",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "Label",
            "MaxConcurrency",
            "MaxConcurrencyPath",
            "ToleratedFailureCount",
            "ToleratedFailureCountPath",
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
        ],
        StateType::Map => &[
            "ItemProcessor",
            "Items",
            "ItemSelector",
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "Label",
            "MaxConcurrency",
            "ToleratedFailureCount",
            "ToleratedFailurePercentage",
        ],
    }
}

/// Look at every field of a definition.
pub(super) fn check(definition: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(object) = definition.as_object() {
        let language = language(object, QueryLanguage::JsonPath);
        known(object, "$", &[MACHINE], &[], language, &mut findings);
        states(object, "$", language, 0, &mut findings);
    }
    findings
}

fn language(object: &Object<String, Value>, inherited: QueryLanguage) -> QueryLanguage {
    match object.get("QueryLanguage").and_then(Value::as_str) {
        Some("JSONata") => QueryLanguage::Jsonata,
        Some("JSONPath") => QueryLanguage::JsonPath,
        Some(_) | None => inherited,
    }
}

/// As deep as a definition may nest its blocks: parsing says so where it is deeper.
const MAX_DEPTH: usize = 40;

fn states(
    block: &Object<String, Value>,
    path: &str,
    inherited: QueryLanguage,
    depth: usize,
    findings: &mut Vec<Finding>,
) {
    let Some(states) = block
        .get("States")
        .and_then(Value::as_object)
        .filter(|_| depth < MAX_DEPTH)
    else {
        return;
    };
    for (name, state) in states {
        let path = format!("{path}.States.{name}");
        let Some(object) = state.as_object() else { continue };
        let state_type = object
            .get("Type")
            .and_then(Value::as_str)
            .and_then(StateType::from_name);
        let Some(state_type) = state_type else { continue };
        let language = language(object, inherited);
        check_state(object, &path, state_type, language, depth, findings);
    }
}

fn check_state(
    object: &Object<String, Value>,
    path: &str,
    state_type: StateType,
    language: QueryLanguage,
    depth: usize,
    findings: &mut Vec<Finding>,
) {
    let onward: &[&str] = match state_type {
        StateType::Choice | StateType::Succeed | StateType::Fail => &[],
        StateType::Pass | StateType::Task | StateType::Wait | StateType::Parallel | StateType::Map => ONWARD,
    };
    let failing: &[&str] = match state_type {
        StateType::Task | StateType::Parallel | StateType::Map => FAILING,
        StateType::Pass | StateType::Wait | StateType::Choice | StateType::Succeed | StateType::Fail => &[],
    };
    let other = match language {
        QueryLanguage::Jsonata => QueryLanguage::JsonPath,
        QueryLanguage::JsonPath => QueryLanguage::Jsonata,
    };
    let here = [
        COMMON,
        onward,
        failing,
        flow(language, state_type),
        own(language, state_type),
    ];
    let there = [flow(other, state_type), own(other, state_type)];
    known(object, path, &here, &there, language, findings);
    if language == QueryLanguage::Jsonata {
        for field in ["Arguments", "Output", "Assign", "ItemSelector", "Items"] {
            if let Some(value) = object.get(field) {
                dollars(value, &format!("{path}.{field}"), 0, findings);
            }
        }
    }
    let list = |field: &str| -> Vec<(String, &Object<String, Value>)> {
        let items = object
            .get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate();
        items
            .filter_map(|(index, item)| Some((format!("{path}.{field}[{index}]"), item.as_object()?)))
            .collect()
    };
    if !failing.is_empty() {
        for (path, retrier) in list("Retry") {
            known(retrier, &path, &[RETRIER], &[], language, findings);
        }
        let (ours, theirs) = match language {
            QueryLanguage::Jsonata => ("Output", "ResultPath"),
            QueryLanguage::JsonPath => ("ResultPath", "Output"),
        };
        for (path, catcher) in list("Catch") {
            let here: &[&str] = &["Comment", "ErrorEquals", "Next", "Assign", ours];
            known(catcher, &path, &[here], &[&[theirs]], language, findings);
        }
    }
    match state_type {
        StateType::Choice => {
            for (path, rule) in list("Choices") {
                choice_rule(rule, &path, language, findings);
            }
        }
        StateType::Parallel => {
            for (path, branch) in list("Branches") {
                known(branch, &path, &[BLOCK], &[], language, findings);
                states(branch, &path, language, depth + 1, findings);
            }
        }
        StateType::Map => {
            for field in ["ItemProcessor", "Iterator"] {
                if let Some(block) = object.get(field).and_then(Value::as_object) {
                    let path = format!("{path}.{field}");
                    known(block, &path, &[BLOCK], &[], language, findings);
                    states(block, &path, language, depth + 1, findings);
                }
            }
        }
        StateType::Pass | StateType::Task | StateType::Wait | StateType::Succeed | StateType::Fail => {}
    }
}

fn choice_rule(
    rule: &Object<String, Value>,
    path: &str,
    language: QueryLanguage,
    findings: &mut Vec<Finding>,
) {
    let common: &[&str] = &["Comment", "Next", "Assign"];
    let (jsonata, jsonpath): (&[&str], &[&str]) =
        (&["Condition", "Output"], &["And", "Or", "Not", "Variable"]);
    match language {
        QueryLanguage::Jsonata => {
            known(rule, path, &[common, jsonata], &[jsonpath], language, findings);
        }
        QueryLanguage::JsonPath => {
            let fields = rule.iter().filter(|(name, _)| !is_operator(name));
            let rest: Object<String, Value> = fields
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            known(&rest, path, &[common, jsonpath], &[jsonata], language, findings);
        }
    }
}

/// Say which of an object's fields are in neither list, and which are in the other language's.
fn known(
    object: &Object<String, Value>,
    path: &str,
    here: &[&[&str]],
    there: &[&[&str]],
    language: QueryLanguage,
    findings: &mut Vec<Finding>,
) {
    let all: Vec<&str> = here.concat();
    for name in object.keys().filter(|name| !all.contains(&name.as_str())) {
        let place = format!("{path}.{name}");
        if there.iter().any(|list| list.contains(&name.as_str())) {
            let message = match language {
                QueryLanguage::Jsonata => format!("{name} belongs to JSONPath, and this state is in JSONata"),
                QueryLanguage::JsonPath => {
                    format!("{name} belongs to JSONata, and this state is in JSONPath")
                }
            };
            findings.push(Finding::error(place, message).hint(replacement(name)));
            continue;
        }
        let finding = Finding::error(place, format!("unknown field {name}"));
        findings.push(match nearest(name, all.iter().copied()) {
            Some(near) => finding.hint(format!("did you mean {near}?")),
            None => finding.hint(format!("known here: {}", all.join(", "))),
        });
    }
}

/// What to write instead of a field of the other language.
fn replacement(name: &str) -> &'static str {
    match name {
        "Parameters" => "in JSONata: Arguments",
        "InputPath" | "OutputPath" | "ResultPath" | "ResultSelector" | "Result" => {
            "in JSONata: Output, and Assign for what later states need"
        }
        "ItemsPath" => "in JSONata: Items",
        "Arguments" => "in JSONPath: Parameters; or say \"QueryLanguage\": \"JSONata\"",
        "Output" => {
            "in JSONPath: ResultSelector, ResultPath and OutputPath; or say \"QueryLanguage\": \"JSONata\""
        }
        "Items" => "in JSONPath: ItemsPath; or say \"QueryLanguage\": \"JSONata\"",
        "Condition" => "in JSONPath: Variable and a comparison; or say \"QueryLanguage\": \"JSONata\"",
        "And" | "Or" | "Not" | "Variable" => "in JSONata: Condition",
        _ => "in JSONata: the field without Path, with an expression between {% and %}",
    }
}

/// `….$` keys are JSONPath's. AWS takes them in JSONata and leaves them as they are, which is hardly ever meant.
fn dollars(value: &Value, path: &str, depth: usize, findings: &mut Vec<Finding>) {
    if depth > 128 {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = format!("{path}.{name}");
                let looks = field
                    .as_str()
                    .is_some_and(|text| text.starts_with('$') || text.starts_with("States."));
                if name.ends_with(".$") && looks {
                    findings.push(
                        Finding::warning(
                            &path,
                            "a field that ends in .$ belongs to JSONPath, and this state is in JSONata",
                        )
                        .hint("take .$ off, and write the value between {% and %}"),
                    );
                }
                dollars(field, &path, depth + 1, findings);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                dollars(item, &format!("{path}[{index}]"), depth + 1, findings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
