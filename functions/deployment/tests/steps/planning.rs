//! `rollback-planned`: looking, and nothing else.

use aws_sdk_codedeploy::types::DeploymentCreator;
use aws_sdk_codedeploy::types::DeploymentStatus::{Failed, InProgress, Stopped, Succeeded};
use domain::step::Error;
use domain::steps::plan::{Plan, Verdict, What};

use crate::aws::{Deployment, release, rollback};
use crate::{Scene, failed, now, says};

/// Bad, good, and what is underway.
fn what(plan: &Plan) -> (&str, &str, Option<&str>) {
    match &plan.what {
        What::RollBack {
            bad, good, underway, ..
        } => (bad, good.as_deref().unwrap_or_default(), underway.as_deref()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_deployment_is_rolled_back_to_the_last_that_succeeded_with_another_revision() {
    for status in [InProgress, Failed, Stopped, Succeeded] {
        let scene = Scene::with(vec![
            release(9, "9", status.clone()),
            release(8, "9", Succeeded),
            release(7, "7", Failed),
            release(6, "6", Succeeded),
            release(1, "1", Succeeded),
        ])
        .await;
        let plan = scene.planned().await.expect("a plan");
        assert_eq!((plan.at, plan.verdict), (now(), Verdict::Act));
        assert_eq!(what(&plan), ("d-9", "d-6", None), "{status}");
        assert_eq!(
            plan.seen,
            [
                format!(
                    "to undo: d-9 {status}, s3://shop-releases/9.zip, created 2026-10-01T07:09:00Z, instances: 6 \
                     Succeeded"
                ),
                "to deploy again: d-6 Succeeded, s3://shop-releases/6.zip, created 2026-10-01T07:06:00Z, instances: \
                 6 Succeeded"
                    .to_owned(),
                "5 deployments were looked at".to_owned(),
            ]
        );
        assert_eq!(
            scene.calls("ListDeployments"),
            ["shop/shop-web [] from the beginning"],
            "one look is enough"
        );
    }
}

#[tokio::test]
async fn the_last_success_is_looked_for_page_by_page() {
    let mut deployments = vec![release(9, "9", Failed)];
    deployments.extend((0..130).map(|index| release(8 - index, "9", Failed)));
    deployments.extend((0..30).map(|index| release(-200 - index, "9", Succeeded)));
    deployments.push(release(-300, "1", Succeeded));
    let scene = Scene::with(deployments).await;
    scene.aws.group().page = 10;
    let plan = scene.planned().await.expect("a plan");
    assert_eq!(what(&plan), ("d-9", "d--300", None));
    says(&plan.seen[2], &["the newest 31 deployments were looked at"]);
    assert_eq!(
        scene.calls("ListDeployments")[1..],
        [
            "shop/shop-web [Succeeded] from the beginning",
            "shop/shop-web [Succeeded] from 10",
            "shop/shop-web [Succeeded] from 20",
            "shop/shop-web [Succeeded] from 30"
        ]
    );
}

#[tokio::test]
async fn a_history_without_end_is_read_to_a_bound_and_says_so() {
    let bad = (0..900).map(|index| release(9 - index, "9", Succeeded)).collect();
    let scene = Scene::with(bad).await;
    let words = failed(scene.planned().await, Error::UNSAFE);
    says(
        &words,
        &[
            "no deployment of shop/shop-web succeeded with another revision before d-9",
            "500 deployments were looked at, which is the bound; there are more",
            "By hand: deploy a revision that is known to work to shop/shop-web",
        ],
    );
    assert!(scene.aws.group().calls.len() <= 28);
}

#[tokio::test]
async fn a_list_in_another_order_changes_nothing() {
    let scene = Scene::with(vec![
        release(1, "1", Succeeded),
        release(9, "9", Failed),
        release(6, "6", Succeeded),
        release(4, "4", Succeeded),
    ])
    .await;
    scene.aws.group().page = 1;
    let plan = scene.planned().await.expect("a plan");
    assert_eq!(what(&plan), ("d-9", "d-6", None));
}

#[tokio::test]
async fn no_earlier_success_is_no_way_back_and_says_what_a_person_can_do() {
    let scene = Scene::with(vec![release(9, "9", Failed), release(1, "1", Failed)]).await;
    let words = failed(scene.planned().await, Error::UNSAFE);
    says(
        &words,
        &[
            "all 0 deployments that CodeDeploy lists",
            "By hand: deploy a revision",
        ],
    );
    assert!(!words.contains("same location"), "{words}");

    let scene = Scene::with(vec![
        release(9, "latest", Failed),
        release(1, "latest", Succeeded),
    ])
    .await;
    let words = failed(scene.planned().await, Error::UNSAFE);
    says(
        &words,
        &["has the same location: give each release a key, version or commit of its own"],
    );
}

#[tokio::test]
async fn nothing_that_had_begun_is_nothing_to_roll_back() {
    for deployments in [vec![], vec![release(11, "9", Failed)]] {
        let scene = Scene::with(deployments).await;
        let words = failed(scene.planned().await, Error::UNSAFE);
        says(
            &words,
            &["no release of shop/shop-web had begun at 2026-10-01T07:10:30Z"],
        );
    }
}

#[tokio::test]
async fn codedeploys_own_rollback_is_seen_through() {
    for status in [InProgress, Succeeded] {
        let scene = Scene::with(vec![
            rollback(10, "1", status.clone()),
            release(9, "9", Failed),
            release(1, "1", Succeeded),
        ])
        .await;
        let plan = scene.planned().await.expect("a plan");
        assert_eq!(plan.verdict, Verdict::Act);
        assert_eq!(what(&plan), ("d-9", "d-10", Some("d-10")), "{status}");
        says(
            &plan.seen[1],
            &["seen through: d-10", "CodeDeploy's own rollback"],
        );
    }
}

#[tokio::test]
async fn a_rollback_that_is_named_and_not_listed_yet_is_found() {
    let scene = Scene::with(vec![
        Deployment {
            rolled_back_by: Some("d-10"),
            ..release(9, "9", Failed)
        },
        release(1, "1", Succeeded),
        Deployment {
            new: true,
            ..rollback(10, "1", InProgress)
        },
    ])
    .await;
    scene.aws.group().lists_the_new = false;
    let plan = scene.planned().await.expect("a plan");
    assert_eq!(what(&plan), ("d-9", "d-10", Some("d-10")));
}

#[tokio::test]
async fn a_rollback_that_failed_is_never_rolled_back() {
    for by in [
        rollback(10, "1", Failed),
        Deployment {
            description: "evenkeel another".to_owned(),
            ..release(10, "1", Failed)
        },
    ] {
        let scene = Scene::with(vec![by, release(9, "9", Failed), release(1, "1", Succeeded)]).await;
        let words = failed(scene.planned().await, Error::UNSAFE);
        says(
            &words,
            &[
                "a rollback did not succeed, and is not tried again",
                "d-10 Failed",
                "By hand",
            ],
        );
    }
}

#[tokio::test]
async fn what_was_settled_since_is_left_alone() {
    for settled in [
        release(12, "12", Succeeded),
        release(10, "1", Succeeded),
        Deployment {
            description: "evenkeel another".to_owned(),
            ..release(10, "1", Succeeded)
        },
    ] {
        let id = settled.id.clone();
        let scene = Scene::with(vec![
            settled,
            release(9, "9", Succeeded),
            release(1, "1", Succeeded),
        ])
        .await;
        let plan = scene.planned().await.expect("a plan");
        assert_eq!(plan.verdict, Verdict::StandDown);
        assert_eq!(what(&plan), ("d-9", id.as_str(), None));
        says(&plan.seen[1], &["nothing to do: deployed since then", &id]);
    }
}

#[tokio::test]
async fn somebody_who_deploys_goes_first() {
    let scene = Scene::with(vec![
        release(12, "12", InProgress),
        release(9, "9", Succeeded),
        release(1, "1", Succeeded),
    ])
    .await;
    let words = failed(scene.planned().await, Error::NOT_YET);
    says(
        &words,
        &["somebody else's deployment goes first: d-12 InProgress"],
    );
    scene.aws.group().deployment("d-12").status = Failed;
    let plan = scene.planned().await.expect("a plan");
    assert_eq!(what(&plan), ("d-9", "d-1", None));
}

#[tokio::test]
async fn an_instance_that_auto_scaling_launched_is_not_to_blame() {
    let scene = Scene::with(vec![
        Deployment {
            creator: DeploymentCreator::Autoscaling,
            ..release(10, "9", InProgress)
        },
        release(9, "9", Succeeded),
        Deployment {
            creator: DeploymentCreator::Autoscaling,
            ..release(2, "old", Succeeded)
        },
        release(1, "1", Succeeded),
    ])
    .await;
    let plan = scene.planned().await.expect("a plan");
    assert_eq!(what(&plan), ("d-9", "d-1", None));
}

#[tokio::test]
async fn a_restart_deploys_nothing_and_is_neither_waited_for_nor_to_blame() {
    let scene = Scene::with(vec![
        Deployment {
            restarts: true,
            ..release(10, "9", InProgress)
        },
        release(9, "9", Succeeded),
        release(1, "1", Succeeded),
    ])
    .await;
    let plan = scene.planned().await.expect("a plan");
    assert_eq!(what(&plan), ("d-9", "d-1", None));
}

#[tokio::test]
async fn a_revision_that_was_taken_back_is_not_deployed_again() {
    let scene = Scene::with(vec![
        release(9, "9", Failed),
        rollback(7, "1", Failed),
        release(6, "6", Succeeded),
        release(1, "1", Succeeded),
    ])
    .await;
    let plan = scene.planned().await.expect("a plan");
    assert_eq!(what(&plan), ("d-9", "d-1", None));
}
