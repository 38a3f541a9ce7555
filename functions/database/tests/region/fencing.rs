//! `source-fenced`, `source-opened` and `place-known`.

use super::cloud::Fate;
use super::*;

const ISOLATING: &str = "sg-22222222222222222";
const BLOCKED: &str = "Attempt to block writes for DB cluster shop-db in Region eu-central-1 succeeded.";
const TIMED_OUT: &str = "Attempt to block writes for DB cluster shop-db in Region eu-central-1 timed out.";
const SHUT_DOWN: &str = "Old primary DB cluster shop-db in Region eu-central-1 successfully shut down.";

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

/// Isolated, in force, and the application cannot write any more.
fn isolate(scene: &Scene) {
    scene.database(&frankfurt(), "shop-db", |database| {
        database.groups = vec![(ISOLATING.into(), "active")];
    });
    scene.with(|state| state.applications.insert(APP_AT_HOME, Application::Answers(503)));
}

#[tokio::test]
async fn a_source_that_answers_is_isolated_once_and_then_seen_isolated() {
    for (kind, call) in [
        (Kind::Global, "eu-central-1 ModifyDBCluster"),
        (Kind::Replica, "eu-central-1 ModifyDBInstance"),
    ] {
        let scene = Scene::new(kind, Recovery::FailOverRegion).await;
        let (name, words) = scene.refused(fenced(&scene)).await;
        assert_eq!(name, "NotYet");
        assert!(words.contains("accepted") && words.contains(ISOLATING), "{words}");
        assert_eq!(scene.cloud.changes(), [call]);

        let (name, words) = scene.refused(fenced(&scene)).await;
        assert_eq!((name, scene.cloud.changes()), ("NotYet", vec![]), "{words}");
        assert!(words.contains("adding"), "{words}");

        isolate(&scene);
        let answer = scene.ensure(fenced(&scene)).await.expect("fenced");
        assert_eq!(answer["fence"], "fenced");
        assert!(
            seen(&answer).contains("write check does not pass"),
            "{}",
            seen(&answer)
        );
        assert!(scene.cloud.changes().is_empty());
    }
}

#[tokio::test]
async fn an_isolation_whose_answer_was_lost_leaves_unknown_and_is_seen_afterwards() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    scene.with(|state| state.fates.insert("ModifyDBCluster", Fate::AnswerLost));
    let answer = scene.ensure(fenced(&scene)).await.expect("known that unknown");
    assert_eq!(answer["fence"], "unknown");

    isolate(&scene);
    scene.cloud.calls();
    let answer = scene.ensure(fenced(&scene)).await.expect("fenced");
    assert_eq!(
        (answer["fence"].as_str(), scene.cloud.changes()),
        (Some("fenced"), vec![])
    );
}

#[tokio::test]
async fn a_source_that_does_not_answer_is_unknown_and_never_fenced() {
    for kind in [Kind::Global, Kind::Replica] {
        let scene = Scene::new(kind, Recovery::FailOverRegion).await;
        scene.with(|state| {
            state.lost.insert(frankfurt());
            state.applications.insert(APP_AT_HOME, Application::Silent);
        });
        let answer = scene.ensure(fenced(&scene)).await.expect("known that unknown");
        assert_eq!(answer["fence"], "unknown");
        assert!(
            seen(&answer).contains("nothing proves that it takes no writes"),
            "{}",
            seen(&answer)
        );
        assert!(scene.cloud.changes().is_empty());
    }
}

