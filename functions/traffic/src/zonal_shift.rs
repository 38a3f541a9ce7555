//! Users kept away from one Availability Zone, and let back.
//!
//! A zonal shift takes the load balancer's addresses in that zone out of DNS, in the data plane of the Region itself
//! (rule 2). It names the zone by its ID, it ends by itself, and a load balancer has one in force at a time; what
//! AWS's autoshift or a person has shifted already is as good as ours. Source: ARC Zonal Shift API, StartZonalShift; ARC
//! Developer Guide, arc-zonal-autoshift.how-it-works.precedence.
//!
//! There is no client token. A shift whose answer was lost is known again by its comment, which names the incident,
//! and AWS refuses a second one while it is active.
//!
//! [`capacity::zone::shift`] is how this function and `capacity` see shifts; the two see the same.

use aws_sdk_arczonalshift::Client;
use aws_sdk_arczonalshift::error::SdkError;
use aws_sdk_arczonalshift::operation::start_zonal_shift::StartZonalShiftError;
use capacity::zone::shift::{By, Shift, Shifts, comment, observe};
use domain::journal::Journal;
use domain::names::{Recovery, Zone, ZoneId};
use domain::step::{Error, Result};
use domain::steps::Run;
use domain::steps::plan::{Plan, What};
use domain::system::WebTier;
use journal::{Claim, Hold};
use runtime::aws::classify;

const START: &str = "arc-zonal-shift:StartZonalShift";
const CANCEL: &str = "arc-zonal-shift:CancelZonalShift";

/// How long a shift of ours lasts unless it is taken back: AWS wants to be told, and allows 72 hours at first.
///
/// Long enough that nobody has to extend it in the night in which it began, and that a zone that AWS has to repair is
/// repaired. Short enough that a shift which everybody forgot is over within a working day, and does not take a third
/// of the load balancer's capacity with it into the weekend. When it ends by itself, users are sent to a zone in which
/// the group has nothing, and the load balancer passes them on or takes the zone out of DNS: nobody is served worse.
/// Source of the limit: ARC Zonal Shift API, StartZonalShift, `expiresIn`.
const LASTS: &str = "12h";

/// A load balancer, and the zone that it is about.
#[derive(Debug)]
pub struct Balancer<'a> {
    /// Zonal shift in the load balancer's Region.
    pub client: &'a Client,
    /// The load balancer's ARN.
    pub arn: &'a str,
    /// The zone.
    pub zone: &'a Zone,
    /// Its ID.
    pub zone_id: &'a ZoneId,
}

impl<'a> Balancer<'a> {
    /// Reads it from a system's web tier and a plan.
    ///
    /// # Errors
    /// `InvalidInput` when the system file names no load balancer, or the plan no zone.
    pub fn of(client: &'a Client, web: &'a WebTier, plan: &'a Plan) -> Result<Self> {
        let invalid = |what: String| Err(Error::InvalidInput { what });
        let Some(arn) = &web.load_balancer else {
            return invalid(
                "the system file names no load balancer: add `load-balancer` to [web]".to_owned(),
            );
        };
        match &plan.what {
            What::Zone {
                zone: Some(zone),
                zone_id: Some(zone_id),
                ..
            } => Ok(Self {
                client,
                arn,
                zone,
                zone_id,
            }),
            what => invalid(format!(
                "the plan names no zone to keep users away from: {what:?}"
            )),
        }
    }

    fn name(&self) -> String {
        format!("{} ({})", self.zone, self.zone_id)
    }

    async fn start(&self, comment: String) -> Error {
        let answer = self
            .client
            .start_zonal_shift()
            .resource_identifier(self.arn)
            .away_from(self.zone_id.0.as_str())
            .expires_in(LASTS)
            .comment(comment)
            .send()
            .await;
        match answer {
            Ok(started) => Error::NotYet {
                seen: format!(
                    "{START} {} away from {} until {} accepted",
                    started.zonal_shift_id(),
                    self.name(),
                    started.expiry_time()
                ),
            },
            // Another one has begun between our look and our call, perhaps by our own call of a moment ago: look again.
            Err(error) if is_conflict(&error) => Error::NotYet {
                seen: classify(START, error).to_string(),
            },
            Err(error) => classify(START, error),
        }
    }

