//! One Region's database follows the other's: before a way back, and as the last word of every planned move (rule 10).
//!
//! Aurora re-adds an old primary by itself, on a new volume, once its Region is back; this only waits for it. A replica
//! that was promoted never follows again, and neither does its old source: there the follower is made anew.
//!
//! A follower that was fenced when it was left still is. It takes no writes, so it is opened here, while nobody
//! needs it.

use domain::journal::Journal;
use domain::names::Epoch;
use domain::step::{Error, Result};
use domain::steps::region::Seen;
use domain::system::Site;
use domain::system::region_failover::Replication;

use super::global::{self, Global};
use super::half::{self, Half};
use super::isolation::{self, State};
use super::lag::{self, Measured, Reference};
use super::replica::{self, Renewal};
use super::told::hear;
use super::{Regions, spoken};

/// Which of the two is to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The database of the Region in which this runs is to follow the other one: `rejoined`.
    Here,
    /// The other Region's database is to follow this one: `standby-armed`.
    There,
}

/// Who is to follow whom.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// Who is to follow.
    pub follower: &'a Site,
    /// Whom.
    pub leader: &'a Site,
    /// Which of them is here.
    pub side: Side,
}

/// Ensures that a Region's database follows the other one's within the recovery point objective.
///
/// # Errors
/// `NotYet` until it does; `Unsafe` when it never will by itself, with what to do by hand; `LockLost`; `Throttled`,
/// `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(regions: &Regions<'_, J>, epoch: Epoch, side: Side) -> Result<Seen> {
    let (follower, leader) = match side {
        Side::Here => (regions.moved.to, regions.moved.from),
        Side::There => (regions.moved.from, regions.moved.to),
    };
    let pair = Pair {
        follower,
        leader,
        side,
    };
    match &regions.moved.shared.replication {
        Replication::AuroraGlobal { global_cluster } => {
            in_global(regions, epoch, pair, global_cluster.as_str()).await
        }
        Replication::ReadReplica => as_replica(regions, epoch, pair).await,
    }
}

async fn in_global<J: Journal>(
    regions: &Regions<'_, J>,
    epoch: Epoch,
    pair: Pair<'_>,
    identifier: &str,
) -> Result<Seen> {
    let here = regions.rds(&regions.moved.to.region);
    let there = regions.rds(&pair.follower.region);
    let name = pair.follower.database.as_str();
    let (global, half, heard) = futures_util::join!(
        global::observe(&here, identifier),
        half::observe(&there, &regions.moved.shared.replication, name),
        hear(regions)
    );
    let global = global?;
    let mut seen = vec![global.to_string()];
    seen.extend(heard.resynchronization().map(ToString::to_string));
    match membership(&global, &regions.arn(pair.follower), &regions.arn(pair.leader)) {
        Membership::Follows => match half? {
            Some(half) => followed(regions, epoch, pair, &half, seen).await,
            None => {
                seen.push(half::missing(name, &pair.follower.region));
                Err(not_yet(&seen))
            }
        },
        Membership::Leads if pair.side == Side::Here => Ok(regions.seen(seen)),
        Membership::Leads => Err(Error::Unsafe {
            why: format!(
                "{} is the writer, so it is no standby: {}",
                pair.follower.database,
                seen.join("; ")
            ),
        }),
        Membership::Settling => Err(not_yet(&seen)),
        Membership::Missing => Err(Error::NotYet {
            seen: format!(
                "Aurora has not yet added {} in {} again: {}",
                pair.follower.database,
                pair.follower.region,
                seen.join("; ")
            ),
        }),
        Membership::Apart => Err(Error::Unsafe {
            why: format!(
                "{} in {} is not the writer of the global cluster, so nothing follows it, and nothing will by \
                 itself: take the other clusters out of {identifier} (rds:RemoveFromGlobalCluster), delete it, make a \
                 new global cluster of that name from {} (rds:CreateGlobalCluster with SourceDBClusterIdentifier), add \
                 a new secondary cluster {} in {} to it, and run this again: {}",
                pair.leader.database,
                pair.leader.region,
                pair.leader.database,
                pair.follower.database,
                pair.follower.region,
                seen.join("; ")
            ),
        }),
    }
}

/// A follower's place in the global cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Membership {
    /// It reads, and the leader writes.
    Follows,
    /// It writes.
    Leads,
    /// It is being brought into step, or the roles change.
    Settling,
    /// The leader writes, and it is no member.
    Missing,
    /// The leader does not write: the two were taken apart, as by detaching one of them.
    Apart,
}

fn membership(global: &Global, follower: &str, leader: &str) -> Membership {
    if global.moving.is_some() {
        return Membership::Settling;
    }
    let leads = global.member(leader).is_some_and(|leader| leader.is_writer);
    match global.member(follower) {
        Some(follower) if follower.is_writer => match global.member(leader) {
            Some(_) => Membership::Leads,
            None => Membership::Apart,
        },
        Some(_) if global.writer().is_none() => Membership::Settling,
        Some(_) | None if !leads => Membership::Apart,
        None => Membership::Missing,
        Some(follower) => match follower.synchronization.as_deref() {
            Some("pending-resync") => Membership::Settling,
            Some(_) | None => Membership::Follows,
        },
    }
}

