//! DB instances.

use aws_sdk_rds::Client;
use aws_sdk_rds::operation::describe_db_instances::{DescribeDbInstancesInput, DescribeDbInstancesOutput};
use aws_sdk_rds::operation::modify_db_instance::{ModifyDbInstanceInput, ModifyDbInstanceOutput};
use aws_sdk_rds::operation::reboot_db_instance::{RebootDbInstanceInput, RebootDbInstanceOutput};
use aws_sdk_rds::types::{DbInstance, DbInstanceStatusInfo, PendingModifiedValues};
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::{asked, databases, no_instance, not_modelled, of_instance, security_groups};
use crate::cloud::desk::{Desk, Route};
use crate::cloud::refusal::Refusal;
use crate::world::World;
use crate::world::database::{Database, Host, Role, Work};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::describe_db_instances).then_compute_response(desk.control(route, describe)),
        mock!(Client::reboot_db_instance).then_compute_response(desk.control(route, reboot)),
        mock!(Client::modify_db_instance).then_compute_response(desk.control(route, modify)),
    ]
}

fn describe(
    world: &mut World,
    region: &Region,
    input: &DescribeDbInstancesInput,
) -> Result<DescribeDbInstancesOutput, Refusal> {
    let asked = input.db_instance_identifier();
    let of_filter = input
        .filters()
        .iter()
        .find(|filter| filter.name() == Some("db-cluster-id"));
    let wanted = |database: &Database, host: &Host| match (asked, of_filter) {
        (Some(id), _) => name(database, host).eq_ignore_ascii_case(id),
        (None, Some(filter)) => database.is_cluster() && filter.values().contains(&database.identifier),
        (None, None) => true,
    };
    let found: Vec<DbInstance> = databases(world, region)
        .flat_map(|database| shown(database).map(move |host| (database, host)))
        .filter(|(database, host)| wanted(database, host))
        .map(|(database, host)| instance(world, database, host))
        .collect();
    match asked {
        Some(id) if found.is_empty() => Err(no_instance(id)),
        _ => Ok(DescribeDbInstancesOutput::builder()
            .set_db_instances(Some(found))
            .build()),
    }
}

fn reboot(
    world: &mut World,
    region: &Region,
    input: &RebootDbInstanceInput,
) -> Result<RebootDbInstanceOutput, Refusal> {
    let id = input.db_instance_identifier().unwrap_or_default();
    standing(world, region, id)?;
    if input.force_failover() != Some(true) {
        return Err(not_modelled("a reboot without failover"));
    }
    let line = format!("rds:RebootDBInstance {id} ForceFailover=true");
    let answer = world.ask_for_failover(region, None).map_err(of_instance);
    asked(world, &line, answer)?;
    Ok(RebootDbInstanceOutput::builder()
        .set_db_instance(described(world, region, id))
        .build())
}

fn modify(
    world: &mut World,
    region: &Region,
    input: &ModifyDbInstanceInput,
) -> Result<ModifyDbInstanceOutput, Refusal> {
    let id = input.db_instance_identifier().unwrap_or_default();
    standing(world, region, id)?;
    if input.apply_immediately() != Some(true) {
        return Err(not_modelled("a change that waits for the maintenance window"));
    }
    let groups = input.vpc_security_group_ids();
    if !groups.is_empty() {
        let line = format!(
            "rds:ModifyDBInstance {id} VpcSecurityGroupIds={}",
            groups.join(",")
        );
        let answer = world
            .set_security_groups(region, id, groups.to_vec())
            .map_err(of_instance);
        asked(world, &line, answer)?;
    }
    if let Some(new) = input.new_db_instance_identifier() {
        let line = format!("rds:ModifyDBInstance {id} NewDBInstanceIdentifier={new}");
        let answer = world.rename_database(region, id, new).map_err(of_instance);
        asked(world, &line, answer)?;
    }
    Ok(ModifyDbInstanceOutput::builder()
        .set_db_instance(described(world, region, id))
        .build())
}

