//! Minute 5 is the bad deployment's, minute 1 the good one's.

use domain::facts::DeploymentStatus;

use super::*;
use crate::described::By;
use crate::described::Purpose::{Release, Rollback, Upkeep};
use crate::sample::deployment;

const OURS: &str = "evenkeel this";

/// What follows from what came after the bad deployment, in one line.
fn follows(since: &[Deployment], bad: DeploymentStatus) -> String {
    let bad = deployment(5, "b", Release, bad);
    let good = deployment(1, "a", Release, Succeeded);
    match next(since, &bad, &good, OURS) {
        Next::Nothing(started) => format!("{} is it", started.id),
        Next::Wait(other) => format!("wait for {}", other.id),
        Next::Create => "create".to_owned(),
        Next::Never(_, other) => format!("never after {}", other.id),
    }
}

fn ours(status: DeploymentStatus) -> Deployment {
    Deployment {
        description: OURS.to_owned(),
        ..deployment(8, "a", Rollback(By::Evenkeel), status)
    }
}

#[test]
fn it_is_created_when_nothing_runs_and_not_before() {
    for bad in [Succeeded, Failed, Stopped] {
        assert_eq!(follows(&[], bad), "create");
        assert_eq!(
            follows(&[deployment(7, "c", Release, Running)], bad),
            "wait for d-7"
        );
    }
    assert_eq!(follows(&[], Running), "wait for d-5");
}

#[test]
fn what_this_run_created_is_found_again_however_it_stands() {
    for status in [Running, Succeeded, Failed, Stopped] {
        let later = deployment(9, "c", Release, Running);
        assert_eq!(follows(&[later, ours(status)], Stopped), "d-8 is it");
    }
    let mut almost = ours(Failed);
    almost.description.push_str(" too");
    assert_eq!(follows(&[almost], Stopped), "never after d-8", "another run's");
}

#[test]
fn a_rollback_that_appeared_meanwhile_is_taken_and_one_that_failed_is_not_tried_again() {
    let of_aws = |revision, status| deployment(7, revision, Rollback(By::Aws), status);
    assert_eq!(follows(&[of_aws("a", Running)], Stopped), "d-7 is it");
    assert_eq!(follows(&[of_aws("a", Succeeded)], Stopped), "d-7 is it");
    assert_eq!(follows(&[of_aws("a", Failed)], Stopped), "never after d-7");
    assert_eq!(follows(&[of_aws("b", Running)], Stopped), "wait for d-7");
    assert_eq!(follows(&[of_aws("b", Succeeded)], Stopped), "create");
}

#[test]
fn what_somebody_deployed_meanwhile_is_not_undone() {
    let by_hand = |revision, status| deployment(7, revision, Release, status);
    assert_eq!(follows(&[by_hand("c", Succeeded)], Stopped), "never after d-7");
    assert_eq!(
        follows(&[by_hand("a", Succeeded)], Stopped),
        "d-7 is it",
        "just what is wanted"
    );
    assert_eq!(
        follows(&[by_hand("b", Succeeded)], Stopped),
        "create",
        "the bad one again"
    );
    assert_eq!(follows(&[by_hand("c", Failed)], Stopped), "create");
}

#[test]
fn an_instance_that_auto_scaling_launches_is_in_nobodys_way() {
    for status in [Running, Succeeded, Failed] {
        assert_eq!(follows(&[deployment(7, "c", Upkeep, status)], Stopped), "create");
    }
}
