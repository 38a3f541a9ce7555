//! What is remembered between invocations: the lock, the incidents, the alarms seen, and who was told.
//!
//! [`Journal`] is the only way to it. DynamoDB stands behind it on AWS, an in-memory twin in tests; one contract
//! test runs against both.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::names::{Epoch, IncidentId, Recovery, Region, SystemName, Zone};
use crate::step::Result;
use crate::steps::plan::Raise;
use crate::steps::region::{Approval, Risk};

/// How long a recovery's lock lives unless it is released. Longer than its machine may run (a contract test holds
/// that), so that it expires only when its holder died without reaching its failure branch.
pub const fn lease(recovery: Recovery) -> Duration {
    match recovery {
        Recovery::FailOverDatabase
        | Recovery::ReplaceInstances
        | Recovery::ScaleOut
        | Recovery::FailOverCache => Duration::from_mins(45),
        Recovery::RollBackDeployment | Recovery::EvacuateZone | Recovery::ReturnToZone => {
            Duration::from_mins(80)
        }
        Recovery::FailOverRegion | Recovery::SwitchOverRegion | Recovery::FailBackRegion => {
            Duration::from_mins(250)
        }
    }
}

/// How many incidents a [`View`] holds at most, newest first.
pub const RECENT_INCIDENTS: usize = 20;

/// How many redrives of a run are read at most.
pub const REDRIVES: usize = 20;

/// How many issues of AWS Health a [`View`] holds at most: those that are open first, and of these the ones that AWS
/// spoke of last.
pub const HEALTH_ISSUES: usize = 16;

/// How long AWS's last word on an issue counts. A closed one is forgotten then; an open one of which nothing more was
/// heard counts no more, because the message that closed it may have been lost: EventBridge tries for 24 hours, and
/// then drops it (EventBridge User Guide, eb-rule-retry-policy).
pub const HEALTH_COUNTS_FOR: Duration = Duration::from_mins(24 * 60);

/// A system's lock: one recovery at a time (rule 7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Grows by one each time a new holder takes it.
    pub epoch: Epoch,
    /// The incident that holds it.
    pub holder: IncidentId,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// From when on it counts as abandoned.
    pub expires_at: Timestamp,
}

impl Lock {
    /// Whether it still binds others.
    pub fn is_held(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The condition that the recovery is for was seen to be true again.
    Recovered,
    /// The system was found healthy, so nothing was done to it.
    StoodDown,
    /// A person said no, and everything that was done was undone.
    RolledBack,
    /// The recovery could not go on, and a person was paged.
    Paged,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Recovered => "recovered",
            Self::StoodDown => "stood-down",
            Self::RolledBack => "rolled-back",
            Self::Paged => "paged",
        })
    }
}

/// One run of a recovery, as recorded when it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its identifier, which is also the execution's name.
    pub id: IncidentId,
    /// The system it befell.
    pub system: SystemName,
    /// What was run.
    pub recovery: Recovery,
    /// When the signal that opened it happened.
    pub opened_at: Timestamp,
    /// When it was recorded.
    pub closed_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen, in order, in AWS's words.
    pub seen: Vec<String>,
    /// The zone that it left, if it is an evacuation that came that far: for the way back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<ZoneLeft>,
}

/// A zone that was left, and how that changed the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneLeft {
    /// The zone.
    pub zone: Zone,
    /// The group's size before, and what it was asked for.
    pub raise: Raise,
}

/// The last state in which an alarm was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmSeen {
    /// In ALARM, or not.
    pub in_alarm: bool,
    /// When it changed to that state.
    pub changed_at: Timestamp,
}

/// What AWS Health said last of an issue: of one of AWS's own services, in one Region.
///
/// Its key is the issue's ARN, which is the same in all messages about it, in their copies by way of the backup Region
/// and on all their pages (AWS Health User Guide, aws-health-events-eventbridge-schema).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthSeen {
    /// The service, as AWS Health names it, as in `EC2`.
    pub service: String,
    /// The Region that is impaired, which need not be the one that told it.
    pub region: Region,
    /// What kind of issue, as in `AWS_EC2_OPERATIONAL_ISSUE`.
    pub event_type: String,
    /// Whether it goes on.
    pub status: HealthIssue,
    /// When it began, in AWS's words.
    pub since: Timestamp,
    /// When AWS said this. What it said later wins, in whatever order it is delivered.
    pub said_at: Timestamp,
    /// When this was heard here.
    pub heard_at: Timestamp,
}

/// Whether an issue of AWS Health goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthIssue {
    /// It goes on.
    Open,
    /// It is over.
    Closed,
}

