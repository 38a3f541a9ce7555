//! The write lease: as evidence of a fence, on its way with a promotion, and given back by the undo.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::system::region_failover::WriteLease;

use super::cloud::{Fate, Item};
use super::*;

/// A system whose application writes under a lease of 20 s with a margin of 5 s. The incident opened at 07:15:09, and
/// now it is 07:18:00.
async fn leased(kind: Kind, recovery: Recovery, lease: Option<Item>) -> Scene {
    let mut scene = Scene::new(kind, recovery).await;
    let shared = scene.system.region_failover.as_mut().expect("two Regions");
    shared.write_lease = Some(WriteLease {
        table: "shop-write-lease".into(),
        duration: Duration::from_secs(20),
        margin: Duration::from_secs(5),
    });
    scene.with(|state| state.lease = lease);
    scene
}

fn held(holder: &Region, until: &str) -> Item {
    let holder = AttributeValue::S(holder.to_string());
    [
        ("holder".to_owned(), holder),
        ("expires_at_ms".to_owned(), millis(until)),
    ]
    .into()
}

fn taken(from: &Region, freed: &str) -> Item {
    let mut item = held(&dublin(), "07:18:15");
    item.insert("taken_from".into(), AttributeValue::S(from.to_string()));
    item.insert("freed_at_ms".into(), millis(freed));
    item
}

fn millis(time: &str) -> AttributeValue {
    AttributeValue::N(at(time).as_millisecond().to_string())
}

fn holder(scene: &Scene) -> Option<String> {
    scene.with(|state| state.lease.as_ref()?.get("holder")?.as_s().ok().cloned())
}

/// Nothing in Frankfurt answers.
fn cut_off(scene: &Scene) {
    scene.with(|state| {
        state.lost.insert(frankfurt());
        state.applications.insert(APP_AT_HOME, Application::Silent)
    });
}

fn fenced(scene: &Scene) -> Input {
    Input::SourceFenced {
        run: scene.run(),
        epoch: epoch(),
    }
}

fn opened(scene: &Scene) -> Input {
    Input::SourceOpened {
        run: scene.run(),
        answered: false,
    }
}

