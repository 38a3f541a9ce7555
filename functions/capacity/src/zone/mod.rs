//! Leaving an Availability Zone of the primary Region, and using it again.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@plan`] | `evacuation-planned` and `return-planned`: which zone, and what it takes |
//! | [`evidence`] | which zone is sick, decided without I/O |
//! | [`leave`] | `zone-left`: the group without the zone's subnet, and enough targets healthy elsewhere |
//! | [`rejoin`] | `zone-rejoined`: the undo, and the way back |
//! | [`shift`] | what keeps users away from a zone, as zonal shift describes it; `traffic` sees the same |
//! | [`observe`] | the group and its targets, by zone |

mod change;
pub mod evidence;
pub mod leave;
pub mod observe;
pub mod plan;
pub mod rejoin;
pub mod shift;

use domain::names::Zone;
use domain::step::{Error, Result};
use domain::steps::plan::{Plan, Verdict, What};
use domain::steps::region::GroupSize;

/// What a plan says about a zone that is to be left, or used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving<'a> {
    /// The zone.
    pub zone: &'a Zone,
    /// The group as it stood.
    pub standing: GroupSize,
    /// How many healthy targets the other zones need.
    pub needed: u32,
}

impl<'a> Leaving<'a> {
    /// Reads it from a plan.
    ///
    /// # Errors
    /// `InvalidInput` when the plan is about something else, or says that nothing is to be done.
    pub fn of(plan: &'a Plan) -> Result<Self> {
        match (plan.verdict, &plan.what) {
            (
                Verdict::Act,
                What::Zone {
                    zone: Some(zone),
                    standing,
                    needed,
                    ..
                },
            ) => Ok(Self {
                zone,
                standing: *standing,
                needed: *needed,
            }),
            (_, what) => Err(Error::InvalidInput {
                what: format!("the plan names no zone to leave or to use again: {what:?}"),
            }),
        }
    }

    /// The size that the group is given when the zone is left: upwards only.
    pub fn raised(&self) -> GroupSize {
        GroupSize {
            min: self.standing.min,
            desired: self.standing.desired.max(self.needed),
            max: self.standing.max.max(self.needed),
        }
    }
}
