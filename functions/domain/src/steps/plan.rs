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
        /// How many healthy targets the other zones need before users are moved, or all zones before they return.
        needed: u32,
        /// Whether the group launched instances in the zone when it was looked at. An undo changes only what was
        /// otherwise then.
        #[serde(default = "yes")]
        launches_there: bool,
        /// On the way back: the raise of the evacuation that is still in force, to be taken back in the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        raised: Option<Raise>,
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

/// A plan that was made before it was asked is about a zone that the group used.
const fn yes() -> bool {
    true
}

/// How leaving a zone changes a group's size: upwards only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    /// As it stood.
    pub from: GroupSize,
    /// What it is asked for: the same, or more.
    pub to: GroupSize,
}

impl Raise {
    /// What a group that stands like that is asked for where so many healthy targets are needed.
    pub fn of(standing: GroupSize, needed: u32) -> Self {
        Self {
            from: standing,
            to: GroupSize {
                min: standing.min,
                desired: standing.desired.max(needed),
                max: standing.max.max(needed),
            },
        }
    }

    /// Whether the group is asked for more instances than it wanted.
    pub const fn is_one(&self) -> bool {
        self.from.desired < self.to.desired
    }

    /// The size of a group from which the raise is taken back, and nothing else: what somebody has changed since stays,
    /// whoever did had a reason, and perhaps a load. Never below the minimum, which is never touched.
    pub fn taken_back(&self, now: GroupSize) -> GroupSize {
        let desired = if now.desired == self.to.desired {
            self.from.desired.max(now.min)
        } else {
            now.desired
        };
        let max = if now.max == self.to.max {
            self.from.max.max(desired)
        } else {
            now.max
        };
        GroupSize {
            min: now.min,
            desired,
            max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(min: u32, desired: u32, max: u32) -> GroupSize {
        GroupSize { min, desired, max }
    }

    #[test]
    fn a_raise_is_taken_back_where_nobody_has_changed_the_size_since() {
        let raise = Raise::of(size(1, 4, 5), 6);
        assert!(raise.is_one());
        assert_eq!(raise.to, size(1, 6, 6));
        for (now, back) in [
            (raise.to, size(1, 4, 5)),
            // It is taken back already.
            (size(1, 4, 5), size(1, 4, 5)),
            // Somebody wants more, or fewer.
            (size(1, 8, 12), size(1, 8, 12)),
            (size(1, 3, 6), size(1, 3, 5)),
            (size(1, 8, 6), size(1, 8, 8)),
            // Somebody wants at least so many.
            (size(5, 6, 6), size(5, 5, 5)),
        ] {
            assert_eq!(raise.taken_back(now), back, "{now}");
        }
    }

    #[test]
    fn where_there_are_enough_nothing_is_raised() {
        let raise = Raise::of(size(3, 9, 12), 6);
        assert!(!raise.is_one());
        assert_eq!(raise.taken_back(size(3, 9, 12)), size(3, 9, 12));
    }

    #[test]
    fn a_plan_of_before_is_about_a_zone_that_the_group_used() {
        let written = serde_json::json!({
            "kind": "zone",
            "zone": "eu-central-1a",
            "zone_id": "euc1-az2",
            "standing": { "min": 3, "desired": 6, "max": 8 },
            "needed": 6,
        });
        let What::Zone {
            launches_there,
            raised,
            ..
        } = serde_json::from_value(written).expect("a plan")
        else {
            panic!("about a zone");
        };
        assert!(launches_there && raised.is_none());
    }
}
