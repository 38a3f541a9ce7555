//! What the alarms say of the Region that is to be left, and AWS Health: two independent signals over a minimum window
//! (rule 8). All issues of AWS Health are one signal, as they are for the decision ([`domain::decision::health`]), or a
//! run that it helped to start would not find what started it.
//!
//! Nothing starts by itself on fewer than two. So if there never were two since the incident opened, a person started
//! this run, and a person's order is not waited out (rule 9: manual override, always). If there were two and there are
//! fewer now, the run was right to start and may have been wrong: it waits as long again for the signal to come back,
//! and stands down when it does not, as after a blip.

use std::collections::BTreeSet;

use domain::decision::{INDEPENDENT_SIGNALS, health};
use domain::duration::Duration;
use domain::journal::{HealthIssue, View};
use domain::system::{Meaning, Move, Watches};
use jiff::Timestamp;

/// The alarms, and the issues of AWS Health, that say whether the Region that is to be left is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// In ALARM, or open.
    pub raised: Vec<Signal>,
    /// In ALARM before, or open, and not any more since the incident opened.
    pub ended: Vec<Signal>,
}

/// One alarm, or one issue of AWS Health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The alarm's name; of an issue, what it is about.
    pub alarm: String,
    /// What the alarm looks at: every alarm that means region-down says so. An issue looks at no such thing; all of them
    /// together are AWS's own view.
    pub watches: Option<Watches>,
    /// Since when it has been as it is.
    pub since: Timestamp,
}

/// How the signals stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Two that look at different things have held for the whole window.
    Confirmed,
    /// Two hold, and the window is not over.
    Holding,
    /// There were two; the window since one of them ended is not over.
    Fading,
    /// There were two, and a whole window later there still are not.
    Gone,
    /// There never were two since the incident opened: a person started this.
    ByHand,
}

impl Signals {
    /// Reads them from the journal. Alarms count that live in the Region in which this runs: the others look at this
    /// Region, or are lost with the one that is to be left. Issues count that are about the one that is to be left.
    pub fn read(moved: &Move<'_>, view: &View, opened_at: Timestamp, now: Timestamp) -> Self {
        let mut signals = Self::default();
        for seen in health::remembered(moved.system, view, &moved.from.region, now) {
            let signal = |since| Signal {
                alarm: format!("AWS Health on {}: {}", seen.service, seen.event_type),
                watches: None,
                since,
            };
            match seen.status {
                HealthIssue::Open => signals.raised.push(signal(seen.since)),
                // It counted until it was heard to be over, whenever it was over.
                HealthIssue::Closed if seen.heard_at >= opened_at => {
                    signals.ended.push(signal(seen.heard_at))
                }
                HealthIssue::Closed => {}
            }
        }
        for (alarm, declared) in &moved.system.alarms {
            let Some(seen) = view.alarms.get(alarm) else {
                continue;
            };
            if declared.means != Meaning::RegionDown || declared.region != moved.to.region {
                continue;
            }
            let signal = Signal {
                alarm: alarm.clone(),
                watches: declared.watches,
                since: seen.changed_at,
            };
            if seen.in_alarm {
                signals.raised.push(signal);
            } else if seen.changed_at >= opened_at {
                signals.ended.push(signal);
            }
        }
        signals
    }

    /// How they stand.
    pub fn standing(&self, window: Duration, now: Timestamp) -> Standing {
        let over = |since: Timestamp| now.duration_since(since) >= window.signed();
        if let Some(since) = self.both_since() {
            return if over(since) {
                Standing::Confirmed
            } else {
                Standing::Holding
            };
        }
        let ever: BTreeSet<_> = self
            .raised
            .iter()
            .chain(&self.ended)
            .map(|signal| signal.watches)
            .collect();
        match self.ended.iter().map(|signal| signal.since).max() {
            Some(ended) if ever.len() >= INDEPENDENT_SIGNALS => {
                if over(ended) {
                    Standing::Gone
                } else {
                    Standing::Fading
                }
            }
            Some(_) | None => Standing::ByHand,
        }
    }

