//! The run of a subject without faults: which places it passes.

use std::collections::BTreeSet;

use domain::duration::Duration;
use domain::names::Recovery;
use domain::system::System;

use super::trial::{Setting, attempt};
use crate::injection::{Passed, Spot, What};
use crate::scenario::Scenario;
use crate::stage::{Error, PATIENCE};
use crate::world::invariant::Violation;

/// The seed of every trial: one world, and every fault in it.
const SEED: u64 = 1;

/// How long after the run without faults has ended a trial goes on at least: what comes late comes by then.
const AFTERWARDS: Duration = Duration::from_secs(90);

/// What a subject does when nothing goes wrong but what the scenario has.
#[derive(Clone, Debug)]
pub struct Course {
    /// How it is tried.
    pub setting: Setting,
    /// The places it passes, in order.
    pub passed: Vec<Passed>,
    /// What is broken without any fault.
    pub violations: Vec<Violation>,
}

impl Course {
    /// Plays a scenario without faults.
    ///
    /// # Errors
    /// When it cannot begin.
    pub fn of(scenario: &Scenario, system: &System) -> Result<Self, Error> {
        let mut setting = Setting {
            scenario: scenario.clone(),
            system: system.clone(),
            seed: SEED,
            settles_after: 0,
            patience: scenario.window.as_millis() + PATIENCE.as_millis(),
            machines: None,
            sabotage: None,
            stops_at_everything: false,
        };
        let first = attempt(&setting, &[], &mut |_| {})?;
        setting.settles_after = first.ended + AFTERWARDS.as_millis();
        let tried = attempt(&setting, &[], &mut |_| {})?;
        Ok(Self {
            setting,
            passed: tried.passed,
            violations: tried.violations,
        })
    }

    /// The states of a machine that it enters.
    pub fn states(&self, machine: Recovery) -> BTreeSet<&str> {
        let entries = self
            .passed
            .iter()
            .map(|passed| &passed.place.spot)
            .filter(|spot| spot.what == What::Entry && spot.machine() == Some(machine));
        entries.filter_map(|spot| spot.state()).collect()
    }

    /// The spots of a machine's work that it passes; without one those of routers, of the bus, of commands.
    pub fn spots(&self, machine: Option<Recovery>) -> BTreeSet<&Spot> {
        let spots = self.passed.iter().map(|passed| &passed.place.spot);
        spots.filter(|spot| spot.machine() == machine).collect()
    }
}
