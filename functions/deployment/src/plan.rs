//! Which deployment is to be undone, and which revision is deployed instead.
//!
//! What is undone is the newest *release* that had begun when things went wrong: not a rollback, and not what Auto
//! Scaling deploys to single instances. What has happened in the group since then may have settled it already. What is
//! deployed instead is what the newest other revision was that succeeded, and that nobody has taken back since.
//!
//! A rollback is never rolled back. If one failed, whoever looks next has to be a person: the revision that it would have
//! brought back is the last that worked, so there is nothing better to deploy, and trying again is a loop.

use aws_sdk_codedeploy::Client;
use domain::facts::DeploymentStatus::{Failed, Running, Stopped, Succeeded};
use domain::step::{Error, Result};
use domain::steps::plan::{Plan, Verdict, What};
use domain::system::Deployments;
use jiff::{SignedDuration, Timestamp};

use crate::described::{By, Deployment, Purpose};
use crate::history::{self, History, Which};

/// How much later than the signal a deployment may have been created and still be its cause: CodeDeploy's clock and the
/// clock behind the signal are not the same one. Assumed; AWS publishes no figure.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// Finds what is to be done about a group whose signal was given then.
///
/// # Errors
/// `Unsafe` when there is no way back: nothing to undo, a rollback that failed, no earlier success with another revision.
/// `NotYet` while somebody else's deployment, begun after the signal, runs. `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure(
    codedeploy: &Client,
    of: &Deployments,
    signal: Timestamp,
    now: Timestamp,
) -> Result<Plan> {
    let until = signal.saturating_add(TOLERANCE).unwrap_or(signal);
    let (recent, reach) = recent(codedeploy, of, until).await?;
    let plan = |verdict, bad: &Deployment, good: &Deployment, underway: Option<String>, why: String| Plan {
        at: now,
        verdict,
        what: What::RollBack {
            bad: bad.id.clone(),
            bad_revision: bad.revision_in_words(),
            good: Some(good.id.clone()),
            good_revision: Some(good.revision_in_words()),
            underway,
        },
        seen: vec![format!("to undo: {bad}"), why],
    };
    match judge(&recent, signal, until) {
        Judgement::Nobody => Err(Error::Unsafe {
            why: format!(
                "no release of {}/{} had begun at {until}: there is nothing to roll back ({reach})",
                of.application, of.group
            ),
        }),
        Judgement::Wait(other) => Err(Error::NotYet {
            seen: format!("somebody else's deployment goes first: {other}"),
        }),
        Judgement::Never(failed) => Err(Error::Unsafe {
            why: format!(
                "a rollback did not succeed, and is not tried again by itself: {failed}. {}",
                by_hand(of)
            ),
        }),
        Judgement::Settled { bad, by } => Ok(plan(
            Verdict::StandDown,
            bad,
            by,
            None,
            format!("nothing to do: deployed since then: {by}"),
        )),
        Judgement::Underway { bad, by } => Ok(plan(
            Verdict::Act,
            bad,
            by,
            Some(by.id.clone()),
            format!("seen through: {by}"),
        )),
        Judgement::Undo(bad) => {
            let (good, reach) = good(codedeploy, of, &recent, bad).await?;
            let why = format!("to deploy again: {good}");
            let mut plan = plan(Verdict::Act, bad, &good, None, why);
            plan.seen.push(reach);
            Ok(plan)
        }
    }
}

