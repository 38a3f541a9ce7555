//! Availability Zones, as a web tier meets them: which are lost or grey, in which its group launches, and which one its
//! load balancer is shifted away from.

use std::collections::BTreeMap;

use crate::facts;
use crate::world::Ms;

/// The zones of a web tier. Empty where nobody declared any: then all of the Region's are alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zones {
    /// Zone IDs, by name.
    pub ids: BTreeMap<String, String>,
    /// The subnets that the group may use, by zone.
    pub subnets: BTreeMap<String, String>,
    /// The subnets that it uses: `VPCZoneIdentifier`.
    pub used: Vec<String>,
    /// The load balancer's ARN.
    pub load_balancer: Option<String>,
    /// Zonal shifts of the load balancer, oldest first.
    pub shifts: Vec<Shift>,
    sick: BTreeMap<String, Sickness>,
}

/// What is wrong with a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sickness {
    /// Everything in it is gone, and nothing can be launched there.
    Lost,
    /// Its targets look healthy, and part of their requests fails.
    Grey,
}

/// A zonal shift. Source: ARC zonal shift API, ZonalShiftSummary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Its id.
    pub id: String,
    /// The ID of the zone that nobody is to be sent to.
    pub away_from: String,
    /// What whoever started it wrote.
    pub comment: String,
    /// When it was started.
    pub started: Ms,
    /// When it ends by itself.
    pub expires: Ms,
    /// Whether users follow it by now.
    pub followed: bool,
    /// How it stands.
    pub status: ShiftStatus,
}

/// How a zonal shift stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShiftStatus {
    /// It is.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Canceled,
}

impl ShiftStatus {
    /// As the API spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Expired => "EXPIRED",
            Self::Canceled => "CANCELED",
        }
    }
}

impl Zones {
    /// Whether the group's zones are known one by one.
    pub fn are_declared(&self) -> bool {
        !self.subnets.is_empty()
    }

    /// The zones in which the group may launch: those of the subnets that it uses.
    pub fn used(&self) -> impl Iterator<Item = &str> {
        self.subnets
            .iter()
            .filter(|(_, subnet)| self.used.contains(subnet))
            .map(|(zone, _)| zone.as_str())
    }

    /// The zones of [`Self::used`] in which a launch succeeds.
    pub fn open(&self) -> impl Iterator<Item = &str> {
        self.used().filter(|zone| !self.is_lost(zone))
    }

    /// What is wrong with a zone, if anything is.
    pub fn sickness(&self, zone: &str) -> Option<Sickness> {
        self.sick.get(zone).copied()
    }

    /// Whether a zone is lost.
    pub fn is_lost(&self, zone: &str) -> bool {
        self.sickness(zone) == Some(Sickness::Lost)
    }

    /// How many of a hundred requests fail for the zone's sake that meet a target there which answers.
    pub fn fails_percent(&self, zone: &str) -> u64 {
        match self.sickness(zone) {
            Some(Sickness::Lost) => 100,
            Some(Sickness::Grey) => facts::GREY_ZONE_FAILS_PERCENT,
            None => 0,
        }
    }

    /// Whether users are sent to targets of a zone at all.
    pub fn takes_users(&self, zone: &str) -> bool {
        let id = self.ids.get(zone);
        !self
            .shifts
            .iter()
            .any(|shift| shift.followed && Some(&shift.away_from) == id)
    }

    /// The shift that is active, if one is.
    pub fn active_shift(&self) -> Option<&Shift> {
        self.shifts
            .iter()
            .find(|shift| shift.status == ShiftStatus::Active)
    }

    pub(in crate::world) fn set_sickness(&mut self, zone: &str, sickness: Option<Sickness>) {
        match sickness {
            Some(sickness) => self.sick.insert(zone.to_owned(), sickness),
            None => self.sick.remove(zone),
        };
    }
}
