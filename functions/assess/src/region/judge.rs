//! Whether a system is to be moved to the Region in which this runs, decided without I/O.
//!
//! What a careful engineer on call would ask, in this order:
//!
//! 1. Are users served here already? Then there is nothing to do.
//! 2. Has the database moved already, or is it on its way here? Then an earlier run came so far and no further: go on
//!    to capacity and traffic. Nothing is asked of the source any more.
//! 3. Unplanned: does the source take writes after all? Then nothing is lost; whoever wants to move all the same has
//!    the switchover, which loses nothing (rule 5). If not: do two independent signals say so for long enough (rule 8),
//!    or did a person (rule 9)? Is the source healing itself, and has it not had its time for that ([`healing`])? The
//!    person at the gate is asked once more, and told if no alarm agrees.
//! 4. Planned: are both databases well, of one version, and near enough to each other (rule 5)?
//! 5. Could this Region serve at all: a database that can be connected to, a quota that is large enough?

use database::region::lag::Measured;
use database::region::place::Place;
use domain::names::Region;
use domain::step::{Error, Result};
use domain::steps::region::{CapacityAssessment, RegionAssessment, Verdict};

use super::facts::{Facts, Source, is_of_former_days, place};
use super::signals::Standing;
use super::{arns, healing, seen};
use crate::judge::Written;

/// Judges what was observed.
///
/// # Errors
/// `NotYet` while the window of the policy runs, while the source heals itself, and while RDS moves something elsewhere;
/// `Unsafe` when a move could not succeed or would break a rule.
pub fn judge(facts: &Facts<'_>) -> Result<RegionAssessment> {
    let capacity = needed(facts);
    let mut seen = seen::sentences(facts, capacity);
    let place = place(facts);
    let (verdict, conclusion) = conclude(facts, place, capacity, &seen)?;
    seen.push(conclusion);
    let lag = facts.lag.as_ref().ok().and_then(|measured| measured.lag);
    Ok(RegionAssessment {
        at: facts.now,
        verdict,
        from: facts.moved.from.region.clone(),
        to: facts.moved.to.region.clone(),
        source_reachable: matches!(facts.source, Source::Answered(_)),
        writer_in: writer_in(facts, place),
        lag: lag.filter(|_| !is_of_former_days(facts)),
        capacity,
        seen,
    })
}

fn conclude(
    facts: &Facts<'_>,
    place: Place,
    capacity: CapacityAssessment,
    seen: &[String],
) -> Result<(Verdict, String)> {
    let (here, there) = (&facts.moved.to.region, &facts.moved.from.region);
    let not_safe = |why: &str| {
        Err(Error::Unsafe {
            why: format!("{why}: {}", seen.join("; ")),
        })
    };
    let go_on = if facts.planned {
        Verdict::SwitchOver
    } else {
        Verdict::FailOver
    };
    if matches!(facts.users_are_here, Some(Ok(()))) {
        return Ok((Verdict::StandDown, format!("users are served in {here} already")));
    }
    let (verdict, conclusion) = match place {
        Place::Unsettled => {
            return Err(Error::NotYet {
                seen: seen.join("; "),
            });
        }
        Place::Elsewhere => {
            return not_safe("the target's database does not follow the source's, so it cannot take over");
        }
        // Without a global cluster, nothing keeps the two from taking writes both. Whatever was written there since
        // the promotion never came here, and going on would lose it.
        Place::Here if facts.global.is_none() && facts.written == Written::Yes => {
            if facts.planned {
                return not_safe("both databases take writes");
            }
            (
                Verdict::StandDown,
                format!("{there} takes writes, and so does {here}: a person has to say which of them counts"),
            )
        }
        Place::Here | Place::Coming => (
            go_on,
            "the database is written to here, or about to be, and users are not here yet: going on from there"
                .to_owned(),
        ),
        Place::Alone if facts.planned => {
            return not_safe("the target's database follows nobody; fail-back-region makes it follow again");
        }
        Place::There if facts.planned => {
            may_hand_over(facts, seen)?;
            (go_on, format!("{there} is well and can hand over"))
        }
        Place::There | Place::Alone => is_lost(facts, place, seen)?,
    };
    if verdict != Verdict::StandDown {
        could_serve(facts, capacity, seen)?;
    }
    Ok((verdict, conclusion))
}

/// Unplanned: is the source lost?
fn is_lost(facts: &Facts<'_>, place: Place, seen: &[String]) -> Result<(Verdict, String)> {
    let there = &facts.moved.from.region;
    if facts.written == Written::Yes {
        return Ok((
            Verdict::StandDown,
            format!("{there} takes writes; switch-over-region moves without loss"),
        ));
    }
    let window = facts.moved.system.policy.fail_over_region.window;
    let waiting = |what: String| {
        let mut seen = seen.to_vec();
        seen.push(what);
        Err(Error::NotYet {
            seen: seen.join("; "),
        })
    };
    let confirmed = match facts.signals.standing(window, facts.now) {
        Standing::Confirmed => match healing::healing(facts) {
            None => format!("two independent signals have held for {window}"),
            Some(lock) if healing::has_had_its_time(lock, facts) => format!(
                "two independent signals have held for {window}, and {} has not ended them in {}",
                lock.holder,
                healing::PATIENCE
            ),
            Some(lock) => {
                return waiting(format!("{} has {} to end this", lock.holder, healing::PATIENCE));
            }
        },
        Standing::Holding => {
            return waiting(format!("two independent signals have to hold for {window}"));
        }
        Standing::Fading => {
            return waiting(format!(
                "one of two signals ended; it may come back within {window}"
            ));
        }
        Standing::Gone => {
            return Ok((
                Verdict::StandDown,
                format!(
                    "two independent signals did not hold for {window}; whoever knows better can run it again"
                ),
            ));
        }
        Standing::ByHand if facts.signals.raised.is_empty() => {
            "no alarm confirms it: a person ordered it".to_owned()
        }
        Standing::ByHand => "only one signal confirms it: a person ordered it".to_owned(),
    };
    let stale = match place {
        Place::Alone => {
            "; the target's database follows nobody, and nothing shows until when it did: it may be old"
        }
        Place::There | Place::Here | Place::Coming | Place::Unsettled | Place::Elsewhere => "",
    };
    Ok((
        Verdict::FailOver,
        format!("{there} does not take writes, {confirmed}{stale}"),
    ))
}

