//! Why a person's wish was not carried out, and what to do instead.

use domain::journal::Disarmed;
use domain::step;
use domain::steps::region::{Approval, Risk};
use jiff::Timestamp;

use crate::NotIn;

/// Why a person's wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody signed, or gave no reason.
    #[error("a decision needs who made it and why")]
    Nobody,
    /// No such system.
    #[error("no system is named `{name}` here")]
    NoSuchSystem {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The recovery does not belong where it was asked for.
    #[error("{why}")]
    NotHere {
        /// Why.
        why: String,
    },
    /// Another recovery of the system is running.
    #[error("{holder} is running and holds the lock until {until}")]
    Running {
        /// Its incident.
        holder: String,
        /// Until when.
        until: Timestamp,
    },
    /// Somebody disarmed the system before.
    #[error("it is disarmed already, {standing}{}", elsewhere(.not_in))]
    DisarmedBefore {
        /// Who, since when, and why.
        standing: Box<Disarmed>,
        /// Regions in which it is not known to be.
        not_in: Vec<NotIn>,
    },
    /// The run asks nothing.
    #[error("{incident} asks nothing")]
    NothingAsked {
        /// The run.
        incident: String,
    },
    /// Somebody answered before.
    #[error("{} {} it at {}, because {}", .0.by, .0.answer, .0.at, .0.because)]
    AnsweredBefore(Box<Approval>),
    /// The time for an answer is over.
    #[error("the time to answer ended at {at}; the run has been undone")]
    TooLate {
        /// When it ended.
        at: Timestamp,
    },
    /// Not everything that has to be accepted was.
    #[error("approving it means accepting {}", words(.missing))]
    NotAccepted {
        /// What is missing.
        missing: Vec<Risk>,
    },
    /// No run of that name was ever started here.
    #[error("there is no run {incident} here")]
    NoSuchRun {
        /// What was asked for.
        incident: String,
    },
    /// The run cannot be redriven.
    #[error("{incident} cannot be redriven: {why}")]
    NotRedrivable {
        /// The run.
        incident: String,
        /// What AWS says, or why it would not help.
        why: String,
    },
    /// AWS, or the journal.
    #[error(transparent)]
    Aws(#[from] step::Error),
}

impl Error {
    /// What to do instead.
    pub fn hint(&self) -> String {
        match self {
            Self::Nobody => "add `--by YOU --because WHY`; both are kept in the journal".to_owned(),
            Self::NoSuchSystem { known, .. } if known.is_empty() => "deploy a system file first".to_owned(),
            Self::NoSuchSystem { known, .. } => format!("use one of: {}", known.join(", ")),
            Self::NotHere { .. } => "`evenkeel status` says where the system serves".to_owned(),
            Self::Running { .. } => {
                "wait for it, or `evenkeel stop` it; it releases the lock when it ends".to_owned()
            }
            Self::DisarmedBefore { .. } => {
                "it stays so until somebody types `evenkeel arm`; your reason was not kept".to_owned()
            }
            Self::NothingAsked { .. } => {
                "`evenkeel status` lists the runs that wait for an answer".to_owned()
            }
            Self::AnsweredBefore(_) => {
                "the first answer stands; `evenkeel stop` still stops the run".to_owned()
            }
            Self::TooLate { .. } => "`evenkeel run` starts it again".to_owned(),
            Self::NotAccepted { missing } => {
                let accepts: Vec<String> = missing.iter().map(|risk| format!("--accept {risk}")).collect();
                format!("if you mean it, add `{}`", accepts.join(" "))
            }
            Self::NoSuchRun { .. } => {
                "`evenkeel status` shows what runs, `evenkeel history` what has ended".to_owned()
            }
            Self::NotRedrivable { .. } => "`evenkeel run` starts another".to_owned(),
            Self::Aws(_) => "nothing was changed unless it says so; it is safe to repeat".to_owned(),
        }
    }
}

fn words(risks: &[Risk]) -> String {
    risks
        .iter()
        .map(|risk| risk.word())
        .collect::<Vec<_>>()
        .join(" and ")
}

fn elsewhere(not_in: &[NotIn]) -> String {
    not_in
        .iter()
        .map(|NotIn { region, why }| format!("; in {region} it is not known to be: {why}"))
        .collect()
}
