//! A system's half in one Region: its database, what serves users there, and its cache.

use domain::names::Region;
use domain::system::System;

use super::cache::CacheGroup;
use super::database::{Database, Event, Founding, Role};
use super::web::Web;
use super::{HOME, Ms};
use crate::dice::Dice;

/// A system's half in one Region. A system without a second Region has one, with what its file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The Region.
    pub region: Region,
    /// The database of the declared identifier. Between a rename and the making of a new one it does not exist
    /// ([`Database::exists`]).
    pub database: Database,
    /// Databases that were renamed out of the way.
    pub retired: Vec<Database>,
    /// What serves users there.
    pub web: Option<Web>,
    /// The ElastiCache replication group there.
    pub cache: Option<CacheGroup>,
    /// RDS events of the Region, oldest first, as `DescribeEvents` has them.
    pub rds_events: Vec<Recorded>,
    /// How far this Region's database lagged behind the other's, minute by minute, oldest first.
    pub lags: Vec<Datapoint>,
}

/// An RDS event in a Region's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When.
    pub at: Ms,
    /// The database it is about.
    pub source: String,
    /// The event.
    pub event: Event,
}

/// A datapoint of a lag metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datapoint {
    /// When its period began.
    pub at: Ms,
    /// The lag, in milliseconds.
    pub lag_ms: u64,
    /// What had not arrived, in bytes.
    pub lag_bytes: u64,
}

impl Site {
    /// The database of that identifier, if there is one. Source of the rule: RDS API, DescribeDBClusters: identifiers
    /// are not case-sensitive.
    pub fn database_named(&self, identifier: &str) -> Option<&Database> {
        std::iter::once(&self.database)
            .chain(&self.retired)
            .filter(|database| database.exists())
            .find(|database| database.identifier.eq_ignore_ascii_case(identifier))
    }

    /// The same, to be changed.
    pub fn database_named_mut(&mut self, identifier: &str) -> Option<&mut Database> {
        std::iter::once(&mut self.database)
            .chain(&mut self.retired)
            .filter(|database| database.exists())
            .find(|database| database.identifier.eq_ignore_ascii_case(identifier))
    }
}

/// A system's half in each of its Regions, all of it well.
pub(super) fn founded(system: &System, dice: &mut Dice) -> Vec<Site> {
    let Some(shared) = &system.region_failover else {
        let founding = Founding {
            kind: system.database.kind,
            identifier: system.database.identifier.as_str(),
            region: &system.regions.primary,
            role: Role::Primary,
            security_groups: &[],
            isolating: None,
        };
        return vec![Site {
            region: system.regions.primary.clone(),
            database: Database::healthy(&founding, dice),
            retired: Vec::new(),
            web: system
                .web
                .as_ref()
                .map(|tier| Web::of_tier(tier, &system.regions.primary, "")),
            cache: system
                .cache
                .as_ref()
                .map(|cache| CacheGroup::healthy(&cache.replication_group, &system.regions.primary)),
            rds_events: Vec::new(),
            lags: Vec::new(),
        }];
    };
    let of = |(index, site): (usize, &domain::system::Site)| {
        let founding = Founding {
            kind: system.database.kind,
            identifier: site.database.as_str(),
            region: &site.region,
            role: if index == HOME {
                Role::Primary
            } else {
                Role::Replica
            },
            security_groups: &site.isolation.security_groups,
            isolating: Some(&site.isolation.isolating_security_group),
        };
        let standing = if index == HOME {
            site.web.instances
        } else {
            (site.web.instances / STANDBY_PART).max(1)
        };
        Site {
            region: site.region.clone(),
            database: Database::healthy(&founding, dice),
            retired: Vec::new(),
            web: Some(match system.web.as_ref().filter(|_| index == HOME) {
                Some(tier) => Web::of_tier(tier, &site.region, &site.web.listener),
                None => Web::healthy_with(&site.web, &site.region, standing),
            }),
            cache: site
                .cache
                .as_ref()
                .map(|id| CacheGroup::healthy(id, &site.region)),
            rds_events: Vec::new(),
            lags: Vec::new(),
        }
    };
    shared.sites.iter().enumerate().map(of).collect()
}

/// The standby runs with one in so many of the instances that serve all users: a warm standby.
const STANDBY_PART: u32 = 3;
