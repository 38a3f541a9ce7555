//! `stopped`, `redeploy-started` and `redeployed`: acting once, and seeing it through.

use aws_sdk_codedeploy::types::DeploymentStatus::{Created, Failed, InProgress, Stopped, Succeeded};
use aws_sdk_codedeploy::types::{DeploymentStatus, ErrorCode};
use domain::step::Error;
use domain::steps::plan::What;

use crate::aws::{Deployment, Fate, release, rollback};
use crate::{Scene, failed, plan, says, seen};

/// The redeployment stands like that now.
fn stands(scene: &Scene, status: DeploymentStatus, counts: (i64, i64)) {
    let mut group = scene.aws.group();
    group.deployment("d-20").status = status;
    group.deployment("d-20").counts = counts;
}

const STOP: &str = "StopDeployment";
const CREATE: &str = "CreateDeployment";

#[tokio::test]
async fn a_deployment_that_runs_is_stopped_without_a_rollback_of_codedeploys_own() {
    let scene = Scene::bad(InProgress).await;
    let words = failed(scene.stopped().await, Error::NOT_YET);
    says(
        &words,
        &[
            "d-9 InProgress",
            "codedeploy:StopDeployment answered Pending: the instances in progress are waited for",
        ],
    );
    assert_eq!(scene.calls(STOP), ["d-9 Some(false)"]);
    scene.aws.group().deployment("d-9").status = Stopped;
    let stopped = scene.stopped().await.expect("stopped");
    says(seen(&stopped), &["d-9 Stopped"]);
    assert_eq!(scene.calls(STOP).len(), 1);
}

#[tokio::test]
async fn a_deployment_that_ended_is_not_stopped_whoever_holds_the_lock() {
    for status in [Stopped, Failed, Succeeded] {
        let scene = Scene::bad(status).await;
        scene.unlocked().await;
        scene.stopped().await.expect("it has ended");
        assert_eq!(scene.calls(STOP).len(), 0);
    }
}

#[tokio::test]
async fn a_deployment_that_ends_while_it_is_stopped_is_looked_at_again() {
    let scene = Scene::bad(InProgress).await;
    let over = Fate::Refused(400, "DeploymentAlreadyCompletedException", "it is over");
    scene.aws.group().fates.insert(STOP, over);
    let words = failed(scene.stopped().await, Error::NOT_YET);
    says(&words, &["DeploymentAlreadyCompletedException: it is over"]);

    let scene = Scene::bad(InProgress).await;
    scene.aws.group().fates.insert(STOP, Fate::AnswerLost);
    failed(scene.stopped().await, Error::UNAVAILABLE);
    scene.aws.group().deployment("d-9").status = Stopped;
    scene.stopped().await.expect("the call had taken effect");
}

#[tokio::test]
async fn the_good_revision_is_deployed_once_and_seen() {
    let scene = Scene::bad(Stopped).await;
    let words = failed(scene.redeploy_started(plan()).await, Error::NOT_YET);
    says(
        &words,
        &["codedeploy:CreateDeployment of s3://shop-releases/1.zip as in d-1 accepted: d-20"],
    );
    for _ in 0..2 {
        let started = scene.redeploy_started(plan()).await.expect("it is there");
        assert_eq!(started.deployment, "d-20");
        says(
            &started.seen[0],
            &[
                "d-20 Created, s3://shop-releases/1.zip",
                "a rollback of Evenkeel's (evenkeel this)",
            ],
        );
    }
    assert_eq!(
        scene.calls(CREATE),
        [
            "1.zip to shop/shop-web as evenkeel this, ignoring failures to stop Some(true), files \
          Some(Overwrite), alarms Some(false), rollback Some(false)"
        ]
    );
}

#[tokio::test]
async fn a_deployment_whose_answer_was_lost_is_found_again() {
    let scene = Scene::bad(Failed).await;
    scene.aws.group().fates.insert(CREATE, Fate::AnswerLost);
    failed(scene.redeploy_started(plan()).await, Error::UNAVAILABLE);
    let started = scene.redeploy_started(plan()).await.expect("it is there");
    assert_eq!(started.deployment, "d-20");
    assert_eq!(scene.calls(CREATE).len(), 1);
}

#[tokio::test]
async fn a_deployment_that_is_not_listed_yet_is_not_created_twice_because_its_group_is_taken() {
    let scene = Scene::bad(Failed).await;
    scene.aws.group().lists_the_new = false;
    failed(scene.redeploy_started(plan()).await, Error::NOT_YET);
    let words = failed(scene.redeploy_started(plan()).await, Error::NOT_YET);
    says(
        &words,
        &[
            "DeploymentLimitExceededException",
            "already has an active Deployment 'd-20'",
        ],
    );
    scene.aws.group().lists_the_new = true;
    let started = scene.redeploy_started(plan()).await.expect("it is there");
    assert_eq!(started.deployment, "d-20");
    let all = scene.aws.group().deployments.len();
    assert_eq!(all, 3, "one was created");
}

#[tokio::test]
async fn what_runs_in_the_group_is_waited_for() {
    let scene = Scene::with(vec![
        release(12, "12", InProgress),
        release(9, "9", Stopped),
        release(1, "1", Succeeded),
    ])
    .await;
    let words = failed(scene.redeploy_started(plan()).await, Error::NOT_YET);
    says(&words, &["one deployment at a time: d-12 InProgress"]);
    assert_eq!(scene.calls(CREATE).len(), 0);
    scene.aws.group().deployment("d-12").status = Succeeded;
    let words = failed(scene.redeploy_started(plan()).await, Error::UNSAFE);
    says(
        &words,
        &["somebody deployed something else since", "d-12 Succeeded"],
    );
    assert_eq!(scene.calls(CREATE).len(), 0);
}

