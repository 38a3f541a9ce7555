//! Lets time pass: events reach the routers, executions run, people act, and the world moves on, all in virtual time on
//! one thread.
//!
//! Everything that runs belongs to a Region. When that Region is lost, its functions and executions stop where they
//! are, and what they had already asked AWS for still happens. They never go on: on AWS an execution that was away for
//! longer than its states' time-outs would end by them, and whoever comes back finds it so.

mod bus;
mod checkpoint;
mod executions;
mod people;
mod recording;
mod run;
mod theatre;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use domain::duration::Duration;
use domain::names::Recovery;
use domain::system::System;
use jiff::Timestamp;
use serde_json::Value;
use statemachines::{Lateness, StateMachine, substitute};

use crate::cloud::Account;
use crate::command::{Command, Given};
use crate::injection::{Injection, Injector};
use crate::lambda::{Functions, Sabotage, Usage};
use crate::scenario::Scenario;
use crate::timeline::Entry;
use crate::world::{Ms, World};

pub(crate) use self::checkpoint::Checkpoint;
pub use self::recording::Recording;
pub(crate) use self::recording::{Back, Like, Purpose};
pub(crate) use self::theatre::Played;
pub use self::theatre::Theatre;
pub use crate::dynamodb::unlocked;

/// When every rehearsal begins: a Monday morning. Fixed, so that the same seed gives the same bytes.
const START: Timestamp = Timestamp::constant(1_767_603_600, 0);

/// A rehearsal that lasts longer than this has lost its end, whatever the window says.
const LONGEST: Duration = Duration::from_mins(60 * 8);

/// How long after the window a run may still take to end: longer than any machine's own `TimeoutSeconds`.
const GRACE: Duration = Duration::from_mins(250);

/// The status of an execution that was lost with its Region. Not a word of Step Functions': nobody is there to say it.
pub const LOST: &str = "LOST";

/// A rehearsal about to begin.
#[derive(Clone, Debug)]
pub struct Play<'a> {
    scenario: &'a Scenario,
    system: &'a System,
    seed: u64,
    commands: Vec<(Ms, Command)>,
    until: Option<Ms>,
    tried: Option<Trial>,
}

/// A play that is one of many: faults are laid on its places, and it is over when nothing more can come of them.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Who lays the faults.
    pub injector: Arc<Injector>,
    /// From when on it may be over, as soon as nothing runs any more and users are served or people were paged. 0: as soon as
    /// something ran.
    pub settles_after: Ms,
    /// When it is over at the latest.
    pub ends_by: Ms,
    /// The state machines, where they are not the house's own.
    pub machines: Option<Arc<Machines>>,
    /// What answers in a step's place, where it is not the house's own.
    pub sabotage: Option<Sabotage>,
    /// Whether time stops at every change of the world, and not only at those that may be felt outside it. It comes to the same, and
    /// takes longer.
    pub stops_at_everything: bool,
}

/// How often a schedule looks at the system in a play that is tried: what is found by looking is found, and later.
const ASSESSED_EVERY: Duration = Duration::from_mins(10);

/// How long after its window a trial goes on at most: a machine's own time-out, the lease of its lock, and the outage of a
/// plane that began late in it.
pub const PATIENCE: Duration = Duration::from_mins(270);

/// How often it is looked whether a trial is over, once it may be.
const LOOKED_EVERY: Ms = 30_000;

impl Trial {
    /// Whether it is looked at now whether it is over.
    const fn is_looked_at(&self, now: Ms) -> bool {
        now >= self.settles_after && (now - self.settles_after).is_multiple_of(LOOKED_EVERY)
    }

    /// When it is looked at next.
    fn looked_at(&self, now: Ms) -> Ms {
        let next = if now < self.settles_after {
            self.settles_after
        } else {
            let looks = (now - self.settles_after) / LOOKED_EVERY;
            self.settles_after + (looks + 1) * LOOKED_EVERY
        };
        next.min(self.ends_by).max(now + 1)
    }

    /// The trial that a scenario with injections is.
    fn written(scenario: &Scenario) -> Option<Self> {
        let window = scenario.window.as_millis();
        (!scenario.injections.is_empty()).then(|| Self {
            injector: Arc::new(Injector::new(scenario.injections.clone())),
            settles_after: window,
            ends_by: window + PATIENCE.as_millis(),
            machines: None,
            sabotage: None,
            stops_at_everything: false,
        })
    }
}

/// State machines by their recovery's name.
pub type Machines = BTreeMap<&'static str, StateMachine>;

/// How late a state of a play that is tried looks again. Step Functions promises an interval and no punctuality; a machine that
/// holds only when it looks every second does not hold. A state that waits for a quarter of an hour looks once a minute.
pub const LOOKS: Lateness = Lateness {
    at_least: 10.0,
    looks: 8,
    at_most: 60.0,
};

