//! Unhealthy instances are replaced, one call at a time.
//!
//! An unhealthy instance serves nobody, so nothing is lost with it; the group launches another in its place, because
//! its desired capacity stays. One that has become well since it was planned is left alone. No instance is touched
//! that was not planned: when the new ones are unhealthy too, this ends, and not in a loop.

use std::fmt;

use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::steps::plan::{Plan, What};
use futures_util::join;
use jiff::Timestamp;
use journal::Hold;
use runtime::aws::classify;

use super::Tier;
use super::history;
use super::replacement::{Found, Judgement, Sick, judge, may_replace, unplanned};
use crate::observe::{GroupObserved, Stage, State, TargetsObserved, group, healthy_targets};
use crate::resize::passes_by_itself;

/// Looks, and judges whether anything is to be replaced.
///
/// # Errors
/// `Unsafe` when it is no problem of instances; `NotYet` while it cannot be told; `Throttled`, `Unavailable`, `Refused`.
pub async fn plan(tier: &Tier<'_>, per_hour: u32, now: Timestamp) -> Result<Plan> {
    let web = tier.web;
    let (group, targets, history) = join!(
        group(&tier.autoscaling, &web.group),
        healthy_targets(&tier.elbv2, &web.target_group),
        history::read(&tier.autoscaling, &web.group, now)
    );
    let (group, targets, history) = (group?, targets?, history?);
    let Judgement {
        verdict,
        instances,
        needed,
        because,
    } = judge(&Found {
        web,
        per_hour,
        group: &group,
        targets: &targets,
        history: &history,
        now,
    })?;
    let seen = vec![
        because,
        format!("targets: {targets}"),
        format!(
            "replaced within the last hour: {}, of {per_hour} that may be",
            history.replaced.len()
        ),
    ];
    Ok(Plan {
        at: now,
        verdict,
        what: What::Replace { instances, needed },
        seen,
    })
}

/// Ensures that the planned instances are gone from the group and from its targets, or well again, and that as many
/// targets as are needed are healthy; answers what was seen.
///
/// # Errors
/// `NotYet` until then, and right after an instance was given up; `Unsafe` when what was launched in their place is
/// unhealthy too, or when somebody has suspended what replacing needs, or stopped the run; `LockLost`; `Throttled`,
/// `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    tier: &Tier<'_>,
    planned: &[String],
    needed: u32,
    hold: &Hold<'_, J>,
) -> Result<String> {
    let web = tier.web;
    let (group, targets) = join!(
        group(&tier.autoscaling, &web.group),
        healthy_targets(&tier.elbv2, &web.target_group)
    );
    let (group, targets) = (group?, targets?);
    let progress = Progress::of(planned, &group, &targets);
    if progress.is_done() && targets.healthy >= needed {
        return Ok(format!("{progress}; {needed} needed, targets: {targets}"));
    }
    if unplanned(&group, &targets, planned).next().is_some() {
        let history = history::read(&tier.autoscaling, &web.group, hold.now).await?;
        Sick::among(&group, &targets, &history, hold.now).without_new_ones()?;
    }
    let seen = format!(
        "{progress}; {needed} needed, targets: {targets}; group {}: {group}",
        web.group
    );
    let Some(next) = progress.to_give_up.first() else {
        return Err(Error::NotYet { seen });
    };
    may_replace(&group, &web.group)?;
    // Every planned instance was unhealthy: fewer healthy ones than the others are means that it has got worse since.
    // Where none is healthy, a load balancer sends requests to the unhealthy ones (Elastic Load Balancing User Guide for
    // Application Load Balancers, target-group-health-checks: fail open).
    let floor = needed
        .saturating_sub(u32::try_from(planned.len()).unwrap_or(u32::MAX))
        .max(1);
    if targets.healthy < floor {
        return Err(Error::NotYet {
            seen: format!("fewer than {floor} are healthy, so {next} is left for now: {seen}"),
        });
    }
    let history = history::read(&tier.autoscaling, &web.group, hold.now).await?;
    if let Some(failure) = history.failing {
        return Err(Error::NotYet {
            seen: format!("the group cannot launch ({failure}), so {next} is left for now: {seen}"),
        });
    }
    hold.check().await?;
    Err(terminate(tier, next).await)
}

/// How far the planned instances have come.
#[derive(Debug, Default)]
struct Progress<'a> {
    gone: Vec<&'a str>,
    well_again: Vec<&'a str>,
    on_their_way: Vec<&'a str>,
    to_give_up: Vec<&'a str>,
}

impl<'a> Progress<'a> {
    fn of(planned: &'a [String], group: &GroupObserved, targets: &TargetsObserved) -> Self {
        let mut progress = Self::default();
        for id in planned {
            let target = targets.states.get(id).copied();
            let kind = match group.member(id) {
                None if matches!(target, None | Some(State::Other)) => &mut progress.gone,
                Some(member) if member.stage == Stage::InService => match (member.healthy, target) {
                    (true, Some(State::Healthy)) => &mut progress.well_again,
                    (false, _) | (_, Some(State::Unhealthy)) => &mut progress.to_give_up,
                    (true, _) => &mut progress.on_their_way,
                },
                Some(_) | None => &mut progress.on_their_way,
            };
            kind.push(id);
        }
        progress
    }

    fn is_done(&self) -> bool {
        self.on_their_way.is_empty() && self.to_give_up.is_empty()
    }
}

impl fmt::Display for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (instances, words) in [
            (&self.gone, "gone"),
            (&self.well_again, "well again and left alone"),
            (&self.on_their_way, "on the way out or back"),
            (&self.to_give_up, "still in service and unhealthy"),
        ] {
            if !instances.is_empty() {
                write!(
                    f,
                    "{}{} {words}",
                    if first { "" } else { ", " },
                    instances.join(" ")
                )?;
                first = false;
            }
        }
        Ok(())
    }
}

/// Gives up one instance. There is no success to answer: the next call observes.
async fn terminate(tier: &Tier<'_>, instance: &str) -> Error {
    const CALL: &str = "autoscaling:TerminateInstanceInAutoScalingGroup";
    let answer = tier
        .autoscaling
        .terminate_instance_in_auto_scaling_group()
        .instance_id(instance)
        .should_decrement_desired_capacity(false)
        .send()
        .await;
    let Err(error) = answer else {
        return Error::NotYet {
            seen: format!("{CALL} of {instance} accepted"),
        };
    };
    let code = error.code().unwrap_or_default().to_owned();
    let error = classify(CALL, error);
    // Refused as no instance of a group, it may have gone by itself between looking and asking. Then it is not refused.
    let passes =
        passes_by_itself(&code) || (code == "ValidationError" && !is_in_service(tier, instance).await);
    if passes {
        return Error::NotYet {
            seen: error.to_string(),
        };
    }
    error
}

async fn is_in_service(tier: &Tier<'_>, instance: &str) -> bool {
    let group = group(&tier.autoscaling, &tier.web.group).await;
    // Not to know is no reason to call it gone.
    group.map_or(true, |group| {
        let member = group.member(instance);
        member.is_some_and(|member| member.stage == Stage::InService)
    })
}
