//! What is tried: for each machine, the scenarios that between them pass every spot that any passes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use domain::names::Recovery;
use statemachines::{StateInfo, StateMachine, StateType};

use super::course::Course;
use crate::cores;
use crate::injection::{self, EntryFault, Injection};
use crate::scenario::{self, Scenario};
use crate::stage;
use crate::world::fault::{Fault, Kind};

/// A machine in a scenario.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The machine whose places are tried, or none where it is the routers' and the bus's.
    pub machine: Option<Recovery>,
    /// How the scenario goes without faults.
    pub course: Arc<Course>,
    /// For the one of its machine that passes most spots: what is tried in pairs.
    in_pairs: Option<InPairs>,
}

/// Which entries of a machine's states are tried in pairs.
#[derive(Clone, Debug)]
struct InPairs {
    /// States in which time passes. Another state is left at the instant at which it is entered: what strikes there strikes as
    /// well at the entry of the next one.
    lasting: BTreeSet<String>,
    /// States that wait for a person: there it is that an answer matters.
    asking: BTreeSet<String>,
}

impl InPairs {
    fn of(machine: &StateMachine) -> Self {
        let states = machine.states();
        let lasts = |state: &&StateInfo<'_>| matches!(state.state_type, StateType::Task | StateType::Wait);
        let names = |states: Vec<&StateInfo<'_>>| states.iter().map(|state| state.name.to_owned()).collect();
        let lasting: Vec<_> = states.iter().filter(lasts).collect();
        let asks = |state: &&StateInfo<'_>| {
            let resource = state.resource.unwrap_or_default();
            resource.ends_with(".waitForTaskToken")
        };
        let asking = lasting.iter().copied().filter(asks);
        Self {
            asking: names(asking.collect()),
            lasting: names(lasting),
        }
    }

    fn has(&self, injection: &Injection) -> bool {
        let within = |states: &BTreeSet<String>| {
            let state = injection.place.spot.state();
            state.is_some_and(|state| states.contains(state))
        };
        match &injection.fault {
            injection::Fault::Entry(EntryFault::Approved | EntryFault::Rejected) => within(&self.asking),
            injection::Fault::Entry(_) => within(&self.lasting),
            other => other.is_tried_in_pairs(),
        }
    }
}

impl Subject {
    /// Machine and scenario, in a word each.
    pub fn name(&self) -> String {
        let machine = self.machine.map_or("router", Recovery::machine);
        format!("{machine} in {}", self.course.setting.scenario.name)
    }

    /// Whether a fault is tried together with others.
    pub fn tries_in_pairs(&self, injection: &Injection) -> bool {
        self.in_pairs.as_ref().is_some_and(|pairs| pairs.has(injection))
    }
}

/// Why a machine cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum Unplayed {
    /// No scenario carries it out.
    #[error("no scenario carries {0} out: add one to rehearsal/scenarios")]
    Machine(Recovery),
    /// A scenario cannot be read.
    #[error(transparent)]
    Scenario(#[from] scenario::Error),
    /// A play cannot begin.
    #[error(transparent)]
    Stage(#[from] stage::Error),
}

/// Whether a scenario's point is how many events come: what else is in it is in others, in less time.
fn is_a_storm(scenario: &Scenario) -> bool {
    let storms = |fault: &Fault| {
        matches!(
            fault.kind,
            Kind::AlarmStorm(_) | Kind::HealthStorm(..) | Kind::AlarmFlaps(..)
        )
    };
    scenario.faults.iter().any(storms)
}

/// Every scenario without faults, on all cores, in the order in which they are listed.
fn courses() -> Result<Vec<Arc<Course>>, Unplayed> {
    let mut scenarios = Vec::new();
    for name in scenario::names() {
        let scenario = scenario::named(name)?;
        let system = scenario.system.read().ok().filter(|_| !is_a_storm(&scenario));
        scenarios.extend(system.map(|system| (scenario, system)));
    }
    let played = Mutex::new(BTreeMap::new());
    cores::each(scenarios.len(), |index| {
        let (scenario, system) = &scenarios[index];
        let course = Course::of(scenario, system);
        played
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(index, course);
        true
    });
    let played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
    let courses = played.into_values().map(|course| Ok(Arc::new(course?)));
    courses.collect()
}

/// What is to be tried for these machines; all of them where none is named.
///
/// # Errors
/// When a machine is carried out by no scenario.
pub fn subjects(only: &[Recovery]) -> Result<Vec<Subject>, Unplayed> {
    let (machines, courses) = (stage::machines()?, courses()?);
    let mut subjects = Vec::new();
    let wanted = |machine: &Recovery| only.is_empty() || only.contains(machine);
    for machine in Recovery::ALL.into_iter().filter(wanted) {
        let chosen = between_them(&courses, |course| {
            course.spots(Some(machine)).into_iter().cloned().collect()
        });
        if chosen.is_empty() {
            return Err(Unplayed::Machine(machine));
        }
        subjects.extend(chosen.into_iter().enumerate().map(|(nth, course)| {
            Subject {
                machine: Some(machine),
                course,
                in_pairs: machines
                    .get(machine.machine())
                    .filter(|_| nth == 0)
                    .map(InPairs::of),
            }
        }));
    }
    if only.is_empty() {
        let chosen = between_them(&courses, |course| {
            course.spots(None).into_iter().cloned().collect()
        });
        subjects.extend(chosen.into_iter().map(|course| Subject {
            machine: None,
            course,
            in_pairs: None,
        }));
    }
    Ok(subjects)
}

/// Of these courses the fewest that between them have what all have: the one that adds most first, and of two the shorter.
fn between_them<T: Ord>(courses: &[Arc<Course>], has: impl Fn(&Course) -> BTreeSet<T>) -> Vec<Arc<Course>> {
    let (mut seen, mut chosen) = (BTreeSet::new(), Vec::new());
    loop {
        let best = courses
            .iter()
            .map(|course| {
                let new = has(course).iter().filter(|one| !seen.contains(*one)).count();
                (new, std::cmp::Reverse(course.passed.len()), course)
            })
            .max_by_key(|(new, length, _)| (*new, *length));
        let Some((_, _, course)) = best.filter(|(new, _, _)| *new > 0) else {
            return chosen;
        };
        seen.extend(has(course));
        chosen.push(Arc::clone(course));
    }
}
