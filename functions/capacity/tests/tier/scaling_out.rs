//! `scale-out-planned` and `scaled-out`.

use domain::steps::plan::{Verdict, What};

use super::*;

const UPDATE: &str = "UpdateAutoScalingGroup";

/// Half as much again as one wants them to bear.
const HALF_AGAIN: &str = r#"{"version":"1.0","recentDatapoints":[71.0,84.0,105.0],"threshold":70.0}"#;

async fn planned(scene: &Scene) -> Result<Plan> {
    let run = run(Recovery::ScaleOut);
    scene.planned(Input::ScaleOutPlanned { run }).await
}

async fn scaled_out(scene: &Scene, plan: &Plan) -> Result<Value> {
    let input = Input::ScaledOut {
        run: run(Recovery::ScaleOut),
        epoch: EPOCH,
        plan: plan.clone(),
    };
    scene.ensure(input).await
}

async fn loaded() -> Scene {
    let scene = Scene::new().await;
    let raised = alarm(StateValue::Alarm, Some(HALF_AGAIN));
    scene.aws.site().alarms.insert("store-load", raised);
    scene
}

fn wanted(plan: &Plan) -> u32 {
    let What::ScaleOut { wanted, standing } = plan.what else {
        unreachable!("another plan: {plan:?}")
    };
    assert_eq!(standing, SIX);
    wanted
}

#[tokio::test]
async fn as_many_are_wanted_as_the_breach_says() {
    let scene = loaded().await;
    let plan = planned(&scene).await.expect("planned");
    assert_eq!((plan.verdict, wanted(&plan)), (Verdict::Act, 9));
    let seen = plan.seen.join("; ");
    for words in [
        "store-load ALARM since 2026-10-01T07:15:00Z: 105 where 70 is the threshold",
        "store-queue OK since",
        "1.50 times the threshold: 9 instances wanted, at most 12",
    ] {
        assert!(seen.contains(words), "{seen}");
    }
    assert_eq!(scene.calls(UPDATE), 0);
}

#[tokio::test]
async fn an_alarm_that_does_not_say_by_how_much_asks_for_one_more() {
    let scene = loaded().await;
    let composite = alarm(StateValue::Alarm, None);
    scene.aws.site().alarms.insert("store-load", composite);
    assert_eq!(wanted(&planned(&scene).await.expect("planned")), 7);
}

#[tokio::test]
async fn a_load_that_is_over_or_not_known_starts_nothing() {
    let scene = loaded().await;
    for state in [StateValue::Ok, StateValue::InsufficientData] {
        let over = alarm(state, Some(HALF_AGAIN));
        scene.aws.site().alarms.insert("store-load", over);
        let plan = planned(&scene).await.expect("planned");
        assert_eq!((plan.verdict, wanted(&plan)), (Verdict::StandDown, 6));
    }
}

#[tokio::test]
async fn at_the_maximum_it_says_so_and_which() {
    let scene = loaded().await;
    scene.aws.site().size = Some(GroupSize {
        min: 3,
        desired: 12,
        max: 20,
    });
    let words = failed(planned(&scene).await, Error::UNSAFE);
    for said in [
        "at the maximum of 12",
        "the group wants 12 already",
        "`max-instances` in [web]",
    ] {
        assert!(words.contains(said), "{words}");
    }
}

#[tokio::test]
async fn an_alarm_that_is_not_there_is_named() {
    let scene = loaded().await;
    scene.aws.site().alarms.remove("store-queue");
    let words = failed(planned(&scene).await, Error::REFUSED);
    assert!(
        words.contains("there is no alarm `store-queue` in eu-west-1") && words.contains("`load-high`"),
        "{words}"
    );
}

#[tokio::test]
async fn a_system_without_an_alarm_of_its_load_is_told_to_add_one() {
    let mut scene = loaded().await;
    scene.file = scene.file.replace("load-high", "user-impact");
    let words = failed(planned(&scene).await, Error::INVALID_INPUT);
    assert!(words.contains("`means = \"load-high\"`"), "{words}");
    assert_eq!(
        scene.calls("DescribeAlarms"),
        0,
        "of none there is nothing to ask"
    );
}