/// Refuses what is no DB instance of its own there.
fn standing(world: &World, region: &Region, id: &str) -> Result<(), Refusal> {
    databases(world, region)
        .any(|database| !database.is_cluster() && database.identifier.eq_ignore_ascii_case(id))
        .then_some(())
        .ok_or_else(|| no_instance(id))
}

/// A DB instance as RDS shows it after a change.
pub(super) fn described(world: &World, region: &Region, id: &str) -> Option<DbInstance> {
    databases(world, region)
        .find(|database| !database.is_cluster() && database.identifier.eq_ignore_ascii_case(id))
        .and_then(|database| Some(instance(world, database, shown(database).next()?)))
}

/// The hosts that RDS shows as DB instances of their own: a Multi-AZ instance's standby is none.
fn shown(database: &Database) -> impl Iterator<Item = &Host> {
    let all = database.is_cluster();
    database
        .hosts
        .iter()
        .enumerate()
        .filter(move |(index, _)| all || *index == database.writer)
        .map(|(_, host)| host)
}

/// The identifier of a DB instance: its own in a cluster, the database's otherwise.
fn name<'d>(database: &'d Database, host: &'d Host) -> &'d str {
    if database.is_cluster() {
        &host.instance
    } else {
        &database.identifier
    }
}

fn instance(world: &World, database: &Database, host: &Host) -> DbInstance {
    let built = DbInstance::builder()
        .db_instance_identifier(name(database, host))
        .db_instance_status(database.instance_status(host))
        .engine(database.engine)
        .engine_version(database.engine_version)
        .availability_zone(host.zone.to_string())
        .set_vpc_security_groups(Some(security_groups(database)));
    if database.is_cluster() {
        return built
            .db_cluster_identifier(&database.identifier)
            .multi_az(false)
            .build();
    }
    let standby = database.standby_zone().map(ToString::to_string);
    let source = source(world, database);
    let renamed = database.coming_identifier.as_ref().map(|new| {
        PendingModifiedValues::builder()
            .db_instance_identifier(new)
            .build()
    });
    built
        .set_pending_modified_values(renamed)
        .db_instance_arn(database.arn(&world.system.account))
        .multi_az(database.hosts.len() > 1)
        .set_secondary_availability_zone(standby)
        .set_status_infos(source.map(|source| vec![replication(world, database, source)]))
        .set_read_replica_source_db_instance_identifier(
            source.map(|source| world.sites[source].database.arn(&world.system.account)),
        )
        .build()
}

/// How a read replica's replication is. Source: RDS API, DBInstanceStatusInfo: `StatusType` is "read replication",
/// `Status` one of replicating, error, stopped and others.
fn replication(world: &World, database: &Database, source: usize) -> DbInstanceStatusInfo {
    let flows = world
        .replication
        .as_ref()
        .and_then(|replication| replication.link);
    let flows = flows.is_some_and(|link| link.flows);
    let joined = world
        .regions
        .are_joined(&world.sites[source].region, &database.region);
    let (status, normal) = match (flows, joined) {
        (false, _) => ("stopped", true),
        (true, false) => ("error", false),
        (true, true) => ("replicating", true),
    };
    DbInstanceStatusInfo::builder()
        .status_type("read replication")
        .status(status)
        .normal(normal)
        .build()
}

/// The site of the database in another Region that this one replicates, or is being made to replicate.
fn source(world: &World, database: &Database) -> Option<usize> {
    let site = world.index_of(&database.region)?;
    if world.sites[site].database.identifier != database.identifier {
        return None;
    }
    let replication = world.replication.as_ref()?;
    let being_made = database.work == Some(Work::Creating) && database.role == Role::Replica;
    replication
        .followed_by(site)
        .or_else(|| being_made.then_some(replication.writer))
}
