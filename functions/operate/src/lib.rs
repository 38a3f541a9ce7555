//! What a person does to recoveries by hand: start one, answer its question, stop it, look at it, and keep them from
//! starting by themselves.
//!
//! The same code stands behind the program's commands and behind the people of a rehearsal. Everything that a person
//! decides is written into the journal before anything else happens, with who and why: a decision that took effect
//! and left no trace would be worse than one that did not.

mod answer;
mod arm;
mod error;
mod redrive;
mod run;
mod status;
mod stop;

use std::sync::Arc;

use domain::clock::Clock;
use domain::names::{Region, SystemName};
use domain::system::{System, Systems};

pub use answer::Answered;
pub use arm::{Arming, Disarming, NotIn};
pub use error::Error;
pub use redrive::Redriven;
pub use run::Started;
pub use status::{Open, Status};
pub use stop::Stopped;

/// What a person works with in one Region.
pub struct Hands<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region whose recoveries are meant.
    pub region: Region,
    /// What is remembered there.
    pub journal: J,
    /// What is remembered in any Region.
    pub journal_in: Arc<dyn Fn(&Region) -> J + Send + Sync>,
    /// Step Functions there.
    pub sfn: aws_sdk_sfn::Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Who does something, and why, in that person's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// Who.
    pub by: &'a str,
    /// Why.
    pub because: &'a str,
}

/// Longer names and reasons are cut: they stand in messages and in execution inputs.
const LONGEST_WORDS: usize = 500;

impl Reason<'_> {
    /// Who and why, fit to be kept.
    ///
    /// # Errors
    /// [`Error::Nobody`] when one of them is empty.
    fn kept(self) -> Result<(String, String), Error> {
        let kept = |text: &str| text.trim().chars().take(LONGEST_WORDS).collect::<String>();
        match (kept(self.by), kept(self.because)) {
            (by, because) if by.is_empty() || because.is_empty() => Err(Error::Nobody),
            words => Ok(words),
        }
    }
}

impl<J> Hands<J> {
    fn system(&self, name: &SystemName) -> Result<&System, Error> {
        self.systems.named(name).ok_or_else(|| Error::NoSuchSystem {
            name: name.to_string(),
            known: self
                .systems
                .iter()
                .map(|system| system.name.to_string())
                .collect(),
        })
    }
}