    async fn cancel(&self, id: &str) -> Error {
        let answer = self.client.cancel_zonal_shift().zonal_shift_id(id).send().await;
        match answer {
            Ok(_) => Error::NotYet {
                seen: format!("{CANCEL} {id} away from {} accepted", self.name()),
            },
            Err(error) => {
                // It has ended between our look and our call: look again.
                let ended = error
                    .as_service_error()
                    .is_some_and(|e| e.is_conflict_exception() || e.is_resource_not_found_exception());
                let error = classify(CANCEL, error);
                if ended {
                    Error::NotYet {
                        seen: error.to_string(),
                    }
                } else {
                    error
                }
            }
        }
    }
}

fn is_conflict<R>(error: &SdkError<StartZonalShiftError, R>) -> bool {
    error
        .as_service_error()
        .is_some_and(StartZonalShiftError::is_conflict_exception)
}

/// Ensures that the load balancer sends nobody to the zone, and answers which shift sees to it.
///
/// # Errors
/// `NotYet` right after asking for one; `Unsafe` while users are kept away from another zone, when zonal shift is not
/// enabled for the load balancer, or when a person stopped the run; `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub async fn shifted<J: Journal>(balancer: &Balancer<'_>, hold: &Hold<'_, J>) -> Result<String> {
    let shifts = observe(balancer.client, balancer.arn).await?;
    match shifts.in_force() {
        Some(shift) if shift.away_from == *balancer.zone_id => {
            Ok(format!("nobody is sent to {}: {shift}", balancer.name()))
        }
        Some(other) => Err(Error::Unsafe {
            why: format!(
                "users are kept away from another zone than {} already, and a load balancer leaves one at a time: {other}",
                balancer.name()
            ),
        }),
        None if !shifts.enabled => Err(Error::Unsafe {
            why: format!(
                "zonal shift is not enabled for {}: set its attribute zonal_shift.config.enabled to true",
                balancer.arn
            ),
        }),
        // A practice run gives way to it, whatever zone it is about.
        None => {
            hold.check().await?;
            Err(balancer.start(comment(&hold.run.incident)).await)
        }
    }
}

/// Ensures that no shift of ours keeps users away from the zone, and answers what else does.
///
/// As the undo it takes back the run's own shift and no other. On the way back it takes back whichever of our runs
/// shifted: that is what it is for. AWS's autoshift and a person's shift stay.
///
/// # Errors
/// `NotYet` right after cancelling one; `LockLost`; `Unsafe` when a person stopped a way back; `Throttled`,
/// `Unavailable`, `Refused`.
pub async fn unshifted<J: Journal>(balancer: &Balancer<'_>, claim: &Claim<'_, J>) -> Result<String> {
    let shifts = observe(balancer.client, balancer.arn).await?;
    match ours(&shifts, balancer.zone_id, claim.run) {
        None => Ok(format!(
            "no shift of ours keeps users away from {}: {shifts}",
            balancer.name()
        )),
        Some(id) => {
            claim.check().await?;
            Err(balancer.cancel(id).await)
        }
    }
}

/// The id of a shift that this run may take back.
fn ours<'a>(shifts: &'a Shifts, zone: &ZoneId, run: &Run) -> Option<&'a str> {
    let own = comment(&run.incident);
    shifts.ours().find_map(|shift| match shift {
        Shift {
            by: By::Us { id, comment },
            away_from,
            ..
        } if away_from == zone && (*comment == own || run.recovery == Recovery::ReturnToZone) => {
            Some(id.as_str())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
