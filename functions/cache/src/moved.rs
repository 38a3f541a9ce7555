//! The primary node of this Region's replication group is another one than before.

use aws_sdk_elasticache::Client;
use domain::journal::Journal;
use domain::step::Result;
use journal::Hold;

use crate::failover::{Next, ensure_next};
use crate::observe::Observed;

/// Ensures that no node group of that replication group has that cache cluster as its primary node, and answers which
/// ones they are.
///
/// # Errors
/// `NotYet` right after asking for a failover and while ElastiCache changes the group; `Unsafe` when the group cannot
/// fail over by itself or does not tell its nodes' roles, or when a person stopped the run; `LockLost`; `Throttled`,
/// `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    elasticache: &Client,
    group: &str,
    away_from: &str,
    hold: &Hold<'_, J>,
) -> Result<String> {
    ensure_next(elasticache, group, hold, |observed| observed.next(away_from)).await
}

impl Observed {
    fn next(&self, away_from: &str) -> Next<'_> {
        if self.is_gone() {
            return Next::Never("the replication group cannot be used");
        }
        if !self.is_settled() {
            return Next::Wait;
        }
        if self.has_no_roles() {
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
            None if self.has_primaries() => Next::Nothing,
            None => Next::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Node, Shard};

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
