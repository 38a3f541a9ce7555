//! `region-assessed` against two Regions, one of which may be lost; and `database-assessed` in one of the two.

mod cloud;

use std::sync::Arc;

use assess::Steps;
use database::write_check::WriteCheck;
use domain::clock::Clock;
use domain::journal::{AlarmSeen, Journal};
use domain::names::{Recovery, Region};
use domain::step::{Result, Step};
use domain::steps::Run;
use domain::steps::assess::{Assessment, Input, Verdict as OfDatabase};
use domain::steps::region::{RegionAssessment, Verdict};
use domain::system::{System, Systems, read};
use jiff::Timestamp;
use journal::MemoryJournal;

use self::cloud::{Cloud, State};

const AT_HOME: &str = "arn:aws:rds:eu-central-1:111122223333:cluster:shop-db";
const ABROAD: &str = "arn:aws:rds:eu-west-1:111122223333:cluster:shop-db-eu-west-1";
const APP_AT_HOME: &str = "eu-central-1.shop.example.com";
const APP_ABROAD: &str = "eu-west-1.shop.example.com";
const NAME: &str = "shop.example.com";

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn at(time: &str) -> Timestamp {
    format!("2026-10-01T{time}Z").parse().expect("a time")
}

fn frankfurt() -> Region {
    "eu-central-1".parse().expect("a Region")
}

fn dublin() -> Region {
    "eu-west-1".parse().expect("a Region")
}

/// A healthy system in two Regions, written to in Frankfurt, and the function in Dublin.
struct Scene {
    cloud: Cloud,
    journal: MemoryJournal,
    /// Frankfurt's.
    journal_there: MemoryJournal,
    system: System,
    recovery: Recovery,
}

impl Scene {
    fn global(recovery: Recovery) -> Self {
        Self::of(
            "aurora",
            r#"{ kind = "aurora-global", global-cluster = "shop-global" }"#,
            recovery,
        )
    }

    fn replica(recovery: Recovery) -> Self {
        Self::of("multi-az-instance", r#"{ kind = "read-replica" }"#, recovery)
    }

    fn of(kind: &str, replication: &str, recovery: Recovery) -> Self {
        let text = include_str!("../../../database/tests/region/shop.toml")
            .replace("KIND", kind)
            .replace("REPLICATION", replication);
        let scene = Self {
            cloud: Cloud::default(),
            journal: MemoryJournal::new(),
            journal_there: MemoryJournal::new(),
            system: read(&text).expect("coherent"),
            recovery,
        };
        scene.with(|state| {
            state.members = vec![(AT_HOME, true), (ABROAD, false)];
            state.source = Some("arn:aws:rds:eu-central-1:111122223333:db:shop-db");
            state.lag = Some((at("07:14:00"), 0.0));
            state.in_service = [(frankfurt(), 8), (dublin(), 2)].into();
            state.quota = 64.0;
            state.applications = [
                (APP_AT_HOME, Some("shop-db")),
                (APP_ABROAD, None),
                (NAME, Some("shop-db")),
            ]
            .into();
        });
        scene
    }

    /// Everything, to be looked at or changed.
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.cloud.state())
    }

    fn lost(&self) {
        self.with(|state| {
            state.lost.insert(frankfurt());
            state.applications.remove(APP_AT_HOME);
            state.applications.remove(NAME);
        });
    }

    async fn alarm(&self, alarm: &str, in_alarm: bool, changed_at: Timestamp) {
        let seen = AlarmSeen { in_alarm, changed_at };
        let noted = self.journal.note_alarm(&self.system.name, alarm, seen).await;
        noted.expect("answers");
    }

    fn steps(&self, here: &Region, now: Timestamp) -> Steps<MemoryJournal> {
        let (rds, cloudwatch, autoscaling) = (self.cloud.clone(), self.cloud.clone(), self.cloud.clone());
        let there = self.journal_there.clone();
        Steps {
            systems: Systems::from(vec![self.system.clone()]),
            region: here.clone(),
            rds: self.cloud.rds(here),
            cloudwatch: self.cloud.cloudwatch(here),
            elbv2: self.cloud.elbv2(here),
            servicequotas: self.cloud.servicequotas(here),
            rds_in: Arc::new(move |region| rds.rds(region)),
            cloudwatch_in: Arc::new(move |region| cloudwatch.cloudwatch(region)),
            autoscaling_in: Arc::new(move |region| autoscaling.autoscaling(region)),
            journal: self.journal.clone(),
            journal_in: Arc::new(move |region| {
                assert_eq!(*region, frankfurt());
                there.clone()
            }),
            write_check: WriteCheck {
                connector: self.cloud.connector(),
            },
            clock: Arc::new(At(now)),
        }
    }

    fn run(&self) -> Run {
        Run {
            system: self.system.name.clone(),
            incident: "this".parse().expect("an incident"),
            recovery: self.recovery,
            opened_at: at("07:15:00"),
            because: "two alarms".into(),
        }
    }

    async fn assess(&self, now: Timestamp) -> Result<RegionAssessment> {
        let input = Input::RegionAssessed { run: self.run() };
        let answer = self.steps(&dublin(), now).ensure(input).await?;
        Ok(serde_json::from_value(answer).expect("an assessment"))
    }

    /// What the function in Frankfurt says of the database there.
    async fn assess_database(&self) -> Result<Assessment> {
        let input = Input::DatabaseAssessed { run: self.run() };
        let answer = self.steps(&frankfurt(), at("07:16:00")).ensure(input).await?;
        Ok(serde_json::from_value(answer).expect("an assessment"))
    }

    async fn refused(&self) -> (&'static str, String) {
        let error = self.assess(at("07:16:00")).await.expect_err("not assessed");
        (error.name(), error.to_string())
    }
}

