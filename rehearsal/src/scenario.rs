//! Scenarios: what strikes a system, what people do, and what is expected to come of it.
//!
//! Some come with the program; people write others ([`mod@file`] is what a scenario file may hold).

pub mod file;

use domain::duration::Duration;
use domain::names::Recovery;
use domain::system::{self, Problem, System};
use serde::{Deserialize, Serialize};

use crate::injection::Injection;
use crate::world::fault::{Fault, Place};
use crate::world::person::Person;

pub use file::from_file;

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, which is its file's.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// How long it is watched at least.
    pub window: Duration,
    /// Users' requests per second.
    pub requests_per_second: u32,
    /// The example system it is about, unless another is given.
    pub system: &'static ExampleSystem,
    /// What strikes.
    pub faults: Vec<Fault>,
    /// Who does what.
    pub people: Vec<Person>,
    /// What goes wrong with Evenkeel's own work. Where something does, the scenario is over when it comes to rest after its
    /// window, and machines look less often ([`crate::stage::LOOKS`]).
    pub injections: Vec<Injection>,
    /// What is expected to come of it.
    pub expect: Expectation,
}

/// What a scenario is expected to come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// How it may end.
    pub outcomes: Vec<Outcome>,
    /// How many failovers Evenkeel asks RDS for at most.
    pub failovers_at_most: u32,
    /// Longest time without service. The system's objective, if left out.
    pub rto: Option<Duration>,
    /// Largest loss of acknowledged writes, as the time in which they were made.
    pub rpo: Option<Duration>,
    /// What Evenkeel itself may add to the time that AWS and people take, in percent of the recovery.
    pub own_share_at_most: Option<u32>,
    /// Whether acknowledged writes may be lost.
    pub lost_writes: Option<LostWrites>,
    /// Where the system serves from in the end.
    pub serving: Option<Place>,
    /// Calls that must not be made: what their lines on the timeline contain.
    pub without: Vec<String>,
    /// The recoveries that have to end as recovered, whatever their order. Others may help.
    pub recovered_by: Vec<Recovery>,
    /// The recoveries that must not be carried out: each would be the wrong one. One that looks and stands down has
    /// changed nothing.
    pub never_started: Vec<Recovery>,
    /// How many runs are started at most.
    pub runs_at_most: Option<u32>,
    /// How many messages people get at most.
    pub messages_at_most: Option<u32>,
    /// How long after the load began to rise one instance more is in service.
    pub in_service_within: Option<Duration>,
}

/// Whether acknowledged writes may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LostWrites {
    /// Not one.
    None,
    /// As far as a person accepted it by name.
    Accepted,
}

/// How a rehearsal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Recovered by Evenkeel, and verified.
    Recovered,
    /// Found healthy: nothing was changed.
    StoodDown,
    /// A person said no, and everything that was done was undone.
    RolledBack,
    /// A person was paged.
    Paged,
    /// No recovery was started, and nobody was paged.
    NothingStarted,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Recovered => "recovered",
            Self::StoodDown => "stood-down",
            Self::RolledBack => "rolled-back",
            Self::Paged => "paged",
            Self::NothingStarted => "nothing-started",
        })
    }
}

/// A system file that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExampleSystem {
    /// Its name, which is its file's.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl ExampleSystem {
    /// The system it describes.
    ///
    /// # Errors
    /// What is wrong with it; a test holds that nothing is.
    pub fn read(&self) -> Result<System, Vec<Problem>> {
        system::read(self.text)
    }
}

/// A system or a scenario that comes with the program, by its file's name.
macro_rules! text_of {
    ($folder:literal, $name:literal) => {
        ($name, include_str!(concat!("../", $folder, "/", $name, ".toml")))
    };
}

/// The systems that come with the program: one for each kind of database, and some that live in two Regions.
pub const SYSTEMS: [ExampleSystem; 9] = [
    example(text_of!("systems", "multi-az-instance")),
    example(text_of!("systems", "multi-az-cluster")),
    example(text_of!("systems", "aurora")),
    example(text_of!("systems", "one-region")),
    example(text_of!("systems", "two-regions")),
    example(text_of!("systems", "two-regions-deployed")),
    example(text_of!("systems", "two-regions-replica")),
    example(text_of!("systems", "two-regions-routing-control")),
    example(text_of!("systems", "two-regions-lease")),
];

const fn example((name, text): (&'static str, &'static str)) -> ExampleSystem {
    ExampleSystem { name, text }
}

