//! Expressions that parse and still cannot work: a part of `$states` that is not there, a function that nobody has.

use super::variables::each_template;
use crate::finding::Finding;
use crate::machine::{Kind, QueryLanguage, SettingValue, State};
use crate::query::{Expression, Template};

pub(super) fn check(state: &State, findings: &mut Vec<Finding>) {
    let has_result = match &state.kind {
        Kind::Task(_) | Kind::Parallel { .. } | Kind::Map(_) => true,
        Kind::Pass { .. } | Kind::Choice { .. } | Kind::Wait(_) | Kind::Succeed | Kind::Fail { .. } => false,
    };
    each_template(state, &mut |field, template| {
        template.each(&mut |leaf| match leaf {
            Template::Jsonata(expression) => {
                let place = format!("{}.{field}", state.path);
                let after = field == "Output" || field.starts_with("Assign.");
                look(
                    expression,
                    &place,
                    has_result && after,
                    field.starts_with("Catch["),
                    findings,
                );
            }
            Template::Literal(_) | Template::Reference(_) | Template::Array(_) | Template::Object(_) => {}
        });
        if state.language == QueryLanguage::JsonPath {
            literals(template, &format!("{}.{field}", state.path), findings);
        }
    });
    if let Kind::Task(task) = &state.kind {
        let number = |setting: &Option<crate::machine::Setting>| match setting.as_ref().map(|set| &set.value)
        {
            Some(SettingValue::Literal(value)) => value.as_f64(),
            Some(SettingValue::Jsonata(_) | SettingValue::Path(_)) | None => None,
        };
        if let Some((heartbeat, timeout)) = number(&task.heartbeat).zip(number(&task.timeout))
            && heartbeat >= timeout
        {
            findings.push(
                Finding::error(
                    format!("{}.HeartbeatSeconds", state.path),
                    format!("the heartbeat ({heartbeat} s) is not shorter than the timeout ({timeout} s)"),
                )
                .hint("several heartbeats fit into TimeoutSeconds"),
            );
        }
    }
}

fn look(
    expression: &Expression,
    place: &str,
    has_result: bool,
    has_error: bool,
    findings: &mut Vec<Finding>,
) {
    if expression.reads_result() && !has_result {
        findings.push(
            Finding::error(
                place,
                "$states.result is not there yet, or never: this state has no result here",
            )
            .hint("it is known in Output and Assign of Task, Parallel and Map"),
        );
    }
    if expression.reads_error_output() && !has_error {
        findings.push(
            Finding::error(place, "$states.errorOutput is known only in a Catch")
                .hint("use it in Catch's Output or Assign"),
        );
    }
    if let Some(name) = expression.top_level_reference() {
        findings.push(
            Finding::error(
                place,
                format!("reference to '{name}' at the top level: there is no context there"),
            )
            .hint("the input is $states.input, the result $states.result, a variable $name"),
        );
    }
    for name in expression.unknown_functions() {
        findings.push(
            Finding::error(place, format!("there is no function ${name} (T1006)"))
                .hint("JSONata's functions and Step Functions' $partition, $range, $hash, $random, $uuid, $parse; no $eval"),
        );
    }
}

/// A JSONata expression in a JSONPath state stays a text.
fn literals(template: &Template, place: &str, findings: &mut Vec<Finding>) {
    match template {
        Template::Literal(value) => {
            if value.to_string().contains("\"{%") {
                findings.push(
                    Finding::warning(
                        place,
                        "a text that looks like JSONata in a JSONPath state stays as it is",
                    )
                    .hint("say \"QueryLanguage\": \"JSONata\""),
                );
            }
        }
        Template::Jsonata(_) | Template::Reference(_) => {}
        Template::Array(items) => items.iter().for_each(|item| literals(item, place, findings)),
        Template::Object(fields) => fields
            .iter()
            .for_each(|(_, field)| literals(field, place, findings)),
    }
}
