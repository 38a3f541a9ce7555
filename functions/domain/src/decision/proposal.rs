//! A recovery that fits, held against what speaks against starting it now.

use jiff::Timestamp;

use super::{Decision, Evidence, Known, Verdict, Why};
use crate::duration::Duration;
use crate::journal::Incident;
use crate::names::{IncidentId, Recovery};
use crate::steps::Run;
use crate::system::{Mode, System};

/// A recovery that fits, before it is held against what is known.
pub(super) struct Proposal {
    pub(super) recovery: Recovery,
    /// What makes the incident this one, whoever reports it and however often.
    pub(super) key: String,
    pub(super) opened_at: Timestamp,
    /// Whether it is one more round of what helped before.
    pub(super) is_a_round: bool,
    /// The last run of this recovery, where it did not help and a person was paged about the same.
    pub(super) left_to_people: Option<Incident>,
    /// The time in the incident's name, where that is not when it was opened.
    pub(super) named_at: Option<Timestamp>,
    pub(super) mode: Mode,
    pub(super) cooldown: Duration,
    pub(super) why: Why,
    pub(super) evidence: Vec<Evidence>,
    /// Why it has to wait for a second signal, if it has to.
    pub(super) unconfirmed: Option<Why>,
}

impl Proposal {
    /// A recovery inside the primary Region, under its own policy.
    pub(super) fn inside(
        system: &System,
        recovery: Recovery,
        key: String,
        opened_at: Timestamp,
        why: Why,
    ) -> Self {
        let policy = system.policy.others.get(&recovery);
        Self {
            recovery,
            key,
            opened_at,
            named_at: None,
            is_a_round: false,
            left_to_people: None,
            mode: policy.map_or(Mode::Page, |policy| policy.mode),
            cooldown: policy.map_or(Duration::from_mins(30), |policy| policy.cooldown),
            why,
            evidence: Vec::new(),
            unconfirmed: None,
        }
    }

    #[must_use]
    pub(super) fn with(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// What speaks against it, in this order: it is a repetition, something else runs, the system is disarmed, the cooldown,
    /// a missing second signal, the policy.
    pub(super) fn judge(self, system: &System, known: Known<'_>, is_a_look: bool) -> Decision {
        let Self {
            recovery,
            key,
            opened_at,
            named_at,
            is_a_round,
            left_to_people,
            mode,
            cooldown,
            why,
            mut evidence,
            unconfirmed,
        } = self;
        let (journal, now) = (known.journal, known.now);
        let named =
            |key: &str| IncidentId::derive(&system.name, recovery, key, named_at.unwrap_or(opened_at));
        let last_of_all = journal.incidents.iter().max_by_key(|past| past.closed_at);
        // A run of this name may have found another's lock and left it to that one: its name is used up, and nobody recorded it.
        // Once the other is over, a look starts it under a name of its own; were it recorded, it would be a repetition.
        let afterwards = last_of_all
            .filter(|last| is_a_look && last.closed_at > opened_at)
            .map(|last| named(&format!("{key} after {}", last.id)));
        let first = named(&key);
        let is_this_one = |past: &&Incident| {
            past.id == first || (!is_a_round && past.recovery == recovery && past.opened_at == opened_at)
        };
        let dealt_with = journal
            .incidents
            .iter()
            .find(is_this_one)
            .or(left_to_people.as_ref());
        let incident = match (dealt_with, afterwards) {
            (Some(past), _) => past.id.clone(),
            (None, Some(afterwards)) => afterwards,
            (None, None) => first,
        };
        let about = Some(incident.to_string());
        let decided = |verdict, why, evidence| Decision {
            verdict,
            why,
            evidence,
            about,
        };

        // A repetition first: while that very run is under way, the lock is its own.
        if let Some(past) = dealt_with {
            let why = Why::Repeated {
                incident,
                outcome: past.outcome,
            };
            return decided(Verdict::Ignore, why, evidence);
        }
        if let Some(running) = Decision::running(known) {
            return decided(running.verdict, running.why, evidence);
        }
        if let Some(lock) = &journal.lock {
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
        if let Some(why) = unconfirmed {
            return decided(Verdict::Watch, why, evidence);
        }
        if let Some(disarmed) = &journal.disarmed {
            let why = Why::Disarmed {
                recovery,
                by: disarmed.to_string(),
            };
            return decided(Verdict::Page, why, evidence);
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
