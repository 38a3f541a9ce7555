//! Which recovery fits, if any: a pure function of the signal, the system file, the journal and the time.
//!
//! Every decision carries its reason and the evidence it weighed, because the person who reads it was either woken
//! by it or was not woken by it.

use std::collections::BTreeSet;
use std::fmt;

use events::{Alarm, AlarmState, DatabaseEvent, Signal, Subject};
use jiff::Timestamp;
use serde::Serialize;

use crate::duration::Duration;
use crate::journal::{Outcome, View};
use crate::names::{IncidentId, Recovery, SystemName};
use crate::steps::Run;
use crate::system::{Meaning, Mode, System, Systems, Watches};

/// What to do about a signal, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What to do.
    pub verdict: Verdict,
    /// The reason that settled it.
    pub why: Why,
    /// What else was weighed, each for or against recovering.
    pub evidence: Vec<Evidence>,
}

/// What to do about a signal.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Start this run.
    Recover(Run),
    /// Do nothing yet; another signal may settle it.
    Watch,
    /// Remember it; nothing follows from it.
    Note,
    /// Do nothing about it.
    Ignore,
    /// A person has to look.
    Page,
}

impl Verdict {
    /// One word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Recover(_) => "recover",
            Self::Watch => "watch",
            Self::Note => "note",
            Self::Ignore => "ignore",
            Self::Page => "page",
        }
    }
}

/// The reason that settled a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// An alarm that means database-down is in ALARM, and nothing speaks against recovering.
    DatabaseDown {
        /// The alarm.
        alarm: String,
    },
    /// Alarms that mean region-down and look at different things are in ALARM, and nothing speaks against moving.
    RegionDown {
        /// The alarms.
        alarms: Vec<String>,
    },
    /// No system declares the alarm.
    UndeclaredAlarm {
        /// The alarm.
        alarm: String,
        /// Its account.
        account: String,
        /// Its Region.
        region: String,
    },
    /// The alarm left ALARM.
    AlarmEnded {
        /// The alarm.
        alarm: String,
    },
    /// The alarm has no data to judge by.
    AlarmBlind {
        /// The alarm.
        alarm: String,
    },
    /// The alarm's owner holds its actions back.
    HeldBack {
        /// The alarm.
        alarm: String,
    },
    /// The signal is older than the policy allows for starting anything.
    Stale {
        /// How late it came.
        age: Duration,
        /// The limit.
        limit: Duration,
    },
    /// A later state of the alarm is known already.
    Superseded {
        /// The alarm.
        alarm: String,
        /// When it changed to the later state.
        since: Timestamp,
    },
    /// A recovery of the system is running.
    RecoveryRunning {
        /// Its incident.
        incident: IncidentId,
    },
    /// This very incident was dealt with already.
    Repeated {
        /// The incident.
        incident: IncidentId,
        /// How it ended.
        outcome: Outcome,
    },
    /// The last run of the same recovery ended too short a time ago.
    Cooldown {
        /// The last run's incident.
        last: IncidentId,
        /// How it ended.
        outcome: Outcome,
        /// From when on a run may start by itself again.
        until: Timestamp,
    },
    /// The policy asks for a second signal, which is not there.
    Unconfirmed {
        /// Alarms of which one must be in ALARM too.
        needs: Vec<String>,
    },
    /// Users are failing, and nothing says why.
    SymptomAlone {
        /// The alarm.
        alarm: String,
    },
    /// The policy wants a person to start this recovery.
    PolicyPages {
        /// The recovery that would fit.
        recovery: Recovery,
    },
    /// RDS reported that a failover did not work.
    DatabaseFailoverFailed {
        /// RDS's words.
        message: String,
    },
    /// RDS reported something that changes nothing for us.
    DatabaseNews {
        /// RDS's words.
        message: String,
    },
    /// An RDS event about a database that no system declares.
    UndeclaredDatabase {
        /// The database.
        identifier: String,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DatabaseDown { alarm } => write!(f, "{alarm} is in ALARM and means database-down"),
            Self::RegionDown { alarms } => {
                write!(f, "{} are in ALARM and mean region-down", alarms.join(" and "))
            }
            Self::UndeclaredAlarm {
                alarm,
                account,
                region,
            } => {
                write!(
                    f,
                    "no system declares the alarm {alarm} of account {account} in {region}"
                )
            }
            Self::AlarmEnded { alarm } => write!(f, "{alarm} is OK"),
            Self::AlarmBlind { alarm } => write!(f, "{alarm} has insufficient data"),
            Self::HeldBack { alarm } => write!(f, "the owner of {alarm} holds its actions back"),
            Self::Stale { age, limit } => {
                write!(f, "it came {age} after it happened; the policy allows {limit}")
            }
            Self::Superseded { alarm, since } => write!(f, "{alarm} has been in another state since {since}"),
            Self::RecoveryRunning { incident } => write!(f, "a recovery is running: {incident}"),
            Self::Repeated { incident, outcome } => {
                write!(f, "it was dealt with: {incident} ended as {outcome}")
            }
            Self::Cooldown { last, outcome, until } => {
                write!(f, "cooldown until {until}: {last} ended as {outcome}")
            }
            Self::Unconfirmed { needs } => write!(f, "it needs a second signal: one of {}", needs.join(", ")),
            Self::SymptomAlone { alarm } => write!(f, "{alarm} says that users fail, and nothing says why"),
            Self::PolicyPages { recovery } => {
                write!(f, "{recovery} fits, and the policy wants a person to start it")
            }
            Self::DatabaseFailoverFailed { message } => write!(f, "RDS reports a failed failover: {message}"),
            Self::DatabaseNews { message } => write!(f, "RDS reports: {message}"),
            Self::UndeclaredDatabase { identifier } => {
                write!(f, "no system declares the database {identifier}")
            }
        }
    }
}

