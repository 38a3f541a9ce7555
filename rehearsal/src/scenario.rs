//! Scenarios: what strikes a system, and what is expected to come of it.

use domain::duration::Duration;
use domain::system::{self, Problem, System};
use serde::{Deserialize, Serialize};

use crate::world::fault::Fault;

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
    /// What is expected to come of it.
    pub expect: Expectation,
}

/// What a scenario is expected to come to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// How it may end.
    pub outcomes: Vec<Outcome>,
    /// How many failovers Evenkeel asks RDS for at most.
    pub failovers_at_most: u32,
}

/// How a rehearsal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Recovered by Evenkeel, and verified.
    Recovered,
    /// Found healthy: nothing was changed.
    StoodDown,
    /// A person was paged.
    Paged,
    /// No recovery was started.
    NothingStarted,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Recovered => "recovered",
            Self::StoodDown => "stood-down",
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

/// The systems that come with the program, one for each kind of database.
pub const SYSTEMS: [ExampleSystem; 3] = [
    ExampleSystem {
        name: "multi-az-instance",
        text: include_str!("../systems/multi-az-instance.toml"),
    },
    ExampleSystem {
        name: "multi-az-cluster",
        text: include_str!("../systems/multi-az-cluster.toml"),
    },
    ExampleSystem {
        name: "aurora",
        text: include_str!("../systems/aurora.toml"),
    },
];

/// The scenarios that come with the program: name and text.
const SCENARIOS: [(&str, &str); 6] = [
    ("database-loss", include_str!("../scenarios/database-loss.toml")),
    (
        "database-loss-aurora",
        include_str!("../scenarios/database-loss-aurora.toml"),
    ),
    (
        "database-loss-cluster",
        include_str!("../scenarios/database-loss-cluster.toml"),
    ),
    (
        "database-host-lost",
        include_str!("../scenarios/database-host-lost.toml"),
    ),
    ("database-blip", include_str!("../scenarios/database-blip.toml")),
    (
        "database-without-standby",
        include_str!("../scenarios/database-without-standby.toml"),
    ),
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

/// A scenario as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ScenarioFile {
    summary: String,
    window: Duration,
    requests_per_second: u32,
    system: String,
    #[serde(default)]
    fault: Vec<Fault>,
    expect: Expectation,
}

/// Names of all scenarios that come with the program, in the order to read them in.
pub fn names() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|(name, _)| *name)
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
    read(name, text)
}

fn read(name: &str, text: &str) -> Result<Scenario, Error> {
    let broken = |what: String| Error::Broken {
        name: name.to_owned(),
        what,
    };
    let file: ScenarioFile = toml::from_str(text).map_err(|error| broken(error.to_string()))?;
    let system = SYSTEMS.iter().find(|system| system.name == file.system);
    let system = system.ok_or_else(|| broken(format!("no example system is named `{}`", file.system)))?;
    if let Some(late) = file.fault.iter().find(|fault| fault.latest() >= file.window) {
        return Err(broken(format!(
            "a fault at {} strikes after the window of {}",
            late.latest(),
            file.window
        )));
    }
    Ok(Scenario {
        name: name.to_owned(),
        summary: file.summary,
        window: file.window,
        requests_per_second: file.requests_per_second,
        system,
        faults: file.fault,
        expect: file.expect,
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
            assert_eq!(read.database.kind.to_string(), system.name);
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

    #[test]
    fn a_fault_that_nobody_would_see_is_refused() {
        let text = "summary = \"x\"\nwindow = \"1m\"\nrequests-per-second = 1\nsystem = \"aurora\"\n\
                    fault = [{ at = \"2m\", kind = \"writer-hangs\" }]\nexpect = { outcomes = [\"paged\"], failovers-at-most = 0 }\n";
        assert!(
            read("late", text)
                .expect_err("late")
                .to_string()
                .contains("strikes after the window")
        );
    }
}
