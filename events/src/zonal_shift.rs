//! Application Recovery Controller: traffic moves away from a zone, by itself (zonal autoshift), for practice, or because
//! somebody asked for it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event_bridge::Envelope;
use crate::json::Object;
use crate::signal::{Signal, Subject};

/// Application Recovery Controller moves traffic away from a zone, or back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct ZonalShiftEvent {
    /// What it does.
    pub change: ZonalShiftChange,
    /// The zone's *ID*, e.g. `use1-az1`, which is the same zone in every account; its name is not.
    pub away_from: String,
    /// The resources whose traffic moves. None when AWS tells an observer that it moves traffic of others (autoshift
    /// observer notification).
    pub resources: Vec<String>,
    /// Why, in AWS's or somebody's words; empty when there are none.
    pub notes: String,
    /// Why a practice run was cut short or failed, in AWS's words; empty when there are none.
    pub failure: String,
    /// When it happened, to the second.
    pub happened_at: Timestamp,
}

impl ZonalShiftEvent {
    /// What it does, to what, and when: the events carry no identifier of the shift.
    fn id(&self, envelope: &Envelope) -> String {
        let Envelope { account, region, .. } = envelope;
        let (zone, change, at) = (&self.away_from, self.change.as_str(), self.happened_at);
        let resources = self.resources.join(",");
        format!("arc-zonal-shift/{account}/{region}/{zone}/{change}/{at}/{resources}")
    }
}

/// What Application Recovery Controller does (EventBridge Events Reference, `events-ref-arc-zonal-shift`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZonalShiftChange {
    /// AWS believes that the zone is impaired, and moves traffic away from it.
    AutoshiftInProgress,
    /// The autoshift is over: traffic comes back.
    AutoshiftCompleted,
    /// The weekly practice began: traffic moves away from a zone that is well.
    PracticeRunStarted,
    /// The practice went well.
    PracticeRunSucceeded,
    /// The practice was cut short.
    PracticeRunInterrupted,
    /// The practice made an outcome alarm rise.
    PracticeRunFailed,
    /// An experiment of Fault Injection Service plays an autoshift.
    ExperimentInProgress,
    /// That experiment is over.
    ExperimentCompleted,
    /// That experiment was cancelled.
    ExperimentCanceled,
    /// Somebody, perhaps Evenkeel, started a zonal shift.
    ManualShiftStarted,
    /// Somebody changed a zonal shift.
    ManualShiftUpdated,
    /// Somebody cancelled a zonal shift.
    ManualShiftCanceled,
}

impl ZonalShiftChange {
    const ALL: [Self; 12] = [
        Self::AutoshiftInProgress,
        Self::AutoshiftCompleted,
        Self::PracticeRunStarted,
        Self::PracticeRunSucceeded,
        Self::PracticeRunInterrupted,
        Self::PracticeRunFailed,
        Self::ExperimentInProgress,
        Self::ExperimentCompleted,
        Self::ExperimentCanceled,
        Self::ManualShiftStarted,
        Self::ManualShiftUpdated,
        Self::ManualShiftCanceled,
    ];

    /// The change as the detail type says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AutoshiftInProgress => "Autoshift In Progress",
            Self::AutoshiftCompleted => "Autoshift Completed",
            Self::PracticeRunStarted => "Practice Run Started",
            Self::PracticeRunSucceeded => "Practice Run Succeeded",
            Self::PracticeRunInterrupted => "Practice Run Interrupted",
            Self::PracticeRunFailed => "Practice Run Failed",
            Self::ExperimentInProgress => "FIS Experiment Autoshift In Progress",
            Self::ExperimentCompleted => "FIS Experiment Autoshift Completed",
            Self::ExperimentCanceled => "FIS Experiment Autoshift Canceled",
            Self::ManualShiftStarted => "Manual Shift Started",
            Self::ManualShiftUpdated => "Manual Shift Updated",
            Self::ManualShiftCanceled => "Manual Shift Canceled",
        }
    }

    /// The change of that detail type.
    pub(crate) fn from_text(detail_type: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|change| change.as_str() == detail_type)
    }
}

/// Reads what Application Recovery Controller does (ARC Developer Guide, `eventbridge-zonal-autoshift`).
pub(crate) fn read(
    event: &Object<'_>,
    envelope: Envelope,
    change: ZonalShiftChange,
) -> Result<Signal, Error> {
    let detail = event.object("detail", "what happens to the traffic")?;
    let metadata = detail.object("metadata", "which zone traffic moves away from")?;
    let said = ZonalShiftEvent {
        change,
        away_from: metadata
            .string("awayFrom", "a zone's ID, like use1-az1")?
            .into_owned(),
        resources: event.strings("resources", "an array of the resources")?,
        notes: metadata
            .optional_string("notes", "why")?
            .unwrap_or_default()
            .into_owned(),
        failure: match detail.object_if_one("data", "what went wrong")? {
            Some(data) => data
                .optional_string("additionalFailureInfo", "why it was interrupted")?
                .unwrap_or_default()
                .into_owned(),
            // An empty string, for all but a practice run.
            None => String::new(),
        },
        happened_at: envelope.time,
    };
    let id = said.id(&envelope);
    Ok(envelope.signal(id, Subject::ZonalShift(said)))
}
