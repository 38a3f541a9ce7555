//! Which recovery fits, if any: a pure function of the signal, the system file, what was found by looking, the journal and
//! the time.
//!
//! Every decision carries its reason and the evidence it weighed, because the person who reads it was either woken
//! by it or was not woken by it.

mod findings;
pub mod health;
mod news;
mod picture;
mod proposal;
mod way_back;
mod why;

use std::fmt;

use events::{Alarm, AlarmState, Asked, Asker, ExecutionEvent, Request, Scope, Signal, Subject};
use jiff::Timestamp;
use serde::Serialize;

use crate::duration::Duration;
use crate::facts::Facts;
use crate::journal::View;
use crate::names::{IncidentId, Recovery};
use crate::steps::Run;
use crate::system::{System, Systems};

pub use findings::{INDEPENDENT_SIGNALS, STUCK_AFTER};
pub use way_back::WELL_FOR;
pub use why::Why;

use findings::{Finding, Occasion};
use picture::Picture;

/// What to do about a signal, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What to do.
    pub verdict: Verdict,
    /// The reason that settled it.
    pub why: Why,
    /// What else was weighed, each for or against recovering.
    pub evidence: Vec<Evidence>,
    /// What makes it this matter and no other, where it is not the signal: an incident, or an alarm's rise. Whoever reports
    /// the same matter again, people hear of it once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
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

/// Something that was weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Speaks for recovering.
    For(String),
    /// Speaks against it.
    Against(String),
    /// Nobody knows it, and it would settle the matter.
    WouldSettle(String),
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(what) => write!(f, "for: {what}"),
            Self::Against(what) => write!(f, "against: {what}"),
            Self::WouldSettle(what) => write!(f, "would settle it: {what}"),
        }
    }
}

impl Decision {
    /// Whether people must hear of it although nothing is started: a page, an outage that the flap guard leaves alone, or
    /// a zone that waits to be used again.
    pub const fn tells_people(&self) -> bool {
        matches!(
            (&self.verdict, &self.why),
            (Verdict::Page, _)
                | (Verdict::Ignore, Why::Cooldown { .. })
                | (Verdict::Note, Why::ZoneLooksWell { .. })
        )
    }

    /// Whether a recovery fits that may not start: another finding may.
    const fn is_held_up(&self) -> bool {
        matches!(
            (&self.verdict, &self.why),
            (Verdict::Ignore, Why::Cooldown { .. } | Why::Repeated { .. })
                | (Verdict::Watch, Why::Unconfirmed { .. })
        )
    }

    /// Whether it says no more than that something shows: less than any other finding.
    const fn is_weak(&self) -> bool {
        matches!(
            self.why,
            Why::SymptomAlone { .. }
                | Why::GreyFailure { .. }
                | Why::LoadOfTooFew { .. }
                | Why::AloneSoFar { .. }
        )
    }

    fn of(verdict: Verdict, why: Why) -> Self {
        Self {
            verdict,
            why,
            evidence: Vec::new(),
            about: None,
        }
    }

    /// What is said while a recovery runs, if one does.
    fn running(known: Known<'_>) -> Option<Self> {
        let incident = known.journal.held_lock(known.now)?.holder.clone();
        Some(Self::of(Verdict::Ignore, Why::RecoveryRunning { incident }))
    }
}

/// What is known besides the signal.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What was found by looking, if somebody looked.
    pub facts: Option<&'a Facts>,
    /// The system's past.
    pub journal: &'a View,
    /// When the signal is looked at.
    pub now: Timestamp,
}