#[tokio::test]
async fn a_lost_region_is_failed_over_from_once_two_alarms_have_held_and_nothing_there_is_needed() {
    let scene = Scene::global(Recovery::FailOverRegion);
    scene.lost();
    scene.alarm("shop-unreachable", true, at("07:15:00")).await;
    scene.alarm("shop-users-failing", true, at("07:15:10")).await;
    scene.alarm("shop-writer-unreachable", true, at("07:15:00")).await;

    let error = scene.assess(at("07:15:29")).await.expect_err("not yet");
    assert_eq!(error.name(), "NotYet");
    assert!(
        error
            .to_string()
            .contains("shop-users-failing (users) in ALARM since"),
        "{error}"
    );
    let assessment = scene.assess(at("07:15:30")).await.expect("assessed");
    assert_eq!(assessment.verdict, Verdict::FailOver);
    assert_eq!((assessment.from, assessment.to), (frankfurt(), dublin()));
    assert!(!assessment.source_reachable);
    assert_eq!(assessment.writer_in, Some(frankfurt()));
    assert_eq!(assessment.capacity.source_in_service, None);
    assert_eq!(assessment.capacity.needed, 6);
    let lag = assessment.lag.expect("known");
    assert_eq!((lag.measured_at, lag.age_ms), (at("07:14:00"), 60_000));
    let seen = assessment.seen.join("; ");
    assert!(
        seen.contains("io error") && !seen.contains("shop-writer-unreachable"),
        "{seen}"
    );
}

/// The window begins when the second one rises, however many rise with it.
#[tokio::test]
async fn a_third_signal_does_not_shorten_the_window() {
    let scene = Scene::global(Recovery::FailOverRegion);
    scene.lost();
    scene.alarm("shop-unreachable", true, at("07:15:00")).await;
    scene.alarm("shop-users-failing", true, at("07:15:10")).await;
    scene
        .alarm("shop-replication-stalled", true, at("07:15:10"))
        .await;
    let error = scene.assess(at("07:15:29")).await.expect_err("not yet");
    assert_eq!(error.name(), "NotYet", "{error}");
    let assessment = scene.assess(at("07:15:30")).await.expect("assessed");
    assert_eq!(assessment.verdict, Verdict::FailOver);
}

#[tokio::test]
async fn a_blip_is_stood_down_from() {
    let scene = Scene::global(Recovery::FailOverRegion);
    scene.alarm("shop-unreachable", true, at("07:15:00")).await;
    scene.alarm("shop-users-failing", true, at("07:15:10")).await;
    let assessment = scene.assess(at("07:15:20")).await.expect("assessed");
    assert_eq!(assessment.verdict, Verdict::StandDown);
    assert!(assessment.source_reachable);
}

