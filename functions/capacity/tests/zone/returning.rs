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