/// The systems that a signal is about: none, one, or all that live where it happened.
pub fn systems_of<'a>(signal: &Signal, systems: &'a Systems) -> Vec<&'a System> {
    let (account, region) = (signal.account.as_str(), signal.region.as_str());
    let at_home =
        |system: &&System| system.account.as_str() == account && system.regions.primary.as_str() == region;
    let one = |system: Option<&'a System>| system.into_iter().collect();
    match &signal.subject {
        Subject::Alarm(alarm) => one(systems
            .declaring_alarm(account, region, &alarm.name)
            .map(|(system, _)| system)),
        Subject::Database(event) => one(systems.owning_database(account, region, &event.identifier)),
        Subject::Deployment(event) => one(systems.iter().filter(at_home).find(|system| {
            let declared = system.deployments.as_ref();
            declared.is_some_and(|own| own.application == event.application && own.group == event.group)
        })),
        Subject::Scaling(event) => one(systems
            .iter()
            .filter(at_home)
            .find(|system| system.web.as_ref().is_some_and(|web| web.group == event.group))),
        Subject::ZonalShift(event) => one(systems.iter().filter(at_home).find(|system| {
            let balancer = system.web.as_ref().and_then(|web| web.load_balancer.as_ref());
            balancer.is_some_and(|balancer| event.resources.contains(balancer))
        })),
        Subject::Cache(event) => one(systems.iter().filter(at_home).find(|system| {
            let group = system
                .cache
                .as_ref()
                .map(|cache| cache.replication_group.as_str());
            group.is_some_and(|group| {
                event.name == group
                    || event
                        .name
                        .strip_prefix(group)
                        .is_some_and(|rest| rest.starts_with('-'))
            })
        })),
        Subject::Execution(event) => one(systems.iter().find(|system| {
            let named = |recovery: Recovery| format!("{}-{}-", system.name, recovery.machine());
            system.lives_in(account, region)
                && Recovery::of_state_machine(&event.state_machine)
                    .is_some_and(|recovery| event.name.starts_with(&named(recovery)))
        })),
        Subject::Health(_) => systems
            .iter()
            .filter(|system| system.lives_in(account, region))
            .collect(),
        Subject::Request(request) => match &request.scope {
            Scope::System(name) => one(systems
                .iter()
                .find(|system| system.name.as_str() == name && system.account.as_str() == account)),
            Scope::AllSystems => systems
                .iter()
                .filter(|system| system.lives_in(account, region))
                .collect(),
        },
        Subject::SelfTest(_) => Vec::new(),
    }
}

/// Whether the judgement of a signal can depend on what is found by looking: what starts nothing needs no look.
pub fn is_worth_a_look(signal: &Signal, system: &System) -> bool {
    if system.web.is_none() {
        return false;
    }
    match &signal.subject {
        Subject::Alarm(alarm) => alarm.state == AlarmState::Alarm && !alarm.is_held_back(),
        Subject::Deployment(event) => news::is_failure(event),
        Subject::ZonalShift(event) => news::is_autoshift(event),
        Subject::Request(request) => request.what == Asked::Assess,
        Subject::Execution(event) => news::is_over(event),
        Subject::Scaling(event) => news::is_failed_launch(event),
        Subject::Health(event) => health::may_settle(signal, event, system),
        Subject::Database(_) | Subject::Cache(_) | Subject::SelfTest(_) => false,
    }
}

/// Decides what to do about a signal.
///
/// `system` is one of those that [`systems_of`] found, or none where it found none.
pub fn decide(signal: &Signal, system: Option<&System>, known: Known<'_>) -> Decision {
    let Some(system) = system else {
        return about_nobody(signal, known.now);
    };
    match &signal.subject {
        Subject::Alarm(alarm) => about_alarm(alarm, system, known),
        Subject::Database(event) => news::database(event, known),
        Subject::Deployment(event) if news::is_failure(event) => {
            if let Some(stale) = stale(event.changed_at, system, known) {
                return stale;
            }
            let occasion = Occasion {
                failed_deployment: Some(&event.deployment),
                ..Occasion::default()
            };
            weigh(system, known, None, occasion).unwrap_or_else(|| news::deployment(event))
        }
        Subject::Deployment(event) => news::deployment(event),
        Subject::ZonalShift(event) if news::is_autoshift(event) => {
            if let Some(stale) = stale(event.happened_at, system, known) {
                return stale;
            }
            let zones = system.web.iter().flat_map(|web| &web.zones);
            let occasion = Occasion {
                autoshift: zones
                    .into_iter()
                    .find(|(_, id)| id.0 == event.away_from)
                    .map(|(zone, _)| zone),
                ..Occasion::default()
            };
            weigh(system, known, None, occasion).unwrap_or_else(|| news::zonal_shift(event))
        }
        Subject::ZonalShift(event) => news::zonal_shift(event),
        Subject::Scaling(event) if news::is_failed_launch(event) => {
            if let Some(stale) = stale(event.happened_at, system, known) {
                return stale;
            }
            weigh(system, known, None, Occasion::look()).unwrap_or_else(|| news::scaling(event))
        }
        Subject::Scaling(event) => news::scaling(event),
        Subject::Execution(event) => about_execution(event, system, known),
        Subject::Cache(event) => news::cache(event),
        Subject::Health(event) => health::judge(signal, event, system, known),
        Subject::Request(request) => about_request(signal, request, system, known),
        Subject::SelfTest(_) => Decision::of(Verdict::Note, Why::SelfTest),
    }
}

