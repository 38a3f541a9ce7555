//! Zonal shifts of a web tier's load balancer, as Application Recovery Controller keeps them.
//! Source of the rules: ARC zonal shift API, StartZonalShift and CancelZonalShift.

use domain::duration::Duration;
use domain::names::Region;

use super::zones::{Shift, ShiftStatus};
use super::{Step, Web};
use crate::facts;
use crate::timeline::Actor;
use crate::world::{Change, World};

/// The shortest and the longest time for which a shift may be started.
const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_mins(72 * 60);

/// Why Application Recovery Controller refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `ResourceNotFoundException`
    NotFound(String),
    /// `ValidationException`, with its `reason`.
    Invalid(String, &'static str),
    /// `ConflictException`, with its `reason`.
    Conflict(String, &'static str),
}

impl World {
    /// The web tier whose load balancer that is, in a Region.
    pub fn balanced_by(&self, region: &Region, load_balancer: &str) -> Option<&Web> {
        let web = self.site(region)?.web.as_ref()?;
        (web.zones.load_balancer.as_deref() == Some(load_balancer)).then_some(web)
    }

    /// Somebody moves users out of a zone.
    ///
    /// # Errors
    /// What Application Recovery Controller would refuse it with.
    pub fn start_shift(
        &mut self,
        region: &Region,
        load_balancer: &str,
        away_from: &str,
        lasts: Duration,
        comment: &str,
    ) -> Result<Shift, Refusal> {
        let missing = || Refusal::NotFound(format!("The resource {load_balancer} is not managed"));
        let web = self.balanced_by(region, load_balancer).ok_or_else(missing)?;
        if !web.zones.ids.values().any(|id| id == away_from) {
            let why = format!("{away_from} is no Availability Zone of the resource");
            return Err(Refusal::Invalid(why, "InvalidAz"));
        }
        if !(SHORTEST..=LONGEST).contains(&lasts) {
            let why = "a zonal shift lasts from 1 minute to 72 hours".to_owned();
            return Err(Refusal::Invalid(why, "InvalidExpiresIn"));
        }
        if let Some(active) = web.zones.active_shift() {
            let why = format!("zonal shift {} is active for the resource", active.id);
            return Err(Refusal::Conflict(why, "ZonalShiftAlreadyExists"));
        }
        let number = web.zones.shifts.len() + 1;
        let shift = Shift {
            id: format!("00000000-0000-4000-9000-{number:012x}"),
            away_from: away_from.to_owned(),
            comment: comment.to_owned(),
            started: self.now,
            expires: self.now + lasts.as_millis(),
            followed: false,
            status: ShiftStatus::Active,
        };
        let follows = self.dice.draw(&facts::ZONAL_SHIFT_FOLLOWED).as_millis();
        let index = self.index_of(region).ok_or_else(missing)?;
        let web = self.sites[index].web.as_mut().ok_or_else(missing)?;
        web.zones.shifts.push(shift.clone());
        let followed = Step::Followed(shift.id.clone());
        self.enter(self.now + follows, Change::Web(index, followed));
        self.enter(shift.expires, Change::Web(index, Step::Expires(shift.id.clone())));
        Ok(shift)
    }

    /// Somebody ends a zonal shift.
    ///
    /// # Errors
    /// What Application Recovery Controller would refuse it with.
    pub fn cancel_shift(&mut self, region: &Region, id: &str) -> Result<Shift, Refusal> {
        let missing = || Refusal::NotFound(format!("Zonal shift {id} does not exist"));
        let shift = self
            .site_mut(region)
            .and_then(|site| site.web.as_mut())
            .and_then(|web| web.zones.shifts.iter_mut().find(|shift| shift.id == id))
            .ok_or_else(missing)?;
        if shift.status != ShiftStatus::Active {
            let why = format!("zonal shift {id} is not active");
            return Err(Refusal::Conflict(why, "ZonalShiftStatusNotActive"));
        }
        (shift.status, shift.followed) = (ShiftStatus::Canceled, false);
        Ok(shift.clone())
    }

    pub(super) fn shift_followed(&mut self, site: usize, id: &str) {
        let Some(shift) = self.active_shift_mut(site, id) else {
            return;
        };
        shift.followed = true;
        let line = format!("users are sent to {} no more", shift.away_from);
        self.say(Actor::World, line);
    }

    pub(super) fn shift_expires(&mut self, site: usize, id: &str) {
        if let Some(shift) = self.active_shift_mut(site, id) {
            (shift.status, shift.followed) = (ShiftStatus::Expired, false);
            let line = format!("the zonal shift away from {} is over", shift.away_from);
            self.say(Actor::World, line);
        }
    }

    fn active_shift_mut(&mut self, site: usize, id: &str) -> Option<&mut Shift> {
        let shifts = &mut self.sites[site].web.as_mut()?.zones.shifts;
        shifts
            .iter_mut()
            .find(|shift| shift.id == id && shift.status == ShiftStatus::Active)
    }
}
