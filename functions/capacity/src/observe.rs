//! What serves users, as Auto Scaling and Elastic Load Balancing describe it. `capacity` and `assess` see the same.
//!
//! Sizes are taken as numbers of instances. A group whose instances have weights counts in other units (EC2 Auto
//! Scaling User Guide, ec2-auto-scaling-mixed-instances-groups-instance-weighting); there the healthy targets still
//! tell the truth, because a target is an instance.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_autoscaling::types::{
    Activity, AutoScalingGroup, Instance, LifecycleState, ScalingActivityStatusCode,
};
use aws_sdk_elasticloadbalancingv2::types::{TargetHealth, TargetHealthDescription, TargetHealthStateEnum};
use domain::names::Zone;
use domain::step::{Error, Result};
use domain::steps::region::GroupSize;
use futures_util::join;
use jiff::SignedDuration;
use runtime::aws::classify;

/// An Auto Scaling group at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupObserved {
    /// What it is told to be.
    pub size: GroupSize,
    /// How many of its instances are `InService`. Those of a warm pool, in standby or on their way are not.
    pub in_service: u32,
    /// Its instances, those of a warm pool included.
    pub members: Vec<Member>,
    /// For how long it does not mind that a new instance fails its checks: `HealthCheckGracePeriod`.
    pub grace: SignedDuration,
    /// The subnets in which it launches instances: `VPCZoneIdentifier`.
    pub subnets: Vec<String>,
    /// What hinders it, if its newest finished scaling activity failed; or why that is not known. For people: a
    /// failure may be old, so it says when it was.
    pub newest_failure: Option<String>,
    /// Its processes that somebody has suspended. Without `Launch` it is told any size and launches nothing.
    pub suspended: BTreeSet<String>,
}

impl GroupObserved {
    /// Its instance of that id.
    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }
}

/// An instance of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// Its Availability Zone.
    pub zone: Zone,
    /// Where it stands.
    pub stage: Stage,
    /// Whether the group takes it for healthy. A group that heeds only EC2's checks knows nothing of its targets
    /// (EC2 Auto Scaling User Guide, health-checks-overview: those of a load balancer have to be turned on).
    pub healthy: bool,
}

/// Where an instance stands in its group. Source: EC2 Auto Scaling User Guide, ec2-auto-scaling-lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `InService`
    InService,
    /// `Terminating` or `Detaching`, with what follows them: the group is about to be without it.
    Leaving,
    /// On its way in, in standby, or in a warm pool.
    Aside,
}

impl Stage {
    fn of(state: Option<&LifecycleState>) -> Self {
        let word = state.map_or("", LifecycleState::as_str);
        if word == LifecycleState::InService.as_str() {
            Self::InService
        } else if word.starts_with("Terminat") || word.starts_with("Detach") {
            Self::Leaving
        } else {
            Self::Aside
        }
    }
}

impl fmt::Display for GroupObserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} InService", self.size, self.in_service)?;
        if !self.suspended.is_empty() {
            let suspended: Vec<&str> = self.suspended.iter().map(String::as_str).collect();
            write!(f, ", suspended: {}", suspended.join(" "))?;
        }
        match &self.newest_failure {
            Some(failure) => write!(f, ", newest scaling activity {failure}"),
            None => Ok(()),
        }
    }
}

/// Describes a group of the client's Region.
///
/// # Errors
/// `Refused` when there is no such group; `Throttled`, `Unavailable`, `Refused`. A failure to read its activities is
/// none: they only say why.
pub async fn group(client: &aws_sdk_autoscaling::Client, name: &str) -> Result<GroupObserved> {
    Ok(group_with_activities(client, name).await?.0)
}

