//! A writer is moved out of a zone, against an RDS that goes wrong in every way these APIs know.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataInput, GetMetricDataOutput};
use aws_sdk_cloudwatch::types::{MetricDataQuery, MetricDataResult};
use aws_sdk_rds::operation::describe_db_clusters::DescribeDbClustersOutput;
use aws_sdk_rds::operation::describe_db_instances::DescribeDbInstancesOutput;
use aws_sdk_rds::operation::failover_db_cluster::FailoverDbClusterOutput;
use aws_sdk_rds::operation::reboot_db_instance::RebootDbInstanceOutput;
use aws_sdk_rds::types::{DbCluster, DbClusterMember, DbInstance};
use aws_smithy_mocks::{
    MockResponse, MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use database::observe::Reader;
use database::target::{LagMs, read_lag};
use database::zone::{Seat, ensure};
use domain::duration::Duration;
use domain::journal::{Journal, Stop};
use domain::names::{Epoch, IncidentId, Recovery, Region, Zone};
use domain::step::{Error, Result};
use domain::steps::Run;
use domain::system::{DatabaseKind, System};
use jiff::Timestamp;
use journal::{Hold, MemoryJournal};
use runtime::InRegion;

const REBOOT: &str = "RebootDBInstance";
const FAIL_OVER: &str = "FailoverDBCluster";

/// RDS and CloudWatch. Clones are the same ones.
#[derive(Clone)]
struct Aws(Arc<Mutex<State>>);

struct State {
    status: &'static str,
    engine: &'static str,
    /// The writer's zone, and the standby's, of a Multi-AZ instance.
    zones: (&'static str, Option<&'static str>),
    /// Members of a cluster, the writer first: name, zone, status, tier.
    members: Vec<(&'static str, &'static str, &'static str, i32)>,
    /// What CloudWatch has of an instance's lag by the metric's name, the newest first. Of the others it has nothing.
    lags: BTreeMap<(&'static str, &'static str), Vec<f64>>,
    /// What becomes of calls of an operation that does not go well.
    fates: BTreeMap<&'static str, Fate>,
    /// What was asked for.
    asked: Vec<String>,
}

#[derive(Clone, Copy)]
enum Fate {
    Refused(u16, &'static str),
    AnswerLost,
}

macro_rules! client {
    ($sdk:ident, $rules:expr) => {{
        use $sdk::{Config, config};
        let rules: Vec<Rule> = $rules;
        let answering = rules.iter().fold(
            MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
            MockResponseInterceptor::with_rule,
        );
        let config = Config::builder()
            .behavior_version(config::BehaviorVersion::latest())
            .region(config::Region::new("eu-central-1"))
            .credentials_provider(config::Credentials::new("test", "test", None, None, "test"))
            .http_client(create_mock_http_client())
            .retry_config(RetryConfig::disabled())
            .interceptor(answering)
            .build();
        #[expect(clippy::disallowed_methods, reason = "a test builds its own clients")]
        let client = $sdk::Client::from_conf(config);
        client
    }};
}

impl Aws {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            status: "available",
            engine: "postgres",
            zones: ("eu-central-1a", Some("eu-central-1b")),
            members: vec![
                ("shop-db-1", "eu-central-1a", "available", 1),
                ("shop-db-2", "eu-central-1b", "available", 2),
                ("shop-db-3", "eu-central-1c", "available", 1),
            ],
            lags: BTreeMap::new(),
            fates: BTreeMap::new(),
            asked: Vec::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<I, O, E>(
        &self,
        call: &'static str,
        effect: impl Fn(&mut State, &I) -> O + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let aws = self.clone();
        move |input| {
            let mut state = aws.state();
            let respond = |status: u16, body: String| {
                let status = StatusCode::try_from(status).expect("a status");
                MockResponse::Http(HttpResponse::new(status, SdkBody::from(body)))
            };
            match state.fates.get(call).copied() {
                None => MockResponse::Output(effect(&mut state, input)),
                Some(Fate::AnswerLost) => {
                    effect(&mut state, input);
                    respond(502, "<html>Bad Gateway</html>".to_owned())
                }
                Some(Fate::Refused(status, code)) => {
                    let error =
                        format!("<Error><Code>{code}</Code><Message>in AWS's words</Message></Error>");
                    respond(status, format!("<ErrorResponse>{error}</ErrorResponse>"))
                }
            }
        }
    }

    fn rds(&self) -> aws_sdk_rds::Client {
        use aws_sdk_rds::Client;
        let reboot = self.answer(
            REBOOT,
            |state, input: &aws_sdk_rds::operation::reboot_db_instance::RebootDbInstanceInput| {
                assert_eq!(input.force_failover(), Some(true));
                state.asked.push("reboot".to_owned());
                state.status = "rebooting";
                RebootDbInstanceOutput::builder().build()
            },
        );
        let fail_over = self.answer(
            FAIL_OVER,
            |state, input: &aws_sdk_rds::operation::failover_db_cluster::FailoverDbClusterInput| {
                let target = input.target_db_instance_identifier().unwrap_or("anybody");
                state.asked.push(format!("to {target}"));
                state.status = "failing-over";
                FailoverDbClusterOutput::builder().build()
            },
        );
        client!(
            aws_sdk_rds,
            vec![
                mock!(Client::describe_db_instances)
                    .then_compute_response(self.answer("DescribeDBInstances", instances)),
                mock!(Client::describe_db_clusters)
                    .then_compute_response(self.answer("DescribeDBClusters", |state, _| clusters(state))),
                mock!(Client::reboot_db_instance).then_compute_response(reboot),
                mock!(Client::failover_db_cluster).then_compute_response(fail_over),
            ]
        )
    }

    fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        use aws_sdk_cloudwatch::Client;
        client!(
            aws_sdk_cloudwatch,
            vec![mock!(Client::get_metric_data).then_compute_response(self.answer("GetMetricData", lags))]
        )
    }
}

fn instances(
    state: &mut State,
    input: &aws_sdk_rds::operation::describe_db_instances::DescribeDbInstancesInput,
) -> DescribeDbInstancesOutput {
    let instances = if input.db_instance_identifier().is_some() {
        let (zone, standby) = state.zones;
        vec![
            DbInstance::builder()
                .db_instance_identifier("shop-db")
                .db_instance_status(state.status)
                .engine(state.engine)
                .availability_zone(zone)
                .multi_az(standby.is_some())
                .set_secondary_availability_zone(standby.map(str::to_owned))
                .build(),
        ]
    } else {
        let members = state.members.iter();
        members
            .map(|(name, zone, status, _)| {
                DbInstance::builder()
                    .db_instance_identifier(*name)
                    .db_instance_status(*status)
                    .availability_zone(*zone)
                    .build()
            })
            .collect()
    };
    DescribeDbInstancesOutput::builder()
        .set_db_instances(Some(instances))
        .build()
}

/// Each query is answered by its own name, of the last three minutes and in another order than it was asked in.
fn lags(state: &mut State, input: &GetMetricDataInput) -> GetMetricDataOutput {
    let seconds = |at: Option<&aws_smithy_types::DateTime>| at.expect("a time").secs();
    let (start, end) = (seconds(input.start_time()), seconds(input.end_time()));
    assert_eq!((start, end), (now().as_second() - 180, now().as_second()));
    let result = |query: &MetricDataQuery| {
        let metric = query
            .metric_stat()
            .and_then(|stat| stat.metric())
            .expect("a metric");
        let instance = metric.dimensions()[0].value().expect("an instance");
        let lags = state
            .lags
            .iter()
            .find(|((name, of), _)| Some(*name) == metric.metric_name() && *of == instance);
        MetricDataResult::builder()
            .set_id(query.id().map(str::to_owned))
            .set_values(lags.map(|(_, values)| values.clone()))
            .build()
    };
    let results = input.metric_data_queries().iter().rev().map(result).collect();
    GetMetricDataOutput::builder()
        .set_metric_data_results(Some(results))
        .build()
}

fn clusters(state: &mut State) -> DescribeDbClustersOutput {
    let members = state
        .members
        .iter()
        .enumerate()
        .map(|(index, (name, _, _, tier))| {
            DbClusterMember::builder()
                .db_instance_identifier(*name)
                .is_cluster_writer(index == 0)
                .promotion_tier(*tier)
                .build()
        });
    let cluster = DbCluster::builder()
        .db_cluster_identifier("shop-db")
        .status(state.status)
        .engine(state.engine)
        .set_db_cluster_members(Some(members.collect()))
        .build();
    DescribeDbClustersOutput::builder().db_clusters(cluster).build()
}

fn now() -> Timestamp {
    "2026-10-01T07:16:00Z".parse().expect("a timestamp")
}

fn incident(name: &str) -> IncidentId {
    name.parse().expect("an incident")
}

/// A database whose writer is in zone a, and a run that holds the lock with epoch 1.
struct Scene {
    aws: Aws,
    journal: MemoryJournal,
    system: System,
    run: Run,
}

impl Scene {
    async fn of(kind: DatabaseKind) -> Self {
        let file = format!(
            r#"
name = "shop"
account = "111122223333"
[regions]
primary = "eu-central-1"
[database]
kind = "{kind}"
identifier = "shop-db"
write-check = "https://shop.example.com/write-check"
[[alarms]]
name = "shop-writer-unreachable"
means = "database-down"
[objectives]
rto = "5m"
[people]
page = "arn:aws:sns:eu-central-1:111122223333:page"
"#
        );
        let scene = Self {
            aws: Aws::new(),
            journal: MemoryJournal::new(),
            system: domain::system::read(&file).expect("coherent"),
            run: Run {
                system: "shop".parse().expect("a name"),
                incident: incident("this"),
                recovery: Recovery::EvacuateZone,
                opened_at: now(),
                because: "shop-zone-a-errors is in ALARM".to_owned(),
            },
        };
        scene.locked_by("this").await;
        scene
    }

    async fn locked_by(&self, holder: &str) {
        let (holder, lease) = (incident(holder), Duration::from_mins(80));
        let taken = self.journal.take_lock(&self.run.system, &holder, now(), lease);
        taken.await.expect("free");
    }

    async fn ensure_in(&self, region: &str) -> Result<String> {
        let (rds, aws) = (self.aws.rds(), self.aws.clone());
        let cloudwatch_in: InRegion<aws_sdk_cloudwatch::Client> = Arc::new(move |_| aws.cloudwatch());
        let here: Region = region.parse().expect("a Region");
        let seat = Seat::of(&self.system, &here, &rds, &cloudwatch_in, now())?;
        let hold = Hold {
            journal: &self.journal,
            run: &self.run,
            epoch: Epoch(1),
            now: now(),
        };
        ensure(&seat, &Zone("eu-central-1a".to_owned()), &hold).await
    }

    async fn ensure(&self) -> Result<String> {
        self.ensure_in("eu-central-1").await
    }

    fn asked(&self) -> Vec<String> {
        self.aws.state().asked.clone()
    }
}

#[track_caller]
fn failed(answer: Result<String>, name: &str) -> String {
    let error = answer.expect_err("fails");
    assert_eq!(error.name(), name, "{error}");
    error.to_string()
}

#[tokio::test]
async fn an_instance_is_rebooted_with_failover_once_and_waited_for() {
    let scene = Scene::of(DatabaseKind::MultiAzInstance).await;
    let words = failed(scene.ensure().await, Error::NOT_YET);
    assert!(
        words.contains("rds:RebootDBInstance with ForceFailover accepted"),
        "{words}"
    );
    failed(scene.ensure().await, Error::NOT_YET);
    scene.aws.state().zones = ("eu-central-1b", Some("eu-central-1a"));
    failed(scene.ensure().await, Error::NOT_YET);
    scene.aws.state().status = "available";
    let seen = scene.ensure().await.expect("moved");
    assert!(
        seen.contains("writer shop-db (available) in eu-central-1b"),
        "{seen}"
    );
    assert_eq!(scene.asked(), ["reboot"]);
}

#[tokio::test]
async fn a_cluster_fails_over_to_a_reader_outside_of_the_zone() {
    let scene = Scene::of(DatabaseKind::Aurora).await;
    failed(scene.ensure().await, Error::NOT_YET);
    failed(scene.ensure().await, Error::NOT_YET);
    assert_eq!(scene.asked(), ["to shop-db-3"], "the lowest tier");

    // A reader of a lower tier, but in the zone itself.
    let scene = Scene::of(DatabaseKind::Aurora).await;
    scene.aws.state().members[2].1 = "eu-central-1a";
    scene
        .aws
        .state()
        .fates
        .insert("GetMetricData", Fate::Refused(503, "ServiceUnavailable"));
    failed(scene.ensure().await, Error::NOT_YET);
    assert_eq!(scene.asked(), ["to shop-db-2"], "whatever CloudWatch says");

    let scene = Scene::of(DatabaseKind::MultiAzCluster).await;
    scene.aws.state().engine = "mysql";
    failed(scene.ensure().await, Error::NOT_YET);
    assert_eq!(scene.asked(), ["to anybody"], "RDS for MySQL lets nobody choose");
}

#[tokio::test]
async fn a_writer_that_is_elsewhere_is_left_alone() {
    for status in ["available", "backing-up"] {
        let scene = Scene::of(DatabaseKind::MultiAzInstance).await;
        scene.aws.state().zones = ("eu-central-1c", Some("eu-central-1a"));
        scene.aws.state().status = status;
        scene.ensure().await.expect("elsewhere");
        assert!(scene.asked().is_empty());
    }
}

#[tokio::test]
async fn a_failover_of_awss_own_is_waited_for() {
    for (kind, status) in [
        (DatabaseKind::MultiAzInstance, "rebooting"),
        (DatabaseKind::Aurora, "failing-over"),
        (DatabaseKind::Aurora, "modifying"),
    ] {
        let scene = Scene::of(kind).await;
        scene.aws.state().status = status;
        failed(scene.ensure().await, Error::NOT_YET);
        assert!(scene.asked().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn with_nobody_outside_of_the_zone_it_is_unsafe() {
    let scene = Scene::of(DatabaseKind::MultiAzInstance).await;
    for standby in [None, Some("eu-central-1a")] {
        scene.aws.state().zones = ("eu-central-1a", standby);
        let words = failed(scene.ensure().await, Error::UNSAFE);
        assert!(
            words.contains("nobody outside of eu-central-1a could take over"),
            "{words}"
        );
    }
    let scene = Scene::of(DatabaseKind::Aurora).await;
    for (_, _, status, _) in &mut scene.aws.state().members[1..] {
        *status = "failed";
    }
    failed(scene.ensure().await, Error::UNSAFE);
    assert!(scene.asked().is_empty());
}

#[tokio::test]
async fn an_answer_that_was_lost_is_harmless() {
    for (kind, call) in [
        (DatabaseKind::MultiAzInstance, REBOOT),
        (DatabaseKind::Aurora, FAIL_OVER),
    ] {
        let scene = Scene::of(kind).await;
        scene.aws.state().fates.insert(call, Fate::AnswerLost);
        failed(scene.ensure().await, Error::UNAVAILABLE);
        failed(scene.ensure().await, Error::NOT_YET);
        assert_eq!(scene.asked().len(), 1);
    }
}

#[tokio::test]
async fn what_rds_refuses_has_its_name() {
    for (call, status, code, name) in [
        (REBOOT, 400, "InvalidDBInstanceState", Error::NOT_YET),
        (REBOOT, 400, "Throttling", Error::THROTTLED),
        (REBOOT, 503, "ServiceUnavailable", Error::UNAVAILABLE),
        (REBOOT, 403, "AccessDenied", Error::REFUSED),
        ("DescribeDBInstances", 400, "Throttling", Error::THROTTLED),
        ("DescribeDBInstances", 404, "DBInstanceNotFound", Error::REFUSED),
    ] {
        let scene = Scene::of(DatabaseKind::MultiAzInstance).await;
        scene.aws.state().fates.insert(call, Fate::Refused(status, code));
        let words = failed(scene.ensure().await, name);
        assert!(words.contains(call), "{words}");
    }
}

#[tokio::test]
async fn a_run_that_lost_its_lock_or_was_stopped_moves_nothing() {
    let scene = Scene::of(DatabaseKind::Aurora).await;
    let stop = Stop {
        at: now(),
        by: "on call".to_owned(),
        because: "not this".to_owned(),
    };
    let stopped = scene
        .journal
        .request_stop(&scene.run.system, &scene.run.incident, &stop);
    stopped.await.expect("noted");
    failed(scene.ensure().await, Error::UNSAFE);
    let released = scene
        .journal
        .release_lock(&scene.run.system, &scene.run.incident, now());
    assert!(released.await.expect("answers"));
    failed(scene.ensure().await, Error::LOCK_LOST);
    scene.locked_by("another").await;
    failed(scene.ensure().await, Error::LOCK_LOST);
    assert!(scene.asked().is_empty());
}

#[tokio::test]
async fn another_region_has_nothing_to_say_about_it() {
    let scene = Scene::of(DatabaseKind::Aurora).await;
    let words = failed(scene.ensure_in("eu-west-1").await, Error::INVALID_INPUT);
    assert!(words.contains("eu-central-1"), "{words}");
}

#[tokio::test]
async fn of_two_readers_of_one_tier_the_one_that_lags_less_is_promoted() {
    for (first, second, target) in [(900.0, 20.0, "to shop-db-3"), (20.0, 900.0, "to shop-db-2")] {
        let scene = Scene::of(DatabaseKind::Aurora).await;
        {
            let mut state = scene.aws.state();
            state.members[1].3 = 1;
            state.lags = [("shop-db-2", first), ("shop-db-3", second)]
                .map(|(instance, lag)| (("AuroraReplicaLag", instance), vec![lag]))
                .into();
        }
        failed(scene.ensure().await, Error::NOT_YET);
        assert_eq!(scene.asked(), [target]);
    }
}

#[tokio::test]
async fn lag_is_the_newest_datapoint_in_milliseconds_and_what_is_no_lag_is_not_known() {
    let aws = Aws::new();
    let names = ["late", "early", "unknown", "nonsense", "endless", "none"];
    let readers = names.map(|instance| Reader {
        instance: instance.to_owned(),
        zone: Zone("eu-central-1b".to_owned()),
        status: "available".to_owned(),
        tier: 1,
    });
    // Before a replica has begun to follow, RDS tells -1.
    let lags = [
        vec![0.9, 7.0],
        vec![0.2],
        vec![-1.0],
        vec![f64::NAN],
        vec![f64::INFINITY],
        vec![],
    ];
    aws.state().lags = ["ReplicaLag", "AuroraReplicaLag"]
        .into_iter()
        .flat_map(|metric| names.map(|name| (metric, name)).into_iter().zip(lags.clone()))
        .collect();
    let known = |late: u64, early: u64| {
        let known = [("late".to_owned(), late), ("early".to_owned(), early)];
        LagMs::from(known)
    };
    for (kind, expected) in [
        (DatabaseKind::MultiAzCluster, known(900, 200)),
        (DatabaseKind::Aurora, known(0, 0)),
    ] {
        let lag = read_lag(&aws.cloudwatch(), kind, &readers, now()).await;
        assert_eq!(lag.expect("answers"), expected, "{kind}");
    }
}
