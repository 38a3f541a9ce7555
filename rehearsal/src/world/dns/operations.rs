//! What can be asked of the name and of what steers it, and what follows from it.

use domain::duration::Duration;

use super::control;
use super::health::INTERVAL;
use super::{Accepted, Policy, Record, Status};
use crate::facts::{self, Fact};
use crate::timeline::Actor;
use crate::world::invariant::Invariant;
use crate::world::{AWAY, Change, World};

/// Why Route 53 refuses a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `NoSuchHostedZone`
    NoSuchZone(String),
    /// `InvalidChangeBatch`
    Invalid(String),
}

/// S3's `NoSuchBucket`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchBucket(pub String);

impl World {
    /// Somebody changes records, all of them or none; each is put in the place of the one with its set identifier.
    /// Gives the change's id.
    ///
    /// # Errors
    /// What Route 53 would refuse it with.
    pub fn change_records(&mut self, zone: &str, batch: Vec<Record>) -> Result<String, Refusal> {
        let now = self.now;
        let missing = || Refusal::NoSuchZone(format!("No hosted zone found with ID: {zone}"));
        let dns = self.dns.as_mut().ok_or_else(missing)?;
        if dns.zone != zone.trim_start_matches("/hostedzone/") {
            return Err(missing());
        }
        let mut next = dns.records.clone();
        for record in batch {
            if dns.protected {
                return Err(Refusal::Invalid(format!(
                    "The record {} {} is protected and cannot be changed",
                    record.name, record.set_identifier
                )));
            }
            match next
                .iter_mut()
                .find(|known| known.set_identifier == record.set_identifier)
            {
                Some(known) => *known = record,
                None => next.push(record),
            }
        }
        let of = |wanted: Policy| next.iter().filter(|record| record.policy == wanted).count();
        if of(Policy::Primary) > 1 || of(Policy::Secondary) > 1 {
            return Err(Refusal::Invalid(format!(
                "InvalidChangeBatch: two failover records of {} would have the same role",
                dns.name
            )));
        }
        dns.records = next;
        let id = format!("C{:013}EXAMPLE", dns.changes.len() + 1);
        let spreads = self.dice.draw(&facts::RECORDS_SPREAD);
        self.steer("records were changed", true, &facts::RECORDS_SPREAD, spreads);
        if let Some(dns) = &mut self.dns {
            dns.changes.push(Accepted {
                id: id.clone(),
                in_sync: now + spreads.as_millis(),
            });
        }
        Ok(id)
    }

    /// How far a change of records has come, if there is such a change.
    pub fn change_status(&self, id: &str) -> Option<Status> {
        self.dns.as_ref()?.change_status(id, self.now)
    }

    /// Somebody changes routing controls.
    ///
    /// # Errors
    /// What the cluster would refuse it with.
    pub fn update_controls(&mut self, changes: &[(String, bool)]) -> Result<(), control::Refusal> {
        let missing = || control::Refusal::NotFound("there is no such cluster".to_owned());
        let controls = self.dns.as_mut().and_then(|dns| dns.controls.as_mut());
        controls.ok_or_else(missing)?.update(changes)?;
        let spreads = facts::ROUTING_CONTROL_SPREADS.most;
        self.steer(
            "routing controls were turned",
            true,
            &facts::ROUTING_CONTROL_SPREADS,
            spreads,
        );
        Ok(())
    }

