//! Retry and Catch: rules that can never be the one that takes an error.

use crate::finding::Finding;
use crate::machine::State;

/// The reserved names (Step Functions Developer Guide, "Handling errors").
const RESERVED: &[&str] = &[
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.HeartbeatTimeout",
    "States.Http.Socket",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultPathMatchFailure",
    "States.ResultWriterFailed",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
];

pub(super) fn check(state: &State, findings: &mut Vec<Finding>) {
    let retry: Vec<&[String]> = state.retry.iter().map(|rule| rule.errors.as_slice()).collect();
    let catch: Vec<&[String]> = state.catch.iter().map(|rule| rule.errors.as_slice()).collect();
    list(&retry, &format!("{}.Retry", state.path), "retrier", findings);
    list(&catch, &format!("{}.Catch", state.path), "catcher", findings);
}

fn list(rules: &[&[String]], path: &str, what: &str, findings: &mut Vec<Finding>) {
    let mut taken: Vec<&str> = Vec::new();
    for (index, errors) in rules.iter().enumerate() {
        let place = format!("{path}[{index}]");
        let all = errors.iter().any(|name| name == "States.ALL");
        if all && errors.len() > 1 {
            findings.push(
                Finding::error(
                    format!("{place}.ErrorEquals"),
                    "States.ALL stands alone or not at all",
                )
                .hint("it takes the other names' errors anyway"),
            );
        }
        if taken.contains(&"States.ALL") {
            findings.push(
                Finding::error(
                    &place,
                    format!("this {what} is never matched: States.ALL comes before it"),
                )
                .hint("the rules are tried in order, and States.ALL goes last"),
            );
        } else if !errors.is_empty() && errors.iter().all(|name| covered(name, &taken)) {
            findings.push(
                Finding::warning(
                    &place,
                    format!("this {what} is never matched: the ones before it take all its errors"),
                )
                .hint("the first rule that names an error is the one that takes it"),
            );
        }
        if !errors.is_empty() && errors.iter().all(|name| name == "States.Runtime") {
            findings.push(
                Finding::warning(
                    &place,
                    format!("this {what} is never matched: nothing takes States.Runtime"),
                )
                .hint("such an error always ends the execution"),
            );
        }
        for name in errors.iter().filter(|name| name.starts_with("States.")) {
            if !RESERVED.contains(&name.as_str()) {
                findings.push(
                    Finding::error(
                        format!("{place}.ErrorEquals"),
                        format!("\"{name}\" is no reserved error name"),
                    )
                    .hint("names that start with States. are AWS's own"),
                );
            }
        }
        taken.extend(errors.iter().map(String::as_str));
    }
}

/// Whether earlier rules take every error of that name.
fn covered(name: &str, taken: &[&str]) -> bool {
    let exempt = [
        "States.Timeout",
        "States.HeartbeatTimeout",
        "States.ALL",
        "States.Runtime",
    ];
    taken.contains(&name) || (taken.contains(&"States.TaskFailed") && !exempt.contains(&name))
}
