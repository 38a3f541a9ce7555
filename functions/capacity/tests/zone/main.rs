//! The conditions of `capacity` about zones, against a group that goes wrong in every way these APIs know.

mod aws;
mod leaving;
mod planning;
mod returning;

use std::sync::Arc;

use capacity::Steps;
use domain::clock::Clock;
use domain::duration::Duration;
use domain::journal::{AlarmSeen, Incident, Journal, Outcome, Stop, ZoneLeft};
use domain::names::{Epoch, IncidentId, Recovery, Region, SystemName, Zone, ZoneId};
use domain::step::{self, Error, Result, Step};
use domain::steps::Run;
use domain::steps::capacity::Input;
use domain::steps::plan::{Plan, Raise, Verdict, What};
use domain::steps::region::GroupSize;
use domain::system::{System, Systems};
use jiff::Timestamp;
use journal::MemoryJournal;
use serde_json::Value;

use self::aws::Aws;

const LEASE: Duration = Duration::from_mins(80);

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn now() -> Timestamp {
    "2026-10-01T07:16:00Z".parse().expect("a timestamp")
}

fn shop() -> System {
    domain::system::read(include_str!("shop.toml")).expect("coherent")
}

fn name() -> SystemName {
    "shop".parse().expect("a name")
}

fn incident(name: &str) -> IncidentId {
    name.parse().expect("an incident")
}

/// A group in three zones, a run that holds the lock with epoch 1, and the function in the primary Region.
struct Scene {
    aws: Aws,
    journal: MemoryJournal,
    shop: System,
    region: &'static str,
    run: Run,
}

impl Scene {
    async fn new(recovery: Recovery) -> Self {
        let scene = Self {
            aws: Aws::new(),
            journal: MemoryJournal::new(),
            shop: shop(),
            region: "eu-central-1",
            run: Run {
                system: name(),
                incident: incident("this"),
                recovery,
                opened_at: now(),
                because: "shop-zone-a-errors is in ALARM".to_owned(),
            },
        };
        scene.locked_by("this").await;
        scene
    }

    async fn evacuating() -> Self {
        Self::new(Recovery::EvacuateZone).await
    }

    async fn returning() -> Self {
        Self::new(Recovery::ReturnToZone).await
    }

    async fn locked_by(&self, holder: &str) {
        let taken = self
            .journal
            .take_lock(&name(), &incident(holder), now(), LEASE)
            .await;
        taken.expect("free");
    }

    async fn unlocked(&self) {
        let released = self
            .journal
            .release_lock(&name(), &self.run.incident, now())
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
            .request_stop(&name(), &self.run.incident, &stop)
            .await;
        stopped.expect("noted");
    }

    /// An alarm that rose, or fell, two minutes ago.
    async fn alarm(&self, alarm: &str, in_alarm: bool) {
        self.alarm_since(alarm, in_alarm, Duration::from_mins(2)).await;
    }

    async fn alarm_since(&self, alarm: &str, in_alarm: bool, ago: Duration) {
        let seen = AlarmSeen {
            in_alarm,
            changed_at: now() - ago.signed(),
        };
        self.journal
            .note_alarm(&name(), alarm, seen)
            .await
            .expect("noted");
    }

    async fn ensure(&self, input: Input) -> Result<Value> {
        let (autoscaling, elbv2) = (self.aws.clone(), self.aws.clone());
        let steps = Steps {
            systems: Systems::from(vec![self.shop.clone()]),
            region: self.region.parse().expect("a Region"),
            autoscaling_in: Arc::new(move |_: &Region| autoscaling.autoscaling()),
            elbv2_in: Arc::new(move |_: &Region| elbv2.elbv2()),
            zonal_shift: self.aws.zonal_shift(),
            cloudwatch: aws::cloudwatch(),
            journal: self.journal.clone(),
            clock: Arc::new(At(now())),
        };
        steps.ensure(input).await
    }

    async fn planned(&self) -> Result<Plan> {
        let run = self.run.clone();
        let input = match run.recovery {
            Recovery::ReturnToZone => Input::ReturnPlanned { run },
            _ => Input::EvacuationPlanned { run },
        };
        let answer = self.ensure(input).await?;
        step::input(&answer)
    }

    async fn left(&self, plan: Plan) -> Result<Value> {
        let (run, epoch) = (self.run.clone(), Epoch(1));
        self.ensure(Input::ZoneLeft { run, epoch, plan }).await
    }

    async fn lowered(&self, plan: Plan) -> Result<Value> {
        let run = self.run.clone();
        self.ensure(Input::RaiseTakenBack { run, plan }).await
    }

    async fn rejoined(&self, plan: Plan) -> Result<Value> {
        let run = self.run.clone();
        self.ensure(Input::ZoneRejoined { run, plan }).await
    }

    /// What the group was asked for, in order.
    fn asked(&self) -> Vec<String> {
        self.aws.state().asked.clone()
    }
}

/// A plan to leave zone a, or to use it again, of a group that stood like that.
fn plan(standing: GroupSize) -> Plan {
    Plan {
        at: now(),
        verdict: Verdict::Act,
        what: What::Zone {
            zone: Some(Zone("eu-central-1a".to_owned())),
            zone_id: Some(ZoneId("euc1-az2".to_owned())),
            standing,
            needed: 6,
            launches_there: true,
            raised: None,
        },
        seen: Vec::new(),
    }
}

/// The same, changed.
fn planned(standing: GroupSize, there: bool, back: Option<Raise>) -> Plan {
    let mut plan = plan(standing);
    if let What::Zone {
        launches_there,
        raised,
        ..
    } = &mut plan.what
    {
        (*launches_there, *raised) = (there, back);
    }
    plan
}

const fn size(min: u32, desired: u32, max: u32) -> GroupSize {
    GroupSize { min, desired, max }
}

/// The words of an error that must have that name.
#[track_caller]
fn failed<T: std::fmt::Debug>(answer: Result<T>, name: &str) -> String {
    let error = answer.expect_err("fails");
    assert_eq!(error.name(), name, "{error}");
    error.to_string()
}

#[track_caller]
fn seen(answer: Result<Value>) -> String {
    let answer = answer.expect("true");
    assert_eq!(answer["at"], "2026-10-01T07:16:00Z");
    answer["seen"][0].as_str().expect("words").to_owned()
}

#[tokio::test]
async fn what_is_not_about_a_zone_of_this_system_here_is_invalid_input() {
    let mut scene = Scene::evacuating().await;
    let mut other = plan(size(3, 6, 8));
    other.what = What::FailOverCache {
        away_from: "shop-001".to_owned(),
    };
    failed(scene.left(other.clone()).await, Error::INVALID_INPUT);
    failed(scene.rejoined(other).await, Error::INVALID_INPUT);
    let mut nothing = plan(size(3, 6, 8));
    nothing.verdict = Verdict::StandDown;
    failed(scene.left(nothing).await, Error::INVALID_INPUT);

    scene.region = "eu-west-1";
    let words = failed(scene.planned().await, Error::INVALID_INPUT);
    assert!(words.contains("eu-central-1"), "{words}");
    scene.region = "eu-central-1";
    scene.shop.web = None;
    let words = failed(scene.left(plan(size(3, 6, 8))).await, Error::INVALID_INPUT);
    assert!(words.contains("add a table [web]"), "{words}");
    assert!(scene.asked().is_empty());
}
