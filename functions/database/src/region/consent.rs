//! What may be done without a person, and whether a person accepted the rest by name (rules 5 and 6). The gate is a
//! state of the machine; this is the lock behind it.

use domain::step::{Error, Result};
use domain::steps::region::{Answer, Approval, Fencing, Promotion, RegionAssessment, Risk, Verdict, risks};
use domain::system::Objectives;

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
    use domain::steps::region::Fence;

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
