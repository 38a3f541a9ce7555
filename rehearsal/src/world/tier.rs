//! What strikes the web tier of the primary Region, and what it says about that.

use domain::duration::Duration;
use domain::names::{Region, Zone};
use domain::system::{DeclaredAlarm, Meaning};
use events::AlarmState;
use serde_json::Value;

use super::alarm::{Alarm, Turn};
use super::envelope::{self, Scaling};
use super::web::zones::Sickness;
use super::{Change, HOME, Ms, Outgoing, World};
use crate::facts;
use crate::timeline::Actor;

/// How often a rising load is looked at.
const RAMP_STEP_MS: Ms = 5_000;

/// How long a storm of alarms lasts.
const STORM_MS: Ms = 60_000;

/// How far the turns of a flapping alarm lie apart: longer than it takes to go back to where it was.
const FLAP_MS: Ms = 150_000;

impl World {
    /// Whether users reach the system through a web tier, or by a name.
    pub(super) fn is_watched_closely(&self) -> bool {
        self.dns.is_some() || self.home().web.is_some()
    }

    /// How many of a hundred requests fail for the want of a cache.
    pub(super) fn cache_fails(&self, site: usize) -> u64 {
        let cache = self.sites[site].cache.as_ref();
        let down = self.system.cache.is_some() && cache.is_some_and(|cache| cache.down);
        if down {
            facts::WITHOUT_CACHE_FAILS_PERCENT
        } else {
            0
        }
    }

    /// Instances break. Where the group is not known zone by zone, its checks see it at once.
    pub(super) fn lose_instances(&mut self, site: usize, count: u32) -> String {
        let region = self.sites[site].region.clone();
        let Some(web) = &mut self.sites[site].web else {
            return format!("nothing strikes: nothing serves in {region}");
        };
        if web.zones.are_declared() {
            let lost = web.break_newest(count);
            let line = format!("{} instances in {region} fail: {}", lost.len(), lost.join(", "));
            self.targets_will_fail(site, lost);
            return line;
        }
        let lost = web.lose(count);
        self.group_will_notice(site);
        format!("{lost} instances in {region} fail")
    }

    /// A zone of the primary Region is lost with what is in it.
    pub(super) fn lose_zone(&mut self, zone: &Zone) -> String {
        let home = &mut self.sites[HOME];
        let had_writer = home.database.lose_zone(&zone.0);
        let Some(web) = &mut home.web else {
            return "nothing strikes: nothing serves there".to_owned();
        };
        web.zones.set_sickness(&zone.0, Some(Sickness::Lost));
        let dead = web.lose_zone(&zone.0);
        let primary_there = home.cache.as_mut().is_some_and(|cache| {
            let there = cache.primary().is_some_and(|node| node.zone == zone.0);
            cache.down |= there;
            there
        });
        let mut line = format!("{zone} is lost with {} instances", dead.len());
        self.targets_will_fail(HOME, dead);
        self.group_will_notice(HOME);
        if had_writer {
            line.push_str(", the database's writer");
            let notices = self.dice.draw(&facts::RDS_NOTICES).as_millis();
            self.enter(self.now + notices, Change::RdsNotices(HOME));
        }
        if primary_there {
            line.push_str(", the cache's primary");
            let notices = self.dice.draw(&facts::CACHE_NOTICES).as_millis();
            self.enter(self.now + notices, Change::CacheNotices(HOME));
        }
        line
    }

    /// A lost zone is back.
    pub(super) fn regain_zone(&mut self, zone: &Zone) -> String {
        let Some(web) = &mut self.sites[HOME].web else {
            return String::new();
        };
        web.zones.set_sickness(&zone.0, None);
        for id in web.regain_zone(&zone.0) {
            let passes = self.dice.draw(&facts::TARGET_HEALTHY).as_millis();
            let passed = super::web::Step::Passed(id);
            self.enter(self.now + passes, Change::Web(HOME, passed));
        }
        let returns = self.dice.draw(&facts::OLD_WRITER_RETURNS).as_millis();
        self.enter(self.now + returns, Change::OldWriterReturns(HOME));
        self.reconcile(HOME);
        format!("{zone} is back")
    }

    /// The number of requests rises.
    pub(super) fn load_rises(&mut self, percent: u64, over: Duration) -> String {
        self.moments.load_rose.get_or_insert(self.now);
        let steps = (over.as_millis() / RAMP_STEP_MS).max(1);
        let from = self.traffic.demand;
        for step in 1..=steps {
            let demand = if percent >= from {
                from + (percent - from) * step / steps
            } else {
                from - (from - percent) * step / steps
            };
            let at = self.now + over.as_millis() * step / steps;
            self.enter(at, Change::Demand(demand));
        }
        format!("the number of requests rises to {percent} % of an ordinary day's within {over}")
    }

    pub(super) fn demand_is(&mut self, percent: u64) {
        let before = self.serves();
        self.traffic.demand_is(self.now, percent);
        self.say_if_it_turned(before);
    }

