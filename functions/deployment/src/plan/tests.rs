//! Each test is a history, newest first, and what follows from it. Minute 10 is the signal's.

use domain::facts::DeploymentStatus;
use proptest::prelude::*;

use super::*;
use crate::described::Purpose::{Release, Rollback, Upkeep};
use crate::sample::{deployment, minute};

/// What a deployment is in these tests: minute, revision, purpose, status.
type Told = (i64, &'static str, Purpose, DeploymentStatus);

fn history(told: &[Told]) -> Vec<Deployment> {
    let mut read: Vec<Deployment> = told
        .iter()
        .map(|(minutes, revision, purpose, status)| deployment(*minutes, revision, *purpose, *status))
        .collect();
    mark_returns(&mut read);
    read
}

/// What follows, in one line.
fn judged(told: &[Told]) -> String {
    let read = history(told);
    let signal = minute(10);
    match judge(&read, signal, signal + TOLERANCE) {
        Judgement::Nobody => "nobody".to_owned(),
        Judgement::Undo(bad) => format!("undo {}", bad.id),
        Judgement::Underway { bad, by } => format!("{} undoes {}", by.id, bad.id),
        Judgement::Settled { bad, by } => format!("{} came after {}", by.id, bad.id),
        Judgement::Wait(other) => format!("wait for {}", other.id),
        Judgement::Never(failed) => format!("never after {}", failed.id),
    }
}

const AWS: Purpose = Rollback(By::Aws);
const OURS: Purpose = Rollback(By::Evenkeel);

/// What was there before anything went wrong.
const BEFORE: Told = (1, "a", Release, Succeeded);

#[test]
fn the_newest_release_that_had_begun_is_to_blame_however_it_stands() {
    for status in [Running, Succeeded, Failed, Stopped] {
        assert_eq!(judged(&[(9, "b", Release, status), BEFORE]), "undo d-9");
    }
    assert_eq!(judged(&[]), "nobody");
    assert_eq!(
        judged(&[(11, "b", Release, Failed)]),
        "nobody",
        "it came too late"
    );
}

#[test]
fn what_auto_scaling_deploys_is_neither_to_blame_nor_a_remedy() {
    for status in [Running, Succeeded, Failed] {
        let late = (10, "a", Upkeep, status);
        assert_eq!(judged(&[late, (9, "b", Release, Succeeded), BEFORE]), "undo d-9");
    }
    assert_eq!(judged(&[(9, "a", Upkeep, Failed)]), "nobody");
}

#[test]
fn a_rollback_that_runs_is_seen_through_and_one_that_failed_is_not_tried_again() {
    let bad = (8, "b", Release, Failed);
    for purpose in [AWS, OURS] {
        for minutes in [9, 11] {
            let id = format!("d-{minutes}");
            let judged = |status| judged(&[(minutes, "a", purpose, status), bad, BEFORE]);
            assert_eq!(judged(Running), format!("{id} undoes d-8"));
            assert_eq!(judged(Failed), format!("never after {id}"));
            assert_eq!(judged(Stopped), format!("never after {id}"));
        }
    }
}

#[test]
fn a_rollback_that_succeeded_settles_it_and_that_of_aws_is_verified_while_it_is_fresh() {
    let bad = (3, "b", Release, Failed);
    assert_eq!(judged(&[(9, "a", AWS, Succeeded), bad, BEFORE]), "d-9 undoes d-3");
    assert_eq!(
        judged(&[(4, "a", AWS, Succeeded), bad, BEFORE]),
        "d-4 came after d-3",
        "it was over four minutes before"
    );
    assert_eq!(
        judged(&[(9, "a", OURS, Succeeded), bad, BEFORE]),
        "d-9 came after d-3"
    );
}

#[test]
fn a_rollback_to_the_bad_revision_is_none() {
    let bad = (8, "b", Release, Failed);
    let earlier = (2, "b", Release, Succeeded);
    assert_eq!(
        judged(&[(9, "b", AWS, Running), bad, earlier, BEFORE]),
        "wait for d-9"
    );
    assert_eq!(
        judged(&[(9, "b", AWS, Succeeded), bad, earlier, BEFORE]),
        "undo d-8"
    );
}

#[test]
fn what_somebody_deploys_after_the_signal_goes_first_and_settles_it_if_it_succeeds() {
    let bad = (9, "b", Release, Succeeded);
    let later = |status| judged(&[(12, "c", Release, status), bad, BEFORE]);
    assert_eq!(later(Running), "wait for d-12");
    assert_eq!(later(Succeeded), "d-12 came after d-9");
    assert_eq!(later(Failed), "undo d-9");
    assert_eq!(
        judged(&[(12, "b", Release, Succeeded), bad, BEFORE]),
        "undo d-9",
        "the same revision once more"
    );
}

#[test]
fn the_newest_thing_that_settles_it_counts() {
    let bad = (8, "b", Release, Failed);
    let rollback = (9, "a", AWS, Failed);
    assert_eq!(
        judged(&[(12, "c", Release, Succeeded), rollback, bad, BEFORE]),
        "d-12 came after d-8"
    );
    assert_eq!(
        judged(&[(12, "c", Release, Failed), rollback, bad, BEFORE]),
        "never after d-9"
    );
}

#[test]
fn an_older_revision_that_somebody_deploys_again_is_a_rollback() {
    for bad in [Succeeded, Failed, Stopped] {
        let judged = |status| judged(&[(9, "a", Release, status), (8, "b", Release, bad), BEFORE]);
        assert_eq!(judged(Running), "d-9 undoes d-8");
        assert_eq!(judged(Succeeded), "d-9 came after d-8");
        assert_eq!(judged(Failed), "never after d-9");
    }
}

#[test]
fn the_same_revision_again_is_no_return() {
    assert_eq!(
        judged(&[(9, "b", Release, Succeeded), (8, "b", Release, Succeeded), BEFORE]),
        "undo d-9"
    );
    assert_eq!(
        judged(&[
            (9, "b", Release, Running),
            (8, "c", Release, Failed),
            (7, "b", Release, Failed),
            BEFORE
        ]),
        "undo d-9",
        "it never succeeded"
    );
}

#[test]
fn a_revision_that_was_taken_back_and_comes_again_is_to_blame_again() {
    for by in [AWS, OURS] {
        assert_eq!(
            judged(&[
                (9, "b", Release, Succeeded),
                (5, "a", by, Succeeded),
                (4, "b", Release, Succeeded),
                BEFORE
            ]),
            "undo d-9"
        );
    }
    // Taken back by hand.
    assert_eq!(
        judged(&[
            (9, "b", Release, Succeeded),
            (5, "a", Release, Succeeded),
            (4, "b", Release, Succeeded),
            BEFORE
        ]),
        "undo d-9"
    );
}

#[test]
fn what_was_taken_back_is_known() {
    let told = [
        (9, "d", Release, Failed),
        (6, "c", Release, Succeeded),
        (5, "a", OURS, Failed),
        (4, "a", Upkeep, Succeeded),
        (3, "b", Release, Succeeded),
        BEFORE,
    ];
    assert_eq!(taken_back(&history(&told)), ["d-3"]);
    let to_itself = [(5, "b", AWS, Succeeded), (3, "b", Release, Failed), BEFORE];
    assert_eq!(taken_back(&history(&to_itself)), Vec::<&str>::new());
}

proptest! {
    /// Whatever came before: a rollback is never undone, nor anything that began after the signal.
    #[test]
    fn only_a_release_that_had_begun_is_undone(told in prop::collection::vec((0..4usize, 0..3usize, 0..4usize), 0..8)) {
        let purposes = [Release, AWS, OURS, Upkeep];
        let told: Vec<Told> = told
            .into_iter()
            .enumerate()
            .map(|(index, (purpose, revision, status))| {
                let minutes = 14 - 2 * i64::try_from(index).expect("small");
                let status = [Running, Succeeded, Failed, Stopped][status];
                (minutes, ["a", "b", "c"][revision], purposes[purpose], status)
            })
            .collect();
        let read = history(&told);
        if let Judgement::Undo(bad) = judge(&read, minute(10), minute(10) + TOLERANCE) {
            prop_assert_eq!(bad.purpose, Release);
            prop_assert!(bad.created_at <= minute(10) + TOLERANCE);
            let later = read.iter().take_while(|one| one.id != bad.id);
            for one in later.filter(|one| one.purpose != Upkeep) {
                prop_assert_ne!(one.status, Running, "two at once");
                prop_assert!(one.status != Succeeded || one.deploys_the_same_as(bad), "something else serves");
            }
        }
    }
}
