//! A database: hosts in zones, one of which writes.
//!
//! A Multi-AZ instance is one DB instance on two hosts, of which RDS shows only the writer's zone and the standby's. A
//! cluster is three DB instances, each with a host of its own. Both replicate so that a failover inside the Region
//! loses no acknowledged write: synchronously (Multi-AZ), or by shared storage (Aurora).
//!
//! A database in a second Region is a [`Role::Replica`] until it is promoted; what lies between the two is
//! [`super::replication`].

use domain::names::{AccountId, Region, Zone};
use domain::system::DatabaseKind;

use super::Ms;
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
    /// The Region it is in.
    pub region: Region,
    /// Its engine's version. The same in both Regions: AWS refuses a switchover between versions.
    pub engine_version: &'static str,
    /// Whether it is written to, or follows another.
    pub role: Role,
    /// Whether RDS has cut it off from writes after another Region was promoted.
    pub fenced: bool,
    /// What RDS does to it.
    pub work: Option<Work>,
    /// The security groups in force.
    pub security_groups: Vec<String>,
    /// Security groups that are being put in force.
    pub coming_security_groups: Option<Vec<String>>,
    /// An identifier that it is being given.
    pub coming_identifier: Option<String>,
    /// The newest values that the application's write check stored, and when; oldest first.
    pub stored: Vec<(Ms, String)>,
    /// A security group that lets nobody in.
    isolating: Option<String>,
    /// A failover under way, to that host.
    failing_over_to: Option<usize>,
}

/// Whether a database is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its writer takes writes.
    Primary,
    /// It follows a database in another Region.
    Replica,
}

/// Something that RDS does to a database and that takes its time. Meanwhile it takes no writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It does not exist (yet, or any more under that identifier).
    Absent,
    /// A replica is made.
    Creating,
    /// It becomes a primary.
    Promoting,
    /// It hands its role over.
    SwitchingOver,
    /// It is made anew from the primary in the other Region.
    Resynchronising,
    /// It gets another identifier.
    Renaming,
}

/// How a database begins.
#[derive(Clone, Copy, Debug)]
pub struct Founding<'a> {
    /// Its kind.
    pub kind: DatabaseKind,
    /// Its identifier.
    pub identifier: &'a str,
    /// Its Region.
    pub region: &'a Region,
    /// Its role.
    pub role: Role,
    /// Its security groups.
    pub security_groups: &'a [String],
    /// The security group that lets nobody in.
    pub isolating: Option<&'a str>,
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
    /// `InvalidGlobalClusterStateFault`.
    Global(String),
    /// `DBInstanceNotFound`, `DBClusterNotFoundFault` or `GlobalClusterNotFoundFault`.
    NotFound(String),
    /// `DBInstanceAlreadyExists`.
    Exists(String),
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
    /// Whether nothing is worse than it was. That users are served who were not outweighs a standby: the host that was the
    /// writer comes back as one, in its time.
    pub const fn is_no_worse_than(self, before: Self) -> bool {
        if self.serves && !before.serves {
            return true;
        }
        (self.serves || !before.serves)
            && (self.has_writer || !before.has_writer)
            && self.standbys >= before.standbys
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            serves,
            has_writer,
            standbys,
        } = self;
        let served = if *serves {
            "users served"
        } else {
            "users not served"
        };
        let writer = if *has_writer { "a writer" } else { "no writer" };
        write!(f, "{served}, {writer}, {standbys} to take over")
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
    /// Its category.
    pub category: &'static str,
    /// Whether it is told of the writer's DB instance, and not of its cluster.
    pub of_instance: bool,
}

impl Event {
    /// An event about a failover inside the Region.
    pub fn failover(id: &'static str, message: impl Into<String>) -> Self {
        Self {
            id,
            message: message.into(),
            category: "failover",
            of_instance: false,
        }
    }

    /// An event about a global database.
    pub fn global(id: &'static str, message: impl Into<String>) -> Self {
        Self {
            id,
            message: message.into(),
            category: "global failover",
            of_instance: false,
        }
    }

    /// An event about the fence of an old primary, which is told of its DB instance.
    pub fn fence(id: &'static str, message: impl Into<String>) -> Self {
        Self {
            of_instance: true,
            ..Self::global(id, message)
        }
    }
}

