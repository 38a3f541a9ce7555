//! The `capacity` Lambda: what serves users in a Region, and proof that it is enough.
//!
//! | condition | ensured by |
//! |---|---|
//! | `raised` | [`raise`]: UpdateAutoScalingGroup, upwards only and within the system's limit |
//! | `healthy` | [`healthy`]: only observes; as many targets as are needed are healthy |
//! | `restored` | [`restore`]: the undo of `raised` |
//! | `other-reduced` | [`reduce`]: the Region that was left keeps what a standby needs |
//! | `replacement-planned` | [`tier::replacement`]: only observes; which instances are unhealthy, and that it is theirs |
//! | `replaced` | [`tier::replace`]: TerminateInstanceInAutoScalingGroup, one at a time |
//! | `scale-out-planned` | [`tier::load`]: only observes; how many instances the load needs |
//! | `scaled-out` | [`tier::scale_out`]: UpdateAutoScalingGroup, upwards only and within the system's limit |
//! | `serves-as-planned` | [`tier::serves`]: only observes; as many targets as the plan needs are healthy |
//! | `evacuation-planned`, `return-planned` | [`zone::plan`]: only observes; which zone, and what it takes |
//! | `zone-left` | [`zone::leave`]: UpdateAutoScalingGroup without the zone's subnet, and enough targets healthy elsewhere |
//! | `zone-rejoined` | [`zone::rejoin`]: its undo, and the way back |
//! | `raise-taken-back` | [`zone::lower`]: UpdateAutoScalingGroup to the size before the evacuation |
//!
//! Rule 8 of the guide is why there are two conditions on the way up: a size that was accepted launches nothing by
//! itself, so `raised` says what was asked for and `healthy` what has come of it.
//!
//! [`observe`] is how this function and `assess` see a group and its targets, [`alarms`] how they see alarms; [`size`]
//! is what sizes are to be.

pub mod alarms;
pub mod healthy;
pub mod observe;
pub mod raise;
pub mod reduce;
mod resize;
pub mod restore;
pub mod size;
pub mod tier;
pub mod zone;

use std::sync::Arc;

use domain::clock::Clock;
use domain::journal::Journal;
use domain::names::{Epoch, Region};
use domain::step::{self, Step};
use domain::steps::Run;
use domain::steps::capacity::Input;
use domain::steps::plan::What;
use domain::steps::region::Seen;
use domain::system::{System, Systems};
use journal::{Claim, Hold};
use runtime::InRegion;
use serde_json::Value;

use self::tier::Tier;
use self::zone::Leaving;

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
    /// Zonal shift of Application Recovery Controller there: `traffic` shifts, here it is evidence.
    pub zonal_shift: aws_sdk_arczonalshift::Client,
    /// CloudWatch in the Region that the function runs in.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
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
            Input::ReplacementPlanned { run } => {
                let (system, tier) = self.tier(&run)?;
                let per_hour = system.policy.replacements_per_hour;
                return step::output(&tier::replace::plan(&tier, per_hour, self.clock.now()).await?);
            }
            Input::Replaced { run, epoch, plan } => {
                let (_, tier) = self.tier(&run)?;
                let What::Replace { instances, needed } = &plan.what else {
                    return Err(other_plan("replaced", &plan.what));
                };
                tier::replace::ensure(&tier, instances, *needed, &self.hold(&run, epoch)).await?
            }
            Input::ScaleOutPlanned { run } => {
                let (system, tier) = self.tier(&run)?;
                let now = self.clock.now();
                let plan = tier::scale_out::plan(&tier, &self.cloudwatch, system, &self.region, now);
                return step::output(&plan.await?);
            }
            Input::ScaledOut { run, epoch, plan } => {
                let (_, tier) = self.tier(&run)?;
                let What::ScaleOut { wanted, .. } = plan.what else {
                    return Err(other_plan("scaled-out", &plan.what));
                };
                tier::scale_out::ensure(&tier, wanted, &self.hold(&run, epoch)).await?
            }
            Input::ServesAsPlanned { run, plan } => {
                if matches!(plan.what, What::FailOverCache { .. }) {
                    tier::at_home(self.systems.of_run(&run)?, &self.region)?;
                    "a cache is moved without its targets: nothing of them was planned".to_owned()
                } else {
                    let (_, tier) = self.tier(&run)?;
                    tier::serves::ensure(&tier, run.recovery, &plan.what).await?
                }
            }
            Input::EvacuationPlanned { run } => {
                let (system, tier) = self.tier(&run)?;
                let (view, now) = (self.journal.view(&run.system).await?, self.clock.now());
                let plan = zone::plan::evacuation(&tier, system, &self.zonal_shift, &view, now);
                return step::output(&plan.await?);
            }
            Input::ReturnPlanned { run } => {
                let (system, tier) = self.tier(&run)?;
                let (view, now) = (self.journal.view(&run.system).await?, self.clock.now());
                let plan = zone::plan::way_back(&tier, system, &self.zonal_shift, &view, now);
                return step::output(&plan.await?);
            }
            Input::ZoneLeft { run, epoch, plan } => {
                let (_, tier) = self.tier(&run)?;
                zone::leave::ensure(&tier, &Leaving::of(&plan)?, &self.hold(&run, epoch)).await?
            }
            Input::ZoneRejoined { run, plan } => {
                let (_, tier) = self.tier(&run)?;
                zone::rejoin::ensure(&tier, &Leaving::of(&plan)?, &self.claim(&run)).await?
            }
            Input::RaiseTakenBack { run, plan } => {
                let (_, tier) = self.tier(&run)?;
                zone::lower::ensure(&tier, &Leaving::of(&plan)?, &self.claim(&run)).await?
            }
        };
        step::output(&Seen {
            at: self.clock.now(),
            seen: vec![seen],
        })
    }
}

impl<J: Journal> Steps<J> {
    /// The system of a run, and what serves its users in the primary Region, where the function has to run.
    fn tier(&self, run: &Run) -> step::Result<(&System, Tier<'_>)> {
        let system = self.systems.of_run(run)?;
        let web = tier::web(system, &self.region)?;
        let tier = Tier {
            autoscaling: (self.autoscaling_in)(&self.region),
            elbv2: (self.elbv2_in)(&self.region),
            web,
        };
        Ok((system, tier))
    }

    /// An undo's claim, and a way back's: neither carries an epoch.
    fn claim<'a>(&'a self, run: &'a Run) -> Claim<'a, J> {
        Claim {
            journal: &self.journal,
            run,
            now: self.clock.now(),
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

/// A condition that is asked for with the plan of another recovery.
fn other_plan(condition: &str, what: &What) -> step::Error {
    step::Error::InvalidInput {
        what: format!("`{condition}` with another recovery's plan: {what:?}"),
    }
}
