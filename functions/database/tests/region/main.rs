//! The conditions of a move to another Region, against two Regions that go wrong in every way these APIs know.

mod cloud;
mod fencing;
mod following;
mod leasing;
mod promoting;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use database::Steps;
use database::write_check::WriteCheck;
use domain::clock::Clock;
use domain::duration::Duration;
use domain::journal::{Journal, Question, Stop};
use domain::names::{Epoch, Recovery, Region};
use domain::step::{Deadline, Result, Step};
use domain::steps::Run;
use domain::steps::database::Input;
use domain::steps::region::{
    Answer, Approval, CapacityAssessment, Fence, Fencing, GroupSize, Lag, Promotion, RegionAssessment, Risk,
    Verdict,
};
use domain::system::{System, Systems, read};
use jiff::Timestamp;
use journal::{DynamoJournal, MemoryJournal};
use serde_json::Value;

use self::cloud::{Application, Cloud, Database, State};

const AT_HOME: &str = "arn:aws:rds:eu-central-1:111122223333:cluster:shop-db";
const ABROAD: &str = "arn:aws:rds:eu-west-1:111122223333:cluster:shop-db-eu-west-1";
const SOURCE: &str = "arn:aws:rds:eu-central-1:111122223333:db:shop-db";
const REPLICA: &str = "arn:aws:rds:eu-west-1:111122223333:db:shop-db-eu-west-1";
const APP_AT_HOME: &str = "eu-central-1.shop.example.com";
const APP_ABROAD: &str = "eu-west-1.shop.example.com";
const NAME: &str = "shop.example.com";
const LEASE: Duration = Duration::from_mins(120);

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn at(time: &str) -> Timestamp {
    format!("2026-10-01T{time}Z").parse().expect("a time")
}

fn opened_at() -> Timestamp {
    at("07:15:09")
}

fn now() -> Timestamp {
    at("07:18:00")
}

fn frankfurt() -> Region {
    "eu-central-1".parse().expect("a Region")
}

fn dublin() -> Region {
    "eu-west-1".parse().expect("a Region")
}

/// How the database reaches the other Region.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Global,
    Replica,
}

/// A system in two Regions, written to in Frankfurt and followed in Dublin; a run in one of them, which holds the lock
/// with epoch 1; and the function there.
struct Scene {
    cloud: Cloud,
    journal: MemoryJournal,
    system: System,
    here: Region,
    recovery: Recovery,
    /// Milliseconds since `now`: no two calls happen at once.
    passed: AtomicI64,
}

impl Scene {
    /// Where a person has to be asked, one was, and accepted everything.
    async fn new(kind: Kind, recovery: Recovery) -> Self {
        let scene = Self::unanswered(kind, recovery).await;
        if recovery == Recovery::FailOverRegion {
            scene.answered(&accepting(&Risk::ALL)).await;
        }
        scene
    }

