//! The steps by hand: repeated, at the same time, and late.

use std::sync::Arc;

use domain::duration::Duration;
use domain::journal::lease;
use domain::names::Recovery;
use domain::step::{self, Error, Failure, Step};
use domain::steps::Run;
use domain::system::{System, Systems};
use futures_util::future::join_all;
use journal::DynamoJournal;
use rehearsal::clock::VirtualClock;
use rehearsal::cloud::application;
use serde_json::{Value, json};

use crate::embedded::{Embedded, in_virtual_time, run, shop, systems};

type Answer = Result<Value, Failure>;

/// The steps of one system, in front of an embedded cloud.
struct Hands {
    cloud: Embedded,
    clock: VirtualClock,
    assess: assess::Steps<DynamoJournal>,
    database: database::Steps<DynamoJournal>,
    journal: journal::Steps<DynamoJournal>,
}

impl Hands {
    fn on(system: &System) -> Self {
        let cloud = Embedded::with_hung_writer(system);
        let clock = cloud.desk.clock();
        let write_check = database::write_check::WriteCheck {
            connector: application::connector(&cloud.desk, &system.regions.primary),
        };
        let systems = || Systems::from(vec![system.clone()]);
        let region = || system.regions.primary.clone();
        Self {
            assess: assess::Steps {
                systems: systems(),
                region: region(),
                rds: cloud.clients.rds.clone(),
                cloudwatch: cloud.clients.cloudwatch.clone(),
                elbv2: cloud.clients.elbv2_in()(&region()),
                servicequotas: cloud.clients.quotas_in()(&region()),
                rds_in: cloud.clients.rds_in(),
                cloudwatch_in: cloud.clients.cloudwatch_in(),
                autoscaling_in: cloud.clients.autoscaling_in(),
                journal: cloud.journal(),
                journal_in: {
                    let journal = cloud.journal();
                    Arc::new(move |_| journal.clone())
                },
                write_check: write_check.clone(),
                clock: Arc::new(clock.clone()),
            },
            database: database::Steps {
                systems: systems(),
                region: region(),
                rds: cloud.clients.rds.clone(),
                rds_in: cloud.clients.rds_in(),
                cloudwatch_in: cloud.clients.cloudwatch_in(),
                dynamodb: cloud.clients.dynamodb.clone(),
                journal: cloud.journal(),
                write_check,
                clock: Arc::new(clock.clone()),
            },
            journal: journal::Steps {
                systems: systems(),
                region: region(),
                journal: cloud.journal(),
                journal_in: {
                    let journal = cloud.journal();
                    Arc::new(move |_| journal.clone())
                },
                clock: Arc::new(clock.clone()),
            },
            clock,
            cloud,
        }
    }

    async fn ensure(&self, step: &impl Step, event: Value) -> Answer {
        step::call(step, &self.clock, event).await
    }

    async fn take_lock(&self, run: &Run) -> Value {
        let event = json!({ "ensure": "lock-taken", "run": json(run) });
        self.ensure(&self.journal, event).await.expect("the lock is free")["epoch"].clone()
    }

    async fn release_lock(&self, run: &Run) {
        let event = json!({ "ensure": "lock-released", "run": json(run) });
        self.ensure(&self.journal, event).await.expect("the lock is held");
    }

    async fn assess(&self, run: &Run) -> Value {
        let event = json!({ "ensure": "database-assessed", "run": json(run) });
        self.ensure(&self.assess, event).await.expect("the writer hangs")
    }

    async fn start_failover(&self, run: &Run, epoch: &Value, assessment: &Value) -> Answer {
        let event = json!({
            "ensure": "failover-started", "run": json(run), "epoch": epoch, "assessment": assessment,
        });
        self.ensure(&self.database, event).await
    }

    async fn writer_moved(&self, run: &Run, assessment: &Value) -> Answer {
        let event = json!({ "ensure": "writer-moved", "run": json(run), "assessment": assessment });
        self.ensure(&self.database, event).await
    }

    async fn writable(&self, run: &Run) -> Answer {
        let event = json!({ "ensure": "writable", "run": json(run) });
        self.ensure(&self.database, event).await
    }
}

fn json(run: &Run) -> Value {
    step::output(run).expect("a run is JSON")
}

fn error(answer: &Answer) -> &str {
    match answer {
        Ok(_) => "none",
        Err(failure) => &failure.error_type,
    }
}

