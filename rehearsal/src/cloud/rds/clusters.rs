//! DB clusters.

use aws_sdk_rds::Client;
use aws_sdk_rds::operation::describe_db_clusters::{DescribeDbClustersInput, DescribeDbClustersOutput};
use aws_sdk_rds::operation::failover_db_cluster::{FailoverDbClusterInput, FailoverDbClusterOutput};
use aws_sdk_rds::operation::modify_db_cluster::{ModifyDbClusterInput, ModifyDbClusterOutput};
use aws_sdk_rds::types::{DbCluster, DbClusterMember};
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::{asked, databases, no_cluster, of_cluster, security_groups};
use crate::cloud::desk::{Desk, Route};
use crate::cloud::refusal::Refusal;
use crate::world::World;
use crate::world::database::{Database, Role};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::describe_db_clusters).then_compute_response(desk.control(route, describe)),
        mock!(Client::failover_db_cluster).then_compute_response(desk.control(route, failover)),
        mock!(Client::modify_db_cluster).then_compute_response(desk.control(route, modify)),
    ]
}

fn describe(
    world: &mut World,
    region: &Region,
    input: &DescribeDbClustersInput,
) -> Result<DescribeDbClustersOutput, Refusal> {
    let asked = input.db_cluster_identifier();
    let found: Vec<DbCluster> = databases(world, region)
        .filter(|database| database.is_cluster())
        .filter(|database| asked.is_none_or(|id| goes_by(database, world, id)))
        .map(|database| cluster(world, database))
        .collect();
    match asked {
        Some(id) if found.is_empty() => Err(no_cluster(id)),
        _ => Ok(DescribeDbClustersOutput::builder()
            .set_db_clusters(Some(found))
            .build()),
    }
}

fn failover(
    world: &mut World,
    region: &Region,
    input: &FailoverDbClusterInput,
) -> Result<FailoverDbClusterOutput, Refusal> {
    let id = input.db_cluster_identifier().unwrap_or_default();
    standing(world, region, id)?;
    let target = input.target_db_instance_identifier();
    let to = target.map_or_else(String::new, |target| format!(" to {target}"));
    let answer = world.ask_for_failover(region, target).map_err(of_cluster);
    asked(world, &format!("rds:FailoverDBCluster {id}{to}"), answer)?;
    Ok(FailoverDbClusterOutput::builder()
        .set_db_cluster(described(world, region, id))
        .build())
}

fn modify(
    world: &mut World,
    region: &Region,
    input: &ModifyDbClusterInput,
) -> Result<ModifyDbClusterOutput, Refusal> {
    let id = input.db_cluster_identifier().unwrap_or_default();
    standing(world, region, id)?;
    // Source: RDS API, ModifyDBCluster, VpcSecurityGroupIds: applied at once, whatever ApplyImmediately says.
    let groups = input.vpc_security_group_ids();
    if !groups.is_empty() {
        let line = format!(
            "rds:ModifyDBCluster {id} VpcSecurityGroupIds={}",
            groups.join(",")
        );
        let answer = world
            .set_security_groups(region, id, groups.to_vec())
            .map_err(of_cluster);
        asked(world, &line, answer)?;
    }
    Ok(ModifyDbClusterOutput::builder()
        .set_db_cluster(described(world, region, id))
        .build())
}

/// Refuses what is no DB cluster there.
fn standing(world: &World, region: &Region, id: &str) -> Result<(), Refusal> {
    described(world, region, id)
        .map(|_| ())
        .ok_or_else(|| no_cluster(id))
}

/// A DB cluster as RDS shows it.
fn described(world: &World, region: &Region, id: &str) -> Option<DbCluster> {
    databases(world, region)
        .find(|database| database.is_cluster() && goes_by(database, world, id))
        .map(|database| cluster(world, database))
}

/// Source: RDS API, DescribeDBClusters: an identifier or an ARN, not case-sensitive.
fn goes_by(database: &Database, world: &World, id: &str) -> bool {
    database.identifier.eq_ignore_ascii_case(id) || database.arn(&world.system.account) == id
}

fn cluster(world: &World, database: &Database) -> DbCluster {
    let members = database.hosts.iter().enumerate().map(|(index, host)| {
        DbClusterMember::builder()
            .db_instance_identifier(&host.instance)
            // A secondary cluster of a global cluster has readers only.
            .is_cluster_writer(index == database.writer && database.role == Role::Primary)
            .promotion_tier(host.tier)
            .build()
    });
    DbCluster::builder()
        .db_cluster_identifier(&database.identifier)
        .db_cluster_arn(database.arn(&world.system.account))
        .status(database.status())
        .engine(database.engine)
        .engine_version(database.engine_version)
        .set_db_cluster_members(Some(members.collect()))
        .set_vpc_security_groups(Some(security_groups(database)))
        .build()
}
