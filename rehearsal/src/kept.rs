//! An embedded cloud between two commands of the program.
//!
//! What is kept is what makes it: the scenario, the system, the seed, what people did and when, and the present instant.
//! Whoever wants to know how things stand plays it again, which gives the same world to the byte.

use domain::system::System;
use operate::Status;
use serde::{Deserialize, Serialize};

use crate::cloud::regions;
use crate::command::{Command, Done, Given, Order};
use crate::scenario::Scenario;
use crate::stage::{Error, Left, Play};
use crate::timeline::Entry;
use crate::world::Ms;

/// An embedded cloud that waits for people. Its people are silent: whoever types is the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The form of this file.
    pub version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's text, where it is somebody's own.
    pub scenario_text: Option<String>,
    /// The system's text, where it is somebody's own.
    pub system_text: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The present instant, in milliseconds since it began.
    pub now_ms: Ms,
    /// What people did, and when.
    pub commands: Vec<At>,
}

/// A command and its instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// In milliseconds since the cloud began.
    pub at_ms: Ms,
    /// What was done.
    pub command: Command,
}

/// The form of file that this program writes and reads.
pub const VERSION: u32 = 1;

/// Why the cloud stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// A run asks, and waits for an answer.
    Asked {
        /// Which run.
        incident: String,
    },
    /// A command was noted, and no time passed: whoever waited still waits.
    Noted,
    /// The scenario is over.
    Over,
}

/// Where the cloud came to.
pub struct Further {
    /// Why it stands still.
    pub pause: Pause,
    /// Which of the commands that were given is this one, if there was one.
    given: Option<usize>,
    /// What is left of it, as at this instant.
    pub left: Left,
    /// Everything that happened from its beginning.
    pub lines: Vec<Entry>,
}

impl Further {
    /// What the command came to, if there was one.
    pub fn given(&self) -> Option<&Given> {
        self.left.given.get(self.given?)
    }
}

impl Kept {
    /// A cloud at its beginning.
    pub fn new(
        scenario: &Scenario,
        scenario_text: Option<String>,
        system_text: Option<String>,
        seed: u64,
    ) -> Self {
        Self {
            version: VERSION,
            scenario: scenario.name.clone(),
            scenario_text,
            system_text,
            seed,
            now_ms: 0,
            commands: Vec::new(),
        }
    }

    /// Goes on from now, with a command if there is one, until somebody is asked or the scenario is over. A command
    /// that is only noted takes its own moment and no more; one that is refused leaves everything as it was. `line`
    /// gets what happens from now on.
    ///
    /// # Errors
    /// When it cannot be played.
    pub fn go_on(
        &mut self,
        scenario: &Scenario,
        system: &System,
        command: Option<Command>,
        line: &mut dyn FnMut(&Entry),
    ) -> Result<Further, Error> {
        let scenario = Scenario {
            people: Vec::new(),
            ..scenario.clone()
        };
        let from = self.now_ms;
        let before = self.commands.len();
        let noted = command.as_ref().is_some_and(Command::is_only_noted);
        let mut commands = self.commands.clone();
        commands.extend(command.map(|command| At { at_ms: from, command }));
        let mut lines = Vec::new();
        let all = playing(&scenario, system, self.seed, &commands);
        let all = if noted { all.until(from) } else { all };
        let whole = all.clone().perform(&mut |entry| lines.push(entry.clone()))?;
        if whole.given.get(before).is_some_and(|given| given.answer.is_err()) {
            return Ok(Further {
                pause: Pause::Over,
                given: Some(before),
                left: whole,
                lines,
            });
        }
        let asked = whole
            .world
            .asked()
            .find(|(at, _)| !noted && (*at > from || (from == 0 && *at == 0)));
        let (pause, until) = match asked {
            Some((at, incident)) => {
                let incident = incident.to_owned();
                (Pause::Asked { incident }, Some(at + ANSWERABLE))
            }
            None if noted => (Pause::Noted, None),
            None => (Pause::Over, None),
        };
        let left = match until {
            Some(until) => all.until(until).perform(&mut |_| {})?,
            None => whole,
        };
        self.now_ms = until.unwrap_or(left.world.now);
        self.commands = commands;
        let shown = |entry: &&Entry| entry.at >= from && entry.at <= self.now_ms;
        lines.iter().filter(shown).for_each(line);
        Ok(Further {
            pause,
            given: (left.given.len() > before).then_some(before),
            left,
            lines,
        })
    }

    /// How things stand now, in every Region that answers.
    ///
    /// # Errors
    /// When it cannot be played.
    pub fn look(&self, scenario: &Scenario, system: &System) -> Result<(Vec<Status>, Left), Error> {
        let scenario = Scenario {
            people: Vec::new(),
            ..scenario.clone()
        };
        let mut play = playing(&scenario, system, self.seed, &self.commands);
        for region in regions(system) {
            let command = Command {
                region: Some(region.clone()),
                order: Order::Status,
                by: String::new(),
                because: String::new(),
            };
            play = play.command(self.now_ms, command);
        }
        let left = play.until(self.now_ms).perform(&mut |_| {})?;
        let seen = left.given.iter().filter_map(|given| match &given.answer {
            Ok(Done::Seen(status)) => Some(Status::clone(status)),
            _ => None,
        });
        Ok((seen.collect(), left))
    }
}

/// How long after a question was put it stands in the journal and in the message.
const ANSWERABLE: Ms = 1_000;

fn playing<'a>(scenario: &'a Scenario, system: &'a System, seed: u64, commands: &[At]) -> Play<'a> {
    commands
        .iter()
        .fold(Play::new(scenario, system, seed), |play, at| {
            play.command(at.at_ms, at.command.clone())
        })
}
