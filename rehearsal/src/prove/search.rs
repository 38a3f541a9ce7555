//! Tries a space on all cores.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use domain::names::Recovery;
use serde::{Deserialize, Serialize};

use super::coverage::Coverage;
use super::space::{pairs_after, singles};
use super::subject::Subject;
use super::trial::{Bench, Follows, Known, Tried};
use crate::cores;
use crate::injection::{Injection, What};
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

/// One fault of one subject, and perhaps everything that can follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The subject's index.
    pub subject: usize,
    /// The fault.
    pub first: Injection,
    /// Whether it is tried together with each that can strike after it too.
    pub is_followed: bool,
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
                is_followed: pairs && known.tries_in_pairs(&first),
                first,
            })
        });
        Self {
            subjects,
            pairs,
            units: units.collect(),
        }
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
        outcome.trials += 1;
        outcome.missed += u64::from(tried.struck.len() < tried.injections.len());
        for (_, injection) in &tried.struck {
            outcome.coverage.struck(injection);
        }
        let entries = tried.passed.iter().map(|passed| &passed.place.spot);
        let entries = entries.filter(|spot| spot.what == What::Entry);
        let entered: BTreeSet<(Recovery, &str)> = entries
            .filter_map(|spot| Some((spot.machine()?, spot.state()?)))
            .collect();
        outcome.coverage.entered(&entered);
        if !tried.violations.is_empty() && outcome.found.len() < FOUND {
            let faults = tried.injections.iter();
            outcome.found.push(Found {
                subject: subject.name(),
                faults: faults
                    .map(|injection| (injection.fault.to_string(), injection.place.to_string()))
                    .collect(),
                violations: tried.violations.clone(),
            });
        }
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
    let follows = if unit.is_followed {
        Follows::More
    } else {
        Follows::Questions
    };
    let alone = bench.one_more(without, &unit.first, follows);
    add(&alone.tried);
    if unit.is_followed {
        for second in pairs_after(subject, &unit.first, &alone.tried.passed) {
            if progress.is_over() {
                return Ok(None);
            }
            add(&bench.one_more(&alone, &second, Follows::Nothing).tried);
        }
    }
    Ok(Some(outcome))
}
