//! `rejoined` and `standby-armed`.

use super::cloud::Fate;
use super::*;

fn rejoined(scene: &Scene) -> Input {
    Input::Rejoined {
        run: scene.run(),
        epoch: epoch(),
    }
}

fn armed(scene: &Scene) -> Input {
    Input::StandbyArmed {
        run: scene.run(),
        epoch: epoch(),
    }
}

/// Frankfurt was lost, and Dublin serves.
async fn after_a_failover(kind: Kind) -> Scene {
    let scene = Scene::new(kind, Recovery::FailBackRegion).await;
    scene.database(&dublin(), "shop-db-eu-west-1", |database| database.source = None);
    scene.with(|state| {
        state.members = vec![(ABROAD.into(), true), (AT_HOME.into(), false)];
        state.applications = [
            (APP_AT_HOME, Application::Answers(503)),
            (APP_ABROAD, Application::Writes("shop-db-eu-west-1")),
            (NAME, Application::Writes("shop-db-eu-west-1")),
        ]
        .into();
    });
    scene
}

fn lag_at_home(scene: &Scene, time: &str, lag: f64) {
    scene.with(|state| state.lag.insert(frankfurt(), vec![(at(time), lag)]));
}

#[tokio::test]
async fn a_cluster_that_aurora_added_again_follows_once_its_lag_is_small_and_known() {
    let scene = after_a_failover(Kind::Global).await;
    for (time, lag, words) in [
        ("07:14:00", 120.0, "too old to be believed"),
        ("07:17:00", 30_001.0, "at most 30s are allowed"),
    ] {
        lag_at_home(&scene, time, lag);
        let (name, seen) = scene.refused(rejoined(&scene)).await;
        assert_eq!(name, "NotYet");
        assert!(seen.contains(words), "{seen}");
    }
    lag_at_home(&scene, "07:17:00", 30_000.0);
    let resynchronized = "Finished resynchronizing members of DB cluster shop-db-eu-west-1 in Region eu-west-1 after global failover.";
    scene.with(|state| {
        state
            .events
            .insert(dublin(), vec![(at("07:00:00"), resynchronized.into())])
    });
    let answer = scene.ensure(rejoined(&scene)).await.expect("follows");
    let words = seen(&answer);
    assert!(
        words.contains("RDS-EVENT-0241") && words.contains("30000 ms"),
        "{words}"
    );
    let metric = scene.with(|state| state.metrics.pop());
    assert_eq!(
        metric.as_deref(),
        Some("AuroraGlobalDBRPOLag DBClusterIdentifier=shop-db")
    );
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn a_cluster_that_is_not_back_yet_is_waited_for() {
    let scene = after_a_failover(Kind::Global).await;
    lag_at_home(&scene, "07:17:00", 100.0);
    scene.with(|state| state.members = vec![(ABROAD.into(), true)]);
    let (name, words) = scene.refused(rejoined(&scene)).await;
    assert_eq!(name, "NotYet");
    assert!(words.contains("not yet added"), "{words}");

    scene.with(|state| state.members.push((AT_HOME.into(), false)));
    scene.database(&frankfurt(), "shop-db", |database| database.status = "modifying");
    assert_eq!(scene.refused(rejoined(&scene)).await.0, "NotYet");
    scene.database(&frankfurt(), "shop-db", |database| database.status = "available");
    scene.with(|state| state.moving = Some(("switching-over", AT_HOME.into())));
    assert_eq!(scene.refused(rejoined(&scene)).await.0, "NotYet");
}

#[tokio::test]
async fn what_was_detached_never_follows_by_itself_and_a_person_is_told_what_to_do() {
    let scene = after_a_failover(Kind::Global).await;
    scene.with(|state| state.members = vec![(AT_HOME.into(), true)]);
    let (name, words) = scene.refused(rejoined(&scene)).await;
    assert_eq!(name, "Unsafe");
    assert!(words.contains("CreateGlobalCluster"), "{words}");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn a_follower_that_was_fenced_is_opened_while_nobody_needs_it() {
    for (kind, call) in [
        (Kind::Global, "eu-central-1 ModifyDBCluster"),
        (Kind::Replica, "eu-central-1 ModifyDBInstance"),
    ] {
        let scene = after_a_failover(kind).await;
        lag_at_home(&scene, "07:17:00", 0.0);
        scene.database(&frankfurt(), "shop-db", |database| {
            database.groups = vec![("sg-22222222222222222".into(), "active")];
            database.source = Some(REPLICA.into());
        });
        assert_eq!(scene.refused(rejoined(&scene)).await.0, "NotYet");
        assert_eq!(scene.cloud.changes(), [call]);
        assert_eq!(scene.refused(rejoined(&scene)).await.0, "NotYet");
        assert!(scene.cloud.changes().is_empty());
    }
}

#[tokio::test]
async fn who_writes_here_already_needs_not_follow_and_who_writes_there_is_no_standby() {
    let scene = after_a_failover(Kind::Global).await;
    scene.with(|state| state.members = vec![(AT_HOME.into(), true), (ABROAD.into(), false)]);
    scene.ensure(rejoined(&scene)).await.expect("already back");
    scene.with(|state| state.members = vec![(ABROAD.into(), true), (AT_HOME.into(), false)]);
    assert_eq!(scene.refused(armed(&scene)).await.0, "Unsafe");
}

#[tokio::test]
async fn the_standby_is_armed_when_the_other_region_follows() {
    let scene = Scene::new(Kind::Global, Recovery::FailBackRegion).await;
    assert_eq!(scene.refused(armed(&scene)).await.0, "NotYet");
    scene.with(|state| state.lag.insert(dublin(), vec![(at("07:17:00"), 100.0)]));
    scene.ensure(armed(&scene)).await.expect("armed");
    scene.with(|state| state.lost.insert(dublin()));
    assert_eq!(scene.refused(armed(&scene)).await.0, "Unavailable");
}

#[tokio::test]
async fn an_old_instance_gives_way_and_a_replica_like_it_takes_its_place() {
    let scene = after_a_failover(Kind::Replica).await;
    scene.database(&frankfurt(), "shop-db", |database| database.encrypted = true);
    let (name, words) = scene.refused(rejoined(&scene)).await;
    assert_eq!(name, "NotYet");
    assert!(words.contains("shop-db-old-202610010715 accepted"), "{words}");
    assert_eq!(scene.cloud.changes(), ["eu-central-1 ModifyDBInstance"]);
    let (name, words) = scene.refused(rejoined(&scene)).await;
    assert_eq!((name, scene.cloud.changes()), ("NotYet", vec![]));
    assert!(words.contains("becomes shop-db-old-202610010715"), "{words}");

    // Renamed. An older one is there as well, and something that is named alike.
    scene.with(|state| {
        let mut old = state
            .databases
            .remove(&(frankfurt(), "shop-db".into()))
            .expect("there");
        old.new_name = None;
        let older = Database {
            encrypted: false,
            ..old.clone()
        };
        for (name, database) in [
            ("shop-db-old-202610010715", old),
            ("shop-db-old-202509010000", older.clone()),
            ("shop-db-olden", older),
        ] {
            state.databases.insert((frankfurt(), name.into()), database);
        }
        state
            .fates
            .insert("CreateDBInstanceReadReplica", Fate::AnswerLost);
    });
    assert_eq!(scene.refused(rejoined(&scene)).await.0, "Unavailable");
    assert_eq!(
        scene.cloud.changes(),
        ["eu-central-1 CreateDBInstanceReadReplica"]
    );
    scene.database(&frankfurt(), "shop-db", |replica| {
        assert_eq!(
            (replica.source.as_deref(), replica.encrypted),
            (Some(REPLICA), true)
        );
        assert_eq!(replica.groups, [("sg-11111111111111111".into(), "active")]);
    });
    let (name, words) = scene.refused(rejoined(&scene)).await;
    assert_eq!((name, scene.cloud.changes()), ("NotYet", vec![]), "{words}");
    assert!(words.contains("creating"), "{words}");
    scene.database(&frankfurt(), "shop-db", |replica| replica.status = "available");
    lag_at_home(&scene, "07:17:00", 1.0);
    scene.ensure(rejoined(&scene)).await.expect("follows");
}

#[tokio::test]
async fn the_living_database_is_never_renamed() {
    let scene = after_a_failover(Kind::Replica).await;
    // Users are served here already, as after a run that came so far.
    scene.with(|state| {
        state.applications.insert(NAME, Application::Writes("shop-db"));
        state
            .applications
            .insert(APP_AT_HOME, Application::Writes("shop-db"));
    });
    let answer = scene.ensure(rejoined(&scene)).await.expect("here");
    assert!(
        seen(&answer).contains("users are served by it already"),
        "{}",
        seen(&answer)
    );
    // Nobody knows.
    scene.with(|state| state.applications.insert(NAME, Application::Silent));
    let (name, words) = scene.refused(rejoined(&scene)).await;
    assert_eq!(name, "NotYet");
    assert!(words.contains("nobody knows"), "{words}");
    // The one that is to become the standby is the one that users are served by.
    scene.with(|state| {
        state
            .applications
            .insert(NAME, Application::Writes("shop-db-eu-west-1"))
    });
    assert_eq!(scene.refused(armed(&scene)).await.0, "Unsafe");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn without_the_old_instance_nobody_knows_what_a_new_one_is_like() {
    let scene = after_a_failover(Kind::Replica).await;
    scene.with(|state| state.databases.remove(&(frankfurt(), "shop-db".into())));
    let (name, words) = scene.refused(rejoined(&scene)).await;
    assert_eq!(name, "Unsafe");
    assert!(words.contains("by hand"), "{words}");
    assert!(scene.cloud.changes().is_empty());
}

#[tokio::test]
async fn a_follower_of_something_else_is_left_alone_and_a_lost_lock_renames_nothing() {
    let scene = after_a_failover(Kind::Replica).await;
    scene.unlocked().await;
    assert_eq!(scene.refused(rejoined(&scene)).await.0, "LockLost");
    scene.database(&frankfurt(), "shop-db", |database| {
        database.source = Some("other-db".into())
    });
    assert_eq!(scene.refused(rejoined(&scene)).await.0, "Unsafe");
    assert!(scene.cloud.changes().is_empty());
}
