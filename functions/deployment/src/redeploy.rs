//! A deployment of the good revision, created once.
//!
//! CreateDeployment takes no client token, so a call whose answer was lost must be found again by looking: the
//! description of a run's deployment is the run's own. Between the call and the moment at which ListDeployments shows
//! it, looking finds nothing, and a second call could be made. The deployment group itself closes that gap: while one
//! deployment runs in it, CreateDeployment answers DeploymentLimitExceededException (CodeDeploy User Guide, limits: one
//! concurrent deployment to a deployment group), and a deployment runs far longer than a list takes to show it. If it
//! ever did not, the same revision would be deployed twice, to the same end.
//!
//! The same limit holds against everybody else: what began between our look and our call refuses our call.

use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::error::ProvideErrorMetadata;
use aws_sdk_codedeploy::types::{
    AlarmConfiguration, AutoRollbackConfiguration, FileExistsBehavior, RevisionLocation,
};
use domain::facts::DeploymentStatus::{Failed, Running, Stopped, Succeeded};
use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::system::Deployments;
use journal::Hold;
use runtime::aws::classify;

use crate::Rollback;
use crate::described::{Deployment, Purpose, description, get};
use crate::history::{self, Reach, Which};

const CREATE: &str = "codedeploy:CreateDeployment";

/// Ensures that a deployment of the good revision exists, and answers it: this run's, or a rollback that somebody else
/// began.
///
/// # Errors
/// `NotYet` right after asking for it and while something else runs in the group; `Unsafe` when a person stopped the run,
/// when somebody deployed something else since, or when another rollback failed; `LockLost`, `Throttled`, `Unavailable`,
/// `Refused`.
pub async fn ensure<J: Journal>(
    codedeploy: &Client,
    of: &Deployments,
    what: Rollback<'_>,
    hold: &Hold<'_, J>,
) -> Result<Deployment> {
    if let Some(underway) = what.underway {
        return get(codedeploy, underway).await;
    }
    let named = [what.bad.to_owned(), what.good.to_owned()];
    let described = history::describe(codedeploy, &named).await?;
    let [bad, good] = described.as_slice() else {
        return Err(Error::Unsafe {
            why: format!("CodeDeploy does not know {} or {} any more", what.bad, what.good),
        });
    };
    let Some(revision) = &good.revision else {
        return Err(Error::Unsafe {
            why: format!("CodeDeploy does not tell what was deployed: {good}"),
        });
    };
    let ours = description(&hold.run.incident);
    let since = since(codedeploy, of, bad, &ours).await?;
    match next(&since, bad, good, &ours) {
        Next::Nothing(started) => Ok(started.clone()),
        Next::Wait(other) => Err(Error::NotYet {
            seen: format!("one deployment at a time: {other}"),
        }),
        Next::Never(why, other) => Err(Error::Unsafe {
            why: format!("{why}: {other}"),
        }),
        Next::Create => {
            hold.check().await?;
            Err(create(codedeploy, of, revision, good, &ours).await)
        }
    }
}