#[tokio::test]
async fn the_group_is_asked_for_them_once() {
    let scene = loaded().await;
    let plan = planned(&scene).await.expect("planned");
    scene.fate(UPDATE, Fate::AnswerLost);
    failed(scaled_out(&scene, &plan).await, Error::UNAVAILABLE);
    let answer = scaled_out(&scene, &plan).await.expect("scaled out");
    assert!(
        seen(&answer).starts_with("9 wanted, group store-web min 3, desired 9, max 10"),
        "{answer}"
    );
    assert_eq!(scene.calls(UPDATE), 1);
}

#[tokio::test]
async fn a_maximum_of_the_group_below_what_the_system_may_have_is_raised_and_no_minimum() {
    let scene = loaded().await;
    let plan = planned(&scene).await.expect("planned");
    scene.aws.site().size = Some(GroupSize { max: 7, ..SIX });
    let words = failed(scaled_out(&scene, &plan).await, Error::NOT_YET);
    assert!(
        words.contains("of store-web to desired 9, max 9 accepted"),
        "{words}"
    );
    assert_eq!(
        scene.aws.site().size,
        Some(GroupSize {
            min: 3,
            desired: 9,
            max: 9
        })
    );
}

#[tokio::test]
async fn as_many_as_there_may_be_may_be_asked_for() {
    let scene = loaded().await;
    let mut plan = planned(&scene).await.expect("planned");
    plan.what = What::ScaleOut {
        standing: SIX,
        wanted: 12,
    };
    failed(scaled_out(&scene, &plan).await, Error::NOT_YET);
    scaled_out(&scene, &plan).await.expect("scaled out");
    assert_eq!(scene.calls(UPDATE), 1);
}

#[tokio::test]
async fn a_group_that_wants_more_already_is_left_alone_whoever_holds_the_lock() {
    let scene = loaded().await;
    let plan = planned(&scene).await.expect("planned");
    scene.unlocked().await;
    scene.aws.site().size = Some(GroupSize { desired: 10, ..SIX });
    scaled_out(&scene, &plan).await.expect("scaled out");
    assert_eq!(scene.calls(UPDATE), 0);
}

#[tokio::test]
async fn more_than_there_may_be_is_never_asked_for() {
    let scene = loaded().await;
    let mut plan = planned(&scene).await.expect("planned");
    plan.what = What::ScaleOut {
        standing: SIX,
        wanted: 13,
    };
    let words = failed(scaled_out(&scene, &plan).await, Error::UNSAFE);
    assert!(
        words.contains("13 instances are wanted and there may be 12 at most"),
        "{words}"
    );
    plan.what = What::Replace {
        instances: vec![],
        needed: 6,
    };
    failed(scaled_out(&scene, &plan).await, Error::INVALID_INPUT);
    assert_eq!(scene.calls(UPDATE), 0);
}

#[tokio::test]
async fn only_who_holds_the_lock_and_was_not_stopped_asks_for_any() {
    let scene = loaded().await;
    let plan = planned(&scene).await.expect("planned");
    scene.stopped().await;
    failed(scaled_out(&scene, &plan).await, Error::UNSAFE);
    scene.unlocked().await;
    failed(scaled_out(&scene, &plan).await, Error::LOCK_LOST);
    assert_eq!(scene.calls(UPDATE), 0);
}

#[tokio::test]
async fn what_aws_refuses_has_its_name() {
    let scene = loaded().await;
    let plan = planned(&scene).await.expect("planned");
    for (status, code, name) in [
        (400, "ValidationError", Error::REFUSED),
        (500, "ResourceContention", Error::NOT_YET),
        (400, "Throttling", Error::THROTTLED),
        (503, "ServiceUnavailable", Error::UNAVAILABLE),
    ] {
        scene.fate(UPDATE, Fate::Refused(status, code, "words"));
        failed(scaled_out(&scene, &plan).await, name);
    }
    for call in [
        "DescribeAlarms",
        "DescribeAutoScalingGroups",
        "DescribeTargetHealth",
    ] {
        scene.fate(call, Fate::AnswerLost);
        failed(planned(&scene).await, Error::UNAVAILABLE);
        scene.aws.site().fates.remove(call);
    }
}
