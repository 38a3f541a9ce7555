//! What a stack is for: the systems that live in one Region of one account.

use domain::names::{AccountId, Recovery, Region};
use domain::system::System;

/// The systems that live in one Region of one account.
#[derive(Clone, Debug)]
pub struct Here<'s> {
    /// The Region.
    pub region: Region,
    /// The account.
    pub account: AccountId,
    /// The systems, by name.
    pub systems: Vec<&'s System>,
}

/// Why systems and a Region make no stack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody is at home there.
    #[error("no system lives in {region}")]
    Nobody {
        /// The Region that was asked for.
        region: Region,
        /// The Regions in which one does.
        lived_in: Vec<Region>,
    },
    /// A stack belongs to one account.
    #[error("{one} is in account {its}, and {other} in account {others}")]
    Accounts {
        /// A system.
        one: String,
        /// Its account.
        its: AccountId,
        /// A system elsewhere.
        other: String,
        /// Its account.
        others: AccountId,
    },
    /// Two files describe one system.
    #[error("two files describe the system {0}")]
    Twice(String),
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Nobody { lived_in, .. } => {
                let regions: Vec<&str> = lived_in.iter().map(Region::as_str).collect();
                format!("name a Region in which one lives: {}", regions.join(", "))
            }
            Self::Accounts { its, .. } => {
                format!(
                    "one template is for one account: name only the files of account {its}, and render the others apart"
                )
            }
            Self::Twice(name) => {
                format!("name each file once, and give one of the two systems another name than {name}")
            }
        }
    }
}

impl<'s> Here<'s> {
    /// Those of these systems that live in the Region.
    ///
    /// # Errors
    /// When none does, when two are in different accounts, or when two have one name.
    pub fn of(systems: &'s [System], region: &Region) -> Result<Self, Error> {
        let mut sorted: Vec<&System> = systems.iter().collect();
        sorted.sort_by(|one, other| one.name.cmp(&other.name));
        for pair in sorted.windows(2) {
            let (one, other) = (pair[0], pair[1]);
            if one.name == other.name {
                return Err(Error::Twice(one.name.to_string()));
            }
            if one.account != other.account {
                return Err(Error::Accounts {
                    one: one.name.to_string(),
                    its: one.account.clone(),
                    other: other.name.to_string(),
                    others: other.account.clone(),
                });
            }
        }
        let at_home: Vec<&System> = sorted
            .iter()
            .copied()
            .filter(|system| system.lives_in(system.account.as_str(), region.as_str()))
            .collect();
        let Some(first) = at_home.first() else {
            let mut lived_in: Vec<Region> = sorted.iter().copied().flat_map(regions).cloned().collect();
            lived_in.sort();
            lived_in.dedup();
            let region = region.clone();
            return Err(Error::Nobody { region, lived_in });
        };
        Ok(Self {
            region: region.clone(),
            account: first.account.clone(),
            systems: at_home,
        })
    }

    /// The recoveries whose machines run here for at least one system.
    pub fn recoveries(&self) -> Vec<Recovery> {
        let runs = |recovery: &Recovery| {
            let mut systems = self.systems.iter();
            systems.any(|system| carries_out(system, *recovery, &self.region))
        };
        Recovery::ALL.into_iter().filter(runs).collect()
    }
}

/// The Regions in which a system lives.
pub fn regions(system: &System) -> impl Iterator<Item = &Region> {
    std::iter::once(&system.regions.primary).chain(&system.regions.standby)
}

/// Whether a recovery of a system can run in a Region: a move in either of its two, because after one they have changed roles
/// (`System::moving_to`); every other recovery at home, and only where the system file says what it needs
/// (`domain::system::tier`).
pub fn carries_out(system: &System, recovery: Recovery, region: &Region) -> bool {
    let at_home = system.regions.primary == *region;
    match recovery {
        Recovery::FailOverRegion | Recovery::SwitchOverRegion | Recovery::FailBackRegion => {
            system.moving_to(region).is_ok()
        }
        Recovery::FailOverDatabase => at_home,
        Recovery::RollBackDeployment => at_home && system.deployments.is_some(),
        Recovery::ReplaceInstances | Recovery::ScaleOut => at_home && system.web.is_some(),
        Recovery::EvacuateZone | Recovery::ReturnToZone => {
            let in_zones = system.web.as_ref().is_some_and(|web| !web.zones.is_empty());
            at_home && in_zones
        }
        Recovery::FailOverCache => at_home && system.cache.is_some(),
    }
}
