//! The promotion of this Region's database was started, by us or by somebody else.
//!
//! The race that is meant here: this call may be a repetition of one whose answer was lost, or the whole run may be the
//! second one after a half-finished first. So what is already so, or on its way, is found before anything is asked of
//! anybody; RDS refuses a second promotion while one is under way; and the lock is re-read last.

use aws_sdk_rds::Client;
use domain::journal::Journal;
use domain::names::Epoch;
use domain::step::{Deadline, Error, Result};
use domain::steps::region::{Approval, Fence, Fencing, Promotion, RegionAssessment, Seen, Verdict};
use domain::system::region_failover::Replication;
use jiff::Timestamp;

use super::half::{self, Half};
use super::isolation::{self, State};
use super::lag::{self, CAUGHT_UP_MS, Measured, Reference};
use super::place::{self, Place};
use super::{Regions, asked, consent, global, lease};

/// What a promotion is held against.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// The epoch under which the run holds the lock.
    pub epoch: Epoch,
    /// What was observed before.
    pub region: &'a RegionAssessment,
    /// Whether the source is known to take no writes, and since when.
    pub fencing: &'a Fencing,
    /// The person's answer, where there had to be one.
    pub approval: Option<&'a Approval>,
    /// Regular, or the last resort.
    pub how: Promotion,
    /// Until when the machine waits for it.
    pub deadline: Option<Deadline>,
}

impl Grounds<'_> {
    /// First what came with the input, which asks nobody; then the journal, where a person's answer is needed.
    async fn consent<J: Journal>(&self, regions: &Regions<'_, J>, how: Promotion) -> Result<()> {
        let promised = &regions.moved.system.objectives;
        consent::given(self.region, self.fencing, how, self.approval, promised)?;
        match self.approval {
            Some(approval) => consent::is_kept(regions.journal, regions.run, approval).await,
            None => Ok(()),
        }
    }

    /// A promotion cannot be undone: it is not begun when the machine is about to give it up.
    fn in_time<J>(&self, regions: &Regions<'_, J>, seen: &str) -> Result<()> {
        let begin = |deadline: Deadline| deadline.may_begin(regions.now, seen);
        self.deadline.map_or(Ok(()), begin)
    }
}

/// Ensures that the promotion of this Region's database was started.
///
/// # Errors
/// `NotYet` right after asking for it, and while RDS's state forbids it; `Unsafe` when something could be lost that
/// nobody accepted, or when the database is not one that could be promoted; `LockLost`; `Throttled`, `Unavailable`,
/// `Refused`.
pub async fn ensure<J: Journal>(regions: &Regions<'_, J>, grounds: &Grounds<'_>) -> Result<Seen> {
    let moved = &regions.moved;
    if grounds.region.to != moved.to.region || grounds.region.from != moved.from.region {
        return Err(Error::InvalidInput {
            what: format!(
                "the assessment is of a move from {} to {}, and this is one from {} to {}",
                grounds.region.from, grounds.region.to, moved.from.region, moved.to.region
            ),
        });
    }
    let rds = regions.rds(&moved.to.region);
    let mut started = match &moved.shared.replication {
        Replication::AuroraGlobal { global_cluster } => {
            in_global(regions, grounds, &rds, global_cluster.as_str()).await
        }
        Replication::ReadReplica => replica(regions, grounds, &rds).await,
    }?;
    // Whoever started it: this Region's application takes writes only under the lease.
    started.seen.extend(lease::held(regions, grounds.epoch).await?);
    Ok(started)
}

