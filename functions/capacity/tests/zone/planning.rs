//! Which zone is to be left, and which is to be used again.

use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum as Target;

use super::aws::{DESCRIBE_SHIFTS, Fate, PRACTICED};
use super::*;

/// Zone a is sick, and everything else is well.
async fn sick() -> Scene {
    let scene = Scene::evacuating().await;
    scene.alarm("shop-zone-a-errors", true).await;
    scene
}

#[tokio::test]
async fn one_sick_zone_is_left_whether_its_targets_look_healthy_or_not() {
    for state in [Target::Healthy, Target::Unhealthy, Target::Unused] {
        let scene = sick().await;
        scene.aws.turn("eu-central-1a", state);
        let planned = scene.planned().await.expect("planned");
        assert_eq!(
            (planned.verdict, &planned.what),
            (Verdict::Act, &plan(size(3, 6, 8)).what)
        );
        assert!(
            planned.seen[0].contains("shop-zone-a-errors is in ALARM since"),
            "{planned:?}"
        );
        assert!(scene.asked().is_empty(), "a plan only looks");
    }
}

#[tokio::test]
async fn an_autoshift_is_evidence_and_not_the_end_of_it() {
    let scene = Scene::evacuating().await;
    scene.aws.state().autoshifts = vec!["euc1-az2"];
    let planned = scene.planned().await.expect("planned");
    assert_eq!(planned.what, plan(size(3, 6, 8)).what);
    assert!(planned.seen[0].contains("AWS's autoshift"), "{planned:?}");
}

#[tokio::test]
async fn a_zone_whose_targets_are_all_unhealthy_is_sick_though_no_alarm_names_it() {
    let scene = Scene::evacuating().await;
    scene.alarm("shop-unhealthy-hosts", true).await;
    scene.aws.turn("eu-central-1a", Target::Unhealthy);
    let planned = scene.planned().await.expect("planned");
    assert_eq!(planned.what, plan(size(3, 6, 8)).what);
    assert!(
        planned.seen[1].contains("all 2 targets in eu-central-1a are unhealthy"),
        "{planned:?}"
    );

    let stands_down = |change: fn(&Scene)| async move {
        let scene = Scene::evacuating().await;
        scene.alarm("shop-unhealthy-hosts", true).await;
        scene.aws.turn("eu-central-1a", Target::Unhealthy);
        change(&scene);
        scene.planned().await.expect("planned").verdict == Verdict::StandDown
    };
    // One instance is no zone, and two zones are none either.
    assert!(stands_down(|scene| scene.aws.state().instances[0].2 = Target::Healthy).await);
    assert!(stands_down(|scene| drop(scene.aws.state().instances.remove(0))).await);
    assert!(stands_down(|scene| scene.aws.state().instances[2].2 = Target::Unhealthy).await);
    let quiet = Scene::evacuating().await;
    let about_another_thing = Scene::evacuating().await;
    about_another_thing.alarm("shop-writer-unreachable", true).await;
    for scene in [quiet, about_another_thing] {
        scene.aws.turn("eu-central-1a", Target::Unhealthy);
        assert_eq!(
            scene.planned().await.expect("planned").verdict,
            Verdict::StandDown
        );
    }
}

#[tokio::test]
async fn without_a_sick_zone_it_stands_down() {
    for over in [false, true] {
        let scene = Scene::evacuating().await;
        if over {
            scene.alarm("shop-zone-a-errors", true).await;
            let later = AlarmSeen {
                in_alarm: false,
                changed_at: now() + Duration::from_secs(1).signed(),
            };
            let (shop, alarm) = (name(), "shop-zone-a-errors");
            let noted = scene.journal.note_alarm(&shop, alarm, later).await;
            noted.expect("noted");
        }
        let planned = scene.planned().await.expect("planned");
        assert_eq!(planned.verdict, Verdict::StandDown);
        assert!(
            matches!(planned.what, What::Zone { zone: None, .. }),
            "{planned:?}"
        );
    }
}

#[tokio::test]
async fn more_than_one_sick_zone_is_no_problem_of_a_zone() {
    let scene = sick().await;
    scene.alarm("shop-zone-b-errors", true).await;
    let planned = scene.planned().await.expect("planned");
    assert_eq!(planned.verdict, Verdict::StandDown);
    assert!(
        planned.seen[0].contains("shop-zone-a-errors") && planned.seen[0].contains("shop-zone-b-errors"),
        "{planned:?}"
    );

    let scene = sick().await;
    scene.aws.state().autoshifts = vec!["euc1-az3"];
    failed(scene.planned().await, Error::UNSAFE);

    let scene = sick().await;
    scene.aws.turn("eu-central-1c", Target::Unhealthy);
    let words = failed(scene.planned().await, Error::UNSAFE);
    assert!(
        words.contains("eu-central-1c has 2 unhealthy targets and 0 healthy ones"),
        "{words}"
    );
}

