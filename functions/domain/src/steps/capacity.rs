//! What serves users in a Region: enough of it, and seen healthy.

use serde::{Deserialize, Serialize};

use super::Run;
use super::region::CapacityAssessment;
use crate::names::Epoch;

/// What `capacity` can be asked to ensure. Every condition answers [`super::region::Seen`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ensure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Input {
    /// This Region's group wants at least as many instances as are needed, within the system's limit.
    Raised {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// How many are needed.
        capacity: CapacityAssessment,
    },
    /// As many targets as are needed are healthy in this Region. "Scaled nothing" is not healthy.
    Healthy {
        /// The run.
        run: Run,
        /// How many are needed.
        capacity: CapacityAssessment,
    },
    /// The undo of `raised`: this Region's group has the size it had before.
    Restored {
        /// The run.
        run: Run,
        /// The size it had.
        capacity: CapacityAssessment,
    },
    /// The other Region's group, which serves nobody any more, has the size that this Region's group had while it was
    /// the standby.
    OtherReduced {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// The size to give it.
        capacity: CapacityAssessment,
    },
}
