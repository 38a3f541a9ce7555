//! The writer's move inside its Region: asked for, or by RDS itself.

use domain::names::Region;

use super::database::{Event, Refusal};
use super::invariant::Invariant;
use super::site::Recorded;
use super::{Change, Ms, Outgoing, World, envelope};
use crate::facts;
use crate::timeline::Actor;

impl World {
    /// Somebody asks for a failover inside a Region, to a target if the kind allows one.
    ///
    /// # Errors
    /// What RDS would refuse it with.
    pub fn ask_for_failover(&mut self, region: &Region, target: Option<&str>) -> Result<(), Refusal> {
        let site = self
            .index_of(region)
            .ok_or_else(|| Refusal::NotFound(format!("there is no database in {region}")))?;
        let took = self.dice.draw(&facts::failover(self.sites[site].database.kind));
        self.sites[site].database.begin_failover(target)?;
        self.moments.asked += 1;
        self.moments.accepted.get_or_insert(self.now);
        self.moments.failover.get_or_insert(took.as_millis());
        self.failover_began(site, took.as_millis());
        Ok(())
    }

    pub(super) fn rds_notices(&mut self, site: usize) {
        if self.sites[site].database.begin_failover(None).is_ok() {
            let fact = facts::failover(self.sites[site].database.kind);
            let whole = self.dice.draw(&fact).as_millis();
            self.say(Actor::Rds, "notices the lost host and fails over by itself");
            self.failover_began(site, whole);
        }
    }

    fn failover_began(&mut self, site: usize, lasts: Ms) {
        let event = self.sites[site].database.started_event();
        self.say(Actor::Rds, format!("{}: {}", event.id, event.message));
        self.emit_rds(site, site, &event);
        self.enter(self.now + lasts, Change::FailoverEnds(site));
    }

    pub(super) fn failover_ends(&mut self, site: usize) {
        if !self.sites[site].database.is_failing_over() {
            // The database was made anew meanwhile.
            return;
        }
        let before = self.serves();
        let promotion = self.sites[site].database.end_failover();
        self.moments.moved.get_or_insert(self.now);
        self.ledger.demand(
            Invariant::NoSilentDataLoss,
            self.now,
            promotion.lost_ms == 0,
            || {
                format!(
                    "{} ms of acknowledged writes were lost by promoting {}",
                    promotion.lost_ms, promotion.writer
                )
            },
        );
        self.traffic.lost_writes_ms += promotion.lost_ms;
        let event = self.sites[site].database.completed_event();
        self.say(Actor::Rds, format!("{}: {}", event.id, event.message));
        self.say(
            Actor::World,
            format!("the writer is {} in {}", promotion.writer, promotion.zone),
        );
        self.say_if_it_turned(before);
        self.emit_rds(site, site, &event);
        let returns = self.dice.draw(&facts::OLD_WRITER_RETURNS).as_millis();
        self.enter(self.now + returns, Change::OldWriterReturns(site));
    }

    pub(super) fn old_writer_returns(&mut self, site: usize) {
        let super::Site { database, web, .. } = &mut self.sites[site];
        let lost = |zone: &domain::names::Zone| web.as_ref().is_some_and(|web| web.zones.is_lost(&zone.0));
        database.old_writer_returns(lost);
        self.say(Actor::World, "the old writer is back as a standby");
    }

    /// RDS records an event about one site's database in another's Region, or in the same, and puts it on the bus
    /// there. In a lost Region nothing happens.
    pub(super) fn emit_rds(&mut self, site: usize, about: usize, event: &Event) {
        let region = self.sites[site].region.clone();
        if self.regions.is_lost(&region) {
            return;
        }
        let at = self.timestamp(self.now);
        let database = &self.sites[about].database;
        let sent = envelope::rds(&self.system, database, &region, event, at, self.entered);
        let recorded = Recorded {
            at: self.now,
            source: database.source_of(event).to_owned(),
            event: event.clone(),
        };
        self.sites[site].rds_events.push(recorded);
        self.outbox.push(Outgoing::Event { region, event: sent });
    }
}
