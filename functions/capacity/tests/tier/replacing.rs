//! `replacement-planned` and `replaced`.

use domain::steps::plan::{Verdict, What};

use super::*;

const TERMINATE: &str = "TerminateInstanceInAutoScalingGroup";

async fn planned(scene: &Scene) -> Result<Plan> {
    let run = run(Recovery::ReplaceInstances);
    scene.planned(Input::ReplacementPlanned { run }).await
}

async fn replaced(scene: &Scene, plan: &Plan) -> Result<Value> {
    let input = Input::Replaced {
        run: run(Recovery::ReplaceInstances),
        epoch: EPOCH,
        plan: plan.clone(),
    };
    scene.ensure(input).await
}

/// Two of six are unhealthy, and that they are to be replaced is planned.
async fn two_sick() -> (Scene, Plan) {
    let scene = Scene::new().await;
    scene.target(1, Target::Unhealthy);
    scene.target(4, Target::Unhealthy);
    let plan = planned(&scene).await.expect("planned");
    (scene, plan)
}

#[tokio::test]
async fn what_is_unhealthy_is_planned_and_nothing_is_changed() {
    let (scene, plan) = two_sick().await;
    assert_eq!(plan.verdict, Verdict::Act);
    assert_eq!(
        plan.what,
        What::Replace {
            instances: vec!["i-1".to_owned(), "i-4".to_owned()],
            needed: 6,
        }
    );
    let seen = plan.seen.join("; ");
    for words in [
        "unhealthy: i-1, i-4; group store-web min 3, desired 6, max 10, 6 InService",
        "targets: 4 healthy, 2 unhealthy",
        "replaced within the last hour: 0, of 4 that may be",
    ] {
        assert!(seen.contains(words), "{seen}");
    }
    assert_eq!(scene.calls(TERMINATE), 0);
}

#[tokio::test]
async fn a_group_that_is_well_is_left_alone() {
    let scene = Scene::new().await;
    let plan = planned(&scene).await.expect("planned");
    assert_eq!(plan.verdict, Verdict::StandDown, "{plan:?}");
}

#[tokio::test]
async fn one_that_is_on_its_way_out_is_planned_so_that_its_replacement_is_waited_for() {
    for state in [LifecycleState::TerminatingWait, LifecycleState::Detaching] {
        let scene = Scene::new().await;
        scene.target(1, Target::Unhealthy);
        for member in &mut scene.aws.site().members {
            if member.id == "i-1" {
                member.state = state.clone();
            }
        }
        let plan = planned(&scene).await.expect("planned");
        let instances = vec!["i-1".to_owned()];
        assert_eq!(plan.what, What::Replace { instances, needed: 6 }, "{state}");
        assert_eq!(plan.verdict, Verdict::Act, "{state}");
    }
}

#[tokio::test]
async fn more_than_may_be_replaced_in_an_hour_is_no_problem_of_instances() {
    let scene = Scene::new().await;
    scene.target(1, Target::Unhealthy);
    scene.target(4, Target::Unhealthy);
    scene.aws.site().activities = vec![given_up(5, "i-7"), given_up(20, "i-8"), given_up(59, "i-9")];
    let words = failed(planned(&scene).await, Error::UNSAFE);
    assert!(
        words.contains("3 were replaced within the last hour and 2 more would be (i-1, i-4), and 4 may be"),
        "{words}"
    );
    scene.aws.site().activities[2] = given_up(61, "i-9");
    planned(&scene).await.expect("planned");
}

#[tokio::test]
async fn what_scaling_in_took_away_was_not_replaced() {
    let scene = Scene::new().await;
    scene.target(1, Target::Unhealthy);
    let scaled_in = |id: &str| Told {
        cause: "an instance was taken out of service in response to a difference between desired and actual capacity",
        ..given_up(5, id)
    };
    scene.aws.site().activities = ["i-7", "i-8", "i-9", "i-10"].map(scaled_in).to_vec();
    let plan = planned(&scene).await.expect("planned");
    assert_eq!(plan.verdict, Verdict::Act, "{plan:?}");
}