impl HealthSeen {
    /// Whether this is to be kept in place of what was noted before: it was said later, or in the same moment and says
    /// that the issue is over. A copy of what is noted is neither.
    pub fn replaces(&self, noted: &Self) -> bool {
        (self.said_at, self.status) > (noted.said_at, noted.status)
    }

    /// Whether it still counts for anything: see [`HEALTH_COUNTS_FOR`].
    pub fn is_remembered(&self, now: Timestamp) -> bool {
        now.duration_since(self.said_at) < HEALTH_COUNTS_FOR.signed()
    }

    /// Whether, for all that is known, the issue goes on.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.status == HealthIssue::Open && self.is_remembered(now)
    }
}

/// Of all issues that are noted, those that a [`View`] holds.
pub fn health_in_view(all: impl IntoIterator<Item = (String, HealthSeen)>) -> BTreeMap<String, HealthSeen> {
    let mut all: Vec<(String, HealthSeen)> = all.into_iter().collect();
    all.sort_by(|(arn, one), (other_arn, other)| {
        let key = |seen: &HealthSeen| (seen.status, std::cmp::Reverse(seen.said_at));
        key(one).cmp(&key(other)).then_with(|| arn.cmp(other_arn))
    });
    all.truncate(HEALTH_ISSUES);
    all.into_iter().collect()
}

/// A run waits for a person's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The run.
    pub incident: IncidentId,
    /// The token that ends the waiting. Never in a message.
    pub token: String,
    /// When it was asked first.
    pub asked_at: Timestamp,
    /// From when on an answer comes too late.
    pub expires_at: Timestamp,
    /// What an approval has to accept.
    pub risks: Vec<Risk>,
    /// The answer, once there is one. The first one stands.
    pub answer: Option<Approval>,
}

/// A person wants a run to stop. It stops before its next step that changes anything, and undoes what can be undone. Behind
/// a promotion it leads users to where writes are taken first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When it was asked for.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why, in that person's words.
    pub because: String,
}

/// A person has let a run go on from the state in which it failed. A run may be redriven more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// When it was asked for.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why, in that person's words.
    pub because: String,
}

/// A person has disarmed a system: no recovery of it starts by itself until somebody arms it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disarmed {
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why, in that person's words.
    pub because: String,
}

impl std::fmt::Display for Disarmed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "by {} since {}: {}", self.by, self.at, self.because)
    }
}

/// A person has armed a system again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Armed {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why, in that person's words.
    pub because: String,
}

/// What the decision needs to know of a system's past.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The lock, if somebody took it and did not release it. It may have expired.
    pub lock: Option<Lock>,
    /// The latest incidents, newest first, at most [`RECENT_INCIDENTS`].
    pub incidents: Vec<Incident>,
    /// The declared alarms that were seen, by name.
    pub alarms: BTreeMap<String, AlarmSeen>,
    /// What AWS Health said of the services that the system's users depend on, by the issues' ARNs, at most
    /// [`HEALTH_ISSUES`].
    #[serde(default)]
    pub health: BTreeMap<String, HealthSeen>,
    /// Whether a person has disarmed it.
    #[serde(default)]
    pub disarmed: Option<Disarmed>,
}

impl View {
    /// The lock, if it binds others now.
    pub fn held_lock(&self, now: Timestamp) -> Option<&Lock> {
        self.lock.as_ref().filter(|lock| lock.is_held(now))
    }

    /// When the latest run ended, of whatever recovery.
    pub fn last_closed(&self) -> Option<Timestamp> {
        self.incidents.iter().map(|past| past.closed_at).max()
    }

    /// The evacuations from whose zone nobody has returned since, as far as they are among the latest incidents; newest first.
    ///
    /// A way back that found no zone left counts as a return: somebody had put everything right by hand.
    pub fn evacuations(&self) -> Vec<(&Incident, &ZoneLeft)> {
        let returned = self
            .incidents
            .iter()
            .filter(|past| past.recovery == Recovery::ReturnToZone)
            .filter(|past| matches!(past.outcome, Outcome::Recovered | Outcome::StoodDown))
            .map(|past| past.closed_at)
            .max();
        let mut since: Vec<(&Incident, &ZoneLeft)> = self
            .incidents
            .iter()
            .filter(|past| returned.is_none_or(|returned| past.closed_at > returned))
            .filter_map(|past| Some((past, past.left.as_ref()?)))
            .collect();
        since.sort_by_key(|(past, _)| std::cmp::Reverse(past.closed_at));
        since
    }
}

