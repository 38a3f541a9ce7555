//! `promotion-started`, `promoted` and `writable-here`.

use super::cloud::Fate;
use super::*;

use Promotion::{Detach, Regular};
use database::region::promoted::BEGUN_WITHIN_SECONDS;
use domain::step::BEGUN_BEFORE_SECONDS;

fn assessed(verdict: Verdict) -> RegionAssessment {
    let at_three = at("07:16:00");
    RegionAssessment {
        at: at_three,
        verdict,
        from: frankfurt(),
        to: dublin(),
        source_reachable: false,
        writer_in: None,
        lag: Some(Lag {
            lag_ms: 850,
            measured_at: at("07:15:00"),
            age_ms: 9_000,
        }),
        capacity: CapacityAssessment {
            standing: GroupSize {
                min: 2,
                desired: 2,
                max: 4,
            },
            source_in_service: None,
            needed: 6,
        },
        seen: vec![],
    }
}

fn given(accepted: &[Risk]) -> Option<Box<Approval>> {
    Some(Box::new(accepting(accepted)))
}

fn known(fence: Fence) -> Fencing {
    Fencing {
        at: jiff::Timestamp::UNIX_EPOCH,
        fence,
        writes_until: None,
        seen: vec![],
    }
}

fn everything() -> Option<Box<Approval>> {
    given(&Risk::ALL)
}

fn started(
    scene: &Scene,
    verdict: Verdict,
    fence: Fence,
    approval: Option<Box<Approval>>,
    how: Promotion,
) -> Input {
    if verdict == Verdict::FailOver {
        // What is lost answers nobody.
        scene.with(|state| state.applications.insert(APP_AT_HOME, Application::Silent));
    }
    Input::PromotionStarted {
        run: scene.run(),
        epoch: epoch(),
        region: Box::new(assessed(verdict)),
        fencing: known(fence),
        approval,
        how,
    }
}

fn failing_over(scene: &Scene) -> Input {
    started(scene, Verdict::FailOver, Fence::Unknown, everything(), Regular)
}

fn switching_over(scene: &Scene) -> Input {
    started(scene, Verdict::SwitchOver, Fence::Fenced, None, Regular)
}

fn promoted(scene: &Scene, how: Promotion, fence: Fence) -> Input {
    Input::Promoted {
        run: scene.run(),
        how,
        fence,
    }
}

fn lost(scene: &Scene) {
    scene.with(|state| state.lost.insert(frankfurt()));
}

fn moved(state: &mut State) {
    state.moving = None;
    state.members = vec![(ABROAD.into(), true), (AT_HOME.into(), false)];
}

