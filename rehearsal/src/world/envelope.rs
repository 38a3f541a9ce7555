//! What AWS puts on the event bus, in the documented shapes. The same parser reads these that reads AWS's own;
//! `events/samples` holds the documented payloads they follow.

use domain::names::Region;
use domain::system::{Meaning, System, Watches};
use events::AlarmState;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::alarm::{Alarm, Turn};
use super::database::{Database, Event};
use super::execution::Execution;
use super::health::Issue;
use super::web::{Instance, Web};

/// A CloudWatch alarm's change of state. Source: CloudWatch User Guide, cloudwatch-and-eventbridge.
pub fn alarm(system: &System, alarm: &Alarm, turn: &Turn, at: Timestamp, serial: u64) -> Value {
    let (namespace, metric) = match (alarm.means, alarm.watches) {
        (Meaning::DatabaseDown, _) => ("Canary", "WriteFailed"),
        (Meaning::UserImpact, _) => ("Application", "FailedPercent"),
        (Meaning::RegionDown, Some(Watches::Users)) => ("Devices", "FailedPercent"),
        (Meaning::RegionDown, Some(Watches::Replication)) => ("AWS/RDS", "AuroraGlobalDBReplicationLag"),
        (Meaning::RegionDown, Some(Watches::Reachability) | None) => ("Canary", "Unreachable"),
        (Meaning::ZoneImpaired, _) => ("Application", "FailedPercent"),
        (Meaning::InstancesUnhealthy, _) => ("AWS/ApplicationELB", "UnHealthyHostCount"),
        (Meaning::LoadHigh, _) => ("Application", "LoadPercent"),
        (Meaning::CacheDown, _) => ("Canary", "CacheFailed"),
    };
    let reason = reason(alarm, turn.to);
    let arn = format!(
        "arn:{}:cloudwatch:{}:{}:alarm:{}",
        alarm.region.partition(),
        alarm.region,
        system.account,
        alarm.name
    );
    let metric = json!({"namespace": namespace, "name": metric, "dimensions": dimensions(system, alarm)});
    let stat = json!({"metric": metric, "period": alarm.period_ms() / 1_000, "stat": "Maximum"});
    let before = turn.from_since.map_or_else(
        || json!({"value": turn.from.as_str()}),
        |since| json!({"value": turn.from.as_str(), "timestamp": alarm_time(since)}),
    );
    let detail = json!({
        "alarmName": alarm.name,
        "configuration": {"metrics": [{"id": "m1", "metricStat": stat, "returnData": true}]},
        "previousState": before,
        "state": {
            "value": turn.to.as_str(),
            "reason": reason,
            "reasonData": reason_data(alarm, at),
            "timestamp": alarm_time(at),
        },
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

/// What an alarm's metric is of. Source: Elastic Load Balancing User Guide, load-balancer-cloudwatch-metrics.
fn dimensions(system: &System, alarm: &Alarm) -> Value {
    let of = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
    let web = system.web.as_ref();
    let target_group = web.map(|web| of(&web.target_group));
    let balancer = web.and_then(|web| web.load_balancer.as_deref()).map(of);
    let balancer = balancer.map(|name| name.trim_start_matches("loadbalancer/").to_owned());
    match (alarm.means, target_group, balancer) {
        (Meaning::ZoneImpaired, Some(group), Some(balancer)) => {
            json!({"LoadBalancer": balancer, "TargetGroup": group, "AvailabilityZone": alarm.zone})
        }
        (Meaning::InstancesUnhealthy, Some(group), Some(balancer)) => {
            json!({"LoadBalancer": balancer, "TargetGroup": group})
        }
        _ => json!({"System": system.name}),
    }
}

/// Why an alarm is in a state, in words like CloudWatch's.
pub fn reason(alarm: &Alarm, state: AlarmState) -> String {
    format!(
        "Threshold Crossed: {} of the last {0} datapoints decided {}.",
        alarm.datapoints(),
        state.as_str()
    )
}

/// The same for programs: a JSON text. Source: CloudWatch User Guide, cloudwatch-and-eventbridge, `reasonData`. The newest
/// datapoint is the last.
pub fn reason_data(alarm: &Alarm, at: Timestamp) -> String {
    json!({
        "version": "1.0",
        "queryDate": alarm_time(at),
        "statistic": "Maximum",
        "period": alarm.period_ms() / 1_000,
        "recentDatapoints": alarm.recent().collect::<Vec<f64>>(),
        "threshold": alarm.threshold(),
    })
    .to_string()
}

/// How far a deployment is. Source: CodeDeploy User Guide, monitoring-cloudwatch-events.
pub fn deployment(
    system: &System,
    region: &Region,
    (application, group): (&str, &str),
    (id, state): (&str, &str),
    at: Timestamp,
    serial: u64,
) -> Value {
    let arn = |kind: &str, name: &str| {
        let partition = region.partition();
        format!(
            "arn:{partition}:codedeploy:{region}:{}:{kind}:{name}",
            system.account
        )
    };
    let detail = json!({
        "instanceGroupId": "00000000-0000-4000-a000-000000000001",
        "region": region,
        "application": application,
        "deploymentId": id,
        "state": state,
        "deploymentGroup": group,
    });
    let mut event = envelope(
        (system, region),
        (
            "aws.codedeploy",
            "CodeDeploy Deployment State-change Notification",
        ),
        &arn("application", application),
        detail,
        at,
        serial,
    );
    event["resources"] = json!([
        arn("application", application),
        arn("deploymentgroup", &format!("{application}/{group}"))
    ]);
    event
}

/// What a group did to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// It is in service.
    Launched,
    /// It is gone.
    Terminated,
}

/// A launch or a termination. Source: EC2 Auto Scaling User Guide, ec2-auto-scaling-event-reference.
pub fn scaling(
    system: &System,
    web: &Web,
    region: &Region,
    (instance, did): (&Instance, Scaling),
    at: Timestamp,
    serial: u64,
) -> Value {
    let (detail_type, activity, words, from, to) = match did {
        Scaling::Launched => (
            "EC2 Instance Launch Successful",
            instance.id.clone(),
            "Launching a new EC2 instance",
            "EC2",
            "AutoScalingGroup",
        ),
        Scaling::Terminated => (
            "EC2 Instance Terminate Successful",
            format!("{}-ends", instance.id),
            "Terminating EC2 instance",
            "AutoScalingGroup",
            "EC2",
        ),
    };
    let cause = web.activities.iter().find(|known| known.id == activity);
    let detail = json!({
        "StatusCode": "InProgress",
        "Description": format!("{words}: {}", instance.id),
        "AutoScalingGroupName": web.group,
        "ActivityId": activity,
        "Details": {"Availability Zone": instance.zone, "Subnet ID": web.zones.subnets.get(&instance.zone)},
        "StatusMessage": "",
        "EC2InstanceId": instance.id,
        "EndTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "Cause": cause.map_or("", |activity| activity.cause.as_str()),
        "Origin": from,
        "Destination": to,
    });
    let arn = format!(
        "arn:{}:autoscaling:{region}:{}:autoScalingGroup:00000000-0000-4000-b000-000000000001:autoScalingGroupName/{}",
        region.partition(),
        system.account,
        web.group
    );
    envelope(
        (system, region),
        ("aws.autoscaling", detail_type),
        &arn,
        detail,
        at,
        serial,
    )
}

/// What AWS Health says of an issue, as the copy of one Region. Source: AWS Health User Guide,
/// aws-health-events-eventbridge-schema.
pub fn health(world: &World, issue: &Issue, copy: &Region, serial: u64) -> Value {
    let system = &world.system;
    let kind = "AWS_EC2_OPERATIONAL_ISSUE";
    let began = issue.began;
    let arn = format!(
        "arn:{}:health:{}::event/EC2/{kind}/{kind}_{began:08x}",
        issue.region.partition(),
        issue.region
    );
    let said = if issue.messages > 1 {
        issue.ended
    } else {
        issue.said
    };
    let said = said.unwrap_or(world.now);
    let date = |at| {
        let at = world.timestamp(at);
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let mut detail = json!({
        "eventArn": arn,
        "service": "EC2",
        "eventTypeCode": kind,
        "eventTypeCategory": "issue",
        "eventScopeCode": "PUBLIC",
        "communicationId": format!("{began:040x}-{}", issue.messages),
        "startTime": date(began),
        "lastUpdatedTime": date(said),
        "statusCode": if issue.messages > 1 { "closed" } else { "open" },
        "eventRegion": issue.region,
        "eventDescription": [{"language": "en_US", "latestDescription": "Connectivity to instances is impaired."}],
        "affectedEntities": [],
        "page": "1",
        "totalPages": "1",
        "backupEvent": if *copy == issue.region { "false" } else { "true" },
        "affectedAccount": system.account,
    });
    if let (Some(ended), true) = (issue.ended, issue.messages > 1) {
        detail["endTime"] = date(ended).into();
    }
    let at = world.timestamp(world.now);
    envelope(
        (system, copy),
        ("aws.health", "AWS Health Event"),
        &arn,
        detail,
        at,
        serial,
    )
}

/// How an execution ended. Source: Step Functions Developer Guide, eventbridge-integration.
pub fn execution(
    system: &System,
    region: &Region,
    (name, execution): (&str, &Execution),
    at: Timestamp,
    serial: u64,
) -> Value {
    let arn = domain::names::execution_arn(&execution.machine_arn, name);
    let end = execution.end.as_ref();
    let failed = end.filter(|end| end.status != "SUCCEEDED");
    let detail = json!({
        "executionArn": arn,
        "stateMachineArn": execution.machine_arn,
        "name": name,
        "status": end.map_or("RUNNING", |end| end.status),
        "stopDate": at.as_millisecond(),
        "input": execution.input.to_string(),
        "output": null,
        "error": failed.map(|end| end.outcome.as_str()),
    });
    let kind = ("aws.states", "Step Functions Execution Status Change");
    envelope((system, region), kind, &arn, detail, at, serial)
}

/// What ElastiCache tells a topic, as the topic passes it on. Source: ElastiCache User Guide, ElastiCacheSNS; Lambda
/// Developer Guide, with-sns.
pub fn cache(
    system: &System,
    region: &Region,
    (event, name): (&str, &str),
    at: Timestamp,
    serial: u64,
) -> Value {
    let topic = format!(
        "arn:{}:sns:{region}:{}:elasticache-events",
        region.partition(),
        system.account
    );
    let key = format!("ElastiCache:{event}");
    let message = json!({ &*key: name }).to_string();
    json!({"Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{topic}:00000000-0000-4000-8000-000000000001"),
        "Sns": {
            "Type": "Notification",
            "MessageId": format!("00000000-0000-4000-8000-{serial:012x}"),
            "TopicArn": topic,
            "Subject": format!("ElastiCache Notification - {key}"),
            "Message": message,
            "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "MessageAttributes": {},
        },
    }]})
}

/// What a schedule of ours asks for. Source of the shape: EventBridge Scheduler User Guide,
/// managing-schedule-context-attributes; the keys are our own.
pub fn assessment(system: &System, region: &Region, at: Timestamp) -> Value {
    let partition = region.partition();
    json!({
        "evenkeel": "assess",
        "system": system.name,
        "schedule": format!(
            "arn:{partition}:scheduler:{region}:{}:schedule/evenkeel/assess-{}",
            system.account, system.name
        ),
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
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
