//! The group uses a zone again: the undo of `zone-left`, and the way back.
//!
//! Users are served while this happens, so it takes back only what the run itself asked for. A size that somebody has
//! changed since, a scaling policy above all, stays: whoever changed it had a reason, and perhaps a load.
//!
//! As an undo it waits for nothing. On the way back it waits until the zone has its share of healthy targets, because
//! users are sent there next. Meanwhile nobody is sent there, and the group spreads over the zone what it has: so the
//! others carry the load with fewer for as long as it takes, and that is no time to be held up.

use domain::journal::Journal;
use domain::names::Recovery;
use domain::step::{Error, Result};
use domain::steps::region::GroupSize;
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
    let change = change(tier, leaving, &observed)?;
    if !change.is_none() {
        claim.check().await?;
        return Err(change.ask(&tier.autoscaling, &tier.web.group).await);
    }
    let seen = format!("group {} {observed}", tier.web.group);
    let share = match claim.run.recovery {
        Recovery::ReturnToZone => share(&observed),
        _ => 0,
    };
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

fn change(tier: &Tier<'_>, leaving: &Leaving<'_>, observed: &Observed) -> Result<Change> {
    let own = subnet(tier.web, leaving.zone)?;
    let GroupSize { desired, max, .. } = observed.group.size;
    let asked = leaving.raised();
    let wanted = if desired == asked.desired {
        leaving.standing.desired
    } else {
        desired
    };
    let most = if max == asked.max {
        leaving.standing.max.max(wanted)
    } else {
        max
    };
    let joined = !observed.group.subnets.contains(own);
    let subnets = || observed.group.subnets.iter().chain([own]).cloned().collect();
    Ok(Change {
        subnets: joined.then(subnets),
        desired: (wanted != desired).then_some(wanted),
        max: (most != max).then_some(most),
    })
}