    /// Since when at least two that look at different things have been in ALARM: since the second of them rose.
    pub(super) fn both_since(&self) -> Option<Timestamp> {
        let looked_at: BTreeSet<_> = self.raised.iter().map(|signal| signal.watches).collect();
        let mut first: Vec<Timestamp> = looked_at
            .into_iter()
            .filter_map(|watches| {
                let same = self.raised.iter().filter(|signal| signal.watches == watches);
                same.map(|signal| signal.since).min()
            })
            .collect();
        first.sort();
        first.get(INDEPENDENT_SIGNALS - 1).copied()
    }

    /// Each alarm and each issue in a sentence.
    pub fn spoken(&self) -> Vec<String> {
        let sentence = |signal: &Signal, (alarm, issue)| match signal.watches {
            Some(watches) => format!("{} ({watches}) {alarm} since {}", signal.alarm, signal.since),
            None => format!("{} {issue} since {}", signal.alarm, signal.since),
        };
        let raised = self
            .raised
            .iter()
            .map(|signal| sentence(signal, ("in ALARM", "open")));
        let ended = self
            .ended
            .iter()
            .map(|signal| sentence(signal, ("not in ALARM", "closed")));
        raised.chain(ended).collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::journal::{AlarmSeen, HealthSeen};
    use domain::system::{System, read};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn signals(raised: &[(Watches, i64)], ended: &[(Watches, i64)]) -> Signals {
        let these = |these: &[(Watches, i64)]| {
            these
                .iter()
                .map(|(watches, since)| Signal {
                    alarm: format!("{watches}-{since}"),
                    watches: Some(*watches),
                    since: at(*since),
                })
                .collect()
        };
        Signals {
            raised: these(raised),
            ended: these(ended),
        }
    }

    #[test]
    fn two_that_look_at_different_things_have_to_hold_for_the_window() {
        use Watches::{Reachability, Replication, Users};
        type These<'a> = &'a [(Watches, i64)];
        let cases: [(These<'_>, These<'_>, Standing); 14] = [
            (&[], &[], Standing::ByHand),
            (&[(Users, 0)], &[], Standing::ByHand),
            (&[(Users, 0), (Users, 10)], &[], Standing::ByHand),
            (&[(Users, 0), (Reachability, 80)], &[], Standing::Confirmed),
            (&[(Users, 0), (Reachability, 81)], &[], Standing::Holding),
            (&[(Users, 81), (Reachability, 0)], &[], Standing::Holding),
            // A third one changes nothing: two have held for long enough.
            (
                &[(Users, 0), (Reachability, 80), (Replication, 99)],
                &[],
                Standing::Confirmed,
            ),
            // Nor does a second alarm that looks at the same thing and rose later.
            (
                &[(Users, 0), (Reachability, 80), (Reachability, 99)],
                &[],
                Standing::Confirmed,
            ),
            // An alarm of a clock that is ahead.
            (&[(Users, 0), (Reachability, 200)], &[], Standing::Holding),
            (&[(Users, 0)], &[(Reachability, 81)], Standing::Fading),
            (&[(Users, 0)], &[(Reachability, 80)], Standing::Gone),
            (&[], &[(Users, 50), (Reachability, 90)], Standing::Fading),
            (&[], &[(Users, 50), (Reachability, 60)], Standing::Gone),
            (&[(Users, 0)], &[(Users, 90)], Standing::ByHand),
        ];
        for (raised, ended, expected) in cases {
            let standing = signals(raised, ended).standing(Duration::from_secs(20), at(100));
            assert_eq!(standing, expected, "{raised:?} {ended:?}");
        }
    }

    fn issue(since: i64) -> Signal {
        Signal {
            alarm: "AWS Health on EC2: AWS_EC2_OPERATIONAL_ISSUE".to_owned(),
            watches: None,
            since: at(since),
        }
    }

    #[test]
    fn only_alarms_of_a_lost_region_that_live_in_the_other_one_are_read() {
        let mut system =
            read(include_str!("../../../../rehearsal/systems/two-regions.toml")).expect("coherent");
        let alarm = |in_alarm, second| AlarmSeen {
            in_alarm,
            changed_at: at(second),
        };
        let alarms = [
            ("shop-unreachable", alarm(true, 40)),
            ("shop-users-failing", alarm(false, 50)),
            // It ended before this incident.
            ("shop-replication-stalled", alarm(false, 49)),
            // It means something else.
            ("shop-writer-unreachable", alarm(true, 40)),
            // Nobody declared it.
            ("another", alarm(true, 40)),
        ];
        let view = View {
            alarms: alarms.map(|(name, seen)| (name.to_owned(), seen)).into(),
            ..View::default()
        };
        let names = |system: &System| {
            let standby = system.regions.standby.clone().expect("two Regions");
            let moved = system.moving_to(&standby).expect("a move");
            let signals = Signals::read(&moved, &view, at(50), at(100));
            [signals.raised, signals.ended]
                .map(|signals| signals.into_iter().map(|signal| signal.alarm).collect::<Vec<_>>())
        };
        assert_eq!(names(&system), [["shop-unreachable"], ["shop-users-failing"]]);

        // An alarm in the Region that is to be left says nothing when that Region is lost.
        let home = system.regions.primary.clone();
        system
            .alarms
            .get_mut("shop-unreachable")
            .expect("declared")
            .region = home;
        assert_eq!(names(&system), [vec![], vec!["shop-users-failing".to_owned()]]);
    }

    #[test]
    fn an_issue_that_was_heard_to_be_over_counts_from_then_on_as_ended() {
        let system = read(include_str!("../../../../rehearsal/systems/two-regions.toml")).expect("coherent");
        let standby = system.regions.standby.clone().expect("two Regions");
        let moved = system.moving_to(&standby).expect("a move");
        let counted = |status, heard_at| {
            let seen = HealthSeen {
                service: "RDS".to_owned(),
                region: system.regions.primary.clone(),
                event_type: "AWS_RDS_OPERATIONAL_ISSUE".to_owned(),
                status,
                since: at(10),
                said_at: at(20),
                heard_at: at(heard_at),
            };
            let view = View {
                health: [("arn".to_owned(), seen)].into(),
                ..View::default()
            };
            let signals = Signals::read(&moved, &view, at(50), at(100));
            (signals.raised.len(), signals.ended.len())
        };
        assert_eq!(counted(HealthIssue::Open, 20), (1, 0));
        assert_eq!(counted(HealthIssue::Closed, 50), (0, 1));
        assert_eq!(counted(HealthIssue::Closed, 49), (0, 0), "before this incident");
    }

    #[test]
    fn aws_health_is_one_signal_beside_an_alarm_and_none_alone() {
        let window = Duration::from_secs(20);
        let with = |mut signals: Signals, issues: &[i64]| {
            signals.raised.extend(issues.iter().map(|since| issue(*since)));
            signals.standing(window, at(100))
        };
        assert_eq!(with(Signals::default(), &[0, 10]), Standing::ByHand);
        assert_eq!(
            with(signals(&[(Watches::Users, 80)], &[]), &[0]),
            Standing::Confirmed
        );
        assert_eq!(
            with(signals(&[(Watches::Users, 0)], &[]), &[81, 90]),
            Standing::Holding
        );
        assert_eq!(
            with(signals(&[], &[(Watches::Users, 90)]), &[0]),
            Standing::Fading
        );
        assert_eq!(with(signals(&[], &[(Watches::Users, 60)]), &[0]), Standing::Gone);
        let mut closed = signals(&[(Watches::Users, 0)], &[]);
        closed.ended.push(issue(60));
        assert_eq!(closed.standing(window, at(100)), Standing::Gone);
    }

    #[test]
    fn each_alarm_is_a_sentence() {
        let mut signals = signals(&[(Watches::Users, 0)], &[(Watches::Reachability, 1)]);
        signals.ended.push(issue(2));
        assert_eq!(
            signals.spoken(),
            [
                "users-0 (users) in ALARM since 1970-01-01T00:00:00Z",
                "reachability-1 (reachability) not in ALARM since 1970-01-01T00:00:01Z",
                "AWS Health on EC2: AWS_EC2_OPERATIONAL_ISSUE closed since 1970-01-01T00:00:02Z",
            ]
        );
    }
}
