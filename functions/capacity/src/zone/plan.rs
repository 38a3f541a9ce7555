//! Which zone is to be left, or used again, and what that takes. Only looks.

use aws_sdk_arczonalshift::Client;
use domain::journal::View;
use domain::names::{Zone, ZoneId};
use domain::step::{Error, Result};
use domain::steps::plan::{Plan, Raise, Verdict, What};
use domain::steps::region::GroupSize;
use domain::system::{System, WebTier};
use domain::zone_alarms::{ZoneAlarm, ringing, settling};
use futures_util::join;
use jiff::Timestamp;

use super::evidence::{self, Evidence, Sick, zone_id, zone_of};
use super::observe::{Observed, observe};
use super::shift::{self, Shifts};
use crate::tier::Tier;

/// Plans to leave the one zone that is sick.
///
/// # Errors
/// `NotYet` while another zone's alarm may still follow, or was up with it a moment ago; `Unsafe` when it is not clear
/// which one it is, when the others cannot carry the load, and when the system file does not say what leaving it takes;
/// `Throttled`, `Unavailable`, `Refused`.
pub async fn evacuation(
    tier: &Tier<'_>,
    system: &System,
    arc: &Client,
    view: &View,
    now: Timestamp,
) -> Result<Plan> {
    let (ringing, unhealthy) = (ringing(system, view), evidence::unhealthy(system, view));
    let (observed, shifts) = look(tier, arc).await?;
    let mut seen = seen(tier.web, &observed, shifts.as_ref());
    let evidence = Evidence {
        web: tier.web,
        ringing: &ringing,
        settling: &settling(system, view, now),
        unhealthy: unhealthy.as_deref(),
        shifts: shifts.as_ref(),
        observed: &observed,
    };
    if let Some(several) = evidence.several_ring() {
        // Judged again when this run is over, with all of them up.
        seen.insert(0, several);
        return Ok(plan(tier.web, &observed, None, seen, now));
    }
    evidence.others_had_their_time(now)?;
    match evidence::judge(&evidence)? {
        None => {
            seen.insert(0, "no alarm speaks of one zone any more".to_owned());
            Ok(plan(tier.web, &observed, None, seen, now))
        }
        Some(Sick {
            zone,
            zone_id,
            because,
        }) => {
            let seen = because.into_iter().chain(seen).collect();
            Ok(plan(tier.web, &observed, Some((zone, zone_id)), seen, now))
        }
    }
}

/// Plans to use the one zone again that was evacuated.
///
/// A zone was evacuated when the group has no subnet there any more, or when one of our shifts keeps users away from
/// it: the shift may have ended by itself, and the group may have been put back by hand.
///
/// As many targets have to be healthy as the group wants: what a scaling policy has taken away since is not asked for
/// here. Whether the evacuation had raised that number, the journal tells.
///
/// # Errors
/// `Unsafe` when the zone is not well, when it is not clear which one is meant, and when the system file does not say
/// what going back takes; `Throttled`, `Unavailable`, `Refused`.
pub async fn way_back(
    tier: &Tier<'_>,
    system: &System,
    arc: &Client,
    view: &View,
    now: Timestamp,
) -> Result<Plan> {
    let (observed, shifts) = look(tier, arc).await?;
    let mut seen = seen(tier.web, &observed, shifts.as_ref());
    let mut left: Vec<&Zone> = tier
        .web
        .subnets
        .keys()
        .filter(|zone| !observed.uses(tier.web, zone))
        .collect();
    for shift in shifts.iter().flat_map(Shifts::ours) {
        left.push(zone_of(tier.web, &shift.away_from)?);
    }
    left.sort_unstable();
    left.dedup();
    match left.as_slice() {
        [] => {
            seen.insert(0, "no zone was evacuated".to_owned());
            Ok(plan(tier.web, &observed, None, seen, now))
        }
        [zone] => {
            let id = zone_id(tier.web, zone)?;
            evidence::subnet(tier.web, zone)?;
            is_well(zone, &id, &ringing(system, view), shifts.as_ref())?;
            seen.insert(0, format!("no alarm about {zone} is in ALARM"));
            let (raised, words) = raised(view, zone, observed.group.size);
            seen.push(words);
            let mut plan = plan(tier.web, &observed, Some(((*zone).clone(), id)), seen, now);
            if let What::Zone {
                raised: back, needed, ..
            } = &mut plan.what
            {
                *back = raised;
                *needed = (*needed).min(observed.group.size.desired).max(1);
            }
            Ok(plan)
        }
        more => Err(Error::Unsafe {
            why: format!(
                "it is not clear which zone was evacuated, and one at a time is used again: {}; put the group's subnets \
                 right by hand. {}",
                more.iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" and "),
                seen.join("; ")
            ),
        }),
    }
}

