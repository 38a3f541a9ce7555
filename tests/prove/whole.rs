//! The house's own machines: every single fault, and nothing breaks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use domain::names::Recovery;
use rehearsal::injection::{Injection, Passed, Spot, What};
use rehearsal::prove::{
    Bench, Coverage, Entered, Follows, Outcome, Progress, Search, Setting, Subject, Tried, attempt,
    pairs_after, search, singles,
};
use rehearsal::stage::{Machines, machines};

use crate::call::Call;
use crate::machines::{all, of};

#[derive(Default)]
struct Kept {
    outcomes: Mutex<Vec<Outcome>>,
    calls: Mutex<Calls>,
}

/// What was called, by the subject's index.
type Calls = BTreeMap<usize, BTreeSet<Spot>>;

impl Progress for Kept {
    fn tried(&self, subject: usize, tried: &Tried) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let known = calls.entry(subject).or_default();
        for Passed { place, .. } in &tried.passed {
            if matches!(place.spot.what, What::Call { .. }) && !known.contains(&place.spot) {
                known.insert(place.spot.clone());
            }
        }
    }

    fn done(&self, outcome: Outcome) {
        let mut kept = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(outcome);
    }
}

/// Tries every single fault of these subjects. What was entered and struck. Whatever is called on the way is permitted.
#[track_caller]
fn is_proven(subjects: Vec<&Subject>) -> Coverage {
    let subjects: Vec<Subject> = subjects.into_iter().cloned().collect();
    let mut space = Search::of(&subjects, false);
    let kept = Kept::default();
    let (mut entered, mut done) = (Entered::default(), 0);
    while done < space.units.len() {
        let order: Vec<usize> = (done..space.units.len()).collect();
        done = space.units.len();
        search(&space, &BTreeSet::new(), &order, &kept).expect("they begin");
        for outcome in kept
            .outcomes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            let machine = subjects[space.units[outcome.unit].subject].machine;
            entered.note(outcome.unit, machine, &outcome.coverage);
        }
        let behind = space.behind(&entered);
        space.units.extend(behind);
    }
    let outcomes = kept.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let calls = kept.calls.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(outcomes.len(), space.units.len());
    let machines = machines().expect("the house's own");
    are_permitted(&subjects, &calls, &machines);
    let mut coverage = Coverage::of(&machines);
    let mut broke = Vec::new();
    for outcome in &outcomes {
        coverage.add(&outcome.coverage);
        assert_eq!(
            outcome.missed, 0,
            "the place of a single fault is reached: {outcome:?}"
        );
        broke.extend(outcome.found.iter().map(|found| format!("{found:?}")));
    }
    assert!(
        broke.is_empty(),
        "{} of {} broke:\n{}",
        broke.len(),
        outcomes.len(),
        broke.join("\n")
    );
    coverage
}

/// Functions do nothing in any trial that their policies do not permit.
#[track_caller]
fn are_permitted(subjects: &[Subject], called: &Calls, machines: &Machines) {
    let (mut permitted, mut refused) = (0, BTreeSet::new());
    for (subject, spots) in called {
        let system = &subjects[*subject].course.setting.system;
        let calls = spots.iter().filter_map(|spot| Call::at(spot, system, machines));
        for call in calls {
            match call.permitted_by(system) {
                Some(_) => permitted += 1,
                None => {
                    refused.insert(call.to_string());
                }
            }
        }
    }
    assert!(refused.is_empty(), "not permitted, and done: {refused:#?}");
    assert!(permitted > 0, "no call was seen");
}

/// What can happen to a run as it enters a state.
const ENTRIES: [&str; 7] = [
    "control-plane-down",
    "data-plane-down",
    "run-approved",
    "run-killed",
    "run-rejected",
    "run-restarted",
    "run-stopped",
];

/// Every machine, and the states of it that nothing leads to.
macro_rules! proven {
    ($($name:ident: $machine:ident not $missed:expr),* $(,)?) => {
        $(#[test]
        fn $name() {
            let mut coverage = is_proven(of(Recovery::$machine));
            coverage.states.retain(|name, _| name == Recovery::$machine.machine());
            let missed = coverage.never_entered();
            let machine = Recovery::$machine.machine();
            let known: [&str; _] = $missed;
            assert_eq!(missed, known.map(|state| format!("{machine}/{state}")));
            // Wherever a run can be, each thing that can happen to it there has happened.
            for (state, known) in &coverage.states[machine] {
                let struck = known.struck.keys().filter(|fault| ENTRIES.contains(&fault.as_str()));
                assert!(known.entered == 0 || struck.count() == ENTRIES.len(), "{state}: {known:?}");
            }
        })*
    };
}