#[tokio::test]
async fn a_rollback_of_codedeploys_own_is_not_competed_with() {
    let scene = Scene::with(vec![
        rollback(10, "1", InProgress),
        release(9, "9", Failed),
        release(1, "1", Succeeded),
    ])
    .await;
    scene.unlocked().await;
    let mut underway = plan();
    if let What::RollBack { underway, .. } = &mut underway.what {
        *underway = Some("d-10".to_owned());
    }
    for plan in [underway, plan()] {
        let started = scene.redeploy_started(plan).await.expect("it runs");
        assert_eq!(started.deployment, "d-10");
    }
    assert_eq!(scene.calls(CREATE).len(), 0);
}

#[tokio::test]
async fn deployments_that_are_not_known_any_more_are_not_guessed_at() {
    let scene = Scene::with(vec![release(9, "9", Failed)]).await;
    let words = failed(scene.redeploy_started(plan()).await, Error::UNSAFE);
    says(&words, &["does not know d-9 or d-1 any more"]);
}

#[tokio::test]
async fn too_much_since_then_to_know_is_unsafe() {
    let mut deployments: Vec<Deployment> = (0..900).map(|index| release(950 - index, "9", Failed)).collect();
    deployments.extend([release(9, "9", Failed), release(1, "1", Succeeded)]);
    let scene = Scene::with(deployments).await;
    let words = failed(scene.redeploy_started(plan()).await, Error::UNSAFE);
    says(&words, &["too much was deployed since d-9", "500 deployments"]);
    assert_eq!(scene.calls(CREATE).len(), 0);
}

#[tokio::test]
async fn what_it_deployed_itself_is_looked_for_no_further_than_it_stands() {
    let scene = Scene::with(vec![
        release(12, "9", Failed),
        release(11, "9", Failed),
        release(9, "9", Failed),
        release(1, "1", Succeeded),
    ])
    .await;
    failed(scene.redeploy_started(plan()).await, Error::NOT_YET);
    scene.aws.group().page = 2;
    let before = scene.calls("ListDeployments").len();
    let started = scene.redeploy_started(plan()).await.expect("it is there");
    assert_eq!(started.deployment, "d-20");
    assert_eq!(
        scene.calls("ListDeployments").len() - before,
        1,
        "the first page has it"
    );
}

#[tokio::test]
async fn a_run_that_lost_its_lock_or_was_stopped_changes_nothing() {
    let running = Scene::bad(InProgress).await;
    let ended = Scene::bad(Failed).await;
    for scene in [&running, &ended] {
        scene.unlocked().await;
    }
    failed(running.stopped().await, Error::LOCK_LOST);
    failed(ended.redeploy_started(plan()).await, Error::LOCK_LOST);
    for scene in [&running, &ended] {
        scene.locked_by("another").await;
    }
    failed(running.stopped().await, Error::LOCK_LOST);
    failed(ended.redeploy_started(plan()).await, Error::LOCK_LOST);

    let still_running = Scene::bad(InProgress).await;
    let still_ended = Scene::bad(Failed).await;
    for scene in [&still_running, &still_ended] {
        scene.stopped_by_a_person().await;
    }
    let words = failed(still_running.stopped().await, Error::UNSAFE);
    says(&words, &["stopped by on call, because not this"]);
    failed(still_ended.redeploy_started(plan()).await, Error::UNSAFE);
    for scene in [running, ended, still_running, still_ended] {
        assert_eq!(scene.calls(STOP).len() + scene.calls(CREATE).len(), 0);
    }
}

#[tokio::test]
async fn a_redeployment_is_waited_for_and_its_instances_are_counted() {
    let scene = Scene::with(vec![release(20, "1", InProgress)]).await;
    for (status, counts) in [(Created, (0, 6)), (InProgress, (2, 4))] {
        stands(&scene, status, counts);
        failed(scene.redeployed("d-20").await, Error::NOT_YET);
    }
    let words = failed(scene.redeployed("d-20").await, Error::NOT_YET);
    says(&words, &["d-20 InProgress", "instances: 2 Succeeded, 4 Pending"]);
    stands(&scene, Succeeded, (6, 0));
    let redeployed = scene.redeployed("d-20").await.expect("deployed");
    says(
        seen(&redeployed),
        &[
            "d-20 Succeeded, s3://shop-releases/1.zip",
            "instances: 6 Succeeded",
        ],
    );
}

#[tokio::test]
async fn a_redeployment_that_did_not_succeed_is_unsafe_and_says_why() {
    for status in [Failed, Stopped] {
        let scene = Scene::with(vec![Deployment {
            error: Some((ErrorCode::HealthConstraints, "too many instances failed")),
            ..release(20, "1", status)
        }])
        .await;
        let words = failed(scene.redeployed("d-20").await, Error::UNSAFE);
        says(
            &words,
            &[
                "may run two revisions",
                "HEALTH_CONSTRAINTS: too many instances failed",
            ],
        );
    }
    let scene = Scene::with(vec![Deployment {
        counts: (0, 0),
        ..release(20, "1", Succeeded)
    }])
    .await;
    let words = failed(scene.redeployed("d-20").await, Error::UNSAFE);
    says(&words, &["to no instance", "no instances"]);
    let words = failed(scene.redeployed("d-21").await, Error::REFUSED);
    says(&words, &["DeploymentDoesNotExistException: no d-21"]);
}
