//! The bad deployment does not run any more.
//!
//! It is stopped without CodeDeploy's automatic rollback: which revision comes back is decided already, and two rollbacks
//! at once would be in each other's way. Source: CodeDeploy API, StopDeployment, `autoRollbackEnabled`.

use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::error::ProvideErrorMetadata;
use domain::facts::DeploymentStatus;
use domain::journal::Journal;
use domain::step::{Error, Result};
use journal::Hold;
use runtime::aws::classify;

use crate::Rollback;
use crate::described::{Deployment, get};

const STOP: &str = "codedeploy:StopDeployment";

/// Ensures that the deployment has ended, and answers how. What CodeDeploy is told twice it does once, so it is told again
/// for as long as the deployment runs: an answer that was lost needs no memory.
///
/// # Errors
/// `NotYet` while it runs; `Unsafe` when a person stopped the run; `LockLost`, `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    codedeploy: &Client,
    what: Rollback<'_>,
    hold: &Hold<'_, J>,
) -> Result<String> {
    let bad = get(codedeploy, what.bad).await?;
    match bad.status {
        DeploymentStatus::Succeeded | DeploymentStatus::Failed | DeploymentStatus::Stopped => {
            Ok(bad.to_string())
        }
        DeploymentStatus::Running => {
            hold.check().await?;
            Err(stop(codedeploy, &bad).await)
        }
    }
}

async fn stop(codedeploy: &Client, bad: &Deployment) -> Error {
    let answer = codedeploy
        .stop_deployment()
        .deployment_id(&bad.id)
        .auto_rollback_enabled(false)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let status = answer
                .status()
                .map_or("without a status", |status| status.as_str());
            let message = answer.status_message().map(|message| format!(": {message}"));
            Error::NotYet {
                seen: format!("{bad}; {STOP} answered {status}{}", message.unwrap_or_default()),
            }
        }
        // It ended between our look and our call: look again.
        Err(error) if error.code() == Some("DeploymentAlreadyCompletedException") => Error::NotYet {
            seen: classify(STOP, error).to_string(),
        },
        Err(error) => classify(STOP, error),
    }
}
