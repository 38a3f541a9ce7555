//! What machines have in common is said the same way in each. Amazon States Language knows no include, so a state that is mended in
//! one machine has to be mended in the others; this says which.

use std::collections::BTreeMap;

use domain::names::Recovery;
use serde_json::Value;

use crate::definitions::{Definition, all, states_of};

/// How every run ends: it is recorded, people hear of it, and the lock goes.
const TAIL: [&str; 11] = [
    "RecordRun",
    "TellPeople",
    "ReleaseLock",
    "Done",
    "LeaveItToTheOther",
    "RecordFailure",
    "PagePeople",
    "ReleaseLockAfterPage",
    "Paged",
    "ReleaseLockUnheard",
    "Unheard",
];

/// The two machines that move a system between Regions that are both well. They differ in what comes before the move.
const PLANNED: [Recovery; 2] = [Recovery::SwitchOverRegion, Recovery::FailBackRegion];

/// A state without where it leads and what is said about it.
fn place_taken_off(state: &Value) -> Value {
    let mut state = state.clone();
    if let Some(state) = state.as_object_mut() {
        state.retain(|key, _| !["Next", "Comment", "Default", "Choices"].contains(&key.as_str()));
    }
    for rule in state["Catch"].as_array_mut().into_iter().flatten() {
        if let Some(rule) = rule.as_object_mut() {
            rule.remove("Next");
        }
    }
    state
}

/// And without how long it is tried: a move has more patience than a recovery inside a Region.
fn patience_taken_off(state: &Value) -> Value {
    let mut state = place_taken_off(state);
    if let Some(state) = state.as_object_mut() {
        state.remove("Retry");
    }
    if let Some(payload) = state["Arguments"]["Payload"].as_object_mut() {
        payload.remove("deadline");
    }
    state
}

fn states(definition: &Definition) -> BTreeMap<&str, &Value> {
    let mut states = BTreeMap::new();
    states_of(&definition.json, &mut states);
    states
}

#[test]
fn every_run_ends_the_same_way_in_every_machine() {
    let definitions = all();
    for name in TAIL {
        let mut first: Option<(&str, Value)> = None;
        let mut said = 0;
        for definition in &definitions {
            let Some(state) = states(definition).remove(name) else {
                continue;
            };
            said += 1;
            let state = patience_taken_off(state);
            match &first {
                None => first = Some((definition.name.as_str(), state)),
                Some((other, known)) => {
                    assert_eq!(&state, known, "{name} of {} and of {other}", definition.name);
                }
            }
        }
        assert!(said >= 7, "only {said} machines have {name}");
    }
}

#[test]
fn both_planned_moves_say_what_they_share_word_for_word() {
    let definitions = all();
    let moves: Vec<_> = definitions
        .iter()
        .filter(|definition| PLANNED.contains(&definition.recovery))
        .map(states)
        .collect();
    let [one, other] = moves.as_slice() else {
        panic!("{} planned moves", moves.len())
    };
    let mut shared = 0;
    for (name, state) in one {
        let Some(same) = other.get(name) else { continue };
        // The states in the branches of a Parallel state are compared one by one.
        if state["Branches"].is_array() {
            continue;
        }
        assert_eq!(place_taken_off(state), place_taken_off(same), "{name}");
        shared += 1;
    }
    assert!(shared >= 40, "only {shared} states are shared");
}