async fn in_global<J: Journal>(
    regions: &Regions<'_, J>,
    grounds: &Grounds<'_>,
    rds: &Client,
    identifier: &str,
) -> Result<Seen> {
    let moved = &regions.moved;
    let (target, source) = (regions.arn(moved.to), regions.arn(moved.from));
    let (global, half) = futures_util::join!(
        global::observe(rds, identifier),
        half::observe(rds, &moved.shared.replication, moved.to.database.as_str())
    );
    let (global, half) = (global?, place::here(half?, regions)?);
    let words = global.to_string();
    match (place::of_global(&global, &target, &source), grounds.how) {
        (Place::Here, _) => open_to_everybody(regions, grounds, rds, &half, words).await,
        (Place::Coming, Promotion::Regular) => open_to_everybody(regions, grounds, rds, &half, words).await,
        // It ends as one or the other. To detach a cluster that is being promoted would spoil both.
        (Place::Coming, Promotion::Detach) | (Place::Unsettled, _) => Err(Error::NotYet { seen: words }),
        (Place::Elsewhere, _) => Err(Error::Unsafe {
            why: format!("{} is not the writer: {words}", moved.from.database),
        }),
        // Detached before, as by a run that came so far: acceptable to whoever accepted that.
        (Place::Alone, _) => {
            grounds
                .consent(regions, Promotion::Detach)
                .await
                .map_err(|error| match error {
                    Error::Unsafe { why } => Error::Unsafe {
                        why: format!("{half} is no member of its global cluster: {why}: {words}"),
                    },
                    // The journal did not answer: that passes.
                    other => other,
                })?;
            let words = format!("{half}, no member of {identifier}: {words}");
            open_to_everybody(regions, grounds, rds, &half, words).await
        }
        (Place::There, how) => {
            grounds.consent(regions, how).await?;
            open_to_everybody(regions, grounds, rds, &half, words).await?;
            still_lost(regions, grounds).await?;
            lease::held(regions, grounds.epoch).await?;
            grounds.in_time(regions, &global.to_string())?;
            regions.hold(grounds.epoch).check().await?;
            Err(ask_global(rds, identifier, &target, grounds).await)
        }
    }
}

/// Between the question and the answer the source may have come back: what was lost then is lost no more, and promoting
/// now would lose what users write there meanwhile (rule 7: state is read again before every change).
async fn still_lost<J: Journal>(regions: &Regions<'_, J>, grounds: &Grounds<'_>) -> Result<()> {
    if grounds.region.verdict != Verdict::FailOver {
        return Ok(());
    }
    let source = &regions.moved.from.write_check;
    match regions
        .write_check
        .stored_and_read_back(source, &regions.token())
        .await
    {
        Ok(()) => Err(Error::Unsafe {
            why: format!(
                "{} stores and reads back again: the source is not lost",
                source.as_str()
            ),
        }),
        Err(_) => Ok(()),
    }
}

/// The target is named by its ARN, so that Aurora finds it in its Region. Without `AllowDataLoss` the call would be a
/// switchover. Sources: RDS API, SwitchoverGlobalCluster, FailoverGlobalCluster, RemoveFromGlobalCluster.
async fn ask_global(rds: &Client, identifier: &str, target: &str, grounds: &Grounds<'_>) -> Error {
    let to = super::spoken(target);
    match (grounds.how, grounds.region.verdict) {
        (Promotion::Detach, _) => {
            let request = rds
                .remove_from_global_cluster()
                .global_cluster_identifier(identifier);
            let answer = request.db_cluster_identifier(target).send().await;
            asked("rds:RemoveFromGlobalCluster", &format!("of {to}"), answer)
        }
        (Promotion::Regular, Verdict::FailOver) => {
            let request = rds
                .failover_global_cluster()
                .global_cluster_identifier(identifier)
                .target_db_cluster_identifier(target)
                .allow_data_loss(true);
            asked(
                "rds:FailoverGlobalCluster",
                &format!("to {to} with AllowDataLoss"),
                request.send().await,
            )
        }
        (Promotion::Regular, Verdict::SwitchOver | Verdict::StandDown) => {
            let request = rds
                .switchover_global_cluster()
                .global_cluster_identifier(identifier)
                .target_db_cluster_identifier(target);
            asked(
                "rds:SwitchoverGlobalCluster",
                &format!("to {to}"),
                request.send().await,
            )
        }
    }
}

