//! What lies between a database and the one that follows it in another Region.
//!
//! Writes are acknowledged by the writer alone and arrive later: at any instant there is a position up to which
//! everything has arrived. A promotion without a switchover loses exactly what was acknowledged after that position.
//! The log here knows when that was, and how much: it is kept for stretches of time, not for single writes.

mod global;
mod instance;
mod passage;

use std::collections::VecDeque;

use domain::system::System;
use domain::system::region_failover as declared;

use super::Ms;
use crate::facts;

/// Replication between the two Regions of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replication {
    /// How it is done.
    pub kind: Kind,
    /// The site whose data counts.
    pub writer: usize,
    /// The global cluster's members, where there is one.
    pub members: Vec<Member>,
    /// A switchover or failover of the global cluster that is under way.
    pub under_way: Option<UnderWay>,
    /// Who follows whom, if anybody does.
    pub link: Option<Link>,
    steady_ms: Ms,
    slow_ms: Option<Ms>,
    log: VecDeque<Written>,
    /// Tells a switchover or failover from those before it.
    serial: u64,
}

/// How a database is replicated to another Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By an Aurora Global Database.
    AuroraGlobal {
        /// The global cluster's identifier.
        identifier: String,
    },
    /// By a cross-Region read replica.
    ReadReplica,
}

/// A member of a global cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its site.
    pub site: usize,
    /// Whether it is the primary cluster.
    pub writer: bool,
    /// Whether it follows. Source: RDS API, GlobalClusterMember, `SynchronizationStatus`: connected or
    /// pending-resync.
    pub connected: bool,
}

/// A switchover or failover of a global cluster. Source: RDS API, FailoverState.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// How far it has come.
    pub status: Status,
    /// The primary's site.
    pub from: usize,
    /// The site that is promoted.
    pub to: usize,
    /// Whether it is a failover.
    pub allow_data_loss: bool,
}

/// How far a switchover or failover has come. Source: RDS API, FailoverState.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The request is being verified.
    Pending,
    /// The secondary is being promoted.
    FailingOver,
    /// The two are exchanging their roles.
    SwitchingOver,
}

impl Status {
    /// As the API spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::FailingOver => "failing-over",
            Self::SwitchingOver => "switching-over",
        }
    }
}

/// One database follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The site that is followed.
    pub from: usize,
    /// The site that follows.
    pub to: usize,
    /// Whether what is written still arrives, as far as the network lets it: a promotion stops it for good.
    pub flows: bool,
    position: Ms,
}

/// Writes that were acknowledged in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Written {
    from: Ms,
    to: Ms,
    count: u64,
}

/// Acknowledged writes that nobody has any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// The time in which they were made.
    pub ms: Ms,
    /// How many.
    pub writes: u64,
}

/// What happens to the replication later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The lag is another one.
    LagVaries,
    /// CloudWatch gets a datapoint of it.
    Measure,
    /// The request has been verified.
    GlobalBegins(u64),
    /// The roles are exchanged, or the secondary is promoted.
    GlobalEnds(u64),
    /// The old primary is fenced.
    Fenced(u64),
    /// It could not be fenced.
    FenceTimesOut(u64),
    /// The old primary begins to be made anew.
    ResyncBegins,
    /// It follows.
    ResyncEnds,
    /// A cluster that was detached is a primary of its own.
    Detached(usize),
    /// A read replica is a primary of its own.
    ReplicaPromoted(usize),
    /// A read replica was made.
    ReplicaMade(usize),
    /// A database has its new identifier.
    Renamed(usize),
    /// A database's security groups are in force.
    GroupsInForce(usize, bool),
}

impl Replication {
    /// The home database is followed by the one in the standby Region, and little is on its way.
    pub(super) fn healthy(declared: &declared::Replication, steady_ms: Ms) -> Self {
        let (kind, members) = match declared {
            declared::Replication::AuroraGlobal { global_cluster } => (
                Kind::AuroraGlobal {
                    identifier: global_cluster.to_string(),
                },
                [true, false].map(|writer| Member {
                    site: usize::from(!writer),
                    writer,
                    connected: true,
                }),
            ),
            declared::Replication::ReadReplica => {
                return Self {
                    members: Vec::new(),
                    ..Self::with(Kind::ReadReplica, steady_ms)
                };
            }
        };
        Self {
            members: members.to_vec(),
            ..Self::with(kind, steady_ms)
        }
    }

    const fn with(kind: Kind, steady_ms: Ms) -> Self {
        Self {
            kind,
            writer: super::HOME,
            members: Vec::new(),
            under_way: None,
            link: Some(Link {
                from: super::HOME,
                to: super::AWAY,
                flows: true,
                position: 0,
            }),
            steady_ms,
            slow_ms: None,
            log: VecDeque::new(),
            serial: 0,
        }
    }

