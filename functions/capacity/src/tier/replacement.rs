//! Whether replacing instances is the right thing, and which. Pure.
//!
//! Replacing helps when a few instances are sick and new ones are well. When it is the template, the release or the
//! zone that is sick, every new instance is sick too, and replacing them is a loop that takes the last healthy ones
//! with it. Then this answers `Unsafe`, and the run ends with a person and a decision that looks at more than
//! instances.

use std::collections::BTreeSet;

use domain::step::{Error, Result};
use domain::steps::plan::Verdict;
use domain::system::WebTier;
use jiff::Timestamp;

use super::history::{BOOTS, History, NEW};
use crate::observe::{GroupObserved, Member, Stage, State, TargetsObserved};

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The web tier as declared.
    pub web: &'a WebTier,
    /// How many instances may be replaced in an hour.
    pub per_hour: u32,
    /// The group.
    pub group: &'a GroupObserved,
    /// Its targets.
    pub targets: &'a TargetsObserved,
    /// Its last hour.
    pub history: &'a History,
    /// The time.
    pub now: Timestamp,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether to do anything.
    pub verdict: Verdict,
    /// The unhealthy instances.
    pub instances: Vec<String>,
    /// How many targets have to be healthy in the end.
    pub needed: u32,
    /// Why, in words.
    pub because: String,
}

/// Processes without which nothing is replaced. Without `Launch` an unhealthy instance is terminated and nothing comes
/// in its place; without `Terminate`, or `ReplaceUnhealthy`, somebody wants instances to be kept as they are. Source:
/// EC2 Auto Scaling User Guide, understand-how-suspending-processes-affects-other-processes.
const NEEDED_PROCESSES: [&str; 3] = ["Launch", "Terminate", "ReplaceUnhealthy"];

/// That nobody has suspended what replacing needs.
///
/// # Errors
/// `Unsafe` when somebody has.
pub fn may_replace(group: &GroupObserved, name: &str) -> Result<()> {
    let suspended = NEEDED_PROCESSES
        .iter()
        .find(|process| group.suspended.contains(**process));
    match suspended {
        None => Ok(()),
        Some(process) => no(format!(
            "the process `{process}` of group {name} is suspended, so instances are not replaced: somebody, or AWS after a \
             day of failed launches, stopped it on purpose. Resume it first (autoscaling:ResumeProcesses)"
        )),
    }
}

/// Judges what was seen.
///
/// # Errors
/// `Unsafe` when it is no problem of instances; `NotYet` while it cannot be told, because an unhealthy target that is
/// none of the group's has not left yet.
pub fn judge(found: &Found<'_>) -> Result<Judgement> {
    let Found {
        web, group, targets, ..
    } = *found;
    let needed = web.instances.max(group.size.desired);
    let sick = Sick::among(group, targets, found.history, found.now);
    if targets.healthy == 0 {
        return no(format!(
            "no target is healthy ({targets}), so this is no problem of instances: look at the last deployment, the \
             launch template and what all of them depend on"
        ));
    }
    sick.without_new_ones()?;
    if sick.planned.is_empty() {
        if !sick.strangers.is_empty() {
            return Err(Error::NotYet {
                seen: format!(
                    "unhealthy and not an instance of group {} (any more): {}; targets: {targets}",
                    web.group,
                    list(&sick.strangers)
                ),
            });
        }
        let starting = if sick.starting.is_empty() {
            String::new()
        } else {
            format!(", but {}, which may still be starting", list(&sick.starting))
        };
        return Ok(Judgement {
            verdict: Verdict::StandDown,
            instances: Vec::new(),
            needed,
            because: format!("no instance is unhealthy{starting}; group {} {group}", web.group),
        });
    }
    may_replace(group, &web.group)?;
    if let Some(failure) = &found.history.failing {
        return no(format!(
            "group {} cannot launch instances, so replacing would only take some away: {failure}",
            web.group
        ));
    }
    within_the_limit(found, &sick.planned)?;
    Ok(Judgement {
        verdict: Verdict::Act,
        instances: sick.planned.iter().map(|id| (*id).to_owned()).collect(),
        needed,
        because: format!("unhealthy: {}; group {} {group}", list(&sick.planned), web.group),
    })
}

