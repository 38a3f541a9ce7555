//! The other half of a system: what a Region failover has to know, carried as literals so that nothing has to be
//! looked up while a Region is lost (rule 1).
//!
//! Both Regions are described alike, because after a failover they have changed roles: whoever recovers moves the
//! system *to* the Region it runs in, *from* the other one ([`System::moving_to`]).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{HttpsUrl, People, System};
use crate::duration::Duration;
use crate::names::{DbIdentifier, Region};
use crate::step;

/// The longest TTL that a system may have: a move waits it out.
pub const LONGEST_TTL: Duration = Duration::from_mins(5);

/// The longest window over which signals may be asked to hold: a move waits it out before it does anything.
pub const LONGEST_WINDOW: Duration = Duration::from_mins(2);

/// The shortest write lease: a shorter one is lost by a renewal that takes its time.
pub const SHORTEST_WRITE_LEASE: Duration = Duration::from_secs(1);

/// The longest write lease: so long a source that was cut off goes on writing what may never arrive.
pub const LONGEST_WRITE_LEASE: Duration = Duration::from_secs(60);

/// The least margin of a write lease. Clocks of instances that follow the Amazon Time Sync Service differ by far less
/// (EC2 User Guide, set-time); one that follows nothing is what the margin is for.
pub const LEAST_MARGIN: Duration = Duration::from_secs(1);

/// How long a recovery tries to fence its source, once the window of the policy is over: the deadline of `FenceSource`
/// in `fail-over-region.asl.json`, less the time that the last attempt takes.
pub const FENCE_TRIED_FOR: Duration = Duration::from_secs(50);

/// What a Region failover has to know about a system.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RegionFailover {
    /// How the database reaches the other Region.
    pub replication: Replication,
    /// The name under which users reach the system.
    pub hostname: Hostname,
    /// The write check through that name: the real request that proves where users end up.
    pub request: HttpsUrl,
    /// How long resolvers may keep an answer for the name.
    pub ttl: Duration,
    /// The authoritative name servers of the name's zone.
    pub name_servers: Vec<Hostname>,
    /// How users are moved.
    pub traffic: Traffic,
    /// An ElastiCache global datastore to promote as well.
    pub global_datastore: Option<String>,
    /// The lease under which the application takes writes, if it has one.
    pub write_lease: Option<WriteLease>,
    /// The primary Region's half and the standby Region's, in this order.
    pub sites: [Site; 2],
}

/// One Region's half of a system.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Site {
    /// The Region.
    pub region: Region,
    /// The DB cluster (`aurora-global`) or DB instance (`read-replica`) there.
    pub database: DbIdentifier,
    /// The write check through this Region's own load balancer, whether or not users are sent there.
    pub write_check: HttpsUrl,
    /// What serves users there.
    pub web: Web,
    /// How the database there is cut off from everybody.
    pub isolation: Isolation,
    /// The ElastiCache replication group there.
    pub cache: Option<String>,
    /// Who is told by a recovery that moves the system there.
    pub people: People,
}

impl Site {
    /// The name under which this Region alone is reached: the host of its write check.
    pub fn host(&self) -> &str {
        self.write_check.host()
    }
}

/// How the database reaches the other Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Replication {
    /// An Aurora Global Database: planned moves lose nothing, unplanned ones lose what had not been replicated.
    AuroraGlobal {
        /// The global cluster's identifier.
        global_cluster: DbIdentifier,
    },
    /// A cross-Region read replica of an RDS DB instance, promoted once; the way back needs a new replica.
    ReadReplica,
}

impl Replication {
    /// How long AWS lets a promotion in another Region take at least, so that no objective below it makes sense.
    /// Source: RDS API, FailoverGlobalCluster, and Aurora User Guide, aurora-global-database-disaster-recovery: minutes.
    pub const fn least_promotion(&self) -> Duration {
        Duration::from_secs(60)
    }
}

impl fmt::Display for Replication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AuroraGlobal { .. } => "aurora-global",
            Self::ReadReplica => "read-replica",
        })
    }
}

/// What serves users in a Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Web {
    /// The Auto Scaling group.
    pub group: String,
    /// ARN of the target group that its instances are registered with.
    pub target_group: String,
    /// ARN of the load balancer's listener. Its default action forwards to the target group; to stop writes at the
    /// edge it answers 503 instead. Only the default action is changed: writes that another rule of the listener
    /// forwards are not stopped there.
    pub listener: String,
    /// How many instances serve all users when this Region serves.
    pub instances: u32,
    /// How many there may be at most, whatever was serving elsewhere.
    pub max_instances: u32,
    /// How many there are while this Region is the standby. Left out: as many as the other one had when it was.
    #[serde(default)]
    pub standby_instances: Option<u32>,
    /// vCPUs of one instance, to be held against the account's quota. Left out: the quota is not looked at.
    #[serde(default)]
    pub vcpus_per_instance: Option<u32>,
}

/// How a database is cut off from everybody, and opened again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Isolation {
    /// The security groups that the database has on an ordinary day.
    pub security_groups: Vec<String>,
    /// A security group that lets nobody in, made beforehand.
    pub isolating_security_group: String,
}

