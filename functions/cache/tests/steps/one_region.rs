//! A system of one Region: its cache is failed over when it does not serve, and moved out of a zone.

use domain::journal::AlarmSeen;
use domain::names::Zone;
use domain::step;
use domain::steps::plan::{Plan, Verdict, What};

use super::*;

const ALARM: &str = "store-cache-down";

/// The system `store`, whose cache has a node in each of two zones.
async fn store() -> Scene {
    let scene = Scene {
        aws: Aws::new(),
        journal: MemoryJournal::new(),
        shop: domain::system::read(include_str!("../systems/store.toml")).expect("coherent"),
    };
    scene.aws.caches().zones = vec!["eu-west-1a", "eu-west-1b"];
    let taken = scene
        .journal
        .take_lock(&run_of_store().system, &incident("this"), now(), LEASE)
        .await;
    taken.expect("free");
    scene
}

fn run_of_store() -> Run {
    Run {
        system: "store".parse().expect("a name"),
        recovery: Recovery::FailOverCache,
        ..run()
    }
}

impl Scene {
    async fn alarm(&self, in_alarm: bool) {
        self.alarm_since(in_alarm, 120).await;
    }

    async fn alarm_since(&self, in_alarm: bool, seconds_ago: u64) {
        let seen = AlarmSeen {
            in_alarm,
            changed_at: now() - domain::duration::Duration::from_secs(seconds_ago).signed(),
        };
        let noted = self.journal.note_alarm(&run_of_store().system, ALARM, seen).await;
        noted.expect("noted");
    }

    async fn planned(&self) -> Result<Plan> {
        let run = run_of_store();
        let answer = self
            .ensure_in("eu-west-1", Input::CacheFailoverPlanned { run })
            .await?;
        step::input(&answer)
    }

    async fn moved_away_from(&self, away_from: &str) -> Result<Value> {
        let (run, epoch) = (run_of_store(), Epoch(1));
        let away_from = away_from.to_owned();
        let input = Input::PrimaryMoved {
            run,
            epoch,
            away_from,
        };
        self.ensure_in("eu-west-1", input).await
    }

    async fn out_of_zone(&self, zone: &str) -> Result<Value> {
        let (run, epoch) = (run_of_store(), Epoch(1));
        let zone = Zone(zone.to_owned());
        let input = Input::PrimaryOutOfZone { run, epoch, zone };
        self.ensure_in("eu-west-1", input).await
    }
}

#[tokio::test]
async fn a_primary_that_does_not_serve_is_planned_and_moved() {
    let scene = store().await;
    scene.alarm(true).await;
    let plan = scene.planned().await.expect("planned");
    assert_eq!(plan.verdict, Verdict::Act);
    assert_eq!(
        plan.what,
        What::FailOverCache {
            away_from: "shop-001".to_owned()
        }
    );
    assert!(
        plan.seen[0].contains("store-cache-down is in ALARM since"),
        "{plan:?}"
    );

    let words = failed(scene.moved_away_from("shop-001").await, Error::NOT_YET);
    assert!(words.contains("of store-cache accepted"), "{words}");
    failed(scene.moved_away_from("shop-001").await, Error::NOT_YET);
    scene.aws.caches().group = Some("available");
    scene.moved_away_from("shop-001").await.expect("moved");
    assert_eq!(scene.calls(TEST), ["0001"]);
}

#[tokio::test]
async fn a_cache_that_serves_is_left_alone() {
    let scene = store().await;
    assert_eq!(
        scene.planned().await.expect("planned").verdict,
        Verdict::StandDown
    );
    scene.alarm(true).await;
    let (shop, later) = (run_of_store().system, now() + Duration::from_secs(1).signed());
    let over = AlarmSeen {
        in_alarm: false,
        changed_at: later,
    };
    scene.journal.note_alarm(&shop, ALARM, over).await.expect("noted");
    assert_eq!(
        scene.planned().await.expect("planned").verdict,
        Verdict::StandDown
    );
}

#[tokio::test]
async fn an_alarm_that_has_just_risen_may_be_of_a_failover_of_elasticaches_own() {
    for (seconds_ago, settled) in [(0, false), (74, false), (75, true)] {
        let scene = store().await;
        scene.alarm_since(true, seconds_ago).await;
        let planned = scene.planned().await;
        if settled {
            assert_eq!(planned.expect("planned").verdict, Verdict::Act);
        } else {
            let words = failed(planned, Error::NOT_YET);
            assert!(words.contains("watched a little longer"), "{words}");
        }
    }
}

