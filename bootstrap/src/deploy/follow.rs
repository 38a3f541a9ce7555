//! What happens while CloudFormation works on a stack, until it is done, or the time is up.
//!
//! Only the stack's events are read. Its status is not: just after a change set was carried out it may still be the one from before.

use std::time::Duration;

use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

use super::stack::{Stack, is_missing};
use super::{Error, wait};
use crate::account;

/// How long a stack may take. A first creation takes some minutes; what takes longer than this is stuck.
pub(crate) const LIMIT: Duration = Duration::from_secs(45 * 60);

/// How often CloudFormation is asked what happened.
const PAUSE: Duration = Duration::from_secs(2);

/// Pages of events that are read at most for one look: a page has 100, and they come newest first.
const MOST_PAGES: usize = 50;

/// One thing that happened to a resource, or to the stack itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) logical: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: String,
    /// Whether it is about the stack itself.
    pub(crate) of_stack: bool,
    /// What AWS calls the resource: for a nested stack, its ARN.
    pub(crate) physical: String,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The stack's status.
    pub(crate) status: String,
    /// What failed first, if anything did: the rest follows from it.
    pub(crate) failed: Option<Event>,
}

impl Ended {
    /// Whether it came to what was asked.
    pub(crate) fn is_well(&self) -> bool {
        matches!(
            self.status.as_str(),
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "DELETE_COMPLETE"
        )
    }
}

impl Stack {
    /// The newest event of a stack, from which on others are news.
    ///
    /// # Errors
    /// When CloudFormation does not say.
    pub(crate) async fn newest_event(&self, id: &str) -> Result<Option<String>, Error> {
        let page = self.client().describe_stack_events().stack_name(id).send().await;
        let page = page.map_err(|error| account::Error::of("cloudformation:DescribeStackEvents", error))?;
        let newest = page.stack_events.unwrap_or_default().into_iter().next();
        Ok(newest.and_then(|event| event.event_id))
    }

    /// Tells what happens, event by event, until the stack is done.
    ///
    /// # Errors
    /// When CloudFormation does not say, and when the time is up: it goes on by itself then.
    pub(crate) async fn follow(
        &self,
        id: &str,
        since: Option<String>,
        mut tell: impl FnMut(&Event),
    ) -> Result<Ended, Error> {
        let mut seen = since;
        let mut failed: Option<Event> = None;
        let ended = wait::until(LIMIT, PAUSE, async || {
            let mut ended = None;
            for event in self.news(id, seen.as_deref()).await? {
                tell(&event);
                if event.of_stack && is_over(&event.status) {
                    ended = Some(event.status.clone());
                }
                if failed.is_none() && is_a_cause(&event) {
                    failed = Some(event.clone());
                }
                seen = Some(event.id);
            }
            Ok::<_, Error>(ended)
        });
        match ended.await? {
            Some(status) => {
                let failed = match failed {
                    Some(failed) => Some(self.cause(failed).await),
                    None => None,
                };
                Ok(Ended { status, failed })
            }
            None => Err(Error::TimedOut {
                region: self.region.clone(),
                what: "working on the stack",
                limit: LIMIT,
            }),
        }
    }

    /// What a failure follows from: of a nested stack CloudFormation says only that it failed, and why stands among its own events.
    /// Where they say nothing, it is the failure itself.
    async fn cause(&self, failed: Event) -> Event {
        if failed.kind != "AWS::CloudFormation::Stack" || failed.physical.is_empty() {
            return failed;
        }
        let Ok(events) = self.news(&failed.physical, None).await else {
            return failed;
        };
        // Those of its last change: what failed in an earlier one is no news.
        let began = |event: &Event| {
            let begins = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"];
            event.of_stack && begins.contains(&event.status.as_str())
        };
        let last = events.iter().rposition(began).unwrap_or_default();
        let mut last = events.into_iter().skip(last);
        match last.find(is_a_cause) {
            Some(cause) => Event {
                logical: format!("{}/{}", failed.logical, cause.logical),
                ..cause
            },
            None => failed,
        }
    }

