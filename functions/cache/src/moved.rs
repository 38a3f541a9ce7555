//! The primary node of this Region's replication group is another one than before.
//!
//! TestFailover is the only call that moves a primary without switching the group's automatic failover off first.
//! ElastiCache allows it for 15 node groups in 24 hours, and may block it in a large-scale event; then the refusal
//! says what a person can do. Source: ElastiCache API, TestFailover.

use std::fmt;

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::error::ProvideErrorMetadata;
use aws_sdk_elasticache::types::{AutomaticFailoverStatus, NodeGroup, ReplicationGroup};
use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::system::Site;
use journal::Hold;
use runtime::aws::classify;

const DESCRIBE: &str = "elasticache:DescribeReplicationGroups";
const FAIL_OVER: &str = "elasticache:TestFailover";

/// Ensures that no node group of this Region's replication group has that cache cluster as its primary node, and
/// answers which ones they are.
///
/// # Errors
/// `NotYet` right after asking for a failover and while ElastiCache changes the group; `Unsafe` when the group cannot
/// fail over by itself or does not tell its nodes' roles, or when a person stopped the run; `InvalidInput` for a system
/// without a cache here; `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    elasticache: &Client,
    here: &Site,
    away_from: &str,
    hold: &Hold<'_, J>,
) -> Result<String> {
    let group = here.cache.as_deref().ok_or_else(|| Error::InvalidInput {
        what: format!("the system file names no `cache` in {}", here.region),
    })?;
    let observed = observe(elasticache, group).await?;
    match observed.next(away_from) {
        Next::Nothing => Ok(observed.to_string()),
        Next::Wait => Err(Error::NotYet {
            seen: observed.to_string(),
        }),
        Next::FailOver { node_group } => {
            hold.check().await?;
            Err(fail_over(elasticache, group, node_group).await)
        }
        Next::Never(why) => Err(Error::Unsafe {
            why: format!("{why}: {observed}"),
        }),
    }
}

/// A replication group as ElastiCache describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Observed {
    group: String,
    status: String,
    fails_over_by_itself: bool,
    shards: Vec<Shard>,
}

/// A node group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shard {
    id: String,
    status: String,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    cluster: String,
    zone: String,
    /// Told only where cluster mode is disabled. Source: ElastiCache API, NodeGroupMember, `CurrentRole`.
    role: Option<String>,
}

