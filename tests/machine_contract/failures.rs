//! A failure at every state: people hear of it, the lock is released last, and nothing more is done to the system.

use std::collections::BTreeSet;

use domain::step::Error;

use crate::deadlines::worst_case;
use crate::definitions::{Task, all};
use crate::payloads::asked;
use crate::play::{Call, Play, TIMEOUT, Turn, play, refusing, way_to};
use crate::understudy::{Asked, Situation};

const SITUATIONS: [Situation; 2] = [Situation::Down, Situation::Well];

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
        for (situation, outcome) in [(Situation::Down, "recovered"), (Situation::Well, "stood-down")] {
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
            for Task { name, .. } in definition.tasks() {
                let Some(failing) = way_to(&definition, situation, name) else {
                    continue;
                };
                for error in errors() {
                    let play = play(&definition, situation, |state, attempt| {
                        if state == name {
                            Turn::Fails(error)
                        } else {
                            refusing(&failing)(state, attempt)
                        }
                    });
                    let case = format!("{}, {situation:?}: {name} fails with {error}", definition.name);
                    assert!(play.seconds <= worst, "{case}: it took {} s", play.seconds);
                    if asked[name].takes_the_lock() && error == Error::LOCK_HELD {
                        left_to_the_other(&play, &case);
                    } else {
                        let failing = failing.iter().copied().chain([name]).collect();
                        ended_as_it_must(&play, &failing, &case);
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
                if play.calls.iter().any(|call| call.failed.is_some()) {
                    ended_as_it_must(&play, &failing, &case);
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
            for Task { name, info, .. } in definition.tasks() {
                let Some(failing) = way_to(&definition, situation, name) else {
                    continue;
                };
                let undisturbed = play(&definition, situation, refusing(&failing));
                for error in info.retry.iter().flat_map(|retrier| retrier.error_equals) {
                    let play = play(&definition, situation, |state, attempt| {
                        if state == name && attempt < 2 {
                            Turn::Fails(error)
                        } else {
                            refusing(&failing)(state, attempt)
                        }
                    });
                    let case = format!("{}, {situation:?}: {name}, {error}", definition.name);
                    assert_eq!(play.ending(), undisturbed.ending(), "{case}");
                    assert_eq!(play.states(), undisturbed.states(), "{case}");
                    let tries = play.calls.iter().filter(|call| call.state == name).count();
                    assert_eq!(tries, 3, "{case}");
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
            assert_eq!(play.states(), undisturbed.states(), "{}", definition.name);
            assert_eq!(
                play.calls.len(),
                2 * undisturbed.calls.len(),
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
    assert_eq!(play.calls.len(), 1, "{case}: it did more than ask for the lock");
}

/// A person has it, or the execution itself raises the alarm; and the lock was the last thing touched.
fn ended_as_it_must(play: &Play, failing: &BTreeSet<&str>, case: &str) {
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

    let gave_up = play
        .calls
        .windows(2)
        .position(|two| two[0].failed.is_some() && two[0].state != two[1].state)
        .expect("something failed");
    let after = &play.calls[gave_up + 1..];
    assert!(
        !after.iter().any(cannot_be_undone),
        "{case}: it went on with what cannot be undone"
    );
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