/// Something that was weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Speaks for recovering.
    For(String),
    /// Speaks against it.
    Against(String),
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(what) => write!(f, "for: {what}"),
            Self::Against(what) => write!(f, "against: {what}"),
        }
    }
}

impl Decision {
    /// Whether people must hear of it although nothing is started: a page, or an outage that the flap guard
    /// leaves alone.
    pub const fn tells_people(&self) -> bool {
        matches!(
            (&self.verdict, &self.why),
            (Verdict::Page, _) | (Verdict::Ignore, Why::Cooldown { .. })
        )
    }

    fn of(verdict: Verdict, why: Why) -> Self {
        Self {
            verdict,
            why,
            evidence: Vec::new(),
        }
    }
}

/// The system that a signal is about, if any is.
pub fn system_of<'a>(signal: &Signal, systems: &'a Systems) -> Option<&'a System> {
    match &signal.subject {
        Subject::Alarm(alarm) => systems
            .declaring_alarm(&signal.account, &signal.region, &alarm.name)
            .map(|(system, _)| system),
        Subject::Database(event) => {
            systems.owning_database(&signal.account, &signal.region, &event.identifier)
        }
    }
}

/// Decides what to do about a signal.
///
/// `system` is what [`system_of`] found; `journal` is that system's; `now` is when the signal is looked at.
pub fn decide(signal: &Signal, system: Option<&System>, journal: &View, now: Timestamp) -> Decision {
    match (&signal.subject, system) {
        (Subject::Alarm(alarm), None) => Decision::of(
            Verdict::Page,
            Why::UndeclaredAlarm {
                alarm: alarm.name.clone(),
                account: signal.account.clone(),
                region: signal.region.clone(),
            },
        ),
        (Subject::Alarm(alarm), Some(system)) => about_alarm(alarm, system, journal, now),
        (Subject::Database(event), None) => Decision::of(
            Verdict::Ignore,
            Why::UndeclaredDatabase {
                identifier: event.identifier.clone(),
            },
        ),
        (Subject::Database(event), Some(_)) => about_database(event, journal, now),
    }
}

fn about_alarm(alarm: &Alarm, system: &System, journal: &View, now: Timestamp) -> Decision {
    let name = || alarm.name.clone();
    if let Some(seen) = journal.alarms.get(&alarm.name)
        && seen.changed_at > alarm.changed_at
    {
        return Decision::of(
            Verdict::Ignore,
            Why::Superseded {
                alarm: name(),
                since: seen.changed_at,
            },
        );
    }
    match alarm.state {
        AlarmState::Ok => Decision::of(Verdict::Note, Why::AlarmEnded { alarm: name() }),
        AlarmState::InsufficientData => Decision::of(Verdict::Watch, Why::AlarmBlind { alarm: name() }),
        AlarmState::Alarm if alarm.is_held_back() => {
            Decision::of(Verdict::Note, Why::HeldBack { alarm: name() })
        }
        AlarmState::Alarm => {
            let age = since(alarm.changed_at, now);
            let limit = system.policy.signal_max_age;
            if age > limit {
                return Decision::of(Verdict::Ignore, Why::Stale { age, limit });
            }
            match system.alarms.get(&alarm.name).map(|declared| declared.means) {
                Some(Meaning::RegionDown) => may_move(alarm, system, journal, now),
                _ => match cause(alarm, system, journal) {
                    Some(cause) => may_fail_over(&cause, alarm, system, journal, now),
                    None => Decision::of(Verdict::Watch, Why::SymptomAlone { alarm: name() }),
                },
            }
        }
    }
}

