//! Where an execution stands between two states, for others that go on from there.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::random::Random;
use super::run::Variables;

/// Where an execution stands before a state of its outermost block: [`Execution::resume`] goes on from there, as often as one
/// likes, with the same machine. From two that are the same the same comes.
///
/// An [`Observer`] gets it offered before each state that takes time. There nothing of the execution is under way but itself.
///
/// [`Execution::resume`]: super::Execution::resume
/// [`Observer`]: super::Observer
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The state's index in the machine's block.
    pub(super) at: usize,
    /// Its input.
    pub(super) input: Arc<Value>,
    pub(super) variables: Variables,
    /// Id of the last event.
    pub(super) previous: u64,
    /// How many events there were.
    pub(super) events: u64,
    pub(super) random: Random,
    pub(super) transitions: u64,
    pub(super) started: Timestamp,
    pub(super) execution_input: Arc<Value>,
}
