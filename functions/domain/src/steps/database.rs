//! Moving a database's writer inside its Region, and to another Region.

use serde::{Deserialize, Serialize};

use super::Run;
use super::assess::{Assessment, Writer};
use super::region::{Approval, Fence, Fencing, Promotion, RegionAssessment};
use crate::names::{Epoch, Zone};

/// What `database` can be asked to ensure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ensure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Input {
    /// A failover away from the assessed writer was started, by us or by AWS.
    FailoverStarted {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// What was observed before.
        assessment: Assessment,
    },
    /// Another instance or zone is the writer, and RDS calls it available.
    WriterMoved {
        /// The run.
        run: Run,
        /// What was observed before.
        assessment: Assessment,
    },
    /// The writer is in another zone than that one, and RDS calls it available: a failover moves it where it is not.
    /// Answers [`super::region::Seen`].
    WriterOutOfZone {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// The zone.
        zone: Zone,
    },
    /// A value written through the application's database is read back.
    Writable {
        /// The run.
        run: Run,
    },
    /// The source's database is cut off from everybody, or it is known that this is not known. Answers
    /// [`super::region::Fencing`].
    SourceFenced {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
    },
    /// The undo of `source-fenced`: the source's database has its own security groups; in an unplanned move whose source
    /// was lost, as far as it answers. Answers [`super::region::Seen`].
    SourceOpened {
        /// The run.
        run: Run,
        /// Whether the source's Region answered when it was assessed. One that did may have been fenced, and serves nobody
        /// until it is opened: its silence is waited for. A planned move always does.
        #[serde(default)]
        answered: bool,
    },
    /// The promotion of this Region's database was started. Answers [`super::region::Seen`].
    PromotionStarted {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// What was observed before.
        region: Box<RegionAssessment>,
        /// Whether the source is known to take no writes, and since when: what had arrived before says nothing about
        /// what was written before it.
        fencing: Fencing,
        /// The person's answer, where the move had to be approved.
        #[serde(default)]
        approval: Option<Box<Approval>>,
        /// Regular, or the last resort.
        how: Promotion,
    },
    /// This Region's database is the primary, and RDS calls it available. Answers [`super::region::Promoted`].
    Promoted {
        /// The run.
        run: Run,
        /// Regular, or the last resort.
        how: Promotion,
        /// Whether the source was known to take no writes before.
        fence: Fence,
    },
    /// It was seen whether the database is still written to where it was. Answers [`super::region::InPlace`].
    PlaceKnown {
        /// The run.
        run: Run,
    },
    /// A value written through this Region's own load balancer is read back through it. Answers
    /// [`super::region::Seen`].
    WritableHere {
        /// The run.
        run: Run,
    },
    /// This Region's database follows the other Region's again, and its data is there. Answers
    /// [`super::region::Seen`].
    Rejoined {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
    },
    /// The other Region's database follows this one, within the recovery point objective: the standby is armed.
    /// Answers [`super::region::Seen`].
    StandbyArmed {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
    },
}

/// A failover is under way or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// What was seen, in AWS's words.
    pub seen: String,
}

/// The writer is another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Who writes now.
    pub writer: Writer,
    /// What was seen, in AWS's words.
    pub seen: String,
}

/// The database takes writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The value that was written and read back.
    pub token: String,
    /// What was seen.
    pub seen: String,
}
