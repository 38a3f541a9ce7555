//! Moving a database's writer inside its Region.

use serde::{Deserialize, Serialize};

use super::Run;
use super::assess::{Assessment, Writer};
use crate::names::Epoch;

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
    /// A value written through the application's database is read back.
    Writable {
        /// The run.
        run: Run,
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
