//! CloudWatch alarms: a datapoint per period, and a state that follows from the latest of them.
//!
//! What a system file knows is watched as it would be in an account: database-down by a canary that writes every ten
//! seconds (three failures in a row), user-impact by the share of failed requests over a minute, region-down by a probe
//! from the other Region, by what users' devices report, and by the replication that does not arrive.

use std::collections::VecDeque;

use domain::names::{Region, Zone};
use domain::system::{DeclaredAlarm, Meaning, Watches};
use events::AlarmState;
use jiff::Timestamp;

use super::Ms;
use super::traffic::{ALL, Traffic};
use crate::dice::Dice;
use domain::duration::Duration;

/// High-resolution alarms have periods of 10 or 30 s. Source: CloudWatch User Guide, AlarmThatSendsEmail.
const CANARY_PERIOD_MS: Ms = 10_000;

const USERS_PERIOD_MS: Ms = 60_000;

/// RDS metrics have periods of a minute. Source: Aurora User Guide, Aurora.AuroraMonitoring.Metrics.
const REPLICATION_PERIOD_MS: Ms = 60_000;

/// A share of failed requests above this breaches the user-impact alarm.
const USERS_THRESHOLD_PERCENT: u64 = 5;

/// A share of failed requests above this looks like a lost Region.
const REGION_THRESHOLD_PERCENT: u64 = 50;

/// The load of an instance, in percent of what it carries, above which there are to be more of them.
const LOAD_THRESHOLD_PERCENT: u64 = 70;

/// An alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// What it means.
    pub means: Meaning,
    /// What it looks at, where that is declared.
    pub watches: Option<Watches>,
    /// The zone that it is about, where it is about one.
    pub zone: Option<Zone>,
    /// The Region that it lives in.
    pub region: Region,
    /// When its first period ends.
    pub phase: Ms,
    /// When it took its present state.
    pub since: Option<Timestamp>,
    /// Its state.
    pub state: AlarmState,
    /// Whether its metric has no data.
    pub silent: bool,
    latest: VecDeque<Datapoint>,
    decided: Vec<u64>,
    seen: (u64, u64),
}

/// A datapoint of an alarm's metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datapoint {
    /// Whether it breaches.
    pub breaching: bool,
    /// Its value.
    pub value: u64,
}

/// What an alarm's datapoint is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Something works, or does not.
    Works(bool),
    /// Users' requests since the last datapoint.
    Requests,
    /// A number, which breaches above the alarm's threshold.
    Number(u64),
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The state before.
    pub from: AlarmState,
    /// The state now.
    pub to: AlarmState,
    /// Since when it had been in the state before, if it ever changed.
    pub from_since: Option<Timestamp>,
}

impl Alarm {
    /// An alarm in OK, its periods somewhere on the clock.
    pub fn quiet(name: &str, declared: &DeclaredAlarm, dice: &mut Dice) -> Self {
        let period = period(declared.means, declared.watches);
        let phase = dice.between(
            "alarm phase",
            Duration::from_millis(1),
            Duration::from_millis(period),
        );
        Self {
            name: name.to_owned(),
            means: declared.means,
            watches: declared.watches,
            zone: declared.zone.clone(),
            region: declared.region.clone(),
            phase: phase.as_millis(),
            since: None,
            state: AlarmState::Ok,
            silent: false,
            latest: VecDeque::new(),
            decided: Vec::new(),
            seen: (0, 0),
        }
    }

    /// Length of a period.
    pub const fn period_ms(&self) -> Ms {
        period(self.means, self.watches)
    }

    /// How many breaching periods in a row it takes.
    pub const fn datapoints(&self) -> usize {
        match (self.means, self.watches) {
            (Meaning::UserImpact, _) => 1,
            (Meaning::RegionDown, Some(Watches::Replication)) => 2,
            (Meaning::DatabaseDown | Meaning::RegionDown, _) => 3,
            (
                Meaning::ZoneImpaired | Meaning::InstancesUnhealthy | Meaning::LoadHigh | Meaning::CacheDown,
                _,
            ) => 2,
        }
    }

    /// The value above which a number breaches; the one from which on whatever works or not does.
    pub const fn threshold(&self) -> u64 {
        match (self.means, self.watches) {
            (Meaning::RegionDown, Some(Watches::Users)) => REGION_THRESHOLD_PERCENT,
            (Meaning::UserImpact | Meaning::ZoneImpaired, _) => USERS_THRESHOLD_PERCENT,
            (Meaning::LoadHigh, _) => LOAD_THRESHOLD_PERCENT,
            (Meaning::InstancesUnhealthy, _) => 0,
            (Meaning::DatabaseDown | Meaning::RegionDown | Meaning::CacheDown, _) => 1,
        }
    }

    /// Whether a value breaches that is as large as the threshold: it is whether something works or not.
    pub const fn breaches_from_threshold_on(&self) -> bool {
        match (self.means, self.watches) {
            (Meaning::RegionDown, Some(Watches::Users)) => false,
            (Meaning::DatabaseDown | Meaning::RegionDown | Meaning::CacheDown, _) => true,
            (
                Meaning::UserImpact | Meaning::ZoneImpaired | Meaning::InstancesUnhealthy | Meaning::LoadHigh,
                _,
            ) => false,
        }
    }

    /// Values of the datapoints that decided its present state, oldest first.
    pub fn recent(&self) -> impl Iterator<Item = f64> {
        self.decided.iter().map(|value| *value as f64)
    }

