//! The journal without DynamoDB.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::duration::Duration;
use domain::journal::{
    AlarmSeen, Armed, Disarmed, HealthSeen, Incident, Journal, Lock, Question, RECENT_INCIDENTS, REDRIVES,
    Redrive, Stop, View, health_in_view,
};
use domain::names::{Epoch, IncidentId, SystemName};
use domain::step::Result;
use domain::steps::region::Approval;
use jiff::Timestamp;

use crate::{arming, key, lock, question};

/// A journal that lives as long as the process: the twin of [`crate::DynamoJournal`] for tests and rehearsals. Clones
/// are the same journal.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    systems: Arc<Mutex<BTreeMap<SystemName, State>>>,
}

/// What is remembered of one system.
#[derive(Debug, Default)]
struct State {
    /// The last epoch that was given out; it outlives the lock.
    epoch: Epoch,
    lock: Option<Lock>,
    /// When it was taken or released last; it outlives the lock.
    changed_at: Option<Timestamp>,
    alarms: BTreeMap<String, AlarmSeen>,
    health: BTreeMap<String, HealthSeen>,
    /// By the sort keys of the table, hence in its order.
    incidents: BTreeMap<String, Incident>,
    told: BTreeSet<String>,
    questions: BTreeMap<IncidentId, Question>,
    stops: BTreeMap<IncidentId, Stop>,
    /// By the sort keys of the table, hence in its order.
    redrives: BTreeMap<String, Redrive>,
    disarmed: Option<Disarmed>,
    last_armed: Option<Armed>,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    fn systems(&self) -> MutexGuard<'_, BTreeMap<SystemName, State>> {
        // Nothing here can panic between two changes that belong together, so what a poisoned mutex holds is whole.
        self.systems.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    async fn take_lock(
        &self,
        system: &SystemName,
        holder: &IncidentId,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Lock> {
        let mut systems = self.systems();
        let state = systems.entry(system.clone()).or_default();
        match &state.lock {
            Some(held) if held.is_held(now) => {
                if held.holder == *holder {
                    Ok(held.clone())
                } else {
                    Err(lock::held(held))
                }
            }
            // A request that was held up on its way is older than what has happened since.
            None if state
                .changed_at
                .is_some_and(|changed| changed > lock::in_millis(now)) =>
            {
                Err(lock::late())
            }
            Some(_) | None => {
                state.epoch = Epoch(state.epoch.0 + 1);
                let taken = lock::taken(state.epoch, holder, now, lease);
                state.lock = Some(taken.clone());
                state.changed_at = Some(taken.taken_at);
                Ok(taken)
            }
        }
    }

    async fn lock(&self, system: &SystemName) -> Result<Option<Lock>> {
        Ok(self.systems().get(system).and_then(|state| state.lock.clone()))
    }

    async fn release_lock(&self, system: &SystemName, holder: &IncidentId, now: Timestamp) -> Result<bool> {
        let mut systems = self.systems();
        let state = systems.entry(system.clone()).or_default();
        let now = lock::in_millis(now);
        let is_late = state.changed_at.is_some_and(|changed| changed > now);
        match &state.lock {
            Some(lock) if lock.holder != *holder => Ok(false),
            Some(_) if is_late => Err(lock::late()),
            None if is_late => Ok(false),
            Some(_) | None => {
                state.changed_at = Some(now);
                Ok(state.lock.take().is_some())
            }
        }
    }

    async fn record(&self, incident: &Incident) -> Result<()> {
        let kept = Incident {
            opened_at: lock::in_millis(incident.opened_at),
            closed_at: lock::in_millis(incident.closed_at),
            ..incident.clone()
        };
        let mut systems = self.systems();
        let state = systems.entry(incident.system.clone()).or_default();
        state
            .incidents
            .entry(key::incident(kept.opened_at, &kept.id))
            .or_insert(kept);
        Ok(())
    }

    async fn note_alarm(&self, system: &SystemName, alarm: &str, seen: AlarmSeen) -> Result<()> {
        let seen = AlarmSeen {
            changed_at: lock::in_millis(seen.changed_at),
            ..seen
        };
        let mut systems = self.systems();
        let alarms = &mut systems.entry(system.clone()).or_default().alarms;
        if alarms
            .get(alarm)
            .is_none_or(|noted| noted.changed_at < seen.changed_at)
        {
            alarms.insert(alarm.to_owned(), seen);
        }
        Ok(())
    }

    async fn note_health(&self, system: &SystemName, arn: &str, seen: &HealthSeen) -> Result<()> {
        let seen = HealthSeen {
            since: lock::in_millis(seen.since),
            said_at: lock::in_millis(seen.said_at),
            heard_at: lock::in_millis(seen.heard_at),
            ..seen.clone()
        };
        let mut systems = self.systems();
        let health = &mut systems.entry(system.clone()).or_default().health;
        if health.get(arn).is_none_or(|noted| seen.replaces(noted)) {
            health.insert(arn.to_owned(), seen);
        }
        Ok(())
    }

    async fn was_told(&self, system: &SystemName, key: &str) -> Result<bool> {
        Ok(self
            .systems()
            .get(system)
            .is_some_and(|state| state.told.contains(key)))
    }

    async fn note_told(&self, system: &SystemName, key: &str, _now: Timestamp) -> Result<()> {
        self.systems()
            .entry(system.clone())
            .or_default()
            .told
            .insert(key.to_owned());
        Ok(())
    }

    async fn ask(&self, system: &SystemName, question: &Question) -> Result<Question> {
        let mut systems = self.systems();
        let questions = &mut systems.entry(system.clone()).or_default().questions;
        let kept = questions
            .entry(question.incident.clone())
            .and_modify(|known| known.token.clone_from(&question.token))
            .or_insert_with(|| question::in_millis(question));
        Ok(kept.clone())
    }

    async fn question(&self, system: &SystemName, incident: &IncidentId) -> Result<Option<Question>> {
        let systems = self.systems();
        Ok(systems
            .get(system)
            .and_then(|state| state.questions.get(incident).cloned()))
    }

    async fn answer(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        answer: &Approval,
    ) -> Result<Question> {
        let mut systems = self.systems();
        let asked = systems
            .get_mut(system)
            .and_then(|state| state.questions.get_mut(incident))
            .ok_or_else(|| question::nothing_asked(incident))?;
        asked.answer.get_or_insert_with(|| answer.clone());
        Ok(asked.clone())
    }

    async fn request_stop(&self, system: &SystemName, incident: &IncidentId, stop: &Stop) -> Result<Stop> {
        let mut systems = self.systems();
        let stops = &mut systems.entry(system.clone()).or_default().stops;
        let stop = stops.entry(incident.clone()).or_insert_with(|| Stop {
            at: lock::in_millis(stop.at),
            ..stop.clone()
        });
        Ok(stop.clone())
    }

    async fn stop(&self, system: &SystemName, incident: &IncidentId) -> Result<Option<Stop>> {
        let systems = self.systems();
        Ok(systems
            .get(system)
            .and_then(|state| state.stops.get(incident).cloned()))
    }

    async fn note_redrive(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        redrive: &Redrive,
    ) -> Result<()> {
        let kept = Redrive {
            at: lock::in_millis(redrive.at),
            ..redrive.clone()
        };
        let mut systems = self.systems();
        let redrives = &mut systems.entry(system.clone()).or_default().redrives;
        redrives.entry(key::redrive(incident, kept.at)).or_insert(kept);
        Ok(())
    }

    async fn redrives(&self, system: &SystemName, incident: &IncidentId) -> Result<Vec<Redrive>> {
        let (systems, prefix) = (self.systems(), key::redrives(incident));
        let all = systems.get(system).into_iter().flat_map(|state| &state.redrives);
        let of_the_run = all.filter(|(key, _)| key.starts_with(&prefix));
        Ok(of_the_run
            .take(REDRIVES)
            .map(|(_, redrive)| redrive.clone())
            .collect())
    }

    async fn disarm(&self, system: &SystemName, disarmed: &Disarmed) -> Result<Disarmed> {
        let mut systems = self.systems();
        let state = systems.entry(system.clone()).or_default();
        Ok(state
            .disarmed
            .get_or_insert_with(|| arming::in_millis(disarmed))
            .clone())
    }

    async fn arm(&self, system: &SystemName, armed: &Armed) -> Result<Option<Disarmed>> {
        let mut systems = self.systems();
        let state = systems.entry(system.clone()).or_default();
        let disarmed = state.disarmed.take();
        if disarmed.is_some() {
            state.last_armed = Some(Armed {
                at: lock::in_millis(armed.at),
                ..armed.clone()
            });
        }
        Ok(disarmed)
    }

    async fn last_armed(&self, system: &SystemName) -> Result<Option<Armed>> {
        let systems = self.systems();
        Ok(systems.get(system).and_then(|state| state.last_armed.clone()))
    }

    async fn view(&self, system: &SystemName) -> Result<View> {
        let systems = self.systems();
        let Some(state) = systems.get(system) else {
            return Ok(View::default());
        };
        Ok(View {
            lock: state.lock.clone(),
            incidents: state
                .incidents
                .values()
                .rev()
                .take(RECENT_INCIDENTS)
                .cloned()
                .collect(),
            alarms: state.alarms.clone(),
            health: health_in_view(state.health.clone()),
            disarmed: state.disarmed.clone(),
        })
    }
}
