//! A replication group as ElastiCache describes it.

use std::fmt;

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::types::{AutomaticFailoverStatus, NodeGroup, ReplicationGroup};
use domain::step::{Error, Result};
use runtime::aws::classify;

const DESCRIBE: &str = "elasticache:DescribeReplicationGroups";

/// A replication group as ElastiCache describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Observed {
    pub(crate) group: String,
    pub(crate) status: String,
    pub(crate) fails_over_by_itself: bool,
    pub(crate) shards: Vec<Shard>,
}

/// A node group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) cluster: String,
    pub(crate) zone: String,
    /// Told only where cluster mode is disabled. Source: ElastiCache API, NodeGroupMember, `CurrentRole`.
    pub(crate) role: Option<String>,
}

impl Shard {
    pub(crate) fn primary(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| {
            node.role
                .as_deref()
                .is_some_and(|role| role.eq_ignore_ascii_case("primary"))
        })
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.group, self.status)?;
        for shard in &self.shards {
            write!(f, ", node group {} {}:", shard.id, shard.status)?;
            for node in &shard.nodes {
                let role = node.role.as_deref().unwrap_or("role not told");
                write!(f, " {} ({role}) in {}", node.cluster, node.zone)?;
            }
        }
        Ok(())
    }
}

impl Observed {
    /// Whether it can never be used again. Statuses of a replication group: `creating`, `available`, `modifying`,
    /// `deleting`, `create-failed`, `snapshotting`. Source: ElastiCache API, ReplicationGroup, `Status`.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.status.as_str(), "deleting" | "create-failed")
    }

    /// Whether ElastiCache changes nothing of it at the moment.
    pub(crate) fn is_settled(&self) -> bool {
        self.status == "available"
            && !self.shards.is_empty()
            && self.shards.iter().all(|shard| shard.status == "available")
    }

    /// Whether no node's role is told.
    pub(crate) fn has_no_roles(&self) -> bool {
        let mut nodes = self.shards.iter().flat_map(|shard| &shard.nodes);
        nodes.all(|node| node.role.is_none())
    }

    /// Whether every node group has a primary.
    pub(crate) fn has_primaries(&self) -> bool {
        !self.shards.is_empty() && self.shards.iter().all(|shard| shard.primary().is_some())
    }
}

/// One group is asked for, so one at most is answered: the call has no second page.
pub(crate) async fn observe(elasticache: &Client, group: &str) -> Result<Observed> {
    let answer = elasticache
        .describe_replication_groups()
        .replication_group_id(group)
        .send()
        .await;
    let answer = answer.map_err(|error| classify(DESCRIBE, error))?;
    let found = answer
        .replication_groups()
        .first()
        .ok_or_else(|| Error::Refused {
            call: DESCRIBE.to_owned(),
            why: format!("there is no replication group `{group}` in this Region"),
        })?;
    Ok(Observed::from(found))
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

impl From<&ReplicationGroup> for Observed {
    fn from(group: &ReplicationGroup) -> Self {
        Self {
            group: text(group.replication_group_id()),
            status: text(group.status()),
            fails_over_by_itself: group.automatic_failover() == Some(&AutomaticFailoverStatus::Enabled),
            shards: group.node_groups().iter().map(Shard::from).collect(),
        }
    }
}

impl From<&NodeGroup> for Shard {
    fn from(shard: &NodeGroup) -> Self {
        Self {
            id: text(shard.node_group_id()),
            status: text(shard.status()),
            nodes: shard
                .node_group_members()
                .iter()
                .map(|node| Node {
                    cluster: text(node.cache_cluster_id()),
                    zone: text(node.preferred_availability_zone()),
                    role: node.current_role().map(str::to_owned),
                })
                .collect(),
        }
    }
}
