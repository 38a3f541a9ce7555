//! A cache's primary in another zone or Region.

use serde::{Deserialize, Serialize};

use super::Run;
use crate::names::{Epoch, Zone};

/// What `cache` can be asked to ensure. Every condition answers [`super::region::Seen`],
/// `cache-failover-planned` a [`super::plan::Plan`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ensure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Input {
    /// This Region's replication group is the primary of the system's global datastore. True at once for a system
    /// without one.
    PromotedHere {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
    },
    /// The primary node of this Region's replication group is another one than that.
    PrimaryMoved {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// The cache cluster that was the primary node when it was decided.
        away_from: String,
    },
    /// It is known which node is the primary of the system's cache, and that it does not serve. `Unsafe` where there is no
    /// replica to promote.
    CacheFailoverPlanned {
        /// The run.
        run: Run,
    },
    /// The primary node of the system's cache is not in that zone. True at once for a system without a cache.
    PrimaryOutOfZone {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// The zone.
        zone: Zone,
    },
}
