//! The conditions of `cache`, against an ElastiCache that goes wrong in every way these APIs know.

mod aws;
mod one_region;

use std::sync::Arc;

use aws_sdk_elasticache::types::AutomaticFailoverStatus;
use cache::Steps;
use domain::clock::Clock;
use domain::duration::Duration;
use domain::journal::{Journal, Stop};
use domain::names::{Epoch, IncidentId, Recovery};
use domain::step::{Error, Result, Step};
use domain::steps::Run;
use domain::steps::cache::Input;
use domain::system::{System, Systems};
use jiff::Timestamp;
use journal::MemoryJournal;
use serde_json::Value;

use self::aws::{Aws, Fate};

const LEASE: Duration = Duration::from_mins(120);
const GLOBAL: &str = "FailoverGlobalReplicationGroup";
const TEST: &str = "TestFailover";

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn now() -> Timestamp {
    "2026-10-01T07:16:00Z".parse().expect("a timestamp")
}

fn incident(name: &str) -> IncidentId {
    name.parse().expect("an incident")
}

fn run() -> Run {
    Run {
        system: "shop".parse().expect("a name"),
        incident: incident("this"),
        recovery: Recovery::FailOverRegion,
        opened_at: now(),
        because: "two alarms".to_owned(),
    }
}

/// The system as its file says it, with one thing changed.
fn shop(from: &str, to: &str) -> System {
    let text = include_str!("../systems/shop.toml");
    assert!(text.contains(from), "the file does not hold {from}");
    domain::system::read(&text.replacen(from, to, 1)).expect("coherent")
}

/// ElastiCache in Dublin, a run that holds the lock with epoch 1, and the function there.
struct Scene {
    aws: Aws,
    journal: MemoryJournal,
    shop: System,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self {
            aws: Aws::new(),
            journal: MemoryJournal::new(),
            shop: shop("", ""),
        };
        scene.locked_by("this").await;
        scene
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
        assert!(
            self.journal
                .release_lock(&run.system, &run.incident, now())
                .await
                .expect("answers")
        );
    }

    async fn stopped(&self) {
        let run = run();
        let stop = Stop {
            at: now(),
            by: "on call".to_owned(),
            because: "not this".to_owned(),
        };
        let stopped = self.journal.request_stop(&run.system, &run.incident, &stop).await;
        stopped.expect("noted");
    }

    async fn ensure_in(&self, region: &str, input: Input) -> Result<Value> {
        let steps = Steps {
            systems: Systems::from(vec![self.shop.clone()]),
            region: region.parse().expect("a Region"),
            elasticache: self.aws.client(),
            journal: self.journal.clone(),
            clock: Arc::new(At(now())),
        };
        steps.ensure(input).await
    }

    async fn promoted_here(&self) -> Result<Value> {
        self.ensure_in(
            "eu-west-1",
            Input::PromotedHere {
                run: run(),
                epoch: Epoch(1),
            },
        )
        .await
    }

    async fn primary_moved(&self) -> Result<Value> {
        let away_from = "shop-001".to_owned();
        self.ensure_in(
            "eu-west-1",
            Input::PrimaryMoved {
                run: run(),
                epoch: Epoch(1),
                away_from,
            },
        )
        .await
    }

    /// What was said with each call of that name.
    fn calls(&self, name: &str) -> Vec<String> {
        let caches = self.aws.caches();
        let calls = caches.calls.iter().filter(|(call, _)| *call == name);
        calls.map(|(_, said)| said.clone()).collect()
    }
}

fn seen(answer: &Value) -> &str {
    assert_eq!(answer["at"], "2026-10-01T07:16:00Z");
    answer["seen"][0].as_str().expect("words")
}

/// The words of an error that must have that name.
#[track_caller]
fn failed<T: std::fmt::Debug>(answer: Result<T>, name: &str) -> String {
    let error = answer.expect_err("fails");
    assert_eq!(error.name(), name, "{error}");
    error.to_string()
}

