//! The parts of a state: where it leads, what it makes of its data, what it does about errors, what its type adds.

use std::collections::HashMap;

use serde_json::Value;

use super::fields::{Fields, brief};
use super::parse::{MAX_SECONDS, resolve};
use super::settings::{QueryLanguage, StateType};
use super::*;
use crate::finding::Finding;

/// The states of a block by name.
pub(super) type Names = HashMap<String, usize>;

pub(super) fn next(fields: &mut Fields<'_, '_>, names: &Names) -> Option<Next> {
    let end = fields.boolean("End");
    match (fields.string("Next"), end) {
        (Some(_), Some(true)) => {
            fields.wrong("Next", "a state has either Next or End, not both");
            None
        }
        (Some(name), None | Some(false)) => resolve(fields, names, "Next", name).map(Next::State),
        (None, Some(true)) => Some(Next::End),
        (None, None | Some(false)) => {
            let path = fields.path.clone();
            let finding = Finding::error(
                path,
                "the state says neither what comes next nor that it is the end",
            );
            fields
                .findings
                .push(finding.hint("add \"Next\": \"…\" or \"End\": true"));
            None
        }
    }
}

pub(super) fn flow(fields: &mut Fields<'_, '_>, state_type: StateType) -> Flow {
    let assign = fields.assign();
    match fields.language {
        QueryLanguage::Jsonata => Flow {
            arguments: fields.template("Arguments"),
            output: fields.template("Output"),
            assign,
            ..Flow::default()
        },
        QueryLanguage::JsonPath => Flow {
            input_path: fields.selection("InputPath"),
            // A Map's Parameters are the older name of its ItemSelector.
            arguments: if state_type == StateType::Map {
                None
            } else {
                fields.template("Parameters")
            },
            result_selector: fields.template("ResultSelector"),
            result_path: fields.result_path(),
            output_path: fields.selection("OutputPath"),
            output: None,
            assign,
        },
    }
}

pub(super) fn each<T>(
    fields: &mut Fields<'_, '_>,
    field: &str,
    parse: impl Fn(&mut Fields<'_, '_>) -> Option<T>,
) -> Vec<T> {
    let Some(list) = fields.array(field) else {
        return Vec::new();
    };
    let base = fields.at(field);
    let mut parsed = Vec::new();
    for (index, item) in list.iter().enumerate() {
        let path = format!("{base}[{index}]");
        match item.as_object() {
            Some(object) => {
                let language = fields.language;
                parsed.extend(parse(&mut Fields {
                    object,
                    path,
                    language,
                    findings: &mut *fields.findings,
                }));
            }
            None => fields.findings.push(Finding::error(
                path,
                format!("expected an object, got {}", brief(item)),
            )),
        }
    }
    parsed
}

pub(super) fn retrier(fields: &mut Fields<'_, '_>) -> Option<Retrier> {
    let attempts = fields.number("MaxAttempts", 0.0, MAX_SECONDS).unwrap_or(3.0);
    let full_jitter = match fields.string("JitterStrategy") {
        None | Some("NONE") => false,
        Some("FULL") => true,
        Some(other) => {
            fields.wrong(
                "JitterStrategy",
                format!("expected \"FULL\" or \"NONE\", got \"{other}\""),
            );
            false
        }
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded above and below"
    )]
    Some(Retrier {
        errors: fields.error_equals(),
        interval_seconds: fields.number("IntervalSeconds", 1.0, MAX_SECONDS).unwrap_or(1.0),
        max_attempts: attempts as u64,
        backoff_rate: fields.number("BackoffRate", 1.0, f64::MAX).unwrap_or(2.0),
        max_delay_seconds: fields.number("MaxDelaySeconds", 0.0, 31_622_400.0),
        full_jitter,
    })
}

pub(super) fn catcher(fields: &mut Fields<'_, '_>, names: &Names) -> Option<Catcher> {
    let next = fields
        .required_string("Next")
        .and_then(|name| resolve(fields, names, "Next", name));
    let output = match fields.language {
        QueryLanguage::Jsonata => fields.template("Output"),
        QueryLanguage::JsonPath => None,
    };
    let result_path = match fields.language {
        QueryLanguage::Jsonata => ResultPath::Whole,
        QueryLanguage::JsonPath => fields.result_path(),
    };
    let (errors, assign) = (fields.error_equals(), fields.assign());
    Some(Catcher {
        errors,
        next: next?,
        output,
        result_path,
        assign,
    })
}

pub(super) fn task(fields: &mut Fields<'_, '_>) -> Option<Task> {
    let arn = fields.required_string("Resource")?;
    let resource = match resource(arn) {
        Some(resource) => resource,
        None => {
            let finding = Finding::error(
                fields.at("Resource"),
                format!("\"{arn}\" is no resource of a Task"),
            );
            fields.findings.push(
                finding
                    .hint("an ARN of a Lambda function or an activity, or arn:aws:states:::service:action"),
            );
            return None;
        }
    };
    Some(Task {
        resource,
        timeout: fields.number_setting("TimeoutSeconds", "TimeoutSecondsPath", 1.0, MAX_SECONDS),
        heartbeat: fields.number_setting("HeartbeatSeconds", "HeartbeatSecondsPath", 1.0, MAX_SECONDS),
        credentials: fields.template("Credentials"),
    })
}