/// The same, with the latest page of its activities: the unfinished ones first, then by their start, newest first. Those may
/// fail to be read without the group.
///
/// # Errors
/// As those of [`group`].
pub async fn group_with_activities(
    client: &aws_sdk_autoscaling::Client,
    name: &str,
) -> Result<(GroupObserved, Result<Vec<Activity>>)> {
    let (groups, activities) = join!(
        client
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(name)
            .send(),
        client
            .describe_scaling_activities()
            .auto_scaling_group_name(name)
            .max_records(ACTIVITIES)
            .send()
    );
    let groups = groups.map_err(|error| classify(DESCRIBE_GROUPS, error))?;
    let group = groups
        .auto_scaling_groups()
        .first()
        .ok_or_else(|| Error::Refused {
            call: DESCRIBE_GROUPS.to_owned(),
            why: format!("there is no Auto Scaling group `{name}` in this Region"),
        })?;
    let activities = match activities {
        Ok(answer) => Ok(answer.activities.unwrap_or_default()),
        Err(error) => Err(classify("autoscaling:DescribeScalingActivities", error)),
    };
    let newest_failure = match &activities {
        Ok(activities) => newest_failure(activities),
        Err(error) => Some(format!("not known: {error}")),
    };
    let observed = GroupObserved {
        size: size(group),
        in_service: in_service(group),
        members: group.instances().iter().map(member).collect(),
        grace: SignedDuration::from_secs(group.health_check_grace_period().map_or(0, i64::from)),
        subnets: subnets(group),
        newest_failure,
        suspended: group
            .suspended_processes()
            .iter()
            .filter_map(|process| process.process_name().map(str::to_owned))
            .collect(),
    };
    Ok((observed, activities))
}

/// One name was asked for, so one group at most is answered: this call has no second page.
const DESCRIBE_GROUPS: &str = "autoscaling:DescribeAutoScalingGroups";

/// How many activities are read. The unfinished ones come first, one for each instance that is being launched, and
/// then the newest finished one, which is the one that is looked for; so one page is enough. The most that a page
/// can hold. Source: Auto Scaling API, DescribeScalingActivities, `Activities` and `MaxRecords`.
const ACTIVITIES: i32 = 100;

fn size(group: &AutoScalingGroup) -> GroupSize {
    let count = |size: Option<i32>| size.and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
    GroupSize {
        min: count(group.min_size()),
        desired: count(group.desired_capacity()),
        max: count(group.max_size()),
    }
}

/// A comma-separated list. Source: Auto Scaling API, AutoScalingGroup, `VPCZoneIdentifier`.
fn subnets(group: &AutoScalingGroup) -> Vec<String> {
    let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',');
    let subnets = subnets.map(str::trim).filter(|subnet| !subnet.is_empty());
    subnets.map(str::to_owned).collect()
}

fn member(instance: &Instance) -> Member {
    Member {
        id: instance.instance_id().unwrap_or_default().to_owned(),
        zone: Zone(instance.availability_zone().unwrap_or_default().to_owned()),
        stage: Stage::of(instance.lifecycle_state()),
        // "Healthy" or "Unhealthy", in this case or another (Auto Scaling API, Instance, HealthStatus).
        healthy: !instance
            .health_status()
            .is_some_and(|status| status.eq_ignore_ascii_case("unhealthy")),
    }
}

fn in_service(group: &AutoScalingGroup) -> u32 {
    let instances = group.instances().iter();
    count(instances.filter(|instance| instance.lifecycle_state() == Some(&LifecycleState::InService)))
}

/// Activities end as one of three; whatever else they are called, they are on their way. Source: Auto Scaling API,
/// DescribeScalingActivities: a launch that failed ends as `Failed` or `Cancelled`, and its message says why.
fn newest_failure(activities: &[Activity]) -> Option<String> {
    let (failed, activity) = activities
        .iter()
        .find_map(|activity| match activity.status_code()? {
            ScalingActivityStatusCode::Successful => Some((false, activity)),
            ScalingActivityStatusCode::Failed | ScalingActivityStatusCode::Cancelled => {
                Some((true, activity))
            }
            _ => None,
        })?;
    failed.then(|| {
        format!(
            "{} at {}: {}",
            activity
                .status_code()
                .map_or("failed", ScalingActivityStatusCode::as_str),
            activity
                .start_time()
                .map_or_else(|| "an unknown time".to_owned(), ToString::to_string),
            activity.status_message().unwrap_or("no message")
        )
    })
}

