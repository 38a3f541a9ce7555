//! What came of everything that was tried, added up as it comes: a proof keeps nothing of a unit but what it adds to the whole.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::names::Recovery;
use rehearsal::prove::{Coverage, Entered, Outcome, Search, Subject, Unit};
use rehearsal::stage::Machines;

use crate::show::proof::Row;

/// The whole so far. It does not matter in which order outcomes come.
pub(super) struct Tally {
    /// By subject.
    pub(super) rows: Vec<Row>,
    pub(super) coverage: Coverage,
    entered: Entered,
    /// The machine of each subject.
    machines: Vec<Option<Recovery>>,
    /// How many units are single faults, with what can follow them.
    firsts: usize,
    /// The subject of each unit.
    subjects: Vec<usize>,
    /// What is kept of units that are not there yet.
    later: Vec<Outcome>,
    found: BTreeMap<(usize, String), Broken>,
}

/// Faults that broke something.
struct Broken {
    unit: usize,
    faults: Vec<(String, String)>,
}

impl Tally {
    /// Nothing yet.
    pub(super) fn of(space: &Search<'_>, machines: &Machines) -> Self {
        let mut coverage = Coverage::of(machines);
        let subjects = space.subjects.iter();
        let played: BTreeSet<&str> = subjects
            .filter_map(|subject| subject.machine.map(|machine| machine.machine()))
            .collect();
        coverage
            .states
            .retain(|machine, _| played.contains(machine.as_str()));
        let mut rows: Vec<Row> = space.subjects.iter().map(row).collect();
        for unit in &space.units {
            rows[unit.subject].faults += 1;
        }
        Self {
            rows,
            coverage,
            entered: Entered::default(),
            machines: space.subjects.iter().map(|subject| subject.machine).collect(),
            firsts: space.units.len(),
            subjects: space.units.iter().map(|unit| unit.subject).collect(),
            later: Vec::new(),
            found: BTreeMap::new(),
        }
    }

    /// More units, for the states to which only faults lead: none before all else was tried.
    pub(super) fn behind(&self, space: &Search<'_>) -> Vec<Unit> {
        let is_through = self.rows.iter().all(|row| row.tried == row.faults);
        if is_through {
            space.behind(&self.entered)
        } else {
            Vec::new()
        }
    }

    /// There are these units too.
    pub(super) fn extend(&mut self, units: &[Unit]) {
        self.subjects.extend(units.iter().map(|unit| unit.subject));
        for outcome in std::mem::take(&mut self.later) {
            self.add(outcome);
        }
    }

    /// What came of one more unit.
    pub(super) fn add(&mut self, outcome: Outcome) {
        let Some(subject) = self.subjects.get(outcome.unit).copied() else {
            self.later.push(outcome);
            return;
        };
        let Outcome {
            unit,
            trials,
            missed: _,
            coverage,
            found,
        } = outcome;
        self.coverage.add(&coverage);
        self.entered.note(unit, self.machines[subject], &coverage);
        let row = &mut self.rows[subject];
        row.tried += u64::from(unit < self.firsts);
        row.trials += trials;
        row.broken += found.len() as u64;
        for broken in found {
            let what = broken.violations.first();
            let what = what.map_or_else(String::new, |first| first.invariant.to_string());
            let new = Broken {
                unit,
                faults: broken.faults,
            };
            match self.found.entry((subject, what)) {
                Entry::Vacant(known) => {
                    known.insert(new);
                }
                Entry::Occupied(mut known) => {
                    let size = |broken: &Broken| (broken.faults.len(), broken.unit);
                    if size(&new) < size(known.get()) {
                        known.insert(new);
                    }
                }
            }
        }
    }

    /// Of each subject and each thing that broke the fewest faults that break it.
    pub(super) fn examples(&self) -> impl Iterator<Item = (usize, &[(String, String)])> {
        let found = self.found.iter();
        found.map(|((subject, _), broken)| (*subject, broken.faults.as_slice()))
    }
}

fn row(subject: &Subject) -> Row {
    Row {
        subject: subject.name(),
        places: subject.course.passed.len() as u64,
        faults: 0,
        tried: 0,
        trials: 0,
        broken: subject.course.violations.len() as u64,
    }
}
