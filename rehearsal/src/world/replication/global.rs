//! Aurora Global Databases: switchover, failover with data loss, detaching, and the old primary's return.
//!
//! Sources: RDS API, SwitchoverGlobalCluster, FailoverGlobalCluster, RemoveFromGlobalCluster; Aurora User Guide,
//! aurora-global-database-disaster-recovery; events: Aurora User Guide, USER_Events.Messages.

use domain::names::Region;

use super::{Kind, Member, Status, Step, UnderWay};
use crate::facts;
use crate::timeline::Actor;
use crate::world::database::{Event, Refusal, Role, Work};
use crate::world::{Change, Ms, World};

impl World {
    /// Somebody asks for a switchover to a Region.
    ///
    /// # Errors
    /// What RDS would refuse it with.
    pub fn switchover_global(&mut self, to: &Region) -> Result<(), Refusal> {
        let under_way = self.verified_move(to, false)?;
        let healthy = self.sites[under_way.from].database.serves() && self.are_joined(under_way);
        if !healthy {
            return Err(Refusal::Global(
                "The global cluster is not healthy: its primary cluster cannot be reached".to_owned(),
            ));
        }
        let takes = self.dice.draw(&facts::GLOBAL_SWITCHOVER).as_millis();
        self.global_move_is_accepted(under_way, takes);
        Ok(())
    }

    /// Somebody asks for a failover to a Region. Without leave to lose data it is a switchover.
    ///
    /// # Errors
    /// What RDS would refuse it with.
    pub fn failover_global(&mut self, to: &Region, allow_data_loss: bool) -> Result<(), Refusal> {
        if !allow_data_loss {
            return self.switchover_global(to);
        }
        let under_way = self.verified_move(to, true)?;
        let takes = self.dice.draw(&facts::GLOBAL_FAILOVER).as_millis();
        self.global_move_is_accepted(under_way, takes);
        Ok(())
    }

    /// Somebody detaches a secondary cluster: it becomes a cluster of its own, and takes writes.
    ///
    /// # Errors
    /// What RDS would refuse it with.
    pub fn remove_from_global(&mut self, region: &Region) -> Result<(), Refusal> {
        let site = self.index_of(region);
        let Some(replication) = self.replication.as_mut().filter(|r| r.is_global()) else {
            return Err(no_global_cluster());
        };
        if replication.under_way.is_some() {
            return Err(Refusal::Global(
                "The global cluster has an operation in progress".to_owned(),
            ));
        }
        let member = replication
            .members
            .iter()
            .position(|member| Some(member.site) == site);
        let (Some(site), Some(member)) = (site, member) else {
            return Err(Refusal::NotFound(format!(
                "the global cluster has no member in {region}"
            )));
        };
        if replication.members[member].writer && replication.members.len() > 1 {
            return Err(Refusal::Global(
                "The primary cluster cannot be removed while there are secondary clusters".to_owned(),
            ));
        }
        replication.members.remove(member);
        if let Some(link) = &mut replication.link {
            link.flows = false;
        }
        self.sites[site].database.work = Some(Work::Promoting);
        let takes = self.dice.draw(&facts::DETACH).as_millis();
        self.promotion_accepted(site, takes);
        self.enter(self.now + takes, Change::Replication(Step::Detached(site)));
        Ok(())
    }

    /// A move of the global cluster that RDS would begin, not begun yet.
    fn verified_move(&self, to: &Region, allow_data_loss: bool) -> Result<UnderWay, Refusal> {
        let Some(replication) = self.replication.as_ref().filter(|r| r.is_global()) else {
            return Err(no_global_cluster());
        };
        if replication.under_way.is_some() {
            return Err(Refusal::Global(
                "The global cluster has an operation in progress".to_owned(),
            ));
        }
        let site = self.index_of(to);
        let member = |member: &&Member| Some(member.site) == site;
        let from = replication.members.iter().find(|member| member.writer);
        let (Some(from), Some(target)) = (from, replication.members.iter().find(member)) else {
            return Err(Refusal::NotFound(format!(
                "the global cluster has no member in {to}"
            )));
        };
        let database = &self.sites[target.site].database;
        if target.writer || database.role != Role::Replica || database.status() != "available" {
            return Err(Refusal::State(format!(
                "{} is not an available secondary cluster",
                database.identifier
            )));
        }
        Ok(UnderWay {
            status: Status::Pending,
            from: from.site,
            to: target.site,
            allow_data_loss,
        })
    }

    fn global_move_is_accepted(&mut self, under_way: UnderWay, takes: Ms) {
        let Some(replication) = &mut self.replication else {
            return;
        };
        replication.under_way = Some(under_way);
        replication.serial += 1;
        let serial = replication.serial;
        self.promotion_accepted(under_way.to, takes);
        let verified = self.dice.draw(&facts::GLOBAL_PENDING).as_millis();
        self.enter(
            self.now + verified,
            Change::Replication(Step::GlobalBegins(serial)),
        );
        let ends = self.now + verified.max(takes);
        self.enter(ends, Change::Replication(Step::GlobalEnds(serial)));
    }

