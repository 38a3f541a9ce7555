//! A zone is used again: as an undo, and on the way back.

use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum as Target;

use super::*;

/// As `zone-left` leaves the group.
async fn left(recovery: Recovery, now: GroupSize) -> Scene {
    let scene = Scene::new(recovery).await;
    scene.aws.state().subnets = "subnet-b,subnet-c".to_owned();
    scene.aws.state().size = now;
    scene
}

#[tokio::test]
async fn the_undo_takes_back_what_the_run_asked_for_and_nothing_else() {
    for (standing, now, asked) in [
        // As it stood but for the subnets.
        (size(3, 6, 8), size(3, 6, 8), "subnet-b,subnet-c,subnet-a"),
        // The run had raised it.
        (
            size(1, 3, 4),
            size(1, 6, 6),
            "subnet-b,subnet-c,subnet-a desired 3 max 4",
        ),
        (
            size(1, 3, 8),
            size(1, 6, 8),
            "subnet-b,subnet-c,subnet-a desired 3",
        ),
        // A scaling policy has asked for more since: users are served by it.
        (size(1, 3, 8), size(1, 7, 8), "subnet-b,subnet-c,subnet-a"),
        (size(1, 3, 4), size(1, 7, 8), "subnet-b,subnet-c,subnet-a"),
        // A person took some away.
        (size(1, 6, 8), size(1, 2, 8), "subnet-b,subnet-c,subnet-a"),
    ] {
        let scene = left(Recovery::EvacuateZone, now).await;
        failed(scene.rejoined(plan(standing)).await, Error::NOT_YET);
        assert_eq!(scene.asked(), [asked], "{standing}, then {now}");
        seen(scene.rejoined(plan(standing)).await);
        assert_eq!(scene.asked().len(), 1, "{standing}, then {now}");
    }
}

#[tokio::test]
async fn an_undo_needs_no_epoch_but_gives_way_to_the_next_run() {
    let scene = left(Recovery::EvacuateZone, size(3, 6, 8)).await;
    scene.stopped().await;
    scene.unlocked().await;
    failed(scene.rejoined(plan(size(3, 6, 8))).await, Error::NOT_YET);

    let scene = left(Recovery::EvacuateZone, size(3, 6, 8)).await;
    scene.unlocked().await;
    scene.locked_by("another").await;
    failed(scene.rejoined(plan(size(3, 6, 8))).await, Error::LOCK_LOST);
    assert!(scene.asked().is_empty());
}

#[tokio::test]
async fn where_nothing_was_left_there_is_nothing_to_undo() {
    let scene = Scene::evacuating().await;
    scene.aws.turn("eu-central-1a", Target::Unhealthy);
    seen(scene.rejoined(plan(size(3, 6, 8))).await);
    assert!(scene.asked().is_empty());
}

#[tokio::test]
async fn the_way_back_waits_for_the_zones_share_of_healthy_targets() {
    let scene = left(Recovery::ReturnToZone, size(3, 6, 8)).await;
    scene
        .aws
        .state()
        .instances
        .retain(|(_, zone, _)| *zone != "eu-central-1a");
    failed(scene.rejoined(plan(size(3, 6, 8))).await, Error::NOT_YET);
    let words = failed(scene.rejoined(plan(size(3, 6, 8))).await, Error::NOT_YET);
    assert!(
        words.contains("2 healthy targets needed in eu-central-1a"),
        "{words}"
    );
    scene.aws.launched("eu-central-1a", 1);
    failed(scene.rejoined(plan(size(3, 6, 8))).await, Error::NOT_YET);
    scene.aws.launched("eu-central-1a", 1);
    seen(scene.rejoined(plan(size(3, 6, 8))).await);
    assert_eq!(scene.asked(), ["subnet-b,subnet-c,subnet-a"]);
}

