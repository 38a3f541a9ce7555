//! ElastiCache.

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::operation::describe_global_replication_groups::{
    DescribeGlobalReplicationGroupsInput, DescribeGlobalReplicationGroupsOutput,
};
use aws_sdk_elasticache::operation::describe_replication_groups::{
    DescribeReplicationGroupsInput, DescribeReplicationGroupsOutput,
};
use aws_sdk_elasticache::operation::failover_global_replication_group::{
    FailoverGlobalReplicationGroupInput, FailoverGlobalReplicationGroupOutput,
};
use aws_sdk_elasticache::operation::test_failover::{TestFailoverInput, TestFailoverOutput};
use aws_sdk_elasticache::types::{
    AutomaticFailoverStatus, GlobalReplicationGroup, GlobalReplicationGroupMember, MultiAzStatus, NodeGroup,
    NodeGroupMember, ReplicationGroup,
};
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::timeline::Actor;
use crate::world::World;
use crate::world::cache::{self, CacheGroup, GlobalDatastore, NODE_GROUP};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::describe_global_replication_groups)
            .then_compute_response(desk.control(route, describe_global)),
        mock!(Client::failover_global_replication_group)
            .then_compute_response(desk.control(route, fail_over_global)),
        mock!(Client::describe_replication_groups).then_compute_response(desk.control(route, describe)),
        mock!(Client::test_failover).then_compute_response(desk.control(route, test_failover)),
    ]
}

fn describe_global(
    world: &mut World,
    _: &Region,
    input: &DescribeGlobalReplicationGroupsInput,
) -> Result<DescribeGlobalReplicationGroupsOutput, Refusal> {
    let asked = input.global_replication_group_id();
    let known = world
        .cache
        .as_ref()
        .filter(|datastore| asked.is_none_or(|id| id == datastore.id));
    match (known, asked) {
        (None, Some(id)) => Err(Refusal::not_found(
            "GlobalReplicationGroupNotFoundFault",
            format!("Global Replication Group {id} not found."),
        )),
        (known, _) => {
            let with_members = input.show_member_info() == Some(true);
            let shown = known.map(|datastore| shown_global(world, datastore, with_members));
            Ok(DescribeGlobalReplicationGroupsOutput::builder()
                .set_global_replication_groups(Some(shown.into_iter().collect()))
                .build())
        }
    }
}

fn fail_over_global(
    world: &mut World,
    _: &Region,
    input: &FailoverGlobalReplicationGroupInput,
) -> Result<FailoverGlobalReplicationGroupOutput, Refusal> {
    let id = input.global_replication_group_id().unwrap_or_default();
    let group = input.primary_replication_group_id().unwrap_or_default();
    let to: Region = input
        .primary_region()
        .unwrap_or_default()
        .parse()
        .map_err(|_| Refusal::new("InvalidParameterValue", "PrimaryRegion is not a Region"))?;
    let line = format!("elasticache:FailoverGlobalReplicationGroup {id} to {to}");
    let answer = world
        .failover_cache(id, &to, group)
        .map_err(|refusal| match refusal {
            cache::Refusal::NotFound(why) => Refusal::not_found("GlobalReplicationGroupNotFoundFault", why),
            cache::Refusal::State(why) => Refusal::new("InvalidGlobalReplicationGroupState", why),
            cache::Refusal::Parameter(why) => Refusal::new("InvalidParameterValue", why),
        });
    asked(world, &line, answer)?;
    let shown = world
        .cache
        .as_ref()
        .map(|datastore| shown_global(world, datastore, false));
    Ok(FailoverGlobalReplicationGroupOutput::builder()
        .set_global_replication_group(shown)
        .build())
}

fn describe(
    world: &mut World,
    region: &Region,
    input: &DescribeReplicationGroupsInput,
) -> Result<DescribeReplicationGroupsOutput, Refusal> {
    let asked = input.replication_group_id();
    let known = group(world, region).filter(|group| asked.is_none_or(|id| id == group.id));
    match (known, asked) {
        (None, Some(id)) => Err(no_group(id)),
        (known, _) => Ok(DescribeReplicationGroupsOutput::builder()
            .set_replication_groups(Some(known.map(shown).into_iter().collect()))
            .build()),
    }
}

fn test_failover(
    world: &mut World,
    region: &Region,
    input: &TestFailoverInput,
) -> Result<TestFailoverOutput, Refusal> {
    let id = input.replication_group_id().unwrap_or_default();
    let node_group = input.node_group_id().unwrap_or_default();
    let line = format!("elasticache:TestFailover {id} {node_group} in {region}");
    let answer = world
        .test_cache_failover(region, id, node_group)
        .map_err(|refusal| match refusal {
            cache::Refusal::NotFound(why) => Refusal::not_found("ReplicationGroupNotFoundFault", why),
            cache::Refusal::State(why) => Refusal::new("InvalidReplicationGroupState", why),
            cache::Refusal::Parameter(why) => Refusal::not_found("NodeGroupNotFoundFault", why),
        });
    asked(world, &line, answer)?;
    Ok(TestFailoverOutput::builder()
        .set_replication_group(group(world, region).map(shown))
        .build())
}

fn asked(world: &mut World, line: &str, answer: Result<(), Refusal>) -> Result<(), Refusal> {
    let said = answer.as_ref().map_or_else(Refusal::code, |()| "accepted");
    world.say(Actor::Call, format!("{line}: {said}"));
    answer
}

fn group<'w>(world: &'w World, region: &Region) -> Option<&'w CacheGroup> {
    world.site(region)?.cache.as_ref()
}

fn no_group(id: &str) -> Refusal {
    Refusal::not_found(
        "ReplicationGroupNotFoundFault",
        format!("ReplicationGroup {id} not found."),
    )
}

fn shown(group: &CacheGroup) -> ReplicationGroup {
    let members = group.nodes.iter().map(|node| {
        NodeGroupMember::builder()
            .cache_cluster_id(&node.id)
            .preferred_availability_zone(&node.zone)
            .current_role(if node.primary { "primary" } else { "replica" })
            .build()
    });
    let node_group = NodeGroup::builder()
        .node_group_id(NODE_GROUP)
        .status(group.status())
        .set_node_group_members(Some(members.collect()))
        .build();
    ReplicationGroup::builder()
        .replication_group_id(&group.id)
        .status(group.status())
        .automatic_failover(AutomaticFailoverStatus::Enabled)
        .multi_az(MultiAzStatus::Enabled)
        .node_groups(node_group)
        .build()
}

fn shown_global(world: &World, datastore: &GlobalDatastore, with_members: bool) -> GlobalReplicationGroup {
    let members = world.sites.iter().enumerate().filter_map(|(index, site)| {
        let group = site.cache.as_ref()?;
        Some(
            GlobalReplicationGroupMember::builder()
                .replication_group_id(&group.id)
                .replication_group_region(site.region.as_str())
                .role(datastore.role(index))
                .status("associated")
                .build(),
        )
    });
    GlobalReplicationGroup::builder()
        .global_replication_group_id(&datastore.id)
        .status(datastore.status())
        .set_members(with_members.then(|| members.collect()))
        .build()
}