async fn as_replica<J: Journal>(regions: &Regions<'_, J>, epoch: Epoch, pair: Pair<'_>) -> Result<Seen> {
    let rds = regions.rds(&pair.follower.region);
    let identifier = pair.follower.database.as_str();
    let half = half::observe(&rds, &regions.moved.shared.replication, identifier).await?;
    let renewal = Renewal {
        regions,
        epoch,
        pair,
        rds: &rds,
    };
    match half {
        Some(half) if half.follows(&regions.arn(pair.leader)) => {
            followed(regions, epoch, pair, &half, vec![]).await
        }
        Some(half) if half.source.is_some() => Err(Error::Unsafe {
            why: format!(
                "it follows another database than {}: {half}",
                spoken(&regions.arn(pair.leader))
            ),
        }),
        Some(half) => replica::retire(&renewal, &half).await,
        None => Err(replica::create(&renewal).await),
    }
}

/// It follows. Is it well, open, and near enough?
async fn followed<J: Journal>(
    regions: &Regions<'_, J>,
    epoch: Epoch,
    pair: Pair<'_>,
    half: &Half,
    mut seen: Vec<String>,
) -> Result<Seen> {
    let follower = pair.follower;
    seen.push(half.to_string());
    if half.status != "available" {
        return Err(not_yet(&seen));
    }
    open(regions, epoch, follower, half).await?;
    let cloudwatch = regions.cloudwatch(&follower.region);
    let replication = &regions.moved.shared.replication;
    let identifier = follower.database.as_str();
    let measured = lag::measure(&cloudwatch, replication, identifier, Reference::Now, regions.now).await?;
    seen.push(measured.to_string());
    if is_near(&measured, regions) {
        Ok(regions.seen(seen))
    } else {
        seen.push(format!(
            "at most {} are allowed",
            regions.moved.system.objectives.rpo
        ));
        Err(not_yet(&seen))
    }
}

fn not_yet(seen: &[String]) -> Error {
    Error::NotYet {
        seen: seen.join("; "),
    }
}

fn is_near<J: Journal>(measured: &Measured, regions: &Regions<'_, J>) -> bool {
    let allowed = regions.moved.system.objectives.rpo.as_millis();
    measured.fresh().is_some_and(|lag| lag.lag_ms <= allowed)
}

async fn open<J: Journal>(
    regions: &Regions<'_, J>,
    epoch: Epoch,
    follower: &Site,
    half: &Half,
) -> Result<()> {
    match isolation::opened(&half.groups, &follower.isolation) {
        State::Done => Ok(()),
        State::Changing => Err(Error::NotYet {
            seen: isolation::spoken(half),
        }),
        State::Undone => {
            regions.hold(epoch).check().await?;
            let rds = regions.rds(&follower.region);
            let groups = &follower.isolation.security_groups;
            Err(isolation::ask(&rds, &regions.moved.shared.replication, half, groups).await)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::global::{Member, Moving};

    fn global(members: &[(&str, bool, Option<&str>)], moving: bool) -> Global {
        Global {
            members: members
                .iter()
                .map(|(arn, is_writer, synchronization)| Member {
                    arn: (*arn).to_owned(),
                    is_writer: *is_writer,
                    synchronization: synchronization.map(str::to_owned),
                })
                .collect(),
            moving: moving.then(|| Moving {
                status: "switching-over".into(),
                to: "f".into(),
                is_lossy: false,
            }),
            ..Global::default()
        }
    }

    #[test]
    fn a_follower_is_told_from_what_is_on_its_way_and_from_what_never_comes() {
        type Members<'a> = &'a [(&'a str, bool, Option<&'a str>)];
        let cases: [(Members<'_>, bool, Membership); 10] = [
            (
                &[("l", true, None), ("f", false, None)],
                false,
                Membership::Follows,
            ),
            (
                &[("l", true, None), ("f", false, Some("connected"))],
                false,
                Membership::Follows,
            ),
            (
                &[("l", true, None), ("f", false, Some("pending-resync"))],
                false,
                Membership::Settling,
            ),
            (
                &[("l", true, None), ("f", false, None)],
                true,
                Membership::Settling,
            ),
            (
                &[("l", false, None), ("f", false, None)],
                false,
                Membership::Settling,
            ),
            (&[("l", true, None)], false, Membership::Missing),
            (&[("f", true, None), ("l", false, None)], false, Membership::Leads),
            (&[("f", true, None)], false, Membership::Apart),
            (&[("x", true, None), ("f", false, None)], false, Membership::Apart),
            (&[], false, Membership::Apart),
        ];
        for (members, moving, expected) in cases {
            assert_eq!(
                membership(&global(members, moving), "f", "l"),
                expected,
                "{members:?} {moving}"
            );
        }
    }
}