#[tokio::test]
async fn the_way_back_needs_the_lock_and_can_be_stopped() {
    let scene = left(Recovery::ReturnToZone, size(3, 6, 8)).await;
    scene.unlocked().await;
    failed(scene.rejoined(plan(size(3, 6, 8))).await, Error::LOCK_LOST);
    let scene = left(Recovery::ReturnToZone, size(3, 6, 8)).await;
    scene.stopped().await;
    failed(scene.rejoined(plan(size(3, 6, 8))).await, Error::UNSAFE);
    assert!(scene.asked().is_empty());
}

#[tokio::test]
async fn a_zone_that_was_left_before_the_run_began_stays_left_when_it_is_undone() {
    let scene = left(Recovery::EvacuateZone, size(3, 6, 8)).await;
    seen(scene.rejoined(planned(size(3, 6, 8), false, None)).await);
    assert!(scene.asked().is_empty());

    // What the run itself had raised is taken back all the same.
    let scene = left(Recovery::EvacuateZone, size(1, 6, 8)).await;
    failed(
        scene.rejoined(planned(size(1, 4, 8), false, None)).await,
        Error::NOT_YET,
    );
    assert_eq!(scene.asked(), ["desired 4"]);

    // The way back is for that.
    let scene = left(Recovery::ReturnToZone, size(3, 6, 8)).await;
    failed(
        scene.rejoined(planned(size(3, 6, 8), false, None)).await,
        Error::NOT_YET,
    );
    assert_eq!(scene.asked(), ["subnet-b,subnet-c,subnet-a"]);
}

#[tokio::test]
async fn a_way_back_that_is_undone_leaves_the_group_where_it_found_it() {
    let scene = Scene::returning().await;
    let words = seen(scene.left(planned(size(3, 6, 8), true, None)).await);
    assert!(words.contains("before the way back began"), "{words}");
    assert!(scene.asked().is_empty());
    let scene = Scene::returning().await;
    failed(
        scene.left(planned(size(3, 6, 8), false, None)).await,
        Error::NOT_YET,
    );
    assert_eq!(scene.asked(), ["subnet-b,subnet-c"]);
}

#[tokio::test]
async fn the_raise_is_taken_back_once_and_only_as_it_was_asked_for() {
    let raise = Raise::of(size(1, 4, 5), 6);
    for (now, asked, words) in [
        (size(1, 6, 6), Some("desired 4 max 5"), "desired 4, as before"),
        (size(1, 6, 12), Some("desired 4"), "desired 4, as before"),
        (size(1, 4, 5), None, "desired 4, as before"),
        (size(1, 8, 12), None, "somebody has changed it since"),
    ] {
        let scene = Scene::returning().await;
        scene.aws.state().size = now;
        let plan = planned(size(1, 6, 6), false, Some(raise));
        if asked.is_some() {
            failed(scene.lowered(plan.clone()).await, Error::NOT_YET);
        }
        let said = seen(scene.lowered(plan).await);
        assert!(said.contains(words), "{now}: {said}");
        assert_eq!(scene.asked(), asked.into_iter().collect::<Vec<_>>(), "{now}");
    }
    let scene = Scene::returning().await;
    let said = seen(scene.lowered(planned(size(1, 6, 6), false, None)).await);
    assert!(said.contains("no raise"), "{said}");
    assert!(scene.asked().is_empty());
}

#[tokio::test]
async fn the_raise_is_taken_back_by_whoever_holds_the_lock_and_was_not_stopped() {
    let plan = || planned(size(1, 6, 6), false, Some(Raise::of(size(1, 4, 5), 6)));
    let scene = left(Recovery::ReturnToZone, size(1, 6, 6)).await;
    scene.unlocked().await;
    failed(scene.lowered(plan()).await, Error::LOCK_LOST);
    let scene = left(Recovery::ReturnToZone, size(1, 6, 6)).await;
    scene.stopped().await;
    failed(scene.lowered(plan()).await, Error::UNSAFE);
    assert!(scene.asked().is_empty());
}
