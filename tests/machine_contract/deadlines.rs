//! Time: every wait is bounded, and a lock outlives the longest run that may hold it.

use std::collections::{BTreeMap, BTreeSet};

use domain::journal::lease;
use domain::step::{Error, SETTLED_SECONDS};
use domain::system::region_failover::LONGEST_TTL;
use serde_json::Value;
use statemachines::{StateInfo, StateType};

use crate::definitions::{Definition, Task, all, states_of};
use crate::play::{Turn, play, refusing, ways};
use crate::understudy::Situation;

/// The longest that one attempt at a function takes, in seconds: every state that waits for one gives it as much.
const FUNCTION: f64 = 10.0;

/// The longest that a run can take, in seconds, over the worst of all paths.
pub(crate) fn worst_case(definition: &Definition) -> f64 {
    let states = definition.machine.states();
    let costs: BTreeMap<&str, f64> = definition
        .tasks()
        .iter()
        .map(|task| (task.name, longest(task)))
        .collect();
    let mut written = BTreeMap::new();
    states_of(&definition.json, &mut written);
    let branches = written
        .iter()
        .map(|(name, state)| {
            let branches = state["Branches"].as_array().into_iter().flatten();
            (
                *name,
                branches.filter_map(|branch| branch["StartAt"].as_str()).collect(),
            )
        })
        .collect();
    let chart = Chart {
        states,
        costs,
        branches,
    };
    chart.from(definition.machine.start_at(), &mut BTreeSet::new())
}

/// States, what each costs, and where the branches of each begin.
struct Chart<'m> {
    states: Vec<StateInfo<'m>>,
    costs: BTreeMap<&'m str, f64>,
    branches: BTreeMap<&'m str, Vec<&'m str>>,
}

/// The machine's own time-out, in seconds.
fn time_out(definition: &Definition) -> f64 {
    number(&definition.json, "TimeoutSeconds")
}

impl<'m> Chart<'m> {
    fn from(&self, name: &'m str, above: &mut BTreeSet<&'m str>) -> f64 {
        assert!(
            above.insert(name),
            "{name} leads back to itself: say here how often"
        );
        let state = self
            .states
            .iter()
            .find(|state| state.name == name)
            .expect("a state");
        let longest = |names: &mut dyn Iterator<Item = &&'m str>, above: &mut BTreeSet<&'m str>| {
            names.map(|name| self.from(name, above)).fold(0.0, f64::max)
        };
        let own = match state.state_type {
            StateType::Task => self.costs[name],
            StateType::Pass | StateType::Choice | StateType::Succeed | StateType::Fail => 0.0,
            // The one wait there is: until resolvers have forgotten their answer.
            StateType::Wait => LONGEST_TTL.std().as_secs_f64(),
            StateType::Parallel => longest(&mut self.branches[name].iter(), above),
            StateType::Map => panic!("say here how long {name} takes"),
        };
        let next: Vec<&'m str> = state.next.to_vec();
        let after = longest(&mut next.iter(), above);
        above.remove(name);
        own + after
    }
}

/// A state that waits until its deadline, is asked once more just before, and then fails in every way that no deadline
/// bounds, with every attempt as slow as it may be.
fn longest(task: &Task<'_>) -> f64 {
    let time_out = number(task.json, "TimeoutSeconds");
    let asks_a_person = task.json["Resource"]
        .as_str()
        .is_some_and(|resource| resource.ends_with(".waitForTaskToken"));
    // A function that asks a person answers as fast as any other; the rest is the person's time.
    let attempt = if asks_a_person { FUNCTION } else { time_out };
    let waits = deadline(task).map_or(0.0, |seconds| {
        let pauses = retriers(task)
            .filter(|retrier| is_bounded(task, retrier))
            .map(pause);
        let asked_once_more = if asks_a_person { attempt } else { 0.0 };
        seconds + pauses.fold(0.0, f64::max) + asked_once_more
    });
    let faults = retriers(task).filter(|retrier| !is_bounded(task, retrier));
    waits + time_out + faults.map(|retrier| retried(retrier, attempt)).sum::<f64>()
}

