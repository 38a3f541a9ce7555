//! Leaving an Availability Zone of the primary Region, and using it again.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@plan`] | `evacuation-planned` and `return-planned`: which zone, and what it takes |
//! | [`evidence`] | which zone is sick, decided without I/O |
//! | [`leave`] | `zone-left`: the group without the zone's subnet, and enough targets healthy elsewhere |
//! | [`rejoin`] | `zone-rejoined`: the undo, and the way back |
//! | [`lower`] | `raise-taken-back`: the size that the group had before the evacuation |
//! | [`shift`] | what keeps users away from a zone, as zonal shift describes it; `traffic` sees the same |
//! | [`observe`] | the group and its targets, by zone |

mod change;
pub mod evidence;
pub mod leave;
pub mod lower;
pub mod observe;
pub mod plan;
pub mod rejoin;
pub mod shift;

use domain::names::Zone;
use domain::step::{Error, Result};
use domain::steps::plan::{Plan, Raise, Verdict, What};
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
    /// Whether the group launched instances in the zone when it was looked at.
    pub launches_there: bool,
    /// The raise that is to be taken back in the end.
    pub raised: Option<Raise>,
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
                    launches_there,
                    raised,
                    ..
                },
            ) => Ok(Self {
                zone,
                standing: *standing,
                needed: *needed,
                launches_there: *launches_there,
                raised: *raised,
            }),
            (_, what) => Err(Error::InvalidInput {
                what: format!("the plan names no zone to leave or to use again: {what:?}"),
            }),
        }
    }

    /// How leaving the zone changes the group's size.
    pub fn raise(&self) -> Raise {
        Raise::of(self.standing, self.needed)
    }
}