fn promoting(scene: &Scene, verdict: Verdict, fence: Fence) -> Input {
    Input::PromotionStarted {
        run: scene.run(),
        epoch: epoch(),
        region: Box::new(RegionAssessment {
            at: at("07:16:00"),
            verdict,
            from: if scene.here == dublin() {
                frankfurt()
            } else {
                dublin()
            },
            to: scene.here.clone(),
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
        }),
        fencing: Fencing {
            at: at("07:17:00"),
            fence,
            writes_until: None,
            seen: vec![],
        },
        approval: (verdict == Verdict::FailOver).then(|| Box::new(accepting(&Risk::ALL))),
        how: Promotion::Regular,
    }
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_is_evidence_until_when_was_written() {
    for kind in [Kind::Global, Kind::Replica] {
        let expired = Some(held(&frankfurt(), "07:15:12"));
        let scene = leased(kind, Recovery::FailOverRegion, expired).await;
        cut_off(&scene);
        let answer = scene.ensure(fenced(&scene)).await.expect("fenced");
        assert_eq!(answer["fence"], "fenced");
        assert_eq!(
            answer["writes_until"], "2026-10-01T07:15:17Z",
            "the margin included"
        );
        assert!(
            seen(&answer).contains("until 2026-10-01T07:15:12Z, by this"),
            "{answer}"
        );
        assert!(!seen(&answer).contains("nothing proves"), "{answer}");
        assert_eq!(scene.cloud.changes(), ["eu-west-1 UpdateItem"]);
        assert_eq!(holder(&scene).as_deref(), Some("eu-west-1"));

        // A repetition, or a second run, finds it taken: the same evidence, and nothing is done.
        let again = scene.ensure(fenced(&scene)).await.expect("fenced");
        assert_eq!(again["writes_until"], answer["writes_until"]);
        assert!(scene.cloud.changes().is_empty());
    }
}

#[tokio::test]
async fn what_proves_nothing_leaves_unknown_and_takes_nothing() {
    let refused = |status, code| Some(("GetItem", Fate::Refused(status, code)));
    let cases = [
        (
            "renewed since",
            Some(held(&frankfurt(), "07:18:12")),
            None,
            "is alive",
        ),
        ("missing", None, None, "has no write lease of shop"),
        (
            "taken from nobody",
            Some(held(&dublin(), "07:15:12")),
            None,
            "until when",
        ),
        (
            "another Region's",
            Some(held(&"us-east-1".parse().expect("a Region"), "07:15:12")),
            None,
            "neither",
        ),
        (
            "throttled",
            None,
            refused(400, "ThrottlingException"),
            "proves nothing",
        ),
        (
            "out of reach",
            None,
            refused(500, "InternalServerError"),
            "proves nothing",
        ),
        (
            "no such table",
            None,
            refused(400, "ResourceNotFoundException"),
            "proves nothing",
        ),
        ("not readable", Some(Item::new()), None, "proves nothing"),
    ];
    for (case, lease, fate, words) in cases {
        let scene = leased(Kind::Global, Recovery::FailOverRegion, lease).await;
        cut_off(&scene);
        scene.with(|state| state.fates.extend(fate));
        let answer = scene.ensure(fenced(&scene)).await.expect("known that unknown");
        assert_eq!(answer["fence"], "unknown", "{case}");
        assert!(answer.get("writes_until").is_none(), "{case}");
        assert!(seen(&answer).contains(words), "{case}: {}", seen(&answer));
        assert!(
            seen(&answer).contains("nothing proves that it takes no writes"),
            "{case}"
        );
        assert!(scene.cloud.changes().is_empty(), "{case}");
    }
}

#[tokio::test]
async fn within_the_margin_it_is_not_known_yet_whoever_holds_it() {
    for lease in [held(&frankfurt(), "07:17:56"), taken(&frankfurt(), "07:17:56")] {
        let scene = leased(Kind::Global, Recovery::FailOverRegion, Some(lease)).await;
        cut_off(&scene);
        let (name, words) = scene.refused(fenced(&scene)).await;
        assert_eq!(name, "NotYet");
        assert!(words.contains("2026-10-01T07:18:01Z"), "{words}");
        assert!(scene.cloud.changes().is_empty());
    }
}

#[tokio::test]
async fn a_source_that_renews_between_the_look_and_the_take_over_keeps_its_lease() {
    let expired = Some(held(&frankfurt(), "07:15:12"));
    let scene = leased(Kind::Global, Recovery::FailOverRegion, expired).await;
    cut_off(&scene);
    scene.with(|state| state.meanwhile = Some(held(&frankfurt(), "07:18:19")));
    let answer = scene.ensure(fenced(&scene)).await.expect("known that unknown");
    assert_eq!(answer["fence"], "unknown");
    assert_eq!(holder(&scene).as_deref(), Some("eu-central-1"));
}

#[tokio::test]
async fn a_lease_that_was_taken_over_between_the_look_and_the_call_is_evidence_all_the_same() {
    let expired = Some(held(&frankfurt(), "07:15:12"));
    let scene = leased(Kind::Global, Recovery::FailOverRegion, expired).await;
    cut_off(&scene);
    // By this run's own call of a moment ago, whose effect was late.
    scene.with(|state| state.meanwhile = Some(taken(&frankfurt(), "07:15:12")));
    let answer = scene.ensure(fenced(&scene)).await.expect("known");
    assert_eq!(answer["fence"], "fenced");
}

#[tokio::test]
async fn a_take_over_whose_answer_was_lost_is_seen_and_one_that_is_refused_proves_nothing() {
    for (fate, fence, owner) in [
        (Fate::AnswerLost, "fenced", "eu-west-1"),
        (
            Fate::Refused(400, "AccessDeniedException"),
            "unknown",
            "eu-central-1",
        ),
    ] {
        let expired = Some(held(&frankfurt(), "07:15:12"));
        let scene = leased(Kind::Global, Recovery::FailOverRegion, expired).await;
        cut_off(&scene);
        scene.with(|state| state.fates.insert("UpdateItem", fate));
        let answer = scene.ensure(fenced(&scene)).await.expect("answered");
        assert_eq!(answer["fence"], fence, "{fate:?}");
        assert_eq!(holder(&scene).as_deref(), Some(owner), "{fate:?}");
    }
    // Two Regions that write at once: it passes, and is tried again.
    let expired = Some(held(&frankfurt(), "07:15:12"));
    let scene = leased(Kind::Global, Recovery::FailOverRegion, expired).await;
    cut_off(&scene);
    let conflict = Fate::Refused(400, "ReplicatedWriteConflictException");
    scene.with(|state| state.fates.insert("UpdateItem", conflict));
    assert_eq!(scene.refused(fenced(&scene)).await.0, "NotYet");
}

#[tokio::test]
async fn a_run_that_lost_its_lock_or_was_stopped_takes_no_lease() {
    let expired = Some(held(&frankfurt(), "07:15:12"));
    let scene = leased(Kind::Global, Recovery::FailOverRegion, expired).await;
    cut_off(&scene);
    scene.stopped().await;
    assert_eq!(scene.refused(fenced(&scene)).await.0, "Unsafe");
    let approved = promoting(&scene, Verdict::FailOver, Fence::Unknown);
    assert_eq!(scene.refused(approved).await.0, "Unsafe");
    scene.unlocked().await;
    assert_eq!(scene.refused(fenced(&scene)).await.0, "LockLost");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn an_event_and_a_planned_move_need_no_lease() {
    const BLOCKED: &str = "Attempt to block writes for DB cluster shop-db in Region eu-central-1 succeeded.";
    let renewed = || Some(held(&frankfurt(), "07:18:12"));
    let scene = leased(Kind::Global, Recovery::FailOverRegion, renewed()).await;
    let told = vec![(at("07:16:00"), BLOCKED.to_owned())];
    scene.with(|state| state.events.insert(dublin(), told));
    let answer = scene.ensure(fenced(&scene)).await.expect("fenced");
    assert_eq!(answer["fence"], "fenced");
    assert!(answer.get("writes_until").is_none(), "{answer}");

    let scene = leased(Kind::Replica, Recovery::SwitchOverRegion, renewed()).await;
    scene.refused(fenced(&scene)).await;
    assert!(!scene.cloud.calls().iter().any(|call| call.contains("Item")));
}

#[tokio::test]
async fn whoever_promotes_holds_the_lease_first_whatever_its_expiry() {
    let good = Some(held(&frankfurt(), "07:18:12"));
    let cases = [
        (
            Kind::Global,
            Recovery::FailOverRegion,
            Verdict::FailOver,
            "FailoverGlobalCluster",
        ),
        (
            Kind::Global,
            Recovery::SwitchOverRegion,
            Verdict::SwitchOver,
            "SwitchoverGlobalCluster",
        ),
        (
            Kind::Replica,
            Recovery::FailOverRegion,
            Verdict::FailOver,
            "PromoteReadReplica",
        ),
    ];
    for (kind, recovery, verdict, promotes) in cases {
        for lease in [good.clone(), None] {
            let scene = leased(kind, recovery, lease).await;
            if verdict == Verdict::FailOver {
                cut_off(&scene);
            }
            let input = || promoting(&scene, verdict, Fence::Unknown);
            let (name, words) = scene.refused(input()).await;
            assert_eq!(name, "NotYet", "{promotes}: {words}");
            assert_eq!(scene.cloud.changes(), ["eu-west-1 UpdateItem"], "{promotes}");
            assert_eq!(holder(&scene).as_deref(), Some("eu-west-1"));
            assert_eq!(scene.refused(input()).await.0, "NotYet");
            assert_eq!(scene.cloud.changes(), [format!("eu-west-1 {promotes}")]);
        }
    }
}

#[tokio::test]
async fn a_way_back_takes_the_lease_back() {
    let away = Some(held(&dublin(), "07:18:12"));
    let scene = leased(Kind::Global, Recovery::FailBackRegion, away).await;
    scene.with(|state| state.members = vec![(ABROAD.into(), true), (AT_HOME.into(), false)]);
    let input = || promoting(&scene, Verdict::SwitchOver, Fence::Fenced);
    assert_eq!(scene.refused(input()).await.0, "NotYet");
    assert_eq!(holder(&scene).as_deref(), Some("eu-central-1"));
    assert_eq!(scene.refused(input()).await.0, "NotYet");
    assert_eq!(
        scene.cloud.changes(),
        ["eu-central-1 UpdateItem", "eu-central-1 SwitchoverGlobalCluster"]
    );
}

#[tokio::test]
async fn a_promotion_that_somebody_else_began_takes_the_lease_and_without_the_table_nothing_is_promoted() {
    let scene = leased(
        Kind::Global,
        Recovery::FailOverRegion,
        Some(held(&frankfurt(), "07:15:12")),
    )
    .await;
    cut_off(&scene);
    let fate = Fate::Refused(500, "InternalServerError");
    scene.with(|state| state.fates.insert("GetItem", fate));
    let input = || promoting(&scene, Verdict::FailOver, Fence::Unknown);
    assert_eq!(scene.refused(input()).await.0, "Unavailable");
    assert!(scene.cloud.changes().is_empty());

    scene.with(|state| {
        state.fates.clear();
        state.members = vec![(ABROAD.into(), true), (AT_HOME.into(), false)];
    });
    assert_eq!(scene.refused(input()).await.0, "NotYet");
    let answer = scene.ensure(input()).await.expect("already the writer");
    assert!(seen(&answer).contains("held by eu-west-1"), "{answer}");
    assert_eq!(scene.cloud.changes(), ["eu-west-1 UpdateItem"]);
}

#[tokio::test]
async fn the_undo_gives_the_lease_back_while_the_database_is_in_place_and_only_then() {
    let ours = || Some(taken(&frankfurt(), "07:15:12"));
    let scene = leased(Kind::Global, Recovery::FailOverRegion, ours()).await;
    let (name, words) = scene.refused(opened(&scene)).await;
    assert_eq!(name, "NotYet", "{words}");
    assert_eq!(holder(&scene).as_deref(), Some("eu-central-1"));
    let answer = scene.ensure(opened(&scene)).await.expect("given back");
    assert!(seen(&answer).contains("held by eu-central-1"), "{answer}");
    assert_eq!(scene.cloud.changes(), ["eu-west-1 UpdateItem"]);

    // The source need not answer for it.
    let scene = leased(Kind::Global, Recovery::FailOverRegion, ours()).await;
    cut_off(&scene);
    assert_eq!(scene.refused(opened(&scene)).await.0, "NotYet");
    scene.ensure(opened(&scene)).await.expect("given back");
    assert_eq!(holder(&scene).as_deref(), Some("eu-central-1"));

    let scene = leased(Kind::Global, Recovery::FailOverRegion, ours()).await;
    scene.with(|state| state.members = vec![(ABROAD.into(), true), (AT_HOME.into(), false)]);
    let (name, words) = scene.refused(opened(&scene)).await;
    assert_eq!(name, "Unsafe", "{words}");
    assert_eq!(holder(&scene).as_deref(), Some("eu-west-1"));
}

#[tokio::test]
async fn an_undo_without_a_lease_to_give_back_changes_nothing() {
    for (lease, fate) in [
        (Some(held(&frankfurt(), "07:18:12")), None),
        (None, None),
        (
            None,
            Some(("GetItem", Fate::Refused(400, "ResourceNotFoundException"))),
        ),
    ] {
        let scene = leased(Kind::Global, Recovery::FailOverRegion, lease).await;
        scene.with(|state| state.fates.extend(fate));
        let answer = scene.ensure(opened(&scene)).await.expect("nothing to undo");
        assert!(seen(&answer).contains("write lease"), "{answer}");
        assert!(scene.cloud.changes().is_empty());
    }
    let scene = leased(Kind::Global, Recovery::FailOverRegion, None).await;
    let fate = Fate::Refused(500, "InternalServerError");
    scene.with(|state| state.fates.insert("GetItem", fate));
    assert_eq!(scene.refused(opened(&scene)).await.0, "Unavailable");
}
