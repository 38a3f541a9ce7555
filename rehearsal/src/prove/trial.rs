//! One run with faults laid on it.

use std::sync::Arc;

use domain::system::System;

use crate::injection::{Injection, Injector, Passed};
use crate::lambda::Sabotage;
use crate::report;
use crate::scenario::Scenario;
use crate::stage::{Error, Left, Machines, Play, Trial};
use crate::timeline::Entry;
use crate::world::Ms;
use crate::world::invariant::Violation;

/// What all trials of a subject have in common.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What strikes the system, who is there, and what it is.
    pub scenario: Scenario,
    /// The system.
    pub system: System,
    /// The seed.
    pub seed: u64,
    /// From when on a trial may be over.
    pub settles_after: Ms,
    /// How long after that it is over at the latest.
    pub patience: Ms,
    /// The state machines, where they are not the house's own.
    pub machines: Option<Arc<Machines>>,
    /// What answers in a step's place, where it is not the house's own.
    pub sabotage: Option<Sabotage>,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The faults that were planned.
    pub injections: Vec<Injection>,
    /// Those that struck, and when. Fewer than planned where one kept the run from getting to the other.
    pub struck: Vec<(Ms, Injection)>,
    /// The places that were passed.
    pub passed: Vec<Passed>,
    /// What was broken.
    pub violations: Vec<Violation>,
    /// When it was over.
    pub ended: Ms,
}

/// Plays a subject with these faults.
///
/// # Errors
/// When it cannot begin.
pub fn attempt(
    setting: &Setting,
    injections: &[Injection],
    line: &mut dyn FnMut(&Entry),
) -> Result<Tried, Error> {
    let injector = Arc::new(Injector::new(injections.to_vec()));
    let trial = Trial {
        injector: Arc::clone(&injector),
        settles_after: setting.settles_after,
        ends_by: setting.settles_after + setting.patience,
        machines: setting.machines.clone(),
        sabotage: setting.sabotage,
    };
    let play = Play::new(&setting.scenario, &setting.system, setting.seed).tried(trial);
    let mut left: Left = play.perform(line)?;
    let struck = injector.struck();
    let ended = left.world.now;
    report::judge(&mut left);
    Ok(Tried {
        injections: injections.to_vec(),
        struck,
        passed: injector.passed(),
        violations: left.world.ledger.violations,
        ended,
    })
}
