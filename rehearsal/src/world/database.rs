//! A database: hosts in zones, one of which writes.
//!
//! A Multi-AZ instance is one DB instance on two hosts, of which RDS shows only the writer's zone and the standby's. A
//! cluster is three DB instances, each with a host of its own. Both replicate so that a failover inside the Region
//! loses no acknowledged write: synchronously (Multi-AZ), or by shared storage (Aurora).

use domain::names::Zone;
use domain::system::{DatabaseKind, System};

use super::Ms;
use super::fault::Kind;
use crate::dice::Dice;

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Which kind of high availability it has.
    pub kind: DatabaseKind,
    /// Its identifier.
    pub identifier: String,
    /// Its engine, in RDS's words.
    pub engine: &'static str,
    /// Its hosts. Never empty.
    pub hosts: Vec<Host>,
    /// Which host the writer endpoint leads to.
    pub writer: usize,
    /// A failover under way, to that host.
    failing_over_to: Option<usize>,
}

/// A host in a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The DB instance on it.
    pub instance: String,
    /// Where it is.
    pub zone: Zone,
    /// How it is.
    pub health: Health,
    /// Whether it takes writes.
    pub writable: bool,
    /// Promotion tier.
    pub tier: i32,
    /// Replica lag, as CloudWatch shows it.
    pub lag_ms: u64,
}

/// How a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Well,
    /// It does not answer, and RDS sees nothing wrong.
    Hung,
    /// It is gone, or restarting.
    Gone,
}

/// What RDS says when it will not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `InvalidDBInstanceState` or `InvalidDBClusterStateFault`.
    State(String),
    /// `InvalidParameterCombination`.
    Combination(String),
}

/// What a database offers, from nothing to all: a failed recovery must leave no less than it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// The application can write.
    pub serves: bool,
    /// The writer endpoint leads to a host that may write, whether or not it answers.
    pub has_writer: bool,
    /// Hosts that could take over.
    pub standbys: usize,
}

impl Service {
    /// Whether nothing is worse than it was.
    pub const fn is_no_worse_than(self, before: Self) -> bool {
        (self.serves || !before.serves)
            && (self.has_writer || !before.has_writer)
            && self.standbys >= before.standbys
    }
}

/// What a failover came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The new writer's instance.
    pub writer: String,
    /// Its zone.
    pub zone: Zone,
    /// Acknowledged writes it did not have, as the time in which they were made.
    pub lost_ms: Ms,
}

/// An RDS event. Identifiers and wording: RDS User Guide and Aurora User Guide, USER_Events.Messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `RDS-EVENT-…`
    pub id: &'static str,
    /// Its text.
    pub message: String,
}

impl Database {
    /// A healthy database as a system file describes it, its writer in one of the Region's zones.
    pub fn healthy(system: &System, dice: &mut Dice) -> Self {
        let identifier = system.database.identifier.as_str();
        let kind = system.database.kind;
        let (engine, count) = match kind {
            DatabaseKind::MultiAzInstance => ("postgres", 2),
            DatabaseKind::MultiAzCluster => ("postgres", 3),
            DatabaseKind::Aurora => ("aurora-postgresql", 3),
        };
        let first = dice.below("writer's zone", 3);
        let hosts = (0..count)
            .map(|index| Host {
                instance: match kind {
                    DatabaseKind::MultiAzInstance => identifier.to_owned(),
                    DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => {
                        format!("{identifier}-{}", index + 1)
                    }
                },
                zone: Zone(format!(
                    "{}{}",
                    system.regions.primary,
                    ["a", "b", "c"][(first + index) % 3]
                )),
                health: Health::Well,
                writable: index == 0,
                // Tier 1 is the default of CreateDBInstance.
                tier: 1,
                lag_ms: if index == 0 {
                    0
                } else {
                    5 + dice.below("replica lag", 60) as u64
                },
            })
            .collect();
        Self {
            kind,
            identifier: identifier.to_owned(),
            engine,
            hosts,
            writer: 0,
            failing_over_to: None,
        }
    }

    /// Whether the application can write.
    pub fn serves(&self) -> bool {
        let writer = &self.hosts[self.writer];
        self.failing_over_to.is_none() && writer.writable && writer.health == Health::Well
    }

    /// What it offers now.
    pub fn service(&self) -> Service {
        let able = |(index, host): &(usize, &Host)| *index != self.writer && host.health == Health::Well;
        Service {
            serves: self.serves(),
            has_writer: self.hosts[self.writer].writable,
            standbys: self.hosts.iter().enumerate().filter(able).count(),
        }
    }

    /// Whether a failover is under way.
    pub const fn is_failing_over(&self) -> bool {
        self.failing_over_to.is_some()
    }

    /// The zones of hosts that take writes.
    pub fn writable(&self) -> Vec<String> {
        self.hosts
            .iter()
            .filter(|host| host.writable && host.health == Health::Well)
            .map(|h| h.zone.to_string())
            .collect()
    }

    /// Whether the writer endpoint leads to a host that answers and takes no writes.
    pub fn endpoint_leads_to_a_reader(&self) -> bool {
        let writer = &self.hosts[self.writer];
        self.failing_over_to.is_none() && writer.health == Health::Well && !writer.writable
    }