#[tokio::test]
async fn a_region_that_heals_itself_is_left_in_peace_until_it_is_well_or_has_had_its_time() {
    let scene = Scene::global(Recovery::FailOverRegion);
    scene.with(|state| state.applications.remove(APP_AT_HOME));
    scene.alarm("shop-unreachable", true, at("07:15:00")).await;
    scene.alarm("shop-users-failing", true, at("07:15:10")).await;
    let (system, rollback) = (&scene.system.name, "the-rollback".parse().expect("an incident"));
    let lease = domain::journal::lease(Recovery::RollBackDeployment);
    let taken = scene
        .journal_there
        .take_lock(system, &rollback, at("07:15:04"), lease);
    taken.await.expect("free");

    let error = scene.assess(at("07:15:35")).await.expect_err("not yet");
    assert_eq!(error.name(), "NotYet");
    let words = "eu-central-1 is healing itself: the-rollback holds its lock since 2026-10-01T07:15:04Z";
    assert!(error.to_string().contains(words), "{error}");

    let late = scene.assess(at("07:17:34")).await.expect("assessed");
    assert_eq!(late.verdict, Verdict::FailOver);
    assert!(late.seen.iter().any(|seen| seen == words), "{:?}", late.seen);

    scene.with(|state| state.applications.insert(APP_AT_HOME, Some("shop-db")));
    let well = scene.assess(at("07:15:35")).await.expect("assessed");
    assert_eq!(well.verdict, Verdict::StandDown);

    scene.with(|state| state.applications.remove(APP_AT_HOME));
    let released = scene
        .journal_there
        .release_lock(system, &rollback, at("07:15:35"))
        .await;
    assert!(released.expect("answers"));
    let given_up = scene.assess(at("07:15:35")).await.expect("assessed");
    assert_eq!(given_up.verdict, Verdict::FailOver, "nobody heals it any more");
}

#[tokio::test]
async fn a_healthy_source_hands_over_with_what_it_serves_with() {
    for scene in [
        Scene::global(Recovery::SwitchOverRegion),
        Scene::replica(Recovery::SwitchOverRegion),
    ] {
        let assessment = scene.assess(at("07:16:00")).await.expect("assessed");
        assert_eq!(assessment.verdict, Verdict::SwitchOver);
        assert_eq!(assessment.capacity.source_in_service, Some(8));
        assert_eq!(assessment.capacity.needed, 8);
        assert_eq!(assessment.capacity.standing.desired, 2);
        assert!(assessment.source_reachable);
    }
}

#[tokio::test]
async fn what_each_region_is_asked() {
    let scene = Scene::global(Recovery::SwitchOverRegion);
    scene.assess(at("07:16:00")).await.expect("assessed");
    let mut calls = scene.with(|state| std::mem::take(&mut state.calls));
    calls.sort();
    assert_eq!(
        calls,
        [
            "eu-central-1 DescribeAutoScalingGroups",
            "eu-central-1 DescribeDBClusters",
            "eu-central-1 DescribeScalingActivities",
            "eu-west-1 DescribeAutoScalingGroups",
            "eu-west-1 DescribeDBClusters",
            "eu-west-1 DescribeGlobalClusters",
            "eu-west-1 DescribeScalingActivities",
            "eu-west-1 DescribeTargetHealth",
            "eu-west-1 GetMetricData",
            "eu-west-1 GetServiceQuota",
        ]
    );
}

#[tokio::test]
async fn a_planned_move_is_refused_when_something_is_wrong() {
    type Change = fn(&mut State);
    let cases: [(Change, &str, &str); 6] = [
        (
            |state| {
                state.lost.insert(frankfurt());
            },
            "Unsafe",
            "fail-over-region",
        ),
        (
            |state| {
                state.versions.insert(dublin(), "16.3");
            },
            "Unsafe",
            "16.4 and 16.3",
        ),
        (|state| state.lag = None, "Unsafe", "nobody knows how far"),
        (|state| state.quota = 8.0, "Unsafe", "8 vCPUs"),
        (
            |state| {
                let call = ("DescribeDBClusters", frankfurt());
                state.refused.insert(call, (400, "Throttling"));
            },
            "Throttled",
            "rds:DescribeDBClusters",
        ),
        (
            |state| {
                let call = ("DescribeDBClusters", frankfurt());
                state.refused.insert(call, (403, "AccessDenied"));
            },
            "Refused",
            "AccessDenied",
        ),
    ];
    for (change, expected, words) in cases {
        let scene = Scene::global(Recovery::SwitchOverRegion);
        scene.with(change);
        let (name, seen) = scene.refused().await;
        assert_eq!(name, expected, "{seen}");
        assert!(seen.contains(words), "{seen}");
    }
}

