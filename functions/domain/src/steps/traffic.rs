//! Where users end up.

use serde::{Deserialize, Serialize};

use super::Run;
use super::plan::Plan;
use super::region::Shifted;
use crate::names::Epoch;

/// What `traffic` can be asked to ensure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ensure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Input {
    /// The source's load balancer answers everybody with 503, or it is known that this is not known. Answers
    /// [`super::region::Fencing`].
    EdgeFrozen {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
    },
    /// The undo of `edge-frozen`: the source's load balancer forwards to its targets; in an unplanned move as far as it
    /// answers. Answers [`super::region::Seen`].
    EdgeThawed {
        /// The run.
        run: Run,
    },
    /// This Region's load balancer forwards to its targets, whatever froze it before. Answers
    /// [`super::region::Seen`].
    EdgeOpen {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
    },
    /// Whatever steers the name was told to lead here. Answers [`Shifted`].
    Shifted {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
    },
    /// The change is everywhere: INSYNC, or every authoritative name server answers with this Region. Answers
    /// [`super::region::Resolved`].
    Resolved {
        /// The run.
        run: Run,
        /// What was changed.
        shifted: Shifted,
    },
    /// A value written through the name is read back through this Region's own load balancer. Answers
    /// [`super::region::Seen`].
    Served {
        /// The run.
        run: Run,
    },
    /// The load balancer of the primary Region sends nobody to the zone: a zonal shift is in force. Answers
    /// [`super::region::Seen`]. True as well while AWS's own autoshift is.
    ZoneShifted {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// What is to be done.
        plan: Plan,
    },
    /// The undo of `zone-shifted`, and the way back: no zonal shift of ours is in force. Answers
    /// [`super::region::Seen`].
    ZoneUnshifted {
        /// The run.
        run: Run,
        /// What is to be done.
        plan: Plan,
    },
}
