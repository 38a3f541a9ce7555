//! The conditions of `capacity`, against two Regions that go wrong in every way these APIs know.

mod aws;

use std::sync::Arc;

use aws_sdk_autoscaling::types::ScalingActivityStatusCode as Status;
use aws_sdk_elasticloadbalancingv2::types::{
    TargetHealthReasonEnum as Reason, TargetHealthStateEnum as Target,
};
use capacity::Steps;
use domain::clock::Clock;
use domain::duration::Duration;
use domain::journal::{Journal, Stop};
use domain::names::{Epoch, IncidentId, Recovery, Region};
use domain::step::{Error, Result, Step};
use domain::steps::Run;
use domain::steps::capacity::Input;
use domain::steps::region::{CapacityAssessment, GroupSize};
use domain::system::Systems;
use jiff::Timestamp;
use journal::MemoryJournal;
use serde_json::Value;

use self::aws::{Aws, Fate};

const LEASE: Duration = Duration::from_mins(120);
const STANDING: GroupSize = GroupSize {
    min: 2,
    desired: 2,
    max: 4,
};
const RAISED: GroupSize = GroupSize {
    min: 6,
    desired: 6,
    max: 6,
};

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn now() -> Timestamp {
    "2026-10-01T07:16:00Z".parse().expect("a timestamp")
}

fn frankfurt() -> Region {
    "eu-central-1".parse().expect("a Region")
}

fn dublin() -> Region {
    "eu-west-1".parse().expect("a Region")
}

fn incident(name: &str) -> IncidentId {
    name.parse().expect("an incident")
}

fn run() -> Run {
    Run {
        system: "shop".parse().expect("a name"),
        incident: incident("this"),
        recovery: Recovery::FailOverRegion,
        opened_at: now(),
        because: "two alarms".to_owned(),
    }
}

const fn capacity(needed: u32) -> CapacityAssessment {
    CapacityAssessment {
        standing: STANDING,
        source_in_service: Some(needed),
        needed,
    }
}

/// The standby Region as it stands, a run that holds the lock with epoch 1, and the function there.
struct Scene {
    aws: Aws,
    journal: MemoryJournal,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self {
            aws: Aws::default(),
            journal: MemoryJournal::new(),
        };
        scene.aws.with(&dublin(), |site| {
            site.size = Some(STANDING);
            site.in_service = 2;
            site.targets = vec![(Target::Healthy, None); 2];
        });
        scene.locked_by("this").await;
        scene
    }

    async fn locked_by(&self, holder: &str) {
        let run = run();
        let taken = self
            .journal
            .take_lock(&run.system, &incident(holder), now(), LEASE)
            .await;
        taken.expect("free");
    }

    async fn unlocked(&self) {
        let run = run();
        assert!(
            self.journal
                .release_lock(&run.system, &run.incident, now())
                .await
                .expect("answers")
        );
    }

    async fn stopped(&self) {
        let run = run();
        let stop = Stop {
            at: now(),
            by: "on call".to_owned(),
            because: "not this".to_owned(),
        };
        let stopped = self.journal.request_stop(&run.system, &run.incident, &stop).await;
        stopped.expect("noted");
    }

    async fn ensure_in(&self, region: Region, input: Input) -> Result<Value> {
        let (autoscaling, elbv2) = (self.aws.clone(), self.aws.clone());
        let shop = domain::system::read(include_str!("../systems/shop.toml")).expect("coherent");
        let steps = Steps {
            systems: Systems::from(vec![shop]),
            region,
            autoscaling_in: Arc::new(move |region: &Region| autoscaling.autoscaling(region)),
            elbv2_in: Arc::new(move |region: &Region| elbv2.elbv2(region)),
            zonal_shift: aws::zonal_shift(),
            cloudwatch: aws::cloudwatch(),
            journal: self.journal.clone(),
            clock: Arc::new(At(now())),
        };
        steps.ensure(input).await
    }

    async fn ensure(&self, input: Input) -> Result<Value> {
        self.ensure_in(dublin(), input).await
    }

    async fn raised(&self, needed: u32) -> Result<Value> {
        self.ensure(Input::Raised {
            run: run(),
            epoch: Epoch(1),
            capacity: capacity(needed),
        })
        .await
    }

    async fn healthy(&self, needed: u32) -> Result<Value> {
        self.ensure(Input::Healthy {
            run: run(),
            capacity: capacity(needed),
        })
        .await
    }

    async fn restored(&self) -> Result<Value> {
        self.ensure(Input::Restored {
            run: run(),
            capacity: capacity(6),
        })
        .await
    }

    /// In Frankfurt, to which the system has come back.
    async fn other_reduced(&self) -> Result<Value> {
        let input = Input::OtherReduced {
            run: run(),
            epoch: Epoch(1),
            capacity: capacity(6),
        };
        self.ensure_in(frankfurt(), input).await
    }

    fn size(&self) -> Option<GroupSize> {
        self.aws.with(&dublin(), |site| site.size)
    }

    fn updates(&self, region: &Region) -> usize {
        self.aws.with(region, |site| {
            site.calls.iter().filter(|call| **call == UPDATE).count()
        })
    }
}