    /// What happened since an event, oldest first.
    async fn news(&self, id: &str, since: Option<&str>) -> Result<Vec<Event>, Error> {
        let (mut found, mut next) = (Vec::new(), None);
        'pages: for _ in 0..MOST_PAGES {
            let asked = self.client().describe_stack_events().stack_name(id);
            let page = match asked.set_next_token(next).send().await {
                Ok(page) => page,
                // A stack that was deleted keeps its events for 90 days (CloudFormation API, DescribeStackEvents). Whoever forgets
                // them sooner says the same by that.
                Err(error) if is_missing(&error) => return Ok(vec![Event::gone(id)]),
                Err(error) => {
                    return Err(account::Error::of("cloudformation:DescribeStackEvents", error).into());
                }
            };
            for event in page.stack_events.unwrap_or_default() {
                if event.event_id.as_deref() == since {
                    break 'pages;
                }
                found.push(Event::from(event));
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }
}

impl Event {
    fn gone(id: &str) -> Self {
        Self {
            id: "gone".to_owned(),
            logical: id.to_owned(),
            kind: "AWS::CloudFormation::Stack".to_owned(),
            status: "DELETE_COMPLETE".to_owned(),
            reason: String::new(),
            of_stack: true,
            physical: id.to_owned(),
        }
    }
}

impl From<StackEvent> for Event {
    fn from(event: StackEvent) -> Self {
        let status = event.resource_status.as_ref().map(ResourceStatus::as_str);
        Self {
            of_stack: event.physical_resource_id.is_some() && event.physical_resource_id == event.stack_id,
            id: event.event_id.unwrap_or_default(),
            logical: event.logical_resource_id.unwrap_or_default(),
            kind: event.resource_type.unwrap_or_default(),
            status: status.unwrap_or_default().to_owned(),
            reason: event.resource_status_reason.unwrap_or_default(),
            physical: event.physical_resource_id.unwrap_or_default(),
        }
    }
}

/// Whether a stack with that status is left as it is. A rollback follows what failed, unless it was the rollback.
fn is_over(status: &str) -> bool {
    match status {
        "CREATE_FAILED" | "UPDATE_FAILED" => false,
        other => other.ends_with("_COMPLETE") || other.ends_with("_FAILED"),
    }
}

/// Whether it is what others follow from: CloudFormation cancels what was under way beside it.
fn is_a_cause(event: &Event) -> bool {
    event.status.ends_with("_FAILED") && !event.of_stack && !event.reason.contains("cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(status: &str, reason: &str, of_stack: bool) -> Event {
        Event {
            id: "1".to_owned(),
            logical: "Journal".to_owned(),
            kind: "AWS::DynamoDB::Table".to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            of_stack,
            physical: String::new(),
        }
    }

    #[test]
    fn a_failure_is_over_when_its_rollback_is() {
        for status in [
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "DELETE_COMPLETE",
            "ROLLBACK_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
            "ROLLBACK_FAILED",
            "UPDATE_ROLLBACK_FAILED",
            "DELETE_FAILED",
        ] {
            assert!(is_over(status), "{status}");
        }
        for status in [
            "CREATE_IN_PROGRESS",
            "CREATE_FAILED",
            "UPDATE_FAILED",
            "ROLLBACK_IN_PROGRESS",
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "REVIEW_IN_PROGRESS",
        ] {
            assert!(!is_over(status), "{status}");
        }
    }

    #[test]
    fn what_was_cancelled_is_no_cause() {
        assert!(is_a_cause(&event("CREATE_FAILED", "AlreadyExists", false)));
        assert!(!is_a_cause(&event(
            "CREATE_FAILED",
            "Resource creation cancelled",
            false
        )));
        assert!(!is_a_cause(&event("ROLLBACK_FAILED", "", true)));
        assert!(!is_a_cause(&event("CREATE_COMPLETE", "", false)));
    }

    #[test]
    fn only_what_was_asked_is_well() {
        let ended = |status: &str| Ended {
            status: status.to_owned(),
            failed: None,
        };
        assert!(ended("UPDATE_COMPLETE").is_well());
        for status in ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED"] {
            assert!(!ended(status).is_well(), "{status}");
        }
    }
}
