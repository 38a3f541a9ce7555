//! What may be done without a person, and whether a person accepted the rest by name (rules 5 and 6). The gate is a
//! state of the machine; this is the lock behind it.
//!
//! An answer that comes with the step's input came through Step Functions, and whoever has the task's token, or may invoke this
//! function, can send one. `evenkeel approve` writes the answer into the journal before it hands it over, so [`is_kept`]
//! asks the journal for it: that of the Region in which the run waits, which is the one that its question was put into
//! and in which this runs too. The Region that may be lost is not asked.

use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::steps::Run;
use domain::steps::region::{Answer, Approval, Fencing, Promotion, RegionAssessment, Risk, Verdict, risks};
use domain::system::Objectives;

/// Ensures that the journal keeps this answer to the run's question (a consistent read). The answer of one run is none to
/// another's question.
///
/// # Errors
/// `Unsafe` when nothing was asked or answered there, or something else was; whatever the journal fails with.
pub async fn is_kept<J: Journal>(journal: &J, run: &Run, approval: &Approval) -> Result<()> {
    let asked = journal.question(&run.system, &run.incident).await?;
    let found = match asked.map(|question| question.answer) {
        Some(Some(kept)) if says_the_same(&kept, approval) => return Ok(()),
        Some(Some(kept)) => format!("keeps another answer: {}", in_words(&kept)),
        Some(None) => "keeps no answer".to_owned(),
        None => "knows no question of this run".to_owned(),
    };
    Err(Error::Unsafe {
        why: format!(
            "it came as {}, and the journal {found}: nobody gave it by `evenkeel approve`. Find out in CloudTrail who sent it \
             (states:SendTaskSuccess, lambda:Invoke), then start the recovery again and answer its question by `evenkeel approve`",
            in_words(approval)
        ),
    })
}

/// Everything that was decided: what, by whom, why, and which risks were accepted.
fn says_the_same(kept: &Approval, given: &Approval) -> bool {
    (kept.answer, &kept.by, &kept.because, &kept.accepted)
        == (given.answer, &given.by, &given.because, &given.accepted)
}

fn in_words(approval: &Approval) -> String {
    let risks: Vec<&str> = approval.accepted.iter().map(|risk| risk.word()).collect();
    let accepting = if risks.is_empty() {
        "nothing".to_owned()
    } else {
        risks.join(", ")
    };
    format!(
        "{} by {}, because {}, accepting {accepting}",
        approval.answer, approval.by, approval.because
    )
}