/// The alarm that says what is wrong: the one that came, or one that the one that came confirms.
struct Cause {
    alarm: String,
    changed_at: Timestamp,
}

fn cause(alarm: &Alarm, system: &System, journal: &View) -> Option<Cause> {
    let means = |name: &str| system.alarms.get(name).map(|declared| declared.means);
    match means(&alarm.name)? {
        Meaning::RegionDown => None,
        Meaning::DatabaseDown => Some(Cause {
            alarm: alarm.name.clone(),
            changed_at: alarm.changed_at,
        }),
        Meaning::UserImpact
            if !system
                .policy
                .fail_over_database
                .confirmed_by
                .contains(&alarm.name) =>
        {
            None
        }
        Meaning::UserImpact => journal
            .alarms
            .iter()
            .filter(|(name, seen)| seen.in_alarm && means(name) == Some(Meaning::DatabaseDown))
            .max_by_key(|(_, seen)| seen.changed_at)
            .map(|(name, seen)| Cause {
                alarm: name.clone(),
                changed_at: seen.changed_at,
            }),
    }
}

/// The database is said to be down. What speaks against failing it over?
fn may_fail_over(cause: &Cause, came: &Alarm, system: &System, journal: &View, now: Timestamp) -> Decision {
    let policy = &system.policy.fail_over_database;
    let proposal = Proposal {
        recovery: Recovery::FailOverDatabase,
        incident: incident(&system.name, Recovery::FailOverDatabase, cause),
        opened_at: cause.changed_at,
        mode: policy.mode,
        cooldown: policy.cooldown,
        why: Why::DatabaseDown {
            alarm: cause.alarm.clone(),
        },
    };
    let evidence = vec![Evidence::For(format!(
        "{} in ALARM since {}",
        cause.alarm, cause.changed_at
    ))];
    proposal.judge(system, journal, now, evidence, |evidence| {
        match confirmation(&policy.confirmed_by, came, journal) {
            Confirmation::NotNeeded => {}
            Confirmation::Given(by) => evidence.push(Evidence::For(format!("confirmed by {by} in ALARM"))),
            Confirmation::Missing => {
                evidence.push(Evidence::Against("no second signal".to_owned()));
                return Some(Why::Unconfirmed {
                    needs: policy.confirmed_by.clone(),
                });
            }
        }
        None
    })
}

/// The Region that serves is said to be lost. Rule 8: two signals that look at different things. The earliest of
/// them makes the incident, so that it is the same one whichever of them completes the picture.
fn may_move(came: &Alarm, system: &System, journal: &View, now: Timestamp) -> Decision {
    let region_down = |name: &str| {
        let declared = system.alarms.get(name)?;
        (declared.means == Meaning::RegionDown).then_some(declared.watches)
    };
    let noted = journal
        .alarms
        .iter()
        .filter(|(name, seen)| seen.in_alarm && **name != came.name)
        .map(|(name, seen)| (name.as_str(), seen.changed_at));
    let signals: Vec<(&str, Timestamp)> = noted
        .chain(std::iter::once((came.name.as_str(), came.changed_at)))
        .filter(|(name, _)| region_down(name).is_some())
        .collect();
    let watched: BTreeSet<Option<Watches>> =
        signals.iter().filter_map(|(name, _)| region_down(name)).collect();
    let (first, since) = signals
        .iter()
        .min_by_key(|(name, at)| (*at, *name))
        .copied()
        .unwrap_or((&came.name, came.changed_at));
    let cause = Cause {
        alarm: first.to_owned(),
        changed_at: since,
    };
    let policy = &system.policy.fail_over_region;
    let proposal = Proposal {
        recovery: Recovery::FailOverRegion,
        incident: incident(&system.name, Recovery::FailOverRegion, &cause),
        opened_at: since,
        mode: policy.mode,
        cooldown: policy.cooldown,
        why: Why::RegionDown {
            alarms: signals.iter().map(|(name, _)| (*name).to_owned()).collect(),
        },
    };
    let evidence = signals
        .iter()
        .map(|(name, since)| Evidence::For(format!("{name} in ALARM since {since}")))
        .collect();
    proposal.judge(system, journal, now, evidence, |evidence| {
        if watched.len() >= INDEPENDENT_SIGNALS {
            return None;
        }
        evidence.push(Evidence::Against(
            "no second signal that looks at something else".to_owned(),
        ));
        let others = system
            .alarms
            .keys()
            .filter(|name| region_down(name).is_some_and(|watches| !watched.contains(&watches)));
        Some(Why::Unconfirmed {
            needs: others.cloned().collect(),
        })
    })
}

