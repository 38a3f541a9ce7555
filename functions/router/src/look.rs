//! Looking at a system before a signal is judged: its targets, its group, its deployments.
//!
//! Three calls at once, each with one attempt. Who does not answer is not waited for: what stays unseen is said, and speaks
//! neither for nor against anything. A router in the standby Region looks at the primary Region too; that it answers says a
//! lot about whether it is lost.

use std::sync::Arc;

use aws_sdk_autoscaling::types::{Activity, ScalingActivityStatusCode};
use aws_sdk_codedeploy::types::{DeploymentCreator, DeploymentInfo, DeploymentStatus as Status, TimeRange};
use aws_sdk_codedeploy::{Client as CodeDeploy, primitives::DateTime};
use capacity::observe::{self, GroupObserved, Stage, State, TargetsObserved};
use domain::facts::{DEPLOYMENTS, Deployment, DeploymentStatus, Facts, Group, Targets};
use domain::names::Region;
use domain::step::Result;
use domain::system::{Deployments, System, WebTier};
use futures_util::join;
use jiff::Timestamp;
use runtime::aws::classify;

/// Gives a service's client for a Region.
pub type InRegion<C> = Arc<dyn Fn(&Region) -> C + Send + Sync>;

/// Who can look.
pub struct Look {
    /// Auto Scaling in any Region.
    pub autoscaling_in: InRegion<aws_sdk_autoscaling::Client>,
    /// Elastic Load Balancing in any Region.
    pub elbv2_in: InRegion<aws_sdk_elasticloadbalancingv2::Client>,
    /// CodeDeploy in any Region.
    pub codedeploy_in: InRegion<CodeDeploy>,
}

/// How far back deployments are looked for, in seconds: longer than any policy blames one for.
const DEPLOYMENTS_SINCE: i64 = 24 * 60 * 60;

/// How many activities of a group are read: one page. Source: Auto Scaling API, DescribeScalingActivities, `MaxRecords`.
const ACTIVITIES: i32 = 100;

/// What CodeDeploy describes at once. Source: CodeDeploy API, BatchGetDeployments.
const DESCRIBED_AT_ONCE: usize = 25;

/// How a deployment begins its description when a rollback of ours created it.
const OURS: &str = "evenkeel ";

impl Look {
    /// What is to be seen of a system in its primary Region.
    pub async fn at(&self, system: &System, now: Timestamp) -> Facts {
        let mut facts = Facts {
            at: now,
            targets: None,
            group: None,
            deployments: None,
            unseen: Vec::new(),
        };
        let home = &system.regions.primary;
        let (web, deployments) = join!(
            async {
                match &system.web {
                    Some(web) => Some(self.web(web, home).await),
                    None => None,
                }
            },
            async {
                match &system.deployments {
                    Some(declared) => Some(deployments(&(self.codedeploy_in)(home), declared, now).await),
                    None => None,
                }
            }
        );
        match web {
            Some(Ok((targets, group))) => {
                facts.targets = Some(targets);
                facts.group = Some(group);
            }
            Some(Err(error)) => facts.unseen.push(format!("targets and group: {error}")),
            None => {}
        }
        match deployments {
            Some(Ok(deployments)) => facts.deployments = Some(deployments),
            Some(Err(error)) => facts.unseen.push(format!("deployments: {error}")),
            None => {}
        }
        facts
    }

    async fn web(&self, web: &WebTier, home: &Region) -> Result<(Targets, Group)> {
        let (autoscaling, elbv2) = ((self.autoscaling_in)(home), (self.elbv2_in)(home));
        let activities = autoscaling
            .describe_scaling_activities()
            .auto_scaling_group_name(&web.group)
            .max_records(ACTIVITIES)
            .send();
        let (group, targets, activities) = join!(
            observe::group(&autoscaling, &web.group),
            observe::healthy_targets(&elbv2, &web.target_group),
            activities
        );
        let (group, targets) = (group?, targets?);
        let activities =
            activities.map_err(|error| classify("autoscaling:DescribeScalingActivities", error))?;
        let launches_in_vain = in_vain(activities.activities(), &targets);
        let known = Group {
            desired: group.size.desired,
            max: group.size.max,
            in_service: group.in_service,
            launches_in_vain,
        };
        Ok((by_zone(&group, &targets), known))
    }
}

/// A target of an instance has no zone of its own in the load balancer's answer; its group knows it.
fn by_zone(group: &GroupObserved, targets: &TargetsObserved) -> Targets {
    let mut zones = Targets::default();
    for member in &group.members {
        if member.stage == Stage::Leaving {
            continue;
        }
        let zone = zones.zones.entry(member.zone.clone()).or_default();
        match targets.states.get(&member.id) {
            Some(State::Healthy) => zone.healthy += 1,
            Some(State::Unhealthy) => zone.unhealthy += 1,
            Some(State::Initial | State::Draining | State::Other) | None => {}
        }
    }
    zones
}

