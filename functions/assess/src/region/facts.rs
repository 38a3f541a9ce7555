//! Everything that is observed of a move, at one moment.

use capacity::observe::{GroupObserved, TargetsObserved};
use database::region::global::Global;
use database::region::half::Half;
use database::region::isolation::{State, isolated};
use database::region::lag::Measured;
use database::region::place::{self, Place};
use domain::journal::Lock;
use domain::steps::Run;
use domain::system::Move;
use jiff::Timestamp;

use super::arns;
use super::signals::Signals;
use crate::judge::Written;

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown(pub String);

/// What RDS in the Region that is to be left says of its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This.
    Answered(Half),
    /// Nothing: it does not answer.
    Silent(String),
    /// It answers, and the database is not known all the same.
    Unknown(String),
}

/// Everything that was observed.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// From where to where.
    pub moved: Move<'a>,
    /// The run.
    pub run: &'a Run,
    /// Whether the source is expected to be well.
    pub planned: bool,
    /// When it was observed.
    pub now: Timestamp,
    /// What the alarms say of the source.
    pub signals: Signals,
    /// The lock of the source's own journal, whoever holds it. Not asked for in a planned move.
    pub lock_there: std::result::Result<Option<Lock>, Unknown>,
    /// What the source's own write check said.
    pub written: Written,
    /// The source's database.
    pub source: Source,
    /// The target's database.
    pub target: Option<Half>,
    /// The global cluster, where there is one.
    pub global: Option<Global>,
    /// How far the target's database is behind.
    pub lag: std::result::Result<Measured, Unknown>,
    /// Whether a value written through the name arrives at the target's database. Asked only where that is possible.
    pub users_are_here: Option<std::result::Result<(), Unknown>>,
    /// The target's group.
    pub group: GroupObserved,
    /// The target's targets.
    pub targets: std::result::Result<TargetsObserved, Unknown>,
    /// How many instances of the source's group are in service.
    pub source_in_service: std::result::Result<u32, Unknown>,
    /// How many vCPUs the account may run in the target Region. Asked only if the system file says what is needed.
    pub quota: Option<std::result::Result<f64, Unknown>>,
}

impl Facts<'_> {
    /// How many vCPUs so many of the target's instances have, if the system file says.
    pub fn vcpus(&self, instances: u32) -> Option<u32> {
        let each = self.moved.to.web.vcpus_per_instance?;
        Some(instances.saturating_mul(each))
    }
}

/// Where the database is written to, as far as everything together tells.
///
/// A replica that follows nobody may have been promoted by a run that came no further, or may be the primary of former
/// days. It counts as the writer if the other one follows it, if it still followed shortly before the incident and is not cut
/// off, or if the other one was cut off for a planned move.
pub fn place(facts: &Facts<'_>) -> Place {
    let (target, source) = arns(&facts.moved);
    if let Some(global) = &facts.global {
        return place::of_global(global, &target, &source);
    }
    let Some(half) = &facts.target else {
        return Place::Elsewhere;
    };
    match place::of_replica(half, &source) {
        Place::Alone => {
            let of_former_days = place::is_of_former_days(half, &source, &facts.moved.to.isolation);
            let followed = !of_former_days
                && facts
                    .lag
                    .as_ref()
                    .is_ok_and(|measured| measured.fresh().is_some());
            let gave_way = match &facts.source {
                Source::Answered(source) => {
                    let isolation = &facts.moved.from.isolation;
                    source.follows(&target)
                        || (facts.planned && isolated(&source.groups, isolation) == State::Done)
                }
                Source::Silent(_) | Source::Unknown(_) => false,
            };
            if followed || gave_way {
                Place::Here
            } else {
                Place::Alone
            }
        }
        place => place,
    }
}

/// Whether the target's database is the primary of former days. An alarm that never ended since an earlier incident makes a lag from
/// before that one look recent.
pub fn is_of_former_days(facts: &Facts<'_>) -> bool {
    let (_, source) = arns(&facts.moved);
    let isolation = &facts.moved.to.isolation;
    let former = |half: &Half| place::is_of_former_days(half, &source, isolation);
    facts.global.is_none() && facts.target.as_ref().is_some_and(former)
}