#[tokio::test]
async fn the_datastore_is_failed_over_once_awaited_and_seen() {
    let scene = Scene::new().await;
    let words = failed(scene.promoted_here().await, Error::NOT_YET);
    assert!(
        words.contains(
            "elasticache:FailoverGlobalReplicationGroup of ldgnf-shop to shop-cache-standby in eu-west-1 accepted"
        ),
        "{words}"
    );
    let words = failed(scene.promoted_here().await, Error::NOT_YET);
    assert!(words.contains("ldgnf-shop modifying"), "{words}");
    scene.aws.caches().datastore = Some("available");
    let answer = scene.promoted_here().await.expect("promoted");
    assert_eq!(
        seen(&answer),
        "ldgnf-shop available, shop-cache in eu-central-1 SECONDARY associated, shop-cache-standby in eu-west-1 \
         PRIMARY associated"
    );
    assert_eq!(scene.calls(GLOBAL), ["shop-cache-standby in eu-west-1"]);
    assert_eq!(
        scene.calls("DescribeGlobalReplicationGroups"),
        ["Some(true)"; 3],
        "without members there is no role"
    );
}

#[tokio::test]
async fn a_system_without_a_datastore_asks_nobody() {
    let mut scene = Scene::new().await;
    scene.shop = shop("global-datastore = \"ldgnf-shop\"\n", "");
    scene.unlocked().await;
    let answer = scene.promoted_here().await.expect("nothing to do");
    assert_eq!(seen(&answer), "shop has no global datastore");
    assert!(scene.aws.caches().calls.is_empty());
}

#[tokio::test]
async fn a_primary_that_is_here_already_is_left_alone_whoever_holds_the_lock() {
    let scene = Scene::new().await;
    scene.unlocked().await;
    let input = Input::PromotedHere {
        run: run(),
        epoch: Epoch(1),
    };
    scene
        .ensure_in("eu-central-1", input)
        .await
        .expect("it is in Frankfurt");
    assert_eq!(scene.calls(GLOBAL).len(), 0);
}

#[tokio::test]
async fn a_failover_whose_answer_was_lost_is_seen_and_not_repeated() {
    let scene = Scene::new().await;
    scene.aws.caches().fates.insert(GLOBAL, Fate::AnswerLost);
    failed(scene.promoted_here().await, Error::UNAVAILABLE);
    failed(scene.promoted_here().await, Error::NOT_YET);
    scene.aws.caches().datastore = Some("available");
    scene.promoted_here().await.expect("promoted");
    assert_eq!(scene.calls(GLOBAL).len(), 1);

    let scene = Scene::new().await;
    scene.aws.caches().fates.insert(TEST, Fate::AnswerLost);
    failed(scene.primary_moved().await, Error::UNAVAILABLE);
    scene.aws.caches().group = Some("available");
    scene.primary_moved().await.expect("moved");
    assert_eq!(scene.calls(TEST).len(), 1);
}