    /// The move of that serial number, if it is still under way.
    fn global_move(&self, serial: u64) -> Option<UnderWay> {
        let replication = self.replication.as_ref()?;
        replication.under_way.filter(|_| replication.serial == serial)
    }

    fn are_joined(&self, UnderWay { from, to, .. }: UnderWay) -> bool {
        self.regions
            .are_joined(&self.sites[from].region, &self.sites[to].region)
    }

    pub(super) fn global_begins(&mut self, serial: u64) {
        let Some(under_way) = self.global_move(serial) else {
            return;
        };
        let UnderWay { from, to, .. } = under_way;
        self.sites[to].database.work = Some(Work::Promoting);
        if under_way.allow_data_loss {
            self.set_global(Some(UnderWay {
                status: Status::FailingOver,
                ..under_way
            }));
            if let Some(link) = self.replication.as_mut().and_then(|r| r.link.as_mut()) {
                link.flows = false;
            }
            let (fact, step) = if self.are_joined(under_way) {
                (&facts::GLOBAL_FENCE, Step::Fenced(serial))
            } else {
                (&facts::GLOBAL_FENCE_TIMES_OUT, Step::FenceTimesOut(serial))
            };
            let after = self.dice.draw(fact).as_millis();
            self.enter(self.now + after, Change::Replication(step));
            let line = format!("the global failover to {} begins", self.sites[to].region);
            self.say(Actor::Rds, line);
        } else {
            self.set_global(Some(UnderWay {
                status: Status::SwitchingOver,
                ..under_way
            }));
            self.sites[from].database.work = Some(Work::SwitchingOver);
            let event = self.global_event("RDS-EVENT-0181", "Global switchover to", to, "started.");
            self.announce(&[to, from], to, &event);
        }
    }

    pub(super) fn global_ends(&mut self, serial: u64) {
        let Some(under_way) = self.global_move(serial) else {
            return;
        };
        match (under_way.allow_data_loss, self.are_joined(under_way)) {
            (true, _) => self.global_failover_ends(under_way),
            (false, false) => self.global_switchover_is_cancelled(under_way),
            (false, true) => {
                let waits = self
                    .replication
                    .as_ref()
                    .is_some_and(|replication| replication.outstanding().ms > 0);
                if waits {
                    // RDS-EVENT-0183 in AWS's words: waiting for data synchronization.
                    let step = Step::GlobalEnds(serial);
                    self.enter(self.now + SYNCHRONISED_EVERY, Change::Replication(step));
                } else {
                    self.global_switchover_ends(under_way);
                }
            }
        }
    }

    fn global_switchover_ends(&mut self, UnderWay { from, to, .. }: UnderWay) {
        let now = self.now;
        let stored = self.sites[from].database.stored.clone();
        self.sites[from].database.become_replica();
        let database = &mut self.sites[to].database;
        database.become_primary();
        database.stored = stored;
        if let Some(replication) = &mut self.replication {
            (replication.writer, replication.under_way) = (to, None);
            for member in &mut replication.members {
                (member.writer, member.connected) = (member.site == to, true);
            }
            replication.follow(to, from, now);
        }
        let down = self.global_event("RDS-EVENT-0182", "Old primary", from, "successfully shut down.");
        self.announce(&[from, to], from, &down);
        let up = self.global_event("RDS-EVENT-0184", "New primary", to, "was successfully promoted.");
        self.announce(&[to, from], to, &up);
        let over = self.global_event("RDS-EVENT-0185", "Global switchover to", to, "finished.");
        self.announce(&[to, from], to, &over);
        self.promoted(to);
    }

    fn global_switchover_is_cancelled(&mut self, UnderWay { from, to, .. }: UnderWay) {
        for site in [from, to] {
            self.sites[site].database.work = None;
        }
        self.set_global(None);
        let event = self.global_event("RDS-EVENT-0186", "Global switchover to", to, "is cancelled.");
        self.announce(&[to, from], to, &event);
    }

    fn global_failover_ends(&mut self, under_way: UnderWay) {
        let UnderWay { from, to, .. } = under_way;
        self.set_global(None);
        if self.regions.is_lost(&self.sites[to].region) {
            self.sites[to].database.work = None;
            return;
        }
        if let Some(replication) = &mut self.replication {
            for member in &mut replication.members {
                (member.writer, member.connected) = (member.site == to, member.site == to);
            }
        }
        let event = self.global_event("RDS-EVENT-0238", "Global failover to", to, "completed.");
        self.announce(&[to, from], to, &event);
        self.promote_with_loss(to);
        self.old_primary_may_rejoin();
    }

    pub(super) fn fenced(&mut self, serial: u64) {
        let Some(UnderWay { from, to, .. }) = self.global_move(serial) else {
            return;
        };
        self.sites[from].database.fenced = true;
        let event = self.fence_event("RDS-EVENT-0390", from, "succeeded.");
        self.announce(&[to, from], from, &event);
    }

