//! The `traffic` Lambda: users moved to another Region or out of a zone, and seen to have moved.
//!
//! | condition | ensured by |
//! |---|---|
//! | `edge-frozen`, `edge-thawed`, `edge-open` | [`edge`]: the default action of a load balancer's listener |
//! | `shifted` | [`health_check`], [`record`] or [`routing_control`], as the system file says |
//! | `resolved` | [`resolved`]: Route 53's own word for a changed record, then [`dns`]: every name server is asked |
//! | `served` | the write check: stored through the name, read back from this Region's own load balancer |
//! | `zone-shifted`, `zone-unshifted` | [`zonal_shift`]: StartZonalShift and CancelZonalShift, inside the primary Region |
//!
//! Of the three ways to move users, `health_check` and `routing_control` need no control plane (rule 2); `record`
//! needs the one in us-east-1, and says so when it fails. Nothing here is called in the Region that is left, except
//! to freeze and thaw its edge, which a recovery can do without (rule 1). Before anything is changed, and not before
//! it is undone, the run's lock is re-read (rule 7).
//!
//! [`udp`] is how name servers are reached on AWS; a rehearsal answers in its place.

pub mod dns;
pub mod edge;
pub mod health_check;
pub mod record;
pub mod resolved;
pub mod routing_control;
pub mod udp;
pub mod zonal_shift;

#[cfg(test)]
mod mocked;

use std::sync::Arc;

use database::write_check::WriteCheck;
use domain::clock::Clock;
use domain::journal::Journal;
use domain::names::{Epoch, Recovery, Region};
use domain::step::{self, Step};
use domain::steps::Run;
use domain::steps::plan::Plan;
use domain::steps::region::{Fencing, Resolved, Seen, Shifted};
use domain::steps::traffic::Input;
use domain::system::region_failover::{ClusterEndpoint, Traffic};
use domain::system::{Move, Systems};
use journal::{Claim, Hold};
use runtime::InRegion;
use serde_json::Value;

use self::dns::Exchange;
use self::zonal_shift::Balancer;

/// Makes the client of a routing-control cluster's endpoint.
pub type RoutingControlAt =
    Arc<dyn Fn(&ClusterEndpoint) -> aws_sdk_route53recoverycluster::Client + Send + Sync>;

/// The function's steps, with everything they need handed in.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that the function runs in: the one that systems are moved to, or in which a zone is left.
    pub region: Region,
    /// Elastic Load Balancing in either Region.
    pub elbv2_in: InRegion<aws_sdk_elasticloadbalancingv2::Client>,
    /// S3 in either Region.
    pub s3_in: InRegion<aws_sdk_s3::Client>,
    /// Route 53, whose control plane is in us-east-1.
    pub route53: aws_sdk_route53::Client,
    /// The endpoints of routing-control clusters.
    pub routing_control_at: RoutingControlAt,
    /// Zonal shift of Application Recovery Controller in the Region that the function runs in.
    pub zonal_shift: aws_sdk_arczonalshift::Client,
    /// Where the lock is re-read before anything is changed.
    pub journal: J,
    /// How the application's write check is reached.
    pub write_check: WriteCheck,
    /// How name servers are asked.
    pub dns: Arc<dyn Exchange>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<J: Journal> Step for Steps<J> {
    const NAME: &str = "traffic";

    type Input = Input;

    async fn ensure(&self, input: Input) -> step::Result<Value> {
        match input {
            Input::EdgeFrozen { run, epoch } => {
                let from = self.moving(&run)?.from;
                let frozen = edge::frozen(&self.edge(from), &self.hold(&run, epoch)).await?;
                step::output(&Fencing {
                    at: self.clock.now(),
                    fence: frozen.fence,
                    writes_until: None,
                    seen: vec![frozen.seen],
                })
            }
            Input::EdgeThawed { run } => {
                let from = self.moving(&run)?.from;
                let may_be_lost = run.recovery == Recovery::FailOverRegion;
                self.seen(edge::thawed(&self.edge(from), may_be_lost).await?)
            }
            Input::EdgeOpen { run, epoch } => {
                let to = self.moving(&run)?.to;
                self.seen(edge::open(&self.edge(to), &self.hold(&run, epoch)).await?)
            }
            Input::Shifted { run, epoch } => {
                let (moving, hold) = (self.moving(&run)?, self.hold(&run, epoch));
                step::output(&self.shifted(&moving, &hold).await?)
            }
            Input::Resolved { run, shifted } => {
                step::output(&self.resolved(&self.moving(&run)?, &shifted).await?)
            }
            Input::Served { run } => {
                let moving = self.moving(&run)?;
                let (name, own) = (&moving.shared.request, &moving.to.write_check);
                let token = format!("{}-{}", run.incident, self.clock.now().as_millisecond());
                self.write_check
                    .stored_at_and_read_back_from(name, own, &token)
                    .await?;
                self.seen(format!(
                    "{} stored {token}, {} read it back",
                    name.as_str(),
                    own.as_str()
                ))
            }
            Input::ZoneShifted { run, epoch, plan } => {
                let hold = self.hold(&run, epoch);
                self.seen(zonal_shift::shifted(&self.balancer(&run, &plan)?, &hold).await?)
            }
            Input::ZoneUnshifted { run, plan } => {
                let claim = Claim {
                    journal: &self.journal,
                    run: &run,
                    now: self.clock.now(),
                };
                self.seen(zonal_shift::unshifted(&self.balancer(&run, &plan)?, &claim).await?)
            }
        }
    }
}