/// A target group at one moment: how many of its targets are in which state.
///
/// A target that is registered with several ports counts once, by the least healthy of them: what is needed are
/// instances, not ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetsObserved {
    /// `healthy`.
    pub healthy: u32,
    /// `unhealthy`.
    pub unhealthy: u32,
    /// `initial`: being registered, or not yet checked often enough.
    pub initial: u32,
    /// `draining` and `unhealthy.draining`.
    pub draining: u32,
    /// `unused`, `unavailable`, and whatever AWS may add. Targets are `unused` while no listener forwards to their
    /// target group: then nobody checks them, and they do not become healthy by waiting.
    pub other: u32,
    /// Why some are not healthy: each reason once.
    pub reasons: BTreeSet<String>,
    /// Each target's state, by its id: that of an instance, where the targets are instances.
    pub states: BTreeMap<String, State>,
}

impl TargetsObserved {
    /// The targets that are in that state.
    pub fn those(&self, state: State) -> impl Iterator<Item = &str> {
        let those = self.states.iter().filter(move |(_, found)| **found == state);
        those.map(|(id, _)| id.as_str())
    }
}

impl fmt::Display for TargetsObserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} healthy", self.healthy)?;
        for (count, state) in [
            (self.unhealthy, "unhealthy"),
            (self.initial, "initial"),
            (self.draining, "draining"),
            (self.other, "unused or unavailable"),
        ] {
            if count > 0 {
                write!(f, ", {count} {state}")?;
            }
        }
        if !self.reasons.is_empty() {
            let reasons: Vec<&str> = self.reasons.iter().map(String::as_str).collect();
            write!(f, " ({})", reasons.join("; "))?;
        }
        Ok(())
    }
}

/// Describes the targets of a target group of the client's Region. The call has no pages: it answers all of them.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`.
pub async fn healthy_targets(
    client: &aws_sdk_elasticloadbalancingv2::Client,
    arn: &str,
) -> Result<TargetsObserved> {
    let answer = client.describe_target_health().target_group_arn(arn).send().await;
    let answer = answer.map_err(|error| classify("elasticloadbalancing:DescribeTargetHealth", error))?;
    Ok(count_targets(answer.target_health_descriptions()))
}

/// A target's state, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// `healthy`
    Healthy,
    /// `initial`
    Initial,
    /// `unhealthy`
    Unhealthy,
    /// `draining` or `unhealthy.draining`
    Draining,
    /// `unused`, `unavailable`, or what AWS may add.
    Other,
}

impl State {
    fn of(health: Option<&TargetHealth>) -> Self {
        match health.and_then(TargetHealth::state) {
            Some(TargetHealthStateEnum::Healthy) => Self::Healthy,
            Some(TargetHealthStateEnum::Initial) => Self::Initial,
            Some(TargetHealthStateEnum::Unhealthy) => Self::Unhealthy,
            Some(TargetHealthStateEnum::Draining | TargetHealthStateEnum::UnhealthyDraining) => {
                Self::Draining
            }
            Some(_) | None => Self::Other,
        }
    }
}

fn count_targets(descriptions: &[TargetHealthDescription]) -> TargetsObserved {
    let mut targets: BTreeMap<&str, State> = BTreeMap::new();
    let mut reasons = BTreeSet::new();
    for description in descriptions {
        let id = description
            .target()
            .and_then(|target| target.id())
            .unwrap_or_default();
        let health = description.target_health();
        let state = State::of(health);
        targets
            .entry(id)
            .and_modify(|worst| *worst = state.max(*worst))
            .or_insert(state);
        if state != State::Healthy {
            reasons.extend(health.and_then(reason));
        }
    }
    let in_state = |state: State| count(targets.values().filter(|target| **target == state));
    TargetsObserved {
        healthy: in_state(State::Healthy),
        unhealthy: in_state(State::Unhealthy),
        initial: in_state(State::Initial),
        draining: in_state(State::Draining),
        other: in_state(State::Other),
        reasons,
        states: targets
            .iter()
            .map(|(id, state)| ((*id).to_owned(), *state))
            .collect(),
    }
}