    pub(super) fn fence_times_out(&mut self, serial: u64) {
        let replication = self.replication.as_ref().filter(|r| r.serial == serial);
        let Some(replication) = replication else { return };
        let (from, to) = match replication.under_way {
            Some(UnderWay { from, to, .. }) => (from, to),
            None => (1 - replication.writer, replication.writer),
        };
        if self.sites[from].database.fenced || self.sites[from].database.role == Role::Replica {
            return;
        }
        let event = self.fence_event("RDS-EVENT-0391", from, "timed out.");
        self.announce(&[to], from, &event);
    }

    /// After a failover, as soon as the old primary is reached: it is fenced, and made anew as a secondary. Also when
    /// the network or a Region comes back.
    pub(in crate::world) fn old_primary_may_rejoin(&mut self) {
        let Some(replication) = &self.replication else {
            return;
        };
        if replication.under_way.is_some() || replication.link.is_some() {
            return;
        }
        let to = replication.writer;
        let waiting = replication
            .members
            .iter()
            .find(|member| !member.connected && !member.writer)
            .map(|member| member.site);
        let Some(from) = waiting.filter(|_| replication.members.iter().any(|m| m.site == to)) else {
            return;
        };
        let joined = self
            .regions
            .are_joined(&self.sites[from].region, &self.sites[to].region);
        let database = &mut self.sites[from].database;
        if !joined || database.work.is_some() {
            return;
        }
        if !database.fenced {
            database.fenced = true;
            let event = self.fence_event("RDS-EVENT-0390", from, "succeeded.");
            self.announce(&[to, from], from, &event);
        }
        let begins = self.dice.draw(&facts::RESYNC_BEGINS).as_millis();
        self.enter(self.now + begins, Change::Replication(Step::ResyncBegins));
    }

    pub(super) fn resync_begins(&mut self) {
        let Some(from) = self.resynchronisable() else {
            return;
        };
        let database = &mut self.sites[from].database;
        if database.work.is_some() {
            return;
        }
        database.work = Some(Work::Resynchronising);
        let event = self.global_event(
            "RDS-EVENT-0240",
            "Started resynchronizing members of",
            from,
            "after global failover.",
        );
        self.announce(&[from, 1 - from], from, &event);
        let takes = self.dice.draw(&facts::RESYNC).as_millis();
        self.enter(self.now + takes, Change::Replication(Step::ResyncEnds));
    }

    pub(super) fn resync_ends(&mut self) {
        let now = self.now;
        let Some(from) = self.resynchronisable() else {
            // The Region went away again: the cluster waits to be made anew.
            for site in &mut self.sites {
                if site.database.work == Some(Work::Resynchronising) {
                    site.database.work = None;
                }
            }
            return;
        };
        if self.sites[from].database.work != Some(Work::Resynchronising) {
            return;
        }
        self.sites[from].database.become_replica();
        if let Some(replication) = &mut self.replication {
            let to = replication.writer;
            for member in &mut replication.members {
                member.connected = true;
            }
            replication.follow(to, from, now);
        }
        let event = self.global_event(
            "RDS-EVENT-0241",
            "Finished resynchronizing members of",
            from,
            "after global failover.",
        );
        self.announce(&[from, 1 - from], from, &event);
    }

    /// The member that waits to be made anew, if the primary reaches it.
    fn resynchronisable(&self) -> Option<usize> {
        let replication = self.replication.as_ref()?;
        let member = replication
            .members
            .iter()
            .find(|member| !member.connected && !member.writer)?;
        let writer = &self.sites[replication.writer].region;
        self.regions
            .are_joined(writer, &self.sites[member.site].region)
            .then_some(member.site)
    }

    fn set_global(&mut self, under_way: Option<UnderWay>) {
        if let Some(replication) = &mut self.replication {
            replication.under_way = under_way;
        }
    }

    fn global_event(&self, id: &'static str, before: &str, site: usize, after: &str) -> Event {
        let Some(there) = self.sites.get(site) else {
            return Event::global(id, format!("{before} {after}"));
        };
        let message = format!(
            "{before} DB cluster {} in Region {} {after}",
            there.database.identifier, there.region
        );
        Event::global(id, message)
    }

    fn fence_event(&self, id: &'static str, site: usize, after: &str) -> Event {
        let event = self.global_event(id, "Attempt to block writes for", site, after);
        Event::fence(id, event.message)
    }

    /// An event about a site's database, in the lists and on the buses of these sites' Regions. AWS may record such
    /// events in either Region. Source: Aurora User Guide, USER_Events.Messages.
    fn announce(&mut self, in_sites: &[usize], about: usize, event: &Event) {
        let line = format!("{}: {}", event.id, event.message);
        self.say(Actor::Rds, line);
        for site in in_sites {
            self.emit_rds(*site, about, event);
        }
    }
}

impl super::Replication {
    const fn is_global(&self) -> bool {
        matches!(self.kind, Kind::AuroraGlobal { .. })
    }
}

/// How often RDS looks whether everything has arrived.
const SYNCHRONISED_EVERY: Ms = 500;

fn no_global_cluster() -> Refusal {
    Refusal::NotFound("Global cluster not found".to_owned())
}
