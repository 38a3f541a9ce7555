//! Where the name leads: records, what steers them, and what each authoritative name server has heard of it.
//!
//! Three ways to steer are modelled, one for each kind of traffic: an inverted health check that watches an object in
//! S3 ([`health`]), a change of the records themselves, and routing controls ([`control`]). Whatever is steered, the
//! name servers hear of it one after the other.

pub mod control;
pub mod health;
mod operations;

use std::net::Ipv4Addr;

use domain::system::System;
use domain::system::region_failover::{RecordPolicy, RegionFailover, Traffic};

use self::control::Controls;
use self::health::Check;
use super::Ms;
use crate::dice::Dice;

pub use self::operations::{NoSuchBucket, Refusal};

/// A hosted zone with the system's name in it, and its name servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// The hosted zone's id.
    pub zone: String,
    /// The name under which users reach the system.
    pub name: String,
    /// The two records of that name.
    pub records: Vec<Record>,
    /// Whether a change of these records is refused, because somebody protects them.
    pub protected: bool,
    /// The health check that watches an object, where one steers the name.
    pub check: Option<Check>,
    /// The routing controls, where they steer the name.
    pub controls: Option<Controls>,
    /// The authoritative name servers.
    pub name_servers: Vec<NameServer>,
    hosts: Vec<String>,
    changes: Vec<Accepted>,
    told: Option<usize>,
    version: u64,
}

/// A record. Source: Route 53 API, ResourceRecordSet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// What tells it from others of that name.
    pub set_identifier: String,
    /// How it is chosen.
    pub policy: Policy,
    /// How long resolvers may keep it, in seconds.
    pub ttl_s: u64,
    /// What it answers.
    pub addresses: Vec<Ipv4Addr>,
    /// Its health check.
    pub health_check: Option<String>,
}

/// How a record is chosen among those of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// While it is healthy.
    Primary,
    /// While the primary is not.
    Secondary,
    /// By its share of all weights.
    Weighted(u8),
}

/// An authoritative name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameServer {
    /// Its name.
    pub name: String,
    /// The site that it answers with.
    pub leads: Option<usize>,
    version: u64,
}

/// A change of records that Route 53 has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Accepted {
    id: String,
    in_sync: Ms,
}

/// How far a change of records has come. Source: Route 53 API, ChangeInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Some name servers do not have it.
    Pending,
    /// All have it.
    Insync,
}

impl Status {
    /// As the API spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Insync => "INSYNC",
        }
    }
}

/// The health check's id where an object is watched.
const SWITCH: &str = "switch";

impl Dns {
    /// The name leads home, and everybody knows.
    pub(super) fn leading_home(shared: &RegionFailover, dice: &mut Dice) -> Self {
        let hosts: Vec<String> = shared.sites.iter().map(|site| site.host().to_owned()).collect();
        let (mut zone, mut check, mut controls) = ("Z0000000000EXAMPLE".to_owned(), None, None);
        let failover = |site: usize| {
            if site == 0 {
                Policy::Primary
            } else {
                Policy::Secondary
            }
        };
        let mut drafts: [(String, Policy, Option<String>); 2] =
            [0, 1].map(|site| (["primary", "standby"][site].to_owned(), failover(site), None));
        match &shared.traffic {
            Traffic::HealthCheck { bucket, key } => {
                check = Some(Check::new(bucket, key, dice));
                drafts[0].2 = Some(SWITCH.to_owned());
            }
            Traffic::Record {
                hosted_zone,
                policy,
                primary,
                standby,
            } => {
                zone.clone_from(hosted_zone);
                for (site, identifier) in [primary, standby].into_iter().enumerate() {
                    drafts[site].0.clone_from(identifier);
                    if *policy == RecordPolicy::Weighted {
                        drafts[site].1 = Policy::Weighted(if site == 0 { 100 } else { 0 });
                    }
                }
            }
            Traffic::RoutingControl {
                endpoints,
                primary,
                standby,
            } => {
                controls = Some(Controls::leading_home(endpoints, primary, standby));
                for (site, control) in [primary, standby].into_iter().enumerate() {
                    drafts[site].2 = Some(control.clone());
                }
            }
        }
        let records = drafts.into_iter().enumerate().map(|(site, draft)| {
            let (set_identifier, policy, health_check) = draft;
            Record {
                name: shared.hostname.to_string(),
                set_identifier,
                policy,
                ttl_s: shared.ttl.as_millis() / 1_000,
                addresses: addresses(site).to_vec(),
                health_check,
            }
        });
        let name_servers = shared.name_servers.iter().map(|server| NameServer {
            name: server.to_string(),
            leads: Some(0),
            version: 0,
        });
        Self {
            zone,
            name: shared.hostname.to_string(),
            records: records.collect(),
            protected: false,
            check,
            controls,
            name_servers: name_servers.collect(),
            hosts,
            changes: Vec::new(),
            told: Some(0),
            version: 0,
        }
    }

