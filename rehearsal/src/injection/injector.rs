//! Who knows which places are passed, and lays the planned faults on them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::{CallFault, Fault};
use super::place::{Place, Spot, What};
use crate::cloud::Wanted;
use crate::world::Ms;

/// A fault at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Injection {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

impl std::fmt::Display for Injection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.fault, self.place)
    }
}

/// A place that a run passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Which.
    pub place: Place,
    /// When.
    pub at: Ms,
}

/// Which of the places that a run passes are noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Noted {
    /// All of them.
    #[default]
    All,
    /// The states that were entered, for a run after which no other fault follows.
    Entries,
}

/// The places of one run, and the faults planned for them.
#[derive(Debug, Default)]
pub struct Injector {
    course: Mutex<Course>,
}

#[derive(Debug, Default)]
struct Course {
    planned: Vec<Injection>,
    wanted: Wanted,
    noted: Noted,
    counts: HashMap<Spot, u32>,
    passed: Vec<Passed>,
    struck: Vec<(Ms, Injection)>,
}

impl Course {
    fn notes(&self, spot: &Spot) -> bool {
        self.noted == Noted::All
            || spot.what == What::Entry
            || self.planned.iter().any(|planned| planned.place.spot == *spot)
    }
}

const STALE: Fault = Fault::Call(CallFault::Stale);

impl Injector {
    /// One that lays these faults.
    pub fn new(planned: Vec<Injection>) -> Self {
        let injector = Self::default();
        injector.begin(planned);
        injector
    }

    /// Another run begins, and these are its faults. Nobody knows when they will strike.
    pub fn begin(&self, planned: Vec<Injection>) {
        let is_stale = planned.iter().any(|planned| planned.fault == STALE);
        *self.course() = Course {
            wanted: if is_stale { Wanted::Always } else { Wanted::Nothing },
            planned,
            ..Course::default()
        };
    }

    /// Another run begins, and these are its faults, each with the instant at which it will strike, in order. It begins where these
    /// places were passed, and so many of its faults have struck.
    pub(crate) fn begin_with(
        &self,
        planned: Vec<(Ms, Injection)>,
        noted: Noted,
        passed: &[Passed],
        struck: usize,
    ) {
        let stale = planned.iter().filter(|(_, planned)| planned.fault == STALE);
        let mut course = Course {
            wanted: Wanted::At(stale.map(|(at, _)| *at).collect()),
            noted,
            struck: planned[..struck].to_vec(),
            planned: planned.into_iter().map(|(_, planned)| planned).collect(),
            ..Course::default()
        };
        let passed = passed.iter().filter(|passed| course.notes(&passed.place.spot));
        let passed: Vec<Passed> = passed.cloned().collect();
        let counts = passed
            .iter()
            .map(|Passed { place, .. }| (place.spot.clone(), place.nth));
        course.counts = counts.collect();
        course.passed = passed;
        *self.course() = course;
    }

    /// Whether every planned fault has struck.
    pub(crate) fn is_through(&self) -> bool {
        let course = self.course();
        course.struck.len() == course.planned.len()
    }

    /// After so many of the places that were noted these would be passed.
    pub(crate) fn would_pass(&self, after: usize, places: &[Passed]) {
        let mut course = self.course();
        course.passed.truncate(after);
        for passed in places {
            if course.notes(&passed.place.spot) {
                course.passed.push(passed.clone());
            }
        }
    }

    /// How many places were passed and noted, and how many faults have struck.
    pub(crate) fn progress(&self) -> (usize, usize) {
        let course = self.course();
        (course.passed.len(), course.struck.len())
    }

    /// Of which past one of its faults has to know.
    pub(crate) fn wanted(&self) -> Wanted {
        self.course().wanted.clone()
    }

    /// A spot is passed. What goes wrong there, if something is to.
    pub fn pass(&self, spot: Spot, at: Ms) -> Option<Fault> {
        let mut course = self.course();
        if !course.notes(&spot) {
            return None;
        }
        let nth = match course.counts.get_mut(&spot) {
            Some(count) => {
                *count += 1;
                *count
            }
            None => {
                course.counts.insert(spot.clone(), 1);
                1
            }
        };
        let place = Place { spot, nth };
        let planned = course
            .planned
            .iter()
            .find(|planned| planned.place == place)
            .cloned();
        course.passed.push(Passed { place, at });
        let planned = planned?;
        let fault = planned.fault.clone();
        course.struck.push((at, planned));
        Some(fault)
    }

    /// Every place that was passed and noted since it was asked for them, in order.
    pub fn take_passed(&self) -> Vec<Passed> {
        std::mem::take(&mut self.course().passed)
    }

    /// Which of the planned faults struck, and when.
    pub fn struck(&self) -> Vec<(Ms, Injection)> {
        self.course().struck.clone()
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