/// What is to be done, from what was read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Judgement<'a> {
    /// Nothing had begun by then.
    Nobody,
    /// This one is to be undone.
    Undo(&'a Deployment),
    /// Somebody rolls it back, or AWS just did.
    Underway { bad: &'a Deployment, by: &'a Deployment },
    /// Something else was deployed with success since then.
    Settled { bad: &'a Deployment, by: &'a Deployment },
    /// Somebody is deploying.
    Wait(&'a Deployment),
    /// A rollback did not succeed.
    Never(&'a Deployment),
}

/// Looks at what came after the release to blame, the newest first: the first that settles anything does.
fn judge(read: &[Deployment], signal: Timestamp, until: Timestamp) -> Judgement<'_> {
    let Some(position) = read.iter().position(|one| to_blame(one, until)) else {
        return Judgement::Nobody;
    };
    let (later, bad) = (&read[..position], &read[position]);
    for by in later.iter().filter(|one| one.purpose != Purpose::Upkeep) {
        let is_the_same = by.deploys_the_same_as(bad);
        match (by.purpose, by.status) {
            (Purpose::Rollback(_), Failed | Stopped) => return Judgement::Never(by),
            (Purpose::Rollback(_), Running) if !is_the_same => return Judgement::Underway { bad, by },
            (_, Running) => return Judgement::Wait(by),
            // The bad revision again, or one that did not get anywhere.
            (_, Succeeded) if is_the_same => {}
            (_, Failed | Stopped) => {}
            (Purpose::Rollback(By::Aws), Succeeded) if !was_over(by, signal) => {
                return Judgement::Underway { bad, by };
            }
            (_, Succeeded) => return Judgement::Settled { bad, by },
        }
    }
    Judgement::Undo(bad)
}

/// Whether it may be what went wrong by then.
fn to_blame(deployment: &Deployment, until: Timestamp) -> bool {
    deployment.purpose == Purpose::Release && deployment.created_at <= until
}

/// Whether it had ended well before the signal, so that the signal cannot be about what it mended.
fn was_over(deployment: &Deployment, signal: Timestamp) -> bool {
    let completed = deployment.completed_at;
    completed.is_some_and(|completed| completed.saturating_add(TOLERANCE).is_ok_and(|at| at < signal))
}

/// What the group did lately, newest first, back to the release to blame at least, with a word on how far that goes.
async fn recent(
    codedeploy: &Client,
    of: &Deployments,
    until: Timestamp,
) -> Result<(Vec<Deployment>, String)> {
    let which = Which {
        of,
        succeeded: false,
        since: None,
    };
    let found = |read: &[Deployment]| read.iter().any(|one| to_blame(one, until));
    let history = history::read(codedeploy, &which, found).await?;
    let reach = history.to_string();
    let mut read = history.read;
    // CodeDeploy may name a rollback of it before it lists it.
    let named = read
        .iter()
        .find(|one| to_blame(one, until))
        .and_then(|bad| bad.rolled_back_by.clone())
        .filter(|id| read.iter().all(|one| one.id != *id));
    if let Some(id) = named {
        read.extend(history::describe(codedeploy, &[id]).await?);
        read.sort_by_key(|one| std::cmp::Reverse(one.created_at));
    }
    mark_returns(&mut read);
    Ok((read, reach))
}

/// A person who deploys an older revision again rolls back, though CodeDeploy does not call it so. The oldest are
/// looked at first, because what counts as a return depends on what was one before.
fn mark_returns(read: &mut [Deployment]) {
    for index in (0..read.len()).rev() {
        let is_return = match &read[index..] {
            [this, older @ ..] => this.purpose == Purpose::Release && goes_back(this, older),
            [] => false,
        };
        if is_return {
            read[index].purpose = Purpose::Rollback(By::Hand);
        }
    }
}

/// Whether its revision succeeded before, and only releases of other revisions came between. A rollback between the two
/// took that revision back: then this is the bad one again.
fn goes_back(this: &Deployment, older: &[Deployment]) -> bool {
    let mut something_between = false;
    for one in older.iter().filter(|one| one.purpose != Purpose::Upkeep) {
        match (one.deploys_the_same_as(this), one.purpose) {
            (true, _) if one.status == Succeeded => return something_between,
            (true, _) => {}
            (false, Purpose::Rollback(_)) => return false,
            (false, Purpose::Release | Purpose::Upkeep) => something_between = true,
        }
    }
    false
}

/// The newest deployment before the bad one that succeeded with another revision, and was not taken back.
async fn good(
    codedeploy: &Client,
    of: &Deployments,
    recent: &[Deployment],
    bad: &Deployment,
) -> Result<(Deployment, String)> {
    if bad.revision.is_none() {
        return Err(Error::Unsafe {
            why: format!(
                "CodeDeploy does not tell what was deployed: {bad}. {}",
                by_hand(of)
            ),
        });
    }
    let taken_back: Vec<&str> = taken_back(recent);
    let is_good = |one: &Deployment| {
        one.status == Succeeded
            && one.purpose != Purpose::Upkeep
            && one.revision.is_some()
            && !one.deploys_the_same_as(bad)
            && one.created_at < bad.created_at
            && !taken_back.contains(&one.id.as_str())
    };
    if let Some(good) = recent.iter().find(|one| is_good(one)) {
        return Ok((
            good.clone(),
            format!("{} deployments were looked at", recent.len()),
        ));
    }
    let which = Which {
        of,
        succeeded: true,
        since: None,
    };
    let history = history::read(codedeploy, &which, |read| read.iter().any(is_good)).await?;
    match history.read.iter().find(|one| is_good(one)) {
        Some(good) => Ok((good.clone(), history.to_string())),
        None => Err(Error::Unsafe {
            why: no_way_back(of, bad, &history),
        }),
    }
}

/// What a rollback to something else followed at once, whether or not that succeeded.
fn taken_back(read: &[Deployment]) -> Vec<&str> {
    let told: Vec<&Deployment> = read.iter().filter(|one| one.purpose != Purpose::Upkeep).collect();
    let pairs = told.windows(2).filter(|pair| {
        matches!(pair[0].purpose, Purpose::Rollback(_)) && !pair[0].deploys_the_same_as(pair[1])
    });
    pairs.map(|pair| pair[1].id.as_str()).collect()
}

fn no_way_back(of: &Deployments, bad: &Deployment, history: &History) -> String {
    let (application, group) = (&of.application, &of.group);
    let before = |one: &&Deployment| one.created_at < bad.created_at && one.purpose != Purpose::Upkeep;
    let mut before = history.read.iter().filter(before);
    // Perhaps it is the same revision, and perhaps the same place with something else in it.
    let hint = if before.any(|one| one.deploys_the_same_as(bad)) {
        " What succeeded before it has the same location: give each release a key, version or commit of its own."
    } else {
        ""
    };
    format!(
        "no deployment of {application}/{group} succeeded with another revision before {bad} ({history}).{hint} {}",
        by_hand(of)
    )
}

/// Source: CodeDeploy User Guide, deployments-rollback-and-redeploy, manual rollbacks.
fn by_hand(of: &Deployments) -> String {
    format!(
        "By hand: deploy a revision that is known to work to {}/{} (aws deploy create-deployment), or mend this one",
        of.application, of.group
    )
}

#[cfg(test)]
mod tests;
