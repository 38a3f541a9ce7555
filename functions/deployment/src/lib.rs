//! The `deployment` Lambda: back to the last revision that was deployed with success.
//!
//! | condition | ensured by |
//! |---|---|
//! | `rollback-planned` | [`plan`]: which deployment is to be undone, and what is deployed instead |
//! | `stopped` | [`stop`]: StopDeployment of what is to be undone |
//! | `redeploy-started` | [`redeploy`]: CreateDeployment of the good revision, once |
//! | `redeployed` | [`finish`]: that deployment succeeded |
//!
//! A rollback is a new deployment of an older revision, for CodeDeploy's own as for this one. Source: CodeDeploy User
//! Guide, deployments-rollback-and-redeploy. So "a rollback that failed" is a deployment like any other to look at, and
//! what tells it apart is its creator or its description: [`described`].

pub mod described;
pub mod finish;
pub mod history;
pub mod plan;
pub mod redeploy;
pub mod revision;
#[cfg(test)]
mod sample;
pub mod stop;

use std::sync::Arc;

use domain::clock::Clock;
use domain::journal::Journal;
use domain::names::{Epoch, Region};
use domain::step::{self, Error, Step};
use domain::steps::Run;
use domain::steps::deployment::{Input, Redeploying};
use domain::steps::plan::{Plan, Verdict, What};
use domain::steps::region::Seen;
use domain::system::{Deployments, Systems};
use journal::Hold;
use serde_json::Value;

/// The function's steps, with everything they need handed in.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that the function runs in.
    pub region: Region,
    /// CodeDeploy in that Region.
    pub codedeploy: aws_sdk_codedeploy::Client,
    /// Where the lock is re-read before anything is changed.
    pub journal: J,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<J: Journal> Step for Steps<J> {
    const NAME: &str = "deployment";

    type Input = Input;

    async fn ensure(&self, input: Input) -> step::Result<Value> {
        match input {
            Input::RollbackPlanned { run } => {
                let of = self.deployments(&run)?;
                let now = self.clock.now();
                step::output(&plan::ensure(&self.codedeploy, of, run.opened_at, now).await?)
            }
            Input::Stopped { run, epoch, plan } => {
                self.deployments(&run)?;
                let what = Rollback::of(&plan)?;
                let seen = stop::ensure(&self.codedeploy, what, &self.hold(&run, epoch)).await?;
                step::output(&self.seen(seen))
            }
            Input::RedeployStarted { run, epoch, plan } => {
                let of = self.deployments(&run)?;
                let what = Rollback::of(&plan)?;
                let started = redeploy::ensure(&self.codedeploy, of, what, &self.hold(&run, epoch)).await?;
                step::output(&Redeploying {
                    at: self.clock.now(),
                    deployment: started.id.clone(),
                    seen: vec![started.to_string()],
                })
            }
            Input::Redeployed { run, redeploying } => {
                self.deployments(&run)?;
                let seen = finish::ensure(&self.codedeploy, &redeploying.deployment).await?;
                step::output(&self.seen(seen))
            }
        }
    }
}

impl<J: Journal> Steps<J> {
    /// How the run's system is deployed. Its deployments are those of its primary Region.
    fn deployments(&self, run: &Run) -> step::Result<&Deployments> {
        let system = self.systems.of_run(run)?;
        let home = &system.regions.primary;
        if *home != self.region {
            return Err(Error::InvalidInput {
                what: format!(
                    "deployments of {} are rolled back in its primary Region {home}, and this is {}",
                    system.name, self.region
                ),
            });
        }
        system.deployments.as_ref().ok_or_else(|| Error::InvalidInput {
            what: format!(
                "the system file of {} has no table [deployments]; add it, with `application` and `group` as \
                 CodeDeploy knows them",
                system.name
            ),
        })
    }

    fn seen(&self, seen: String) -> Seen {
        Seen {
            at: self.clock.now(),
            seen: vec![seen],
        }
    }

    fn hold<'a>(&'a self, run: &'a Run, epoch: Epoch) -> Hold<'a, J> {
        Hold {
            journal: &self.journal,
            run,
            epoch,
            now: self.clock.now(),
        }
    }
}

/// What a plan says about a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollback<'p> {
    /// The deployment that is to be undone.
    pub bad: &'p str,
    /// The deployment whose revision is deployed again.
    pub good: &'p str,
    /// A rollback that somebody else began, and that is only seen through.
    pub underway: Option<&'p str>,
}

impl<'p> Rollback<'p> {
    /// Reads it from a plan.
    ///
    /// # Errors
    /// `InvalidInput` when the plan is to do nothing, or something else.
    pub fn of(plan: &'p Plan) -> step::Result<Self> {
        match (plan.verdict, &plan.what) {
            (
                Verdict::Act,
                What::RollBack {
                    bad,
                    good: Some(good),
                    underway,
                    ..
                },
            ) => Ok(Self {
                bad,
                good,
                underway: underway.as_deref(),
            }),
            (verdict, what) => Err(Error::InvalidInput {
                what: format!(
                    "expected a plan to roll back to a good deployment, came {verdict:?} with {what:?}"
                ),
            }),
        }
    }
}