/// Nothing declared is meant. An alarm that nobody declared is a page, because somebody sent it here: one an hour and Region,
/// however many there are. The rest is not ours.
fn about_nobody(signal: &Signal, now: Timestamp) -> Decision {
    let (account, region) = (&signal.account, &signal.region);
    match &signal.subject {
        Subject::Alarm(alarm) => Decision {
            about: Some(format!("{account}/{region}/{}", now.strftime("%Y-%m-%dT%H"))),
            ..Decision::of(
                Verdict::Page,
                Why::UndeclaredAlarm {
                    alarm: alarm.name.clone(),
                    account: account.clone(),
                    region: region.clone(),
                },
            )
        },
        Subject::Database(event) => Decision::of(
            Verdict::Ignore,
            Why::UndeclaredDatabase {
                identifier: event.identifier.clone(),
            },
        ),
        Subject::SelfTest(_) => Decision::of(Verdict::Note, Why::SelfTest),
        _ => Decision::of(
            Verdict::Ignore,
            Why::NotOurs {
                what: signal.id.clone(),
            },
        ),
    }
}

fn about_alarm(alarm: &Alarm, system: &System, known: Known<'_>) -> Decision {
    let name = || alarm.name.clone();
    if let Some(seen) = known.journal.alarms.get(&alarm.name)
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
            if let Some(stale) = stale(alarm.changed_at, system, known) {
                return stale;
            }
            weigh(system, known, Some(alarm), Occasion::default())
                .unwrap_or_else(|| Decision::of(Verdict::Watch, Why::SymptomAlone { alarm: name() }))
        }
    }
}

/// A run is over: what came while it held the lock is judged now. One that ended without its own failure path is a page, because
/// nobody else tells it.
fn about_execution(event: &ExecutionEvent, system: &System, known: Known<'_>) -> Decision {
    if !news::is_over(event) {
        return news::execution(event);
    }
    if let Some(page) = news::died(event, known) {
        return page;
    }
    weigh(system, known, None, Occasion::look()).unwrap_or_else(|| news::execution(event))
}

fn stale(happened_at: Timestamp, system: &System, known: Known<'_>) -> Option<Decision> {
    let (age, limit) = (since(happened_at, known.now), system.policy.signal_max_age);
    (age > limit).then(|| Decision::of(Verdict::Ignore, Why::Stale { age, limit }))
}

/// A schedule looks at the system, or a person asks for something.
fn about_request(signal: &Signal, request: &Request, system: &System, known: Known<'_>) -> Decision {
    match &request.what {
        Asked::Assess => weigh(system, known, None, Occasion::look())
            .unwrap_or_else(|| Decision::of(Verdict::Note, Why::AllIsWell)),
        Asked::Drill { recovery } => Decision::of(
            Verdict::Ignore,
            Why::CannotBeAsked {
                what: format!(
                    "a drill of {recovery} cannot be asked for: rehearse it with `evenkeel rehearse`"
                ),
            },
        ),
        Asked::Recover { recovery } => {
            let Some(recovery) = Recovery::named(recovery) else {
                let what = format!("no recovery is named `{recovery}`");
                return Decision::of(Verdict::Ignore, Why::CannotBeAsked { what });
            };
            // A person may always act (rule 9): no cooldown, no policy, no disarming stands in the way; another run does.
            if let Some(running) = Decision::running(known) {
                return running;
            }
            let by = match &request.by {
                Asker::Person { name, because } => format!("{name}: {because}"),
                Asker::Schedule { arn } => arn.clone(),
            };
            let why = Why::Asked { by };
            let run = Run {
                system: system.name.clone(),
                incident: IncidentId::derive(&system.name, recovery, &signal.id, request.asked_at),
                recovery,
                opened_at: request.asked_at,
                because: why.to_string(),
            };
            Decision::of(Verdict::Recover(run), why)
        }
    }
}

/// Weighs everything that is known: the first finding that may be acted on settles it. One that is held up by a cooldown, by
/// having been dealt with, or for want of a second signal does not stand in the way of another kind (rule 9), but is what
/// is said when there is no other.
fn weigh(
    system: &System,
    known: Known<'_>,
    came: Option<&Alarm>,
    occasion: Occasion<'_>,
) -> Option<Decision> {
    let picture = Picture::new(system, known, came);
    if occasion.is_a_look
        && let Some(page) = findings::stuck(&picture)
    {
        return Some(page);
    }
    let (mut held_up, mut weak) = (None, None);
    for finding in findings::all(&picture, occasion) {
        let decision = match finding {
            Finding::Fits(proposal) => proposal.judge(system, known, occasion.is_a_look),
            // The run that holds the lock is about something that is wrong; when it is over, all this is judged again.
            Finding::Named(decision) => Decision::running(known).unwrap_or(*decision),
        };
        if decision.is_held_up() {
            held_up = held_up.or(Some(decision));
        } else if decision.is_weak() {
            weak = weak.or(Some(decision));
        } else {
            return Some(decision);
        }
    }
    held_up.or(weak)
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.as_millisecond() - then.as_millisecond()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
