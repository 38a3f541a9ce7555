//! The conditions of `deployment`, against a CodeDeploy that goes wrong in every way that its API knows.
//!
//! Minute 10 is the signal's, and `d-9` is what was deployed last before it.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

mod aws;
mod planning;
mod redeploying;

use std::sync::Arc;

use aws_sdk_codedeploy::types::DeploymentStatus::{self, Failed, InProgress, Succeeded};
use deployment::Steps;
use domain::clock::Clock;
use domain::duration::Duration;
use domain::journal::{Journal, Stop};
use domain::names::{Epoch, IncidentId, Recovery};
use domain::step::{Error, Result, Step};
use domain::steps::Run;
use domain::steps::deployment::{Input, Redeploying};
use domain::steps::plan::{Plan, Verdict, What};
use domain::system::Systems;
use jiff::Timestamp;
use journal::MemoryJournal;
use serde_json::Value;

use self::aws::{Aws, Deployment, release};

const LEASE: Duration = Duration::from_mins(80);
const SYSTEM: &str = include_str!("../systems/shop.toml");

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn now() -> Timestamp {
    at("2026-10-01T07:11:00Z")
}

fn incident(name: &str) -> IncidentId {
    name.parse().expect("an incident")
}

fn run() -> Run {
    Run {
        system: "shop".parse().expect("a name"),
        incident: incident("this"),
        recovery: Recovery::RollBackDeployment,
        opened_at: at("2026-10-01T07:10:00Z"),
        because: "errors rose right after d-9".to_owned(),
    }
}

/// To deploy `1.zip` of `d-1` again instead of `9.zip` of `d-9`.
fn plan() -> Plan {
    Plan {
        at: now(),
        verdict: Verdict::Act,
        what: What::RollBack {
            bad: "d-9".to_owned(),
            bad_revision: "s3://shop-releases/9.zip".to_owned(),
            good: Some("d-1".to_owned()),
            good_revision: Some("s3://shop-releases/1.zip".to_owned()),
            underway: None,
        },
        seen: vec![],
    }
}

/// CodeDeploy in Frankfurt, a run that holds the lock with epoch 1, and the function there.
struct Scene {
    aws: Aws,
    journal: MemoryJournal,
    file: String,
    region: &'static str,
}

impl Scene {
    /// A group with these deployments, newest first.
    async fn with(deployments: Vec<Deployment>) -> Self {
        let scene = Self {
            aws: Aws::new(deployments),
            journal: MemoryJournal::new(),
            file: SYSTEM.to_owned(),
            region: "eu-central-1",
        };
        scene.locked_by("this").await;
        scene
    }

    /// A bad deployment after a good one.
    async fn bad(status: DeploymentStatus) -> Self {
        Self::with(vec![release(9, "9", status), release(1, "1", Succeeded)]).await
    }

    async fn locked_by(&self, holder: &str) {
        let taken = self
            .journal
            .take_lock(&run().system, &incident(holder), now(), LEASE)
            .await;
        taken.expect("free");
    }

    async fn unlocked(&self) {
        let run = run();
        let released = self.journal.release_lock(&run.system, &run.incident, now()).await;
        assert!(released.expect("answers"));
    }

    async fn stopped_by_a_person(&self) {
        let run = run();
        let stop = Stop {
            at: now(),
            by: "on call".to_owned(),
            because: "not this".to_owned(),
        };
        let stopped = self.journal.request_stop(&run.system, &run.incident, &stop).await;
        stopped.expect("noted");
    }

    async fn ensure(&self, input: Input) -> Result<Value> {
        let system = domain::system::read(&self.file).expect("coherent");
        let steps = Steps {
            systems: Systems::from(vec![system]),
            region: self.region.parse().expect("a Region"),
            codedeploy: self.aws.client(),
            journal: self.journal.clone(),
            clock: Arc::new(At(now())),
        };
        steps.ensure(input).await
    }

    async fn planned(&self) -> Result<Plan> {
        let planned = self.ensure(Input::RollbackPlanned { run: run() }).await?;
        Ok(serde_json::from_value(planned).expect("a plan"))
    }

    async fn stopped(&self) -> Result<Value> {
        let (run, epoch, plan) = (run(), Epoch(1), plan());
        self.ensure(Input::Stopped { run, epoch, plan }).await
    }

    async fn redeploy_started(&self, plan: Plan) -> Result<Redeploying> {
        let (run, epoch) = (run(), Epoch(1));
        let started = self.ensure(Input::RedeployStarted { run, epoch, plan }).await?;
        Ok(serde_json::from_value(started).expect("a deployment"))
    }

