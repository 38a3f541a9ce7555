//! Tries a space on all cores.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use domain::names::Recovery;
use serde::{Deserialize, Serialize};

use super::coverage::Coverage;
use super::space::{faults_after, faults_at, pairs_after, singles};
use super::subject::Subject;
use super::trial::{Bench, Follows, Known, Tried};
use crate::cores;
use crate::injection::{Injection, Place, What};
use crate::stage;
use crate::world::invariant::Violation;

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// Of what.
    pub subjects: &'a [Subject],
    /// Whether faults are tried in pairs too: of each machine in the scenario in which it does most.
    pub pairs: bool,
    /// The faults to begin with, by subject, in the order in which they are tried.
    pub units: Vec<Unit>,
}

/// One fault of one subject, and perhaps what can follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The subject's index.
    pub subject: usize,
    /// The fault.
    pub first: Injection,
    /// What is tried with it.
    pub then: Then,
}

/// What is tried with a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is tried alone.
    Nothing,
    /// It is tried alone, and together with each that can strike after it.
    Pairs,
    /// Only faults lead to that state of that machine, and this one does, alone or with one that can strike after it. Every fault is tried
    /// there, behind those.
    At(Recovery, String),
}

/// Of each state of the machines that are tried, the first unit in whose trials it was entered.
#[derive(Clone, Debug, Default)]
pub struct Entered(BTreeMap<(Recovery, String), usize>);

impl Entered {
    /// What the trials of a unit entered, of whose subject that is the machine.
    pub fn note(&mut self, unit: usize, machine: Option<Recovery>, coverage: &Coverage) {
        let Some(machine) = machine else {
            return;
        };
        let states = coverage.states.get(machine.machine()).into_iter().flatten();
        for (state, _) in states.filter(|(_, known)| known.entered > 0) {
            let first = self.0.entry((machine, state.clone())).or_insert(unit);
            *first = unit.min(*first);
        }
    }
}

/// What came of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The unit's index.
    pub unit: usize,
    /// How many trials were made.
    pub trials: u64,
    /// How many of them never came to the place of a planned fault.
    pub missed: u64,
    /// What was struck and entered.
    pub coverage: Coverage,
    /// Faults that broke something.
    pub found: Vec<Found>,
}

/// Faults that broke something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The subject's name.
    pub subject: String,
    /// The faults, as text: what at which place.
    pub faults: Vec<(String, String)>,
    /// What they broke.
    pub violations: Vec<Violation>,
}

/// Who watches a search. Called from any thread.
pub trait Progress: Sync {
    /// A trial of the subject with that index is over. Nobody keeps it: there are too many.
    fn tried(&self, _subject: usize, _tried: &Tried) {}
    /// A unit is over.
    fn done(&self, outcome: Outcome);
    /// Whether it is time to stop.
    fn is_over(&self) -> bool {
        false
    }
}

impl<'a> Search<'a> {
    /// Every fault of these subjects; in pairs, if that is wanted.
    pub fn of(subjects: &'a [Subject], pairs: bool) -> Self {
        let units = subjects.iter().enumerate().flat_map(|(subject, known)| {
            let firsts = singles(known).into_iter();
            firsts.map(move |first| Unit {
                subject,
                then: if pairs && known.tries_in_pairs(&first) {
                    Then::Pairs
                } else {
                    Then::Nothing
                },
                first,
            })
        });
        Self {
            subjects,
            pairs,
            units: units.collect(),
        }
    }

    /// Units for the states to which only faults lead, and for which there are none yet. A run without faults passes the others, so each
    /// fault is laid there anyway.
    pub fn behind(&self, entered: &Entered) -> Vec<Unit> {
        let subjects = self.subjects.iter();
        let led_to = subjects.flat_map(|known| {
            let states = known
                .machine
                .map(|machine| (machine, known.course.states(machine)));
            let states = states.into_iter();
            states.flat_map(|(machine, states)| states.into_iter().map(move |state| (machine, state)))
        });
        let units = self.units.iter().filter_map(|unit| match &unit.then {
            Then::At(machine, state) => Some((*machine, state.as_str())),
            Then::Nothing | Then::Pairs => None,
        });
        let done: BTreeSet<(Recovery, &str)> = led_to.chain(units).collect();
        let only_faults = entered
            .0
            .iter()
            .filter(|((machine, state), _)| !done.contains(&(*machine, state.as_str())));
        let units = only_faults.map(|((machine, state), unit)| Unit {
            then: Then::At(*machine, state.clone()),
            ..self.units[*unit].clone()
        });
        units.collect()
    }
}

/// Faults of one unit that broke something are kept up to so many: more of them say nothing new.
const FOUND: usize = 20;

