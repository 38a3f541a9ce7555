//! The house's own machines: every single fault, and nothing breaks.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use domain::names::Recovery;
use rehearsal::prove::{Coverage, Outcome, Progress, Search, search};
use rehearsal::stage::machines;

use crate::machines::all;

#[derive(Default)]
struct Kept(Mutex<Vec<Outcome>>);

impl Progress for Kept {
    fn done(&self, outcome: &Outcome) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(outcome.clone());
    }
}

#[test]
fn every_single_fault_of_every_machine_breaks_nothing() {
    let space = Search::of(all(), false);
    let order: Vec<usize> = (0..space.units.len()).collect();
    let kept = Kept::default();
    search(&space, &BTreeSet::new(), &order, &kept).expect("they begin");
    let outcomes = kept.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(outcomes.len(), space.units.len());
    let mut coverage = Coverage::of(&machines().expect("the house's own"));
    let mut broke = Vec::new();
    for outcome in &outcomes {
        coverage.add(&outcome.coverage);
        assert_eq!(
            outcome.missed, 0,
            "the place of a single fault is reached: {outcome:?}"
        );
        broke.extend(outcome.found.iter().map(|found| format!("{found:?}")));
    }
    assert!(broke.is_empty(), "{} broke:\n{}", broke.len(), broke.join("\n"));
    assert_eq!(coverage.never_entered(), Vec::<String>::new());
}

#[test]
fn nothing_breaks_without_faults() {
    for subject in all() {
        assert_eq!(subject.course.violations, [], "{}", subject.name());
    }
    let played: BTreeSet<Recovery> = all().iter().filter_map(|subject| subject.machine).collect();
    assert_eq!(played, Recovery::ALL.into_iter().collect());
}
