//! Where the database is written to, as RDS in the Region in which this runs says. Undoing what came before a
//! promotion is right only while nothing was promoted and nothing is about to be (rule 3): a promotion whose answer
//! was lost may have taken effect all the same.

use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::steps::region::InPlace;
use domain::system::region_failover::{Isolation, Replication};

use super::global::{self, Global};
use super::half::{self, Half};
use super::isolation::{State, isolated};
use super::{Regions, spoken};

/// Where a database is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the Region that is to be left; the target's database follows it.
    There,
    /// A switchover or failover to the target is under way.
    Coming,
    /// A switchover or failover is under way that leads elsewhere, or was called off.
    Unsettled,
    /// In neither, or the target's database follows another one: the system file does not fit.
    Elsewhere,
    /// In the target Region.
    Here,
    /// The target's database follows nobody. That alone does not say that it is the one that is written to: it may
    /// be the primary of former days.
    Alone,
}

/// Where an Aurora global database is written to.
pub fn of_global(global: &Global, target: &str, source: &str) -> Place {
    if let Some(moving) = &global.moving {
        let comes = !moving.is_called_off() && moving.to.eq_ignore_ascii_case(target);
        return if comes { Place::Coming } else { Place::Unsettled };
    }
    let writer = global.writer().map(|writer| writer.arn.as_str());
    match (global.member(target), writer) {
        (None, _) => Place::Alone,
        (Some(target), _) if target.is_writer => Place::Here,
        (Some(_), Some(writer)) if writer.eq_ignore_ascii_case(source) => Place::There,
        (Some(_), Some(_)) => Place::Elsewhere,
        // Between two writers, as while the roles change.
        (Some(_), None) => Place::Unsettled,
    }
}

/// Where a database with a cross-Region replica is written to, as far as the target's half tells.
pub fn of_replica(target: &Half, source: &str) -> Place {
    match &target.source {
        None => Place::Alone,
        Some(_) if target.follows(source) => Place::There,
        Some(_) => Place::Elsewhere,
    }
}

/// Whether the target's replica is the primary of former days: it follows nobody, and was cut off when another database was
/// promoted. A promotion opens it before anything else. It takes no writes from anybody, and what it lacks, nobody knows.
pub fn is_of_former_days(target: &Half, source: &str, isolation: &Isolation) -> bool {
    of_replica(target, source) == Place::Alone && isolated(&target.groups, isolation) == State::Done
}

/// Ensures that it is known whether the database is still written to where it was. A replica that is not there was not
/// promoted: one of former days is renamed before a new one is made under its name.
///
/// # Errors
/// `NotYet` while RDS's answer is empty; `Throttled`, `Unavailable`, `Refused`.
pub async fn known<J: Journal>(regions: &Regions<'_, J>) -> Result<InPlace> {
    let moved = &regions.moved;
    let (target, source) = (regions.arn(moved.to), regions.arn(moved.from));
    let rds = regions.rds(&moved.to.region);
    let (in_place, seen) = match &moved.shared.replication {
        Replication::AuroraGlobal { global_cluster } => {
            let global = global::observe(&rds, global_cluster.as_str()).await?;
            let place = of_global(&global, &target, &source);
            (place == Place::There, global.to_string())
        }
        replication @ Replication::ReadReplica => {
            let to = moved.to;
            match half::observe(&rds, replication, to.database.as_str()).await? {
                None => (true, half::missing(to.database.as_str(), &to.region)),
                Some(half) if is_of_former_days(&half, &source, &to.isolation) => {
                    (true, format!("{half}; it is cut off since an earlier move"))
                }
                Some(half) => {
                    let follows = of_replica(&half, &source) == Place::There && !half.may_be_promoting();
                    (follows, half.to_string())
                }
            }
        }
    };
    let conclusion = if in_place {
        format!("nothing was promoted: {} is the writer still", spoken(&source))
    } else {
        format!("{} may not be the writer any more", spoken(&source))
    };
    Ok(InPlace {
        at: regions.now,
        in_place,
        seen: vec![seen, conclusion],
    })
}