/// Tries every unit that is not among `known`, in that order.
///
/// # Errors
/// The first reason why a play could not begin.
pub fn search(
    search: &Search<'_>,
    known: &BTreeSet<usize>,
    order: &[usize],
    progress: &dyn Progress,
) -> Result<(), stage::Error> {
    let failed = Mutex::new(None);
    cores::each_with(order.len(), BTreeMap::new, |benches, next| {
        let index = order[next];
        if progress.is_over() {
            return false;
        }
        if known.contains(&index) {
            return true;
        }
        match one(search, benches, index, progress) {
            // What was broken off half-way is not known.
            Ok(None) => false,
            Ok(Some(outcome)) => {
                progress.done(outcome);
                true
            }
            Err(error) => {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                false
            }
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(()), Err)
}

/// By subject: where it is tried, and its trial without faults.
type Benches<'a> = BTreeMap<usize, (Bench<'a>, Known)>;

fn one<'a>(
    search: &Search<'a>,
    benches: &mut Benches<'a>,
    index: usize,
    progress: &dyn Progress,
) -> Result<Option<Outcome>, stage::Error> {
    let unit = &search.units[index];
    let subject = &search.subjects[unit.subject];
    let mut outcome = Outcome {
        unit: index,
        ..Outcome::default()
    };
    let mut add = |tried: &Tried| {
        outcome.add(subject, tried);
        progress.tried(unit.subject, tried);
    };
    let (bench, without) = match benches.entry(unit.subject) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => {
            let bench = Bench::new(&subject.course.setting)?;
            let without = bench.attempt(&[]);
            new.insert((bench, without))
        }
    };
    match &unit.then {
        Then::Nothing => add(&bench.one_more(without, &unit.first, Follows::Questions).tried),
        Then::Pairs => {
            let alone = bench.one_more(without, &unit.first, Follows::More);
            add(&alone.tried);
            for second in pairs_after(subject, &unit.first, &alone.tried.passed) {
                if progress.is_over() {
                    return Ok(None);
                }
                add(&bench.one_more(&alone, &second, Follows::Nothing).tried);
            }
        }
        Then::At(machine, state) => {
            let alone = bench.one_more(without, &unit.first, Follows::More);
            let Some((there, places)) = leading_to(bench, subject, alone, (*machine, state)) else {
                return Ok(Some(outcome));
            };
            for last in faults_at(subject, &places) {
                if progress.is_over() {
                    return Ok(None);
                }
                add(&bench.one_more(&there, &last, Follows::Nothing).tried);
            }
        }
    }
    Ok(Some(outcome))
}

/// A trial that enters a state, and the places that it passes there: that with this one fault, or the first that has one more.
fn leading_to(
    bench: &Bench<'_>,
    subject: &Subject,
    alone: Known,
    (machine, state): (Recovery, &str),
) -> Option<(Known, Vec<Place>)> {
    let places = |tried: &Tried| -> Vec<Place> {
        let passed = tried.passed.iter().map(|passed| &passed.place);
        let there =
            passed.filter(|place| (place.spot.machine(), place.spot.state()) == (Some(machine), Some(state)));
        there.cloned().collect()
    };
    let there = places(&alone.tried);
    if !there.is_empty() {
        return Some((alone, there));
    }
    let first = alone.tried.injections.last()?;
    let mut seconds = faults_after(subject, first, &alone.tried.passed).into_iter();
    seconds.find_map(|second| {
        let enters = !places(&bench.one_more(&alone, &second, Follows::Nothing).tried).is_empty();
        let both = enters.then(|| bench.one_more(&alone, &second, Follows::More))?;
        let there = places(&both.tried);
        Some((both, there))
    })
}

impl Outcome {
    /// One more trial.
    fn add(&mut self, subject: &Subject, tried: &Tried) {
        self.trials += 1;
        self.missed += u64::from(tried.struck.len() < tried.injections.len());
        for (_, injection) in &tried.struck {
            self.coverage.struck(injection);
        }
        let entries = tried.passed.iter().map(|passed| &passed.place.spot);
        let entries = entries.filter(|spot| spot.what == What::Entry);
        let entered: BTreeSet<(Recovery, &str)> = entries
            .filter_map(|spot| Some((spot.machine()?, spot.state()?)))
            .collect();
        self.coverage.entered(&entered);
        if !tried.violations.is_empty() && self.found.len() < FOUND {
            let faults = tried.injections.iter();
            self.found.push(Found {
                subject: subject.name(),
                faults: faults
                    .map(|injection| (injection.fault.to_string(), injection.place.to_string()))
                    .collect(),
                violations: tried.violations.clone(),
            });
        }
    }
}
