//! The group and its targets, by zone.
//!
//! A target's zone is that of its instance in the group: Elastic Load Balancing does not tell the zones of targets that
//! are instances. Source: Elastic Load Balancing API, TargetDescription, `AvailabilityZone`.

use std::collections::BTreeMap;
use std::fmt;

use domain::facts::{Health, Targets};
use domain::names::Zone;
use domain::step::Result;
use domain::system::WebTier;
use futures_util::join;

use crate::observe::{GroupObserved, Stage, State, TargetsObserved, group, healthy_targets};
use crate::tier::Tier;

/// The group and its targets at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The group.
    pub group: GroupObserved,
    /// How many targets of each zone are healthy, and how many are not.
    pub targets: Targets,
    /// Targets that are no instances of the group, so that nobody knows their zone. They count nowhere.
    pub strangers: usize,
}

/// Looks at a tier.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`.
pub async fn observe(tier: &Tier<'_>) -> Result<Observed> {
    let (group, targets) = join!(
        group(&tier.autoscaling, &tier.web.group),
        healthy_targets(&tier.elbv2, &tier.web.target_group)
    );
    Ok(Observed::of(group?, &targets?))
}

impl Observed {
    /// Puts both together.
    pub fn of(group: GroupObserved, targets: &TargetsObserved) -> Self {
        let mut zones: BTreeMap<Zone, Health> = BTreeMap::new();
        let mut strangers = 0;
        for (id, state) in &targets.states {
            let Some(member) = group.member(id) else {
                strangers += 1;
                continue;
            };
            let health = zones.entry(member.zone.clone()).or_default();
            if member.stage == Stage::Leaving {
                continue;
            }
            match state {
                State::Healthy => health.healthy += 1,
                State::Unhealthy => health.unhealthy += 1,
                // Starting, leaving, or checked by nobody.
                State::Initial | State::Draining | State::Other => {}
            }
        }
        Self {
            group,
            targets: Targets { zones },
            strangers,
        }
    }

    /// How many targets are healthy in a zone.
    pub fn healthy_in(&self, zone: &Zone) -> u32 {
        self.targets.zones.get(zone).map_or(0, |health| health.healthy)
    }

    /// How many are healthy outside of it.
    pub fn healthy_outside(&self, zone: &Zone) -> u32 {
        self.targets.all().healthy - self.healthy_in(zone)
    }

    /// Whether the group launches instances in a zone, as far as the system file knows its subnet.
    pub fn uses(&self, web: &WebTier, zone: &Zone) -> bool {
        web.subnets
            .get(zone)
            .is_some_and(|subnet| self.group.subnets.contains(subnet))
    }

    /// Subnets of the group that the system file does not know: nobody can say which zone they are in.
    pub fn unknown_subnets(&self, web: &WebTier) -> Vec<&str> {
        let known = |subnet: &&String| web.subnets.values().any(|known| known == *subnet);
        let subnets = self.group.subnets.iter().filter(|subnet| !known(subnet));
        subnets.map(String::as_str).collect()
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, subnets {}; targets",
            self.group,
            self.group.subnets.join(" ")
        )?;
        if self.targets.zones.is_empty() {
            f.write_str(" none")?;
        }
        for (zone, Health { healthy, unhealthy }) in &self.targets.zones {
            write!(f, " {zone}: {healthy} healthy")?;
            if *unhealthy > 0 {
                write!(f, " {unhealthy} unhealthy")?;
            }
        }
        match self.strangers {
            0 => Ok(()),
            strangers => write!(f, ", {strangers} outside of the group"),
        }
    }
}
