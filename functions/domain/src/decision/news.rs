//! What AWS tells without an alarm: databases, deployments, groups, zones, caches, AWS itself. Most of it starts nothing:
//! it is what an alarm or a look at the system finds as well, and these events may never come.

use events::{
    CacheEvent, DatabaseEvent, DeploymentEvent, DeploymentScope, DeploymentState, Direction, ExecutionEvent,
    ExecutionStatus, HealthEvent, HealthStatus, RdsEventId, ScalingEvent, ScalingStep, ZonalShiftChange,
    ZonalShiftEvent,
};

use jiff::Timestamp;

use super::{Decision, Known, Verdict, Why};
use crate::journal::Outcome;

/// Failovers that RDS itself reports as failed: RDS-EVENT-0069 for a cluster.
/// Source: RDS User Guide, USER_Events.Messages.
const FAILED: [RdsEventId; 1] = [RdsEventId::new(69)];

pub(super) fn database(event: &DatabaseEvent, known: Known<'_>) -> Decision {
    let message = event.message.clone();
    if !FAILED.contains(&event.event_id) {
        return Decision::of(Verdict::Note, Why::DatabaseNews { message });
    }
    // A run that waits for this failover sees it fail by itself, and pages with more to say.
    Decision::running(known)
        .unwrap_or_else(|| Decision::of(Verdict::Page, Why::DatabaseFailoverFailed { message }))
}

/// Whether a deployment as a whole failed: what a look at the system is worth.
pub(super) fn is_failure(event: &DeploymentEvent) -> bool {
    event.scope == DeploymentScope::Deployment && event.state == DeploymentState::Failure
}

pub(super) fn deployment(event: &DeploymentEvent) -> Decision {
    let what = match &event.scope {
        DeploymentScope::Deployment => event.deployment.clone(),
        DeploymentScope::Instance { id } => format!("{} on {id}", event.deployment),
    };
    noted(format!("CodeDeploy reports {} of {what}", event.state.as_str()))
}

/// Whether a group could not launch an instance: what a look at it is worth.
pub(super) fn is_failed_launch(event: &ScalingEvent) -> bool {
    event.direction == Direction::Launch && matches!(event.step, ScalingStep::Unsuccessful(_))
}

pub(super) fn scaling(event: &ScalingEvent) -> Decision {
    let what = match &event.step {
        ScalingStep::Successful(activity) | ScalingStep::Unsuccessful(activity) => {
            format!("{} {}", activity.cause, activity.message)
        }
        ScalingStep::Waiting { hook, .. } => format!("an instance waits for the lifecycle hook {hook}"),
    };
    noted(format!(
        "Auto Scaling reports of {}: {}",
        event.group,
        what.trim()
    ))
}

/// Whether AWS itself believes that a zone is impaired.
pub(super) const fn is_autoshift(event: &ZonalShiftEvent) -> bool {
    matches!(
        event.change,
        ZonalShiftChange::AutoshiftInProgress | ZonalShiftChange::ExperimentInProgress
    )
}

pub(super) fn zonal_shift(event: &ZonalShiftEvent) -> Decision {
    noted(format!(
        "{} away from {}: {}",
        event.change.as_str(),
        event.away_from,
        event.notes
    ))
}

pub(super) fn cache(event: &CacheEvent) -> Decision {
    noted(format!("ElastiCache reports {} of {}", event.event, event.name))
}

pub(super) fn health(event: &HealthEvent, sent: Timestamp) -> Decision {
    let verdict = if event.is_open_issue(sent) {
        Verdict::Watch
    } else {
        Verdict::Note
    };
    let status = match event.status {
        Some(HealthStatus::Open) if event.is_issue() && verdict == Verdict::Note => "open, and ended",
        Some(HealthStatus::Open) => "open",
        Some(HealthStatus::Closed) => "closed",
        Some(HealthStatus::Upcoming) => "upcoming",
        None => "no status",
    };
    let message = format!(
        "AWS Health reports of {}: {} ({status})",
        event.service, event.event_type
    );
    Decision::of(verdict, Why::News { message })
}

pub(super) const fn is_over(event: &ExecutionEvent) -> bool {
    match event.status {
        ExecutionStatus::Succeeded
        | ExecutionStatus::Failed
        | ExecutionStatus::TimedOut
        | ExecutionStatus::Aborted => true,
        ExecutionStatus::Running | ExecutionStatus::PendingRedrive => false,
    }
}

pub(super) fn execution(event: &ExecutionEvent) -> Decision {
    noted(format!(
        "the execution {} is {}",
        event.name,
        event.status.as_str()
    ))
}

/// The `Fail` state in which a machine of ours ends after a person was paged.
const PAGED: &str = "Paged";

/// A page for a run that ended without telling anybody: it timed out, was stopped from outside, met an error that nothing
/// catches, or could not page. Its lock is still held, and expires.
pub(super) fn died(event: &ExecutionEvent, known: Known<'_>) -> Option<Decision> {
    let told = match event.status {
        ExecutionStatus::Succeeded | ExecutionStatus::Running | ExecutionStatus::PendingRedrive => true,
        ExecutionStatus::TimedOut | ExecutionStatus::Aborted => false,
        ExecutionStatus::Failed => match event.error.as_deref() {
            Some(error) => error == PAGED,
            // Older events do not name the error; a run that was recorded as paged has told.
            None => known
                .journal
                .incidents
                .iter()
                .any(|past| past.id.as_str() == event.name && past.outcome == Outcome::Paged),
        },
    };
    (!told).then(|| {
        Decision::of(
            Verdict::Page,
            Why::RunDied {
                run: event.name.clone(),
                status: match &event.error {
                    Some(error) => format!("{} with {error}", event.status.as_str()),
                    None => event.status.as_str().to_owned(),
                },
            },
        )
    })
}

fn noted(message: String) -> Decision {
    Decision::of(Verdict::Note, Why::News { message })
}
