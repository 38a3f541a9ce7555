//! RDS.

use aws_sdk_rds::Client;
use aws_sdk_rds::operation::describe_db_clusters::{
    DescribeDBClustersError, DescribeDbClustersInput, DescribeDbClustersOutput,
};
use aws_sdk_rds::operation::describe_db_instances::{
    DescribeDBInstancesError, DescribeDbInstancesInput, DescribeDbInstancesOutput,
};
use aws_sdk_rds::operation::failover_db_cluster::{
    FailoverDBClusterError, FailoverDbClusterInput, FailoverDbClusterOutput,
};
use aws_sdk_rds::operation::reboot_db_instance::{
    RebootDBInstanceError, RebootDbInstanceInput, RebootDbInstanceOutput,
};
use aws_sdk_rds::types::error::{
    DbClusterNotFoundFault, DbInstanceNotFoundFault, InvalidDbClusterStateFault, InvalidDbInstanceStateFault,
};
use aws_sdk_rds::types::{DbCluster, DbClusterMember, DbInstance};
use aws_smithy_mocks::{Rule, mock};
use domain::system::DatabaseKind;

use super::Desk;
use super::refusal::{fault, meta};
use crate::timeline::Actor;
use crate::world::World;
use crate::world::database::{Database, Host, Refusal};

pub(super) fn rules(desk: &Desk) -> Vec<Rule> {
    vec![
        mock!(Client::describe_db_instances).then_compute_response(desk.answer(describe_instances)),
        mock!(Client::describe_db_clusters).then_compute_response(desk.answer(describe_clusters)),
        mock!(Client::reboot_db_instance).then_compute_response(desk.answer(reboot)),
        mock!(Client::failover_db_cluster).then_compute_response(desk.answer(failover)),
    ]
}

fn describe_instances(
    world: &mut World,
    input: &DescribeDbInstancesInput,
) -> Result<DescribeDbInstancesOutput, DescribeDBInstancesError> {
    let database = &world.database;
    let in_cluster = |id: &str| is_cluster(database) && id == database.identifier;
    let of_filter = input
        .filters()
        .iter()
        .find(|filter| filter.name() == Some("db-cluster-id"));
    let found: Vec<DbInstance> = match (input.db_instance_identifier(), of_filter) {
        (Some(id), _) => shown(database)
            .filter(|host| host.instance == id)
            .map(|host| instance(database, host))
            .collect(),
        (None, Some(filter)) => {
            let wanted = filter.values().iter().any(|id| in_cluster(id));
            shown(database)
                .filter(|_| wanted)
                .map(|host| instance(database, host))
                .collect()
        }
        (None, None) => shown(database).map(|host| instance(database, host)).collect(),
    };
    match input.db_instance_identifier() {
        Some(id) if found.is_empty() => {
            let fault = fault!(
                DbInstanceNotFoundFault,
                "DBInstanceNotFound",
                format!("DBInstance {id} not found.")
            );
            Err(DescribeDBInstancesError::DbInstanceNotFoundFault(fault))
        }
        _ => Ok(DescribeDbInstancesOutput::builder()
            .set_db_instances(Some(found))
            .build()),
    }
}

fn describe_clusters(
    world: &mut World,
    input: &DescribeDbClustersInput,
) -> Result<DescribeDbClustersOutput, DescribeDBClustersError> {
    let database = &world.database;
    let asked = input.db_cluster_identifier();
    if !is_cluster(database) || asked.is_some_and(|id| id != database.identifier) {
        let fault = fault!(
            DbClusterNotFoundFault,
            "DBClusterNotFoundFault",
            format!("DBCluster {} not found.", asked.unwrap_or_default())
        );
        return Err(DescribeDBClustersError::DbClusterNotFoundFault(fault));
    }
    let members = database.hosts.iter().enumerate().map(|(index, host)| {
        DbClusterMember::builder()
            .db_instance_identifier(&host.instance)
            .is_cluster_writer(index == database.writer)
            .promotion_tier(host.tier)
            .build()
    });
    let cluster = DbCluster::builder()
        .db_cluster_identifier(&database.identifier)
        .status(database.status())
        .engine(database.engine)
        .set_db_cluster_members(Some(members.collect()))
        .build();
    Ok(DescribeDbClustersOutput::builder().db_clusters(cluster).build())
}

