//! Machines and steps that are broken on purpose: a prover that finds nothing in them proves nothing.

use std::sync::Arc;

use domain::names::Recovery;
use domain::step::Failure;
use rehearsal::injection::Injection;
use rehearsal::lambda::Sabotage;
use rehearsal::prove::{Bench, Follows, Known, Setting, Subject, singles};
use rehearsal::stage::Machines;
use rehearsal::world::invariant::Invariant;
use serde_json::{Value, json};

use crate::machines::{Definition, of};

/// How many trials of a subject have to find what is broken on purpose. What is subtle is for the whole space to find; these are not.
const ENOUGH: usize = 1_500;

/// Something is broken in a machine, or a step lies: the first single fault that shows it.
#[track_caller]
fn is_found(
    machine: Recovery,
    machines: Option<Arc<Machines>>,
    sabotage: Option<Sabotage>,
    expected: &[Invariant],
) {
    let mut tried = 0;
    for subject in of(machine) {
        let setting = Setting {
            machines: machines.clone(),
            sabotage,
            ..subject.course.setting.clone()
        };
        let bench = Bench::new(&setting).expect("it begins");
        let is_it = |known: &Known| {
            let broken = known.tried.violations.iter();
            broken.clone().any(|broken| expected.contains(&broken.invariant))
        };
        let without = bench.attempt(&[]);
        tried += 1;
        if is_it(&without) {
            return;
        }
        for fault in faults(subject).into_iter().take(ENOUGH) {
            tried += 1;
            if is_it(&bench.one_more(&without, &fault, Follows::Questions)) {
                return;
            }
        }
    }
    panic!("not found in {tried} trials");
}

/// Every single fault, those far apart first.
fn faults(subject: &Subject) -> Vec<Injection> {
    let all = singles(subject);
    let stride = 37;
    let apart = (0..stride).flat_map(|first| all.iter().skip(first).step_by(stride));
    apart.cloned().collect()
}

fn machine_is_found(machine: Recovery, broken: Definition, expected: &[Invariant]) {
    is_found(machine, Some(broken.among_all(machine)), None, expected);
}

const HEARD: &[Invariant] = &[Invariant::EveryRunEndsAndIsHeardOnce];

#[test]
fn the_lock_is_not_released() {
    for machine in Recovery::ALL {
        let broken = Definition::of(machine).skip("ReleaseLock", json!({}));
        machine_is_found(machine, broken, &[Invariant::LockReleased]);
    }
}

#[test]
fn the_lock_is_not_released_after_a_page() {
    for machine in [Recovery::FailOverDatabase, Recovery::FailOverRegion] {
        let broken = Definition::of(machine).skip("ReleaseLockAfterPage", json!({}));
        machine_is_found(machine, broken, &[Invariant::LockReleased]);
    }
}

#[test]
fn a_page_is_swallowed() {
    for machine in [Recovery::FailOverDatabase, Recovery::EvacuateZone] {
        let broken = Definition::of(machine).skip("PagePeople", json!({}));
        machine_is_found(machine, broken, HEARD);
    }
}

#[test]
fn people_are_not_told_of_a_recovery() {
    let machine = Recovery::RollBackDeployment;
    let broken = Definition::of(machine).skip("TellPeople", json!({}));
    machine_is_found(machine, broken, HEARD);
}

#[test]
fn people_are_told_twice() {
    let machine = Recovery::ScaleOut;
    let broken = Definition::of(machine).lead("TellPeople", "PagePeople");
    machine_is_found(machine, broken, HEARD);
}

#[test]
fn a_failure_is_not_caught() {
    let machine = Recovery::FailOverDatabase;
    let broken = Definition::of(machine).catch_nothing("AwaitNewWriter");
    machine_is_found(machine, broken, HEARD);
}

#[test]
fn nothing_is_verified() {
    let machine = Recovery::RollBackDeployment;
    let broken = Definition::of(machine)
        .lead("Redeploy", "RecordRun")
        .catch("Redeploy", "RecordRun");
    machine_is_found(
        machine,
        broken,
        &[Invariant::PromiseKept, Invariant::EveryRunEndsAndIsHeardOnce],
    );
}

#[test]
fn traffic_moves_before_the_promotion() {
    let machine = Recovery::FailOverRegion;
    let broken = Definition::of(machine).lead("IsItFrozen", "ShiftTraffic");
    let mut broken = broken;
    broken.state("WasItApproved")["Choices"][0]["Next"] = "ShiftTraffic".into();
    machine_is_found(
        machine,
        broken,
        &[
            Invariant::PromiseKept,
            Invariant::TrafficOnlyWhereWritable,
            Invariant::EveryRunEndsAndIsHeardOnce,
            Invariant::ServedOrPaged,
        ],
    );
}

