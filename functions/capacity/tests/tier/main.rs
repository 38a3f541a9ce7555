//! The conditions of `capacity` about what serves in the primary Region, against a group that goes wrong.

mod aws;
mod replacing;
mod scaling_out;
mod serving;

use std::sync::Arc;

use aws_sdk_autoscaling::types::{LifecycleState, ScalingActivityStatusCode as Status};
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum as Target;
use capacity::Steps;
use domain::clock::Clock;
use domain::duration::Duration;
use domain::journal::{Journal, Stop};
use domain::names::{Epoch, IncidentId, Recovery, Region};
use domain::step::{self, Error, Result, Step};
use domain::steps::Run;
use domain::steps::capacity::Input;
use domain::steps::plan::Plan;
use domain::steps::region::{GroupSize, Seen};
use domain::system::Systems;
use jiff::Timestamp;
use journal::MemoryJournal;
use serde_json::Value;

use self::aws::{Alarm, Aws, Fate, Member, Site, Told};

const LEASE: Duration = Duration::from_mins(45);
const EPOCH: Epoch = Epoch(1);
const NOW: i64 = 1_790_838_960;
const SIX: GroupSize = GroupSize {
    min: 3,
    desired: 6,
    max: 10,
};
const ZONES: [&str; 3] = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("in range")
}

fn incident(name: &str) -> IncidentId {
    name.parse().expect("an incident")
}

fn run(recovery: Recovery) -> Run {
    Run {
        system: "store".parse().expect("a name"),
        incident: incident("this"),
        recovery,
        opened_at: now(),
        because: "an alarm".to_owned(),
    }
}

/// A group of six that serves, two in each zone, and a run that holds the lock with epoch 1.
struct Scene {
    aws: Aws,
    journal: MemoryJournal,
    region: Region,
    file: String,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self {
            aws: Aws::default(),
            journal: MemoryJournal::new(),
            region: "eu-west-1".parse().expect("a Region"),
            file: include_str!("../systems/store.toml").to_owned(),
        };
        {
            let mut site = scene.aws.site();
            site.size = Some(SIX);
            site.grace = 120;
            for index in 1..=6 {
                join(&mut site, &format!("i-{index}"), ZONES[index % 3]);
            }
            for name in ["store-load", "store-queue"] {
                site.alarms.insert(name, alarm(StateValue::Ok, Some("{}")));
            }
        }
        scene.locked_by("this").await;
        scene
    }

    async fn locked_by(&self, holder: &str) {
        let taken = self
            .journal
            .take_lock(&system(), &incident(holder), now(), LEASE)
            .await;
        taken.expect("free");
    }

    async fn unlocked(&self) {
        let released = self
            .journal
            .release_lock(&system(), &incident("this"), now())
            .await;
        assert!(released.expect("answers"));
    }

    async fn stopped(&self) {
        let stop = Stop {
            at: now(),
            by: "on call".to_owned(),
            because: "not this".to_owned(),
        };
        let stopped = self
            .journal
            .request_stop(&system(), &incident("this"), &stop)
            .await;
        stopped.expect("noted");
    }

    async fn ensure(&self, input: Input) -> Result<Value> {
        let (autoscaling, elbv2) = (self.aws.clone(), self.aws.clone());
        let store = domain::system::read(&self.file).expect("coherent");
        let steps = Steps {
            systems: Systems::from(vec![store]),
            region: self.region.clone(),
            autoscaling_in: Arc::new(move |_: &Region| autoscaling.autoscaling()),
            elbv2_in: Arc::new(move |_: &Region| elbv2.elbv2()),
            zonal_shift: aws::zonal_shift(),
            cloudwatch: self.aws.cloudwatch(),
            journal: self.journal.clone(),
            clock: Arc::new(At(now())),
        };
        steps.ensure(input).await
    }

    async fn planned(&self, input: Input) -> Result<Plan> {
        let answer = self.ensure(input).await?;
        let plan: Plan = step::input(&answer)?;
        assert_eq!(plan.at, now());
        Ok(plan)
    }

    /// Another target state.
    fn target(&self, index: usize, state: Target) {
        self.aws.site().targets.insert(format!("i-{index}"), state);
    }

    fn fate(&self, call: &'static str, fate: Fate) {
        self.aws.site().fates.insert(call, fate);
    }

    fn calls(&self, name: &str) -> usize {
        self.aws.site().calls.iter().filter(|call| **call == name).count()
    }
}

