//! Moving a system to another Region: what its steps tell each other.
//!
//! Every output of these steps carries `at` and `seen`: when it was seen, and what, in AWS's words. The machines
//! append them to the record's timeline, from which a reviewer can check each rule.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::names::Region;
use crate::system::Objectives;

/// What was seen by one state of a machine, for the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noted {
    /// The state.
    pub state: String,
    /// When its condition was seen to be true.
    pub at: Timestamp,
    /// The rules of the guide that it keeps.
    #[serde(default)]
    pub rules: Vec<u8>,
    /// What was seen, in AWS's words.
    pub seen: Vec<String>,
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at.strftime("%H:%M:%S%.3fZ"), self.state)?;
        let mut rules = self.rules.iter();
        if let Some(first) = rules.next() {
            let word = if self.rules.len() == 1 { "rule" } else { "rules" };
            write!(f, " ({word} {first}")?;
            for rule in rules {
                write!(f, ", {rule}")?;
            }
            f.write_str(")")?;
        }
        write!(f, ": {}", self.seen.join("; "))
    }
}

/// Both Regions as observed before anything is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionAssessment {
    /// When.
    pub at: Timestamp,
    /// What is to be done.
    pub verdict: Verdict,
    /// The Region that serves.
    pub from: Region,
    /// The Region that is to serve.
    pub to: Region,
    /// Whether the serving Region's RDS answered.
    pub source_reachable: bool,
    /// Where the database is written to, as RDS in the target Region says.
    pub writer_in: Option<Region>,
    /// How far the target's database lags, if anybody knows.
    pub lag: Option<Lag>,
    /// What the target Region can serve with.
    pub capacity: CapacityAssessment,
    /// What was seen, in AWS's words.
    pub seen: Vec<String>,
}

/// What is to be done about a Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The source does not serve: promote what there is.
    FailOver,
    /// The source is well: hand over without loss.
    SwitchOver,
    /// Nothing is wrong with the source (unplanned), or the target serves already: nothing to do.
    StandDown,
}

/// How far a database lags behind the one in the other Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// The lag, in milliseconds.
    pub lag_ms: u64,
    /// When it was measured.
    pub measured_at: Timestamp,
    /// How long before the failure (or before now, when there is none) it was measured, in milliseconds.
    pub age_ms: u64,
}

/// How old a lag may be and still be believed: RDS metrics have one-minute periods, of which two may be missing.
/// Source: Aurora User Guide, Aurora.AuroraMonitoring.Metrics.
pub const FRESH_LAG: Duration = Duration::from_secs(180);

/// What the target Region can serve with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityAssessment {
    /// The target's group as it stands: what an undo restores.
    pub standing: GroupSize,
    /// How many instances of the source's group are in service, if it answered.
    pub source_in_service: Option<u32>,
    /// How many healthy instances the target needs: at least what the source served with, within the system's limit.
    pub needed: u32,
}

/// An Auto Scaling group's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSize {
    /// `MinSize`
    pub min: u32,
    /// `DesiredCapacity`
    pub desired: u32,
    /// `MaxSize`
    pub max: u32,
}

impl fmt::Display for GroupSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "min {}, desired {}, max {}", self.min, self.desired, self.max)
    }
}

/// Whether writes to the source are known to have stopped (rule 4). "Unknown" is never "fenced".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fencing {
    /// When.
    pub at: Timestamp,
    /// Whether there is positive evidence.
    pub fence: Fence,
    /// Until when the source may have taken writes, where a write lease that ran out is the evidence. Every other kind
    /// is a word of RDS, which reached the source and fenced it: what it had written by then could still be replicated,
    /// and the lag says what was not. A lease runs out by itself, in a Region that nobody could reach, and whose last
    /// writes may have arrived nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes_until: Option<Timestamp>,
    /// What was seen, in AWS's words.
    pub seen: Vec<String>,
}

/// Evidence of a fence, or its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fence {
    /// Positive evidence: an event of RDS, the isolation seen in place and the source's own write check refused, or the
    /// source's write lease run out and taken over.
    Fenced,
    /// The source did not answer, or nothing proves that it takes no writes.
    Unknown,
    /// RDS says that fencing the old primary timed out (RDS-EVENT-0391).
    TimedOut,
}

/// Something that a person has to accept by name before anything is promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// What was written within the lag before the failure is lost. Within the objective.
    DataLoss,
    /// More would be lost than the recovery point objective allows.
    LagOverBudget,
    /// Nobody knows how much would be lost.
    LagUnknown,
    /// Nothing proves that the old primary takes no writes any more.
    NotFenced,
    /// When the global cluster refuses to fail over, the target is detached from it and promoted alone.
    Detach,
}

impl Risk {
    /// Every risk there is.
    pub const ALL: [Self; 5] = [
        Self::DataLoss,
        Self::LagOverBudget,
        Self::LagUnknown,
        Self::NotFenced,
        Self::Detach,
    ];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::DataLoss => "data-loss",
            Self::LagOverBudget => "lag-over-budget",
            Self::LagUnknown => "lag-unknown",
            Self::NotFenced => "not-fenced",
            Self::Detach => "detach",
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl std::str::FromStr for Risk {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::word).join(", ");
        Self::ALL
            .into_iter()
            .find(|risk| risk.word() == text)
            .ok_or_else(|| format!("`{text}` is no risk: expected one of {}", names()))
    }
}

