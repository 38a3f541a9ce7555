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

#[cfg(test)]
mod tests {
    use events::{HealthCategory, HealthScope, Page};

    use super::*;
    use crate::journal::{Incident, View};
    use crate::names::Recovery;

    const RUN: &str = "shop-fail-over-database-20261001T115000Z-0123456789abcdef";

    fn noon() -> Timestamp {
        "2026-10-01T12:00:00Z".parse().expect("a timestamp")
    }

    fn issue(category: HealthCategory, status: Option<HealthStatus>, ended_at: Option<Timestamp>) -> String {
        let event = HealthEvent {
            arn: "arn:aws:health:eu-central-1::event/EC2/AN_ISSUE/1".to_owned(),
            service: "EC2".to_owned(),
            event_type: "AN_ISSUE".to_owned(),
            category,
            scope: HealthScope::Public,
            communication: "1".to_owned(),
            status,
            started_at: None,
            ended_at,
            updated_at: None,
            description: String::new(),
            entities: vec![],
            page: Page { number: 1, of: 1 },
            delivered_in: "eu-central-1".to_owned(),
        };
        let decision = health(&event, noon());
        format!("{} {}", decision.verdict.word(), decision.why)
    }

    #[test]
    fn it_is_said_how_an_event_of_aws_health_stands() {
        use HealthCategory::{Issue, ScheduledChange};
        let earlier = Some(noon() - jiff::SignedDuration::from_mins(5));
        for (category, status, ended_at, said) in [
            (Issue, Some(HealthStatus::Open), None, "watch (open)"),
            (Issue, Some(HealthStatus::Open), earlier, "note (open, and ended)"),
            (Issue, Some(HealthStatus::Closed), None, "note (closed)"),
            (ScheduledChange, Some(HealthStatus::Open), None, "note (open)"),
            (
                ScheduledChange,
                Some(HealthStatus::Upcoming),
                None,
                "note (upcoming)",
            ),
            (ScheduledChange, None, None, "note (no status)"),
        ] {
            let (verdict, status_said) = said.split_once(' ').expect("two words");
            let expected = format!("{verdict} AWS Health reports of EC2: AN_ISSUE {status_said}");
            assert_eq!(issue(category, status, ended_at), expected);
        }
    }

    /// A failed run whose event does not name the error, where the journal knows this of a run.
    fn told_of(id: &str, outcome: Outcome) -> bool {
        let event = ExecutionEvent {
            state_machine:
                "arn:aws:states:eu-central-1:111122223333:stateMachine:evenkeel-fail-over-database".to_owned(),
            name: RUN.to_owned(),
            status: ExecutionStatus::Failed,
            error: None,
            changed_at: noon(),
        };
        let journal = View {
            incidents: vec![Incident {
                id: id.parse().expect("valid"),
                system: "shop".parse().expect("valid"),
                recovery: Recovery::FailOverDatabase,
                opened_at: noon(),
                closed_at: noon(),
                outcome,
                seen: vec![],
                left: None,
            }],
            ..View::default()
        };
        let known = Known {
            facts: None,
            journal: &journal,
            now: noon(),
        };
        died(&event, known).is_none()
    }

    #[test]
    fn a_run_that_failed_without_an_error_has_told_if_it_was_recorded_as_paged() {
        assert!(told_of(RUN, Outcome::Paged));
        assert!(!told_of(RUN, Outcome::Recovered));
        assert!(!told_of("shop-another", Outcome::Paged));
    }
}
