//! The group uses a zone again: the undo of `zone-left`, and the way back.
//!
//! Users are served while this happens, so it takes back only what the run itself asked for. A size that somebody has
//! changed since, a scaling policy above all, stays: whoever changed it had a reason, and perhaps a load.
//!
//! So a zone that the group had left before the run began stays left.
//!
//! As an undo it waits for nothing. On the way back it waits until the zone has its share of healthy targets, because
//! users are sent there next. Meanwhile nobody is sent there, and the group spreads over the zone what it has: so the
//! others carry the load with fewer for as long as it takes, and that is no time to be held up.

use domain::journal::Journal;
use domain::names::Recovery;
use domain::step::{Error, Result};
use journal::Claim;

use super::Leaving;
use super::change::Change;
use super::evidence::subnet;
use super::observe::{Observed, observe};
use crate::tier::Tier;

/// Ensures that the group uses a zone again, and answers what was seen.
///
/// # Errors
/// `NotYet` right after asking for it, and on the way back until the zone has its share of healthy targets; `LockLost`;
/// `Unsafe` when the system file has no subnet of the zone, or when a person stopped a way back; `Throttled`,
/// `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    tier: &Tier<'_>,
    leaving: &Leaving<'_>,
    claim: &Claim<'_, J>,
) -> Result<String> {
    let observed = observe(tier).await?;
    let way_back = claim.run.recovery == Recovery::ReturnToZone;
    let change = change(tier, leaving, &observed, way_back)?;
    if !change.is_none() {
        claim.check().await?;
        return Err(change.ask(&tier.autoscaling, &tier.web.group).await);
    }
    let seen = format!("group {} {observed}", tier.web.group);
    let share = if way_back { share(&observed) } else { 0 };
    if observed.healthy_in(leaving.zone) >= share {
        Ok(seen)
    } else {
        Err(Error::NotYet {
            seen: format!("{share} healthy targets needed in {}: {seen}", leaving.zone),
        })
    }
}

/// How many of the group's instances one zone has at least when they are spread evenly. Source: EC2 Auto Scaling User
/// Guide, ec2-auto-scaling-availability-zone-balanced.
fn share(observed: &Observed) -> u32 {
    let zones = u32::try_from(observed.group.subnets.len()).unwrap_or(u32::MAX);
    (observed.group.size.desired / zones.max(1)).max(1)
}

fn change(tier: &Tier<'_>, leaving: &Leaving<'_>, observed: &Observed, way_back: bool) -> Result<Change> {
    let own = subnet(tier.web, leaving.zone)?;
    let size = observed.group.size;
    let joins = (way_back || leaving.launches_there) && !observed.group.subnets.contains(own);
    let subnets = || observed.group.subnets.iter().chain([own]).cloned().collect();
    Ok(Change {
        subnets: joins.then(subnets),
        ..Change::between(size, leaving.raise().taken_back(size))
    })
}