/// The raise of the evacuation from that zone that is still in force, if there is one; in words anyway.
fn raised(view: &View, zone: &Zone, size: GroupSize) -> (Option<Raise>, String) {
    let evacuations = view.evacuations();
    let mut from_there = evacuations.iter().filter(|(_, left)| left.zone == *zone);
    if from_there.clone().next().is_none() {
        let words =
            format!("the journal knows of no evacuation of {zone}, so the group's size stays as it is");
        return (None, words);
    }
    let Some((run, left)) = from_there.find(|(_, left)| left.raise.is_one()) else {
        return (None, format!("leaving {zone} did not change the group's size"));
    };
    let Raise { from, to } = left.raise;
    let words = format!(
        "{} raised desired from {} to {}",
        run.id, from.desired, to.desired
    );
    if size.desired == to.desired {
        return (
            Some(left.raise),
            format!("{words}: that is taken back in the end"),
        );
    }
    let words = format!(
        "{words}, and somebody has changed it to {} since: it stays",
        size.desired
    );
    (None, words)
}

async fn look(tier: &Tier<'_>, arc: &Client) -> Result<(Observed, Option<Shifts>)> {
    let shifts = async {
        match &tier.web.load_balancer {
            Some(load_balancer) => shift::observe(arc, load_balancer).await.map(Some),
            None => Ok(None),
        }
    };
    let (observed, shifts) = join!(observe(tier), shifts);
    Ok((observed?, shifts?))
}

fn is_well(zone: &Zone, id: &ZoneId, ringing: &[ZoneAlarm], shifts: Option<&Shifts>) -> Result<()> {
    let alarms = ringing
        .iter()
        .filter(|alarm| alarm.zone == *zone)
        .map(ToString::to_string);
    let autoshifts = shifts
        .into_iter()
        .flat_map(Shifts::autoshifts)
        .filter(|shift| shift.away_from == *id)
        .map(ToString::to_string);
    let against: Vec<String> = alarms.chain(autoshifts).collect();
    if against.is_empty() {
        return Ok(());
    }
    Err(Error::Unsafe {
        why: format!("{zone} is not well yet: {}", against.join("; ")),
    })
}

fn seen(web: &WebTier, observed: &Observed, shifts: Option<&Shifts>) -> Vec<String> {
    let group = format!("group {}: {observed}", web.group);
    let shifts = shifts.map(|shifts| format!("load balancer: {shifts}"));
    std::iter::once(group).chain(shifts).collect()
}

fn plan(
    web: &WebTier,
    observed: &Observed,
    zone: Option<(Zone, ZoneId)>,
    seen: Vec<String>,
    at: Timestamp,
) -> Plan {
    let verdict = match zone {
        Some(_) => Verdict::Act,
        None => Verdict::StandDown,
    };
    let launches_there = zone.as_ref().is_none_or(|(zone, _)| observed.uses(web, zone));
    let (zone, zone_id) = zone.unzip();
    Plan {
        at,
        verdict,
        what: What::Zone {
            zone,
            zone_id,
            standing: observed.group.size,
            needed: web.instances,
            launches_there,
            raised: None,
        },
        seen,
    }
}
