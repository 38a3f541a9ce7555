//! The house's own machines: every single fault, and nothing breaks.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use domain::names::Recovery;
use rehearsal::injection::Injection;
use rehearsal::prove::{Coverage, Outcome, Progress, Search, Subject, attempt, search};
use rehearsal::stage::machines;

use crate::machines::{all, of};

#[derive(Default)]
struct Kept(Mutex<Vec<Outcome>>);

impl Progress for Kept {
    fn done(&self, outcome: &Outcome) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(outcome.clone());
    }
}

/// Tries every single fault of a machine. The states that were entered.
#[track_caller]
fn is_proven(machine: Recovery) -> Coverage {
    let subjects: Vec<Subject> = of(machine).into_iter().cloned().collect();
    let space = Search::of(&subjects, false);
    let order: Vec<usize> = (0..space.units.len()).collect();
    let kept = Kept::default();
    search(&space, &BTreeSet::new(), &order, &kept).expect("they begin");
    let outcomes = kept.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(outcomes.len(), space.units.len());
    let mut coverage = Coverage::of(&machines().expect("the house's own"));
    coverage.states.retain(|name, _| name == machine.machine());
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

/// Machine by machine: which of them holds against every single fault, docs/proof.md says.
macro_rules! proven {
    ($($name:ident: $machine:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            // Behind a page that fails lie two faults: pairs go there.
            let mut missed = is_proven(Recovery::$machine).never_entered();
            missed.retain(|state| !state.ends_with("Unheard"));
            assert_eq!(missed, Vec::<String>::new());
        })*
    };
}

proven! {
    fail_over_database: FailOverDatabase,
    roll_back_deployment: RollBackDeployment,
    evacuate_zone: EvacuateZone,
    return_to_zone: ReturnToZone,
    replace_instances: ReplaceInstances,
    scale_out: ScaleOut,
    fail_over_cache: FailOverCache,
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
