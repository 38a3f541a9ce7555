//! What AWS puts on the event bus, in the documented shapes. The same parser reads these that reads AWS's own;
//! `events/samples` holds the documented payloads they follow.

use domain::system::{DatabaseKind, Meaning, System};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::alarm::{Alarm, Turn};
use super::database::Event;

/// A CloudWatch alarm's change of state. Source: CloudWatch User Guide, cloudwatch-and-eventbridge.
pub fn alarm(system: &System, alarm: &Alarm, turn: &Turn, at: Timestamp, serial: u64) -> Value {
    let (namespace, metric) = match alarm.meaning {
        Meaning::DatabaseDown => ("Canary", "WriteFailed"),
        Meaning::UserImpact => ("Application", "FailedPercent"),
    };
    let reason = format!(
        "Threshold Crossed: {} of the last {0} datapoints decided {}.",
        alarm.datapoints(),
        turn.to.as_str()
    );
    let arn = format!(
        "arn:{}:cloudwatch:{}:{}:alarm:{}",
        system.regions.primary.partition(),
        system.regions.primary,
        system.account,
        alarm.name
    );
    let metric = json!({"namespace": namespace, "name": metric, "dimensions": {"System": system.name}});
    let stat = json!({"metric": metric, "period": alarm.period_ms() / 1_000, "stat": "Maximum"});
    let before = turn.from_since.map_or_else(
        || json!({"value": turn.from.as_str()}),
        |since| json!({"value": turn.from.as_str(), "timestamp": alarm_time(since)}),
    );
    let detail = json!({
        "alarmName": alarm.name,
        "configuration": {"metrics": [{"id": "m1", "metricStat": stat, "returnData": true}]},
        "previousState": before,
        "state": {"value": turn.to.as_str(), "reason": reason, "timestamp": alarm_time(at)},
    });
    envelope(
        system,
        ("aws.cloudwatch", "CloudWatch Alarm State Change"),
        &arn,
        detail,
        at,
        serial,
    )
}

/// An RDS event. Source: RDS User Guide, rds-cloudwatch-events.sample.
pub fn rds(system: &System, event: &Event, at: Timestamp, serial: u64) -> Value {
    let (kind, source, detail_type) = match system.database.kind {
        DatabaseKind::MultiAzInstance => ("db", "DB_INSTANCE", "RDS DB Instance Event"),
        DatabaseKind::MultiAzCluster | DatabaseKind::Aurora => ("cluster", "CLUSTER", "RDS DB Cluster Event"),
    };
    let arn = format!(
        "arn:{}:rds:{}:{}:{kind}:{}",
        system.regions.primary.partition(),
        system.regions.primary,
        system.account,
        system.database.identifier
    );
    let detail = json!({
        "EventCategories": ["failover"],
        "SourceType": source,
        "SourceArn": arn,
        "SourceIdentifier": format!("rds:{}", system.database.identifier),
        "Date": at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "Message": event.message,
        "EventID": event.id,
    });
    envelope(system, ("aws.rds", detail_type), &arn, detail, at, serial)
}

fn envelope(
    system: &System,
    (source, detail_type): (&str, &str),
    arn: &str,
    detail: Value,
    at: Timestamp,
    serial: u64,
) -> Value {
    json!({
        "version": "0",
        "id": format!("00000000-0000-4000-8000-{serial:012x}"),
        "detail-type": detail_type,
        "source": source,
        "account": system.account,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": system.regions.primary,
        "resources": [arn],
        "detail": detail,
    })
}

/// CloudWatch writes the offset without a colon.
fn alarm_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}
