//! The end of the way back: the group has the size that it had before its zone was left.
//!
//! It comes last, when users are served from all zones again: until then the raise carries what the zone does not. Only
//! the evacuation's own raise is taken back, and only as it was asked for; which one that is, the journal tells
//! ([`domain::journal::View::evacuations`]).

use domain::journal::Journal;
use domain::step::Result;
use journal::Claim;

use super::Leaving;
use super::change::Change;
use crate::observe::group;
use crate::tier::Tier;

/// Ensures that the raise of the evacuation is taken back, and answers what was seen.
///
/// # Errors
/// `NotYet` right after asking for it; `LockLost`; `Unsafe` when a person stopped the run; `Throttled`, `Unavailable`,
/// `Refused`.
pub async fn ensure<J: Journal>(
    tier: &Tier<'_>,
    leaving: &Leaving<'_>,
    claim: &Claim<'_, J>,
) -> Result<String> {
    let web = tier.web;
    let size = group(&tier.autoscaling, &web.group).await?.size;
    let Some(raise) = leaving.raised else {
        return Ok(format!(
            "no raise of an evacuation is to be taken back: group {} {size}",
            web.group
        ));
    };
    let change = Change::between(size, raise.taken_back(size));
    if !change.is_none() {
        claim.check().await?;
        return Err(change.ask(&tier.autoscaling, &web.group).await);
    }
    let before = raise.from.desired;
    Ok(if size.desired == before {
        format!(
            "group {} {size}: desired {before}, as before the evacuation",
            web.group
        )
    } else {
        format!(
            "group {} {size}: it was {before} before the evacuation, and somebody has changed it since, so it stays",
            web.group
        )
    })
}