/// Ensures that a promotion may be started.
///
/// # Errors
/// `Unsafe` when something could be lost that nobody accepted, when a person said no, or when the assessment found
/// nothing to do.
pub fn given(
    region: &RegionAssessment,
    fencing: &Fencing,
    how: Promotion,
    approval: Option<&Approval>,
    promised: &Objectives,
) -> Result<()> {
    let no = |why: String| Err(Error::Unsafe { why });
    if let Some(rejected) = approval.filter(|approval| approval.answer == Answer::Rejected) {
        return no(format!(
            "{} rejected it, because {}",
            rejected.by, rejected.because
        ));
    }
    match (region.verdict, how) {
        (Verdict::StandDown, _) => no("it was assessed that there is nothing to do".to_owned()),
        (Verdict::SwitchOver, Promotion::Regular) => Ok(()),
        (Verdict::SwitchOver, Promotion::Detach) => {
            no("a planned move loses nothing, and detaching may".to_owned())
        }
        (Verdict::FailOver, how) => {
            let Some(approval) = approval else {
                return no("nobody approved it, and it may lose data".to_owned());
            };
            let detach = (how == Promotion::Detach).then_some(Risk::Detach);
            let missing: Vec<&str> = risks(region, Some(fencing), promised)
                .into_iter()
                .chain(detach)
                .filter(|risk| !approval.accepted.contains(risk))
                .map(Risk::word)
                .collect();
            if missing.is_empty() {
                Ok(())
            } else {
                no(format!(
                    "{} approved it without accepting {}",
                    approval.by,
                    missing.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::sample::{approval, assessment, fencing, system};
    use domain::journal::Question;
    use domain::names::Recovery;
    use domain::steps::region::Fence;
    use journal::MemoryJournal;

    fn run(incident: &str) -> Run {
        Run {
            system: "shop".parse().expect("a name"),
            incident: incident.parse().expect("an incident"),
            recovery: Recovery::FailOverRegion,
            opened_at: "2026-10-01T07:15:09Z".parse().expect("a time"),
            because: "two alarms".to_owned(),
        }
    }

    /// A journal in which `this` has asked, and nobody has answered.
    async fn asked() -> MemoryJournal {
        let (journal, run) = (MemoryJournal::new(), run("this"));
        let question = Question {
            incident: run.incident,
            token: "token".to_owned(),
            asked_at: "2026-10-01T07:16:40Z".parse().expect("a time"),
            expires_at: "2026-10-01T07:31:40Z".parse().expect("a time"),
            risks: vec![Risk::DataLoss, Risk::NotFenced],
            answer: None,
        };
        journal.ask(&run.system, &question).await.expect("in memory");
        journal
    }

    async fn refusal(journal: &MemoryJournal, incident: &str, approval: &Approval) -> String {
        match is_kept(journal, &run(incident), approval).await {
            Err(Error::Unsafe { why }) => why,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_answer_counts_if_the_journal_keeps_it_for_this_run() {
        let given = approval(Answer::Approved, &[Risk::DataLoss, Risk::NotFenced]);
        let nobody_asked = refusal(&MemoryJournal::new(), "this", &given).await;
        assert!(
            nobody_asked.contains("knows no question of this run"),
            "{nobody_asked}"
        );
        assert!(
            nobody_asked.contains("by `evenkeel approve`"),
            "what to do: {nobody_asked}"
        );
        let journal = asked().await;
        let not_answered = refusal(&journal, "this", &given).await;
        assert!(not_answered.contains("keeps no answer"), "{not_answered}");

        let run = run("this");
        let answered = journal.answer(&run.system, &run.incident, &given);
        answered.await.expect("it was asked");
        is_kept(&journal, &run, &given).await.expect("kept");
        // When it was given is no part of what was decided, and a second answer changes nothing: the first one stands.
        let later = Approval {
            at: "2026-10-01T07:20:00Z".parse().expect("a time"),
            seen: vec!["approved".to_owned()],
            ..given.clone()
        };
        is_kept(&journal, &run, &later).await.expect("kept");
        let second = approval(Answer::Rejected, &[]);
        let answered = journal.answer(&run.system, &run.incident, &second);
        answered.await.expect("it was asked");
        is_kept(&journal, &run, &given).await.expect("kept");
        refusal(&journal, "this", &second).await;
        let anothers = refusal(&journal, "another", &given).await;
        assert!(anothers.contains("knows no question of this run"), "{anothers}");
    }

    #[tokio::test]
    async fn an_answer_that_differs_in_what_was_decided_is_another() {
        let journal = asked().await;
        let kept = approval(Answer::Approved, &[Risk::DataLoss]);
        let run = run("this");
        let answered = journal.answer(&run.system, &run.incident, &kept);
        answered.await.expect("it was asked");
        let (by, because) = ("somebody else".to_owned(), "I can".to_owned());
        for forged in [
            Approval { by, ..kept.clone() },
            Approval {
                because,
                ..kept.clone()
            },
            approval(Answer::Approved, &[Risk::DataLoss, Risk::NotFenced]),
            approval(Answer::Approved, &[]),
            approval(Answer::Rejected, &[Risk::DataLoss]),
        ] {
            let why = refusal(&journal, "this", &forged).await;
            assert!(
                why.contains(
                    "keeps another answer: approved by an engineer, because the Region is gone, accepting data-loss"
                ),
                "{why}"
            );
        }
    }

    type Gate<'a> = Option<(Answer, &'a [Risk])>;
    type Case<'a> = (Verdict, Option<u64>, Fence, Promotion, Gate<'a>, bool);

    #[test]
    fn what_may_lose_data_is_accepted_by_name_risk_by_risk() {
        use Answer::{Approved, Rejected};
        use Promotion::{Detach, Regular};
        use Risk::{DataLoss, LagOverBudget, LagUnknown, NotFenced};
        use Verdict::{FailOver, StandDown, SwitchOver};

        let promised = &system("aurora").objectives;
        let fine = Some(850);
        let cases: [Case<'_>; 16] = [
            (SwitchOver, fine, Fence::Fenced, Regular, None, true),
            (SwitchOver, None, Fence::Unknown, Regular, None, true),
            (SwitchOver, fine, Fence::Fenced, Detach, None, false),
            (
                SwitchOver,
                fine,
                Fence::Fenced,
                Regular,
                Some((Rejected, &[])),
                false,
            ),
            (
                StandDown,
                fine,
                Fence::Fenced,
                Regular,
                Some((Approved, &[DataLoss])),
                false,
            ),
            (FailOver, fine, Fence::Fenced, Regular, None, false),
            (
                FailOver,
                fine,
                Fence::Fenced,
                Regular,
                Some((Rejected, &[DataLoss])),
                false,
            ),
            (
                FailOver,
                fine,
                Fence::Fenced,
                Regular,
                Some((Approved, &[])),
                false,
            ),
            (
                FailOver,
                fine,
                Fence::Fenced,
                Regular,
                Some((Approved, &[DataLoss])),
                true,
            ),
            (
                FailOver,
                fine,
                Fence::Unknown,
                Regular,
                Some((Approved, &[DataLoss])),
                false,
            ),
            (
                FailOver,
                fine,
                Fence::TimedOut,
                Regular,
                Some((Approved, &[DataLoss])),
                false,
            ),
            (
                FailOver,
                fine,
                Fence::Unknown,
                Regular,
                Some((Approved, &[DataLoss, NotFenced])),
                true,
            ),
            (
                FailOver,
                Some(30_001),
                Fence::Fenced,
                Regular,
                Some((Approved, &[DataLoss])),
                false,
            ),
            (
                FailOver,
                Some(30_001),
                Fence::Fenced,
                Regular,
                Some((Approved, &[LagOverBudget])),
                true,
            ),
            (
                FailOver,
                None,
                Fence::Fenced,
                Regular,
                Some((Approved, &[LagUnknown])),
                true,
            ),
            (
                FailOver,
                fine,
                Fence::Fenced,
                Detach,
                Some((Approved, &[DataLoss])),
                false,
            ),
        ];
        for (verdict, lag, fence, how, answer, expected) in cases {
            let approval = answer.map(|(answer, risks)| approval(answer, risks));
            let fencing = fencing(fence);
            let given = given(
                &assessment(verdict, lag),
                &fencing,
                how,
                approval.as_ref(),
                promised,
            );
            assert_eq!(
                given.is_ok(),
                expected,
                "{verdict:?} {lag:?} {fence:?} {how:?} {answer:?}: {given:?}"
            );
        }
    }

    #[test]
    fn detaching_is_a_risk_of_its_own_and_what_is_missing_is_named() {
        let promised = &system("aurora").objectives;
        let region = assessment(Verdict::FailOver, Some(850));
        let accepted = approval(Answer::Approved, &[Risk::DataLoss, Risk::Detach]);
        given(
            &region,
            &fencing(Fence::Fenced),
            Promotion::Detach,
            Some(&accepted),
            promised,
        )
        .expect("accepted");

        let error = given(
            &region,
            &fencing(Fence::Unknown),
            Promotion::Detach,
            Some(&approval(Answer::Approved, &[])),
            promised,
        )
        .expect_err("not accepted");
        assert_eq!(
            error.to_string(),
            "unsafe: an engineer approved it without accepting data-loss, not-fenced, detach"
        );
    }
}