impl Database {
    /// A healthy database, its writer in one of the Region's zones.
    pub fn healthy(founding: &Founding<'_>, dice: &mut Dice) -> Self {
        let &Founding { kind, identifier, .. } = founding;
        let (engine, engine_version, count) = match kind {
            DatabaseKind::MultiAzInstance => ("postgres", "17.5", 2),
            DatabaseKind::MultiAzCluster => ("postgres", "17.5", 3),
            DatabaseKind::Aurora => ("aurora-postgresql", "17.5", 3),
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
                    founding.region,
                    ["a", "b", "c"][(first + index) % 3]
                )),
                health: Health::Well,
                writable: index == 0 && founding.role == Role::Primary,
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
            engine_version,
            hosts,
            writer: 0,
            region: founding.region.clone(),
            role: founding.role,
            fenced: false,
            work: None,
            security_groups: founding.security_groups.to_vec(),
            coming_security_groups: None,
            coming_identifier: None,
            stored: Vec::new(),
            isolating: founding.isolating.map(str::to_owned),
            failing_over_to: None,
        }
    }

    /// Whether there is a database of that identifier.
    pub fn exists(&self) -> bool {
        self.work != Some(Work::Absent)
    }

    /// Whether it is a cluster, or an instance.
    pub const fn is_cluster(&self) -> bool {
        match self.kind {
            DatabaseKind::MultiAzInstance => false,
            DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => true,
        }
    }

    /// Its ARN.
    pub fn arn(&self, account: &AccountId) -> String {
        let kind = if self.is_cluster() { "cluster" } else { "db" };
        format!(
            "arn:{}:rds:{}:{account}:{kind}:{}",
            self.region.partition(),
            self.region,
            self.identifier
        )
    }

    /// What an event about it names as its source: its identifier, or its writer's.
    pub fn source_of(&self, event: &Event) -> &str {
        if event.of_instance {
            &self.hosts[self.writer].instance
        } else {
            &self.identifier
        }
    }

    /// Whether its security groups let nobody in. Security groups add up: one that lets somebody in is enough.
    pub fn is_isolated(&self) -> bool {
        !self.security_groups.is_empty()
            && self
                .security_groups
                .iter()
                .all(|group| Some(group) == self.isolating.as_ref())
    }

    /// Whether it would take writes if its writer answered.
    pub fn may_be_written(&self) -> bool {
        self.hosts[self.writer].writable
            && self.role == Role::Primary
            && self.work.is_none()
            && !self.fenced
            && !self.is_isolated()
    }

    /// Whether the application can write.
    pub fn serves(&self) -> bool {
        self.failing_over_to.is_none()
            && self.may_be_written()
            && self.hosts[self.writer].health == Health::Well
    }

    /// Whether whoever asks it gets no answer: its writer hangs, or its security groups let nobody in.
    pub fn hangs(&self) -> bool {
        let hung = self.hosts[self.writer].health == Health::Hung && self.failing_over_to.is_none();
        hung || self.is_isolated()
    }

    /// It becomes a primary: its writer may write.
    pub fn become_primary(&mut self) {
        (self.role, self.fenced, self.work) = (Role::Primary, false, None);
        let writer = &mut self.hosts[self.writer];
        (writer.writable, writer.lag_ms) = (true, 0);
    }

    /// It becomes a replica of a database in another Region.
    pub fn become_replica(&mut self) {
        (self.role, self.fenced, self.work) = (Role::Replica, false, None);
        self.failing_over_to = None;
        for host in &mut self.hosts {
            (host.writable, host.health) = (false, Health::Well);
        }
    }

    /// What it offers now.
    pub fn service(&self) -> Service {
        let able = |(index, host): &(usize, &Host)| *index != self.writer && host.health == Health::Well;
        Service {
            serves: self.serves(),
            has_writer: self.may_be_written(),
            standbys: self.hosts.iter().enumerate().filter(able).count(),
        }
    }

    /// Whether a failover is under way.
    pub const fn is_failing_over(&self) -> bool {
        self.failing_over_to.is_some()
    }

    /// The zones of hosts that take writes.
    pub fn writable(&self) -> impl Iterator<Item = &Zone> {
        let well = |host: &&Host| host.writable && host.health == Health::Well;
        self.hosts.iter().filter(well).map(|host| &host.zone)
    }

    /// Whether the writer endpoint leads to a host that answers and takes no writes.
    pub fn endpoint_leads_to_a_reader(&self) -> bool {
        let writer = &self.hosts[self.writer];
        self.role == Role::Primary
            && self.work.is_none()
            && self.failing_over_to.is_none()
            && writer.health == Health::Well
            && !writer.writable
    }

    /// The DB instance's or cluster's status, in RDS's words.
    /// Sources: RDS User Guide, accessing-monitoring; Aurora User Guide, accessing-monitoring.
    pub const fn status(&self) -> &'static str {
        match (self.kind, self.work, self.failing_over_to.is_some()) {
            (_, None, false) => "available",
            (DatabaseKind::MultiAzInstance, None, true) => "rebooting",
            (DatabaseKind::MultiAzCluster | DatabaseKind::Aurora, None, true) => "failing-over",
            (_, Some(Work::Absent), _) => "deleted",
            (_, Some(Work::Renaming), _) => "renaming",
            (_, Some(Work::Creating | Work::Resynchronising), _) => "creating",
            (DatabaseKind::MultiAzInstance, Some(Work::Promoting | Work::SwitchingOver), _) => "modifying",
            (DatabaseKind::MultiAzCluster | DatabaseKind::Aurora, Some(Work::Promoting), _) => "promoting",
            (DatabaseKind::MultiAzCluster | DatabaseKind::Aurora, Some(Work::SwitchingOver), _) => {
                "switching-over"
            }
        }
    }

    /// A DB instance's status, in RDS's words. RDS sees nothing wrong with a hung writer.
    pub const fn instance_status(&self, host: &Host) -> &'static str {
        match (self.kind, self.work, host.health) {
            (DatabaseKind::MultiAzInstance, _, _) => self.status(),
            (_, Some(Work::Creating | Work::Resynchronising), _) => "creating",
            (_, _, Health::Well | Health::Hung) => "available",
            (_, _, Health::Gone) => "rebooting",
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

    /// The writer stops answering, and RDS sees nothing wrong. Says what happened.
    pub fn writer_hangs(&mut self) -> String {
        let writer = &mut self.hosts[self.writer];
        writer.health = Health::Hung;
        format!(
            "the writer in {} stops answering; RDS still calls it available",
            writer.zone
        )
    }

    /// The writer's host is lost. Says what happened.
    pub fn writer_host_is_lost(&mut self) -> String {
        let writer = &mut self.hosts[self.writer];
        writer.health = Health::Gone;
        format!("the writer's host in {} is lost", writer.zone)
    }

    /// Every host in a zone is gone. Says whether the writer was there.
    pub fn lose_zone(&mut self, zone: &str) -> bool {
        for host in self.hosts.iter_mut().filter(|host| host.zone.0 == zone) {
            host.health = Health::Gone;
        }
        self.hosts[self.writer].zone.0 == zone
    }

    /// Whoever could take over inside the Region is gone. Says what happened.
    pub fn standby_is_missing(&mut self) -> String {
        let writer = self.hosts.swap_remove(self.writer);
        (self.hosts, self.writer) = (vec![writer], 0);
        "nobody is left who could take over from the writer".to_owned()
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
        if self.failing_over_to.is_some() || self.work.is_some() || self.role == Role::Replica {
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
            self.hosts[to].writable = self.role == Role::Primary;
            self.hosts[to].lag_ms = 0;
        }
        let Host { instance, zone, .. } = &self.hosts[self.writer];
        Promotion {
            writer: instance.clone(),
            zone: zone.clone(),
            lost_ms: 0,
        }
    }

    /// Hosts that a failover restarted are standbys again, but for those in zones that are lost.
    pub fn old_writer_returns(&mut self, lost: impl Fn(&Zone) -> bool) {
        for (index, host) in self.hosts.iter_mut().enumerate() {
            if index != self.writer && host.health == Health::Gone && !lost(&host.zone) {
                (host.health, host.lag_ms) = (Health::Well, 20);
            }
        }
    }

    /// What RDS announces when a failover begins.
    pub fn started_event(&self) -> Event {
        let to = self.failing_over_to.map_or(self.writer, |to| to);
        match self.kind {
            DatabaseKind::MultiAzInstance => {
                Event::failover("RDS-EVENT-0013", "Multi-AZ instance failover started.")
            }
            DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => Event::failover(
                "RDS-EVENT-0073",
                format!(
                    "Started cross AZ failover to DB instance: {}.",
                    self.hosts[to].instance
                ),
            ),
        }
    }

    /// What RDS announces when a failover is over.
    pub fn completed_event(&self) -> Event {
        match self.kind {
            DatabaseKind::MultiAzInstance => {
                Event::failover("RDS-EVENT-0049", "A Multi-AZ failover has completed.")
            }
            DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => Event::failover(
                "RDS-EVENT-0071",
                format!(
                    "Completed failover to DB instance: {}.",
                    self.hosts[self.writer].instance
                ),
            ),
        }
    }
}
