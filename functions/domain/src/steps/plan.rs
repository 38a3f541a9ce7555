//! What a recovery inside a Region is going to do: found by looking before anything is done, and held to by every step
//! that follows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::region::GroupSize;
use crate::names::{Zone, ZoneId};

/// What a recovery inside a Region is going to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// When it was made.
    pub at: Timestamp,
    /// Whether anything is to be done at all.
    pub verdict: Verdict,
    /// What.
    pub what: What,
    /// What was seen, in AWS's words.
    pub seen: Vec<String>,
}

/// Whether anything is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Do it.
    Act,
    /// What the recovery is for is not, or is no more: nothing to do.
    StandDown,
}

/// What is going to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// Deploy the last good revision.
    RollBack {
        /// The deployment that is to be undone.
        bad: String,
        /// What it deploys, in one line.
        bad_revision: String,
        /// The last deployment of the group that succeeded with another revision, and is no rollback of the bad one.
        /// `None` only when nothing is to be done.
        good: Option<String>,
        /// What it deployed, in one line.
        good_revision: Option<String>,
        /// CodeDeploy's own rollback to a good revision, which runs or has succeeded: it is only seen through.
        underway: Option<String>,
    },
    /// Leave a zone, or use it again.
    Zone {
        /// The zone. `None` only when nothing is to be done.
        zone: Option<Zone>,
        /// Its ID.
        zone_id: Option<ZoneId>,
        /// The group as it stood: what an undo restores.
        standing: GroupSize,
        /// How many healthy targets the other zones need before users are moved.
        needed: u32,
    },
    /// Replace instances.
    Replace {
        /// The unhealthy ones.
        instances: Vec<String>,
        /// How many targets have to be healthy in the end.
        needed: u32,
    },
    /// Add instances.
    ScaleOut {
        /// The group as it stood.
        standing: GroupSize,
        /// `DesiredCapacity` to give it.
        wanted: u32,
    },
    /// Move the cache's primary.
    FailOverCache {
        /// The cache cluster that was the primary node.
        away_from: String,
    },
}
