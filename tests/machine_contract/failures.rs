//! A failure at every state: people hear of it, the lock is released last, and nothing more is done to the system.

use std::collections::{BTreeMap, BTreeSet};

use domain::step::Error;
use serde_json::Value;

use crate::deadlines::worst_case;
use crate::definitions::{Definition, Task, all, states_of};
use crate::payloads::asked;
use crate::play::{Call, Play, TIMEOUT, Turn, play, refusing, ways};
use crate::understudy::{Asked, Situation};

const SITUATIONS: [Situation; 4] = Situation::ALL;

/// How a machine ends that could tell people.
const PAGED: &str = "Paged";

/// How a machine ends that could tell nobody: the failed execution itself is what is seen.
const UNHEARD: &str = "Unheard";

/// Every error of the step contract, and one of each other origin.
fn errors() -> Vec<&'static str> {
    let outside = ["Lambda.Unknown", runtime::PANIC, TIMEOUT];
    Error::NAMES.into_iter().chain(outside).collect()
}

#[test]
fn left_alone_every_machine_ends_well() {
    for definition in all() {
        let asks = definition.json.to_string().contains("approval-asked");
        let unwanted = if asks { "rolled-back" } else { "recovered" };
        for (situation, outcome) in [
            (Situation::Down, "recovered"),
            (Situation::Well, "stood-down"),
            (Situation::Unwanted, unwanted),
            (Situation::Desperate, "recovered"),
        ] {
            let play = play(&definition, situation, |_, _| Turn::Answers);
            let (status, _, output) = play.ending();
            assert_eq!(status, "SUCCEEDED", "{}", definition.name);
            assert_eq!(output.map(|output| &output["outcome"]), Some(&outcome.into()));
            assert!(play.calls.last().is_some_and(releases), "{}", definition.name);
            let told = play.calls.iter().filter(|call| told(call)).count();
            assert_eq!(told, 1, "{}: people hear of it once", definition.name);
        }
    }
}

#[test]
fn a_machine_that_finds_all_well_changes_nothing() {
    for definition in all() {
        let play = play(&definition, Situation::Well, |_, _| Turn::Answers);
        assert!(!play.calls.iter().any(cannot_be_undone), "{}", definition.name);
    }
}

#[test]
fn whatever_fails_for_good_people_hear_of_it_and_the_lock_is_released() {
    let mut cases = 0;
    for definition in all() {
        let asked = asked(&definition);
        let worst = worst_case(&definition);
        for situation in SITUATIONS {
            let ways = ways(&definition, situation);
            for Task { name, .. } in definition.tasks() {
                let Some(failing) = ways.get(name) else {
                    continue;
                };
                for error in errors() {
                    let play = play(&definition, situation, |state, attempt| {
                        if state == name {
                            Turn::Fails(error)
                        } else {
                            refusing(failing)(state, attempt)
                        }
                    });
                    let case = format!("{}, {situation:?}: {name} fails with {error}", definition.name);
                    assert!(play.seconds <= worst, "{case}: it took {} s", play.seconds);
                    if asked[name].takes_the_lock() && error == Error::LOCK_HELD {
                        left_to_the_other(&play, &case);
                    } else if !rescued(&play) && !forgiven(&definition, name, error, &play) {
                        let failing = failing.iter().copied().chain([name]).collect();
                        ended_as_it_must(&definition, &play, &failing, &case);
                    }
                    cases += 1;
                }
            }
        }
        // Each state in at least one situation, with each error.
        let least = definition.tasks().len() * errors().len();
        assert!(
            cases >= least,
            "only {cases} of at least {least} cases were played"
        );
    }
}

#[test]
fn whichever_two_states_fail_people_hear_of_it_and_the_lock_is_released() {
    let mut cases = 0;
    for definition in all() {
        let tasks: Vec<&str> = definition.tasks().iter().map(|task| task.name).collect();
        for situation in SITUATIONS {
            for (first, second) in pairs(&tasks) {
                let failing = BTreeSet::from([first, second]);
                let play = play(&definition, situation, refusing(&failing));
                let case = format!("{}, {situation:?}: {first} and {second} fail", definition.name);
                if play.calls.iter().any(went_wrong) && !rescued(&play) {
                    ended_as_it_must(&definition, &play, &failing, &case);
                    cases += 1;
                }
            }
        }
    }
    assert!(cases >= 80, "only {cases} cases were played");
}