/// Planned: a healthy source hands over to a healthy target that is near enough.
fn may_hand_over(facts: &Facts<'_>, seen: &[String]) -> Result<()> {
    let not_safe = |why: String| {
        Err(Error::Unsafe {
            why: format!("{why}: {}", seen.join("; ")),
        })
    };
    let Source::Answered(source) = &facts.source else {
        return not_safe(format!(
            "{} has to be well for a planned move; if it is lost, that is fail-over-region",
            facts.moved.from.region
        ));
    };
    let Some(target) = &facts.target else {
        return not_safe("the target has no database".to_owned());
    };
    for half in [source, target] {
        match half.status.as_str() {
            "available" => {}
            // Found now rather than when the source is fenced: RDS promotes nothing that is being backed up.
            "backing-up" => {
                return Err(Error::NotYet {
                    seen: seen.join("; "),
                });
            }
            status => return not_safe(format!("{} is {status}", half.identifier)),
        }
    }
    if source.version != target.version {
        return not_safe(format!(
            "a handover needs one engine version in both Regions, and they have {} and {}",
            source.version, target.version
        ));
    }
    if facts.written != Written::Yes {
        return not_safe(format!("{} does not take writes", facts.moved.from.region));
    }
    let allowed = facts.moved.system.objectives.rpo;
    match facts.lag.as_ref().ok().and_then(Measured::fresh) {
        None => not_safe("nobody knows how far the target is behind".to_owned()),
        Some(lag) if lag.lag_ms > allowed.as_millis() => not_safe(format!(
            "the target is {} ms behind, and {allowed} are allowed",
            lag.lag_ms
        )),
        Some(_) => Ok(()),
    }
}

/// Whether the target could serve at all, whatever else is right.
fn could_serve(facts: &Facts<'_>, capacity: CapacityAssessment, seen: &[String]) -> Result<()> {
    let not_safe = |why: String| {
        Err(Error::Unsafe {
            why: format!("{why}: {}", seen.join("; ")),
        })
    };
    let Some(target) = &facts.target else {
        return not_safe("the target has no database".to_owned());
    };
    if target.instances == Some(0) {
        return not_safe(format!(
            "{} has no DB instance, so nobody could connect to it; add one first",
            target.identifier
        ));
    }
    if is_beyond_help(&target.status) {
        return not_safe(format!("{} is {}", target.identifier, target.status));
    }
    match (&facts.quota, facts.vcpus(capacity.needed)) {
        (Some(Ok(quota)), Some(wanted)) if *quota < f64::from(wanted) => not_safe(format!(
            "the account may run {quota} vCPUs in {}, and {wanted} are needed",
            facts.moved.to.region
        )),
        (Some(Ok(_) | Err(_)) | None, _) => Ok(()),
    }
}

/// States out of which a database does not come by itself. Sources: Aurora User Guide and RDS User Guide,
/// accessing-monitoring (DB cluster status, DB instance status).
fn is_beyond_help(status: &str) -> bool {
    matches!(
        status,
        "failed"
            | "stopped"
            | "stopping"
            | "deleting"
            | "storage-full"
            | "restore-error"
            | "inaccessible-encryption-credentials"
            | "inaccessible-encryption-credentials-recoverable"
    ) || status.starts_with("incompatible-")
}

/// What the target has to be raised to: what serves everybody, and no less than what the source served with, within the
/// system's limit.
fn needed(facts: &Facts<'_>) -> CapacityAssessment {
    let web = &facts.moved.to.web;
    let served = facts.source_in_service.as_ref().ok().copied();
    CapacityAssessment {
        standing: facts.group.size,
        source_in_service: served,
        needed: web.instances.max(served.unwrap_or(0)).min(web.max_instances),
    }
}

fn writer_in(facts: &Facts<'_>, place: Place) -> Option<Region> {
    let (to, from) = (&facts.moved.to.region, &facts.moved.from.region);
    if let Some(global) = &facts.global {
        let (target, source) = arns(&facts.moved);
        let writer = &global.writer()?.arn;
        return if writer.eq_ignore_ascii_case(&target) {
            Some(to.clone())
        } else if writer.eq_ignore_ascii_case(&source) {
            Some(from.clone())
        } else {
            None
        };
    }
    match place {
        Place::There => Some(from.clone()),
        Place::Here => Some(to.clone()),
        Place::Coming | Place::Unsettled | Place::Elsewhere | Place::Alone => None,
    }
}

#[cfg(test)]
mod tests;