#[tokio::test]
async fn the_last_of_several_zones_that_failed_together_is_watched_for_a_while() {
    let noted = |seconds_ago: i64, in_alarm: bool| AlarmSeen {
        in_alarm,
        changed_at: now() - Duration::from_secs(seconds_ago.unsigned_abs()).signed(),
    };
    for (a_rose, b_ended, waits) in [
        (180, 10, true),
        (180, 89, true),
        (180, 90, false),
        // It was over before this began.
        (80, 85, false),
    ] {
        let scene = Scene::evacuating().await;
        for (alarm, seen) in [
            ("shop-zone-a-errors", noted(a_rose, true)),
            ("shop-zone-b-errors", noted(b_ended, false)),
        ] {
            let answer = scene.journal.note_alarm(&name(), alarm, seen).await;
            answer.expect("noted");
        }
        if waits {
            let words = failed(scene.planned().await, Error::NOT_YET);
            assert!(
                words.contains("did not fail alone: shop-zone-b-errors"),
                "{words}"
            );
            scene.aws.state().autoshifts = vec!["euc1-az2"];
        }
        assert_eq!(scene.planned().await.expect("planned").verdict, Verdict::Act);
    }
}

#[tokio::test]
async fn one_bad_instance_elsewhere_is_no_sick_zone() {
    let scene = sick().await;
    scene.aws.launched("eu-central-1c", 1);
    scene.aws.state().instances[4].2 = Target::Unhealthy;
    assert_eq!(scene.planned().await.expect("planned").verdict, Verdict::Act);
}

#[tokio::test]
async fn what_the_system_file_does_not_say_is_asked_for_by_its_key() {
    let scene = |change: fn(&mut domain::system::WebTier)| async move {
        let mut scene = sick().await;
        scene.shop.web.as_mut().map(change).expect("a web tier");
        failed(scene.planned().await, Error::UNSAFE)
    };
    for (words, key) in [
        (scene(|web| web.load_balancer = None).await, "`load-balancer`"),
        (scene(|web| web.zones.clear()).await, "`zones`"),
        (
            scene(|web| drop(web.subnets.remove(&Zone("eu-central-1a".to_owned())))).await,
            "`subnets`",
        ),
        (
            scene(|web| drop(web.subnets.remove(&Zone("eu-central-1b".to_owned())))).await,
            "add subnet-b to `subnets`",
        ),
        (scene(|web| web.max_instances = 5).await, "`max-instances`"),
    ] {
        assert!(words.contains(key), "{key}: {words}");
    }
}

#[tokio::test]
async fn what_the_others_cannot_make_up_for_is_not_left() {
    for process in ["Launch", "AZRebalance"] {
        let scene = sick().await;
        scene.aws.state().suspended = vec![process];
        let words = failed(scene.planned().await, Error::UNSAFE);
        assert!(
            words.contains(&format!("resume its process {process}")),
            "{words}"
        );
        // There is nothing to make up for.
        scene.aws.launched("eu-central-1b", 2);
        scene.planned().await.expect("planned");
    }
    let scene = sick().await;
    scene.aws.state().subnets = "subnet-a".to_owned();
    let words = failed(scene.planned().await, Error::UNSAFE);
    assert!(words.contains("no subnet in another zone"), "{words}");
}

#[tokio::test]
async fn a_zone_is_left_where_the_others_may_have_just_what_is_needed() {
    let mut scene = sick().await;
    if let Some(web) = &mut scene.shop.web {
        web.max_instances = 6;
    }
    let planned = scene.planned().await.expect("planned");
    assert_eq!(planned.verdict, Verdict::Act, "{planned:?}");
}

#[tokio::test]
async fn users_that_cannot_be_kept_away_are_known_before_anything_is_done() {
    let scene = sick().await;
    scene.aws.state().enabled = false;
    let words = failed(scene.planned().await, Error::UNSAFE);
    assert!(words.contains("zonal_shift.config.enabled"), "{words}");

    let scene = sick().await;
    scene.aws.state().shifts = vec![("euc1-az1", "by hand")];
    let words = failed(scene.planned().await, Error::UNSAFE);
    assert!(words.contains("another zone"), "{words}");

    let scene = sick().await;
    scene.aws.state().shifts = vec![("euc1-az2", "by hand")];
    scene.planned().await.expect("the same zone");
}