impl Shard {
    fn primary(&self) -> Option<&Node> {
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

/// What is to be done about a replication group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next<'a> {
    /// It is as it should be.
    Nothing,
    /// ElastiCache is at it.
    Wait,
    /// This node group may be failed over.
    FailOver {
        /// Its id.
        node_group: &'a str,
    },
    /// It never will be as it should be.
    Never(&'static str),
}

impl Observed {
    /// Statuses of a replication group: `creating`, `available`, `modifying`, `deleting`, `create-failed`,
    /// `snapshotting`. Source: ElastiCache API, ReplicationGroup, `Status`.
    fn next(&self, away_from: &str) -> Next<'_> {
        if matches!(self.status.as_str(), "deleting" | "create-failed") {
            return Next::Never("the replication group cannot be used");
        }
        let settled = self.status == "available"
            && !self.shards.is_empty()
            && self.shards.iter().all(|shard| shard.status == "available");
        if !settled {
            return Next::Wait;
        }
        if self
            .shards
            .iter()
            .flat_map(|shard| &shard.nodes)
            .all(|node| node.role.is_none())
        {
            return Next::Never("ElastiCache does not tell the roles of nodes where cluster mode is enabled");
        }
        let unwanted = self.shards.iter().find(|shard| {
            shard
                .primary()
                .is_some_and(|node| node.cluster.eq_ignore_ascii_case(away_from))
        });
        match unwanted {
            Some(_) if !self.fails_over_by_itself => {
                Next::Never("the replication group's automatic failover is not enabled")
            }
            Some(shard) => Next::FailOver {
                node_group: &shard.id,
            },
            None if self.shards.iter().all(|shard| shard.primary().is_some()) => Next::Nothing,
            None => Next::Wait,
        }
    }
}

/// One group is asked for, so one at most is answered: the call has no second page.
async fn observe(elasticache: &Client, group: &str) -> Result<Observed> {
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

async fn fail_over(elasticache: &Client, group: &str, node_group: &str) -> Error {
    let answer = elasticache
        .test_failover()
        .replication_group_id(group)
        .node_group_id(node_group)
        .send()
        .await;
    let error = match answer {
        Ok(_) => {
            return Error::NotYet {
                seen: format!("{FAIL_OVER} of node group {node_group} of {group} accepted"),
            };
        }
        Err(error) => error,
    };
    let code = error.code().unwrap_or_default().to_owned();
    match (code.as_str(), classify(FAIL_OVER, error)) {
        // It changed between our look and our call, perhaps by our own call of a moment ago: look again.
        ("InvalidReplicationGroupState" | "InvalidCacheClusterState", error) => Error::NotYet {
            seen: error.to_string(),
        },
        // "Exceeded the allowed rate of API calls": perhaps of this minute, perhaps the day's 15 node groups.
        ("APICallRateForCustomerExceeded", Error::Refused { call, why }) => Error::Throttled {
            call,
            why: format!("{why}. {}", by_hand(group)),
        },
        ("TestFailoverNotAvailableFault", Error::Refused { call, why }) => Error::Refused {
            call,
            why: format!("{why}. {}", by_hand(group)),
        },
        (_, error) => error,
    }
}

/// Source: ElastiCache User Guide, Replication.PromoteReplica.
fn by_hand(group: &str) -> String {
    format!(
        "By hand: switch automatic failover of {group} off, promote a replica (ModifyReplicationGroup with \
         PrimaryClusterId), and switch it on again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, status: &str, nodes: &[(&str, Option<&str>)]) -> Shard {
        Shard {
            id: id.to_owned(),
            status: status.to_owned(),
            nodes: nodes
                .iter()
                .map(|(cluster, role)| Node {
                    cluster: (*cluster).to_owned(),
                    zone: "eu-west-1a".to_owned(),
                    role: role.map(str::to_owned),
                })
                .collect(),
        }
    }

    fn group(status: &str, shards: Vec<Shard>) -> Observed {
        Observed {
            group: "shop-cache".to_owned(),
            status: status.to_owned(),
            fails_over_by_itself: true,
            shards,
        }
    }

    fn pair(first: &str, second: &str) -> Shard {
        shard(
            "0001",
            "available",
            &[("shop-001", Some(first)), ("shop-002", Some(second))],
        )
    }

    #[test]
    fn what_is_next_follows_from_roles_and_statuses() {
        let never = |observed: &Observed| matches!(observed.next("shop-001"), Next::Never(_));
        let fail_over = Next::FailOver { node_group: "0001" };
        let table = [
            (group("available", vec![pair("primary", "replica")]), fail_over),
            (
                group("available", vec![pair("replica", "primary")]),
                Next::Nothing,
            ),
            (group("modifying", vec![pair("replica", "primary")]), Next::Wait),
            (group("modifying", vec![pair("primary", "replica")]), Next::Wait),
            (
                group("snapshotting", vec![pair("primary", "replica")]),
                Next::Wait,
            ),
            (group("available", vec![pair("replica", "replica")]), Next::Wait),
            (group("available", vec![]), Next::Wait),
            // The node that was the primary is gone, and another one is it.
            (
                group(
                    "available",
                    vec![shard("0001", "available", &[("shop-002", Some("primary"))])],
                ),
                Next::Nothing,
            ),
            (
                group(
                    "available",
                    vec![shard("0001", "modifying", &[("shop-001", Some("primary"))])],
                ),
                Next::Wait,
            ),
        ];
        for (observed, next) in table {
            assert_eq!(observed.next("shop-001"), next, "{observed}");
        }
        assert!(never(&group("deleting", vec![pair("replica", "primary")])));
        assert!(never(&group(
            "available",
            vec![shard("0001", "available", &[("shop-001", None)])]
        )));
        let mut alone = group("available", vec![pair("primary", "replica")]);
        alone.fails_over_by_itself = false;
        assert!(never(&alone));
        alone.shards = vec![pair("replica", "primary")];
        assert_eq!(alone.next("shop-001"), Next::Nothing);
    }
}