#[tokio::test]
async fn what_cannot_be_observed_here_is_an_error_and_what_only_explains_is_not() {
    for (call, expected) in [
        ("DescribeGlobalClusters", Err("Unavailable")),
        ("DescribeDBClusters", Err("Unavailable")),
        ("DescribeAutoScalingGroups", Err("Unavailable")),
        ("DescribeTargetHealth", Ok(Verdict::FailOver)),
        ("GetMetricData", Ok(Verdict::FailOver)),
        ("GetServiceQuota", Ok(Verdict::FailOver)),
    ] {
        let scene = Scene::global(Recovery::FailOverRegion);
        scene.lost();
        scene.with(|state| {
            state
                .refused
                .insert((call, dublin()), (503, "ServiceUnavailable"))
        });
        let assessed = scene.assess(at("07:16:00")).await;
        let assessed = assessed.map(|assessment| assessment.verdict);
        assert_eq!(assessed.map_err(|error| error.name()), expected, "{call}");
    }
}

#[tokio::test]
async fn a_half_finished_move_is_gone_on_with_until_users_have_arrived() {
    for scene in [
        Scene::global(Recovery::FailOverRegion),
        Scene::replica(Recovery::FailOverRegion),
    ] {
        scene.lost();
        scene.with(|state| {
            state.members = vec![(ABROAD, true), (AT_HOME, false)];
            state.source = None;
            state.applications.insert(APP_ABROAD, Some("shop-db-eu-west-1"));
        });
        let assessment = scene.assess(at("07:16:00")).await.expect("assessed");
        assert_eq!(assessment.verdict, Verdict::FailOver);
        assert_eq!(assessment.writer_in, Some(dublin()));
        scene.with(|state| state.applications.insert(NAME, Some("shop-db-eu-west-1")));
        let assessment = scene.assess(at("07:16:00")).await.expect("assessed");
        assert_eq!(assessment.verdict, Verdict::StandDown);
    }
}

#[tokio::test]
async fn a_source_that_refuses_is_not_known_and_an_unplanned_move_goes_on_without_it() {
    for (refusal, words) in [
        (
            (404, "DBClusterNotFoundFault"),
            "RDS in eu-central-1 knows no shop-db",
        ),
        ((403, "AccessDenied"), "AccessDenied"),
        ((400, "Throttling"), "rds:DescribeDBClusters"),
    ] {
        let scene = Scene::global(Recovery::FailOverRegion);
        scene.with(|state| {
            state.applications.remove(APP_AT_HOME);
            let call = ("DescribeDBClusters", frankfurt());
            state.refused.insert(call, refusal);
        });
        let assessment = scene.assess(at("07:16:00")).await.expect("assessed");
        assert_eq!(assessment.verdict, Verdict::FailOver, "{refusal:?}");
        assert!(!assessment.source_reachable, "{refusal:?}");
        let seen = assessment.seen.join("; ");
        assert!(seen.contains(words), "{seen}");
    }
}

#[tokio::test]
async fn a_recovery_inside_a_region_is_no_move() {
    let scene = Scene::global(Recovery::FailOverDatabase);
    assert_eq!(scene.refused().await.0, "InvalidInput");
}

/// Its write check fails in either case.
#[tokio::test]
async fn a_database_is_failed_over_where_it_is_written_to_and_left_alone_in_the_other_region() {
    let scene = Scene::global(Recovery::FailOverDatabase);
    scene.with(|state| {
        state.instances = vec![("shop-db-1", 0.0), ("shop-db-2", 900.0), ("shop-db-3", 20.0)];
        state.applications.insert(APP_AT_HOME, None);
    });
    let here = scene.assess_database().await.expect("assessed");
    assert_eq!(here.verdict, OfDatabase::FailOver, "{:?}", here.seen);
    assert_eq!(here.target.as_deref(), Some("shop-db-3"), "who lags least");

    scene.with(|state| state.members = vec![(ABROAD, true), (AT_HOME, false)]);
    let elsewhere = scene.assess_database().await.expect("assessed");
    assert_eq!(elsewhere.verdict, OfDatabase::Healthy);
    assert_eq!(elsewhere.target, None);
    assert!(
        elsewhere.seen[0].starts_with("it is written to elsewhere: "),
        "{:?}",
        elsewhere.seen
    );
}