fn reason(health: &TargetHealth) -> Option<String> {
    let reason = health.reason()?.as_str();
    Some(match health.description() {
        Some(description) => format!("{reason}: {description}"),
        None => reason.to_owned(),
    })
}

fn count<T>(things: impl Iterator<Item = T>) -> u32 {
    u32::try_from(things.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealthReasonEnum};

    use super::*;

    fn activity(status: &str, message: &str) -> Activity {
        Activity::builder()
            .status_code(status.into())
            .status_message(message)
            .start_time(aws_smithy_types::DateTime::from_secs(1_790_838_970))
            .build()
    }

    #[test]
    fn the_newest_finished_activity_says_what_hinders() {
        let none = |activities: &[Activity]| assert_eq!(newest_failure(activities), None);
        none(&[]);
        none(&[activity("InProgress", "launching")]);
        // What has failed before it succeeded hinders nobody any more.
        none(&[activity("Successful", ""), activity("Failed", "no capacity")]);
        // A whole page of launches: nothing is known to have failed.
        none(&vec![activity("PreInService", "launching"); 100]);
        for status in ["Failed", "Cancelled"] {
            let activities = [
                activity("WaitingForInstanceWarmup", "launching"),
                activity("SomethingNew", "of tomorrow"),
                activity(status, "no capacity"),
                activity("Successful", ""),
            ];
            let failure = newest_failure(&activities).unwrap();
            assert_eq!(failure, format!("{status} at 2026-10-01T07:16:10Z: no capacity"));
        }
        let silent = Activity::builder()
            .status_code(ScalingActivityStatusCode::Failed)
            .build();
        assert_eq!(
            newest_failure(&[silent]).unwrap(),
            "Failed at an unknown time: no message"
        );
    }

    fn target(
        id: &str,
        port: i32,
        state: &str,
        reason: Option<(&str, Option<&str>)>,
    ) -> TargetHealthDescription {
        let mut health = TargetHealth::builder().state(state.into());
        if let Some((reason, description)) = reason {
            health = health
                .reason(TargetHealthReasonEnum::from(reason))
                .set_description(description.map(str::to_owned));
        }
        TargetHealthDescription::builder()
            .target(TargetDescription::builder().id(id).port(port).build())
            .target_health(health.build())
            .build()
    }

    #[test]
    fn every_state_is_counted_and_every_reason_is_said_once() {
        let failed = Some((
            "Target.ResponseCodeMismatch",
            Some("Health checks failed with these codes: [503]"),
        ));
        let targets = count_targets(&[
            target("a", 80, "healthy", None),
            target("b", 80, "unhealthy", failed),
            target("c", 80, "unhealthy", failed),
            target("d", 80, "initial", Some(("Elb.RegistrationInProgress", None))),
            target(
                "e",
                80,
                "draining",
                Some(("Target.DeregistrationInProgress", None)),
            ),
            target("f", 80, "unhealthy.draining", None),
            target("g", 80, "unused", None),
            target("h", 80, "unavailable", None),
            target("i", 80, "of-tomorrow", None),
            TargetHealthDescription::builder().build(),
        ]);
        assert_eq!(
            targets.to_string(),
            "1 healthy, 2 unhealthy, 1 initial, 2 draining, 4 unused or unavailable (Elb.RegistrationInProgress; \
             Target.DeregistrationInProgress; Target.ResponseCodeMismatch: Health checks failed with these codes: [503])"
        );
        assert_eq!(count_targets(&[]).to_string(), "0 healthy");
    }

    #[test]
    fn an_instance_with_two_ports_is_one_instance_and_as_healthy_as_its_worse_port() {
        let targets = count_targets(&[
            target("a", 80, "healthy", None),
            target("a", 81, "healthy", None),
            target("b", 80, "healthy", None),
            target("b", 81, "unhealthy", None),
            target("c", 80, "initial", None),
            target("c", 81, "healthy", None),
        ]);
        assert_eq!((targets.healthy, targets.unhealthy, targets.initial), (1, 1, 1));
    }
}