/// It gives way to what is meant; a person's does not, though nothing says of what type it is.
#[tokio::test]
async fn a_practice_run_elsewhere_keeps_no_zone_from_being_left() {
    let scene = sick().await;
    scene.aws.state().untyped = true;
    scene.aws.state().shifts = vec![("euc1-az1", PRACTICED)];
    let planned = scene.planned().await.expect("planned");
    assert_eq!(planned.verdict, Verdict::Act, "{planned:?}");

    scene.aws.state().shifts = vec![("euc1-az1", "by hand")];
    let words = failed(scene.planned().await, Error::UNSAFE);
    assert!(words.contains("another zone"), "{words}");
}

#[tokio::test]
async fn what_does_not_answer_has_its_name() {
    for (call, fate, name) in [
        (
            "DescribeAutoScalingGroups",
            Fate::Refused(400, "Throttling"),
            Error::THROTTLED,
        ),
        (
            "DescribeTargetHealth",
            Fate::Refused(503, "ServiceUnavailable"),
            Error::UNAVAILABLE,
        ),
        (
            "DescribeTargetHealth",
            Fate::Refused(400, "TargetGroupNotFound"),
            Error::REFUSED,
        ),
        (
            DESCRIBE_SHIFTS,
            Fate::Refused(429, "ThrottlingException"),
            Error::THROTTLED,
        ),
        (
            DESCRIBE_SHIFTS,
            Fate::Refused(403, "AccessDeniedException"),
            Error::REFUSED,
        ),
    ] {
        let scene = sick().await;
        scene.aws.state().fates.insert(call, fate);
        let words = failed(scene.planned().await, name);
        assert!(words.contains(call), "{words}");
    }
}

/// Zone a was evacuated, and is well again.
async fn evacuated() -> Scene {
    let scene = Scene::returning().await;
    scene.aws.state().subnets = "subnet-b,subnet-c".to_owned();
    scene.aws.state().shifts = vec![("euc1-az2", "evenkeel earlier")];
    scene
}

#[tokio::test]
async fn the_zone_that_was_evacuated_is_used_again_when_it_is_well() {
    let planned = evacuated().await.planned().await.expect("planned");
    assert_eq!(
        (planned.verdict, &planned.what),
        (Verdict::Act, &super::planned(size(3, 6, 8), false, None).what)
    );
    assert!(
        planned.seen[0].contains("no alarm about eu-central-1a"),
        "{planned:?}"
    );
    assert!(
        planned
            .seen
            .iter()
            .any(|seen| seen.contains("the journal knows of no evacuation")),
        "{planned:?}"
    );

    // The shift is over.
    let scene = evacuated().await;
    scene.aws.state().shifts.clear();
    assert_eq!(scene.planned().await.expect("planned").verdict, Verdict::Act);
    // The group was put back by hand.
    let scene = evacuated().await;
    scene.aws.state().subnets = "subnet-a,subnet-b,subnet-c".to_owned();
    let planned = scene.planned().await.expect("planned");
    assert_eq!(
        (planned.verdict, &planned.what),
        (Verdict::Act, &plan(size(3, 6, 8)).what)
    );
}

/// An earlier run that ended so many minutes ago.
fn past(id: &str, recovery: Recovery, minutes: u64, raised_from: Option<GroupSize>) -> Incident {
    let closed_at = now() - Duration::from_mins(minutes).signed();
    Incident {
        id: incident(id),
        system: name(),
        recovery,
        opened_at: closed_at,
        closed_at,
        outcome: Outcome::Recovered,
        seen: Vec::new(),
        left: raised_from.map(|standing| ZoneLeft {
            zone: Zone("eu-central-1a".to_owned()),
            raise: Raise::of(standing, 6),
        }),
    }
}

