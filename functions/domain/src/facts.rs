//! What was found by looking, for the judgement: targets, instances and deployments of a system in the primary Region.
//!
//! Facts are optional everywhere, because whoever looks may not be answered. What is missing speaks neither for nor
//! against anything; it is listed in [`Facts::unseen`], so that a decision can say what would have settled it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::names::Zone;

/// What was found by looking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Facts {
    /// When it was looked.
    pub at: Timestamp,
    /// What the load balancer says of its targets.
    #[serde(default)]
    pub targets: Option<Targets>,
    /// The Auto Scaling group.
    #[serde(default)]
    pub group: Option<Group>,
    /// The latest deployments, newest first, at most [`DEPLOYMENTS`].
    #[serde(default)]
    pub deployments: Option<Vec<Deployment>>,
    /// What did not answer, in words.
    #[serde(default)]
    pub unseen: Vec<String>,
}

/// How many deployments are looked at.
pub const DEPLOYMENTS: usize = 10;

/// Targets by zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Targets {
    /// How many targets of each zone are healthy, and how many are not.
    pub zones: BTreeMap<Zone, Health>,
}

/// How many targets are healthy, and how many are not. Those that are just starting or leaving are neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Health {
    /// `healthy`
    pub healthy: u32,
    /// `unhealthy`, or `unavailable`
    pub unhealthy: u32,
}

impl Targets {
    /// All zones together.
    pub fn all(&self) -> Health {
        self.zones.values().fold(Health::default(), |sum, zone| Health {
            healthy: sum.healthy + zone.healthy,
            unhealthy: sum.unhealthy + zone.unhealthy,
        })
    }

    /// The zones in which targets are unhealthy.
    pub fn sick(&self) -> impl Iterator<Item = (&Zone, Health)> {
        self.zones
            .iter()
            .filter(|(_, health)| health.unhealthy > 0)
            .map(|(zone, health)| (zone, *health))
    }

    /// The zone in which targets are unhealthy, where it is only one.
    pub fn only_sick(&self) -> Option<(&Zone, Health)> {
        let mut sick = self.sick();
        let first = sick.next()?;
        sick.next().is_none().then_some(first)
    }

    /// Whether no target of that zone is healthy, some are not, and none of another zone is unhealthy.
    pub fn is_dead(&self, zone: &Zone) -> bool {
        self.only_sick()
            .is_some_and(|(sick, health)| sick == zone && health.healthy == 0)
    }

    /// The one zone of several that is dead with more than one target: that is no problem of an instance.
    pub fn dead_zone(&self) -> Option<(&Zone, Health)> {
        self.only_sick()
            .filter(|(_, health)| health.healthy == 0 && health.unhealthy > 1 && self.zones.len() > 1)
    }
}

/// An Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Group {
    /// `DesiredCapacity`
    pub desired: u32,
    /// `MaxSize`
    pub max: u32,
    /// How many instances are in service.
    pub in_service: u32,
    /// Launches that failed, or whose instances did not stay, since the last one that did, as far as the group's
    /// latest activities tell.
    #[serde(default)]
    pub launches_in_vain: u32,
}

/// A deployment of CodeDeploy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Deployment {
    /// Its id, as `d-ABCDEFGHI`.
    pub id: String,
    /// How it stands.
    pub status: DeploymentStatus,
    /// What it deploys: the revision's location, in one line.
    pub revision: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ended, if it did.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// Whether it is a rollback: CodeDeploy's own (`creator` `codeDeployRollback`) or one of ours.
    #[serde(default)]
    pub is_rollback: bool,
}

/// How a deployment stands. Source: CodeDeploy API, DeploymentInfo, `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentStatus {
    /// `Created`, `Queued`, `InProgress`, `Baking` or `Ready`: it runs, or will.
    Running,
    /// `Succeeded`
    Succeeded,
    /// `Failed`
    Failed,
    /// `Stopped`
    Stopped,
}

impl std::fmt::Display for DeploymentStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(counts: &[(&str, u32, u32)]) -> Targets {
        let zones = counts.iter().map(|(zone, healthy, unhealthy)| {
            let (healthy, unhealthy) = (*healthy, *unhealthy);
            (Zone((*zone).to_owned()), Health { healthy, unhealthy })
        });
        Targets {
            zones: zones.collect(),
        }
    }

    #[test]
    fn a_dead_zone_is_one_of_several_and_more_than_an_instance() {
        let dead = |counts| {
            let targets = targets(counts);
            let zone = targets.dead_zone().map(|(zone, _)| zone.0.clone());
            (zone, targets.is_dead(&Zone("a".to_owned())))
        };
        let a = || Some("a".to_owned());
        assert_eq!(dead(&[("a", 0, 2), ("b", 2, 0)]), (a(), true));
        assert_eq!(dead(&[("a", 0, 1), ("b", 2, 0)]), (None, true), "one instance");
        assert_eq!(dead(&[("a", 0, 2)]), (None, true), "there is no other zone");
        assert_eq!(
            dead(&[("a", 0, 2), ("b", 1, 1)]),
            (None, false),
            "it is not alone"
        );
        assert_eq!(dead(&[("a", 1, 1), ("b", 2, 0)]), (None, false), "it is not dead");
        assert_eq!(dead(&[("a", 2, 0), ("b", 2, 0)]), (None, false));
    }
}
