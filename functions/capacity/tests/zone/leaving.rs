//! A zone is left: its subnet goes, and the others carry the load.

use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum as Target;

use super::aws::{Fate, UPDATE};
use super::*;

#[tokio::test]
async fn a_zone_is_left_once_and_then_the_others_are_waited_for() {
    let scene = Scene::evacuating().await;
    let plan = plan(size(3, 6, 8));
    let words = failed(scene.left(plan.clone()).await, Error::NOT_YET);
    assert!(
        words
            .contains("autoscaling:UpdateAutoScalingGroup of shop-web to subnets subnet-b subnet-c accepted"),
        "{words}"
    );
    let words = failed(scene.left(plan.clone()).await, Error::NOT_YET);
    assert!(
        words.contains("6 needed outside of eu-central-1a, 4 healthy"),
        "{words}"
    );
    scene.aws.launched("eu-central-1b", 1);
    failed(scene.left(plan.clone()).await, Error::NOT_YET);
    scene.aws.launched("eu-central-1c", 1);
    let words = seen(scene.left(plan).await);
    assert!(words.contains("6 healthy"), "{words}");
    assert_eq!(scene.asked(), ["subnet-b,subnet-c"]);
}

#[tokio::test]
async fn a_group_that_wants_too_few_is_raised_in_the_same_call() {
    for (standing, asked) in [
        (size(1, 3, 8), "subnet-b,subnet-c desired 6"),
        (size(1, 3, 6), "subnet-b,subnet-c desired 6"),
        (size(1, 3, 4), "subnet-b,subnet-c desired 6 max 6"),
        // Somebody wants more: that stays.
        (size(1, 9, 12), "subnet-b,subnet-c"),
    ] {
        let scene = Scene::evacuating().await;
        scene.aws.state().size = standing;
        failed(scene.left(plan(standing)).await, Error::NOT_YET);
        assert_eq!(scene.asked(), [asked], "{standing}");
    }
}

#[tokio::test]
async fn targets_count_only_outside_and_only_where_their_zone_is_known() {
    let scene = Scene::evacuating().await;
    scene.aws.state().subnets = "subnet-b,subnet-c".to_owned();
    scene.aws.state().strangers = 2;
    scene.aws.launched("eu-central-1a", 4);
    let words = failed(scene.left(plan(size(3, 6, 8))).await, Error::NOT_YET);
    assert!(
        words.contains("4 healthy") && words.contains("2 outside of the group"),
        "{words}"
    );
    scene.aws.launched("eu-central-1b", 2);
    scene.aws.turn("eu-central-1c", Target::Initial);
    failed(scene.left(plan(size(3, 6, 8))).await, Error::NOT_YET);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_harmless() {
    let scene = Scene::evacuating().await;
    scene.aws.state().fates.insert(UPDATE, Fate::AnswerLost);
    failed(scene.left(plan(size(3, 6, 8))).await, Error::UNAVAILABLE);
    failed(scene.left(plan(size(3, 6, 8))).await, Error::NOT_YET);
    assert_eq!(scene.asked().len(), 1);
}

#[tokio::test]
async fn what_auto_scaling_refuses_has_its_name() {
    for (fate, name) in [
        (Fate::Refused(500, "ResourceContention"), Error::NOT_YET),
        (Fate::Refused(400, "ScalingActivityInProgress"), Error::NOT_YET),
        (Fate::Refused(400, "Throttling"), Error::THROTTLED),
        (Fate::Refused(503, "ServiceUnavailable"), Error::UNAVAILABLE),
        (Fate::Refused(400, "ValidationError"), Error::REFUSED),
    ] {
        let scene = Scene::evacuating().await;
        scene.aws.state().fates.insert(UPDATE, fate);
        let words = failed(scene.left(plan(size(3, 6, 8))).await, name);
        assert!(words.contains(UPDATE), "{words}");
        let scene = Scene::evacuating().await;
        scene.aws.state().subnets = "subnet-b,subnet-c".to_owned();
        scene.aws.state().fates.insert(UPDATE, fate);
        failed(scene.rejoined(plan(size(3, 6, 8))).await, name);
    }
}

#[tokio::test]
async fn a_run_that_lost_its_lock_or_was_stopped_leaves_nothing() {
    let scene = Scene::evacuating().await;
    scene.unlocked().await;
    failed(scene.left(plan(size(3, 6, 8))).await, Error::LOCK_LOST);
    scene.locked_by("another").await;
    failed(scene.left(plan(size(3, 6, 8))).await, Error::LOCK_LOST);
    let scene = Scene::evacuating().await;
    scene.stopped().await;
    let words = failed(scene.left(plan(size(3, 6, 8))).await, Error::UNSAFE);
    assert!(words.contains("stopped by on call"), "{words}");
    assert!(scene.asked().is_empty());
}

#[tokio::test]
async fn a_group_is_never_left_without_a_subnet_or_above_its_limit() {
    let scene = Scene::evacuating().await;
    scene.aws.state().subnets = "subnet-a".to_owned();
    failed(scene.left(plan(size(3, 6, 8))).await, Error::UNSAFE);
    scene.aws.state().subnets = "subnet-a,subnet-b,subnet-x".to_owned();
    let words = failed(scene.left(plan(size(3, 6, 8))).await, Error::UNSAFE);
    assert!(words.contains("add subnet-x"), "{words}");

    let mut scene = Scene::evacuating().await;
    scene.aws.state().size = size(1, 3, 4);
    if let Some(web) = &mut scene.shop.web {
        web.max_instances = 5;
    }
    let words = failed(scene.left(plan(size(1, 3, 4))).await, Error::UNSAFE);
    assert!(words.contains("`max-instances`"), "{words}");
    assert!(scene.asked().is_empty());
    if let Some(web) = &mut scene.shop.web {
        web.max_instances = 6;
    }
    failed(scene.left(plan(size(1, 3, 4))).await, Error::NOT_YET);
    assert_eq!(scene.asked().len(), 1);
}