/// Whether the deadline ends what this retrier tries again: the function itself answers every error that it names.
fn is_bounded(task: &Task<'_>, retrier: &Value) -> bool {
    let bounded = [
        Error::NOT_YET,
        Error::UNSETTLED,
        Error::THROTTLED,
        Error::UNAVAILABLE,
    ];
    deadline(task).is_some() && names(retrier).iter().all(|name| bounded.contains(name))
}

/// The longest that a retrier waits between two attempts, in seconds.
fn pause(retrier: &Value) -> f64 {
    let interval = number(retrier, "IntervalSeconds");
    if number(retrier, "BackoffRate") > 1.0 {
        number(retrier, "MaxDelaySeconds")
    } else {
        interval
    }
}

fn retried(retrier: &Value, attempt: f64) -> f64 {
    let cap = retrier["MaxDelaySeconds"].as_f64().unwrap_or(f64::INFINITY);
    let rate = retrier["BackoffRate"].as_f64().unwrap_or(2.0);
    let mut delay = number(retrier, "IntervalSeconds");
    let mut seconds = 0.0;
    for _ in 0..number(retrier, "MaxAttempts") as u64 {
        seconds += delay.min(cap) + attempt;
        delay *= rate;
    }
    seconds
}

fn retriers<'t>(task: &Task<'t>) -> impl Iterator<Item = &'t Value> {
    task.json["Retry"].as_array().into_iter().flatten()
}

fn names(retrier: &Value) -> Vec<&str> {
    let names = retrier["ErrorEquals"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}

fn not_yet<'t>(task: &Task<'t>) -> &'t Value {
    retriers(task)
        .find(|retrier| names(retrier).contains(&Error::NOT_YET))
        .unwrap_or_else(|| panic!("{} waits for nothing", task.name))
}

/// The seconds of the deadline that the payload carries.
fn deadline(task: &Task<'_>) -> Option<f64> {
    task.json["Arguments"]["Payload"]["deadline"]["seconds"].as_f64()
}

fn number(of: &Value, key: &str) -> f64 {
    of[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key} must be a number that stands there: {of}"))
}

#[test]
fn whoever_waits_has_a_deadline_and_tries_often_enough_to_reach_it() {
    let mut waiting = 0;
    for definition in all() {
        for task in definition.tasks() {
            let waits = retriers(&task).any(|retrier| names(retrier).contains(&Error::NOT_YET));
            if !waits {
                continue;
            }
            let seconds = deadline(&task)
                .unwrap_or_else(|| panic!("{}: {} waits for ever", definition.name, task.name));
            let retrier = not_yet(&task);
            let within = number(retrier, "MaxAttempts") * number(retrier, "IntervalSeconds");
            assert_eq!(within, seconds, "{}: {}", definition.name, task.name);
            assert_eq!(
                number(retrier, "BackoffRate"),
                1.0,
                "{}: {} waits at a fixed interval",
                definition.name,
                task.name
            );
            waiting += 1;
        }
    }
    assert!(waiting >= 4, "only {waiting} states wait for anything");
}

/// A run that fails right after it acted asks its undo at once, and a look may be older than the act.
#[test]
fn every_undo_and_nothing_else_waits_until_a_look_can_be_believed() {
    let mut undos = 0;
    for definition in all() {
        for task in definition.tasks() {
            let comment = task.json["Comment"].as_str().unwrap_or_default();
            let is_undo = comment.starts_with("The undo of ");
            let case = format!("{}: {}", definition.name, task.name);
            let settled = &task.json["Arguments"]["Payload"]["deadline"]["settled"];
            let retrier = retriers(&task).find(|retrier| names(retrier).contains(&Error::UNSETTLED));
            assert_eq!(retrier.is_some(), is_undo, "{case}");
            assert_eq!(settled.as_u64(), is_undo.then_some(SETTLED_SECONDS), "{case}");
            if let Some(retrier) = retrier {
                assert_eq!(
                    number(retrier, "IntervalSeconds"),
                    SETTLED_SECONDS as f64,
                    "{case}"
                );
                let within = number(retrier, "MaxAttempts") * number(retrier, "IntervalSeconds");
                let seconds = deadline(&task).expect("it has a deadline");
                assert!(
                    (seconds..seconds + SETTLED_SECONDS as f64).contains(&within),
                    "{case}"
                );
                undos += 1;
            }
        }
    }
    assert!(undos >= 12, "only {undos} undos");
}

