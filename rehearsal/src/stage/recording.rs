//! Plays that are like another one: what is kept of the one, and how the other begins, goes on and ends.

use std::fmt;
use std::rc::Rc;

use super::checkpoint::Checkpoint;
use crate::injection::Tape;
use crate::world::Ms;

/// How a play is like another one.
#[derive(Clone, Copy)]
pub(crate) struct Like<'k> {
    /// The other one.
    pub(crate) known: &'k Recording,
    /// Where it begins.
    pub(crate) from: Option<&'k Checkpoint>,
    /// Until when what answered then is not run again.
    pub(crate) until: Ms,
    /// What it is for.
    pub(crate) purpose: Purpose,
}

/// What a play is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Others are to be like it: it is recorded.
    Recording,
    /// Its end.
    End,
    /// Its end, unless it comes back to what the other one was.
    Difference,
}

/// Where a play came back to what another one was. The rest is the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Back {
    /// How many of its places had been noted.
    pub(crate) noted: usize,
    /// How many places the other one had passed.
    pub(crate) places: usize,
}

/// A play as it went, for others that are like it up to a fault. It belongs to the theatre in which it was recorded.
#[derive(Clone, Default)]
pub struct Recording {
    pub(super) tape: Tape,
    pub(super) checkpoints: Vec<Rc<Checkpoint>>,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} checkpoints", self.tape, self.checkpoints.len())
    }
}

impl Recording {
    /// The last checkpoint of which that is true.
    pub(crate) fn last(&self, is_so: impl Fn(&Checkpoint) -> bool) -> Option<&Checkpoint> {
        let latest_first = self.checkpoints.iter().rev();
        latest_first.map(Rc::as_ref).find(|then| is_so(then))
    }

    /// The checkpoints up to one of them.
    pub(super) fn up_to(&self, last: &Checkpoint) -> Vec<Rc<Checkpoint>> {
        let those = self
            .checkpoints
            .partition_point(|known| known.places <= last.places);
        self.checkpoints[..those].to_vec()
    }
}
