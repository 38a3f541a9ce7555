//! What alarms see, and what becomes of it: an event on their Region's bus.

use domain::system::{Meaning, Watches};
use events::AlarmState;

use super::alarm::{Alarm, Datapoint, Seen, Turn};
use super::region::{Plane, Reach};
use super::web::{Instance, Target};
use super::{Change, HOME, Outgoing, World, envelope};
use crate::facts;
use crate::timeline::Actor;

/// The replication alarm's threshold where nothing may be lost: there it cannot be the recovery point objective.
const LAG_THRESHOLD_MS: u64 = 30_000;

impl World {
    pub(super) fn tick(&mut self, index: usize) {
        let region = self.alarms[index].region.clone();
        let period = self.alarms[index].period_ms();
        if self.regions.is_lost(&region) || self.alarms[index].silent {
            // A lost Region's alarms are lost with it. When it returns they begin with what they see then; and so does
            // one that had no data.
            self.alarms[index].skip(&self.traffic);
        } else {
            let seen = self.seen_by(index);
            let datapoint = self.alarms[index].sample(seen, &self.traffic);
            let delay = self.dice.draw(&facts::ALARM_EVALUATION).as_millis();
            self.enter(self.now + delay, Change::Evaluate(index, datapoint));
        }
        self.enter(self.now + period, Change::Tick(index));
    }

    /// Whether an alarm's next datapoints leave it as it is, as long as nothing else changes. `served` is the share of users'
    /// requests that is served now.
    pub(super) fn is_steady(&self, index: usize, served: impl FnOnce() -> u64) -> bool {
        let alarm = &self.alarms[index];
        if self.regions.is_lost(&alarm.region) || alarm.silent {
            return true;
        }
        let breaching = match self.seen_by(index) {
            // A lag grows by itself.
            Seen::Works(_) if alarm.watches == Some(Watches::Replication) => None,
            Seen::Works(works) => Some(!works),
            Seen::Number(value) => Some(value > alarm.threshold()),
            Seen::Requests => alarm.breaches_throughout(&self.traffic, served()),
        };
        breaching.is_some_and(|breaching| alarm.stays(breaching))
    }

    pub(super) fn evaluate(&mut self, index: usize, datapoint: Datapoint) {
        let at = self.timestamp(self.now);
        if self.regions.is_lost(&self.alarms[index].region) || self.alarms[index].silent {
            return;
        }
        if let Some(turn) = self.alarms[index].evaluate(datapoint, at) {
            self.tell_turn(index, &turn);
        }
    }

    /// An alarm has taken another state.
    pub(super) fn tell_turn(&mut self, index: usize, turn: &Turn) {
        let (now, at) = (self.now, self.timestamp(self.now));
        let alarm = &self.alarms[index];
        if alarm.rose_for(Meaning::DatabaseDown) {
            self.moments.alarm.get_or_insert(now);
        }
        if alarm.rose_for(Meaning::RegionDown) {
            self.moments.first_signal.get_or_insert(now);
            let other =
                |other: &&Alarm| other.rose_for(Meaning::RegionDown) && other.watches != alarm.watches;
            let told = self
                .issues
                .iter()
                .any(|issue| issue.said.is_some() && issue.ended.is_none());
            if told || self.alarms.iter().any(|known| other(&known)) {
                self.moments.second_signal.get_or_insert(now);
            }
        }
        let line = format!("{}: {} -> {}", alarm.name, turn.from.as_str(), turn.to.as_str());
        let event = envelope::alarm(&self.system, alarm, turn, at, self.entered);
        let region = alarm.region.clone();
        self.say(Actor::Alarm, line);
        self.outbox.push(Outgoing::Event { region, event });
    }