    /// Takes a period's datapoint.
    pub(super) fn sample(&mut self, seen: Seen, traffic: &Traffic) -> Datapoint {
        match seen {
            Seen::Works(works) => Datapoint {
                breaching: !works,
                value: u64::from(!works),
            },
            Seen::Requests => {
                let (sent, lost) = (traffic.sent - self.seen.0, traffic.lost - self.seen.1);
                self.seen = (traffic.sent, traffic.lost);
                Datapoint {
                    breaching: lost * 100 > sent * self.threshold(),
                    value: lost * 100 / sent.max(1),
                }
            }
            Seen::Number(value) => Datapoint {
                breaching: value > self.threshold(),
                value,
            },
        }
    }

    /// Whether requests breached so far since the last datapoint, and do now, or neither; nothing if it is not one for all.
    pub(super) fn breaches_throughout(&self, traffic: &Traffic, share: u64) -> Option<bool> {
        let (sent, lost) = (traffic.sent - self.seen.0, traffic.lost - self.seen.1);
        let (failing, most) = (ALL - share.min(ALL), self.threshold() * ALL / 100);
        let until_now = lost * 100 > sent * self.threshold();
        match (until_now, failing > most) {
            (true, true) => Some(true),
            // Requests of less than a whole failure count when they have become one.
            (false, false) if lost == 0 && failing == 0 => Some(false),
            (true | false, _) => None,
        }
    }

    /// Nothing is taken: the alarm's Region is lost, or its metric has no data.
    pub(super) fn skip(&mut self, traffic: &Traffic) {
        self.seen = (traffic.sent, traffic.lost);
        self.latest.clear();
    }

    /// Evaluates with one datapoint more.
    pub fn evaluate(&mut self, datapoint: Datapoint, at: Timestamp) -> Option<Turn> {
        self.latest.push_back(datapoint);
        while self.latest.len() > self.datapoints() {
            self.latest.pop_front();
        }
        let all = self.latest.len() == self.datapoints() && self.latest.iter().all(|point| point.breaching);
        self.turn(if all { AlarmState::Alarm } else { AlarmState::Ok }, at)
    }

    /// Whether it surely stays as it is when it evaluates with one datapoint more that breaches, or does not.
    pub(super) fn stays(&self, breaching: bool) -> bool {
        let is_decided = self.latest.len() == self.datapoints();
        match self.state {
            AlarmState::Ok => !breaching,
            AlarmState::InsufficientData => false,
            AlarmState::Alarm => breaching && is_decided && self.latest.iter().all(|point| point.breaching),
        }
    }

    /// It takes a state. Source: CloudWatch API, SetAlarmState: by itself it stays there until the next evaluation.
    pub fn turn(&mut self, to: AlarmState, at: Timestamp) -> Option<Turn> {
        let turn = Turn {
            from: self.state,
            to,
            from_since: self.since,
        };
        if turn.from == to {
            return None;
        }
        (self.state, self.since) = (to, Some(at));
        self.decided = self.latest.iter().map(|datapoint| datapoint.value).collect();
        Some(turn)
    }

    /// Whether it is in ALARM and means that.
    pub fn rose_for(&self, meaning: Meaning) -> bool {
        self.state == AlarmState::Alarm && self.means == meaning
    }
}

const fn period(means: Meaning, watches: Option<Watches>) -> Ms {
    match (means, watches) {
        (Meaning::UserImpact, _) => USERS_PERIOD_MS,
        (Meaning::RegionDown, Some(Watches::Replication)) => REPLICATION_PERIOD_MS,
        (Meaning::DatabaseDown | Meaning::RegionDown, _) => CANARY_PERIOD_MS,
        (Meaning::ZoneImpaired | Meaning::InstancesUnhealthy | Meaning::LoadHigh | Meaning::CacheDown, _) => {
            USERS_PERIOD_MS
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(means: Meaning, watches: Option<Watches>) -> Alarm {
        let declared = DeclaredAlarm {
            zone: None,
            means,
            watches,
            region: "eu-central-1".parse().expect("a Region"),
        };
        Alarm::quiet("shop-alarm", &declared, &mut Dice::new(1))
    }

    fn canary() -> Alarm {
        alarm(Meaning::DatabaseDown, None)
    }

    #[test]
    fn half_of_the_users_failing_is_an_impact_and_no_lost_region() {
        let mut traffic = Traffic::steady(100);
        traffic.pass(0, 10_000, super::super::traffic::ALL / 2);
        let mut impact = alarm(Meaning::UserImpact, None);
        let mut lost = alarm(Meaning::RegionDown, Some(Watches::Users));
        assert!(impact.sample(Seen::Requests, &traffic).breaching);
        assert!(!lost.sample(Seen::Requests, &traffic).breaching);
        traffic.pass(10_000, 20_000, 0);
        let since = lost.sample(Seen::Requests, &traffic);
        assert!(since.breaching, "only what came since");
        assert_eq!(since.value, 100);
    }

    #[test]
    fn each_signal_has_its_periods() {
        let of = |watches| {
            let alarm = alarm(Meaning::RegionDown, Some(watches));
            (alarm.period_ms(), alarm.datapoints())
        };
        assert_eq!(of(Watches::Reachability), (10_000, 3));
        assert_eq!(of(Watches::Users), (10_000, 3));
        assert_eq!(of(Watches::Replication), (60_000, 2));
    }

    #[test]
    fn three_failures_in_a_row_raise_it_and_one_success_ends_it() {
        let mut alarm = canary();
        let turns: Vec<Option<AlarmState>> = [true, true, false, true, true, true, true, false]
            .into_iter()
            .map(|failed| {
                let datapoint = Datapoint {
                    breaching: failed,
                    value: u64::from(failed),
                };
                alarm
                    .evaluate(datapoint, Timestamp::UNIX_EPOCH)
                    .map(|turn| turn.to)
            })
            .collect();
        let (rises, ends) = (Some(AlarmState::Alarm), Some(AlarmState::Ok));
        assert_eq!(turns, [None, None, None, None, None, rises, None, ends]);
    }
}