#[tokio::test]
async fn new_instances_that_are_unhealthy_too_end_it() {
    let scene = Scene::new().await;
    scene.target(1, Target::Unhealthy);
    scene.target(6, Target::Unhealthy);
    scene.aws.site().activities = vec![launch(6, Status::Successful, "i-6")];
    let words = failed(planned(&scene).await, Error::UNSAFE);
    assert!(words.contains("new instances are unhealthy too: i-6"), "{words}");
    assert_eq!(scene.calls(TERMINATE), 0);
}

#[tokio::test]
async fn all_targets_unhealthy_is_no_problem_of_instances() {
    let scene = Scene::new().await;
    for index in 1..=6 {
        scene.target(index, Target::Unhealthy);
    }
    let words = failed(planned(&scene).await, Error::UNSAFE);
    assert!(
        words.contains("no target is healthy (0 healthy, 6 unhealthy)"),
        "{words}"
    );
}

#[tokio::test]
async fn the_last_hour_is_read_page_by_page_and_not_for_ever() {
    let scene = Scene::new().await;
    scene.target(1, Target::Unhealthy);
    let quiet = |minutes, count| vec![launch(minutes, Status::Successful, "i-99"); count];
    // The one that counts stands on the third page; what is behind the hour is not read.
    let hour = [quiet(30, 250), vec![given_up(50, "i-9")], quiet(70, 900)].concat();
    scene.aws.site().activities = hour;
    let plan = planned(&scene).await.expect("planned");
    assert!(
        plan.seen.join("; ").contains("replaced within the last hour: 1"),
        "{plan:?}"
    );
    // Three pages, and the first one again for the group's own account of itself.
    assert_eq!(scene.calls("DescribeScalingActivities"), 4);

    scene.aws.site().activities = quiet(30, 501);
    let words = failed(planned(&scene).await, Error::UNSAFE);
    assert!(words.contains("0 at least were replaced"), "{words}");
}

#[tokio::test]
async fn a_history_that_cannot_be_read_plans_nothing() {
    let scene = Scene::new().await;
    scene.target(1, Target::Unhealthy);
    for (fate, name) in [
        (
            Fate::Refused(400, "Throttling", "Rate exceeded"),
            Error::THROTTLED,
        ),
        (
            Fate::Refused(503, "ServiceUnavailable", "try later"),
            Error::UNAVAILABLE,
        ),
        (
            Fate::Refused(403, "AccessDenied", "not authorized"),
            Error::REFUSED,
        ),
    ] {
        scene.fate("DescribeScalingActivities", fate);
        failed(planned(&scene).await, name);
    }
}

#[tokio::test]
async fn one_after_the_other_is_given_up_and_the_group_replaces_them() {
    let (scene, plan) = two_sick().await;
    for (index, instance) in ["i-1", "i-4"].into_iter().enumerate() {
        let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
        assert!(
            words.contains(&format!("autoscaling:{TERMINATE} of {instance} accepted")),
            "{words}"
        );
        assert_eq!(scene.calls(TERMINATE), index + 1);
    }
    // They go, and the group launches others.
    let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
    assert!(
        words.contains("i-1 i-4 on the way out or back; 6 needed, targets: 4 healthy, 2 draining"),
        "{words}"
    );
    {
        let mut site = scene.aws.site();
        leave(&mut site, "i-1");
        leave(&mut site, "i-4");
        join(&mut site, "i-7", "eu-west-1b");
        join(&mut site, "i-8", "eu-west-1b");
    }
    scene.target(8, Target::Initial);
    let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
    assert!(
        words.contains("i-1 i-4 gone; 6 needed, targets: 5 healthy, 1 initial"),
        "{words}"
    );
    scene.target(8, Target::Healthy);
    let answer = replaced(&scene, &plan).await.expect("replaced");
    assert_eq!(seen(&answer), "i-1 i-4 gone; 6 needed, targets: 6 healthy");
    assert_eq!(scene.calls(TERMINATE), 2);
}