#[tokio::test]
async fn while_elasticache_is_at_it_nothing_is_planned() {
    let scene = store().await;
    scene.alarm(true).await;
    scene.aws.caches().group = Some("modifying");
    failed(scene.planned().await, Error::NOT_YET);
}

#[tokio::test]
async fn without_a_replica_nobody_can_be_promoted() {
    let scene = store().await;
    scene.alarm(true).await;
    scene.aws.caches().nodes.pop();
    let words = failed(scene.planned().await, Error::UNSAFE);
    assert!(words.contains("no replica"), "{words}");
}

#[tokio::test]
async fn a_primary_in_the_zone_is_moved_once_and_elsewhere_left_alone() {
    let scene = store().await;
    failed(scene.out_of_zone("eu-west-1a").await, Error::NOT_YET);
    // ElastiCache makes a new replica in the zone, for as long as the zone is sick.
    let answer = scene.out_of_zone("eu-west-1a").await.expect("moved");
    assert!(
        seen(&answer).contains("shop-002 (primary) in eu-west-1b"),
        "{answer}"
    );
    assert_eq!(scene.calls(TEST), ["0001"]);

    let scene = store().await;
    scene.out_of_zone("eu-west-1c").await.expect("nothing there");
    assert_eq!(scene.calls(TEST).len(), 0);
}

#[tokio::test]
async fn a_move_out_of_a_zone_whose_answer_was_lost_is_seen_and_not_repeated() {
    let scene = store().await;
    scene.aws.caches().fates.insert(TEST, Fate::AnswerLost);
    failed(scene.out_of_zone("eu-west-1a").await, Error::UNAVAILABLE);
    scene.out_of_zone("eu-west-1a").await.expect("moved");
    assert_eq!(scene.calls(TEST).len(), 1);
}

#[tokio::test]
async fn a_cache_without_a_replica_elsewhere_stays_and_says_so() {
    let scene = store().await;
    scene.aws.caches().zones.clear();
    let words = failed(scene.out_of_zone("eu-west-1a").await, Error::UNSAFE);
    assert!(words.contains("no replica outside of the zone"), "{words}");
}

#[tokio::test]
async fn a_run_that_lost_its_lock_moves_nothing_out_of_a_zone() {
    let scene = store().await;
    let system = run_of_store().system;
    let released = scene
        .journal
        .release_lock(&system, &incident("this"), now())
        .await;
    assert!(released.expect("answers"));
    failed(scene.out_of_zone("eu-west-1a").await, Error::LOCK_LOST);
    failed(scene.moved_away_from("shop-001").await, Error::LOCK_LOST);
    assert_eq!(scene.calls(TEST).len(), 0);
}

#[tokio::test]
async fn what_elasticache_refuses_has_its_name_here_too() {
    for (status, code, name) in [
        (400, "Throttling", Error::THROTTLED),
        (503, "ServiceUnavailable", Error::UNAVAILABLE),
        (404, "ReplicationGroupNotFoundFault", Error::REFUSED),
    ] {
        let scene = store().await;
        let fate = Fate::Refused(status, code, "in AWS's words");
        scene.aws.caches().fates.insert("DescribeReplicationGroups", fate);
        failed(scene.planned().await, name);
        failed(scene.out_of_zone("eu-west-1a").await, name);
    }
}

#[tokio::test]
async fn a_system_without_a_cache_has_none_to_fail_over_and_none_in_the_way() {
    let mut scene = store().await;
    scene.shop.cache = None;
    let words = failed(scene.planned().await, Error::INVALID_INPUT);
    assert!(words.contains("add a table [cache]"), "{words}");
    failed(scene.moved_away_from("shop-001").await, Error::INVALID_INPUT);
    let answer = scene.out_of_zone("eu-west-1a").await.expect("nothing in the way");
    assert_eq!(seen(&answer), "store has no cache");
    assert!(scene.aws.caches().calls.is_empty());
}

#[tokio::test]
async fn another_region_has_nothing_to_say_about_it() {
    let scene = store().await;
    let run = run_of_store();
    let answer = scene
        .ensure_in("eu-central-1", Input::CacheFailoverPlanned { run })
        .await;
    let words = failed(answer, Error::INVALID_INPUT);
    assert!(words.contains("eu-west-1"), "{words}");
}
