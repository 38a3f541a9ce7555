//! One Region's database, as RDS there describes it: a cluster of a global cluster, or an instance that is or was a
//! replica.

use std::fmt;

use aws_sdk_rds::Client;
use aws_sdk_rds::error::ProvideErrorMetadata;
use aws_sdk_rds::types::{DbCluster, DbInstance, VpcSecurityGroupMembership};
use domain::names::Region;
use domain::step::Result;
use domain::system::region_failover::Replication;
use runtime::aws::classify;

/// One Region's database at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Half {
    /// Its identifier.
    pub identifier: String,
    /// Its status, in RDS's words.
    pub status: String,
    /// The engine, in RDS's words.
    pub engine: String,
    /// The engine's version, patch level included.
    pub version: String,
    /// Its VPC security groups.
    pub groups: Vec<Group>,
    /// Of a replica: what it follows, as an ARN where that is in another Region.
    pub source: Option<String>,
    /// Of a replica: whether it replicates at this moment, if RDS says so.
    pub is_replicating: Option<bool>,
    /// Of a cluster: how many DB instances it has. Without one, nobody can connect to it.
    pub instances: Option<usize>,
    /// Of an instance that is being renamed: its name to come.
    pub new_name: Option<String>,
}

/// A database's membership in a VPC security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The security group.
    pub id: String,
    /// `active` once it is in force.
    pub status: String,
}

impl Half {
    /// Whether it serves, and whatever is done to it leaves it serving. RDS backs instances up while they serve.
    /// Source: RDS User Guide, accessing-monitoring (DB instance status).
    pub fn serves(&self) -> bool {
        matches!(self.status.as_str(), "available" | "backing-up")
    }

    /// Whether it may be in the middle of a promotion. A replica is a replica until that is over; it is modified and
    /// rebooted meanwhile. Source: RDS User Guide, USER_ReadRepl.Promote.
    pub fn may_be_promoting(&self) -> bool {
        matches!(self.status.as_str(), "modifying" | "rebooting")
    }

    /// Whether it follows the database of that ARN.
    pub fn follows(&self, arn: &str) -> bool {
        let name = arn.rsplit(':').next().unwrap_or_default();
        self.source
            .as_deref()
            .is_some_and(|source| source.eq_ignore_ascii_case(arn) || source.eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            identifier,
            status,
            engine,
            version,
            ..
        } = self;
        write!(f, "{identifier}: status {status}, {engine} {version}")?;
        if let Some(source) = &self.source {
            write!(f, ", replica of {}", super::spoken(source))?;
        }
        Ok(())
    }
}

/// Source: RDS API, DBInstanceStatusInfo, `StatusType`.
const READ_REPLICATION: &str = "read replication";

/// Describes a Region's database; nothing if RDS knows none of that name.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`.
pub async fn observe(rds: &Client, replication: &Replication, identifier: &str) -> Result<Option<Half>> {
    match replication {
        Replication::AuroraGlobal { .. } => cluster(rds, identifier).await,
        Replication::ReadReplica => {
            let instance = instance(rds, identifier).await?;
            Ok(instance.map(|instance| of_instance(&instance)))
        }
    }
}

/// What RDS calls a database that is not there, to people.
pub fn missing(identifier: &str, region: &Region) -> String {
    format!("RDS in {region} knows no {identifier}")
}

async fn cluster(rds: &Client, identifier: &str) -> Result<Option<Half>> {
    let answer = rds
        .describe_db_clusters()
        .db_cluster_identifier(identifier)
        .send()
        .await;
    match answer {
        Ok(answer) => Ok(answer.db_clusters().first().map(of_cluster)),
        Err(error) if error.code() == Some("DBClusterNotFoundFault") => Ok(None),
        Err(error) => Err(classify("rds:DescribeDBClusters", error)),
    }
}

pub(super) async fn instance(rds: &Client, identifier: &str) -> Result<Option<DbInstance>> {
    let answer = rds
        .describe_db_instances()
        .db_instance_identifier(identifier)
        .send()
        .await;
    match answer {
        Ok(answer) => Ok(answer.db_instances().first().cloned()),
        Err(error) if error.code() == Some("DBInstanceNotFound") => Ok(None),
        Err(error) => Err(classify("rds:DescribeDBInstances", error)),
    }
}

fn of_cluster(cluster: &DbCluster) -> Half {
    Half {
        identifier: text(cluster.db_cluster_identifier()),
        status: text(cluster.status()),
        engine: text(cluster.engine()),
        version: text(cluster.engine_version()),
        groups: groups(cluster.vpc_security_groups()),
        source: None,
        is_replicating: None,
        instances: Some(cluster.db_cluster_members().len()),
        new_name: None,
    }
}

fn of_instance(instance: &DbInstance) -> Half {
    Half {
        identifier: text(instance.db_instance_identifier()),
        status: text(instance.db_instance_status()),
        engine: text(instance.engine()),
        version: text(instance.engine_version()),
        groups: groups(instance.vpc_security_groups()),
        source: instance
            .read_replica_source_db_instance_identifier()
            .filter(|source| !source.is_empty())
            .map(str::to_owned),
        is_replicating: instance
            .status_infos()
            .iter()
            .find(|info| info.status_type() == Some(READ_REPLICATION))
            .map(|info| info.status() == Some("replicating")),
        instances: None,
        new_name: instance
            .pending_modified_values()
            .and_then(|pending| pending.db_instance_identifier())
            .map(str::to_owned),
    }
}

fn groups(memberships: &[VpcSecurityGroupMembership]) -> Vec<Group> {
    memberships
        .iter()
        .map(|membership| Group {
            id: text(membership.vpc_security_group_id()),
            status: text(membership.status()),
        })
        .collect()
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}