fn within_the_limit(found: &Found<'_>, planned: &BTreeSet<&str>) -> Result<()> {
    let replaced = found.history.replaced.keys();
    let before = replaced.filter(|id| !planned.contains(id.as_str())).count();
    let more = if found.history.cut_off { " at least" } else { "" };
    let limit = usize::try_from(found.per_hour).unwrap_or(usize::MAX);
    if before + planned.len() <= limit && !found.history.cut_off {
        return Ok(());
    }
    no(format!(
        "{before}{more} were replaced within the last hour and {} more would be ({}), and {limit} may be \
         (`per-hour` in [policy.replace-instances]). So many are no problem of instances: look at what they have in \
         common",
        planned.len(),
        list(planned)
    ))
}

/// The unhealthy ones, by what can be said of them.
#[derive(Debug, Default)]
pub(super) struct Sick<'a> {
    /// To be replaced, or on their way out already.
    planned: BTreeSet<&'a str>,
    /// Launched a moment ago: nobody minds yet.
    starting: BTreeSet<&'a str>,
    /// Launched a while ago, and not well since; or given up as quickly as that.
    failed_new: BTreeSet<&'a str>,
    /// Targets that are no instances of the group.
    strangers: BTreeSet<&'a str>,
}

impl<'a> Sick<'a> {
    pub(super) fn among(
        group: &'a GroupObserved,
        targets: &'a TargetsObserved,
        history: &'a History,
        now: Timestamp,
    ) -> Self {
        let mut sick = Self::default();
        let patience = group.grace.max(BOOTS.signed());
        // Launched just now, or in the place of one that was given up: as long as the hour is remembered, that is new.
        let is_new = |launched: Timestamp| {
            now.duration_since(launched) <= NEW.signed()
                || history.replaced.values().any(|at| *at <= launched)
        };
        let unhealthy: BTreeSet<&str> = targets.those(State::Unhealthy).collect();
        for member in &group.members {
            let id = member.id.as_str();
            if !is_sick(member, unhealthy.contains(id)) {
                continue;
            }
            let kind = match (member.stage, history.launched.get(id)) {
                // Not in service yet, or set aside by a person.
                (Stage::Aside, _) => &mut sick.starting,
                (_, Some(launched)) if now.duration_since(*launched) < patience => &mut sick.starting,
                (_, Some(launched)) if is_new(*launched) => &mut sick.failed_new,
                (Stage::InService | Stage::Leaving, _) => &mut sick.planned,
            };
            kind.insert(id);
        }
        let strangers = unhealthy.iter().copied();
        sick.strangers = strangers.filter(|id| group.member(id).is_none()).collect();
        // What was launched within the last minutes and is given up already was not well either.
        let given_up = history.replaced.keys().map(String::as_str);
        sick.failed_new.extend(given_up.filter(|id| {
            let launched = history.launched.get(*id);
            launched.is_some_and(|launched| now.duration_since(*launched) <= NEW.signed())
        }));
        sick
    }

    /// That the group's new instances are well.
    ///
    /// # Errors
    /// `Unsafe` when they are not.
    pub(super) fn without_new_ones(&self) -> Result<()> {
        if self.failed_new.is_empty() {
            return Ok(());
        }
        no(format!(
            "the group's new instances are unhealthy too: {}. Replacing them would go on for ever: look at the launch \
             template and the last deployment",
            list(&self.failed_new)
        ))
    }
}

/// The instances in service that are unhealthy, but for those that are planned.
pub(super) fn unplanned<'g>(
    group: &'g GroupObserved,
    targets: &TargetsObserved,
    planned: &[String],
) -> impl Iterator<Item = &'g Member> {
    let unhealthy = |member: &Member| targets.states.get(&member.id) == Some(&State::Unhealthy);
    let in_service = group
        .members
        .iter()
        .filter(|member| member.stage == Stage::InService);
    in_service.filter(move |member| is_sick(member, unhealthy(member)) && !planned.contains(&member.id))
}

/// Whether an instance is unhealthy by its target's checks or by the group's own.
fn is_sick(member: &Member, unhealthy_target: bool) -> bool {
    match member.stage {
        Stage::InService | Stage::Leaving => unhealthy_target || !member.healthy,
        // One in a warm pool is stopped, and no target.
        Stage::Aside => unhealthy_target,
    }
}

fn list(ids: &BTreeSet<&str>) -> String {
    ids.iter().copied().collect::<Vec<_>>().join(", ")
}

fn no<T>(why: String) -> Result<T> {
    Err(Error::Unsafe { why })
}

#[cfg(test)]
mod tests;