#[test]
fn whatever_passes_after_two_attempts_changes_nothing() {
    let mut cases = 0;
    for definition in all() {
        for situation in SITUATIONS {
            let ways = ways(&definition, situation);
            for Task { name, info, json } in definition.tasks() {
                let Some(failing) = ways.get(name) else {
                    continue;
                };
                let settles = json["Arguments"]["Payload"]["deadline"]["settled"].is_u64();
                let undisturbed = play(&definition, situation, refusing(failing));
                for error in info.retry.iter().flat_map(|retrier| retrier.error_equals) {
                    let play = play(&definition, situation, |state, attempt| {
                        if state == name && attempt < 2 {
                            Turn::Fails(error)
                        } else {
                            refusing(failing)(state, attempt)
                        }
                    });
                    let case = format!("{}, {situation:?}: {name}, {error}", definition.name);
                    assert_eq!(play.ending(), undisturbed.ending(), "{case}");
                    assert_eq!(visited(&play), visited(&undisturbed), "{case}");
                    let tries = play.calls.iter().filter(|call| call.state == name).count();
                    // An undo that answers too early is asked once more.
                    assert!((3..=3 + usize::from(settles)).contains(&tries), "{case}: {tries}");
                    cases += 1;
                }
            }
        }
        let least = definition.tasks().len() * 10;
        assert!(
            cases >= least,
            "only {cases} of at least {least} cases were played"
        );
    }
}

#[test]
fn a_machine_whose_every_first_answer_is_lost_still_recovers() {
    for definition in all() {
        for situation in SITUATIONS {
            let undisturbed = play(&definition, situation, |_, _| Turn::Answers);
            let play = play(&definition, situation, |_, attempt| match attempt {
                0 => Turn::LosesItsAnswer,
                _ => Turn::Answers,
            });
            assert_eq!(play.ending(), undisturbed.ending(), "{}", definition.name);
            assert_eq!(visited(&play), visited(&undisturbed), "{}", definition.name);
            assert_eq!(
                play.calls.len(),
                2 * visited(&undisturbed).len(),
                "{}: each state is asked twice",
                definition.name
            );
        }
    }
}

/// Another run holds the lock: that run tells people, and this one touches nothing.
fn left_to_the_other(play: &Play, case: &str) {
    let (status, error, output) = play.ending();
    assert_eq!((status, error), ("SUCCEEDED", None), "{case}");
    assert_eq!(
        output.map(|output| &output["outcome"]),
        Some(&"left-to-the-other".into()),
        "{case}"
    );
    let [asked, released @ ..] = play.calls.as_slice() else {
        panic!("{case}: it did not ask for the lock");
    };
    assert!(asked.failed.is_some(), "{case}");
    // An earlier execution of the same run may have left the other Region's lock.
    assert!(
        released.iter().all(releases),
        "{case}: it did more than ask for the lock"
    );
}

/// A person has it, or the execution itself raises the alarm; and the lock was the last thing touched.
fn ended_as_it_must(definition: &Definition, play: &Play, failing: &BTreeSet<&str>, case: &str) {
    let (status, error, _) = play.ending();
    assert_eq!(status, "FAILED", "{case}");

    let pages: Vec<&Call> = play.calls.iter().filter(|call| is_page(call)).collect();
    let heard = pages.iter().filter(|page| page.failed.is_none()).count();
    match heard {
        0 => {
            assert_eq!(error, Some(UNHEARD), "{case}");
            assert!(!pages.is_empty(), "{case}: nobody was paged");
            let at_fault = pages.iter().all(|page| failing.contains(page.state.as_str()));
            assert!(at_fault, "{case}: a page failed by itself");
        }
        1 => assert_eq!(error, Some(PAGED), "{case}"),
        more => panic!("{case}: people were paged {more} times"),
    }
    for page in pages {
        let record = page.asked.as_ref().ok().and_then(Asked::tells_people);
        let blamed = record
            .and_then(|record| record.failure.as_ref())
            .expect("a page says why");
        assert!(
            failing.contains(blamed.state.as_str()),
            "{case}: {} is blamed",
            blamed.state
        );
    }

    let last = play.calls.last().expect("something was called");
    assert!(
        releases(last),
        "{case}: {} came after the lock was released",
        last.state
    );
    assert!(
        last.failed.is_none() || failing.contains(last.state.as_str()),
        "{case}: {} failed by itself",
        last.state
    );

    if resorted(play) {
        // What came after a promotion that failed came after one that did not.
        return;
    }
    let matters = |call: &Call| given_up(play, call) && !understood(call).can_be_done_without();
    let Some(gave_up) = play.calls.iter().position(matters) else {
        return;
    };
    let (failed, after) = (&play.calls[gave_up], &play.calls[gave_up + 1..]);
    let went_on = |call: &&Call| cannot_be_undone(call) && !beside(definition, failed, call);
    assert!(
        !after
            .iter()
            .any(|call| went_on(&call) && !understood(call).is_the_last_resort()),
        "{case}: it went on with what cannot be undone"
    );
}