/// The target's database, which has to be there.
///
/// # Errors
/// `Unsafe` if it is not.
pub(super) fn here<J: Journal>(half: Option<Half>, regions: &Regions<'_, J>) -> Result<Half> {
    let to = regions.moved.to;
    half.ok_or_else(|| Error::Unsafe {
        why: half::missing(to.database.as_str(), &to.region),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::global::{Member, Moving};
    use crate::region::half::Group;

    const HERE: &str = "arn:aws:rds:eu-west-1:111122223333:cluster:shop-db-eu-west-1";
    const THERE: &str = "arn:aws:rds:eu-central-1:111122223333:cluster:shop-db";
    const THIRD: &str = "arn:aws:rds:us-east-1:111122223333:cluster:shop-db";

    fn global(writer: &str, readers: &[&str], moving: Option<(&str, &str)>) -> Global {
        let member = |arn: &str, is_writer| Member {
            arn: arn.to_owned(),
            is_writer,
            synchronization: None,
        };
        let writers = [writer].into_iter().filter(|arn| !arn.is_empty());
        Global {
            members: writers
                .map(|arn| member(arn, true))
                .chain(readers.iter().map(|arn| member(arn, false)))
                .collect(),
            moving: moving.map(|(status, to)| Moving {
                status: status.to_owned(),
                to: to.to_owned(),
                is_lossy: false,
            }),
            ..Global::default()
        }
    }

    #[test]
    fn a_global_cluster_says_where_it_is_written_to() {
        let cases = [
            (global(THERE, &[HERE], None), Place::There),
            (global(HERE, &[THERE], None), Place::Here),
            (global(HERE, &[], None), Place::Here),
            (
                global(
                    &HERE.to_uppercase().replace("ARN:AWS:RDS", "arn:aws:rds"),
                    &[],
                    None,
                ),
                Place::Here,
            ),
            (global(THERE, &[], None), Place::Alone),
            (global(THIRD, &[HERE, THERE], None), Place::Elsewhere),
            (global("", &[HERE, THERE], None), Place::Unsettled),
            (global(THERE, &[HERE], Some(("pending", HERE))), Place::Coming),
            (
                global(THERE, &[HERE], Some(("failing-over", HERE))),
                Place::Coming,
            ),
            (
                global(HERE, &[THERE], Some(("switching-over", HERE))),
                Place::Coming,
            ),
            (
                global(THERE, &[HERE], Some(("cancelling", HERE))),
                Place::Unsettled,
            ),
            (global(HERE, &[THERE], Some(("pending", THERE))), Place::Unsettled),
            (
                global(THERE, &[HERE], Some(("failing-over", THIRD))),
                Place::Unsettled,
            ),
        ];
        for (global, expected) in cases {
            assert_eq!(of_global(&global, HERE, THERE), expected, "{global}");
        }
    }

    #[test]
    fn a_primary_of_former_days_follows_nobody_and_is_cut_off() {
        let isolation = Isolation {
            isolating_security_group: "sg-4".to_owned(),
            security_groups: vec!["sg-3".to_owned()],
        };
        let source = "arn:aws:rds:eu-central-1:111122223333:db:shop-db";
        for (follows, group, status, expected) in [
            (None, "sg-4", "active", true),
            (None, "sg-4", "adding", false),
            (None, "sg-4", "removing", false),
            (None, "sg-3", "active", false),
            (Some(source), "sg-4", "active", false),
        ] {
            let half = Half {
                source: follows.map(str::to_owned),
                groups: vec![Group {
                    id: group.to_owned(),
                    status: status.to_owned(),
                }],
                ..Half::default()
            };
            assert_eq!(
                is_of_former_days(&half, source, &isolation),
                expected,
                "{follows:?} {group} {status}"
            );
        }
    }

    #[test]
    fn a_replica_says_whom_it_follows() {
        let replica = |source: Option<&str>| Half {
            source: source.map(str::to_owned),
            ..Half::default()
        };
        let source = "arn:aws:rds:eu-central-1:111122223333:db:shop-db";
        for (of, expected) in [
            (None, Place::Alone),
            (Some(source), Place::There),
            (Some("shop-db"), Place::There),
            (Some("another-db"), Place::Elsewhere),
        ] {
            assert_eq!(of_replica(&replica(of), source), expected, "{of:?}");
        }
    }
}