/// How many signals that look at different things it takes before a Region counts as lost (rule 8).
pub const INDEPENDENT_SIGNALS: usize = 2;

/// A recovery that fits, before it is held against what is known.
struct Proposal {
    recovery: Recovery,
    incident: IncidentId,
    opened_at: Timestamp,
    mode: Mode,
    cooldown: Duration,
    why: Why,
}

impl Proposal {
    /// What speaks against it: it is a repetition, something else runs, the cooldown, a missing second signal (which
    /// `unconfirmed` tells), the policy.
    fn judge(
        self,
        system: &System,
        journal: &View,
        now: Timestamp,
        mut evidence: Vec<Evidence>,
        unconfirmed: impl FnOnce(&mut Vec<Evidence>) -> Option<Why>,
    ) -> Decision {
        let Self {
            recovery,
            incident,
            opened_at,
            mode,
            cooldown,
            why,
        } = self;
        let decided = |verdict, why, evidence| Decision {
            verdict,
            why,
            evidence,
        };

        // A repetition first: while that very run is under way, the lock is its own.
        if let Some(known) = journal.incidents.iter().find(|known| known.id == incident) {
            let why = Why::Repeated {
                incident,
                outcome: known.outcome,
            };
            return decided(Verdict::Ignore, why, evidence);
        }
        if let Some(lock) = &journal.lock {
            if lock.is_held(now) {
                let why = Why::RecoveryRunning {
                    incident: lock.holder.clone(),
                };
                return decided(Verdict::Ignore, why, evidence);
            }
            evidence.push(Evidence::For(format!(
                "the lock of {} expired at {}",
                lock.holder, lock.expires_at
            )));
        }
        let last = journal
            .incidents
            .iter()
            .filter(|past| past.recovery == recovery)
            .max_by_key(|past| past.closed_at);
        if let Some(last) = last {
            let until = last
                .closed_at
                .saturating_add(cooldown.signed())
                .unwrap_or(Timestamp::MAX);
            if now < until {
                let why = Why::Cooldown {
                    last: last.id.clone(),
                    outcome: last.outcome,
                    until,
                };
                return decided(Verdict::Ignore, why, evidence);
            }
            evidence.push(Evidence::For(format!(
                "cooldown of {} over since {until}",
                last.id
            )));
        }
        if let Some(why) = unconfirmed(&mut evidence) {
            return decided(Verdict::Watch, why, evidence);
        }
        match mode {
            Mode::Page => decided(Verdict::Page, Why::PolicyPages { recovery }, evidence),
            Mode::Automatic => {
                let run = Run {
                    system: system.name.clone(),
                    incident,
                    recovery,
                    opened_at,
                    because: why.to_string(),
                };
                decided(Verdict::Recover(run), why, evidence)
            }
        }
    }
}

enum Confirmation {
    NotNeeded,
    Given(String),
    Missing,
}

fn confirmation(needed: &[String], came: &Alarm, journal: &View) -> Confirmation {
    if needed.is_empty() {
        return Confirmation::NotNeeded;
    }
    let in_alarm =
        |name: &&String| **name == came.name || journal.alarms.get(*name).is_some_and(|seen| seen.in_alarm);
    needed
        .iter()
        .find(in_alarm)
        .map_or(Confirmation::Missing, |by| Confirmation::Given(by.clone()))
}

/// The alarm's change of state makes the incident, not the message about it: by whatever way and however often the
/// message comes, and whichever of two alarms completes the picture, it is the same incident.
fn incident(system: &SystemName, recovery: Recovery, cause: &Cause) -> IncidentId {
    let key = format!("{}@{}", cause.alarm, cause.changed_at.as_millisecond());
    IncidentId::derive(system, recovery, &key, cause.changed_at)
}

/// Failovers that RDS itself reports as failed: RDS-EVENT-0069 for a cluster.
/// Source: RDS User Guide, USER_Events.Messages.
const FAILED: [events::RdsEventId; 1] = [events::RdsEventId::new(69)];

fn about_database(event: &DatabaseEvent, journal: &View, now: Timestamp) -> Decision {
    let message = event.message.clone();
    if !FAILED.contains(&event.event_id) {
        return Decision::of(Verdict::Note, Why::DatabaseNews { message });
    }
    match &journal.lock {
        // The run that waits for this failover sees it fail by itself, and pages with more to say.
        Some(lock) if lock.is_held(now) => Decision::of(
            Verdict::Ignore,
            Why::RecoveryRunning {
                incident: lock.holder.clone(),
            },
        ),
        _ => Decision::of(Verdict::Page, Why::DatabaseFailoverFailed { message }),
    }
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.as_millisecond() - then.as_millisecond()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
