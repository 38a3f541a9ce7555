//! The primary node is in another zone than one that is left.
//!
//! A group whose primary is elsewhere is left alone, whatever else ElastiCache does to it: a node that it lost in the
//! zone comes back only when the zone does, and until then the group may be called `modifying`. Source: ElastiCache
//! User Guide, AutoFailover.

use aws_sdk_elasticache::Client;
use domain::journal::Journal;
use domain::names::Zone;
use domain::step::Result;
use journal::Hold;

use crate::failover::{Next, ensure_next};
use crate::observe::Observed;

/// Ensures that no primary node of a replication group is in that zone, and answers where they are.
///
/// # Errors
/// `NotYet` right after asking for a failover, and while ElastiCache allows none; `Unsafe` when there is no replica
/// outside of the zone, when the group cannot fail over by itself or does not tell its nodes' roles, or when a person
/// stopped the run; `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    elasticache: &Client,
    group: &str,
    zone: &Zone,
    hold: &Hold<'_, J>,
) -> Result<String> {
    ensure_next(elasticache, group, hold, |observed| observed.away_from_zone(zone)).await
}

impl Observed {
    fn away_from_zone(&self, zone: &Zone) -> Next<'_> {
        if self.is_gone() {
            return Next::Never("the replication group cannot be used");
        }
        if self.has_no_roles() && self.is_settled() {
            return Next::Never("ElastiCache does not tell the roles of nodes where cluster mode is enabled");
        }
        let mut shards = self.shards.iter();
        let unwanted = shards.find(|shard| shard.primary().is_some_and(|node| node.zone == zone.0));
        let Some(shard) = unwanted else {
            return if self.has_primaries() {
                Next::Nothing
            } else {
                Next::Wait
            };
        };
        if shard.nodes.iter().all(|node| node.zone == zone.0) {
            return Next::Never("there is no replica outside of the zone");
        }
        if !self.fails_over_by_itself {
            return Next::Never("the replication group's automatic failover is not enabled");
        }
        if self.is_settled() {
            Next::FailOver {
                node_group: &shard.id,
            }
        } else {
            Next::Wait
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Node, Shard};

    fn group(status: &str, nodes: &[(&str, Option<&str>)]) -> Observed {
        let nodes = nodes.iter().enumerate().map(|(index, (zone, role))| Node {
            cluster: format!("shop-00{}", index + 1),
            zone: (*zone).to_owned(),
            role: role.map(str::to_owned),
        });
        Observed {
            group: "shop-cache".to_owned(),
            status: status.to_owned(),
            fails_over_by_itself: true,
            shards: vec![Shard {
                id: "0001".to_owned(),
                status: status.to_owned(),
                nodes: nodes.collect(),
            }],
        }
    }

    #[test]
    fn what_is_next_follows_from_the_primarys_zone() {
        let (primary, replica) = (Some("primary"), Some("replica"));
        let fail_over = Next::FailOver { node_group: "0001" };
        let a = Zone("a".to_owned());
        for (observed, expected) in [
            (group("available", &[("a", primary), ("b", replica)]), fail_over),
            (group("modifying", &[("a", primary), ("b", replica)]), Next::Wait),
            (
                group("available", &[("a", replica), ("b", primary)]),
                Next::Nothing,
            ),
            // What it lost in the zone is not back yet.
            (
                group("modifying", &[("a", replica), ("b", primary)]),
                Next::Nothing,
            ),
            (group("modifying", &[("b", primary)]), Next::Nothing),
            (group("modifying", &[("a", replica), ("b", replica)]), Next::Wait),
            (group("modifying", &[("a", None), ("b", None)]), Next::Wait),
            (group("creating", &[]), Next::Wait),
        ] {
            assert_eq!(observed.away_from_zone(&a), expected, "{observed}");
        }
        let mut alone = group("available", &[("a", primary), ("b", replica)]);
        alone.fails_over_by_itself = false;
        for observed in [
            alone,
            group("available", &[("a", primary), ("a", replica)]),
            group("available", &[("a", primary)]),
            group("available", &[("a", None), ("b", None)]),
            group("deleting", &[("b", primary)]),
        ] {
            assert!(
                matches!(observed.away_from_zone(&a), Next::Never(_)),
                "{observed}"
            );
        }
    }
}