/// The lease under which the application takes writes: it does so only while its own Region holds it. A lease that has
/// run out is evidence that a Region which nobody can reach takes no writes any more (rule 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WriteLease {
    /// The DynamoDB table that it is kept in: a global table with multi-Region strong consistency, with a replica in
    /// both Regions and a witness in a third. Its partition key is the string `system`; it has no sort key.
    pub table: String,
    /// How long the application may take writes after it has renewed the lease: `1s` to `60s`.
    pub duration: Duration,
    /// How much longer is waited, because no two clocks are the same: `1s` or more, at most the duration.
    pub margin: Duration,
}

impl WriteLease {
    /// How long after the last renewal it is proven that nobody writes under the lease.
    pub const fn runs_out_after(&self) -> Duration {
        Duration::from_millis(self.duration.as_millis() + self.margin.as_millis())
    }
}

/// How users are moved to the other Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Traffic {
    /// Failover records made beforehand. The primary record's inverted health check watches an object in the standby
    /// Region's S3: while the object is there, the standby Region serves. No control plane is needed (rule 2).
    HealthCheck {
        /// The bucket, in the standby Region.
        bucket: String,
        /// The object's key.
        key: String,
    },
    /// Records are changed. Needs Route 53's control plane in us-east-1, which a lost Region may take with it.
    Record {
        /// The hosted zone's id.
        hosted_zone: String,
        /// Whether the two records are failover or weighted ones.
        policy: RecordPolicy,
        /// `SetIdentifier` of the record that leads to the primary Region.
        primary: String,
        /// `SetIdentifier` of the record that leads to the standby Region.
        standby: String,
    },
    /// Application Recovery Controller's routing controls, through any of the cluster's five endpoints.
    RoutingControl {
        /// The cluster's endpoints, one in each of five Regions.
        endpoints: Vec<ClusterEndpoint>,
        /// ARN of the routing control that is on while the primary Region serves.
        primary: String,
        /// ARN of the routing control that is on while the standby Region serves.
        standby: String,
    },
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::HealthCheck { .. } => "health-check",
            Self::Record { .. } => "record",
            Self::RoutingControl { .. } => "routing-control",
        })
    }
}

/// The types of records that lead a user anywhere, and so the only ones that are changed to move users: a policy names them, too.
/// Source: Route 53 Developer Guide, `ResourceRecordTypes`.
pub const LEADING_TYPES: [&str; 5] = ["A", "AAAA", "CNAME", "HTTPS", "SVCB"];

/// How a pair of records is told apart by Route 53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecordPolicy {
    /// One is PRIMARY, the other SECONDARY.
    Failover,
    /// One has all the weight.
    Weighted,
}

/// An endpoint of a routing-control cluster. Source: Route 53 ARC API, DescribeCluster, `ClusterEndpoints`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClusterEndpoint {
    /// The Region it is in.
    pub region: Region,
    /// Its URL.
    pub url: HttpsUrl,
}

/// A host name, without the final dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hostname(String);

impl Hostname {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Hostname {
    type Err = String;

    /// Source of the rule: RFC 1123, section 2.1.
    fn from_str(text: &str) -> Result<Self, String> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() <= 253 && text.contains('.') && text.split('.').all(label) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(format!(
                "`{text}` is not a host name: expected one like `shop.example.com`"
            ))
        }
    }
}

impl TryFrom<String> for Hostname {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Hostname> for String {
    fn from(name: Hostname) -> Self {
        name.0
    }
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl JsonSchema for Hostname {
    fn schema_name() -> Cow<'static, str> {
        "Hostname".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "hostname", "examples": ["shop.example.com"] })
    }
}

/// A move of a system between its two Regions, as seen by whoever carries it out.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    /// The system.
    pub system: &'a System,
    /// What both halves share.
    pub shared: &'a RegionFailover,
    /// The Region that is to serve: the one in which the recovery runs.
    pub to: &'a Site,
    /// The Region that served.
    pub from: &'a Site,
}

impl Move<'_> {
    /// Whether it leads to the Region that is the primary on an ordinary day.
    pub fn is_homeward(&self) -> bool {
        self.to.region == self.system.regions.primary
    }
}

impl System {
    /// Who is told by a recovery that runs in a Region: topics there, so that telling does not depend on another one.
    pub fn people_in(&self, region: &Region) -> &People {
        let sites = self.region_failover.iter().flat_map(|shared| &shared.sites);
        sites
            .into_iter()
            .find(|site| site.region == *region)
            .map_or(&self.people, |site| &site.people)
    }

    /// The move of this system to the Region that a recovery runs in.
    ///
    /// # Errors
    /// `InvalidInput` when the system has no second Region, or is not at home in that one.
    pub fn moving_to(&self, here: &Region) -> step::Result<Move<'_>> {
        let refused = |what: String| step::Error::InvalidInput { what };
        let shared = self.region_failover.as_ref().ok_or_else(|| {
            refused(format!(
                "{} has no [region-failover] in its system file",
                self.name
            ))
        })?;
        let [home, away] = &shared.sites;
        let (to, from) = if home.region == *here {
            (home, away)
        } else if away.region == *here {
            (away, home)
        } else {
            return Err(refused(format!(
                "{} lives in {} and {}, and this recovery runs in {here}",
                self.name, home.region, away.region
            )));
        };
        Ok(Move {
            system: self,
            shared,
            to,
            from,
        })
    }
}
