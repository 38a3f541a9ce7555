//! Global clusters. RDS in either Region answers for them, from what it knows there.

use aws_sdk_rds::Client;
use aws_sdk_rds::operation::describe_global_clusters::{
    DescribeGlobalClustersInput, DescribeGlobalClustersOutput,
};
use aws_sdk_rds::operation::failover_global_cluster::{
    FailoverGlobalClusterInput, FailoverGlobalClusterOutput,
};
use aws_sdk_rds::operation::remove_from_global_cluster::{
    RemoveFromGlobalClusterInput, RemoveFromGlobalClusterOutput,
};
use aws_sdk_rds::operation::switchover_global_cluster::{
    SwitchoverGlobalClusterInput, SwitchoverGlobalClusterOutput,
};
use aws_sdk_rds::types::{
    FailoverState, FailoverStatus, GlobalCluster, GlobalClusterMember,
    GlobalClusterMemberSynchronizationStatus,
};
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::{asked, no_cluster, of_cluster};
use crate::cloud::desk::{Desk, Route};
use crate::cloud::refusal::Refusal;
use crate::world::World;
use crate::world::replication::{Kind, Replication};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::describe_global_clusters).then_compute_response(desk.control(route, describe)),
        mock!(Client::switchover_global_cluster).then_compute_response(desk.control(route, switch_over)),
        mock!(Client::failover_global_cluster).then_compute_response(desk.control(route, fail_over)),
        mock!(Client::remove_from_global_cluster).then_compute_response(desk.control(route, remove)),
    ]
}

fn describe(
    world: &mut World,
    _: &Region,
    input: &DescribeGlobalClustersInput,
) -> Result<DescribeGlobalClustersOutput, Refusal> {
    let known = global(world).filter(|(id, _)| {
        input
            .global_cluster_identifier()
            .is_none_or(|asked| asked.eq_ignore_ascii_case(id))
    });
    match (known, input.global_cluster_identifier()) {
        (None, Some(asked)) => Err(no_global(asked)),
        (known, _) => {
            let shown = known.map(|(id, replication)| shown(world, id, replication));
            Ok(DescribeGlobalClustersOutput::builder()
                .set_global_clusters(Some(shown.into_iter().collect()))
                .build())
        }
    }
}

fn switch_over(
    world: &mut World,
    _: &Region,
    input: &SwitchoverGlobalClusterInput,
) -> Result<SwitchoverGlobalClusterOutput, Refusal> {
    let id = named(world, input.global_cluster_identifier())?;
    let to = home_of(world, input.target_db_cluster_identifier())?;
    let line = format!("rds:SwitchoverGlobalCluster {id} to {to}");
    let answer = world.switchover_global(&to).map_err(of_cluster);
    asked(world, &line, answer)?;
    Ok(SwitchoverGlobalClusterOutput::builder()
        .set_global_cluster(now(world))
        .build())
}

/// Source: RDS API, FailoverGlobalCluster: without `AllowDataLoss` the operation is a switchover.
fn fail_over(
    world: &mut World,
    _: &Region,
    input: &FailoverGlobalClusterInput,
) -> Result<FailoverGlobalClusterOutput, Refusal> {
    let id = named(world, input.global_cluster_identifier())?;
    let to = home_of(world, input.target_db_cluster_identifier())?;
    let lossy = input.allow_data_loss() == Some(true);
    if lossy && input.switchover() == Some(true) {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "AllowDataLoss and Switchover can't be specified together",
        ));
    }
    let line = format!("rds:FailoverGlobalCluster {id} to {to} AllowDataLoss={lossy}");
    let answer = world.failover_global(&to, lossy).map_err(of_cluster);
    asked(world, &line, answer)?;
    Ok(FailoverGlobalClusterOutput::builder()
        .set_global_cluster(now(world))
        .build())
}

fn remove(
    world: &mut World,
    _: &Region,
    input: &RemoveFromGlobalClusterInput,
) -> Result<RemoveFromGlobalClusterOutput, Refusal> {
    let id = named(world, input.global_cluster_identifier())?;
    let member = home_of(world, input.db_cluster_identifier())?;
    let line = format!("rds:RemoveFromGlobalCluster {id} the cluster in {member}");
    let answer = world.remove_from_global(&member).map_err(of_cluster);
    asked(world, &line, answer)?;
    Ok(RemoveFromGlobalClusterOutput::builder()
        .set_global_cluster(now(world))
        .build())
}

fn global(world: &World) -> Option<(&str, &Replication)> {
    let replication = world.replication.as_ref()?;
    match &replication.kind {
        Kind::AuroraGlobal { identifier } => Some((identifier.as_str(), replication)),
        Kind::ReadReplica => None,
    }
}

fn now(world: &World) -> Option<GlobalCluster> {
    global(world).map(|(id, replication)| shown(world, id, replication))
}

fn named(world: &World, asked: Option<&str>) -> Result<String, Refusal> {
    let asked = asked.unwrap_or_default();
    global(world)
        .filter(|(id, _)| asked.eq_ignore_ascii_case(id))
        .map(|(id, _)| id.to_owned())
        .ok_or_else(|| no_global(asked))
}

fn no_global(id: &str) -> Refusal {
    Refusal::not_found(
        "GlobalClusterNotFoundFault",
        format!("Global cluster {id} not found"),
    )
}

/// The Region of the cluster of that ARN. Source: RDS API, FailoverGlobalCluster: across Regions an ARN is needed.
fn home_of(world: &World, arn: Option<&str>) -> Result<Region, Refusal> {
    let arn = arn.unwrap_or_default();
    world
        .sites
        .iter()
        .find(|site| site.database.arn(&world.system.account) == arn)
        .map(|site| site.region.clone())
        .ok_or_else(|| no_cluster(arn))
}

fn shown(world: &World, id: &str, replication: &Replication) -> GlobalCluster {
    let arn = |site: usize| world.sites[site].database.arn(&world.system.account);
    let writer = replication.members.iter().find(|member| member.writer);
    let members = replication.members.iter().map(|member| {
        let readers = replication
            .members
            .iter()
            .filter(|other| member.writer && !other.writer);
        GlobalClusterMember::builder()
            .db_cluster_arn(arn(member.site))
            .is_writer(member.writer)
            .set_readers(Some(readers.map(|reader| arn(reader.site)).collect()))
            .synchronization_status(if member.connected {
                GlobalClusterMemberSynchronizationStatus::Connected
            } else {
                GlobalClusterMemberSynchronizationStatus::PendingResync
            })
            .build()
    });
    let state = replication.under_way.as_ref().map(|under_way| {
        FailoverState::builder()
            .status(FailoverStatus::from(under_way.status.word()))
            .from_db_cluster_arn(arn(under_way.from))
            .to_db_cluster_arn(arn(under_way.to))
            .is_data_loss_allowed(under_way.allow_data_loss)
            .build()
    });
    let database = writer.map_or(&world.sites[0].database, |writer| {
        &world.sites[writer.site].database
    });
    GlobalCluster::builder()
        .global_cluster_identifier(id)
        .status(
            replication
                .under_way
                .as_ref()
                .map_or("available", |under_way| under_way.status.word()),
        )
        .engine(database.engine)
        .engine_version(database.engine_version)
        .set_global_cluster_members(Some(members.collect()))
        .set_failover_state(state)
        .build()
}
