//! The `capacity` Lambda: what serves users in a Region, and proof that it is enough.
//!
//! | condition | ensured by |
//! |---|---|
//! | `raised` | [`raise`]: UpdateAutoScalingGroup, upwards only and within the system's limit |
//! | `healthy` | [`healthy`]: only observes; as many targets as are needed are healthy |
//! | `restored` | [`restore`]: the undo of `raised` |
//! | `other-reduced` | [`reduce`]: the Region that was left keeps what a standby needs |
//!
//! Rule 8 of the guide is why there are two conditions on the way up: a size that was accepted launches nothing by
//! itself, so `raised` says what was asked for and `healthy` what has come of it.
//!
//! [`observe`] is how this function and `assess` see a group and its targets; [`size`] is what sizes are to be.

pub mod healthy;
pub mod observe;
pub mod raise;
pub mod reduce;
mod resize;
pub mod restore;
pub mod size;

use std::sync::Arc;

use domain::clock::Clock;
use domain::journal::Journal;
use domain::names::{Epoch, Region};
use domain::step::{self, Step};
use domain::steps::Run;
use domain::steps::capacity::Input;
use domain::steps::region::Seen;
use domain::system::Systems;
use journal::Hold;
use serde_json::Value;

/// Gives a service's client for a Region.
pub type InRegion<C> = Arc<dyn Fn(&Region) -> C + Send + Sync>;

/// The function's steps, with everything they need handed in.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that the function runs in: the one that is to serve.
    pub region: Region,
    /// Auto Scaling in either Region.
    pub autoscaling_in: InRegion<aws_sdk_autoscaling::Client>,
    /// Elastic Load Balancing in either Region.
    pub elbv2_in: InRegion<aws_sdk_elasticloadbalancingv2::Client>,
    /// Where the lock is re-read before anything is changed.
    pub journal: J,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<J: Journal> Step for Steps<J> {
    const NAME: &str = "capacity";

    type Input = Input;

    async fn ensure(&self, input: Input) -> step::Result<Value> {
        let seen = match input {
            Input::Raised { run, epoch, capacity } => {
                let here = self.systems.of_run(&run)?.moving_to(&self.region)?.to;
                let autoscaling = (self.autoscaling_in)(&here.region);
                raise::ensure(&autoscaling, &here.web, capacity.needed, &self.hold(&run, epoch)).await?
            }
            Input::Healthy { run, capacity } => {
                let here = self.systems.of_run(&run)?.moving_to(&self.region)?.to;
                let elbv2 = (self.elbv2_in)(&here.region);
                let autoscaling = (self.autoscaling_in)(&here.region);
                healthy::ensure(&elbv2, &autoscaling, &here.web, capacity.needed).await?
            }
            Input::Restored { run, capacity } => {
                let here = self.systems.of_run(&run)?.moving_to(&self.region)?.to;
                let autoscaling = (self.autoscaling_in)(&here.region);
                let undo = restore::Undo {
                    journal: &self.journal,
                    run: &run,
                    now: self.clock.now(),
                };
                restore::ensure(&autoscaling, &here.web, capacity.standing, &undo).await?
            }
            Input::OtherReduced { run, epoch, capacity } => {
                let moved = self.systems.of_run(&run)?.moving_to(&self.region)?;
                let left = reduce::Left {
                    autoscaling: (self.autoscaling_in)(&moved.from.region),
                    web: &moved.from.web,
                };
                let serves = reduce::Serves {
                    elbv2: (self.elbv2_in)(&moved.to.region),
                    web: &moved.to.web,
                    needed: capacity.needed,
                };
                let standby = reduce::standby(&moved.from.web, capacity.standing);
                reduce::ensure(&left, &serves, standby, &self.hold(&run, epoch)).await?
            }
        };
        step::output(&Seen {
            at: self.clock.now(),
            seen: vec![seen],
        })
    }
}

impl<J: Journal> Steps<J> {
    fn hold<'a>(&'a self, run: &'a Run, epoch: Epoch) -> Hold<'a, J> {
        Hold {
            journal: &self.journal,
            run,
            epoch,
            now: self.clock.now(),
        }
    }
}