#[tokio::test]
async fn one_that_is_well_again_is_left_alone() {
    let (scene, plan) = two_sick().await;
    scene.target(1, Target::Healthy);
    scene.target(4, Target::Healthy);
    let answer = replaced(&scene, &plan).await.expect("replaced");
    assert!(
        seen(&answer).starts_with("i-1 i-4 well again and left alone"),
        "{answer}"
    );
    assert_eq!(scene.calls(TERMINATE), 0);
}

#[tokio::test]
async fn an_instance_that_was_not_planned_is_never_touched() {
    let (scene, plan) = two_sick().await;
    for _ in 0..2 {
        failed(replaced(&scene, &plan).await, Error::NOT_YET);
    }
    // The new ones are no better.
    {
        let mut site = scene.aws.site();
        for (old, new) in [("i-1", "i-7"), ("i-4", "i-8")] {
            leave(&mut site, old);
            join(&mut site, new, "eu-west-1b");
        }
    }
    scene.target(7, Target::Unhealthy);
    scene.target(8, Target::Unhealthy);
    for _ in 0..3 {
        let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
        assert!(words.contains("targets: 4 healthy, 2 unhealthy"), "{words}");
    }
    assert_eq!(scene.calls(TERMINATE), 2);
}

#[tokio::test]
async fn what_is_launched_in_their_place_and_is_unhealthy_too_ends_it() {
    let (scene, plan) = two_sick().await;
    failed(replaced(&scene, &plan).await, Error::NOT_YET);
    {
        let mut site = scene.aws.site();
        leave(&mut site, "i-1");
        join(&mut site, "i-7", "eu-west-1b");
        site.activities = vec![launch(4, Status::Successful, "i-7")];
    }
    scene.target(7, Target::Unhealthy);
    // It may still boot, and meanwhile the other one is given up.
    failed(replaced(&scene, &plan).await, Error::NOT_YET);
    assert_eq!(scene.calls(TERMINATE), 2);
    scene.aws.site().activities = vec![launch(5, Status::Successful, "i-7")];
    let words = failed(replaced(&scene, &plan).await, Error::UNSAFE);
    assert!(words.contains("new instances are unhealthy too: i-7"), "{words}");
    assert_eq!(scene.calls(TERMINATE), 2);
}

#[tokio::test]
async fn nothing_is_given_up_while_it_gets_worse() {
    let (scene, plan) = two_sick().await;
    scene.target(2, Target::Unhealthy);
    let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
    assert!(
        words.contains("fewer than 4 are healthy, so i-1 is left for now"),
        "{words}"
    );
    assert_eq!(scene.calls(TERMINATE), 0);
    scene.target(2, Target::Healthy);
    failed(replaced(&scene, &plan).await, Error::NOT_YET);
    assert_eq!(scene.calls(TERMINATE), 1);
}

#[tokio::test]
async fn nothing_is_given_up_while_the_group_cannot_launch() {
    let (scene, plan) = two_sick().await;
    failed(replaced(&scene, &plan).await, Error::NOT_YET);
    scene.aws.site().activities = vec![launch(1, Status::Failed, "")];
    let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
    assert!(
        words.contains("the group cannot launch (at ") && words.contains("so i-4 is left for now"),
        "{words}"
    );
    assert_eq!(scene.calls(TERMINATE), 1);
}

#[tokio::test]
async fn a_suspended_process_is_a_persons_word() {
    for process in ["Launch", "Terminate"] {
        let (scene, plan) = two_sick().await;
        scene.aws.site().suspended.insert(process);
        for answer in [
            failed(replaced(&scene, &plan).await, Error::UNSAFE),
            failed(planned(&scene).await, Error::UNSAFE),
        ] {
            assert!(
                answer.contains(&format!(
                    "the process `{process}` of group store-web is suspended"
                )),
                "{answer}"
            );
        }
        assert_eq!(scene.calls(TERMINATE), 0);
    }
}

#[tokio::test]
async fn a_termination_whose_answer_was_lost_is_seen_and_not_repeated() {
    let (scene, plan) = two_sick().await;
    scene.target(4, Target::Healthy);
    scene.fate(TERMINATE, Fate::AnswerLost);
    failed(replaced(&scene, &plan).await, Error::UNAVAILABLE);
    let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
    assert!(words.contains("i-1 on the way out or back"), "{words}");
    assert_eq!(scene.calls(TERMINATE), 1);
}