    async fn redeployed(&self, deployment: &str) -> Result<Value> {
        let redeploying = Redeploying {
            at: now(),
            deployment: deployment.to_owned(),
            seen: vec![],
        };
        self.ensure(Input::Redeployed {
            run: run(),
            redeploying,
        })
        .await
    }

    /// What was said with each call of that name.
    fn calls(&self, name: &str) -> Vec<String> {
        let group = self.aws.group();
        let calls = group.calls.iter().filter(|(call, _)| *call == name);
        calls.map(|(_, said)| said.clone()).collect()
    }
}

fn seen(answer: &Value) -> &str {
    assert_eq!(answer["at"], "2026-10-01T07:11:00Z");
    answer["seen"][0].as_str().expect("words")
}

/// The words of an error that must have that name.
#[track_caller]
fn failed<T: std::fmt::Debug>(answer: Result<T>, name: &str) -> String {
    let error = answer.expect_err("fails");
    assert_eq!(error.name(), name, "{error}");
    error.to_string()
}

#[track_caller]
fn says(words: &str, parts: &[&str]) {
    for part in parts {
        assert!(words.contains(part), "`{part}` is not in: {words}");
    }
}

#[tokio::test]
async fn a_system_that_names_no_deployments_or_lives_elsewhere_is_told_what_to_add() {
    let mut scene = Scene::bad(Failed).await;
    scene.region = "eu-west-1";
    let words = failed(scene.planned().await, Error::INVALID_INPUT);
    says(&words, &["primary Region eu-central-1, and this is eu-west-1"]);

    scene.region = "eu-central-1";
    scene.file = SYSTEM.replace(
        "[deployments]\napplication = \"shop\"\ngroup = \"shop-web\"\n",
        "",
    );
    for answer in [
        scene.planned().await.map(|_| ()),
        scene.stopped().await.map(|_| ()),
        scene.redeploy_started(plan()).await.map(|_| ()),
        scene.redeployed("d-9").await.map(|_| ()),
    ] {
        says(
            &failed(answer, Error::INVALID_INPUT),
            &["[deployments]", "`application` and `group`"],
        );
    }
    assert!(scene.aws.group().calls.is_empty(), "nobody was asked");
}

#[tokio::test]
async fn a_plan_to_do_nothing_or_something_else_is_not_carried_out() {
    let scene = Scene::bad(InProgress).await;
    let mut plans = [plan(), plan(), plan()];
    plans[0].verdict = Verdict::StandDown;
    plans[1].what = What::FailOverCache {
        away_from: "shop-001".to_owned(),
    };
    if let What::RollBack { good, .. } = &mut plans[2].what {
        *good = None;
    }
    for plan in plans {
        let (run, epoch) = (run(), Epoch(1));
        let stop = Input::Stopped {
            run,
            epoch,
            plan: plan.clone(),
        };
        failed(scene.ensure(stop).await, Error::INVALID_INPUT);
        failed(scene.redeploy_started(plan).await, Error::INVALID_INPUT);
    }
    assert!(scene.aws.group().calls.is_empty(), "nothing was touched");
}

#[tokio::test]
async fn what_codedeploy_answers_has_its_name() {
    for (status, code, name) in [
        (400, "ThrottlingException", Error::THROTTLED),
        (400, "DeploymentGroupDoesNotExistException", Error::REFUSED),
        (400, "AccessDeniedException", Error::REFUSED),
        (503, "ServiceUnavailable", Error::UNAVAILABLE),
    ] {
        for call in [
            "ListDeployments",
            "BatchGetDeployments",
            "GetDeployment",
            "StopDeployment",
            "CreateDeployment",
        ] {
            let state = if call == "StopDeployment" {
                InProgress
            } else {
                Failed
            };
            let scene = Scene::bad(state).await;
            let fate = aws::Fate::Refused(status, code, "in AWS's words");
            scene.aws.group().fates.insert(call, fate);
            let answer = match call {
                "ListDeployments" | "BatchGetDeployments" => scene.planned().await.map(|_| ()),
                "GetDeployment" | "StopDeployment" => scene.stopped().await.map(|_| ()),
                _ => scene.redeploy_started(plan()).await.map(|_| ()),
            };
            says(
                &failed(answer, name),
                &[&format!("codedeploy:{call}: {code}: in AWS's words")],
            );
        }
    }
}