/// What is left when the curtain falls.
pub struct Left {
    /// The world.
    pub world: World,
    /// What AWS kept for the account: the journals above all.
    pub account: Account,
    /// What Lambda bills.
    pub usage: Usage,
    /// Events that a router could not deal with, after all attempts.
    pub dead_letters: Vec<Value>,
    /// What came of the commands that were given, in order.
    pub given: Vec<Given>,
    /// For a trial: when it had to be over, and the faults that struck its places.
    pub tried: Option<(Ms, Vec<(Ms, Injection)>)>,
}

/// Why a rehearsal cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system gives no runtime.
    #[error("no runtime: {0}")]
    Runtime(#[from] std::io::Error),
    /// One of our own state machines is not one.
    #[error("{machine}.asl.json: {what}")]
    Machine {
        /// Which.
        machine: &'static str,
        /// What is wrong.
        what: String,
    },
}

/// The state machines, by their recovery's name, with their functions' names filled in.
///
/// # Errors
/// When one of them is not a state machine; a test holds that none is wrong.
pub fn machines() -> Result<Machines, Error> {
    Recovery::ALL
        .into_iter()
        .map(|recovery| {
            let machine = recovery.machine();
            let broken = |what: String| Error::Machine { machine, what };
            let text = substitute(definition(recovery), &Functions::substitutions())
                .map_err(|e| broken(e.to_string()))?;
            Ok((
                machine,
                StateMachine::parse(&text).map_err(|error| broken(error.to_string()))?,
            ))
        })
        .collect()
}

/// The same, read once: a rehearsal is shorter than reading them.
fn machines_once() -> Result<&'static Machines, Error> {
    static READ: OnceLock<Machines> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(read);
    }
    let read = machines()?;
    Ok(READ.get_or_init(|| read))
}

/// A machine's definition, as its file has it.
pub const fn definition(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::FailOverDatabase => include_str!("../../statemachines/fail-over-database.asl.json"),
        Recovery::FailOverRegion => include_str!("../../statemachines/fail-over-region.asl.json"),
        Recovery::SwitchOverRegion => include_str!("../../statemachines/switch-over-region.asl.json"),
        Recovery::FailBackRegion => include_str!("../../statemachines/fail-back-region.asl.json"),
        Recovery::RollBackDeployment => include_str!("../../statemachines/roll-back-deployment.asl.json"),
        Recovery::ReplaceInstances => include_str!("../../statemachines/replace-instances.asl.json"),
        Recovery::ScaleOut => include_str!("../../statemachines/scale-out.asl.json"),
        Recovery::EvacuateZone => include_str!("../../statemachines/evacuate-zone.asl.json"),
        Recovery::ReturnToZone => include_str!("../../statemachines/return-to-zone.asl.json"),
        Recovery::FailOverCache => include_str!("../../statemachines/fail-over-cache.asl.json"),
    }
}

/// Plays a scenario to its end. `line` gets the timeline as it happens.
///
/// # Errors
/// When it cannot begin.
pub fn play(
    scenario: &Scenario,
    system: &System,
    seed: u64,
    line: &mut dyn FnMut(&Entry),
) -> Result<Left, Error> {
    Play::new(scenario, system, seed).perform(line)
}

impl<'a> Play<'a> {
    /// A scenario as it stands, to its end.
    pub const fn new(scenario: &'a Scenario, system: &'a System, seed: u64) -> Self {
        Self {
            scenario,
            system,
            seed,
            commands: Vec::new(),
            until: None,
            tried: None,
        }
    }

    /// It is one of many, with faults laid on its places.
    #[must_use]
    pub fn tried(mut self, trial: Trial) -> Self {
        self.tried = Some(trial);
        self
    }

    /// Somebody gives a command at that instant, besides what the scenario's own people do.
    #[must_use]
    pub fn command(mut self, at: Ms, command: Command) -> Self {
        self.commands.push((at, command));
        self
    }

    /// It stops at that instant, whatever runs then; a command that was given by then is still carried out.
    #[must_use]
    pub const fn until(mut self, at: Ms) -> Self {
        self.until = Some(at);
        self
    }

    /// Plays it. `line` gets the timeline as it happens.
    ///
    /// # Errors
    /// When it cannot begin.
    pub fn perform(self, line: &mut dyn FnMut(&Entry)) -> Result<Left, Error> {
        let trial = self.tried.or_else(|| Trial::written(self.scenario));
        let theatre = Theatre::new(self.scenario, self.system, self.seed, trial)?;
        Ok(theatre.play(self.commands, self.until, line))
    }
}

#[cfg(test)]
mod tests;
