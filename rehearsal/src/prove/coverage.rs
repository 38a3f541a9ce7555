//! Which faults struck at which states: the proof that nothing was left out.

use std::collections::{BTreeMap, BTreeSet};

use domain::names::Recovery;
use serde::{Deserialize, Serialize};

use crate::injection::Injection;
use crate::stage::Machines;

/// How often each kind of fault struck at each state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// By machine and state.
    pub states: BTreeMap<String, BTreeMap<String, State>>,
    /// Outside machines: at routers, at the bus, at commands.
    pub elsewhere: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What is known of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// How many trials entered it.
    pub entered: u64,
    /// How often each kind of fault struck there.
    pub struck: BTreeMap<String, u64>,
}

impl Coverage {
    /// Nothing yet, of every state of these machines.
    pub fn of(machines: &Machines) -> Self {
        let states = machines.iter().map(|(name, machine)| {
            let states = machine.states();
            let states = states
                .into_iter()
                .map(|state| (state.name.to_owned(), State::default()));
            ((*name).to_owned(), states.collect())
        });
        Self {
            states: states.collect(),
            elsewhere: BTreeMap::new(),
        }
    }

    /// A trial entered these states, each counted once.
    pub fn entered(&mut self, states: &BTreeSet<(Recovery, &str)>) {
        for (machine, state) in states {
            self.state(*machine, state).entered += 1;
        }
    }

    /// A fault struck.
    pub fn struck(&mut self, injection: &Injection) {
        let (spot, fault) = (&injection.place.spot, injection.fault.name());
        let counts = match (spot.machine(), spot.state()) {
            (Some(machine), Some(state)) => &mut self.state(machine, state).struck,
            _ => {
                let whose = spot.to_string();
                let whose = whose.split('/').next().unwrap_or_default().to_owned();
                self.elsewhere.entry(whose).or_default()
            }
        };
        *counts.entry(fault.to_owned()).or_default() += 1;
    }

    /// What two searches covered together.
    pub fn add(&mut self, other: &Self) {
        for (machine, states) in &other.states {
            for (state, known) in states {
                let mine = self
                    .states
                    .entry(machine.clone())
                    .or_default()
                    .entry(state.clone())
                    .or_default();
                mine.entered += known.entered;
                for (fault, count) in &known.struck {
                    *mine.struck.entry(fault.clone()).or_default() += count;
                }
            }
        }
        for (whose, struck) in &other.elsewhere {
            let mine = self.elsewhere.entry(whose.clone()).or_default();
            for (fault, count) in struck {
                *mine.entry(fault.clone()).or_default() += count;
            }
        }
    }

    /// States that no trial entered, as `machine/State`.
    pub fn never_entered(&self) -> Vec<String> {
        let all = self.states.iter().flat_map(|(machine, states)| {
            let missed = states.iter().filter(|(_, known)| known.entered == 0);
            missed.map(move |(state, _)| format!("{machine}/{state}"))
        });
        all.collect()
    }

    fn state(&mut self, machine: Recovery, state: &str) -> &mut State {
        self.states
            .entry(machine.machine().to_owned())
            .or_default()
            .entry(state.to_owned())
            .or_default()
    }
}
