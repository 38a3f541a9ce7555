//! More instances, in proportion to what the load is above what one wants it to be.
//!
//! Upwards only. The minimum is left as it is, so that the group's own policies can take the instances away again when
//! the load is gone. The group's maximum is raised where it is below what the system may have: the system file says
//! how many there may be.
//!
//! A suspended `Launch` process is no reason to stop here: the size is set all the same, and `serves-as-planned` says
//! what it waits for.

use aws_sdk_cloudwatch::Client as CloudWatch;
use domain::journal::Journal;
use domain::names::Region;
use domain::step::{Error, Result};
use domain::steps::plan::{Plan, Verdict, What};
use domain::system::{Meaning, System};
use futures_util::join;
use jiff::Timestamp;
use journal::Hold;

use super::{Tier, load};
use crate::alarms::{self, State};
use crate::observe::{group, healthy_targets};
use crate::resize::grow;

/// Looks at the alarms that mean that the load is high, and at the group; answers how many instances are wanted.
///
/// # Errors
/// `Unsafe` at the maximum; `InvalidInput` when no alarm means that the load is high; `Throttled`, `Unavailable`,
/// `Refused`.
pub async fn plan(
    tier: &Tier<'_>,
    cloudwatch: &CloudWatch,
    system: &System,
    home: &Region,
    now: Timestamp,
) -> Result<Plan> {
    let web = tier.web;
    let (alarms, group, targets) = join!(
        alarms::that_mean(cloudwatch, system, home, Meaning::LoadHigh),
        group(&tier.autoscaling, &web.group),
        healthy_targets(&tier.elbv2, &web.target_group)
    );
    let (alarms, group, targets) = (alarms?, group?, targets?);
    if alarms.is_empty() {
        return Err(Error::InvalidInput {
            what: format!(
                "no alarm of {home} says how high the load is: add one to [[alarms]] with `means = \"load-high\"`"
            ),
        });
    }
    let mut seen: Vec<String> = alarms
        .iter()
        .map(|(name, alarm)| match alarm.breach {
            Some(breach) if alarm.state == State::Alarm => format!(
                "{name} {alarm}: {} where {} is the threshold",
                breach.newest, breach.threshold
            ),
            _ => format!("{name} {alarm}"),
        })
        .collect();
    seen.push(format!("group {} {group}; targets: {targets}", web.group));
    let (verdict, wanted) = match load::ratio(&alarms) {
        None => (Verdict::StandDown, group.size.desired),
        Some(ratio) => {
            let wanted = load::wanted(group.size, targets.healthy, ratio, web.max_instances)?;
            seen.push(format!(
                "{ratio:.2} times the threshold: {wanted} instances wanted, at most {}",
                web.max_instances
            ));
            (Verdict::Act, wanted)
        }
    };
    Ok(Plan {
        at: now,
        verdict,
        what: What::ScaleOut {
            standing: group.size,
            wanted,
        },
        seen,
    })
}

/// Ensures that the group wants that many instances, or more; answers what was seen of it.
///
/// # Errors
/// `NotYet` right after asking for them; `Unsafe` when there may not be that many, or when a person stopped the run;
/// `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(tier: &Tier<'_>, wanted: u32, hold: &Hold<'_, J>) -> Result<String> {
    let web = tier.web;
    let observed = group(&tier.autoscaling, &web.group).await?;
    if observed.size.desired >= wanted {
        return Ok(format!("{wanted} wanted, group {} {observed}", web.group));
    }
    if wanted > web.max_instances {
        return Err(Error::Unsafe {
            why: format!(
                "{wanted} instances are wanted and there may be {} at most: `max-instances` in [web] of the system \
                 file. The group has {}",
                web.max_instances, observed.size
            ),
        });
    }
    hold.check().await?;
    Err(grow(&tier.autoscaling, &web.group, observed.size, wanted).await)
}