/// What is remembered between invocations. Every operation may be repeated: a repetition changes nothing and gives
/// the same answer.
///
/// # Errors
/// Every operation can fail with `Throttled`, `Unavailable` or `Refused`; further names stand at the operation.
pub trait Journal: Send + Sync {
    /// Takes a system's lock for an incident, or finds that the incident has it already.
    ///
    /// # Errors
    /// `LockHeld` while another incident holds it and it has not expired; `Unavailable` when it was released after
    /// `now`, as it was when this request was held up on its way.
    fn take_lock(
        &self,
        system: &SystemName,
        holder: &IncidentId,
        now: Timestamp,
        lease: Duration,
    ) -> impl Future<Output = Result<Lock>> + Send;

    /// The lock as it is now (a consistent read), if somebody took it and did not release it.
    fn lock(&self, system: &SystemName) -> impl Future<Output = Result<Option<Lock>>> + Send;

    /// Ensures that the incident does not hold the lock, and that no request to take it that was sent before `now` and
    /// was held up on its way takes it afterwards: that would hold it for nobody. The epoch stays. Says whether the
    /// incident held it.
    fn release_lock(
        &self,
        system: &SystemName,
        holder: &IncidentId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Records how a run ended. The first record of an incident stands; a repetition changes nothing.
    fn record(&self, incident: &Incident) -> impl Future<Output = Result<()>> + Send;

    /// Notes an alarm's state, unless a later one is noted already: deliveries may come out of order.
    fn note_alarm(
        &self,
        system: &SystemName,
        alarm: &str,
        seen: AlarmSeen,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Notes what AWS Health says of the issue of that ARN, unless it said something later that is noted already:
    /// deliveries repeat, and may come out of order ([`HealthSeen::replaces`]).
    fn note_health(
        &self,
        system: &SystemName,
        arn: &str,
        seen: &HealthSeen,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Whether a message of that key was sent before.
    fn was_told(&self, system: &SystemName, key: &str) -> impl Future<Output = Result<bool>> + Send;

    /// Notes that a message of that key was sent.
    fn note_told(
        &self,
        system: &SystemName,
        key: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Asks a run's question. Asked again, it takes the new token and keeps everything else, an answer above all;
    /// says what stands in the journal afterwards.
    fn ask(&self, system: &SystemName, question: &Question) -> impl Future<Output = Result<Question>> + Send;

    /// A run's question, if it was asked (a consistent read).
    fn question(
        &self,
        system: &SystemName,
        incident: &IncidentId,
    ) -> impl Future<Output = Result<Option<Question>>> + Send;

    /// Answers a run's question, unless it was answered before; says which answer stands, with its question.
    ///
    /// # Errors
    /// `InvalidInput` when nothing was asked.
    fn answer(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        answer: &Approval,
    ) -> impl Future<Output = Result<Question>> + Send;

    /// Notes that a person wants a run to stop. The first wish stands.
    fn request_stop(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        stop: &Stop,
    ) -> impl Future<Output = Result<Stop>> + Send;

    /// Whether a person wants a run to stop (a consistent read).
    fn stop(
        &self,
        system: &SystemName,
        incident: &IncidentId,
    ) -> impl Future<Output = Result<Option<Stop>>> + Send;

    /// Notes that a person lets a run go on. Each redrive is kept; one of the same moment is a repetition.
    fn note_redrive(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        redrive: &Redrive,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Who let a run go on, and why, the first first (a consistent read): at most [`REDRIVES`].
    fn redrives(
        &self,
        system: &SystemName,
        incident: &IncidentId,
    ) -> impl Future<Output = Result<Vec<Redrive>>> + Send;

    /// Disarms a system: no recovery of it starts by itself until somebody arms it. The first disarming stands until
    /// then; says which one stands.
    fn disarm(
        &self,
        system: &SystemName,
        disarmed: &Disarmed,
    ) -> impl Future<Output = Result<Disarmed>> + Send;

    /// Arms a system again. Says how it was disarmed until now, or nothing where it was armed: then nothing changes.
    fn arm(
        &self,
        system: &SystemName,
        armed: &Armed,
    ) -> impl Future<Output = Result<Option<Disarmed>>> + Send;

    /// Who armed a system last (a consistent read), if anybody did: one that was never disarmed nobody armed.
    fn last_armed(&self, system: &SystemName) -> impl Future<Output = Result<Option<Armed>>> + Send;

    /// What the decision needs to know (consistent reads).
    fn view(&self, system: &SystemName) -> impl Future<Output = Result<View>> + Send;
}
