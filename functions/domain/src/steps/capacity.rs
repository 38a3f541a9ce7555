//! What serves users in a Region: enough of it, and seen healthy.

use serde::{Deserialize, Serialize};

use super::Run;
use super::plan::Plan;
use super::region::CapacityAssessment;
use crate::names::Epoch;

/// What `capacity` can be asked to ensure. Every condition answers [`super::region::Seen`], those that
/// end in `planned` a [`Plan`].
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
    /// It is known which instances are unhealthy, and that replacing them is the right thing: not more than the limit per
    /// hour, and the group's new instances are well. `Unsafe` where it is no problem of instances.
    ReplacementPlanned {
        /// The run.
        run: Run,
    },
    /// Those instances are gone from the group, and as many targets as are needed are healthy. Never fewer healthy ones
    /// than before.
    Replaced {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// What is to be done.
        plan: Plan,
    },
    /// It is known how many instances the load needs. `Unsafe` at the maximum.
    ScaleOutPlanned {
        /// The run.
        run: Run,
    },
    /// The group wants that many, or more.
    ScaledOut {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// What is to be done.
        plan: Plan,
    },
    /// It is known which one zone is sick, and what leaving it takes. `Unsafe` when more than one is, or when the others
    /// cannot carry the load within the maximum.
    EvacuationPlanned {
        /// The run.
        run: Run,
    },
    /// It is known which zone was evacuated, and that it is well.
    ReturnPlanned {
        /// The run.
        run: Run,
    },
    /// The group launches nothing in the zone any more, and as many targets as are needed are healthy in the others.
    ZoneLeft {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// What is to be done.
        plan: Plan,
    },
    /// The undo of `zone-left`, and the way back: the group uses the zone again, with the size that it had when the run
    /// began. As an undo, only where it used the zone then.
    ZoneRejoined {
        /// The run.
        run: Run,
        /// What is to be done.
        plan: Plan,
    },
    /// The end of the way back: the group has the size that it had before the evacuation, unless somebody has changed it
    /// since.
    RaiseTakenBack {
        /// The run.
        run: Run,
        /// What is to be done.
        plan: Plan,
    },
    /// As many targets of the primary Region are healthy as the plan needs.
    ServesAsPlanned {
        /// The run.
        run: Run,
        /// What was to be done.
        plan: Plan,
    },
}
