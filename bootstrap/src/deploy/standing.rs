//! What a stack's status permits: an update, a first creation, a new one after a failed one, or nothing yet.
//!
//! Source: CloudFormation User Guide, "Understand CloudFormation stack creation events" and "Stack status codes".

use aws_sdk_cloudformation::types::StackStatus;

/// What may be done with a stack as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is none, or there is only a change set that was to create it.
    Absent,
    /// It can be updated.
    Ready,
    /// Its first creation failed and was rolled back: what is left is a name, which has to be deleted before another try.
    Remains,
    /// CloudFormation is at work on it.
    Busy,
    /// It is stuck, and only a person can say whether to go on, go back or delete it.
    Stuck,
}

impl Standing {
    /// Of a stack with that status; of none.
    pub(crate) fn of(status: Option<&StackStatus>) -> Self {
        use StackStatus as S;
        match status {
            None | Some(S::ReviewInProgress | S::DeleteComplete) => Self::Absent,
            Some(
                S::CreateComplete
                | S::UpdateComplete
                | S::UpdateRollbackComplete
                | S::ImportComplete
                | S::ImportRollbackComplete,
            ) => Self::Ready,
            Some(S::RollbackComplete) => Self::Remains,
            Some(
                S::CreateFailed
                | S::DeleteFailed
                | S::RollbackFailed
                | S::UpdateFailed
                | S::UpdateRollbackFailed
                | S::ImportRollbackFailed,
            ) => Self::Stuck,
            Some(other) if other.as_str().ends_with("_IN_PROGRESS") => Self::Busy,
            // A status that this SDK does not know: better to ask a person than to guess.
            Some(_) => Self::Stuck,
        }
    }

    /// What to do about a stack that is stuck with that status.
    pub(crate) fn way_out(status: &StackStatus) -> &'static str {
        use StackStatus as S;
        match status {
            S::UpdateRollbackFailed => {
                "an update failed, and so did its way back: look at the stack's events, put right what stands in the way, then \
                 `aws cloudformation continue-update-rollback --stack-name evenkeel`, and deploy again"
            }
            S::UpdateFailed => {
                "an update was left half done: `aws cloudformation rollback-stack --stack-name evenkeel`, and deploy again"
            }
            S::DeleteFailed => {
                "look at the stack's events for what could not be deleted, put that right, and `evenkeel destroy` again"
            }
            _ => {
                "look at the stack's events in the console; `evenkeel destroy` deletes it, and then it can be deployed anew"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every status that there is, as far as the SDK knows, and one that it does not.
    #[test]
    fn every_status_says_what_may_be_done() {
        let said: Vec<String> = StackStatus::values()
            .iter()
            .chain(&["SOMETHING_NEW", "SOMETHING_IN_PROGRESS"])
            .map(|status| {
                let standing = Standing::of(Some(&StackStatus::from(*status)));
                format!("{status:<44}{standing:?}")
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"));
        assert_eq!(Standing::of(None), Standing::Absent);
    }
}