#[tokio::test]
async fn the_size_of_before_the_evacuation_is_what_its_own_record_says() {
    let (leave, back) = (Recovery::EvacuateZone, Recovery::ReturnToZone);
    let small = size(1, 4, 8);
    for (pasts, now, from, words) in [
        (
            vec![past("left", leave, 60, Some(small))],
            size(1, 6, 8),
            Some(4),
            "left raised desired from 4 to 6: that is taken back in the end",
        ),
        // Somebody has changed it since.
        (
            vec![past("left", leave, 60, Some(small))],
            size(1, 7, 8),
            None,
            "somebody has changed it to 7 since: it stays",
        ),
        // It was left once more, and that raised nothing: the first raise is still in force.
        (
            vec![
                past("left", leave, 60, Some(small)),
                past("left-again", leave, 20, Some(size(1, 6, 8))),
            ],
            size(1, 6, 8),
            Some(4),
            "left raised desired from 4 to 6",
        ),
        (
            vec![past("left", leave, 60, Some(size(3, 6, 8)))],
            size(3, 6, 8),
            None,
            "leaving eu-central-1a did not change the group's size",
        ),
        // What was before the last return is settled.
        (
            vec![past("left", leave, 90, Some(small)), past("back", back, 60, None)],
            size(1, 6, 8),
            None,
            "the journal knows of no evacuation of eu-central-1a",
        ),
        // It failed before users were away: it was undone.
        (
            vec![past("undone", leave, 60, None)],
            size(1, 6, 8),
            None,
            "the journal knows of no evacuation of eu-central-1a",
        ),
    ] {
        let scene = evacuated().await;
        scene.aws.state().size = now;
        for past in &pasts {
            scene.journal.record(past).await.expect("answers");
        }
        let planned = scene.planned().await.expect("planned");
        let What::Zone { raised, .. } = planned.what else {
            panic!("{planned:?}");
        };
        assert_eq!(raised.map(|raise| raise.from.desired), from, "{words}");
        assert!(
            planned.seen.iter().any(|seen| seen.contains(words)),
            "{words}: {:?}",
            planned.seen
        );
    }
}

#[tokio::test]
async fn the_way_back_asks_for_no_more_than_the_group_wants() {
    let scene = evacuated().await;
    scene.aws.state().size = size(1, 4, 8);
    let planned = scene.planned().await.expect("planned");
    assert!(
        matches!(planned.what, What::Zone { needed: 4, .. }),
        "{planned:?}"
    );
}

#[tokio::test]
async fn a_second_evacuation_knows_that_the_zone_was_left_already() {
    let scene = sick().await;
    scene.aws.state().subnets = "subnet-b,subnet-c".to_owned();
    let planned = scene.planned().await.expect("planned");
    assert_eq!(
        (planned.verdict, &planned.what),
        (Verdict::Act, &super::planned(size(3, 6, 8), false, None).what)
    );
}

#[tokio::test]
async fn failing_users_speak_for_the_one_zone_in_which_all_targets_are_unhealthy() {
    let scene = Scene::evacuating().await;
    scene.alarm("shop-checkout-failing", true).await;
    scene.aws.turn("eu-central-1a", Target::Unhealthy);
    let planned = scene.planned().await.expect("planned");
    assert_eq!(planned.verdict, Verdict::Act, "{planned:?}");
    scene.aws.turn("eu-central-1a", Target::Healthy);
    assert_eq!(
        scene.planned().await.expect("planned").verdict,
        Verdict::StandDown
    );
}

#[tokio::test]
async fn where_no_zone_was_evacuated_there_is_nowhere_to_return_to() {
    let scene = Scene::returning().await;
    scene.aws.state().shifts = vec![("euc1-az2", "by hand")];
    assert_eq!(
        scene.planned().await.expect("planned").verdict,
        Verdict::StandDown
    );
}

#[tokio::test]
async fn a_zone_that_is_not_well_yet_is_not_used_again() {
    let scene = evacuated().await;
    scene.alarm("shop-zone-a-errors", true).await;
    let words = failed(scene.planned().await, Error::UNSAFE);
    assert!(
        words.contains("eu-central-1a is not well yet: shop-zone-a-errors"),
        "{words}"
    );

    let scene = evacuated().await;
    scene.aws.state().autoshifts = vec!["euc1-az2"];
    let words = failed(scene.planned().await, Error::UNSAFE);
    assert!(words.contains("AWS's autoshift"), "{words}");

    let scene = evacuated().await;
    scene.alarm("shop-zone-b-errors", true).await;
    scene.planned().await.expect("another zone's alarm");
}

#[tokio::test]
async fn one_zone_at_a_time_is_used_again() {
    let scene = evacuated().await;
    scene.aws.state().subnets = "subnet-b".to_owned();
    let words = failed(scene.planned().await, Error::UNSAFE);
    assert!(words.contains("eu-central-1a and eu-central-1c"), "{words}");
}

#[tokio::test]
async fn other_zones_have_their_time_to_follow_unless_the_load_balancer_sees_this_one_dead() {
    let scene = Scene::evacuating().await;
    scene
        .alarm_since("shop-zone-a-errors", true, Duration::from_secs(30))
        .await;
    let words = failed(scene.planned().await, Error::NOT_YET);
    assert!(words.contains("alone so far"), "{words}");

    scene.aws.turn("eu-central-1a", Target::Unhealthy);
    assert_eq!(scene.planned().await.expect("planned").verdict, Verdict::Act);
}