    /// Somebody puts an object.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn put_object(&mut self, bucket: &str, key: &str, body: String) -> Result<(), NoSuchBucket> {
        self.known_bucket(bucket)?;
        self.storage.insert((bucket.to_owned(), key.to_owned()), body);
        self.switch_was_touched(bucket, key);
        Ok(())
    }

    /// Somebody deletes an object, whether or not it is there.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn delete_object(&mut self, bucket: &str, key: &str) -> Result<(), NoSuchBucket> {
        self.known_bucket(bucket)?;
        self.storage.remove(&(bucket.to_owned(), key.to_owned()));
        self.switch_was_touched(bucket, key);
        Ok(())
    }

    /// An object's body, if it is there.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn object(&self, bucket: &str, key: &str) -> Result<Option<&str>, NoSuchBucket> {
        self.known_bucket(bucket)?;
        let found = self.storage.get(&(bucket.to_owned(), key.to_owned()));
        Ok(found.map(String::as_str))
    }

    fn known_bucket(&self, bucket: &str) -> Result<(), NoSuchBucket> {
        let check = self.dns.as_ref().and_then(|dns| dns.check.as_ref());
        match check {
            Some(check) if check.bucket == bucket => Ok(()),
            _ => Err(NoSuchBucket(bucket.to_owned())),
        }
    }

    /// The object that a health check watches was put or deleted: that is how users are moved.
    fn switch_was_touched(&mut self, bucket: &str, key: &str) {
        let watched = |check: &super::Check| check.bucket == bucket && check.key == key;
        let check = self.dns.as_ref().and_then(|dns| dns.check.as_ref());
        if !check.is_some_and(watched) {
            return;
        }
        let there = self.storage.contains_key(&(bucket.to_owned(), key.to_owned()));
        let to = if there { AWAY } else { crate::world::HOME };
        if self.dns.as_ref().and_then(super::Dns::told) != Some(to) {
            self.shift_was_asked_for(to);
        }
        self.wake_checkers();
    }

    /// Whether a health checker finds the object: it is there, and its Region answers.
    fn object_is_found(&self) -> bool {
        let check = self.dns.as_ref().and_then(|dns| dns.check.as_ref());
        let (Some(check), Some(site)) = (check, self.sites.get(AWAY)) else {
            return false;
        };
        let key = (check.bucket.clone(), check.key.clone());
        self.storage.contains_key(&key) && self.regions.users_reach(&site.region)
    }

    /// Checkers look again when there may be something else to see.
    pub(in crate::world) fn wake_checkers(&mut self) {
        let (found, now) = (self.object_is_found(), self.now);
        let Some(check) = self.dns.as_mut().and_then(|dns| dns.check.as_mut()) else {
            return;
        };
        for (checker, at) in check.wake(found, now) {
            self.enter(at, Change::Look(checker));
        }
    }

    /// A health checker looks.
    pub(in crate::world) fn checker_looks(&mut self, checker: usize) {
        let found = self.object_is_found();
        let Some(check) = self.dns.as_mut().and_then(|dns| dns.check.as_mut()) else {
            return;
        };
        let again = check.look(checker, found);
        let turned = check.count(|region| self.regions.is_lost(region));
        if again {
            self.enter(self.now + INTERVAL.as_millis(), Change::Look(checker));
        }
        if turned {
            let spreads = facts::HEALTH_SPREADS.most;
            self.steer("the health check turned", false, &facts::HEALTH_SPREADS, spreads);
        }
    }

    /// Something steers the name: the name servers hear of it one after the other, the last one `within`.
    fn steer(&mut self, why: &str, asked_for: bool, spreads: &Fact, within: Duration) {
        let now = self.now;
        let Some(dns) = &mut self.dns else { return };
        let to = dns.steered_to();
        if dns.told == to {
            return;
        }
        (dns.told, dns.version) = (to, dns.version + 1);
        let (version, count) = (dns.version, dns.name_servers.len());
        for server in 0..count {
            let least = spreads.least.min(within);
            // The last one is as late as it was said to be.
            let after = if server + 1 == count {
                within
            } else {
                self.dice.between("a name server hears of it", least, within)
            };
            let change = Change::NameServerHears(server, version, to);
            self.enter(now + after.as_millis(), change);
        }
        let region = to.and_then(|site| self.sites.get(site));
        let where_to = region.map_or_else(|| "nowhere".to_owned(), |site| site.region.to_string());
        self.say(Actor::World, format!("{why}: the name leads to {where_to}"));
        if let (true, Some(to)) = (asked_for, to) {
            self.shift_was_asked_for(to);
        }
    }

    /// A name server hears where the name leads.
    pub(in crate::world) fn name_server_hears(&mut self, server: usize, version: u64, to: Option<usize>) {
        let now = self.now;
        let Some(dns) = &mut self.dns else { return };
        let Some(server) = dns.name_servers.get_mut(server).filter(|s| s.version <= version) else {
            return;
        };
        (server.leads, server.version) = (to, version);
        if let Some(to) = to
            && dns.told == Some(to)
            && dns.all_lead_to(to)
        {
            if to == AWAY {
                self.moments.name_servers_moved.get_or_insert(now);
            }
            let line = format!("every name server answers with {}", self.sites[to].region);
            self.say(Actor::World, line);
        }
        self.wake_resolvers();
    }

    /// We sent users somewhere: that place must be able to serve them at this very moment.
    fn shift_was_asked_for(&mut self, to: usize) {
        if to == AWAY {
            self.moments.shift_accepted.get_or_insert(self.now);
        }
        let Some(site) = self.sites.get(to) else { return };
        let (writable, region) = (site.database.serves(), site.region.clone());
        let (healthy, needed) = site
            .web
            .as_ref()
            .map_or((0, 0), |web| (web.healthy(), web.needed));
        let reached = self.regions.users_reach(&region);
        self.ledger.demand(
            Invariant::TrafficOnlyWhereWritable,
            self.now,
            writable && reached && healthy >= needed,
            || {
                format!(
                    "users were sent to {region}, where the database {} and {healthy} of {needed} targets are healthy",
                    if writable { "takes writes" } else { "takes no writes" }
                )
            },
        );
    }
}
