//! What a group has launched and given up, as its scaling activities tell: within the last hour, and in vain.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{Activity, ScalingActivityStatusCode as Status};
use domain::duration::Duration;
use domain::step::Result;
use jiff::Timestamp;
use runtime::aws::classify;

use crate::observe::{State, TargetsObserved};

/// How far back is looked: what may be replaced is counted by the hour.
pub const WINDOW: Duration = Duration::from_mins(60);

/// How long ago an instance that counts as new was launched at most: three times as long as it is given to boot.
pub const NEW: Duration = Duration::from_mins(15);

/// How long a new instance is given to boot and to pass its checks, where its group gives it less: the grace period
/// that the console proposes. A group that was made otherwise has none. Source: EC2 Auto Scaling User Guide,
/// health-check-grace-period.
pub const BOOTS: Duration = Duration::from_mins(5);

/// How many activities a page holds at most. Source: Auto Scaling API, DescribeScalingActivities, `MaxRecords`.
const PAGE: i32 = 100;

/// How many pages are read. A group with more activities than that in an hour has no problem of instances.
const PAGES: usize = 5;

/// The last hour of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// When each instance was launched that was launched within it.
    pub launched: BTreeMap<String, Timestamp>,
    /// When each instance was given up that was given up for being unhealthy, by the group or by somebody's request.
    pub replaced: BTreeMap<String, Timestamp>,
    /// Why the newest launch that has ended failed, if it did and is new.
    pub failing: Option<String>,
    /// Whether there was more than could be read.
    pub cut_off: bool,
}

/// Reads it. Activities come with the unfinished ones first and then by their start, newest first.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`.
pub async fn read(client: &Client, group: &str, now: Timestamp) -> Result<History> {
    let mut activities: Vec<Activity> = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..PAGES {
        let answer = client
            .describe_scaling_activities()
            .auto_scaling_group_name(group)
            .max_records(PAGE)
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| classify("autoscaling:DescribeScalingActivities", error))?;
        activities.extend_from_slice(answer.activities());
        next = answer.next_token().map(str::to_owned);
        if next.is_none() || activities.last().is_some_and(|last| is_over(last, now)) {
            return Ok(tell(&activities, now));
        }
    }
    Ok(History {
        cut_off: true,
        ..tell(&activities, now)
    })
}

/// Whether it ended, and began before the window: whatever comes behind it did so too.
fn is_over(activity: &Activity, now: Timestamp) -> bool {
    has_ended(activity) && started(activity).is_some_and(|at| now.duration_since(at) > WINDOW.signed())
}

fn has_ended(activity: &Activity) -> bool {
    matches!(
        activity.status_code(),
        Some(Status::Successful | Status::Failed | Status::Cancelled)
    )
}

fn started(activity: &Activity) -> Option<Timestamp> {
    Timestamp::from_millisecond(activity.start_time()?.to_millis().ok()?).ok()
}

fn tell(activities: &[Activity], now: Timestamp) -> History {
    let mut history = History::default();
    let mut newest_launch = None;
    for activity in activities {
        let Some(at) = started(activity).filter(|at| now.duration_since(*at) <= WINDOW.signed()) else {
            continue;
        };
        let description = activity.description().unwrap_or_default();
        let instance = instance(description);
        if description.starts_with(LAUNCHING) {
            if let Some(instance) = instance {
                history.launched.entry(instance.to_owned()).or_insert(at);
            }
            if has_ended(activity) && newest_launch.is_none() {
                newest_launch = Some((activity, at));
            }
        } else if description.starts_with(TERMINATING) && gave_up(activity.cause().unwrap_or_default()) {
            history
                .replaced
                .extend(instance.map(|instance| (instance.to_owned(), at)));
        }
    }
    history.failing = newest_launch
        .filter(|(activity, at)| {
            activity.status_code() != Some(&Status::Successful) && now.duration_since(*at) <= NEW.signed()
        })
        .map(|(activity, at)| format!("at {at}: {}", activity.status_message().unwrap_or("no message")));
    history
}

/// How many launches, the newest first, failed or brought an instance that is gone or unhealthy by now, before one that
/// serves. Instances that are still starting are not judged.
pub fn launches_in_vain(activities: &[Activity], targets: &TargetsObserved) -> u32 {
    let mut count = 0;
    for activity in activities {
        let description = activity.description().unwrap_or_default();
        if !description.starts_with(LAUNCHING) {
            continue;
        }
        match activity.status_code() {
            Some(Status::Failed) => count += 1,
            Some(Status::Successful) => match instance(description).and_then(|id| targets.states.get(id)) {
                Some(State::Healthy) => return count,
                Some(State::Initial) => {}
                Some(State::Unhealthy | State::Draining | State::Other) | None => count += 1,
            },
            _ => {}
        }
    }
    count
}

/// How descriptions begin. Source: EC2 Auto Scaling User Guide, as-verify-scaling-activity, examples.
const LAUNCHING: &str = "Launching a new EC2 instance";
const TERMINATING: &str = "Terminating EC2 instance";

/// The instance that a description names.
fn instance(description: &str) -> Option<&str> {
    let mut words = description.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.find(|word| word.starts_with("i-") && word.len() > 2)
}