impl<J: Journal> Steps<J> {
    /// Behind the promotion there is only forward: users are led to where writes are taken although a person wants the run to
    /// stop. That is said, and holds for what comes after.
    async fn shifted(&self, moving: &Move<'_>, hold: &Hold<'_, J>) -> step::Result<Shifted> {
        let (change_id, seen) = match &moving.shared.traffic {
            Traffic::HealthCheck { bucket, key } => {
                let switch = self.switch(moving, bucket, key);
                (None, health_check::shifted(&switch, hold).await?)
            }
            Traffic::Record {
                hosted_zone,
                policy,
                primary,
                standby,
            } => {
                let (here, away) = homeward(moving, primary, standby);
                let pair = record::Pair {
                    hosted_zone,
                    name: &moving.shared.hostname,
                    policy: *policy,
                    here,
                    away,
                };
                let told = record::shifted(&self.route53, &pair, hold).await?;
                (told.change_id, told.seen)
            }
            Traffic::RoutingControl {
                endpoints,
                primary,
                standby,
            } => {
                let (here, away) = homeward(moving, primary, standby);
                let controls = routing_control::Controls {
                    endpoints,
                    here,
                    away,
                };
                let client_at = self.routing_control_at.as_ref();
                (None, routing_control::shifted(client_at, &controls, hold).await?)
            }
        };
        let unheeded = hold.stop().await?;
        let unheeded = unheeded.map(|wish| format!("{wish}: too late, users were moved all the same"));
        Ok(Shifted {
            at: self.clock.now(),
            change_id,
            seen: [seen].into_iter().chain(unheeded).collect(),
        })
    }

    async fn resolved(&self, moving: &Move<'_>, shifted: &Shifted) -> step::Result<Resolved> {
        let mut seen = Vec::new();
        match &moving.shared.traffic {
            Traffic::HealthCheck { bucket, key } => {
                seen.push(health_check::stands(&self.switch(moving, bucket, key)).await?);
            }
            Traffic::Record { .. } => {
                seen.push(record::in_sync(&self.route53, shifted.change_id.as_deref()).await?);
            }
            Traffic::RoutingControl { .. } => {}
        }
        let everywhere = resolved::everywhere(self.dns.as_ref(), moving, self.clock.now()).await?;
        seen.extend(everywhere.seen);
        Ok(Resolved {
            at: self.clock.now(),
            ttl_seconds: everywhere.ttl_seconds,
            seen,
        })
    }

    fn moving(&self, run: &Run) -> step::Result<Move<'_>> {
        self.systems.of_run(run)?.moving_to(&self.region)
    }

    fn hold<'a>(&'a self, run: &'a Run, epoch: Epoch) -> Hold<'a, J> {
        Hold {
            journal: &self.journal,
            run,
            epoch,
            now: self.clock.now(),
        }
    }

    fn balancer<'a>(&'a self, run: &Run, plan: &'a Plan) -> step::Result<Balancer<'a>> {
        let web = capacity::tier::web(self.systems.of_run(run)?, &self.region)?;
        Balancer::of(&self.zonal_shift, web, plan)
    }

    fn edge<'a>(&self, site: &'a domain::system::Site) -> edge::Listener<'a> {
        edge::Listener {
            client: (self.elbv2_in)(&site.region),
            region: &site.region,
            web: &site.web,
        }
    }

    fn switch<'a>(&self, moving: &Move<'a>, bucket: &'a str, key: &'a str) -> health_check::Switch<'a> {
        // The bucket is the standby Region's, whichever way the system moves.
        let [_, standby] = &moving.shared.sites;
        health_check::Switch {
            client: (self.s3_in)(&standby.region),
            owner: &moving.system.account,
            bucket,
            key,
            stands: !moving.is_homeward(),
        }
    }

    fn seen(&self, seen: String) -> step::Result<Value> {
        step::output(&Seen {
            at: self.clock.now(),
            seen: vec![seen],
        })
    }
}

/// Of the primary Region's and the standby Region's: what leads here, and what leads away.
fn homeward<'a>(moving: &Move<'_>, primary: &'a str, standby: &'a str) -> (&'a str, &'a str) {
    if moving.is_homeward() {
        (primary, standby)
    } else {
        (standby, primary)
    }
}