    /// An alarm's metric has no data any more.
    pub(super) fn silence(&mut self, name: &str) -> String {
        let Some(index) = self.alarms.iter().position(|alarm| alarm.name == name) else {
            return format!("nothing strikes: the system declares no alarm {name}");
        };
        self.alarms[index].silent = true;
        let at = self.timestamp(self.now);
        if let Some(turn) = self.alarms[index].turn(AlarmState::InsufficientData, at) {
            self.tell_turn(index, &turn);
        }
        format!("the metric of {name} has no data any more")
    }

    /// An alarm's metric has data again. Its next evaluation says what they show.
    pub(super) fn speaks_again(&mut self, name: &str) -> Option<String> {
        let alarm = self.alarms.iter_mut().find(|alarm| alarm.name == name)?;
        alarm.silent = false;
        Some(format!("the metric of {name} has data again"))
    }

    /// What an alarm's canary, metric or report shows now.
    fn seen_by(&self, index: usize) -> Seen {
        let alarm = &self.alarms[index];
        match (alarm.means, alarm.watches) {
            (Meaning::DatabaseDown, _) => Seen::Works(self.writer_answers(index)),
            (Meaning::UserImpact, _) | (Meaning::RegionDown, Some(Watches::Users)) => Seen::Requests,
            (Meaning::RegionDown, Some(Watches::Replication)) => Seen::Works(self.data_arrives(index)),
            (Meaning::RegionDown, Some(Watches::Reachability) | None) => {
                Seen::Works(self.home_answers(index))
            }
            (Meaning::ZoneImpaired, _) => Seen::Number(self.zone_fails(index)),
            (Meaning::InstancesUnhealthy, _) => {
                let web = self.home().web.as_ref();
                let unhealthy = web.map(|web| {
                    let sick = |i: &&Instance| web.target_of(i) == Target::Unhealthy;
                    web.instances.iter().filter(sick).count()
                });
                Seen::Number(unhealthy.unwrap_or(0) as u64)
            }
            (Meaning::LoadHigh, _) => {
                let web = self.home().web.as_ref();
                Seen::Number(web.map_or(0, |web| web.load_percent(self.traffic.demand)))
            }
            (Meaning::CacheDown, _) => {
                Seen::Works(!self.home().cache.as_ref().is_some_and(|cache| cache.down))
            }
        }
    }

    /// How many of a hundred requests fail in the zone that an alarm is about: a zone's targets fail as well when what
    /// lies behind them does.
    fn zone_fails(&self, index: usize) -> u64 {
        let home = self.home();
        let (Some(web), Some(zone)) = (&home.web, &self.alarms[index].zone) else {
            return 0;
        };
        if !home.database.serves() {
            return 100;
        }
        let zone = web.zone_fails(&zone.0);
        zone + (100 - zone) * self.cache_fails(HOME) / 100
    }

    /// Whether a canary in the alarm's Region can write through the writer, wherever that is.
    fn writer_answers(&self, index: usize) -> bool {
        let writer = &self.sites[self.serving_site()];
        let reached =
            writer.region == self.alarms[index].region || self.reaches(index, &writer.region) == Reach::Yes;
        reached && writer.database.serves()
    }

    /// Whether the primary Region's own endpoint answers a probe from the alarm's Region with anything but an error.
    fn home_answers(&self, index: usize) -> bool {
        let home = &self.sites[HOME];
        let served = home
            .web
            .as_ref()
            .is_none_or(|web| web.action == super::web::Action::Forward && web.healthy() > 0);
        served && self.reaches(index, &home.region) == Reach::Yes
    }

    /// Whether the lag metric of the alarm's Region is there, and below the threshold.
    fn data_arrives(&self, index: usize) -> bool {
        let promised = self.system.objectives.rpo.as_millis();
        let limit = if promised == 0 { LAG_THRESHOLD_MS } else { promised };
        self.index_of(&self.alarms[index].region)
            .is_some_and(|site| self.arrives_within(site, limit))
    }

    fn reaches(&self, index: usize, region: &domain::names::Region) -> Reach {
        self.regions
            .reach(&self.alarms[index].region, region, Plane::Data)
    }
}
