//! What AWS puts on the event bus, in the documented shapes. The same parser reads these that reads AWS's own;
//! `events/samples` holds the documented payloads they follow.

use domain::names::Region;
use domain::system::{Meaning, System, Watches};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::alarm::{Alarm, Turn};
use super::database::{Database, Event};

/// A CloudWatch alarm's change of state. Source: CloudWatch User Guide, cloudwatch-and-eventbridge.
pub fn alarm(system: &System, alarm: &Alarm, turn: &Turn, at: Timestamp, serial: u64) -> Value {
    let (namespace, metric) = match (alarm.means, alarm.watches) {
        (Meaning::DatabaseDown, _) => ("Canary", "WriteFailed"),
        (Meaning::UserImpact, _) => ("Application", "FailedPercent"),
        (Meaning::RegionDown, Some(Watches::Users)) => ("Devices", "FailedPercent"),
        (Meaning::RegionDown, Some(Watches::Replication)) => ("AWS/RDS", "AuroraGlobalDBReplicationLag"),
        (Meaning::RegionDown, Some(Watches::Reachability) | None) => ("Canary", "Unreachable"),
    };
    let reason = format!(
        "Threshold Crossed: {} of the last {0} datapoints decided {}.",
        alarm.datapoints(),
        turn.to.as_str()
    );
    let arn = format!(
        "arn:{}:cloudwatch:{}:{}:alarm:{}",
        alarm.region.partition(),
        alarm.region,
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
        (system, &alarm.region),
        ("aws.cloudwatch", "CloudWatch Alarm State Change"),
        &arn,
        detail,
        at,
        serial,
    )
}

/// An RDS event about a database, in a Region. Source: RDS User Guide, rds-cloudwatch-events.sample.
pub fn rds(
    system: &System,
    database: &Database,
    region: &Region,
    event: &Event,
    at: Timestamp,
    serial: u64,
) -> Value {
    let (kind, source, detail_type) = if database.is_cluster() && !event.of_instance {
        ("cluster", "CLUSTER", "RDS DB Cluster Event")
    } else {
        ("db", "DB_INSTANCE", "RDS DB Instance Event")
    };
    let identifier = database.source_of(event);
    let arn = format!(
        "arn:{}:rds:{}:{}:{kind}:{identifier}",
        database.region.partition(),
        database.region,
        system.account
    );
    let detail = json!({
        "EventCategories": [event.category],
        "SourceType": source,
        "SourceArn": arn,
        "SourceIdentifier": format!("rds:{identifier}"),
        "Date": at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "Message": event.message,
        "EventID": event.id,
    });
    envelope(
        (system, region),
        ("aws.rds", detail_type),
        &arn,
        detail,
        at,
        serial,
    )
}

fn envelope(
    (system, region): (&System, &Region),
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
        "region": region,
        "resources": [arn],
        "detail": detail,
    })
}

/// CloudWatch writes the offset without a colon.
fn alarm_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}