fn reboot(
    world: &mut World,
    input: &RebootDbInstanceInput,
) -> Result<RebootDbInstanceOutput, RebootDBInstanceError> {
    let asked = input.db_instance_identifier().unwrap_or_default().to_owned();
    let line = format!(
        "rds:RebootDBInstance {asked} ForceFailover={}",
        input.force_failover() == Some(true)
    );
    if is_cluster(&world.database) || asked != world.database.identifier {
        let fault = fault!(
            DbInstanceNotFoundFault,
            "DBInstanceNotFound",
            format!("DBInstance {asked} not found.")
        );
        return Err(RebootDBInstanceError::DbInstanceNotFoundFault(fault));
    }
    if input.force_failover() != Some(true) {
        return Err(RebootDBInstanceError::generic(meta(
            "InternalFailure",
            "a reboot without failover is not modelled",
        )));
    }
    match world.ask_for_failover(None) {
        Ok(()) => {
            world.say(Actor::Call, format!("{line}: accepted"));
            let database = &world.database;
            let shown = shown(database).next().map(|host| instance(database, host));
            Ok(RebootDbInstanceOutput::builder().set_db_instance(shown).build())
        }
        Err(Refusal::State(why)) => {
            world.say(Actor::Call, format!("{line}: InvalidDBInstanceState"));
            let fault = fault!(InvalidDbInstanceStateFault, "InvalidDBInstanceState", why);
            Err(RebootDBInstanceError::InvalidDbInstanceStateFault(fault))
        }
        Err(Refusal::Combination(why)) => {
            world.say(Actor::Call, format!("{line}: InvalidParameterCombination"));
            Err(RebootDBInstanceError::generic(meta(
                "InvalidParameterCombination",
                why,
            )))
        }
    }
}

fn failover(
    world: &mut World,
    input: &FailoverDbClusterInput,
) -> Result<FailoverDbClusterOutput, FailoverDBClusterError> {
    let asked = input.db_cluster_identifier().unwrap_or_default().to_owned();
    let target = input.target_db_instance_identifier().map(str::to_owned);
    let to = target
        .as_deref()
        .map_or_else(String::new, |target| format!(" to {target}"));
    let line = format!("rds:FailoverDBCluster {asked}{to}");
    if !is_cluster(&world.database) || asked != world.database.identifier {
        let fault = fault!(
            DbClusterNotFoundFault,
            "DBClusterNotFoundFault",
            format!("DBCluster {asked} not found.")
        );
        return Err(FailoverDBClusterError::DbClusterNotFoundFault(fault));
    }
    match world.ask_for_failover(target.as_deref()) {
        Ok(()) => {
            world.say(Actor::Call, format!("{line}: accepted"));
            let cluster = DbCluster::builder()
                .db_cluster_identifier(asked)
                .status(world.database.status())
                .build();
            Ok(FailoverDbClusterOutput::builder().db_cluster(cluster).build())
        }
        Err(Refusal::State(why) | Refusal::Combination(why)) => {
            world.say(Actor::Call, format!("{line}: InvalidDBClusterStateFault"));
            let fault = fault!(InvalidDbClusterStateFault, "InvalidDBClusterStateFault", why);
            Err(FailoverDBClusterError::InvalidDbClusterStateFault(fault))
        }
    }
}

/// The hosts that RDS shows as DB instances of their own: a Multi-AZ instance's standby is none.
fn shown(database: &Database) -> impl Iterator<Item = &Host> {
    let all = is_cluster(database);
    database
        .hosts
        .iter()
        .enumerate()
        .filter(move |(index, _)| all || *index == database.writer)
        .map(|(_, host)| host)
}

fn instance(database: &Database, host: &Host) -> DbInstance {
    let built = DbInstance::builder()
        .db_instance_identifier(&host.instance)
        .db_instance_status(database.instance_status(host))
        .engine(database.engine)
        .availability_zone(host.zone.to_string());
    if is_cluster(database) {
        return built
            .db_cluster_identifier(&database.identifier)
            .multi_az(false)
            .build();
    }
    let standby = database.standby_zone().map(ToString::to_string);
    built
        .multi_az(database.hosts.len() > 1)
        .set_secondary_availability_zone(standby)
        .build()
}

const fn is_cluster(database: &Database) -> bool {
    match database.kind {
        DatabaseKind::MultiAzInstance => false,
        DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => true,
    }
}
