//! The lock and the record of a run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Run;
use super::assess::Assessment;
use super::database::{Moved, Written};
use super::notify::Failure;
use super::plan::{self, Plan, Raise, What};
use super::region::{self, Answer, Approval, Fencing, Noted, Promoted, RegionAssessment, Seen};
use crate::journal::{Outcome, ZoneLeft};
use crate::names::Epoch;

/// What `journal` can be asked to ensure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ensure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Input {
    /// The run holds its system's lock.
    LockTaken {
        /// The run.
        run: Run,
    },
    /// Recoveries inside the other Region are kept out while the system is moved: the run holds the lock of that
    /// Region's journal too. An unplanned move goes on without it. Answers [`OtherLocked`].
    OtherLockTaken {
        /// The run.
        run: Run,
    },
    /// The run does not hold the lock of the other Region's journal. Answers [`Seen`].
    OtherLockReleased {
        /// The run.
        run: Run,
        /// Whether it may have been taken. If it was not, that Region need not answer.
        taken: bool,
    },
    /// What the run found and did is in the journal.
    Recorded {
        /// The run.
        run: Run,
        /// What happened. Boxed: it is by far the largest field of any step's input.
        record: Box<Record>,
    },
    /// The run does not hold its system's lock.
    LockReleased {
        /// The run.
        run: Run,
    },
}

/// What a run has to tell about itself. As far as it came: a run that failed early has little.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What was observed before anything was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment: Option<Assessment>,
    /// The writer's move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// The proof that it takes writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// Both Regions as observed before anything was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionAssessment>,
    /// Whether the source was known to take no writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fencing: Option<Fencing>,
    /// The person's answer at the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// The other Region's database became the primary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted: Option<Promoted>,
    /// A request through the name was served by the other Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<Seen>,
    /// What a recovery inside a Region was going to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Users were seen to be kept away from the zone of the plan: from then on an evacuation is not undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Seen>,
    /// The proof that it helped, seen from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<Seen>,
    /// What each state saw, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<Noted>,
    /// Why it could not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Record {
    /// How the run ended, from what it has to tell.
    pub fn outcome(&self) -> Outcome {
        use super::assess::Verdict;

        if let Some(region) = &self.region {
            return self.outcome_of_move(region.verdict);
        }
        if let Some(plan) = &self.plan {
            return match (&self.failure, plan.verdict, &self.proven) {
                (Some(_), _, _) => Outcome::Paged,
                (None, plan::Verdict::StandDown, _) => Outcome::StoodDown,
                (None, plan::Verdict::Act, Some(_)) => Outcome::Recovered,
                // Nothing says that it failed, and nothing proves that it worked: that is for a person to look at.
                (None, plan::Verdict::Act, None) => Outcome::Paged,
            };
        }
        let verdict = self.assessment.as_ref().map(|assessment| assessment.verdict);
        match (&self.failure, verdict, &self.written) {
            (Some(_), _, _) => Outcome::Paged,
            (None, Some(Verdict::Healthy), _) => Outcome::StoodDown,
            (None, Some(Verdict::FailOver), Some(_)) => Outcome::Recovered,
            // Nothing says that it failed, and nothing proves that it worked: that is for a person to look at.
            (None, Some(Verdict::FailOver) | None, _) => Outcome::Paged,
        }
    }

    fn outcome_of_move(&self, verdict: region::Verdict) -> Outcome {
        let rejected = self
            .approval
            .as_ref()
            .is_some_and(|approval| approval.answer == Answer::Rejected);
        match (&self.failure, verdict, &self.served) {
            (Some(_), _, _) => Outcome::Paged,
            (None, region::Verdict::StandDown, _) => Outcome::StoodDown,
            (None, _, None) if rejected => Outcome::RolledBack,
            (None, region::Verdict::FailOver | region::Verdict::SwitchOver, Some(_)) => Outcome::Recovered,
            // Nothing says that it failed, and nothing proves that it worked: that is for a person to look at.
            (None, region::Verdict::FailOver | region::Verdict::SwitchOver, None) => Outcome::Paged,
        }
    }

    /// The zone that the run left for good: its users are away, and no undo brings them back.
    pub fn zone_left(&self) -> Option<ZoneLeft> {
        self.away.as_ref()?;
        match &self.plan.as_ref()?.what {
            What::Zone {
                zone: Some(zone),
                standing,
                needed,
                ..
            } => Some(ZoneLeft {
                zone: zone.clone(),
                raise: Raise::of(*standing, *needed),
            }),
            What::Zone { zone: None, .. }
            | What::RollBack { .. }
            | What::Replace { .. }
            | What::ScaleOut { .. }
            | What::FailOverCache { .. } => None,
        }
    }

    /// What was seen, in order, in AWS's words.
    pub fn seen(&self) -> Vec<String> {
        let assessed = self
            .assessment
            .iter()
            .flat_map(|assessment| assessment.seen.iter().cloned());
        let moved = self.moved.iter().map(|moved| moved.seen.clone());
        let written = self.written.iter().map(|written| written.seen.clone());
        let noted = self.timeline.iter().map(ToString::to_string);
        let failed = self.failure.iter().map(ToString::to_string);
        assessed
            .chain(moved)
            .chain(written)
            .chain(noted)
            .chain(failed)
            .collect()
    }
}

/// The run holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    /// The epoch that destructive steps must carry.
    pub epoch: Epoch,
    /// From when on the lock counts as abandoned.
    pub expires_at: Timestamp,
}

/// What came of asking for the lock of the other Region's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherLocked {
    /// When.
    pub at: Timestamp,
    /// Whether the run holds it.
    pub taken: bool,
    /// What was seen.
    pub seen: Vec<String>,
}

/// The run is in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// How it ended.
    pub outcome: Outcome,
}

/// The run does not hold the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Whether it held the lock until now.
    pub was_held: bool,
}