/// An undo that has to settle has not failed.
fn went_wrong(call: &Call) -> bool {
    call.failed
        .as_deref()
        .is_some_and(|error| error != Error::UNSETTLED)
}

/// Whether that was the last attempt at its state, and a failed one.
fn given_up(play: &Play, call: &Call) -> bool {
    let last = play.calls.iter().rfind(|other| other.state == call.state);
    call.failed.is_some() && last.is_some_and(|last| last.at == call.at)
}

/// Whether one state is beside the other, in another branch of the same Parallel state: what has begun there goes on.
fn beside(definition: &Definition, failed: &Call, call: &Call) -> bool {
    let branches = branches(&definition.json);
    let of = |state: &str| {
        let holds = |(_, states): &&(String, Vec<String>)| states.iter().any(|name| name == state);
        branches.iter().find(holds)
    };
    match (of(&failed.state), of(&call.state)) {
        (Some((one, failed)), Some((other, called))) => one == other && failed != called,
        _ => false,
    }
}

/// The branches there are: the Parallel state's name, and the states in the branch.
fn branches(json: &Value) -> Vec<(String, Vec<String>)> {
    let mut states = BTreeMap::new();
    states_of(json, &mut states);
    let mut found = Vec::new();
    for (name, state) in states {
        for branch in state["Branches"].as_array().into_iter().flatten() {
            let inside = branch["States"].as_object().into_iter().flatten();
            found.push((name.to_owned(), inside.map(|(name, _)| name.clone()).collect()));
        }
    }
    found
}

/// The state names the error, because the machine can do without what it asked for, and it did.
fn forgiven(definition: &Definition, state: &str, error: &str, play: &Play) -> bool {
    // What is tried again for as long as the state waits ends as this.
    let error = match error {
        Error::NOT_YET | Error::UNSETTLED | Error::THROTTLED | Error::UNAVAILABLE => Error::DEADLINE_PASSED,
        error => error,
    };
    let tasks = definition.tasks();
    let task = tasks.iter().find(|task| task.name == state);
    let named = task.is_some_and(|task| {
        let rules = task.info.catch.iter();
        rules
            .flat_map(|rule| rule.error_equals)
            .any(|named| named == error)
    });
    named && play.ending().0 == "SUCCEEDED"
}

/// A person had accepted the last resort, and it made the move succeed.
fn rescued(play: &Play) -> bool {
    play.ending().0 == "SUCCEEDED" && resorted(play)
}

/// The last resort was tried, and it worked.
fn resorted(play: &Play) -> bool {
    let worked = |call: &Call| call.failed.is_none() && understood(call).is_the_last_resort();
    play.calls.iter().any(worked)
}

/// The states that were visited. What is in two branches of one Parallel state has no order.
fn visited(play: &Play) -> BTreeSet<&str> {
    play.states().into_iter().collect()
}

fn understood(call: &Call) -> &Asked {
    call.asked
        .as_ref()
        .unwrap_or_else(|error| panic!("{}: {error}", call.state))
}

fn releases(call: &Call) -> bool {
    understood(call).releases_the_lock()
}

fn cannot_be_undone(call: &Call) -> bool {
    understood(call).cannot_be_undone()
}

fn told(call: &Call) -> bool {
    understood(call).tells_people().is_some()
}

fn is_page(call: &Call) -> bool {
    let told = understood(call).tells_people();
    told.is_some_and(|record| record.failure.is_some())
}

fn pairs<'a>(names: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let later = |index: usize| names[index + 1..].iter().copied();
    let all = names.iter().enumerate();
    all.flat_map(|(index, first)| later(index).map(|second| (*first, second)))
        .collect()
}
