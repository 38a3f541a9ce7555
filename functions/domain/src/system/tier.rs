//! What a recovery inside the primary Region has to know about what serves users there: the web tier, its deployments,
//! its cache. All of it literals, so that nothing has to be looked up while something fails (rule 1).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{Zone, ZoneId};

/// What serves users in the primary Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WebTier {
    /// The Auto Scaling group.
    pub group: String,
    /// ARN of the target group that its instances are registered with.
    pub target_group: String,
    /// ARN of the load balancer. A zonal shift moves its traffic, so `evacuate-zone` needs it.
    #[serde(default)]
    pub load_balancer: Option<String>,
    /// How many instances serve all users on an ordinary day. Recoveries never leave fewer healthy.
    pub instances: u32,
    /// How many there may be at most.
    pub max_instances: u32,
    /// The Availability Zones that it runs in, by name, each with its zone ID: names differ between accounts, and a
    /// zonal shift wants the ID (`aws ec2 describe-availability-zones` prints both).
    #[serde(default)]
    pub zones: BTreeMap<Zone, ZoneId>,
    /// The subnets of the group, by zone. A group is kept out of a zone by taking the zone's subnet from it.
    #[serde(default)]
    pub subnets: BTreeMap<Zone, String>,
}

/// How the application is deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Deployments {
    /// The CodeDeploy application.
    pub application: String,
    /// Its deployment group.
    pub group: String,
}

/// The application's cache in the primary Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cache {
    /// The ElastiCache replication group.
    pub replication_group: String,
}