#[test]
fn whoever_has_a_deadline_waits_out_until_then_what_passes() {
    for definition in all() {
        for task in definition.tasks() {
            let Some(seconds) = deadline(&task) else { continue };
            for error in [Error::THROTTLED, Error::UNAVAILABLE] {
                let retrier = retriers(&task)
                    .find(|retrier| names(retrier).contains(&error))
                    .expect("a test of the names holds that every state retries it");
                let case = format!("{}: {}, {error}", definition.name, task.name);
                assert!(is_bounded(&task, retrier), "{case}: no deadline ends it");
                assert_eq!(retrier["JitterStrategy"], "FULL", "{case}");
                // With full jitter a pause is half of its bound on average; half as long again is what luck may take.
                let likely = retried(retrier, 0.0) / 2.0;
                assert!(
                    likely >= seconds * 1.5,
                    "{case}: it would give up after {likely} s, and has {seconds} s"
                );
            }
        }
    }
}

/// Nothing else is left to be done for a system whose recovery failed: people must hear of it, and its lock must go.
#[test]
fn the_failure_path_outlasts_a_minute_without_answers() {
    for definition in all() {
        let left_alone = play(&definition, Situation::Down, |_, _| Turn::Answers);
        // What comes after the lock.
        let first = left_alone.calls[1].state.as_str();
        let fails = play(&definition, Situation::Down, refusing(&BTreeSet::from([first])));
        let failed = fails.calls.iter().position(|call| call.failed.is_some());
        let path = &fails.calls[failed.expect("it was refused") + 1..];
        assert!(path.len() >= 3, "{}: recorded, paged, released", definition.name);
        for call in path {
            assert!(
                call.deadline.is_some_and(|deadline| deadline.seconds >= 60),
                "{}: {}",
                definition.name,
                call.state
            );
        }
    }
}

#[test]
fn a_deadline_begins_when_its_state_is_entered_and_stays_while_it_is_tried_again() {
    for definition in all() {
        let all_ways = Situation::ALL.map(|situation| (situation, ways(&definition, situation)));
        for task in definition.tasks().iter().filter(|task| deadline(task).is_some()) {
            let way = all_ways
                .iter()
                .find_map(|(situation, ways)| Some((*situation, ways.get(task.name)?)));
            let (situation, failing) = way.expect("a test of the payloads holds that every state is led to");
            let retried = retriers(task).filter(|retrier| is_bounded(task, retrier));
            for error in retried.flat_map(names) {
                let play = play(&definition, situation, |state, attempt| {
                    if state == task.name {
                        Turn::Fails(error)
                    } else {
                        refusing(failing)(state, attempt)
                    }
                });
                let case = format!("{}: {}, {error}", definition.name, task.name);
                let calls: Vec<_> = play.calls.iter().filter(|call| call.state == task.name).collect();
                let entered = calls[0].at;
                for call in &calls {
                    let since = call.deadline.expect("one").since;
                    assert_eq!(since, entered, "{case}");
                }
                let last = calls.last().and_then(|call| call.failed.as_deref());
                assert_eq!(last, Some(Error::DEADLINE_PASSED), "{case}");
                let seconds = deadline(task).expect("one");
                assert!(
                    play.seconds >= seconds,
                    "{case}: gave up after {} s",
                    play.seconds
                );
            }
        }
    }
}

#[test]
fn every_run_ends_before_its_own_time_out_and_that_before_its_lock_expires() {
    for definition in all() {
        let (worst, time_out) = (worst_case(&definition), time_out(&definition));
        let lease = lease(definition.recovery).std().as_secs_f64();
        assert!(
            worst < time_out && time_out < lease,
            "{}: {worst} s at worst, time-out {time_out} s, lease {lease} s",
            definition.name
        );
    }
}