/// Whether an instance was terminated because it was unhealthy, or because somebody asked for its replacement, as
/// `replace-instances` does. Terminations that shrink the group, rebalance it or refresh it are something else.
/// Sources: EC2 Auto Scaling User Guide, ts-as-healthchecks, whose causes are "an EC2 instance status checks failure",
/// "an EC2 health check …" and "an ELB system health check failure"; the same guide, set-up-a-custom-health-check ("a
/// user health-check"); Auto Scaling API, TerminateInstanceInAutoScalingGroup, example ("a user request", which goes on
/// "shrinking the capacity" where the desired capacity was lowered with it).
fn gave_up(cause: &str) -> bool {
    let cause = cause.to_ascii_lowercase();
    let reasons = ["health check", "health-check", "status check", "a user request"];
    reasons.iter().any(|reason| cause.contains(reason)) && !cause.contains("shrinking the capacity")
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::primitives::DateTime;

    use super::*;

    const NOW: i64 = 1_790_838_960;

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).expect("in range")
    }

    fn activity(minutes_ago: i64, status: Status, description: &str, cause: &str) -> Activity {
        Activity::builder()
            .start_time(DateTime::from_secs(NOW - 60 * minutes_ago))
            .status_code(status)
            .status_message("no capacity")
            .description(description)
            .cause(cause)
            .build()
    }

    #[test]
    fn what_was_given_up_is_told_from_what_was_not_needed() {
        let cases = [
            ("an ELB system health check failure.", true),
            (
                "an EC2 health check indicating it has been terminated or stopped.",
                true,
            ),
            ("an EC2 instance status checks failure.", true),
            ("a user health-check.", true),
            ("a user request.", true),
            ("a user request, shrinking the capacity from 6 to 5.", false),
            (
                "a difference between desired and actual capacity, shrinking the capacity from 7 to 6.",
                false,
            ),
            ("an instance refresh.", false),
            ("", false),
        ];
        for (why, expected) in cases {
            let cause =
                format!("At 2026-10-01T07:15:00Z an instance was taken out of service in response to {why}");
            assert_eq!(gave_up(&cause), expected, "{cause}");
        }
    }

    #[test]
    fn a_description_names_its_instance() {
        let cases = [
            ("Terminating EC2 instance: i-0abc", Some("i-0abc")),
            (
                "Terminating EC2 instance: i-0abc - Waiting For ELB Connection Draining.",
                Some("i-0abc"),
            ),
            (
                "Launching a new EC2 instance from warm pool: i-0abc",
                Some("i-0abc"),
            ),
            ("Launching a new EC2 instance.  Status Reason: no i-", None),
            ("", None),
        ];
        for (description, expected) in cases {
            assert_eq!(instance(description), expected, "{description}");
        }
    }

    #[test]
    fn the_last_hour_is_told_and_no_more() {
        let unhealthy =
            "an instance was taken out of service in response to an ELB system health check failure.";
        let history = tell(
            &[
                // Unfinished ones come first, however long they take.
                activity(
                    90,
                    Status::WaitingForElbConnectionDraining,
                    "Terminating EC2 instance: i-9",
                    unhealthy,
                ),
                activity(
                    1,
                    Status::PreInService,
                    "Launching a new EC2 instance: i-1",
                    "a difference",
                ),
                activity(2, Status::Successful, "Terminating EC2 instance: i-2", unhealthy),
                activity(
                    20,
                    Status::Successful,
                    "Launching a new EC2 instance: i-2",
                    "a difference",
                ),
                activity(60, Status::Successful, "Terminating EC2 instance: i-3", unhealthy),
                activity(61, Status::Successful, "Terminating EC2 instance: i-4", unhealthy),
                Activity::builder().build(),
            ],
            now(),
        );
        let ago = |minutes: i64| Timestamp::from_second(NOW - 60 * minutes).expect("in range");
        assert_eq!(
            history,
            History {
                launched: [("i-1".to_owned(), ago(1)), ("i-2".to_owned(), ago(20))].into(),
                replaced: [("i-2".to_owned(), ago(2)), ("i-3".to_owned(), ago(60))].into(),
                failing: None,
                cut_off: false,
            }
        );
    }

    #[test]
    fn launches_are_in_vain_until_one_serves() {
        let launch = |id: &str, status| {
            activity(
                1,
                status,
                &format!("Launching a new EC2 instance: {id}"),
                "a difference",
            )
        };
        let targets = |states: &[(&str, State)]| TargetsObserved {
            states: states
                .iter()
                .map(|(id, state)| ((*id).to_owned(), *state))
                .collect(),
            ..TargetsObserved::default()
        };
        let activities = [
            launch("i-6", Status::InProgress),
            launch("i-5", Status::Successful),
            launch("i-4", Status::Failed),
            activity(
                2,
                Status::Successful,
                "Terminating EC2 instance: i-7",
                "a difference",
            ),
            launch("i-3", Status::Successful),
            launch("i-2", Status::Successful),
            launch("i-1", Status::Successful),
        ];
        let all = targets(&[
            ("i-5", State::Unhealthy),
            ("i-3", State::Initial),
            ("i-1", State::Healthy),
        ]);
        assert_eq!(
            launches_in_vain(&activities, &all),
            3,
            "i-5 fails, i-4 never came, i-2 is gone"
        );
        assert_eq!(
            launches_in_vain(&activities, &targets(&[("i-5", State::Healthy)])),
            0
        );
        assert_eq!(launches_in_vain(&[], &targets(&[])), 0);
    }

    #[test]
    fn a_group_that_cannot_launch_now_is_told_from_one_that_could_not() {
        let launch = |minutes, status| {
            activity(
                minutes,
                status,
                "Launching a new EC2 instance.  Status Reason: no capacity",
                "a difference",
            )
        };
        let failing = |activities: &[Activity]| tell(activities, now()).failing;
        let words = failing(&[launch(1, Status::InProgress), launch(3, Status::Failed)]);
        assert!(words.is_some_and(|words| words.ends_with(": no capacity")));
        assert_eq!(
            failing(&[launch(1, Status::Successful), launch(3, Status::Failed)]),
            None
        );
        assert_eq!(failing(&[launch(16, Status::Failed)]), None);
        assert!(failing(&[launch(15, Status::Cancelled)]).is_some());
    }
}
