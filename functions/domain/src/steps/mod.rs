//! Input and output of every step.
//!
//! One Lambda function serves one room of AWS (the database, the journal, …) and ensures one condition per call; the
//! field `ensure` says which. The names are the contract with `statemachines/*.asl.json`.

pub mod assess;
pub mod cache;
pub mod capacity;
pub mod database;
pub mod deployment;
pub mod journal;
pub mod notify;
pub mod plan;
pub mod region;
pub mod traffic;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::names::{IncidentId, Recovery, SystemName};

/// What a run is about: the input of every state machine, and part of every step's input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The system to recover.
    pub system: SystemName,
    /// The incident, which is also the execution's name.
    pub incident: IncidentId,
    /// What is run.
    pub recovery: Recovery,
    /// When the signal that opened the incident happened.
    pub opened_at: Timestamp,
    /// Why it was decided, for people.
    pub because: String,
}
