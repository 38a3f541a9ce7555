//! Cross-Region read replicas, and what is done to single databases: promoting, making, renaming, isolating.
//!
//! Sources: RDS API, PromoteReadReplica, CreateDBInstanceReadReplica, ModifyDBInstance, ModifyDBCluster.

use domain::names::Region;

use super::Step;
use crate::facts;
use crate::timeline::Actor;
use crate::world::database::{Database, Founding, Refusal, Role, Work};
use crate::world::{Change, World};

impl World {
    /// Somebody promotes a read replica. What has not arrived by now never will.
    ///
    /// # Errors
    /// What RDS would refuse it with.
    pub fn promote_replica(&mut self, region: &Region, identifier: &str) -> Result<(), Refusal> {
        let site = self.site_of_database(region, identifier)?;
        let database = &self.sites[site].database;
        if database.role != Role::Replica || database.is_cluster() {
            return Err(Refusal::State(format!(
                "DB Instance {identifier} is not a read replica"
            )));
        }
        if database.status() != "available" {
            return Err(Refusal::State(format!(
                "DB Instance {identifier} is in state {}",
                database.status()
            )));
        }
        if let Some(link) = self.replication.as_mut().and_then(|r| r.link.as_mut()) {
            link.flows = false;
        }
        self.sites[site].database.work = Some(Work::Promoting);
        let takes = self.dice.draw(&facts::REPLICA_PROMOTION).as_millis();
        self.promotion_accepted(site, takes);
        self.enter(self.now + takes, Change::Replication(Step::ReplicaPromoted(site)));
        Ok(())
    }

    /// Somebody makes a read replica of the database in the other Region.
    ///
    /// # Errors
    /// What RDS would refuse it with.
    pub fn create_replica(&mut self, region: &Region, identifier: &str, source: &str) -> Result<(), Refusal> {
        let missing = |what: String| Refusal::NotFound(what);
        let site = self
            .index_of(region)
            .ok_or_else(|| missing(format!("nothing in {region}")))?;
        if self.sites[site].database_named(identifier).is_some() {
            return Err(Refusal::Exists(format!(
                "DB instance {identifier} already exists"
            )));
        }
        let account = &self.system.account;
        let from = self
            .sites
            .iter()
            .position(|site| site.database.exists() && site.database.arn(account) == source);
        let Some(from) = from.filter(|from| *from != site) else {
            return Err(missing(format!("DBInstance {source} not found.")));
        };
        let joined = self.regions.are_joined(region, &self.sites[from].region);
        if !joined || self.sites[from].database.role != Role::Primary || !self.sites[from].database.serves() {
            return Err(Refusal::State(format!(
                "DB Instance {source} is not in available state"
            )));
        }
        let old = &self.sites[site].database;
        let isolation = self
            .system
            .region_failover
            .as_ref()
            .map(|shared| &shared.sites[site].isolation);
        let founding = Founding {
            kind: old.kind,
            identifier,
            region,
            role: Role::Replica,
            security_groups: isolation.map_or(&[], |isolation| &isolation.security_groups),
            isolating: isolation.map(|isolation| isolation.isolating_security_group.as_str()),
        };
        let mut database = Database::healthy(&founding, &mut self.dice);
        database.work = Some(Work::Creating);
        self.sites[site].database = database;
        let takes = self.dice.draw(&facts::REPLICA_MADE).as_millis();
        self.enter(self.now + takes, Change::Replication(Step::ReplicaMade(site)));
        Ok(())
    }

    /// Somebody gives a database another identifier.
    ///
    /// # Errors
    /// What RDS would refuse it with.
    pub fn rename_database(&mut self, region: &Region, identifier: &str, new: &str) -> Result<(), Refusal> {
        let site = self.site_of_database(region, identifier)?;
        if self.sites[site].database_named(new).is_some() {
            return Err(Refusal::Exists(format!("DB instance {new} already exists")));
        }
        let database = &mut self.sites[site].database;
        if database.status() != "available" {
            return Err(Refusal::State(format!(
                "DB Instance {identifier} is in state {}",
                database.status()
            )));
        }
        database.work = Some(Work::Renaming);
        database.coming_identifier = Some(new.to_owned());
        let takes = self.dice.draw(&facts::RENAME).as_millis();
        self.enter(self.now + takes, Change::Replication(Step::Renamed(site)));
        Ok(())
    }

    /// Somebody gives a database other security groups.
    ///
    /// # Errors
    /// What RDS would refuse it with.
    pub fn set_security_groups(
        &mut self,
        region: &Region,
        identifier: &str,
        groups: Vec<String>,
    ) -> Result<(), Refusal> {
        let missing = || Refusal::NotFound(format!("{identifier} not found."));
        let site = self.index_of(region).ok_or_else(missing)?;
        let retired = !self.sites[site]
            .database
            .identifier
            .eq_ignore_ascii_case(identifier);
        let database = self.sites[site]
            .database_named_mut(identifier)
            .ok_or_else(missing)?;
        if database.status() != "available" {
            return Err(Refusal::State(format!(
                "{identifier} is not in available state but in {}",
                database.status()
            )));
        }
        database.coming_security_groups = Some(groups);
        let takes = self.dice.draw(&facts::SECURITY_GROUPS).as_millis();
        let step = Step::GroupsInForce(site, retired);
        self.enter(self.now + takes, Change::Replication(step));
        Ok(())
    }

    pub(super) fn replica_made(&mut self, site: usize) {
        let now = self.now;
        self.sites[site].database.work = None;
        if let Some(replication) = &mut self.replication {
            let from = replication.writer;
            replication.follow(from, site, now);
        }
        let line = format!("a replica in {} follows", self.sites[site].region);
        self.say(Actor::Rds, line);
    }

    pub(super) fn renamed(&mut self, site: usize) {
        let database = &mut self.sites[site].database;
        let Some(new) = database.coming_identifier.take() else {
            return;
        };
        let mut absent = database.clone();
        absent.work = Some(Work::Absent);
        let mut retired = std::mem::replace(database, absent);
        retired.work = None;
        let line = format!("{} is called {new}", retired.identifier);
        retired.identifier = new;
        self.sites[site].retired.push(retired);
        self.say(Actor::Rds, line);
    }

    pub(super) fn groups_in_force(&mut self, site: usize, retired: bool) {
        let site = &mut self.sites[site];
        let databases: Vec<&mut Database> = if retired {
            site.retired.iter_mut().collect()
        } else {
            vec![&mut site.database]
        };
        let mut lines = Vec::new();
        for database in databases {
            if let Some(groups) = database.coming_security_groups.take() {
                database.security_groups = groups;
                let how = if database.is_isolated() {
                    "lets nobody in"
                } else {
                    "is open"
                };
                lines.push(format!("{} {how}", database.identifier));
            }
        }
        for line in lines {
            self.say(Actor::World, line);
        }
    }

    /// The site whose declared database has that identifier.
    fn site_of_database(&self, region: &Region, identifier: &str) -> Result<usize, Refusal> {
        let site = self.index_of(region).filter(|site| {
            let database = &self.sites[*site].database;
            database.exists() && database.identifier.eq_ignore_ascii_case(identifier)
        });
        site.ok_or_else(|| Refusal::NotFound(format!("DBInstance {identifier} not found.")))
    }
}