#[test]
fn the_other_regions_lock_is_not_released() {
    let machine = Recovery::SwitchOverRegion;
    let broken = Definition::of(machine).skip("ReleaseOtherLock", json!({}));
    machine_is_found(machine, broken, &[Invariant::LockReleased]);
}

#[test]
fn what_was_done_is_not_undone() {
    let machine = Recovery::SwitchOverRegion;
    let mut broken = Definition::of(machine)
        .lead("RestoreCapacity", "RecordFailure")
        .catch("RestoreCapacity", "RecordFailure");
    broken.state("IsItFenced")["Default"] = "RecordFailure".into();
    machine_is_found(machine, broken, &[Invariant::NoWorse]);
}

#[test]
fn a_wait_has_no_end() {
    let machine = Recovery::FailOverDatabase;
    let mut broken = Definition::of(machine).for_ever();
    let wait = broken.state("AwaitNewWriter");
    wait["Retry"][0]["MaxAttempts"] = 99_999_999.into();
    let payload = wait["Arguments"]["Payload"].as_object_mut();
    payload.map(|payload| payload.remove("deadline"));
    let never: Sabotage = |event| answers(event, "failover-started", json!({"seen": "it began"}));
    let machines = broken.among_all(machine);
    is_found(machine, Some(machines), Some(never), &[Invariant::ServedOrPaged]);
}

/// What a step answers instead of itself.
fn answers(event: &Value, ensure: &str, output: Value) -> Option<Result<Value, Failure>> {
    (event["ensure"] == ensure).then(|| Ok(output))
}

fn step_is_found(machine: Recovery, sabotage: Sabotage, expected: &[Invariant]) {
    is_found(machine, None, Some(sabotage), expected);
}

const SEEN: &str = "2026-01-05T09:00:00Z";

#[test]
fn a_step_says_that_people_were_told_and_tells_nobody() {
    let lie: Sabotage = |event| answers(event, "people-told", json!({"at": SEEN, "seen": [], "key": "k"}));
    step_is_found(Recovery::EvacuateZone, lie, HEARD);
}

#[test]
fn a_step_says_that_it_released_the_lock() {
    let lie: Sabotage = |event| answers(event, "lock-released", json!({"at": SEEN, "seen": []}));
    step_is_found(Recovery::FailOverCache, lie, &[Invariant::LockReleased]);
}

#[test]
fn a_step_says_that_users_are_served_without_asking() {
    let lie: Sabotage = |event| {
        let seen = json!({"at": SEEN, "seen": ["they are"]});
        answers(event, "users-served", seen.clone())
            .or_else(|| answers(event, "serves-as-planned", seen.clone()))
            .or_else(|| answers(event, "redeployed", seen))
    };
    step_is_found(
        Recovery::RollBackDeployment,
        lie,
        &[Invariant::PromiseKept, Invariant::ServedOrPaged],
    );
}

#[test]
fn a_step_says_that_the_cache_moved() {
    let lie: Sabotage = |event| {
        let seen = json!({"at": SEEN, "seen": ["it did"]});
        answers(event, "primary-moved", seen.clone()).or_else(|| answers(event, "users-served", seen))
    };
    step_is_found(Recovery::FailOverCache, lie, &[Invariant::PromiseKept]);
}

#[test]
fn steps_say_that_a_region_was_promoted() {
    let lie: Sabotage = |event| {
        let seen = json!({"at": SEEN, "seen": ["it is"]});
        let promoted = json!({"at": SEEN, "fence": "unknown", "seen": ["it is"]});
        answers(event, "promotion-started", seen.clone())
            .or_else(|| answers(event, "promoted", promoted))
            .or_else(|| answers(event, "writable-here", seen.clone()))
            .or_else(|| answers(event, "served", seen))
    };
    step_is_found(
        Recovery::FailOverRegion,
        lie,
        &[Invariant::PromiseKept, Invariant::ServedOrPaged],
    );
}

#[test]
fn a_step_says_that_the_source_is_open_again() {
    let lie: Sabotage = |event| {
        let seen = json!({"at": SEEN, "seen": ["it is"]});
        answers(event, "source-opened", seen.clone()).or_else(|| answers(event, "edge-thawed", seen))
    };
    step_is_found(Recovery::SwitchOverRegion, lie, &[Invariant::NoWorse]);
}