    /// The site that a site's database follows.
    pub fn followed_by(&self, site: usize) -> Option<usize> {
        self.link.filter(|link| link.to == site).map(|link| link.from)
    }

    /// How far the follower lags: the age of the oldest write that it does not have.
    pub fn lag_ms(&self, now: Ms) -> Ms {
        self.log
            .front()
            .map_or(0, |oldest| now.saturating_sub(oldest.from))
    }

    /// What the follower does not have, in bytes.
    pub fn lag_bytes(&self) -> u64 {
        self.outstanding().writes * facts::BYTES_PER_WRITE
    }

    /// What the follower does not have.
    pub fn outstanding(&self) -> Loss {
        self.log.iter().fold(Loss::default(), |loss, written| Loss {
            ms: loss.ms + (written.to - written.from),
            writes: loss.writes + written.count,
        })
    }

    /// Whether the follower has what was written at an instant.
    pub fn has_arrived(&self, at: Ms) -> bool {
        self.link.is_some_and(|link| at <= link.position)
    }

    /// The writer acknowledges writes.
    fn write(&mut self, from: Ms, to: Ms, count: u64) {
        match self.log.back_mut() {
            Some(last) if last.to == from => (last.to, last.count) = (to, last.count + count),
            _ => self.log.push_back(Written { from, to, count }),
        }
    }

    /// Time passes; meanwhile the two are joined or not.
    fn flow(&mut self, from: Ms, to: Ms, joined: bool) {
        let lag = self.slow_ms.unwrap_or(self.steady_ms);
        let Some(link) = self.link.as_mut().filter(|link| link.flows && joined) else {
            return;
        };
        let catches_up = link.position + (to - from) * facts::CATCHES_UP_TIMES;
        link.position = link.position.max(to.saturating_sub(lag).min(catches_up));
        let position = link.position;
        while let Some(oldest) = self.log.front_mut() {
            if oldest.to <= position {
                self.log.pop_front();
                continue;
            }
            if oldest.from < position {
                let (whole, kept) = (oldest.to - oldest.from, oldest.to - position);
                oldest.count = oldest.count * kept / whole;
                oldest.from = position;
            }
            break;
        }
    }

    /// What has not arrived is lost.
    fn lose(&mut self) -> Loss {
        let lost = self.outstanding();
        self.log.clear();
        lost
    }

    /// A site follows another from now on, and has everything.
    fn follow(&mut self, from: usize, to: usize, now: Ms) {
        self.log.clear();
        self.link = Some(Link {
            from,
            to,
            flows: true,
            position: now,
        });
    }
}

/// The replication of a system that has a second Region.
pub(super) fn of(system: &System, steady_ms: Ms) -> Option<Replication> {
    let shared = system.region_failover.as_ref()?;
    Some(Replication::healthy(&shared.replication, steady_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replication() -> Replication {
        Replication::healthy(&declared::Replication::ReadReplica, 500)
    }

    #[test]
    fn what_was_acknowledged_after_the_position_is_lost_and_nothing_else() {
        let mut replication = replication();
        replication.write(0, 10_000, 1_000);
        replication.flow(0, 10_000, true);
        assert_eq!(replication.lag_ms(10_000), 500);
        assert_eq!(replication.lose(), Loss { ms: 500, writes: 50 });
        assert_eq!(replication.outstanding(), Loss::default());
    }

    #[test]
    fn the_lag_grows_while_nothing_arrives_and_is_caught_up_with() {
        let mut replication = replication();
        replication.write(0, 10_000, 1_000);
        replication.flow(0, 10_000, true);
        replication.write(10_000, 40_000, 3_000);
        replication.flow(10_000, 40_000, false);
        assert_eq!(replication.lag_ms(40_000), 30_500);
        replication.write(40_000, 41_000, 100);
        replication.flow(40_000, 41_000, true);
        assert_eq!(
            replication.lag_ms(41_000),
            21_500,
            "ten times as fast as it was written"
        );
        replication.write(41_000, 60_000, 1_900);
        replication.flow(41_000, 60_000, true);
        assert_eq!(replication.lag_ms(60_000), 500);
    }

    #[test]
    fn nobody_writes_nothing_lags() {
        let mut replication = replication();
        replication.write(0, 1_000, 10);
        replication.flow(0, 1_000, true);
        replication.flow(1_000, 2_000, true);
        assert_eq!(replication.lag_ms(2_000), 0);
    }

    #[test]
    fn a_slow_link_falls_behind_as_fast_as_time_passes() {
        let mut replication = replication();
        replication.slow_ms = Some(95_000);
        for second in 0..200 {
            let (from, to) = (second * 1_000, (second + 1) * 1_000);
            replication.write(from, to, 10);
            replication.flow(from, to, true);
        }
        assert_eq!(replication.lag_ms(200_000), 95_000);
        assert_eq!(replication.lose().writes, 950);
    }
}