/// The scenarios that come with the program, in the order to read them in: name and text.
const SCENARIOS: [(&str, &str); 42] = [
    text_of!("scenarios", "database-loss"),
    text_of!("scenarios", "database-loss-aurora"),
    text_of!("scenarios", "database-loss-cluster"),
    text_of!("scenarios", "database-host-lost"),
    text_of!("scenarios", "database-blip"),
    text_of!("scenarios", "database-without-standby"),
    text_of!("scenarios", "disarmed"),
    text_of!("scenarios", "bad-deployment"),
    text_of!("scenarios", "bad-deployment-unheard"),
    text_of!("scenarios", "bad-deployment-looks-like-region"),
    text_of!("scenarios", "zone-loss"),
    text_of!("scenarios", "grey-zone"),
    text_of!("scenarios", "return-to-zone"),
    text_of!("scenarios", "return-too-early"),
    text_of!("scenarios", "instance-loss"),
    text_of!("scenarios", "boot-loop"),
    text_of!("scenarios", "load-spike"),
    text_of!("scenarios", "cache-loss"),
    text_of!("scenarios", "alarm-storm"),
    text_of!("scenarios", "flapping-alarm"),
    text_of!("scenarios", "deployment-during-zone-loss"),
    text_of!("scenarios", "region-loss"),
    text_of!("scenarios", "health-confirms-region-loss"),
    text_of!("scenarios", "health-storm"),
    text_of!("scenarios", "region-loss-during-deployment"),
    text_of!("scenarios", "us-east-1-control-plane-down"),
    text_of!("scenarios", "partition-not-loss"),
    text_of!("scenarios", "partition-with-lease"),
    text_of!("scenarios", "lag-over-budget"),
    text_of!("scenarios", "standby-short-of-capacity"),
    text_of!("scenarios", "approval-times-out"),
    text_of!("scenarios", "false-alarm"),
    text_of!("scenarios", "second-failure-during-recovery"),
    text_of!("scenarios", "standby-control-plane-down"),
    text_of!("scenarios", "application-gone"),
    text_of!("scenarios", "promotion-unanswered"),
    text_of!("scenarios", "replica-region-loss"),
    text_of!("scenarios", "routing-control-region-loss"),
    text_of!("scenarios", "switch-over"),
    text_of!("scenarios", "replica-switch-over"),
    text_of!("scenarios", "fail-back"),
    text_of!("scenarios", "replica-fail-back"),
];

/// Why there is no such scenario, or why it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No scenario has that name.
    #[error("there is no scenario `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
    /// The file is not a scenario.
    #[error("the scenario `{name}` cannot be used: {what}")]
    Broken {
        /// Its name.
        name: String,
        /// What is wrong, with the place.
        what: String,
    },
}

/// Names of all scenarios that come with the program, in the order to read them in.
pub fn names() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|(name, _)| *name)
}

/// The text of the scenario of that name.
pub fn text_of(name: &str) -> Option<&'static str> {
    let found = SCENARIOS.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text)
}

/// The scenario of that name.
///
/// # Errors
/// [`Error::Unknown`] with the nearest name.
pub fn named(name: &str) -> Result<Scenario, Error> {
    let found = SCENARIOS.iter().find(|(known, _)| *known == name);
    let Some((name, text)) = found else {
        let near = names()
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .min();
        let nearest = near
            .filter(|(distance, known)| *distance <= 2 + known.len() / 4)
            .map(|(_, known)| known);
        return Err(Error::Unknown {
            name: name.to_owned(),
            nearest,
        });
    };
    from_file(name, text).map_err(|problems| Error::Broken {
        name: (*name).to_owned(),
        what: problems
            .iter()
            .map(|problem| format!("line {}: {problem}; {}", problem.line(text), problem.hint))
            .collect::<Vec<_>>()
            .join("\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_and_every_system_that_comes_with_the_program_is_right() {
        for name in names() {
            let scenario = named(name).unwrap_or_else(|error| panic!("{error}"));
            assert!(
                scenario.summary.len() <= 70,
                "{name}: the summary does not fit on a line"
            );
        }
        for system in SYSTEMS {
            let read = system
                .read()
                .unwrap_or_else(|problems| panic!("{}: {problems:?}", system.name));
            let second = read.region_failover.is_some();
            assert_eq!(system.name.starts_with("two-regions"), second, "{}", system.name);
            let tier = system.name == "one-region" || system.name == "two-regions-deployed";
            assert_eq!(tier, read.web.is_some(), "{}", system.name);
            assert!(
                second || tier || read.database.kind.to_string() == system.name,
                "{}",
                system.name
            );
        }
    }

    #[test]
    fn a_typo_is_answered_with_the_nearest_name() {
        let error = named("databse-loss").expect_err("a typo");
        assert_eq!(
            error,
            Error::Unknown {
                name: "databse-loss".into(),
                nearest: Some("database-loss")
            }
        );
        assert_eq!(
            named("zzz").expect_err("nothing"),
            Error::Unknown {
                name: "zzz".into(),
                nearest: None
            }
        );
    }
}
