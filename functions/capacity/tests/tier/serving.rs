//! `serves-as-planned`.

use domain::names::{Zone, ZoneId};
use domain::steps::plan::{Verdict, What};

use super::*;

pub(crate) fn plan(what: What) -> Plan {
    Plan {
        at: now(),
        verdict: Verdict::Act,
        what,
        seen: vec![],
    }
}

async fn serves(scene: &Scene, recovery: Recovery, what: What) -> Result<Value> {
    let input = Input::ServesAsPlanned {
        run: run(recovery),
        plan: plan(what),
    };
    scene.ensure(input).await
}

fn zone(needed: u32) -> What {
    What::Zone {
        zone: Some(Zone("eu-west-1a".to_owned())),
        zone_id: Some(ZoneId("euw1-az1".to_owned())),
        standing: SIX,
        needed,
        launches_there: true,
        raised: None,
    }
}

fn roll_back() -> What {
    What::RollBack {
        bad: "d-2".to_owned(),
        bad_revision: "s3://b/2".to_owned(),
        good: Some("d-1".to_owned()),
        good_revision: Some("s3://b/1".to_owned()),
        underway: None,
    }
}

#[tokio::test]
async fn replaced_instances_serve_when_as_many_as_needed_are_healthy() {
    let replace = |needed| What::Replace {
        instances: vec!["i-9".to_owned()],
        needed,
    };
    let scene = Scene::new().await;
    let answer = serves(&scene, Recovery::ReplaceInstances, replace(6))
        .await
        .expect("serves");
    assert!(
        seen(&answer).starts_with("6 needed, 6 healthy; targets: 6 healthy"),
        "{answer}"
    );
    scene.target(2, Target::Initial);
    let words = failed(
        serves(&scene, Recovery::ReplaceInstances, replace(6)).await,
        Error::NOT_YET,
    );
    assert!(
        words.contains("6 needed, 5 healthy; targets: 5 healthy, 1 initial"),
        "{words}"
    );
    failed(
        serves(&scene, Recovery::ReplaceInstances, replace(0)).await,
        Error::UNSAFE,
    );
}

#[tokio::test]
async fn a_scale_out_serves_with_the_first_of_its_instances_and_not_without() {
    let more = |wanted| What::ScaleOut {
        standing: SIX,
        wanted,
    };
    let scene = Scene::new().await;
    scene.aws.site().size = Some(GroupSize { desired: 9, ..SIX });
    scene.aws.site().suspended.insert("Launch");
    let words = failed(serves(&scene, Recovery::ScaleOut, more(9)).await, Error::NOT_YET);
    assert!(
        words.contains("7 needed, 6 healthy") && words.contains("suspended: Launch"),
        "scaled nothing: {words}"
    );
    join(&mut scene.aws.site(), "i-7", "eu-west-1c");
    serves(&scene, Recovery::ScaleOut, more(9)).await.expect("serves");
}

#[tokio::test]
async fn a_zone_that_was_left_does_not_count_and_one_that_is_used_again_does() {
    let scene = Scene::new().await;
    let words = failed(
        serves(&scene, Recovery::EvacuateZone, zone(5)).await,
        Error::NOT_YET,
    );
    assert!(
        words.contains("5 needed outside eu-west-1a, 4 healthy; targets: 6 healthy"),
        "{words}"
    );
    serves(&scene, Recovery::EvacuateZone, zone(4))
        .await
        .expect("serves");
    serves(&scene, Recovery::ReturnToZone, zone(6))
        .await
        .expect("serves");
}

#[tokio::test]
async fn a_release_serves_when_every_instance_does() {
    let scene = Scene::new().await;
    serves(&scene, Recovery::RollBackDeployment, roll_back())
        .await
        .expect("serves");
    // More than are needed serve, and one bears the release no better than the one before.
    join(&mut scene.aws.site(), "i-7", "eu-west-1c");
    scene.target(7, Target::Unhealthy);
    let words = failed(
        serves(&scene, Recovery::RollBackDeployment, roll_back()).await,
        Error::NOT_YET,
    );
    assert!(
        words.contains("in service and not healthy: i-7; 6 needed, 6 healthy"),
        "{words}"
    );
    // One that CodeDeploy took out of the target group and did not put back.
    scene.aws.site().targets.remove("i-7");
    failed(
        serves(&scene, Recovery::RollBackDeployment, roll_back()).await,
        Error::NOT_YET,
    );
    leave(&mut scene.aws.site(), "i-7");
    leave(&mut scene.aws.site(), "i-6");
    let words = failed(
        serves(&scene, Recovery::RollBackDeployment, roll_back()).await,
        Error::NOT_YET,
    );
    assert!(words.contains("6 needed, 5 healthy"), "{words}");
    // On a quiet day fewer are wanted, and that is enough.
    scene.aws.site().size = Some(GroupSize { desired: 5, ..SIX });
    serves(&scene, Recovery::RollBackDeployment, roll_back())
        .await
        .expect("serves");
}

#[tokio::test]
async fn a_group_that_wants_nothing_serves_nobody() {
    let scene = Scene::new().await;
    scene.aws.site().size = Some(GroupSize {
        min: 0,
        desired: 0,
        ..SIX
    });
    failed(
        serves(&scene, Recovery::RollBackDeployment, roll_back()).await,
        Error::UNSAFE,
    );
}

#[tokio::test]
async fn a_cache_is_moved_without_its_targets() {
    let scene = Scene::new().await;
    let what = What::FailOverCache {
        away_from: "store-001".to_owned(),
    };
    let answer = serves(&scene, Recovery::FailOverCache, what)
        .await
        .expect("serves");
    assert!(
        seen(&answer).contains("a cache is moved without its targets"),
        "{answer}"
    );
    assert!(scene.aws.site().calls.is_empty());
}

#[tokio::test]
async fn what_cannot_be_seen_is_not_served() {
    for call in ["DescribeTargetHealth", "DescribeAutoScalingGroups"] {
        for (fate, name) in [
            (
                Fate::Refused(400, "Throttling", "Rate exceeded"),
                Error::THROTTLED,
            ),
            (Fate::AnswerLost, Error::UNAVAILABLE),
            (
                Fate::Refused(403, "AccessDenied", "not authorized"),
                Error::REFUSED,
            ),
        ] {
            let scene = Scene::new().await;
            scene.fate(call, fate);
            failed(
                serves(&scene, Recovery::RollBackDeployment, roll_back()).await,
                name,
            );
        }
    }
}
