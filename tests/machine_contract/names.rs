//! The names of errors: what a machine matches exists, and what a step can answer is matched on purpose.

use std::collections::BTreeSet;

use domain::step::Error;
use statemachines::ErrorRule;

use crate::definitions::{Task, all};
use crate::payloads::asked;

/// They pass, so every state waits and tries again.
const RETRIED: [&str; 2] = [Error::THROTTLED, Error::UNAVAILABLE];

/// Trying again hardly helps, and is right only while users have nothing else to wait for.
const RETRIED_WHILE_USERS_WAIT: [&str; 1] = [Error::REFUSED];

/// Trying again cannot help, or is wrong.
const NEVER_RETRIED: [&str; 5] = [
    Error::UNSAFE,
    Error::LOCK_HELD,
    Error::LOCK_LOST,
    Error::DEADLINE_PASSED,
    Error::INVALID_INPUT,
];

/// What takes every error, or nearly.
const WILDCARDS: [&str; 2] = ["States.ALL", "States.TaskFailed"];

/// Whether AWS, or our runtime, gives errors such names.
fn is_given_from_outside(name: &str) -> bool {
    let families = ["States.", "Lambda.", "Sandbox.", "Runtime."];
    name == runtime::PANIC || families.iter().any(|family| name.starts_with(family))
}

fn names<'m>(rules: &[ErrorRule<'m>]) -> BTreeSet<&'m str> {
    let all = rules.iter().flat_map(|rule| rule.error_equals);
    all.map(String::as_str).collect()
}

#[test]
fn every_error_that_a_machine_names_exists() {
    for definition in all() {
        for Task { name, info, .. } in definition.tasks() {
            for error in names(&info.retry).union(&names(&info.catch)) {
                assert!(
                    Error::NAMES.contains(error) || is_given_from_outside(error),
                    "{}: {name} names `{error}`, which nothing answers",
                    definition.name
                );
            }
        }
    }
}

#[test]
fn what_is_to_be_done_about_every_error_is_decided_here() {
    let mut decided: Vec<&str> = [
        &RETRIED[..],
        &RETRIED_WHILE_USERS_WAIT,
        &NEVER_RETRIED,
        &[Error::NOT_YET, Error::UNSETTLED],
    ]
    .concat();
    let mut all = Error::NAMES.to_vec();
    decided.sort_unstable();
    all.sort_unstable();
    assert_eq!(decided, all);
}

#[test]
fn what_passes_is_tried_again_by_every_state() {
    for definition in all() {
        let asked = asked(&definition);
        for Task { name, info, .. } in definition.tasks() {
            for error in RETRIED.into_iter().chain([runtime::PANIC, "States.Timeout"]) {
                // Nobody answered in time: asking again would begin to wait all over again.
                if asked[name].waits_for_a_person() && error == "States.Timeout" {
                    assert!(!names(&info.retry).contains(error), "{}: {name}", definition.name);
                    continue;
                }
                assert!(
                    names(&info.retry).contains(error),
                    "{}: {name} does not retry {error}",
                    definition.name
                );
            }
        }
    }
}

#[test]
fn not_yet_is_waited_for_exactly_where_it_can_be_answered() {
    for definition in all() {
        let asked = asked(&definition);
        for Task { name, info, .. } in definition.tasks() {
            assert_eq!(
                names(&info.retry).contains(Error::NOT_YET),
                asked[name].may_take_time(),
                "{}: {name}",
                definition.name
            );
        }
    }
}

#[test]
fn what_cannot_be_helped_is_never_tried_again() {
    for definition in all() {
        for Task { name, info, .. } in definition.tasks() {
            let retried = names(&info.retry);
            for error in NEVER_RETRIED.into_iter().chain(WILDCARDS) {
                assert!(
                    !retried.contains(error),
                    "{}: {name} retries {error}",
                    definition.name
                );
            }
        }
    }
}

#[test]
fn a_refusal_is_tried_again_exactly_where_users_wait_for_it() {
    for definition in all() {
        let asked = asked(&definition);
        for Task { name, info, .. } in definition.tasks() {
            for error in RETRIED_WHILE_USERS_WAIT {
                assert_eq!(
                    names(&info.retry).contains(error),
                    asked[name].users_wait_for_it(),
                    "{}: {name}",
                    definition.name
                );
            }
        }
    }
}

#[test]
fn a_lock_that_another_run_holds_is_told_from_every_other_failure() {
    for definition in all() {
        let asked = asked(&definition);
        for Task { name, info, .. } in definition.tasks() {
            assert_eq!(
                names(&info.catch).contains(Error::LOCK_HELD),
                asked[name].takes_the_lock(),
                "{}: {name}",
                definition.name
            );
        }
    }
}

#[test]
fn every_state_catches_whatever_is_left() {
    for definition in all() {
        for Task { name, info, .. } in definition.tasks() {
            let last = info.catch.last().map(|rule| rule.error_equals.to_vec());
            assert_eq!(
                last,
                Some(vec!["States.ALL".to_owned()]),
                "{}: {name}",
                definition.name
            );
        }
    }
}
