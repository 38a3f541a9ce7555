//! What keeps users away from a zone, as zonal shift of Application Recovery Controller describes it for a load
//! balancer.
//!
//! At most one shift is applied to a load balancer at a time. One that a customer starts goes before AWS's own
//! autoshift, and both go before practice runs and experiments, which they end. Source: ARC Developer Guide,
//! arc-zonal-autoshift.how-it-works.precedence.

use std::fmt;

use aws_sdk_arczonalshift::Client;
use aws_sdk_arczonalshift::operation::get_managed_resource::GetManagedResourceOutput;
use aws_sdk_arczonalshift::types::{AppliedStatus, AutoshiftAppliedStatus, ShiftType, ZonalShiftInResource};
use domain::names::{IncidentId, ZoneId};
use domain::step::Result;
use runtime::aws::classify;

/// The call that looks.
pub const DESCRIBE: &str = "arc-zonal-shift:GetManagedResource";

/// What every comment of ours begins with.
const OURS: &str = "evenkeel ";

/// The comment by which a shift of an incident is known again.
pub fn comment(incident: &IncidentId) -> String {
    format!("{OURS}{incident}")
}

/// The shifts of a load balancer at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shifts {
    /// Whether zonal shift may move its traffic at all. It may not unless somebody switched that on
    /// (`zonal_shift.config.enabled`). Source: User Guide for Application Load Balancers, zonal-shift.
    pub enabled: bool,
    /// Those that are active, applied or not.
    pub active: Vec<Shift>,
}

/// A shift away from a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Who started it.
    pub by: By,
    /// The zone's ID.
    pub away_from: ZoneId,
    /// Whether it is the one in force.
    pub applied: bool,
    /// When it ends by itself, in AWS's words. AWS alone ends an autoshift.
    pub expires: Option<String>,
}

/// Who started a shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// AWS, because it thinks that the zone is impaired.
    Autoshift,
    /// AWS or a person, to practise. It is over after half an hour, and proves nothing about the zone.
    Practice,
    /// One of our runs.
    Us {
        /// Its id.
        id: String,
        /// The comment, which names the incident.
        comment: String,
    },
    /// A person, or another program.
    Somebody {
        /// Its id.
        id: String,
        /// What was said about it.
        comment: String,
    },
}

impl Shifts {
    /// The one that decides where users go: what is practised gives way to whatever is meant.
    pub fn in_force(&self) -> Option<&Shift> {
        let mut meant = self.active.iter().filter(|shift| shift.by != By::Practice);
        meant.rfind(|shift| shift.applied)
    }

    /// AWS's autoshifts, whether or not another shift goes before them.
    pub fn autoshifts(&self) -> impl Iterator<Item = &Shift> {
        self.active.iter().filter(|shift| shift.by == By::Autoshift)
    }

    /// Those of our runs.
    pub fn ours(&self) -> impl Iterator<Item = &Shift> {
        self.active
            .iter()
            .filter(|shift| matches!(shift.by, By::Us { .. }))
    }
}

impl fmt::Display for Shifts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.enabled {
            return f.write_str("zonal shift is not enabled for it");
        }
        let mut active = self.active.iter();
        match active.next() {
            None => f.write_str("no zonal shift is active"),
            Some(first) => {
                write!(f, "{first}")?;
                active.try_for_each(|shift| write!(f, "; {shift}"))
            }
        }
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { away_from, .. } = self;
        match &self.by {
            By::Autoshift => write!(f, "AWS's autoshift away from {away_from}")?,
            By::Practice => write!(f, "a practice run away from {away_from}")?,
            By::Us { id, comment } | By::Somebody { id, comment } => {
                write!(f, "zonal shift {id} away from {away_from} (\"{comment}\")")?;
            }
        }
        if let Some(expires) = &self.expires {
            write!(f, " until {expires}")?;
        }
        f.write_str(if self.applied { "" } else { ", not applied" })
    }
}

/// Looks at a load balancer.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`. A load balancer that zonal shift does not know is none: nothing shifts it.
pub async fn observe(client: &Client, load_balancer: &str) -> Result<Shifts> {
    let answer = client
        .get_managed_resource()
        .resource_identifier(load_balancer)
        .send()
        .await;
    match answer {
        Ok(answer) => Ok(Shifts::of(&answer)),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_not_found_exception()) =>
        {
            Ok(Shifts::default())
        }
        Err(error) => Err(classify(DESCRIBE, error)),
    }
}

impl Shifts {
    fn of(answer: &GetManagedResourceOutput) -> Self {
        let autoshifts = answer.autoshifts().iter().map(|autoshift| Shift {
            by: By::Autoshift,
            away_from: ZoneId(autoshift.away_from().to_owned()),
            applied: *autoshift.applied_status() == AutoshiftAppliedStatus::Applied,
            expires: None,
        });
        let started = answer.zonal_shifts().iter().map(|shift| Shift {
            by: By::of(shift),
            away_from: ZoneId(shift.away_from().to_owned()),
            applied: *shift.applied_status() == AppliedStatus::Applied,
            expires: Some(shift.expiry_time().to_string()),
        });
        Self {
            enabled: true,
            active: autoshifts.chain(started).collect(),
        }
    }
}

impl By {
    fn of(shift: &ZonalShiftInResource) -> Self {
        let (id, comment) = (shift.zonal_shift_id().to_owned(), shift.comment().to_owned());
        match shift.shift_type() {
            Some(ShiftType::PracticeRun | ShiftType::FisExperiment) => Self::Practice,
            Some(ShiftType::ZonalAutoshift) => Self::Autoshift,
            // An older answer has no type, but the outcome of what was practised.
            None if shift.practice_run_outcome().is_some() => Self::Practice,
            Some(_) | None if comment.starts_with(OURS) => Self::Us { id, comment },
            Some(_) | None => Self::Somebody { id, comment },
        }
    }
}
