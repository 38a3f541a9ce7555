//! What stands before a recovery: the world as observed, and whether acting is right.

use serde::{Deserialize, Serialize};

use super::Run;
use crate::names::Zone;

/// What `assess` can be asked to ensure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ensure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Input {
    /// The database was observed and it is known what its failover would do.
    DatabaseAssessed {
        /// The run.
        run: Run,
    },
    /// Both Regions were observed and it is known what a move to this one would do and lose. For an unplanned move,
    /// two independent signals have held over the policy's window (rule 8).
    RegionAssessed {
        /// The run.
        run: Run,
    },
    /// No alarm of the primary Region that means user-impact is in ALARM: users are served, as the outside sees it.
    /// Answers [`super::region::Seen`]. True at once for a system without such an alarm, and then says so.
    UsersServed {
        /// The run.
        run: Run,
    },
}

/// The database as observed before anything is done to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// What is to be done.
    pub verdict: Verdict,
    /// Who writes now.
    pub writer: Writer,
    /// The instance to promote, where the kind lets one be chosen.
    pub target: Option<String>,
    /// What was seen, in AWS's words, one sentence each.
    pub seen: Vec<String>,
}

/// What is to be done about a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The writer does not take writes and AWS does nothing about it: fail over.
    FailOver,
    /// A write was stored and read back: nothing to do.
    Healthy,
}

/// Where writes go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// The DB instance that is the writer.
    pub instance: String,
    /// Its Availability Zone.
    pub zone: Zone,
}