    /// What a name server answers for a name: nothing if it is none of the system's, or no name server of the zone.
    pub fn answer(&self, name_server: &str, name: &str) -> Vec<Ipv4Addr> {
        let is = |known: &str| known.eq_ignore_ascii_case(name.trim_end_matches('.'));
        let Some(server) = self.name_servers.iter().find(|server| {
            server
                .name
                .eq_ignore_ascii_case(name_server.trim_end_matches('.'))
        }) else {
            return Vec::new();
        };
        let site = if is(&self.name) {
            server.leads
        } else {
            self.hosts.iter().position(|host| is(host))
        };
        site.map_or_else(Vec::new, |site| addresses(site).to_vec())
    }

    /// How far a change has come, if there is such a change.
    pub fn change_status(&self, id: &str, now: Ms) -> Option<Status> {
        let id = id.trim_start_matches("/change/");
        let change = self.changes.iter().find(|change| change.id == id)?;
        Some(if change.in_sync <= now {
            Status::Insync
        } else {
            Status::Pending
        })
    }

    /// The site that the records lead to, as what steers them is now.
    pub fn steered_to(&self) -> Option<usize> {
        let of = |wanted: Policy| self.records.iter().find(|record| record.policy == wanted);
        let chosen = match (of(Policy::Primary), of(Policy::Secondary)) {
            (Some(primary), Some(secondary)) => {
                // When neither is healthy, Route 53 answers with the primary. Source: Route 53 Developer Guide,
                // health-checks-how-route-53-chooses-records.
                let second = !self.is_healthy(primary) && self.is_healthy(secondary);
                Some(if second { secondary } else { primary })
            }
            (Some(only), None) | (None, Some(only)) => Some(only),
            (None, None) => self.heaviest(),
        };
        chosen.and_then(|record| (0..self.hosts.len()).find(|site| record.addresses == addresses(*site)))
    }

    /// The site that one name server after the other was told to answer with.
    pub const fn told(&self) -> Option<usize> {
        self.told
    }

    /// Whether every name server answers with that site.
    pub fn all_lead_to(&self, site: usize) -> bool {
        self.name_servers.iter().all(|server| server.leads == Some(site))
    }

    fn heaviest(&self) -> Option<&Record> {
        let weight = |record: &&Record| match record.policy {
            Policy::Weighted(weight) => weight,
            Policy::Primary | Policy::Secondary => 0,
        };
        self.records
            .iter()
            .filter(|record| weight(record) > 0)
            .max_by_key(weight)
    }

    fn is_healthy(&self, record: &Record) -> bool {
        let Some(id) = &record.health_check else {
            return true;
        };
        match (&self.check, &self.controls) {
            (Some(check), _) if id == SWITCH => check.is_healthy(),
            (_, Some(controls)) => controls.is_on(id).unwrap_or(true),
            _ => true,
        }
    }
}

/// The addresses of a site's load balancer, from the ranges that RFC 5737 keeps for examples.
pub const fn addresses(site: usize) -> [Ipv4Addr; 2] {
    match site {
        0 => [Ipv4Addr::new(192, 0, 2, 10), Ipv4Addr::new(192, 0, 2, 11)],
        _ => [Ipv4Addr::new(198, 51, 100, 10), Ipv4Addr::new(198, 51, 100, 11)],
    }
}

/// The name of the system's second half, where there is one.
pub(super) fn of(system: &System, dice: &mut Dice) -> Option<Dns> {
    let shared = system.region_failover.as_ref()?;
    Some(Dns::leading_home(shared, dice))
}