/// What is to be done about the good revision.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Next<'a> {
    /// There is a deployment of it.
    Nothing(&'a Deployment),
    /// Something else runs.
    Wait(&'a Deployment),
    /// Deploy it.
    Create,
    /// It would undo what somebody did on purpose, or repeat what failed.
    Never(&'static str, &'a Deployment),
}

/// Looks at what came after the bad deployment, the newest first.
fn next<'a>(since: &'a [Deployment], bad: &'a Deployment, good: &Deployment, ours: &str) -> Next<'a> {
    if let Some(started) = since.iter().find(|one| one.description == ours) {
        return Next::Nothing(started);
    }
    for one in since.iter().filter(|one| one.purpose != Purpose::Upkeep) {
        let is_the_bad_one = one.deploys_the_same_as(bad);
        match (one.purpose, one.status) {
            (Purpose::Rollback(_), Failed | Stopped) => {
                return Next::Never(
                    "a rollback did not succeed, and is not tried again by itself",
                    one,
                );
            }
            (Purpose::Rollback(_), Running | Succeeded) if !is_the_bad_one => return Next::Nothing(one),
            (_, Running) => return Next::Wait(one),
            // The bad revision again, or one that did not get anywhere.
            (_, Succeeded) if is_the_bad_one => {}
            (_, Failed | Stopped) => {}
            (_, Succeeded) if one.deploys_the_same_as(good) => return Next::Nothing(one),
            (_, Succeeded) => {
                return Next::Never(
                    "somebody deployed something else since, and it is not undone",
                    one,
                );
            }
        }
    }
    match bad.status {
        Running => Next::Wait(bad),
        Succeeded | Failed | Stopped => Next::Create,
    }
}

/// The deployments that came after the bad one, newest first.
async fn since(
    codedeploy: &Client,
    of: &Deployments,
    bad: &Deployment,
    ours: &str,
) -> Result<Vec<Deployment>> {
    let which = Which {
        of,
        succeeded: false,
        since: Some(bad.created_at),
    };
    let found = |read: &[Deployment]| read.iter().any(|one| one.id == bad.id || one.description == ours);
    let history = history::read(codedeploy, &which, found).await?;
    if history.reach == Reach::Bound && !history.read.iter().any(|one| one.description == ours) {
        return Err(Error::Unsafe {
            why: format!(
                "too much was deployed since {} to know whether this run's deployment is among it: {history}",
                bad.id
            ),
        });
    }
    let came_after = |one: &Deployment| one.id != bad.id;
    Ok(history.read.into_iter().filter(came_after).collect())
}

/// Asks for the good revision, on every instance of the group.
///
/// - A script of the revision that is being left must not keep it in place: `ApplicationStop`, `BeforeBlockTraffic` and
///   `AfterBlockTraffic` come from the last deployment that succeeded, which may be the bad one.
/// - A file that a half-done deployment left behind must not keep the good one out.
/// - The group's alarms are what the bad deployment set off, and would stop this one. Source of these three: CodeDeploy
///   API, CreateDeployment, `ignoreApplicationStopFailures`, `fileExistsBehavior`, `overrideAlarmConfiguration`.
/// - If it fails, CodeDeploy must not go back to "the last known good version" by itself: where the bad deployment
///   succeeded, that is the bad one. Source: CodeDeploy User Guide, deployments-rollback-and-redeploy.
async fn create(
    codedeploy: &Client,
    of: &Deployments,
    revision: &RevisionLocation,
    good: &Deployment,
    ours: &str,
) -> Error {
    let no_rollback = AutoRollbackConfiguration::builder().enabled(false).build();
    // A list of alarms that is not there is refused (CodeDeploy API, InvalidAlarmConfigException).
    let no_alarms = AlarmConfiguration::builder()
        .enabled(false)
        .set_alarms(Some(Vec::new()))
        .build();
    let answer = codedeploy
        .create_deployment()
        .application_name(&of.application)
        .deployment_group_name(&of.group)
        .revision(revision.clone())
        .description(ours)
        .ignore_application_stop_failures(true)
        .file_exists_behavior(FileExistsBehavior::Overwrite)
        .override_alarm_configuration(no_alarms)
        .auto_rollback_configuration(no_rollback)
        .send()
        .await;
    match answer {
        Ok(answer) => Error::NotYet {
            seen: format!(
                "{CREATE} of {} as in {} accepted: {}",
                good.revision_in_words(),
                good.id,
                answer.deployment_id().unwrap_or("no id")
            ),
        },
        // Ours of a moment ago that is not listed yet, or somebody else's: look again.
        Err(error) if error.code() == Some("DeploymentLimitExceededException") => Error::NotYet {
            seen: classify(CREATE, error).to_string(),
        },
        Err(error) => classify(CREATE, error),
    }
}

#[cfg(test)]
mod tests;