#[tokio::test]
async fn an_event_is_evidence_wherever_it_is_recorded_and_only_if_it_is_of_this_incident() {
    let cases = [
        (dublin(), BLOCKED, "07:16:00", "fenced"),
        (dublin(), SHUT_DOWN, "07:16:00", "fenced"),
        (dublin(), TIMED_OUT, "07:16:00", "timed-out"),
        (dublin(), BLOCKED, "07:15:08", "unknown"),
        (dublin(), "DB instance restarted.", "07:16:00", "unknown"),
    ];
    for (region, message, time, expected) in cases {
        let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
        scene.with(|state| {
            state.lost.insert(frankfurt());
            // One event a page: the one that counts is not on the first.
            let restarted = (at("07:15:30"), "DB instance restarted.".to_owned());
            let told = vec![restarted, (at(time), message.to_owned())];
            state.events.insert(region.clone(), told);
        });
        let answer = scene.ensure(fenced(&scene)).await.expect("answered");
        assert_eq!(answer["fence"], expected, "{message} {time}");
    }
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    scene.with(|state| {
        state
            .events
            .insert(frankfurt(), vec![(at("07:16:00"), BLOCKED.to_owned())])
    });
    let answer = scene.ensure(fenced(&scene)).await.expect("fenced");
    assert_eq!(answer["fence"], "fenced");
    assert!(seen(&answer).contains("RDS-EVENT-0390"), "{}", seen(&answer));
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn while_writes_pass_nothing_is_fenced_and_a_check_that_cannot_be_asked_proves_nothing() {
    let scene = Scene::new(Kind::Replica, Recovery::SwitchOverRegion).await;
    isolate(&scene);
    scene.with(|state| {
        state
            .applications
            .insert(APP_AT_HOME, Application::Writes("shop-db"))
    });
    let (name, words) = scene.refused(fenced(&scene)).await;
    assert_eq!(name, "NotYet");
    assert!(words.contains("still stores and reads back"), "{words}");

    scene.with(|state| state.applications.insert(APP_AT_HOME, Application::Answers(404)));
    let answer = scene.ensure(fenced(&scene)).await.expect("answered");
    assert_eq!(answer["fence"], "unknown");
}

#[tokio::test]
async fn a_planned_move_of_a_global_cluster_leaves_the_fence_to_the_switchover() {
    let scene = Scene::new(Kind::Global, Recovery::SwitchOverRegion).await;
    let answer = scene.ensure(fenced(&scene)).await.expect("fenced");
    assert_eq!(answer["fence"], "fenced");
    assert!(seen(&answer).contains("switchover"), "{}", seen(&answer));
    assert!(scene.cloud.calls().is_empty());
}

#[tokio::test]
async fn the_source_of_a_planned_move_has_to_answer() {
    let scene = Scene::new(Kind::Replica, Recovery::SwitchOverRegion).await;
    scene.with(|state| state.lost.insert(frankfurt()));
    assert_eq!(scene.refused(fenced(&scene)).await.0, "Unavailable");
}

#[tokio::test]
async fn a_state_in_which_rds_refuses_passes_and_any_other_refusal_leaves_unknown() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    let refused = |call, status, code| {
        scene.with(|state| {
            state.fates.clear();
            state.fates.insert(call, Fate::Refused(status, code))
        })
    };
    refused("ModifyDBCluster", 400, "InvalidDBClusterStateFault");
    assert_eq!(scene.refused(fenced(&scene)).await.0, "NotYet");
    for (call, status, code) in [
        ("ModifyDBCluster", 403, "AccessDenied"),
        ("DescribeDBClusters", 403, "AccessDenied"),
        ("DescribeDBClusters", 404, "DBClusterNotFoundFault"),
        ("DescribeDBClusters", 400, "Throttling"),
    ] {
        refused(call, status, code);
        let answer = scene.ensure(fenced(&scene)).await.expect("known that unknown");
        assert_eq!(answer["fence"], "unknown", "{call} {code}");
    }
    let scene = Scene::new(Kind::Replica, Recovery::SwitchOverRegion).await;
    scene.with(|state| {
        let refused = Fate::Refused(403, "AccessDenied");
        state.fates.insert("ModifyDBInstance", refused)
    });
    assert_eq!(scene.refused(fenced(&scene)).await.0, "Refused");
}

#[tokio::test]
async fn a_run_that_lost_its_lock_or_was_stopped_fences_nothing() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    scene.stopped().await;
    let (name, words) = scene.refused(fenced(&scene)).await;
    assert_eq!(name, "Unsafe");
    assert!(words.contains("stopped by an engineer"), "{words}");
    scene.unlocked().await;
    assert_eq!(scene.refused(fenced(&scene)).await.0, "LockLost");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn opening_undoes_the_isolation_and_nothing_else() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    let answer = scene.ensure(opened(&scene)).await.expect("never isolated");
    assert!(
        seen(&answer).contains("sg-11111111111111111 active"),
        "{}",
        seen(&answer)
    );
    assert!(scene.cloud.changes().is_empty());

    isolate(&scene);
    scene.stopped().await;
    scene.unlocked().await;
    assert_eq!(scene.refused(opened(&scene)).await.0, "NotYet");
    assert_eq!(scene.cloud.changes(), ["eu-central-1 ModifyDBCluster"]);
    let groups = scene.database(&frankfurt(), "shop-db", |database| database.groups.clone());
    assert_eq!(
        groups,
        [
            ("sg-11111111111111111".into(), "adding"),
            (ISOLATING.into(), "removing")
        ]
    );
    assert_eq!(scene.refused(opened(&scene)).await.0, "NotYet");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn what_does_not_answer_cannot_be_opened_and_that_is_said() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    isolate(&scene);
    scene.with(|state| state.fates.insert("ModifyDBCluster", Fate::AnswerLost));
    let answer = scene.ensure(opened(&scene)).await.expect("said");
    assert!(seen(&answer).contains("by hand"), "{}", seen(&answer));

    scene.with(|state| state.lost.insert(frankfurt()));
    let answer = scene.ensure(opened(&scene)).await.expect("said");
    assert!(
        seen(&answer).contains("does not answer") && seen(&answer).contains("by hand"),
        "{}",
        seen(&answer)
    );
}