/// What a failover loses at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Acknowledged writes of so many milliseconds.
    pub ms: u64,
    /// Where they may have been written for longer than the lag says, under a write lease: until then.
    pub writes_until: Option<Timestamp>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.ms / 1_000, self.ms % 1_000);
        match self.writes_until {
            None => write!(
                f,
                "writes of the last {seconds}.{ms:03} s before the failure are lost"
            ),
            Some(until) => write!(
                f,
                "writes of up to {seconds}.{ms:03} s (the source's lease let it write until {until}, and nothing is known \
                 to have arrived since {}) are lost",
                since(until, self.ms)
            ),
        }
    }
}

/// The instant so many milliseconds before another.
fn since(until: Timestamp, ms: u64) -> Timestamp {
    until
        .checked_sub(Duration::from_millis(ms).signed())
        .unwrap_or(Timestamp::MIN)
}

/// What a failover loses at most, if anybody knows: what had not arrived when the lag was last measured. A source that
/// went on writing under its lease while nothing arrived lost all of that as well: when the replication stopped is not
/// known, so everything counts that was written after the last instant that is known to have arrived.
pub fn loss(assessment: &RegionAssessment, fencing: Option<&Fencing>) -> Option<Loss> {
    let lag = assessment.lag.filter(|lag| lag.age_ms <= FRESH_LAG.as_millis())?;
    let arrived_until = since(lag.measured_at, lag.lag_ms);
    let by_lease = fencing
        .and_then(|fencing| fencing.writes_until)
        .and_then(|until| {
            let ms = until.as_millisecond() - arrived_until.as_millisecond();
            Some((u64::try_from(ms).ok()?, until))
        })
        .filter(|(ms, _)| *ms > lag.lag_ms);
    Some(match by_lease {
        Some((ms, until)) => Loss {
            ms,
            writes_until: Some(until),
        },
        None => Loss {
            ms: lag.lag_ms,
            writes_until: None,
        },
    })
}

/// What a person has to accept before the target is promoted; empty when nothing can be lost (rules 4 and 5). Nobody
/// having looked for evidence of a fence is as good as having found none.
pub fn risks(assessment: &RegionAssessment, fencing: Option<&Fencing>, promised: &Objectives) -> Vec<Risk> {
    match assessment.verdict {
        Verdict::StandDown | Verdict::SwitchOver => Vec::new(),
        Verdict::FailOver => {
            let loss = match loss(assessment, fencing) {
                None => Risk::LagUnknown,
                Some(loss) if loss.ms > promised.rpo.as_millis() => Risk::LagOverBudget,
                Some(_) => Risk::DataLoss,
            };
            let fenced = fencing.is_some_and(|fencing| fencing.fence == Fence::Fenced);
            let unfenced = (!fenced).then_some(Risk::NotFenced);
            std::iter::once(loss).chain(unfenced).collect()
        }
    }
}

/// A person's answer at the gate. The output of the state that waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// When it was given.
    pub at: Timestamp,
    /// Yes or no.
    pub answer: Answer,
    /// Who answered.
    pub by: String,
    /// Why, in that person's words.
    pub because: String,
    /// The risks that were accepted.
    #[serde(default)]
    pub accepted: Vec<Risk>,
    /// The same for the timeline.
    pub seen: Vec<String>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Go on.
    Approved,
    /// Undo what was done.
    Rejected,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        })
    }
}

/// How the target's database becomes the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promotion {
    /// As the replication and the verdict say: switchover, failover with data loss, or promotion of the replica.
    Regular,
    /// Detached from the global cluster and promoted alone: the last resort.
    Detach,
}

/// The target's database is the primary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promoted {
    /// When.
    pub at: Timestamp,
    /// Whether the old primary is known to take no writes.
    pub fence: Fence,
    /// What was seen, in AWS's words.
    pub seen: Vec<String>,
}

/// Whether the database is still written to where it was: only then may what was done before be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InPlace {
    /// When.
    pub at: Timestamp,
    /// Whether nothing was promoted and nothing is about to be.
    pub in_place: bool,
    /// What was seen, in AWS's words.
    pub seen: Vec<String>,
}

/// A condition was seen to be true; there is nothing more to say about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// What was seen, in AWS's words.
    pub seen: Vec<String>,
}

/// Users were sent to the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shifted {
    /// When.
    pub at: Timestamp,
    /// The change that Route 53 has to bring everywhere, where a record was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<String>,
    /// What was seen, in AWS's words.
    pub seen: Vec<String>,
}

/// Every authoritative name server leads to the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// When.
    pub at: Timestamp,
    /// How long resolvers may still keep the old answer, in seconds.
    pub ttl_seconds: u64,
    /// What was seen.
    pub seen: Vec<String>,
}

#[cfg(test)]
mod tests;
