//! CloudWatch alarms: a datapoint per period, and a state that follows from the latest of them.
//!
//! The two kinds that a system file knows are watched as they would be in an account: database-down by a canary that
//! writes every ten seconds (three failures in a row), user-impact by the share of failed requests over a minute.

use std::collections::VecDeque;

use domain::system::Meaning;
use events::AlarmState;
use jiff::Timestamp;

use super::Ms;
use super::traffic::Traffic;
use crate::dice::Dice;
use domain::duration::Duration;

/// High-resolution alarms have periods of 10 or 30 s. Source: CloudWatch User Guide, AlarmThatSendsEmail.
const CANARY_PERIOD_MS: Ms = 10_000;

const USERS_PERIOD_MS: Ms = 60_000;

/// A share of failed requests above this breaches the user-impact alarm.
const USERS_THRESHOLD_PERCENT: u64 = 5;

/// An alarm.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// What it means.
    pub meaning: Meaning,
    /// When its first period ends.
    pub phase: Ms,
    /// When it took its present state.
    pub since: Option<Timestamp>,
    state: AlarmState,
    latest: VecDeque<bool>,
    seen: (u64, u64),
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
    pub fn quiet(name: &str, meaning: Meaning, dice: &mut Dice) -> Self {
        let period = period(meaning);
        let phase = dice.between(
            "alarm phase",
            Duration::from_millis(1),
            Duration::from_millis(period),
        );
        Self {
            name: name.to_owned(),
            meaning,
            phase: phase.as_millis(),
            since: None,
            state: AlarmState::Ok,
            latest: VecDeque::new(),
            seen: (0, 0),
        }
    }

    /// Length of a period.
    pub const fn period_ms(&self) -> Ms {
        period(self.meaning)
    }

    /// How many breaching periods in a row it takes.
    pub const fn datapoints(&self) -> usize {
        match self.meaning {
            Meaning::DatabaseDown => 3,
            Meaning::UserImpact => 1,
        }
    }

    /// Takes a period's datapoint: whether it breaches.
    pub fn sample(&mut self, serves: bool, traffic: &Traffic) -> bool {
        match self.meaning {
            Meaning::DatabaseDown => !serves,
            Meaning::UserImpact => {
                let (sent, lost) = (traffic.sent - self.seen.0, traffic.lost - self.seen.1);
                self.seen = (traffic.sent, traffic.lost);
                lost * 100 > sent * USERS_THRESHOLD_PERCENT
            }
        }
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

    /// Whether it is in ALARM and means database-down.
    pub fn rose_for_database(&self) -> bool {
        self.state == AlarmState::Alarm && self.meaning == Meaning::DatabaseDown
    }
}

const fn period(meaning: Meaning) -> Ms {
    match meaning {
        Meaning::DatabaseDown => CANARY_PERIOD_MS,
        Meaning::UserImpact => USERS_PERIOD_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary() -> Alarm {
        Alarm::quiet("writer-unreachable", Meaning::DatabaseDown, &mut Dice::new(1))
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