    /// The DB instance's or cluster's status, in RDS's words.
    pub const fn status(&self) -> &'static str {
        match (self.kind, self.failing_over_to.is_some()) {
            (_, false) => "available",
            (DatabaseKind::MultiAzInstance, true) => "rebooting",
            (DatabaseKind::MultiAzCluster | DatabaseKind::Aurora, true) => "failing-over",
        }
    }

    /// A DB instance's status, in RDS's words. RDS sees nothing wrong with a hung writer.
    pub const fn instance_status(&self, host: &Host) -> &'static str {
        match (self.kind, host.health) {
            (DatabaseKind::MultiAzInstance, _) => self.status(),
            (_, Health::Well | Health::Hung) => "available",
            (_, Health::Gone) => "rebooting",
        }
    }

    /// The zone of a Multi-AZ instance's standby.
    pub fn standby_zone(&self) -> Option<&Zone> {
        self.hosts
            .iter()
            .enumerate()
            .find(|(index, host)| *index != self.writer && host.health == Health::Well)
            .map(|(_, h)| &h.zone)
    }

    /// A fault strikes. Says what happened.
    pub fn strike(&mut self, kind: Kind) -> String {
        let writer = self.writer;
        match kind {
            Kind::WriterHangs => {
                self.hosts[writer].health = Health::Hung;
                format!(
                    "the writer in {} stops answering; RDS still calls it available",
                    self.hosts[writer].zone
                )
            }
            Kind::WriterHostLost => {
                self.hosts[writer].health = Health::Gone;
                format!("the writer's host in {} is lost", self.hosts[writer].zone)
            }
            Kind::StandbyMissing => {
                let writer = self.hosts.swap_remove(writer);
                (self.hosts, self.writer) = (vec![writer], 0);
                "nobody is left who could take over from the writer".to_owned()
            }
        }
    }

    /// A hung writer answers again. What is under way goes on.
    pub fn heal(&mut self) {
        for host in self.hosts.iter_mut().filter(|host| host.health == Health::Hung) {
            host.health = Health::Well;
        }
    }

    /// A failover begins, to a target or to the best candidate.
    ///
    /// # Errors
    /// When RDS would refuse it.
    pub fn begin_failover(&mut self, target: Option<&str>) -> Result<(), Refusal> {
        let Self { identifier, kind, .. } = self;
        if self.failing_over_to.is_some() {
            return Err(Refusal::State(format!("{identifier} is not in available state")));
        }
        if *kind == DatabaseKind::MultiAzInstance && self.hosts.len() < 2 {
            let why = "Cannot force failover: the DB instance is not configured for Multi-AZ";
            return Err(Refusal::Combination(why.to_owned()));
        }
        let writer = self.writer;
        let able = |(index, host): &(usize, &Host)| {
            *index != writer
                && host.health == Health::Well
                && target.is_none_or(|target| host.instance == target)
        };
        let best = self
            .hosts
            .iter()
            .enumerate()
            .filter(able)
            .min_by_key(|(_, host)| (host.tier, host.lag_ms));
        let Some((to, _)) = best else {
            return Err(Refusal::State(format!(
                "{identifier} has no instance to fail over to"
            )));
        };
        self.failing_over_to = Some(to);
        // The old writer is fenced before anybody else may write: RDS detaches its storage or ends its process.
        let old = &mut self.hosts[writer];
        (old.writable, old.health) = (false, Health::Gone);
        Ok(())
    }

    /// The failover under way ends: another host writes, and the endpoint leads there.
    pub fn end_failover(&mut self) -> Promotion {
        if let Some(to) = self.failing_over_to.take() {
            self.writer = to;
            self.hosts[to].writable = true;
            self.hosts[to].lag_ms = 0;
        }
        let Host { instance, zone, .. } = &self.hosts[self.writer];
        Promotion {
            writer: instance.clone(),
            zone: zone.clone(),
            lost_ms: 0,
        }
    }

    /// Hosts that a failover restarted are standbys again.
    pub fn old_writer_returns(&mut self) {
        for (index, host) in self.hosts.iter_mut().enumerate() {
            if index != self.writer && host.health == Health::Gone {
                (host.health, host.lag_ms) = (Health::Well, 20);
            }
        }
    }

    /// What RDS announces when a failover begins.
    pub fn started_event(&self) -> Event {
        let to = self.failing_over_to.map_or(self.writer, |to| to);
        match self.kind {
            DatabaseKind::MultiAzInstance => Event {
                id: "RDS-EVENT-0013",
                message: "Multi-AZ instance failover started.".to_owned(),
            },
            DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => Event {
                id: "RDS-EVENT-0073",
                message: format!(
                    "Started cross AZ failover to DB instance: {}.",
                    self.hosts[to].instance
                ),
            },
        }
    }

    /// What RDS announces when a failover is over.
    pub fn completed_event(&self) -> Event {
        match self.kind {
            DatabaseKind::MultiAzInstance => Event {
                id: "RDS-EVENT-0049",
                message: "A Multi-AZ failover has completed.".to_owned(),
            },
            DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => Event {
                id: "RDS-EVENT-0071",
                message: format!(
                    "Completed failover to DB instance: {}.",
                    self.hosts[self.writer].instance
                ),
            },
        }
    }
}
