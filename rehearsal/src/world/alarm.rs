//! CloudWatch alarms: a datapoint per period, and a state that follows from the latest of them.
//!
//! What a system file knows is watched as it would be in an account: database-down by a canary that writes every ten
//! seconds (three failures in a row), user-impact by the share of failed requests over a minute, region-down by a probe
//! from the other Region, by what users' devices report, and by the replication that does not arrive.

use std::collections::VecDeque;

use domain::names::Region;
use domain::system::{DeclaredAlarm, Meaning, Watches};
use events::AlarmState;
use jiff::Timestamp;

use super::Ms;
use super::traffic::Traffic;
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

/// An alarm.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// What it means.
    pub means: Meaning,
    /// What it looks at, where that is declared.
    pub watches: Option<Watches>,
    /// The Region that it lives in.
    pub region: Region,
    /// When its first period ends.
    pub phase: Ms,
    /// When it took its present state.
    pub since: Option<Timestamp>,
    state: AlarmState,
    latest: VecDeque<bool>,
    seen: (u64, u64),
}

/// What an alarm's datapoint is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Something works, or does not.
    Works(bool),
    /// Users' requests since the last datapoint.
    Requests,
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
            region: declared.region.clone(),
            phase: phase.as_millis(),
            since: None,
            state: AlarmState::Ok,
            latest: VecDeque::new(),
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
        }
    }

    /// Takes a period's datapoint: whether it breaches.
    pub(super) fn sample(&mut self, seen: Seen, traffic: &Traffic) -> bool {
        match seen {
            Seen::Works(works) => !works,
            Seen::Requests => {
                let (sent, lost) = (traffic.sent - self.seen.0, traffic.lost - self.seen.1);
                self.seen = (traffic.sent, traffic.lost);
                let threshold = match self.means {
                    Meaning::RegionDown => REGION_THRESHOLD_PERCENT,
                    Meaning::DatabaseDown | Meaning::UserImpact => USERS_THRESHOLD_PERCENT,
                };
                lost * 100 > sent * threshold
            }
        }
    }

    /// Nothing is taken: the alarm's Region is lost.
    pub(super) fn skip(&mut self, traffic: &Traffic) {
        self.seen = (traffic.sent, traffic.lost);
        self.latest.clear();
    }

    /// Evaluates with one datapoint more.
    pub fn evaluate(&mut self, breaching: bool, at: Timestamp) -> Option<Turn> {
        self.latest.push_back(breaching);
        while self.latest.len() > self.datapoints() {
            self.latest.pop_front();
        }
        let all = self.latest.len() == self.datapoints() && self.latest.iter().all(|breaching| *breaching);
        let to = if all { AlarmState::Alarm } else { AlarmState::Ok };
        let turn = Turn {
            from: self.state,
            to,
            from_since: self.since,
        };
        if turn.from == to {
            return None;
        }
        (self.state, self.since) = (to, Some(at));
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(means: Meaning, watches: Option<Watches>) -> Alarm {
        let declared = DeclaredAlarm {
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
        assert!(impact.sample(Seen::Requests, &traffic));
        assert!(!lost.sample(Seen::Requests, &traffic));
        traffic.pass(10_000, 20_000, 0);
        assert!(lost.sample(Seen::Requests, &traffic), "only what came since");
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
            .map(|breaching| {
                alarm
                    .evaluate(breaching, Timestamp::UNIX_EPOCH)
                    .map(|turn| turn.to)
            })
            .collect();
        let (rises, ends) = (Some(AlarmState::Alarm), Some(AlarmState::Ok));
        assert_eq!(turns, [None, None, None, None, None, rises, None, ends]);
    }
}
