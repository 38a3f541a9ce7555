//! ElastiCache: what happens to a cache's nodes.
//!
//! They come by SNS alone. What ElastiCache sends to EventBridge (EventBridge Events Reference, `events-ref-elasticache`:
//! `Cache Created` and so on) is about serverless caches (ElastiCache User Guide, `serverless-events`), which have no
//! primary that could fail over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn;
use crate::error::Error;
use crate::json::Object;
use crate::signal::{Signal, Subject, Via};
use crate::time;

/// ElastiCache says that something happened to a cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct CacheEvent {
    /// What it happened to, as ElastiCache names it: a cluster (`shop-001`) or a replication group (`shop`).
    pub name: String,
    /// What it means.
    pub change: CacheChange,
    /// The event as ElastiCache writes it, e.g. `FailoverComplete`.
    pub event: String,
    /// When ElastiCache said it.
    pub happened_at: Timestamp,
}

/// What an event of ElastiCache means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheChange {
    /// A replica became the primary.
    FailoverComplete,
    /// A node is degraded or out of reach, and ElastiCache has begun to replace it.
    NodeReplaceStarted,
    /// ElastiCache has replaced such a node.
    NodeReplaceComplete,
    /// Anything else that ElastiCache tells.
    Other,
}

impl CacheChange {
    fn from_event(event: &str) -> Self {
        match event {
            "FailoverComplete" => Self::FailoverComplete,
            "CacheNodeReplaceStarted" => Self::NodeReplaceStarted,
            "CacheNodeReplaceComplete" => Self::NodeReplaceComplete,
            _ => Self::Other,
        }
    }
}

/// What comes before an event's name.
const PREFIX: &str = "ElastiCache:";

/// Whether that is what ElastiCache sends to a topic.
pub(crate) fn is_one(message: &Object<'_>) -> bool {
    message.key_after(PREFIX).is_some()
}

/// Reads what ElastiCache sent to a topic (ElastiCache User Guide, `ElastiCacheSNS`): an object in which one key is the event,
/// and its value names the cache. Neither account nor Region nor time are in it: the topic's account and Region are the cache's,
/// because ElastiCache takes no other topic (same document), and the time is that of the notification.
pub(crate) fn read(message: &Object<'_>, notification: &Object<'_>) -> Result<Signal, Error> {
    const A_TOPIC: &str = "the ARN of a topic, like arn:aws:sns:us-east-1:123456789012:name";
    let event = message.key_after(PREFIX).unwrap_or_default();
    let name = message
        .string(&format!("{PREFIX}{event}"), "the cache's name")?
        .into_owned();
    let (region, account) = notification.read("TopicArn", A_TOPIC, |text| {
        arn::topic(text).map(|arn| (arn.region.to_owned(), arn.account.to_owned()))
    })?;
    let happened_at = time::at(notification, "Timestamp")?;
    Ok(Signal {
        id: format!("elasticache/{account}/{region}/{name}/{event}/{happened_at:.3}"),
        account,
        region,
        time: happened_at,
        via: Via::Sns,
        subject: Subject::Cache(CacheEvent {
            name,
            change: CacheChange::from_event(event),
            event: event.to_owned(),
            happened_at,
        }),
    })
}
