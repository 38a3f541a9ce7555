//! The group launches nothing in a zone any more, and as many targets as are needed are healthy in the others.
//!
//! Users come after it (rule 3): they are kept away from the zone only when the others can carry them.
//!
//! It is the undo of a way back as well, which got stuck before users returned. As such it takes the group out of the zone
//! only where the way back had put it there.

use domain::journal::Journal;
use domain::names::Recovery;
use domain::step::{Error, Result};
use journal::Hold;

use super::Leaving;
use super::change::Change;
use super::evidence::{every_subnet_is_known, subnet};
use super::observe::{Observed, observe};
use crate::size::not_nothing;
use crate::tier::Tier;

/// Ensures that a zone is left, and answers what was seen.
///
/// # Errors
/// `NotYet` right after asking for it, and until enough targets are healthy elsewhere; `Unsafe` when the group could
/// not be left with a subnet, or with more instances than the system may have, or when a person stopped the run;
/// `LockLost`; `InvalidInput` for a plan that names no zone; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    tier: &Tier<'_>,
    leaving: &Leaving<'_>,
    hold: &Hold<'_, J>,
) -> Result<String> {
    not_nothing(leaving.needed)?;
    if hold.run.recovery == Recovery::ReturnToZone && leaving.launches_there {
        return Ok(format!(
            "the group {} used {} before the way back began, and goes on doing so",
            tier.web.group, leaving.zone
        ));
    }
    let observed = observe(tier).await?;
    let change = change(tier, leaving, &observed)?;
    if !change.is_none() {
        hold.check().await?;
        return Err(change.ask(&tier.autoscaling, &tier.web.group).await);
    }
    let seen = format!(
        "{} needed outside of {}, {} healthy; group {} {observed}",
        leaving.needed,
        leaving.zone,
        observed.healthy_outside(leaving.zone),
        tier.web.group
    );
    if observed.healthy_outside(leaving.zone) >= leaving.needed {
        Ok(seen)
    } else {
        Err(Error::NotYet { seen })
    }
}

/// What has to change, if anything: the zone's subnet goes, and the group wants at least as many as are needed.
fn change(tier: &Tier<'_>, leaving: &Leaving<'_>, observed: &Observed) -> Result<Change> {
    let (web, group) = (tier.web, &observed.group);
    let own = subnet(web, leaving.zone)?;
    every_subnet_is_known(web, observed)?;
    let others: Vec<String> = group
        .subnets
        .iter()
        .filter(|subnet| *subnet != own)
        .cloned()
        .collect();
    if others.is_empty() {
        return Err(Error::Unsafe {
            why: format!(
                "the group {} has no subnet in another zone than {}: {observed}",
                web.group, leaving.zone
            ),
        });
    }
    let desired = (group.size.desired < leaving.needed).then_some(leaving.needed);
    if desired.is_some_and(|desired| desired > web.max_instances) {
        return Err(Error::Unsafe {
            why: format!(
                "{} instances are needed and there may be {} at most: `max-instances` of [web]",
                leaving.needed, web.max_instances
            ),
        });
    }
    Ok(Change {
        subnets: (others.len() < group.subnets.len()).then_some(others),
        desired,
        max: desired.filter(|desired| *desired > group.size.max),
    })
}