proven! {
    fail_over_database: FailOverDatabase not [],
    fail_over_region: FailOverRegion not [],
    switch_over_region: SwitchOverRegion not [],
    fail_back_region: FailBackRegion not [],
    roll_back_deployment: RollBackDeployment not [],
    evacuate_zone: EvacuateZone not [],
    return_to_zone: ReturnToZone not [],
    replace_instances: ReplaceInstances not [],
    scale_out: ScaleOut not [],
    fail_over_cache: FailOverCache not [],
}

#[test]
fn routers_buses_and_commands() {
    let outside = all().iter().filter(|subject| subject.machine.is_none());
    is_proven(outside.collect());
}

#[test]
fn nothing_breaks_without_faults() {
    for subject in all() {
        assert_eq!(subject.course.violations, [], "{}", subject.name());
    }
    let played: BTreeSet<Recovery> = all().iter().filter_map(|subject| subject.machine).collect();
    assert_eq!(played, Recovery::ALL.into_iter().collect());
}

/// The Region that saves the other one fails as well, for ten minutes: the run dies unheard, and its lock outlives it.
#[test]
fn a_move_that_dies_of_its_own_regions_outage_is_found_by_looking() {
    let injection = Injection {
        place: "fail-over-region/Freeze/entry#1".parse().expect("a place"),
        fault: "data-plane-down eu-west-1".parse().expect("a fault"),
    };
    for subject in of(Recovery::FailOverRegion) {
        let setting = &subject.course.setting;
        let tried = attempt(setting, std::slice::from_ref(&injection), &mut |_| {}).expect("it begins");
        assert_eq!(tried.violations, [], "{}", subject.name());
    }
}

/// A trial that leaves out what another one had done by then comes to the same as one that does everything anew.
#[test]
fn a_trial_that_is_like_another_comes_to_the_same() {
    for subject in all() {
        let bench = Bench::new(&subject.course.setting).expect("it begins");
        let without = bench.attempt(&[]);
        assert_eq!(without.tried.passed, subject.course.passed, "{}", subject.name());
        let faults = singles(subject);
        for first in faults.iter().step_by(faults.len() / 3 + 1) {
            let alone = bench.one_more(&without, first, Follows::More);
            let anew = attempt(&subject.course.setting, std::slice::from_ref(first), &mut |_| {});
            assert_eq!(
                alone.tried,
                anew.expect("it begins"),
                "{}: {first}",
                subject.name()
            );
            let seconds = pairs_after(subject, first, &alone.tried.passed);
            for second in seconds.iter().skip(1).step_by(seconds.len() / 4 + 1) {
                let both = bench.one_more(&alone, second, Follows::Questions);
                let anew = attempt(&subject.course.setting, &both.tried.injections, &mut |_| {});
                assert_eq!(both.tried, anew.expect("it begins"), "{first}, {second}");
                // Where nothing follows, fewer places are noted, and nothing else differs.
                let mut last = bench.one_more(&alone, second, Follows::Nothing).tried;
                let mut entries = both.tried.passed.clone();
                entries.retain(|passed| passed.place.spot.what == What::Entry);
                last.passed.retain(|passed| passed.place.spot.what == What::Entry);
                assert_eq!(last.passed, entries, "{first}, {second}");
                last.passed.clone_from(&both.tried.passed);
                assert_eq!(last, both.tried, "{first}, {second}");
            }
        }
    }
}

/// Time that passes by what nobody feels passes by nothing that matters.
#[test]
fn a_trial_that_stops_at_everything_comes_to_the_same() {
    for subject in all() {
        let setting = Setting {
            stops_at_everything: true,
            ..subject.course.setting.clone()
        };
        let faults = singles(subject);
        let some = faults.iter().step_by(faults.len() / 4 + 1);
        for injections in some.map(std::slice::from_ref).chain([[].as_slice()]) {
            let sparing = attempt(&subject.course.setting, injections, &mut |_| {}).expect("it begins");
            let everything = attempt(&setting, injections, &mut |_| {}).expect("it begins");
            assert_eq!(sparing, everything, "{}: {injections:?}", subject.name());
        }
    }
}
