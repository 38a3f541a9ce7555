//! The system file, `evenkeel.toml`: one per application. What it is made of, what its alarms mean, what was
//! promised about it, what may run by itself, and who is told.
//!
//! [`mod@file`] is the file as written (and the JSON Schema for editors), [`check`] turns it into a [`System`] or into
//! problems with their places. A [`System`] that exists is therefore coherent: no other module checks again.

pub mod check;
pub mod file;
pub mod region_failover;
pub mod tier;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::duration::Duration;
use crate::names::{AccountId, DbIdentifier, Recovery, Region, SystemName, TopicArn, Zone};
use crate::step;
use crate::steps::Run;

pub use check::{Problem, read};
pub use file::{DatabaseKind, HttpsUrl, Meaning, Mode, Percent, Watches};
pub use region_failover::{Move, RegionFailover, Site};
pub use tier::{Cache, Deployments, WebTier};

/// An application that Evenkeel keeps upright, coherent by construction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct System {
    /// What people call it.
    pub name: SystemName,
    /// The account it runs in.
    pub account: AccountId,
    /// Where it runs.
    pub regions: Regions,
    /// Its database.
    pub database: Database,
    /// The declared alarms, by name.
    pub alarms: BTreeMap<String, DeclaredAlarm>,
    /// What serves users in the primary Region, where recoveries of it are wanted.
    pub web: Option<WebTier>,
    /// How it is deployed.
    pub deployments: Option<Deployments>,
    /// Its cache in the primary Region.
    pub cache: Option<Cache>,
    /// What a Region failover has to know, where there is a second Region.
    pub region_failover: Option<RegionFailover>,
    /// What was promised.
    pub objectives: Objectives,
    /// What may run by itself, and when.
    pub policy: Policy,
    /// Who is told.
    pub people: People,
}

/// A CloudWatch alarm that a system declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeclaredAlarm {
    /// What it means when it is in ALARM.
    pub means: Meaning,
    /// What it looks at, where that has to be known: two alarms that look at the same thing are one signal.
    pub watches: Option<Watches>,
    /// The Region that it lives in.
    pub region: Region,
    /// The Availability Zone that it is about, where it means `zone-impaired`.
    pub zone: Option<Zone>,
}

/// Where a system runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Regions {
    /// Where it serves from on an ordinary day.
    pub primary: Region,
    /// Where it would serve from if the primary were lost.
    pub standby: Option<Region>,
}

/// A system's database.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Database {
    /// Which kind of high availability it has.
    pub kind: DatabaseKind,
    /// The DB instance (`multi-az-instance`) or DB cluster (the other kinds).
    pub identifier: DbIdentifier,
    /// Where the application writes a value through its database and reads it back.
    pub write_check: HttpsUrl,
}

/// What was promised about a system.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Objectives {
    /// Longest time without service after a failure.
    pub rto: Duration,
    /// Largest loss of acknowledged writes, as the time in which they were made.
    pub rpo: Duration,
    /// Smallest share of requests served over a rehearsal's window, in percent.
    pub availability: Option<Percent>,
}

/// What may run by itself, and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Policy {
    /// A signal that arrives later than this after it happened starts nothing.
    pub signal_max_age: Duration,
    /// The in-Region database failover.
    pub fail_over_database: RecoveryPolicy,
    /// The unplanned move to the other Region.
    pub fail_over_region: RegionPolicy,
    /// The other recoveries: those inside the primary Region. Every one of them has an entry.
    pub others: BTreeMap<Recovery, OtherPolicy>,
    /// How long after a deployment began errors count as its doing.
    pub blame_deployment_within: Duration,
    /// How many instances may be replaced in an hour.
    pub replacements_per_hour: u32,
    /// How long users may fail for no known reason before a person is paged.
    pub page_after: Duration,
}

/// When a recovery inside the primary Region may run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OtherPolicy {
    /// By itself, or by a person only.
    pub mode: Mode,
    /// How long after one run the next may not start by itself.
    pub cooldown: Duration,
}