#[tokio::test]
async fn the_undo_of_a_planned_move_waits_for_a_source_that_does_not_answer() {
    let scene = Scene::new(Kind::Global, Recovery::SwitchOverRegion).await;
    scene.with(|state| state.lost.insert(frankfurt()));
    assert_eq!(scene.refused(opened(&scene)).await.0, "Unavailable");
}

#[tokio::test]
async fn the_undo_of_an_unplanned_move_waits_for_a_source_that_answered_before() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    isolate(&scene);
    let opened = || Input::SourceOpened {
        run: scene.run(),
        answered: true,
    };
    scene.with(|state| state.fates.insert("ModifyDBCluster", Fate::AnswerLost));
    assert_eq!(scene.refused(opened()).await.0, "Unavailable");

    scene.with(|state| state.lost.insert(frankfurt()));
    assert_eq!(scene.refused(opened()).await.0, "Unavailable");
}

#[tokio::test]
async fn a_source_that_was_left_is_not_opened_again() {
    let scene = Scene::new(Kind::Global, Recovery::FailOverRegion).await;
    isolate(&scene);
    scene.with(|state| state.moving = Some(("failing-over", ABROAD.into())));
    let (name, words) = scene.refused(opened(&scene)).await;
    assert_eq!(name, "Unsafe");
    assert!(words.contains("two databases would take writes"), "{words}");
    assert!(scene.cloud.changes().is_empty());
}

/// The primary of former days was renamed, and the replica that is to take its name was not made: nothing there takes writes.
#[tokio::test]
async fn a_source_whose_replica_is_not_there_is_opened() {
    let scene = Scene::new(Kind::Replica, Recovery::FailOverRegion).await;
    isolate(&scene);
    scene.with(|state| state.databases.remove(&(dublin(), "shop-db-eu-west-1".into())));
    assert_eq!(scene.refused(opened(&scene)).await.0, "NotYet");
    assert_eq!(scene.cloud.changes(), ["eu-central-1 ModifyDBInstance"]);
}

#[tokio::test]
async fn the_place_is_known_from_here_alone() {
    type Change = fn(&mut State);
    let busy: Change = |state| {
        state
            .databases
            .get_mut(&(dublin(), "shop-db-eu-west-1".into()))
            .expect("there")
            .status = "modifying";
    };
    let alone: Change = |state| {
        state
            .databases
            .get_mut(&(dublin(), "shop-db-eu-west-1".into()))
            .expect("there")
            .source = None;
    };
    let renamed: Change = |state| {
        state.databases.remove(&(dublin(), "shop-db-eu-west-1".into()));
    };
    let cases: [(Kind, Change, bool); 9] = [
        (Kind::Global, |_| {}, true),
        (
            Kind::Global,
            |state| state.moving = Some(("pending", ABROAD.into())),
            false,
        ),
        (
            Kind::Global,
            |state| state.moving = Some(("cancelling", ABROAD.into())),
            false,
        ),
        (
            Kind::Global,
            |state| state.members = vec![(ABROAD.into(), true), (AT_HOME.into(), false)],
            false,
        ),
        (
            Kind::Global,
            |state| state.members = vec![(AT_HOME.into(), true)],
            false,
        ),
        (Kind::Replica, |_| {}, true),
        (Kind::Replica, busy, false),
        (Kind::Replica, alone, false),
        (Kind::Replica, renamed, true),
    ];
    for (index, (kind, change, expected)) in cases.into_iter().enumerate() {
        let scene = Scene::new(kind, Recovery::FailOverRegion).await;
        scene.with(change);
        scene.with(|state| state.lost.insert(frankfurt()));
        let answer = scene
            .ensure(Input::PlaceKnown { run: scene.run() })
            .await
            .expect("known");
        assert_eq!(answer["in_place"], expected, "{index}: {}", seen(&answer));
        let calls = scene.cloud.calls();
        assert!(
            calls.iter().all(|call| call.starts_with("eu-west-1")),
            "{calls:?}"
        );
    }
}