#[test]
fn a_failover_is_started_once_however_often_it_is_asked_for() {
    for system in systems() {
        in_virtual_time(async {
            let mut hands = Hands::on(&system);
            let run = run(&system, "a");
            let epoch = hands.take_lock(&run).await;
            let assessment = hands.assess(&run).await;
            assert_eq!(assessment["verdict"], "fail-over", "{assessment}");

            let first = hands.start_failover(&run, &epoch, &assessment).await;
            assert_eq!(error(&first), Error::NOT_YET, "{first:?}");
            for _ in 0..5 {
                let again = hands.start_failover(&run, &epoch, &assessment).await;
                assert_eq!(error(&again), "none", "{again:?}");
                hands.cloud.pass(Duration::from_secs(1)).await;
            }
            let calls = hands.cloud.calls_of_rds();
            assert_eq!(calls.len(), 1, "{calls:?}");
            assert!(calls[0].ends_with("accepted"), "{calls:?}");
        });
    }
}

#[test]
fn of_two_steps_that_act_at_the_same_time_rds_accepts_one() {
    for system in systems() {
        in_virtual_time(async {
            let mut hands = Hands::on(&system);
            let run = run(&system, "a");
            let epoch = hands.take_lock(&run).await;
            let assessment = hands.assess(&run).await;

            let both = join_all([(); 2].map(|()| hands.start_failover(&run, &epoch, &assessment))).await;
            for answer in &both {
                assert!(["none", Error::NOT_YET].contains(&error(answer)), "{answer:?}");
            }
            let calls = hands.cloud.calls_of_rds();
            let accepted = calls.iter().filter(|call| call.ends_with("accepted")).count();
            assert_eq!(accepted, 1, "{calls:?}");
            assert_eq!(calls.len(), 2, "both looked before either acted: {calls:?}");
        });
    }
}

#[test]
fn a_step_whose_run_is_over_starts_nothing() {
    in_virtual_time(async {
        let system = shop();
        let mut hands = Hands::on(&system);
        let (late, other) = (run(&system, "a"), run(&system, "b"));
        let epoch = hands.take_lock(&late).await;
        let assessment = hands.assess(&late).await;
        hands.release_lock(&late).await;

        let nobody = hands.start_failover(&late, &epoch, &assessment).await;
        assert_eq!(error(&nobody), Error::LOCK_LOST, "{nobody:?}");

        hands.take_lock(&other).await;
        let taken = hands.start_failover(&late, &epoch, &assessment).await;
        assert_eq!(error(&taken), Error::LOCK_LOST, "{taken:?}");
        assert_eq!(hands.cloud.calls_of_rds(), Vec::<&str>::new());
    });
}

#[test]
fn a_step_with_an_epoch_of_long_ago_starts_nothing() {
    in_virtual_time(async {
        let system = shop();
        let mut hands = Hands::on(&system);
        let run = run(&system, "a");
        let old = hands.take_lock(&run).await;
        let assessment = hands.assess(&run).await;
        hands.release_lock(&run).await;
        let new = hands.take_lock(&run).await;
        assert_ne!(old, new);

        let late = hands.start_failover(&run, &old, &assessment).await;
        assert_eq!(error(&late), Error::LOCK_LOST, "{late:?}");
        assert_eq!(hands.cloud.calls_of_rds(), Vec::<&str>::new());
    });
}

#[test]
fn a_step_whose_lock_has_expired_starts_nothing() {
    in_virtual_time(async {
        let system = shop();
        let mut hands = Hands::on(&system);
        let run = run(&system, "a");
        let epoch = hands.take_lock(&run).await;
        let assessment = hands.assess(&run).await;
        hands.cloud.pass(lease(Recovery::FailOverDatabase)).await;

        let late = hands.start_failover(&run, &epoch, &assessment).await;
        assert_eq!(error(&late), Error::LOCK_LOST, "{late:?}");
        assert_eq!(hands.cloud.calls_of_rds(), Vec::<&str>::new());
    });
}

#[test]
fn a_writer_that_has_moved_stays_where_it_is() {
    for system in systems() {
        in_virtual_time(async {
            let mut hands = Hands::on(&system);
            let run = run(&system, "a");
            let epoch = hands.take_lock(&run).await;
            let assessment = hands.assess(&run).await;
            hands
                .start_failover(&run, &epoch, &assessment)
                .await
                .expect_err("not yet");
            let early = hands.writer_moved(&run, &assessment).await;
            assert_eq!(error(&early), Error::NOT_YET, "{early:?}");
            hands.cloud.pass(Duration::from_mins(3)).await;

            let moved = hands.writer_moved(&run, &assessment).await.expect("it has moved");
            assert_ne!(moved["writer"]["zone"], assessment["writer"]["zone"], "{moved}");
            hands.writable(&run).await.expect("it takes writes");
            // Even without the lock: there is nothing to protect from a step that changes nothing.
            hands.release_lock(&run).await;
            let again = hands.start_failover(&run, &epoch, &assessment).await;
            assert_eq!(error(&again), "none", "{again:?}");
            assert_eq!(hands.cloud.calls_of_rds().len(), 1);
        });
    }
}