async fn replica<J: Journal>(regions: &Regions<'_, J>, grounds: &Grounds<'_>, rds: &Client) -> Result<Seen> {
    let moved = &regions.moved;
    let replication = &moved.shared.replication;
    let half = half::observe(rds, replication, moved.to.database.as_str()).await?;
    let half = place::here(half, regions)?;
    let words = half.to_string();
    match place::of_replica(&half, &regions.arn(moved.from)) {
        // It follows nobody any more. Whether it ever followed this source, the assessment has told whoever approved.
        Place::Alone | Place::Here => return open_to_everybody(regions, grounds, rds, &half, words).await,
        // RDS modifies and reboots it, and it replicates no more: nothing but a promotion does all that.
        Place::There if half.may_be_promoting() && half.is_replicating != Some(true) => {
            return open_to_everybody(regions, grounds, rds, &half, words).await;
        }
        Place::There => {}
        Place::Coming | Place::Unsettled | Place::Elsewhere => {
            return Err(Error::Unsafe {
                why: format!("it does not follow {}: {words}", moved.from.database),
            });
        }
    }
    if grounds.how == Promotion::Detach {
        return Err(Error::Unsafe {
            why: "a read replica is in no global cluster that it could be detached from".to_owned(),
        });
    }
    grounds.consent(regions, grounds.how).await?;
    let mut seen = words;
    if grounds.region.verdict == Verdict::SwitchOver {
        if grounds.fencing.fence != Fence::Fenced {
            return Err(Error::Unsafe {
                why: format!(
                    "a planned promotion loses what {} writes meanwhile, and nothing proves that it writes nothing",
                    moved.from.database
                ),
            });
        }
        let cloudwatch = regions.cloudwatch(&moved.to.region);
        let identifier = moved.to.database.as_str();
        let measured =
            lag::measure(&cloudwatch, replication, identifier, Reference::Now, regions.now).await?;
        if !is_caught_up(&measured, grounds.region.at.max(grounds.fencing.at)) {
            return Err(Error::NotYet {
                seen: format!("not everything has arrived: {measured}: {seen}"),
            });
        }
        seen = format!("{seen}; {measured}");
    }
    // RDS refuses to promote a replica that is being backed up. Source: RDS API, PromoteReadReplica.
    if half.status != "available" {
        return Err(Error::NotYet { seen });
    }
    open_to_everybody(regions, grounds, rds, &half, seen).await?;
    still_lost(regions, grounds).await?;
    lease::held(regions, grounds.epoch).await?;
    grounds.in_time(regions, &half.to_string())?;
    regions.hold(grounds.epoch).check().await?;
    let request = rds
        .promote_read_replica()
        .db_instance_identifier(moved.to.database.as_str());
    let about = moved.to.database.to_string();
    Err(asked("rds:PromoteReadReplica", &about, request.send().await))
}

/// Whether everything that the source was told had arrived in a minute that began after the assessment. When the source
/// was fenced is not known here; the minute may have begun before that, by as long as a fence takes.
fn is_caught_up(measured: &Measured, since: Timestamp) -> bool {
    measured
        .fresh()
        .is_some_and(|lag| lag.lag_ms < CAUGHT_UP_MS && lag.measured_at >= since)
}

/// A database that was the source of an earlier move is still cut off from everybody, and would be promoted for nobody.
/// It follows, or is the writer by now; either way it may be let loose.
async fn open_to_everybody<J: Journal>(
    regions: &Regions<'_, J>,
    grounds: &Grounds<'_>,
    rds: &Client,
    half: &Half,
    words: String,
) -> Result<Seen> {
    let moved = &regions.moved;
    match isolation::opened(&half.groups, &moved.to.isolation) {
        State::Done => Ok(regions.seen([words])),
        State::Changing => Err(Error::NotYet {
            seen: isolation::spoken(half),
        }),
        State::Undone => {
            regions.hold(grounds.epoch).check().await?;
            let groups = &moved.to.isolation.security_groups;
            Err(isolation::ask(rds, &moved.shared.replication, half, groups).await)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::sample::assessment;
    use domain::steps::region::Lag;

    #[test]
    fn caught_up_is_less_than_a_second_in_a_minute_after_the_assessment() {
        let region = assessment(Verdict::SwitchOver, Some(0));
        let at = region.at;
        let before = at
            .checked_sub(jiff::SignedDuration::from_millis(1))
            .expect("in range");
        for (lag_ms, measured_at, age_ms, expected) in [
            (0, at, 0, true),
            (999, at, 180_000, true),
            (1_000, at, 0, false),
            (0, before, 0, false),
            (0, at, 180_001, false),
        ] {
            let measured = Measured {
                lag: Some(Lag {
                    lag_ms,
                    measured_at,
                    age_ms,
                }),
                what: String::new(),
                reference: Reference::Now,
            };
            assert_eq!(is_caught_up(&measured, region.at), expected, "{measured}");
        }
    }
}