    /// A storm of alarms begins.
    pub(super) fn storm(&mut self, count: u32) -> String {
        for number in 0..count {
            let at = self.now + STORM_MS * u64::from(number) / u64::from(count.max(1));
            self.enter(at, Change::Storm(number));
        }
        format!("{count} events of alarms come within a minute")
    }

    /// One event of a storm: an alarm that is in ALARM says so once more, or one that nobody declared says so.
    pub(super) fn storm_alarm(&mut self, number: u32) {
        let at = self.timestamp(self.now);
        let rising: Vec<usize> = (0..self.alarms.len())
            .filter(|index| self.alarms[*index].state == AlarmState::Alarm)
            .collect();
        let again = rising.get(number as usize / 2 % rising.len().max(1));
        let (region, event) = match again.filter(|_| number.is_multiple_of(2)) {
            Some(index) => {
                let alarm = &self.alarms[*index];
                let turn = Turn {
                    from: AlarmState::Ok,
                    to: AlarmState::Alarm,
                    from_since: None,
                };
                let since = alarm.since.unwrap_or(at);
                let event = envelope::alarm(&self.system, alarm, &turn, since, self.entered);
                (alarm.region.clone(), event)
            }
            None => {
                let declared = DeclaredAlarm {
                    means: Meaning::LoadHigh,
                    watches: None,
                    region: self.home().region.clone(),
                    zone: None,
                };
                let name = format!("{}-storm-{number:05}", self.system.name);
                let mut alarm = Alarm::quiet(&name, &declared, &mut self.dice);
                let Some(turn) = alarm.turn(AlarmState::Alarm, at) else {
                    return;
                };
                let event = envelope::alarm(&self.system, &alarm, &turn, at, self.entered);
                (alarm.region, event)
            }
        };
        self.outbox.push(Outgoing::Event { region, event });
    }

    /// An alarm begins to flap.
    pub(super) fn flap(&mut self, name: &str, times: u32) -> String {
        let Some(index) = self.alarms.iter().position(|alarm| alarm.name == name) else {
            return format!("nothing strikes: the system declares no alarm {name}");
        };
        for time in 0..u64::from(times) {
            self.enter(self.now + FLAP_MS * time, Change::Flap(index));
        }
        format!("{name} begins to flap, with nothing behind it")
    }

    /// An alarm goes to ALARM without a reason. Its next evaluation brings it back.
    pub(super) fn flap_once(&mut self, index: usize) {
        let at = self.timestamp(self.now);
        if let Some(turn) = self.alarms[index].turn(AlarmState::Alarm, at) {
            self.tell_turn(index, &turn);
        }
    }

    /// A Region's schedule asks for an assessment, and will again. A lost Region's does not.
    pub(super) fn assess(&mut self, site: usize) {
        let region = self.sites[site].region.clone();
        if !self.regions.is_lost(&region) {
            let event = envelope::assessment(&self.system, &region, self.timestamp(self.now));
            self.outbox.push(Outgoing::Event { region, event });
        }
        self.enter(self.now + self.assessed_every.as_millis(), Change::Assess(site));
    }

    /// The alarms of a Region.
    pub fn alarms_in(&self, region: &Region) -> impl Iterator<Item = &Alarm> {
        self.alarms.iter().filter(move |alarm| alarm.region == *region)
    }

    /// An event that AWS delivers as well as it can, no better.
    pub(super) fn emit_best_effort(&mut self, region: &Region, event: Value) {
        if self.regions.is_lost(region) {
            return;
        }
        if self.drops_events {
            let line = format!("{} is dropped", event["detail-type"].as_str().unwrap_or_default());
            return self.say(Actor::Bus, line);
        }
        self.outbox.push(Outgoing::Event {
            region: region.clone(),
            event,
        });
    }

    /// Step Functions tells how an execution ended, to a system that is judged anew after each.
    pub fn tell_execution(&mut self, region: &Region, name: &str) {
        let at = self.timestamp(self.now);
        let Some(execution) = self.executions.get(name) else {
            return;
        };
        let event = envelope::execution(&self.system, region, (name, execution), at, self.entered);
        let region = region.clone();
        self.outbox.push(Outgoing::Event { region, event });
    }

    /// ElastiCache tells that a group's primary has moved.
    pub(super) fn tell_cache_moved(&mut self, site: usize) {
        let (at, region) = (self.timestamp(self.now), self.sites[site].region.clone());
        let Some(cache) = self.sites[site]
            .cache
            .as_ref()
            .filter(|_| self.system.cache.is_some())
        else {
            return;
        };
        let told = ("FailoverComplete", cache.id.as_str());
        let event = envelope::cache(&self.system, &region, told, at, self.entered);
        self.emit_best_effort(&region, event);
    }

    /// A group tells what it did to an instance.
    pub(super) fn emit_scaling(&mut self, site: usize, instance: &str, did: Scaling) {
        let (at, region) = (self.timestamp(self.now), self.sites[site].region.clone());
        let Some(web) = &self.sites[site].web else { return };
        let found = web.instances.iter().find(|known| known.id == instance);
        let Some(instance) = found else { return };
        let event = envelope::scaling(&self.system, web, &region, (instance, did), at, self.entered);
        self.emit_best_effort(&region, event);
    }
}

#[cfg(test)]
mod tests;
