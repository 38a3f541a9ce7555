//! The one call that moves a primary, and when it is made.
//!
//! TestFailover is the only call that moves a primary without switching the group's automatic failover off first.
//! ElastiCache allows it for 15 node groups in 24 hours, and may block it in a large-scale event; then the refusal
//! says what a person can do. It promotes the replica that lags least, and lets nobody choose another. Sources:
//! ElastiCache API, TestFailover; ElastiCache User Guide, AutoFailover.

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::error::ProvideErrorMetadata;
use domain::journal::Journal;
use domain::step::{Error, Result};
use journal::Hold;
use runtime::aws::classify;

use crate::observe::{Observed, observe};

const FAIL_OVER: &str = "elasticache:TestFailover";

/// What is to be done about a replication group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
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

/// Looks at a replication group and does what is next, as `judge` says; answers how it stands where nothing is.
///
/// # Errors
/// `NotYet` right after asking for a failover and while ElastiCache is at it; `Unsafe` when it never will be as it should
/// be, or when a person stopped the run; `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub(crate) async fn ensure_next<J: Journal>(
    elasticache: &Client,
    group: &str,
    hold: &Hold<'_, J>,
    judge: impl Fn(&Observed) -> Next<'_>,
) -> Result<String> {
    let observed = observe(elasticache, group).await?;
    match judge(&observed) {
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

/// Asks for the failover of a node group. There is no success to answer: the next call observes.
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