fn system() -> domain::names::SystemName {
    "store".parse().expect("a name")
}

/// A healthy instance comes to be.
fn join(site: &mut Site, id: &str, zone: &'static str) {
    site.members.push(Member {
        id: id.to_owned(),
        zone,
        state: LifecycleState::InService,
        healthy: true,
    });
    site.targets.insert(id.to_owned(), Target::Healthy);
}

/// An instance is gone.
fn leave(site: &mut Site, id: &str) {
    site.members.retain(|member| member.id != id);
    site.targets.remove(id);
}

fn launch(minutes_ago: i64, status: Status, id: &str) -> Told {
    Told {
        at: NOW - 60 * minutes_ago,
        status,
        description: format!("Launching a new EC2 instance: {id}"),
        cause: "an instance was started in response to a difference between desired and actual capacity",
    }
}

fn given_up(minutes_ago: i64, id: &str) -> Told {
    Told {
        at: NOW - 60 * minutes_ago,
        status: Status::Successful,
        description: format!("Terminating EC2 instance: {id}"),
        cause: "an instance was taken out of service in response to an ELB system health check failure.",
    }
}

fn alarm(state: StateValue, data: Option<&'static str>) -> Alarm {
    Alarm { state, data }
}

fn failed<T: std::fmt::Debug>(answer: Result<T>, name: &str) -> String {
    let error = answer.expect_err("fails");
    assert_eq!(error.name(), name, "{error}");
    error.to_string()
}

/// The one sentence that was seen.
fn seen(answer: &Value) -> String {
    let seen: Seen = step::input(answer).expect("seen");
    assert_eq!(seen.at, now());
    seen.seen.join("; ")
}

#[tokio::test]
async fn a_function_elsewhere_or_without_a_web_tier_says_what_to_do() {
    let inputs = || {
        let plan = serving::plan(domain::steps::plan::What::Replace {
            instances: vec![],
            needed: 6,
        });
        let run = run(Recovery::ReplaceInstances);
        [
            Input::ReplacementPlanned { run: run.clone() },
            Input::Replaced {
                run: run.clone(),
                epoch: EPOCH,
                plan: plan.clone(),
            },
            Input::ScaleOutPlanned { run: run.clone() },
            Input::ScaledOut {
                run: run.clone(),
                epoch: EPOCH,
                plan: plan.clone(),
            },
            Input::ServesAsPlanned { run, plan },
        ]
    };
    let mut scene = Scene::new().await;
    scene.region = "eu-central-1".parse().expect("a Region");
    for input in inputs() {
        let words = failed(scene.ensure(input).await, Error::INVALID_INPUT);
        assert!(
            words.contains("eu-west-1") && words.contains("runs in eu-central-1"),
            "{words}"
        );
    }
    let mut scene = Scene::new().await;
    let (begin, end) = (
        scene.file.find("[web]").expect("there"),
        scene.file.find("[[alarms]]").expect("there"),
    );
    scene.file.replace_range(begin..end, "");
    for name in ["instances-unhealthy", "load-high"] {
        scene.file = scene.file.replace(name, "user-impact");
    }
    for input in inputs() {
        let words = failed(scene.ensure(input).await, Error::INVALID_INPUT);
        assert!(words.contains("add a table [web]"), "{words}");
    }
    assert!(scene.aws.site().calls.is_empty());
}