#[tokio::test]
async fn a_global_cluster_is_failed_over_once_and_the_lost_region_is_not_needed() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    lost(&scene);
    let (name, words) = scene.refused(failing_over(&scene)).await;
    assert_eq!(name, "NotYet");
    assert!(words.contains("AllowDataLoss accepted"), "{words}");
    let answer = scene.ensure(failing_over(&scene)).await.expect("under way");
    assert!(
        seen(&answer).contains("failing-over to shop-db-eu-west-1 in eu-west-1"),
        "{}",
        seen(&answer)
    );
    let calls = scene.cloud.calls();
    assert!(
        calls.iter().all(|call| call.starts_with("eu-west-1")),
        "{calls:?}"
    );
    let asked = calls.iter().filter(|call| call.contains("Failover"));
    assert_eq!(asked.count(), 1, "{calls:?}");

    assert_eq!(
        scene.refused(promoted(&scene, Regular, Fence::Unknown)).await.0,
        "NotYet"
    );
    scene.with(moved);
    let answer = scene
        .ensure(promoted(&scene, Regular, Fence::Unknown))
        .await
        .expect("promoted");
    assert_eq!(answer["fence"], "unknown");
    // A repeated run after a half-finished one: both are true at once, and nobody is asked again.
    let again = started(&scene, Verdict::FailOver, Fence::Unknown, None, Regular);
    scene.ensure(again).await.expect("already the writer");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn a_failover_whose_answer_was_lost_is_seen_and_not_repeated() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    scene.with(|state| state.fates.insert("FailoverGlobalCluster", Fate::AnswerLost));
    assert_eq!(scene.refused(failing_over(&scene)).await.0, "Unavailable");
    scene.cloud.calls();
    scene.ensure(failing_over(&scene)).await.expect("under way");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn a_planned_move_is_a_switchover_and_needs_nobodys_approval() {
    let scene = Scene::new(Kind::Global, Recovery::SwitchOverRegion).await;
    assert_eq!(scene.refused(switching_over(&scene)).await.0, "NotYet");
    assert_eq!(scene.cloud.changes(), ["eu-west-1 SwitchoverGlobalCluster"]);
    scene.ensure(switching_over(&scene)).await.expect("under way");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn a_promotion_is_not_begun_when_the_machine_is_about_to_give_it_up() {
    for (kind, operation) in [
        (Kind::Global, "FailoverGlobalCluster"),
        (Kind::Replica, "PromoteReadReplica"),
    ] {
        let scene = Scene::new(kind, Recovery::FailOverRegion).await;
        let within = async |seconds| {
            let deadline = Deadline {
                since: now(),
                seconds,
                settled: 0,
            };
            let journal = scene.journal.clone();
            let ensured = scene.ensure_within(journal, failing_over(&scene), Some(deadline));
            ensured.await.expect_err("not yet").to_string()
        };
        let words = within(BEGUN_BEFORE_SECONDS).await;
        assert!(words.contains("too late to begin"), "{words}");
        assert!(scene.cloud.changes().is_empty());
        within(BEGUN_BEFORE_SECONDS + 5).await;
        assert_eq!(scene.cloud.changes(), [format!("eu-west-1 {operation}")]);
        // What is under way is seen, however late.
        let journal = scene.journal.clone();
        let deadline = Deadline {
            since: now(),
            seconds: 0,
            settled: 0,
        };
        let ensured = scene.ensure_within(journal, failing_over(&scene), Some(deadline));
        ensured.await.expect("under way");
    }
}

#[tokio::test]
async fn what_nobody_accepted_is_not_done() {
    use Risk::{DataLoss, NotFenced};
    let rejected = || {
        let mut approval = everything().expect("one");
        approval.answer = Answer::Rejected;
        Some(approval)
    };
    for kind in [Kind::Global, Kind::Replica] {
        let scene = Scene::new(kind, Recovery::FailOverRegion).await;
        let cases = [
            (None, Regular, "nobody approved"),
            (rejected(), Regular, "an engineer rejected it"),
            (given(&[]), Regular, "data-loss, not-fenced"),
            (given(&[DataLoss]), Regular, "without accepting not-fenced"),
            (given(&[NotFenced]), Regular, "without accepting data-loss"),
        ];
        for (approval, how, expected) in cases {
            let input = started(&scene, Verdict::FailOver, Fence::Unknown, approval, how);
            let (name, words) = scene.refused(input).await;
            assert_eq!(name, "Unsafe");
            assert!(words.contains(expected), "{words}");
        }
        let input = started(&scene, Verdict::StandDown, Fence::Fenced, everything(), Regular);
        assert_eq!(scene.refused(input).await.0, "Unsafe");
        assert!(scene.cloud.changes().is_empty());
    }
}

#[tokio::test]
async fn detaching_is_accepted_by_name_and_ends_as_a_database_of_its_own() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    let accepted = [Risk::DataLoss, Risk::NotFenced];
    let input = started(
        &scene,
        Verdict::FailOver,
        Fence::Unknown,
        given(&accepted),
        Detach,
    );
    let (name, words) = scene.refused(input).await;
    assert_eq!(name, "Unsafe");
    assert!(words.contains("without accepting detach"), "{words}");

    let detaching = || started(&scene, Verdict::FailOver, Fence::Unknown, everything(), Detach);
    assert_eq!(scene.refused(detaching()).await.0, "NotYet");
    assert_eq!(scene.cloud.changes(), ["eu-west-1 RemoveFromGlobalCluster"]);
    scene.ensure(detaching()).await.expect("detached");
    // A second run begins with the regular way, and finds it done.
    scene.ensure(failing_over(&scene)).await.expect("detached");
    let input = started(
        &scene,
        Verdict::FailOver,
        Fence::Unknown,
        given(&accepted),
        Regular,
    );
    assert_eq!(scene.refused(input).await.0, "Unsafe");

    scene.database(&dublin(), "shop-db-eu-west-1", |database| {
        database.status = "promoting"
    });
    assert_eq!(
        scene.refused(promoted(&scene, Detach, Fence::Unknown)).await.0,
        "NotYet"
    );
    scene.database(&dublin(), "shop-db-eu-west-1", |database| {
        database.status = "available"
    });
    scene
        .ensure(promoted(&scene, Detach, Fence::Unknown))
        .await
        .expect("promoted");
    assert!(scene.cloud.changes().is_empty());
}

