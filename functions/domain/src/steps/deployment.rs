//! Back to what worked: the last revision of a deployment group that was deployed with success.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Run;
use super::plan::Plan;
use crate::names::Epoch;

/// What `deployment` can be asked to ensure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ensure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Input {
    /// It is known which deployment is to be undone, and which revision is to be deployed instead. Answers a [`Plan`];
    /// `Unsafe` where there is no way back: no earlier success, or what failed is a rollback itself.
    RollbackPlanned {
        /// The run.
        run: Run,
    },
    /// The bad deployment does not run any more. Answers [`super::region::Seen`].
    Stopped {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// What is to be done.
        plan: Plan,
    },
    /// A deployment of the good revision was created by this run, or is CodeDeploy's own. Answers [`Redeploying`].
    RedeployStarted {
        /// The run.
        run: Run,
        /// The epoch under which the run holds the lock.
        epoch: Epoch,
        /// What is to be done.
        plan: Plan,
    },
    /// That deployment succeeded. Answers [`super::region::Seen`]; `Unsafe` when it failed or was stopped.
    Redeployed {
        /// The run.
        run: Run,
        /// It.
        redeploying: Redeploying,
    },
}

/// The deployment that undoes the bad one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redeploying {
    /// When it was seen.
    pub at: Timestamp,
    /// Its id.
    pub deployment: String,
    /// What was seen, in AWS's words.
    pub seen: Vec<String>,
}