/// How many launches, the newest first, failed or brought an instance that is gone or unhealthy by now, before one that
/// serves. Instances that are still starting are not judged.
fn in_vain(activities: &[Activity], targets: &TargetsObserved) -> u32 {
    let mut count = 0;
    for activity in activities {
        let Some(launched) = activity
            .description()
            .and_then(|told| told.strip_prefix(LAUNCHING))
        else {
            continue;
        };
        match activity.status_code() {
            Some(ScalingActivityStatusCode::Failed) => count += 1,
            Some(ScalingActivityStatusCode::Successful) => {
                let id = launched.trim_start_matches([':', ' ']);
                match targets.states.get(id) {
                    Some(State::Healthy) => return count,
                    Some(State::Initial) => {}
                    Some(State::Unhealthy | State::Draining | State::Other) | None => count += 1,
                }
            }
            _ => {}
        }
    }
    count
}

/// How the activity of a launch is described. Source: EC2 Auto Scaling User Guide, as-verify-scaling-activities.
const LAUNCHING: &str = "Launching a new EC2 instance";

async fn deployments(client: &CodeDeploy, declared: &Deployments, now: Timestamp) -> Result<Vec<Deployment>> {
    let listed = client
        .list_deployments()
        .application_name(&declared.application)
        .deployment_group_name(&declared.group)
        .create_time_range(
            TimeRange::builder()
                .start(DateTime::from_secs(now.as_second() - DEPLOYMENTS_SINCE))
                .build(),
        )
        .send()
        .await
        .map_err(|error| classify("codedeploy:ListDeployments", error))?;
    let ids: Vec<String> = listed
        .deployments()
        .iter()
        .take(DESCRIBED_AT_ONCE)
        .cloned()
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let described = client
        .batch_get_deployments()
        .set_deployment_ids(Some(ids))
        .send()
        .await
        .map_err(|error| classify("codedeploy:BatchGetDeployments", error))?;
    let mut known: Vec<Deployment> = described.deployments_info().iter().filter_map(known).collect();
    known.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    known.truncate(DEPLOYMENTS);
    Ok(known)
}

fn known(info: &DeploymentInfo) -> Option<Deployment> {
    let at = |time: Option<&DateTime>| Timestamp::from_millisecond(time?.to_millis().ok()?).ok();
    // An instance that joins gets the newest revision by a deployment of its own: no release.
    if info.creator() == Some(&DeploymentCreator::Autoscaling) {
        return None;
    }
    let ours = info.description().is_some_and(|told| told.starts_with(OURS));
    Some(Deployment {
        id: info.deployment_id()?.to_owned(),
        status: match info.status() {
            Some(Status::Succeeded) => DeploymentStatus::Succeeded,
            Some(Status::Failed) => DeploymentStatus::Failed,
            Some(Status::Stopped) => DeploymentStatus::Stopped,
            _ => DeploymentStatus::Running,
        },
        revision: deployment::revision::in_words(info.revision()),
        created_at: at(info.create_time())?,
        completed_at: at(info.complete_time()),
        is_rollback: ours || info.creator() == Some(&DeploymentCreator::CodeDeployRollback),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn launch(id: &str, status: ScalingActivityStatusCode) -> Activity {
        Activity::builder()
            .description(format!("Launching a new EC2 instance: {id}"))
            .status_code(status)
            .build()
    }

    fn targets(states: &[(&str, State)]) -> TargetsObserved {
        TargetsObserved {
            states: states
                .iter()
                .map(|(id, state)| ((*id).to_owned(), *state))
                .collect::<BTreeMap<_, _>>(),
            ..TargetsObserved::default()
        }
    }

    #[test]
    fn launches_are_in_vain_until_one_serves() {
        use ScalingActivityStatusCode::{Failed, InProgress, Successful};

        let activities = [
            launch("i-6", InProgress),
            launch("i-5", Successful),
            launch("i-4", Failed),
            launch("i-3", Successful),
            launch("i-2", Successful),
            launch("i-1", Successful),
        ];
        let all = [
            ("i-5", State::Unhealthy),
            ("i-3", State::Initial),
            ("i-1", State::Healthy),
        ];
        assert_eq!(
            in_vain(&activities, &targets(&all)),
            3,
            "i-5 fails, i-4 never came, i-2 is gone"
        );
        let served = [("i-5", State::Healthy)];
        assert_eq!(in_vain(&activities, &targets(&served)), 0);
        assert_eq!(in_vain(&[], &targets(&[])), 0);
    }
}