/// Aurora, and a cluster of its own.
fn detached(state: &mut State) {
    state.members = vec![(AT_HOME.into(), true)];
}

#[tokio::test]
async fn an_answer_that_the_journal_does_not_keep_promotes_nothing() {
    for (kind, is_detached) in [
        (Kind::Global, false),
        (Kind::Global, true),
        (Kind::Replica, false),
    ] {
        let scene = Scene::unanswered(kind, Recovery::FailOverRegion).await;
        if is_detached {
            scene.with(detached);
        }
        let unsafely = async |expected: &str| {
            let (name, words) = scene.refused(failing_over(&scene)).await;
            assert_eq!(name, "Unsafe", "{words}");
            assert!(words.contains(expected), "{words}");
            assert!(scene.cloud.changes().is_empty());
        };
        unsafely("knows no question of this run").await;
        scene.asked().await;
        unsafely("keeps no answer").await;
        scene.answered(&accepting(&[Risk::DataLoss])).await;
        unsafely("keeps another answer: approved by an engineer").await;
    }
}

#[tokio::test]
async fn a_journal_that_does_not_answer_is_asked_again_and_nothing_is_promoted_meanwhile() {
    let silent = [
        (500, "InternalServerError", "Unavailable"),
        (400, "ThrottlingException", "Throttled"),
    ];
    for (kind, is_detached) in [
        (Kind::Global, false),
        (Kind::Global, true),
        (Kind::Replica, false),
    ] {
        for (status, code, expected) in silent {
            let scene = Scene::new(kind, Recovery::FailOverRegion).await;
            if is_detached {
                scene.with(detached);
            }
            scene.with(|state| state.fates.insert("GetItem", Fate::Refused(status, code)));
            let journal = DynamoJournal::new(scene.cloud.dynamodb(&scene.here), "evenkeel-journal");
            let error = scene.ensure_by(journal, failing_over(&scene)).await;
            assert_eq!(error.expect_err("not known").name(), expected);
            let calls = scene.cloud.calls();
            assert!(
                calls.iter().all(|call| call.starts_with("eu-west-1")),
                "the Region that may be lost is not asked: {calls:?}"
            );
            assert!(calls.contains(&"eu-west-1 GetItem".to_owned()), "{calls:?}");
            let looks = ["Describe", "GetItem"];
            assert!(
                calls
                    .iter()
                    .all(|call| looks.iter().any(|look| call.contains(look))),
                "{calls:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_planned_move_never_detaches() {
    let scene = Scene::new(Kind::Global, Recovery::SwitchOverRegion).await;
    let input = started(&scene, Verdict::SwitchOver, Fence::Fenced, everything(), Detach);
    assert_eq!(scene.refused(input).await.0, "Unsafe");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn states_in_which_rds_refuses_pass_and_other_refusals_do_not() {
    let cases = [
        (
            "FailoverGlobalCluster",
            400,
            "InvalidGlobalClusterStateFault",
            "NotYet",
        ),
        (
            "FailoverGlobalCluster",
            400,
            "InvalidDBClusterStateFault",
            "NotYet",
        ),
        (
            "FailoverGlobalCluster",
            404,
            "GlobalClusterNotFoundFault",
            "Refused",
        ),
        ("FailoverGlobalCluster", 400, "Throttling", "Throttled"),
        (
            "DescribeGlobalClusters",
            404,
            "GlobalClusterNotFoundFault",
            "Refused",
        ),
        ("DescribeGlobalClusters", 503, "ServiceUnavailable", "Unavailable"),
    ];
    for (call, status, code, expected) in cases {
        let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
        scene.with(|state| state.fates.insert(call, Fate::Refused(status, code)));
        assert_eq!(
            scene.refused(failing_over(&scene)).await.0,
            expected,
            "{call} {code}"
        );
    }
}

#[tokio::test]
async fn what_is_on_its_way_elsewhere_is_waited_for_and_what_is_elsewhere_is_left_alone() {
    let third = "arn:aws:rds:us-east-1:111122223333:cluster:shop-db";
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    for (status, to) in [
        ("cancelling", ABROAD),
        ("switching-over", third),
        ("failing-over", third),
    ] {
        scene.with(|state| state.moving = Some((status, to.into())));
        let (name, words) = scene.refused(failing_over(&scene)).await;
        assert_eq!(name, "NotYet", "{status}");
        let may_lose = status == "failing-over";
        assert_eq!(words.contains("data loss allowed"), may_lose, "{words}");
    }
    scene.with(|state| state.moving = Some(("pending", ABROAD.into())));
    let detaching = started(&scene, Verdict::FailOver, Fence::Unknown, everything(), Detach);
    assert_eq!(scene.refused(detaching).await.0, "NotYet");

    scene.with(|state| {
        state.moving = None;
        state.members = vec![
            (third.into(), true),
            (ABROAD.into(), false),
            (AT_HOME.into(), false),
        ];
    });
    assert_eq!(scene.refused(failing_over(&scene)).await.0, "Unsafe");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn a_run_that_lost_its_lock_or_was_stopped_promotes_nothing() {
    for kind in [Kind::Global, Kind::Replica] {
        let scene = Scene::new(kind, Recovery::FailOverRegion).await;
        scene.stopped().await;
        assert_eq!(scene.refused(failing_over(&scene)).await.0, "Unsafe");
        scene.unlocked().await;
        assert_eq!(scene.refused(failing_over(&scene)).await.0, "LockLost");
        assert!(scene.cloud.changes().is_empty());
    }
}

#[tokio::test]
async fn an_assessment_of_another_move_is_no_ground() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    // The way back, and a move of which only one end is this one's.
    for (from, to) in [
        (dublin(), frankfurt()),
        (dublin(), dublin()),
        (frankfurt(), frankfurt()),
    ] {
        let mut region = assessed(Verdict::FailOver);
        (region.from, region.to) = (from, to);
        let input = Input::PromotionStarted {
            run: scene.run(),
            epoch: epoch(),
            region: Box::new(region),
            fencing: known(Fence::Fenced),
            approval: everything(),
            how: Regular,
        };
        assert_eq!(scene.refused(input).await.0, "InvalidInput");
    }
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn a_target_that_is_still_cut_off_is_opened_before_it_is_promoted() {
    for (kind, call) in [
        (Kind::Global, "eu-west-1 ModifyDBCluster"),
        (Kind::Replica, "eu-west-1 ModifyDBInstance"),
    ] {
        let scene = Scene::new(kind, Recovery::FailOverRegion).await;
        let group = |id: &str, status| vec![(id.to_owned(), status)];
        scene.database(&dublin(), "shop-db-eu-west-1", |database| {
            database.groups = group("sg-44444444444444444", "active")
        });
        assert_eq!(scene.refused(failing_over(&scene)).await.0, "NotYet");
        assert_eq!(scene.cloud.changes(), [call]);
        assert_eq!(scene.refused(failing_over(&scene)).await.0, "NotYet");
        assert!(scene.cloud.changes().is_empty(), "the groups are changing");
        scene.database(&dublin(), "shop-db-eu-west-1", |database| {
            database.groups = group("sg-33333333333333333", "active")
        });
        assert_eq!(scene.refused(failing_over(&scene)).await.0, "NotYet");
        let changes = scene.cloud.changes();
        assert!(
            changes == ["eu-west-1 FailoverGlobalCluster"] || changes == ["eu-west-1 PromoteReadReplica"],
            "{changes:?}"
        );
    }
}

#[tokio::test]
async fn a_replica_is_promoted_once_and_not_while_it_is_backed_up() {
    let scene = Scene::new(Kind::Replica, Recovery::FailOverRegion).await;
    lost(&scene);
    let replica = |change: fn(&mut Database)| scene.database(&dublin(), "shop-db-eu-west-1", change);
    replica(|database| database.status = "backing-up");
    let (name, words) = scene.refused(failing_over(&scene)).await;
    assert_eq!(name, "NotYet");
    assert!(words.contains("backing-up"), "{words}");
    assert!(scene.cloud.changes().is_empty());

    replica(|database| database.status = "available");
    scene.with(|state| {
        state
            .fates
            .insert("PromoteReadReplica", Fate::Refused(400, "InvalidDBInstanceState"))
    });
    assert_eq!(scene.refused(failing_over(&scene)).await.0, "NotYet");
    scene.with(|state| state.fates.insert("PromoteReadReplica", Fate::AnswerLost));
    assert_eq!(scene.refused(failing_over(&scene)).await.0, "Unavailable");
    scene.cloud.calls();
    scene.ensure(failing_over(&scene)).await.expect("under way");
    replica(|database| database.replication = Some("replicating"));
    assert_eq!(
        scene.refused(failing_over(&scene)).await.0,
        "NotYet",
        "it is modified by something else"
    );
    replica(|database| database.replication = Some("terminated"));
    scene.ensure(failing_over(&scene)).await.expect("under way");
    assert!(scene.cloud.changes().is_empty());
    assert_eq!(
        scene.refused(promoted(&scene, Regular, Fence::Unknown)).await.0,
        "NotYet"
    );

    // It serves while RDS backs it up for the first time.
    replica(|database| {
        database.source = None;
        database.status = "backing-up";
    });
    scene.ensure(failing_over(&scene)).await.expect("promoted");
    let answer = scene
        .ensure(promoted(&scene, Regular, Fence::TimedOut))
        .await
        .expect("promoted");
    assert_eq!(answer["fence"], "timed-out");
    let calls = scene.cloud.calls();
    assert!(
        calls.iter().all(|call| call.starts_with("eu-west-1")),
        "{calls:?}"
    );
}

#[tokio::test]
async fn a_replica_is_promoted_when_it_follows_nobody_and_serves() {
    let scene = Scene::new(Kind::Replica, Recovery::FailOverRegion).await;
    let replica = |change: fn(&mut Database)| scene.database(&dublin(), "shop-db-eu-west-1", change);
    let promoted = || promoted(&scene, Regular, Fence::Unknown);
    assert_eq!(scene.refused(promoted()).await.0, "NotYet", "it follows");
    replica(|database| {
        database.source = None;
        database.status = "rebooting";
    });
    assert_eq!(scene.refused(promoted()).await.0, "NotYet", "it does not serve");
    replica(|database| database.status = "available");
    scene.ensure(promoted()).await.expect("promoted");
}

#[tokio::test]
async fn a_planned_move_waits_a_minute_for_a_promotion_of_which_nothing_is_seen() {
    for (kind, recovery, after) in [
        (Kind::Global, Recovery::SwitchOverRegion, "Unsafe"),
        (Kind::Replica, Recovery::SwitchOverRegion, "Unsafe"),
        // Whoever lost a Region waits for as long as the machine does.
        (Kind::Global, Recovery::FailOverRegion, "NotYet"),
        (Kind::Replica, Recovery::FailOverRegion, "NotYet"),
    ] {
        let scene = Scene::new(kind, recovery).await;
        let waited = async |seconds| {
            let deadline = Deadline {
                since: now() - jiff::SignedDuration::from_secs(seconds),
                seconds: 900,
                settled: 0,
            };
            let promoted = promoted(&scene, Regular, Fence::Fenced);
            let ensured = scene.ensure_within(scene.journal.clone(), promoted, Some(deadline));
            ensured.await.expect_err("nothing was begun")
        };
        assert_eq!(
            waited(BEGUN_WITHIN_SECONDS - 1).await.name(),
            "NotYet",
            "{recovery}"
        );
        let error = waited(BEGUN_WITHIN_SECONDS).await;
        assert_eq!(error.name(), after, "{recovery}: {error}");
        if after == "Unsafe" {
            assert!(error.to_string().contains("no promotion is under way"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_planned_promotion_waits_until_everything_has_arrived_from_a_fenced_source() {
    let scene = Scene::new(Kind::Replica, Recovery::SwitchOverRegion).await;
    let unfenced = started(&scene, Verdict::SwitchOver, Fence::Unknown, None, Regular);
    assert_eq!(scene.refused(unfenced).await.0, "Unsafe");
    for (datapoint, expected) in [
        (None, "no datapoint"),
        (Some(("07:15:00", 0.0)), "not everything has arrived"),
        (Some(("07:17:00", 2.0)), "2000 ms"),
        (Some(("07:17:00", -1.0)), "no datapoint"),
    ] {
        let points = datapoint.map(|(time, lag)| (at(time), lag));
        scene.with(|state| state.lag.insert(dublin(), points.into_iter().collect()));
        let (name, words) = scene.refused(switching_over(&scene)).await;
        assert_eq!(name, "NotYet");
        assert!(words.contains(expected), "{words}");
    }
    assert!(scene.cloud.changes().is_empty());
    scene.with(|state| state.lag.insert(dublin(), vec![(at("07:17:00"), 0.0)]));
    assert_eq!(scene.refused(switching_over(&scene)).await.0, "NotYet");
    assert_eq!(scene.cloud.changes(), ["eu-west-1 PromoteReadReplica"]);
    let metric = scene.with(|state| state.metrics.pop());
    assert_eq!(
        metric.as_deref(),
        Some("ReplicaLag DBInstanceIdentifier=shop-db-eu-west-1")
    );
}

#[tokio::test]
async fn a_replica_of_something_else_or_of_nothing_there_is_left_alone() {
    let scene = Scene::new(Kind::Replica, Recovery::FailOverRegion).await;
    scene.database(&dublin(), "shop-db-eu-west-1", |database| {
        database.source = Some("other-db".into())
    });
    assert_eq!(scene.refused(failing_over(&scene)).await.0, "Unsafe");
    let detach = started(&scene, Verdict::FailOver, Fence::Unknown, everything(), Detach);
    assert_eq!(scene.refused(detach).await.0, "Unsafe");
    scene.with(|state| state.databases.remove(&(dublin(), "shop-db-eu-west-1".into())));
    let (name, words) = scene.refused(failing_over(&scene)).await;
    assert_eq!(name, "Unsafe");
    assert!(words.contains("knows no shop-db-eu-west-1"), "{words}");
}

#[tokio::test]
async fn what_rds_tells_of_the_fence_after_a_failover_stands() {
    for (message, before, expected) in [
        (Some("succeeded"), Fence::Unknown, "fenced"),
        (Some("timed out"), Fence::Unknown, "timed-out"),
        (Some("timed out"), Fence::Fenced, "timed-out"),
        (None, Fence::Fenced, "fenced"),
        (None, Fence::Unknown, "unknown"),
    ] {
        let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
        lost(&scene);
        scene.with(moved);
        scene.with(|state| {
            let told = message.map(|how| {
                let words =
                    format!("Attempt to block writes for DB cluster shop-db in Region eu-central-1 {how}.");
                (at("07:17:30"), words)
            });
            state.events.insert(dublin(), told.into_iter().collect())
        });
        let answer = scene
            .ensure(promoted(&scene, Regular, before))
            .await
            .expect("promoted");
        assert_eq!(answer["fence"], expected, "{message:?} {before:?}");
        let abroad = scene
            .cloud
            .calls()
            .contains(&"eu-central-1 DescribeEvents".to_owned());
        assert_eq!(
            abroad,
            message.is_none(),
            "the lost Region is asked only if nothing is known here"
        );
    }
}

#[tokio::test]
async fn a_move_that_failed_on_rdss_word_leads_to_the_last_resort() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    let failed = "Global failover to DB cluster shop-db-eu-west-1 in Region eu-west-1 failed.";
    let completed = "Global failover to DB cluster shop-db-eu-west-1 in Region eu-west-1 completed.";
    // RDS may tell that it came about before it shows it.
    for events in [vec![], vec![(at("07:17:00"), completed.into())]] {
        scene.with(|state| state.events.insert(dublin(), events));
        assert_eq!(
            scene.refused(promoted(&scene, Regular, Fence::Unknown)).await.0,
            "NotYet"
        );
    }
    scene.with(|state| {
        state
            .events
            .insert(dublin(), vec![(at("07:17:00"), failed.into())])
    });
    let (name, words) = scene.refused(promoted(&scene, Regular, Fence::Unknown)).await;
    assert_eq!(name, "Refused");
    assert!(words.contains("RDS-EVENT-0239"), "{words}");
    assert_eq!(
        scene.refused(promoted(&scene, Detach, Fence::Unknown)).await.0,
        "NotYet"
    );
}

#[tokio::test]
async fn a_cluster_that_is_the_writer_and_not_yet_available_is_not_yet_promoted() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    scene.with(moved);
    scene.database(&dublin(), "shop-db-eu-west-1", |database| {
        database.status = "promoting"
    });
    let (name, words) = scene.refused(promoted(&scene, Regular, Fence::Unknown)).await;
    assert_eq!(name, "NotYet");
    assert!(words.contains("promoting"), "{words}");
}

#[tokio::test]
async fn writable_here_is_a_value_read_back_through_this_regions_own_door() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    let input = || Input::WritableHere { run: scene.run() };
    assert_eq!(scene.refused(input()).await.0, "NotYet");
    scene.with(|state| {
        state
            .applications
            .insert(APP_ABROAD, Application::Writes("shop-db-eu-west-1"))
    });
    let answer = scene.ensure(input()).await.expect("writable");
    assert!(
        seen(&answer).contains("https://eu-west-1.shop.example.com"),
        "{}",
        seen(&answer)
    );
}

#[tokio::test]
async fn a_source_that_came_back_before_the_answer_is_not_lost() {
    for kind in [Kind::Global, Kind::Replica] {
        let scene = Scene::new(kind, Recovery::FailOverRegion).await;
        let input = failing_over(&scene);
        scene.with(|state| {
            state
                .applications
                .insert(APP_AT_HOME, Application::Writes("shop-db"))
        });
        let (name, words) = scene.refused(input).await;
        assert_eq!(name, "Unsafe");
        assert!(words.contains("the source is not lost"), "{words}");
        assert!(scene.cloud.changes().is_empty());
    }
}
