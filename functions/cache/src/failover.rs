//! The one call that moves a primary.
//!
//! TestFailover is the only call that moves a primary without switching the group's automatic failover off first.
//! ElastiCache allows it for 15 node groups in 24 hours, and may block it in a large-scale event; then the refusal
//! says what a person can do. It promotes the replica that lags least, and lets nobody choose another. Sources:
//! ElastiCache API, TestFailover; ElastiCache User Guide, AutoFailover.

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::error::ProvideErrorMetadata;
use domain::step::Error;
use runtime::aws::classify;

const FAIL_OVER: &str = "elasticache:TestFailover";

/// Asks for the failover of a node group. There is no success to answer: the next call observes.
pub(crate) async fn fail_over(elasticache: &Client, group: &str, node_group: &str) -> Error {
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