/// When a system may be moved to the other Region without having been told to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RegionPolicy {
    /// Whether it begins by itself. Nothing is promoted without a person's approval in either case (rule 6).
    pub mode: Mode,
    /// How long after one run the next may not start by itself.
    pub cooldown: Duration,
    /// How long two independent signals must have held (rule 8).
    pub window: Duration,
}

/// When one recovery may run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecoveryPolicy {
    /// By itself, or by a person only.
    pub mode: Mode,
    /// How long after one run the next may not start by itself.
    pub cooldown: Duration,
    /// Alarms of which at least one must be in ALARM too. Empty: no second signal needed.
    pub confirmed_by: Vec<String>,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct People {
    /// Wakes somebody: a recovery failed or must not run.
    pub page: TopicArn,
    /// Informs: a recovery ran and the system serves again.
    pub report: TopicArn,
}

/// The systems of one deployment.
#[derive(Clone, Debug, Default)]
pub struct Systems(Vec<System>);

impl Systems {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &System> {
        self.0.iter()
    }

    /// The one of that name.
    pub fn named(&self, name: &SystemName) -> Option<&System> {
        self.0.iter().find(|system| system.name == *name)
    }

    /// The one that a run is about.
    ///
    /// # Errors
    /// `InvalidInput` when this deployment does not know it.
    pub fn of_run(&self, run: &Run) -> step::Result<&System> {
        self.named(&run.system).ok_or_else(|| step::Error::InvalidInput {
            what: format!(
                "this deployment has no system named `{}`; deploy its system file first",
                run.system
            ),
        })
    }

    /// The one that declares an alarm of that name in that account and in one of its Regions.
    pub fn declaring_alarm(&self, account: &str, region: &str, alarm: &str) -> Option<(&System, Meaning)> {
        self.0
            .iter()
            .filter(|system| system.lives_in(account, region))
            .find_map(|system| {
                let declared = system.alarms.get(alarm)?;
                (declared.region.as_str() == region).then_some((system, declared.means))
            })
    }

    /// The one whose database, or a member of whose cluster, has that ARN's resource name.
    pub fn owning_database(&self, account: &str, region: &str, identifier: &str) -> Option<&System> {
        self.0.iter().find(|system| {
            system.lives_in(account, region)
                && system
                    .databases()
                    .any(|known| known.as_str().eq_ignore_ascii_case(identifier))
        })
    }
}

impl From<Vec<System>> for Systems {
    fn from(systems: Vec<System>) -> Self {
        Self(systems)
    }
}

impl System {
    /// The Region in which a recovery of it runs, unless somebody says otherwise: where it moves the system to, or else
    /// where the system is at home.
    pub fn region_for(&self, recovery: Recovery) -> &Region {
        match recovery {
            Recovery::FailOverRegion | Recovery::SwitchOverRegion => {
                self.regions.standby.as_ref().unwrap_or(&self.regions.primary)
            }
            Recovery::FailBackRegion
            | Recovery::FailOverDatabase
            | Recovery::RollBackDeployment
            | Recovery::EvacuateZone
            | Recovery::ReturnToZone
            | Recovery::ReplaceInstances
            | Recovery::ScaleOut
            | Recovery::FailOverCache => &self.regions.primary,
        }
    }

    /// Its databases, in every Region.
    fn databases(&self) -> impl Iterator<Item = &DbIdentifier> {
        let sites = self.region_failover.iter().flat_map(|shared| &shared.sites);
        std::iter::once(&self.database.identifier).chain(sites.map(|site| &site.database))
    }

    /// Whether it runs in that account and, on some day, in that Region.
    pub fn lives_in(&self, account: &str, region: &str) -> bool {
        self.account.as_str() == account
            && (self.regions.primary.as_str() == region
                || self
                    .regions
                    .standby
                    .as_ref()
                    .is_some_and(|standby| standby.as_str() == region))
    }
}