    async fn unanswered(kind: Kind, recovery: Recovery) -> Self {
        let (database, replication) = match kind {
            Kind::Global => (
                "aurora",
                r#"{ kind = "aurora-global", global-cluster = "shop-global" }"#,
            ),
            Kind::Replica => ("multi-az-instance", r#"{ kind = "read-replica" }"#),
        };
        let text = include_str!("shop.toml")
            .replace("KIND", database)
            .replace("REPLICATION", replication);
        let scene = Self {
            cloud: Cloud::default(),
            journal: MemoryJournal::new(),
            system: read(&text).expect("coherent"),
            here: match recovery {
                Recovery::FailBackRegion => frankfurt(),
                _ => dublin(),
            },
            recovery,
            passed: AtomicI64::new(0),
        };
        {
            let mut state = scene.cloud.state();
            let home = database_with("sg-11111111111111111", None);
            let abroad = database_with(
                "sg-33333333333333333",
                (kind == Kind::Replica).then(|| SOURCE.to_owned()),
            );
            state.databases.insert((frankfurt(), "shop-db".into()), home);
            state
                .databases
                .insert((dublin(), "shop-db-eu-west-1".into()), abroad);
            state.members = vec![(AT_HOME.into(), true), (ABROAD.into(), false)];
            state.applications = [
                (APP_AT_HOME, Application::Writes("shop-db")),
                (APP_ABROAD, Application::Answers(503)),
                (NAME, Application::Writes("shop-db")),
            ]
            .into();
        }
        let run = scene.run();
        let taken = scene
            .journal
            .take_lock(&run.system, &run.incident, now(), LEASE)
            .await;
        taken.expect("free");
        scene
    }

    fn run(&self) -> Run {
        Run {
            system: self.system.name.clone(),
            incident: "this".parse().expect("an incident"),
            recovery: self.recovery,
            opened_at: opened_at(),
            because: "two alarms".into(),
        }
    }

    /// The run asked, and this is the answer that the journal keeps: the first one.
    async fn answered(&self, approval: &Approval) {
        self.asked().await;
        let run = self.run();
        let answered = self.journal.answer(&run.system, &run.incident, approval).await;
        answered.expect("it was asked");
    }

    async fn asked(&self) {
        let run = self.run();
        let question = Question {
            incident: run.incident,
            token: "token".into(),
            asked_at: at("07:16:40"),
            expires_at: at("07:31:40"),
            risks: vec![Risk::DataLoss, Risk::NotFenced],
            answer: None,
        };
        self.journal.ask(&run.system, &question).await.expect("answers");
    }

    async fn unlocked(&self) {
        let run = self.run();
        let released = self.journal.release_lock(&run.system, &run.incident, now()).await;
        assert!(released.expect("answers"));
    }

    async fn stopped(&self) {
        let (run, by) = (self.run(), "an engineer".to_owned());
        let because = "it is the wrong Region".to_owned();
        let stop = Stop {
            at: now(),
            by,
            because,
        };
        let noted = self.journal.request_stop(&run.system, &run.incident, &stop).await;
        noted.expect("answers");
    }

    /// Everything, to be looked at or changed.
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.cloud.state())
    }

    /// A database, to be looked at or changed.
    fn database<T>(&self, region: &Region, id: &str, change: impl FnOnce(&mut Database) -> T) -> T {
        self.with(|state| change(state.databases.get_mut(&(region.clone(), id.into())).expect(id)))
    }

    async fn ensure(&self, input: Input) -> Result<Value> {
        self.ensure_by(self.journal.clone(), input).await
    }

    async fn ensure_by<J: Journal>(&self, journal: J, input: Input) -> Result<Value> {
        self.ensure_within(journal, input, None).await
    }

    async fn ensure_within<J: Journal>(
        &self,
        journal: J,
        input: Input,
        deadline: Option<Deadline>,
    ) -> Result<Value> {
        let (rds, cloudwatch) = (self.cloud.clone(), self.cloud.clone());
        let passed = jiff::SignedDuration::from_millis(self.passed.fetch_add(1, Ordering::Relaxed));
        let steps = Steps {
            systems: Systems::from(vec![self.system.clone()]),
            region: self.here.clone(),
            rds: self.cloud.rds(&self.here),
            rds_in: Arc::new(move |region| rds.rds(region)),
            cloudwatch_in: Arc::new(move |region| cloudwatch.cloudwatch(region)),
            dynamodb: self.cloud.dynamodb(&self.here),
            journal,
            write_check: WriteCheck {
                connector: self.cloud.connector(),
            },
            clock: Arc::new(At(now().checked_add(passed).expect("in range"))),
        };
        steps.ensure_within(input, deadline).await
    }

    /// The condition that must not be true yet, or ever: the error's name and its words.
    async fn refused(&self, input: Input) -> (&'static str, String) {
        let error = self.ensure(input).await.expect_err("not true");
        (error.name(), error.to_string())
    }
}

fn database_with(group: &str, source: Option<String>) -> Database {
    Database {
        status: "available",
        groups: vec![(group.into(), "active")],
        source,
        ..Database::default()
    }
}

/// What a person answers.
fn accepting(risks: &[Risk]) -> Approval {
    Approval {
        at: at("07:17:00"),
        answer: Answer::Approved,
        by: "an engineer".into(),
        because: "the Region is gone".into(),
        accepted: risks.to_vec(),
        seen: vec![],
    }
}

const fn epoch() -> Epoch {
    Epoch(1)
}

/// What an answer says it has seen.
fn seen(answer: &Value) -> String {
    let seen = answer["seen"].as_array().expect("a list").iter();
    seen.map(|seen| seen.as_str().expect("words"))
        .collect::<Vec<_>>()
        .join("; ")
}
