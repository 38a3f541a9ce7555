//! Enough targets are healthy for what was planned. Only observes, and believes nothing but the load balancer: a group
//! that wants instances and an instance that runs prove nothing. "Scaled nothing" is a failure (rule 8).

use domain::names::{Recovery, Zone};
use domain::step::{Error, Result};
use domain::steps::plan::What;
use futures_util::join;

use super::Tier;
use crate::observe::{GroupObserved, Stage, State, TargetsObserved, group, healthy_targets};
use crate::size::not_nothing;

/// Ensures that as many targets are healthy as the plan needs, and answers what was seen.
///
/// # Errors
/// `NotYet` until then, with what hinders the group; `Unsafe` when none are needed; `Throttled`, `Unavailable`,
/// `Refused`.
pub async fn ensure(tier: &Tier<'_>, recovery: Recovery, what: &What) -> Result<String> {
    let web = tier.web;
    let (group, targets) = join!(
        group(&tier.autoscaling, &web.group),
        healthy_targets(&tier.elbv2, &web.target_group)
    );
    let (group, targets) = (group?, targets?);
    let wants = Wants::of(recovery, what, web.instances, &group);
    let serving = wants.serving(&group, &targets);
    not_nothing(wants.needed)?;
    let seen = format!(
        "{} needed{}, {serving} healthy; targets: {targets}; group {}: {group}",
        wants.needed,
        wants.words(),
        web.group
    );
    if serving < wants.needed {
        return Err(Error::NotYet { seen });
    }
    let idle = if wants.everyone {
        idle(&group, &targets)
    } else {
        Default::default()
    };
    if !idle.is_empty() {
        return Err(Error::NotYet {
            seen: format!("in service and not healthy: {}; {seen}", idle.join(", ")),
        });
    }
    Ok(seen)
}

/// What has to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wants<'p> {
    /// How many healthy targets.
    needed: u32,
    /// In which zone they do not count, because users are led away from it.
    not_in: Option<&'p Zone>,
    /// Whether every instance in service has to be healthy.
    everyone: bool,
}

impl<'p> Wants<'p> {
    fn of(recovery: Recovery, what: &'p What, instances: u32, group: &GroupObserved) -> Self {
        let healthy = |needed| Self {
            needed,
            not_in: None,
            everyone: false,
        };
        match what {
            What::Replace { needed, .. } => healthy(*needed),
            What::Zone { zone, needed, .. } => Self {
                // On the way back the zone's own targets serve again.
                not_in: zone.as_ref().filter(|_| recovery != Recovery::ReturnToZone),
                ..healthy(*needed)
            },
            // One more than there were: the rest are on their way, and help as they come.
            What::ScaleOut { standing, wanted } => healthy((*wanted).min(standing.desired.saturating_add(1))),
            // A release that some instances do not bear is not rolled back.
            What::RollBack { .. } => Self {
                everyone: true,
                ..healthy(instances.min(group.size.desired))
            },
            // Nothing of the web tier was planned; the caller does not ask.
            What::FailOverCache { .. } => healthy(instances.min(group.size.desired)),
        }
    }

    fn serving(&self, group: &GroupObserved, targets: &TargetsObserved) -> u32 {
        match self.not_in {
            None => targets.healthy,
            Some(zone) => {
                let elsewhere = |id: &&str| group.member(id).is_some_and(|member| member.zone != *zone);
                u32::try_from(targets.those(State::Healthy).filter(elsewhere).count()).unwrap_or(u32::MAX)
            }
        }
    }

    fn words(&self) -> String {
        let zone = self.not_in.map(|zone| format!(" outside {zone}"));
        zone.unwrap_or_default()
    }
}

/// The instances in service whose targets are not healthy.
fn idle<'g>(group: &'g GroupObserved, targets: &TargetsObserved) -> Vec<&'g str> {
    let in_service = group
        .members
        .iter()
        .filter(|member| member.stage == Stage::InService);
    in_service
        .map(|member| member.id.as_str())
        .filter(|id| targets.states.get(*id) != Some(&State::Healthy))
        .collect()
}