const UPDATE: &str = "UpdateAutoScalingGroup";

fn seen(answer: &Value) -> &str {
    assert_eq!(answer["at"], "2026-10-01T07:16:00Z");
    answer["seen"][0].as_str().expect("words")
}

/// The words of an error that must have that name.
#[track_caller]
fn failed(answer: Result<Value>, name: &str) -> String {
    let error = answer.expect_err("fails");
    assert_eq!(error.name(), name, "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_group_is_raised_once_and_then_seen_to_be() {
    let scene = Scene::new().await;
    let words = failed(scene.raised(6).await, Error::NOT_YET);
    assert!(
        words.contains(
            "autoscaling:UpdateAutoScalingGroup of shop-web-standby to min 6, desired 6, max 6 accepted"
        ),
        "{words}"
    );
    assert_eq!(scene.size(), Some(RAISED));
    let answer = scene.raised(6).await.expect("raised");
    assert_eq!(
        seen(&answer),
        "6 needed, group shop-web-standby min 6, desired 6, max 6, 2 InService"
    );
    assert_eq!(scene.updates(&dublin()), 1);
    assert!(
        scene.aws.with(&frankfurt(), |site| site.calls.is_empty()),
        "the lost Region is not asked"
    );
}

#[tokio::test]
async fn a_group_that_is_large_enough_is_left_alone_whoever_holds_the_lock() {
    let scene = Scene::new().await;
    scene.unlocked().await;
    let large = GroupSize {
        min: 7,
        desired: 9,
        max: 20,
    };
    scene.aws.with(&dublin(), |site| site.size = Some(large));
    scene.raised(6).await.expect("raised");
    assert_eq!((scene.size(), scene.updates(&dublin())), (Some(large), 0));
}

#[tokio::test]
async fn a_raise_whose_answer_was_lost_is_seen_and_not_repeated() {
    let scene = Scene::new().await;
    scene
        .aws
        .with(&dublin(), |site| site.fates.insert(UPDATE, Fate::AnswerLost));
    failed(scene.raised(6).await, Error::UNAVAILABLE);
    scene.raised(6).await.expect("raised");
    assert_eq!(scene.updates(&dublin()), 1);
}

#[tokio::test]
async fn what_auto_scaling_refuses_has_its_name() {
    let table = [
        (400, "ValidationError", "Group size cannot exceed", Error::REFUSED),
        (
            400,
            "LimitExceeded",
            "You have already reached a limit",
            Error::REFUSED,
        ),
        (403, "AccessDenied", "not authorized", Error::REFUSED),
        (
            500,
            "ResourceContention",
            "You already have a pending update",
            Error::NOT_YET,
        ),
        (
            400,
            "ScalingActivityInProgress",
            "there are scaling activities",
            Error::NOT_YET,
        ),
        (400, "Throttling", "Rate exceeded", Error::THROTTLED),
        (503, "ServiceUnavailable", "try later", Error::UNAVAILABLE),
    ];
    for (status, code, message, name) in table {
        let scene = Scene::new().await;
        scene.aws.with(&dublin(), |site| {
            site.fates.insert(UPDATE, Fate::Refused(status, code, message));
        });
        let words = failed(scene.raised(6).await, name);
        assert!(
            words.contains("autoscaling:UpdateAutoScalingGroup") && words.contains(message),
            "{words}"
        );
        assert_eq!(scene.size(), Some(STANDING));
    }
}

#[tokio::test]
async fn more_than_the_system_may_have_is_unsafe() {
    let scene = Scene::new().await;
    let words = failed(scene.raised(13).await, Error::UNSAFE);
    assert!(
        words.contains("13 instances are needed and there may be 12 at most"),
        "{words}"
    );
    assert_eq!(scene.updates(&dublin()), 0);
}

#[tokio::test]
async fn a_run_that_lost_its_lock_changes_nothing() {
    let scene = Scene::new().await;
    scene.unlocked().await;
    failed(scene.raised(6).await, Error::LOCK_LOST);
    scene.locked_by("another").await;
    let words = failed(scene.raised(6).await, Error::LOCK_LOST);
    assert!(words.contains("another holds it, epoch 2"), "{words}");
    assert_eq!(scene.updates(&dublin()), 0);
}

#[tokio::test]
async fn a_run_that_a_person_stopped_changes_nothing() {
    let scene = Scene::new().await;
    scene.stopped().await;
    let words = failed(scene.raised(6).await, Error::UNSAFE);
    assert!(words.contains("stopped by on call, because not this"), "{words}");
    assert_eq!(scene.updates(&dublin()), 0);
}

#[tokio::test]
async fn a_group_that_is_not_there_is_refused() {
    let scene = Scene::new().await;
    scene.aws.with(&dublin(), |site| site.size = None);
    let words = failed(scene.raised(6).await, Error::REFUSED);
    assert!(
        words.contains("no Auto Scaling group `shop-web-standby`"),
        "{words}"
    );
}

#[tokio::test]
async fn a_region_that_is_none_of_the_systems_is_refused() {
    let scene = Scene::new().await;
    let input = Input::Healthy {
        run: run(),
        capacity: capacity(6),
    };
    let elsewhere = "us-east-1".parse().expect("a Region");
    failed(scene.ensure_in(elsewhere, input).await, Error::INVALID_INPUT);
}

#[tokio::test]
async fn only_healthy_targets_are_enough() {
    let scene = Scene::new().await;
    // Everything but the targets is as it should be.
    scene.aws.with(&dublin(), |site| {
        site.size = Some(RAISED);
        site.in_service = 6;
        site.targets = vec![(Target::Healthy, None); 5];
        site.targets
            .push((Target::Initial, Some(Reason::InitialHealthChecking)));
    });
    assert_eq!(
        failed(scene.healthy(6).await, Error::NOT_YET),
        "not yet: 6 needed, targets: 5 healthy, 1 initial (Elb.InitialHealthChecking); group shop-web-standby: min 6, \
         desired 6, max 6, 6 InService"
    );
    scene
        .aws
        .with(&dublin(), |site| site.targets[5] = (Target::Healthy, None));
    let answer = scene.healthy(6).await.expect("healthy");
    assert_eq!(seen(&answer), "6 needed, targets: 6 healthy");
    assert_eq!(scene.updates(&dublin()), 0);
}

#[tokio::test]
async fn scaling_nothing_is_never_a_success() {
    let scene = Scene::new().await;
    failed(scene.raised(0).await, Error::UNSAFE);
    failed(scene.healthy(0).await, Error::UNSAFE);
    scene.aws.with(&dublin(), |site| site.targets.clear());
    let words = failed(scene.healthy(6).await, Error::NOT_YET);
    assert!(words.contains("targets: 0 healthy;"), "{words}");
}

#[tokio::test]
async fn a_region_without_instances_to_give_is_named() {
    let scene = Scene::new().await;
    let message = "We currently do not have sufficient m7g.large capacity in the Availability Zone you requested. \
                   Launching EC2 instance failed. (InsufficientInstanceCapacity)";
    scene.aws.with(&dublin(), |site| {
        site.size = Some(RAISED);
        site.activities = vec![(Status::PreInService, "launching"), (Status::Failed, message)];
    });
    let words = failed(scene.healthy(6).await, Error::NOT_YET);
    assert!(
        words.contains("newest scaling activity Failed at 2026-10-01T07:16:10Z: We currently do not have")
            && words.contains("InsufficientInstanceCapacity"),
        "{words}"
    );
    let pages = scene.aws.with(&dublin(), |site| {
        site.calls
            .iter()
            .filter(|call| **call == "DescribeScalingActivities")
            .count()
    });
    assert_eq!(pages, 1, "the newest finished activity stands on the first page");
}

#[tokio::test]
async fn what_else_hinders_is_named() {
    let scene = Scene::new().await;
    scene.aws.with(&dublin(), |site| {
        site.suspended = vec!["Launch", "AZRebalance"];
        site.targets = vec![(Target::Unused, Some(Reason::NotInUse)); 6];
    });
    let words = failed(scene.healthy(6).await, Error::NOT_YET);
    assert!(
        words.contains("6 unused or unavailable (Target.NotInUse)"),
        "{words}"
    );
    assert!(words.contains("suspended: AZRebalance Launch"), "{words}");
}

#[tokio::test]
async fn not_to_know_why_makes_nothing_healthy_or_unhealthy() {
    let scene = Scene::new().await;
    scene.aws.with(&dublin(), |site| {
        let throttled = Fate::Refused(400, "Throttling", "Rate exceeded");
        site.fates.insert("DescribeScalingActivities", throttled);
    });
    let words = failed(scene.healthy(6).await, Error::NOT_YET);
    assert!(
        words.contains("min 2, desired 2, max 4") && words.contains("not known: throttled"),
        "{words}"
    );
    scene.aws.with(&dublin(), |site| {
        let gone = Fate::Refused(503, "ServiceUnavailable", "try later");
        site.fates.insert("DescribeAutoScalingGroups", gone);
    });
    let words = failed(scene.healthy(6).await, Error::NOT_YET);
    assert!(
        words.contains("targets: 2 healthy; group shop-web-standby: unavailable"),
        "{words}"
    );
    scene.healthy(2).await.expect("healthy");
}

#[tokio::test]
async fn targets_that_cannot_be_seen_are_not_healthy() {
    let scene = Scene::new().await;
    scene.aws.with(&dublin(), |site| {
        let missing = Fate::Refused(400, "TargetGroupNotFound", "One or more target groups not found");
        site.fates.insert("DescribeTargetHealth", missing);
    });
    let words = failed(scene.healthy(2).await, Error::REFUSED);
    assert!(
        words.contains("elasticloadbalancing:DescribeTargetHealth: TargetGroupNotFound"),
        "{words}"
    );
}

#[tokio::test]
async fn an_undo_restores_what_was_there_whatever_became_of_it() {
    for found in [
        RAISED,
        GroupSize {
            min: 6,
            desired: 11,
            max: 12,
        },
        GroupSize {
            min: 0,
            desired: 0,
            max: 4,
        },
    ] {
        let scene = Scene::new().await;
        // It is bound neither to the lock nor to the wish to stop: it tidies up.
        scene.unlocked().await;
        scene.stopped().await;
        scene.aws.with(&dublin(), |site| site.size = Some(found));
        let words = failed(scene.restored().await, Error::NOT_YET);
        assert!(words.contains("to min 2, desired 2, max 4 accepted"), "{words}");
        // The instances, of which there are more, are not waited for.
        scene.aws.with(&dublin(), |site| site.in_service = 6);
        let answer = scene.restored().await.expect("restored");
        assert!(seen(&answer).contains("as before: min 2, desired 2, max 4, 6 InService"));
        assert_eq!(scene.updates(&dublin()), 1);
    }
}

#[tokio::test]
async fn an_undo_that_comes_late_leaves_the_next_run_its_instances() {
    let scene = Scene::new().await;
    scene.unlocked().await;
    scene.locked_by("another").await;
    scene.aws.with(&dublin(), |site| site.size = Some(RAISED));
    let words = failed(scene.restored().await, Error::LOCK_LOST);
    assert!(words.contains("another holds it, epoch 2"), "{words}");
    assert_eq!(scene.size(), Some(RAISED));
}

#[tokio::test]
async fn an_undo_is_kept_from_its_instances_only_by_a_lock_that_another_run_holds_still() {
    // Its own lock does not stand in its way, and no more does one that has expired.
    let own = Scene::new().await;
    let abandoned = Scene {
        journal: MemoryJournal::new(),
        ..Scene::new().await
    };
    let (run, long_ago) = (run(), now() - LEASE.signed());
    let taken = abandoned
        .journal
        .take_lock(&run.system, &incident("another"), long_ago, LEASE)
        .await;
    taken.expect("free");
    for scene in [own, abandoned] {
        scene.aws.with(&dublin(), |site| site.size = Some(RAISED));
        failed(scene.restored().await, Error::NOT_YET);
        assert_eq!(scene.size(), Some(STANDING));
    }
}

#[tokio::test]
async fn nothing_to_undo_is_undone() {
    let scene = Scene::new().await;
    scene.restored().await.expect("as before");
    assert_eq!(scene.updates(&dublin()), 0);
}

/// Home again: Frankfurt serves with six, and Dublin still has the size with which it served.
async fn home() -> Scene {
    let scene = Scene::new().await;
    scene.aws.with(&frankfurt(), |site| {
        site.size = Some(RAISED);
        site.targets = vec![(Target::Healthy, None); 6];
    });
    scene.aws.with(&dublin(), |site| site.size = Some(RAISED));
    scene
}

#[tokio::test]
async fn the_region_that_was_left_is_reduced_to_a_standby() {
    let scene = home().await;
    let words = failed(scene.other_reduced().await, Error::NOT_YET);
    assert!(
        words.contains("of shop-web-standby to min 2, desired 2, max 4 accepted"),
        "{words}"
    );
    let answer = scene.other_reduced().await.expect("reduced");
    assert!(
        seen(&answer).contains("group shop-web-standby as a standby"),
        "{answer}"
    );
    assert_eq!((scene.updates(&dublin()), scene.updates(&frankfurt())), (1, 0));
}

#[tokio::test]
async fn the_region_that_was_left_is_kept_while_this_one_lacks_healthy_targets() {
    let scene = home().await;
    scene.aws.with(&frankfurt(), |site| {
        site.targets[0] = (Target::Unhealthy, Some(Reason::Timeout))
    });
    let words = failed(scene.other_reduced().await, Error::NOT_YET);
    assert!(
        words.contains("6 needed here, targets: 5 healthy, 1 unhealthy (Target.Timeout)")
            && words.contains("left as it is"),
        "{words}"
    );
    assert_eq!(scene.size(), Some(RAISED));
}

#[tokio::test]
async fn a_standby_keeps_within_its_own_regions_limit() {
    // From Dublin's point of view Frankfurt is the other one, where there may be eight.
    let scene = home().await;
    scene
        .aws
        .with(&dublin(), |site| site.targets = vec![(Target::Healthy, None); 6]);
    let standing = GroupSize {
        min: 2,
        desired: 2,
        max: 12,
    };
    let capacity = CapacityAssessment {
        standing,
        ..capacity(6)
    };
    let input = Input::OtherReduced {
        run: run(),
        epoch: Epoch(1),
        capacity,
    };
    let words = failed(scene.ensure(input.clone()).await, Error::NOT_YET);
    assert!(
        words.contains("of shop-web to min 2, desired 2, max 8 accepted"),
        "{words}"
    );
    scene.ensure(input).await.expect("reduced");
}

#[tokio::test]
async fn the_other_region_is_reduced_only_by_who_may() {
    let scene = home().await;
    scene.stopped().await;
    failed(scene.other_reduced().await, Error::UNSAFE);
    let scene = home().await;
    scene.unlocked().await;
    failed(scene.other_reduced().await, Error::LOCK_LOST);
    assert_eq!(scene.size(), Some(RAISED));
}

#[tokio::test]
async fn another_region_that_does_not_answer_is_unavailable() {
    let scene = home().await;
    scene.aws.with(&dublin(), |site| {
        site.fates.insert("DescribeAutoScalingGroups", Fate::AnswerLost);
    });
    failed(scene.other_reduced().await, Error::UNAVAILABLE);
}