#[tokio::test]
async fn what_elasticache_refuses_has_its_name() {
    let table = [
        (GLOBAL, 400, "InvalidGlobalReplicationGroupState", Error::NOT_YET),
        (GLOBAL, 404, "GlobalReplicationGroupNotFoundFault", Error::REFUSED),
        (GLOBAL, 400, "InvalidParameterValue", Error::REFUSED),
        (GLOBAL, 400, "InvalidParameterCombination", Error::REFUSED),
        (GLOBAL, 403, "AccessDenied", Error::REFUSED),
        (GLOBAL, 400, "Throttling", Error::THROTTLED),
        (GLOBAL, 503, "ServiceUnavailable", Error::UNAVAILABLE),
        (TEST, 400, "InvalidReplicationGroupState", Error::NOT_YET),
        (TEST, 400, "InvalidCacheClusterState", Error::NOT_YET),
        (TEST, 400, "InvalidParameterCombination", Error::REFUSED),
        (TEST, 404, "NodeGroupNotFoundFault", Error::REFUSED),
        (TEST, 400, "Throttling", Error::THROTTLED),
        (TEST, 500, "InternalFailure", Error::UNAVAILABLE),
    ];
    for (call, status, code, name) in table {
        let scene = Scene::new().await;
        scene
            .aws
            .caches()
            .fates
            .insert(call, Fate::Refused(status, code, "in AWS's words"));
        let answer = match call {
            GLOBAL => scene.promoted_here().await,
            _ => scene.primary_moved().await,
        };
        let words = failed(answer, name);
        assert!(
            words.contains(&format!("elasticache:{call}: {code}: in AWS's words")),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_failover_that_elasticache_does_not_allow_says_what_a_person_can_do() {
    for (code, name) in [
        ("APICallRateForCustomerExceeded", Error::THROTTLED),
        ("TestFailoverNotAvailableFault", Error::REFUSED),
    ] {
        let scene = Scene::new().await;
        scene
            .aws
            .caches()
            .fates
            .insert(TEST, Fate::Refused(400, code, "no"));
        let words = failed(scene.primary_moved().await, name);
        assert!(
            words.contains(code) && words.contains("promote a replica (ModifyReplicationGroup"),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_datastore_that_cannot_be_used_is_unsafe_or_refused() {
    let scene = Scene::new().await;
    scene.aws.caches().members.pop();
    let words = failed(scene.promoted_here().await, Error::UNSAFE);
    assert!(words.contains("no member of the global datastore"), "{words}");
    scene.aws.caches().datastore = None;
    let words = failed(scene.promoted_here().await, Error::REFUSED);
    assert!(words.contains("no global datastore `ldgnf-shop`"), "{words}");
    assert_eq!(scene.calls(GLOBAL).len(), 0);
}

#[tokio::test]
async fn a_run_that_lost_its_lock_or_was_stopped_moves_nothing() {
    let scene = Scene::new().await;
    scene.unlocked().await;
    failed(scene.promoted_here().await, Error::LOCK_LOST);
    scene.locked_by("another").await;
    failed(scene.primary_moved().await, Error::LOCK_LOST);
    assert_eq!(scene.calls(GLOBAL).len() + scene.calls(TEST).len(), 0);

    let scene = Scene::new().await;
    scene.stopped().await;
    for answer in [scene.promoted_here().await, scene.primary_moved().await] {
        let words = failed(answer, Error::UNSAFE);
        assert!(words.contains("stopped by on call, because not this"), "{words}");
    }
    assert_eq!(scene.calls(GLOBAL).len() + scene.calls(TEST).len(), 0);
}

#[tokio::test]
async fn a_primary_node_is_moved_once_awaited_and_seen() {
    let scene = Scene::new().await;
    let words = failed(scene.primary_moved().await, Error::NOT_YET);
    assert!(
        words.contains("elasticache:TestFailover of node group 0001 of shop-cache-standby accepted"),
        "{words}"
    );
    let words = failed(scene.primary_moved().await, Error::NOT_YET);
    assert!(words.contains("shop-cache-standby modifying"), "{words}");
    scene.aws.caches().group = Some("available");
    let answer = scene.primary_moved().await.expect("moved");
    assert_eq!(
        seen(&answer),
        "shop-cache-standby available, node group 0001 available: shop-001 (replica) in eu-west-1a shop-002 \
         (primary) in eu-west-1a"
    );
    assert_eq!(scene.calls(TEST), ["0001"]);
}

#[tokio::test]
async fn a_group_that_cannot_be_failed_over_is_unsafe_or_refused() {
    let scene = Scene::new().await;
    scene.aws.caches().automatic_failover = AutomaticFailoverStatus::Disabled;
    let words = failed(scene.primary_moved().await, Error::UNSAFE);
    assert!(words.contains("automatic failover is not enabled"), "{words}");
    scene.aws.caches().nodes = vec![("shop-001", None), ("shop-002", None)];
    let words = failed(scene.primary_moved().await, Error::UNSAFE);
    assert!(words.contains("cluster mode"), "{words}");
    scene.aws.caches().group = None;
    let words = failed(scene.primary_moved().await, Error::REFUSED);
    assert!(
        words.contains("no replication group `shop-cache-standby`"),
        "{words}"
    );
    assert_eq!(scene.calls(TEST).len(), 0);
}

#[tokio::test]
async fn a_system_without_a_cache_here_has_no_primary_to_move() {
    let mut scene = Scene::new().await;
    scene.shop = shop("global-datastore = \"ldgnf-shop\"\n", "");
    for site in scene
        .shop
        .region_failover
        .iter_mut()
        .flat_map(|shared| &mut shared.sites)
    {
        site.cache = None;
    }
    let words = failed(scene.primary_moved().await, Error::INVALID_INPUT);
    assert!(words.contains("names no `cache` in eu-west-1"), "{words}");
}