#[tokio::test]
async fn an_instance_that_went_by_itself_meanwhile_is_no_refusal() {
    let (scene, plan) = two_sick().await;
    scene.fate(TERMINATE, Fate::GoneMeanwhile);
    let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
    assert!(words.contains("No managed instance found"), "{words}");
}

#[tokio::test]
async fn what_auto_scaling_refuses_has_its_name() {
    for (status, code, message, name) in [
        (400, "ValidationError", "invalid", Error::REFUSED),
        (403, "AccessDenied", "not authorized", Error::REFUSED),
        (500, "ResourceContention", "a pending update", Error::NOT_YET),
        (400, "ScalingActivityInProgress", "activities", Error::NOT_YET),
        (400, "Throttling", "Rate exceeded", Error::THROTTLED),
        (503, "ServiceUnavailable", "try later", Error::UNAVAILABLE),
    ] {
        let (scene, plan) = two_sick().await;
        scene.fate(TERMINATE, Fate::Refused(status, code, message));
        let words = failed(replaced(&scene, &plan).await, name);
        assert!(words.contains(message) && words.contains(TERMINATE), "{words}");
    }
}

#[tokio::test]
async fn only_who_holds_the_lock_and_was_not_stopped_gives_anything_up() {
    let (scene, plan) = two_sick().await;
    scene.stopped().await;
    let words = failed(replaced(&scene, &plan).await, Error::UNSAFE);
    assert!(words.contains("stopped by on call, because not this"), "{words}");
    scene.unlocked().await;
    failed(replaced(&scene, &plan).await, Error::LOCK_LOST);
    scene.locked_by("another").await;
    let words = failed(replaced(&scene, &plan).await, Error::LOCK_LOST);
    assert!(words.contains("another holds it, epoch 2"), "{words}");
    assert_eq!(scene.calls(TERMINATE), 0);
}

#[tokio::test]
async fn what_was_planned_is_given_up_though_enough_others_are_healthy_by_now() {
    let (scene, plan) = two_sick().await;
    for id in ["i-7", "i-8"] {
        join(&mut scene.aws.site(), id, ZONES[0]);
    }
    let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
    assert!(words.contains(TERMINATE), "{words}");
    assert_eq!(scene.calls(TERMINATE), 1);
}

#[tokio::test]
async fn an_instance_on_its_way_out_is_waited_for_and_not_given_up_again() {
    for still_a_member in [true, false] {
        let (scene, plan) = two_sick().await;
        for id in ["i-7", "i-8"] {
            join(&mut scene.aws.site(), id, ZONES[0]);
        }
        for id in ["i-1", "i-4"] {
            if still_a_member {
                let mut site = scene.aws.site();
                let leaving = site.members.iter_mut().find(|member| member.id == id);
                leaving.expect(id).state = LifecycleState::TerminatingWait;
            } else {
                // The load balancer does not know yet, and sends requests there as long as it does not.
                leave(&mut scene.aws.site(), id);
                scene.aws.site().targets.insert(id.to_owned(), Target::Unhealthy);
            }
        }
        // Where none but the planned ones is sick, nobody has to know what the group launched.
        let refused = Fate::Refused(400, "Throttling", "Rate exceeded");
        scene.fate("DescribeScalingActivities", refused);
        let words = failed(replaced(&scene, &plan).await, Error::NOT_YET);
        assert!(words.contains("i-1 i-4 on the way out or back"), "{words}");
        assert_eq!(scene.calls(TERMINATE), 0);
    }
}

#[tokio::test]
async fn another_recoverys_plan_is_not_carried_out() {
    let (scene, mut plan) = two_sick().await;
    plan.what = What::ScaleOut {
        standing: SIX,
        wanted: 9,
    };
    let words = failed(replaced(&scene, &plan).await, Error::INVALID_INPUT);
    assert!(
        words.contains("`replaced` with another recovery's plan"),
        "{words}"
    );
}