/// `arn:partition:service:region:account:rest`.
fn resource(arn: &str) -> Option<Resource> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [prefix, _, service, region, account, rest] = parts.as_slice() else {
        return None;
    };
    if *prefix != "arn" {
        return None;
    }
    if *service == "lambda" {
        return Some(Resource::Function(arn.into()));
    }
    if *service != "states" {
        return None;
    }
    if let Some(name) = rest.strip_prefix("activity:") {
        return (!name.is_empty()).then(|| Resource::Activity(arn.into()));
    }
    if !account.is_empty() && !region.is_empty() {
        return None;
    }
    let (service, action) = match rest.strip_prefix("aws-sdk:") {
        Some(rest) => rest
            .split_once(':')
            .map(|(service, action)| (format!("aws-sdk:{service}"), action))?,
        None => rest
            .split_once(':')
            .map(|(service, action)| (service.to_owned(), action))?,
    };
    let pattern = if action.ends_with(".waitForTaskToken") {
        Pattern::WaitForTaskToken
    } else if action.ends_with(".sync:2") {
        Pattern::Sync2
    } else if action.ends_with(".sync") {
        Pattern::Sync
    } else {
        Pattern::RequestResponse
    };
    Some(Resource::Service {
        arn: arn.into(),
        service: service.into(),
        action: action.into(),
        pattern,
    })
}

pub(super) fn choice_state(fields: &mut Fields<'_, '_>, names: &Names) -> Option<Kind> {
    let default = match fields.string("Default") {
        Some(name) => Some(resolve(fields, names, "Default", name)?),
        None => None,
    };
    let expected = fields.array("Choices").map_or(0, Vec::len);
    if expected == 0 {
        let path = fields.path.clone();
        fields
            .findings
            .push(Finding::error(path, "a Choice has at least one rule in Choices"));
        return None;
    }
    let rules = each(fields, "Choices", |fields| {
        let condition = choice::parse(fields, 0);
        let next = fields
            .required_string("Next")
            .and_then(|name| resolve(fields, names, "Next", name));
        let output = match fields.language {
            QueryLanguage::Jsonata => fields.template("Output"),
            QueryLanguage::JsonPath => None,
        };
        let assign = fields.assign();
        Some(Rule {
            condition: condition?,
            next: next?,
            output,
            assign,
        })
    });
    (rules.len() == expected).then_some(Kind::Choice { rules, default })
}

pub(super) fn wait(fields: &mut Fields<'_, '_>) -> Option<Wait> {
    let given: Vec<&str> = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]
        .into_iter()
        .filter(|field| fields.get(field).is_some())
        .collect();
    match given.as_slice() {
        [one] if one.starts_with("Seconds") => fields
            .number_setting("Seconds", "SecondsPath", 0.0, MAX_SECONDS)
            .map(Wait::Seconds),
        [_] => fields.setting("Timestamp", "TimestampPath").map(Wait::Timestamp),
        [] | [_, ..] => {
            let path = fields.path.clone();
            let finding = Finding::error(
                path,
                format!("a Wait says once how long, and this one {} times", given.len()),
            );
            fields
                .findings
                .push(finding.hint("exactly one of Seconds and Timestamp (or SecondsPath, TimestampPath)"));
            None
        }
    }
}

pub(super) fn reader(fields: &mut Fields<'_, '_>, field: &str) -> Option<Reader> {
    let object = fields.object(field)?;
    let (path, language) = (fields.at(field), fields.language);
    let mut inner = Fields {
        object,
        path,
        language,
        findings: &mut *fields.findings,
    };
    let arguments = match language {
        QueryLanguage::Jsonata => inner.template("Arguments"),
        QueryLanguage::JsonPath => inner.template("Parameters"),
    };
    let max_items = match object.get("ReaderConfig").and_then(Value::as_object) {
        Some(object) => {
            let path = inner.at("ReaderConfig");
            Fields {
                object,
                path,
                language,
                findings: &mut *inner.findings,
            }
            .setting("MaxItems", "MaxItemsPath")
        }
        None => None,
    };
    Some(Reader {
        resource: inner.string("Resource").unwrap_or_default().into(),
        arguments,
        max_items,
    })
}

pub(super) fn batcher(fields: &mut Fields<'_, '_>) -> Option<Batcher> {
    let object = fields.object("ItemBatcher")?;
    let (path, language) = (fields.at("ItemBatcher"), fields.language);
    let mut inner = Fields {
        object,
        path,
        language,
        findings: &mut *fields.findings,
    };
    Some(Batcher {
        max_items: inner.setting("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
        max_bytes: inner.setting("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
        input: inner.template("BatchInput"),
    })
}
