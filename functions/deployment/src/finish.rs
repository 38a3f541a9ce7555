//! The deployment that undoes the bad one succeeded.

use aws_sdk_codedeploy::Client;
use domain::facts::DeploymentStatus;
use domain::step::{Error, Result};

use crate::described::{Counts, get};

/// Ensures that the deployment succeeded, and answers on how many instances.
///
/// # Errors
/// `NotYet` while it runs; `Unsafe` when it failed, was stopped, or reached no instance (rule 8: a call accepted is no
/// success); `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure(codedeploy: &Client, id: &str) -> Result<String> {
    let deployment = get(codedeploy, id).await?;
    let reached = deployment.counts.as_ref().map(Counts::succeeded);
    match (deployment.status, reached) {
        (DeploymentStatus::Running, _) => Err(Error::NotYet {
            seen: deployment.to_string(),
        }),
        (DeploymentStatus::Succeeded, Some(..=0)) => Err(Error::Unsafe {
            why: format!("the good revision was deployed to no instance: {deployment}"),
        }),
        (DeploymentStatus::Succeeded, _) => Ok(deployment.to_string()),
        (DeploymentStatus::Failed | DeploymentStatus::Stopped, _) => Err(Error::Unsafe {
            why: format!(
                "the good revision could not be deployed, and the group may run two revisions now: {deployment}"
            ),
        }),
    }
}
