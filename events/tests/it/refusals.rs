//! What is no signal, and what we say about it.

use std::fmt::Write as _;

use events::{Error, MAX_BYTES, Rejected, parse};
use serde_json::{Value, json};

use crate::samples::rejected;

/// A documented payload, to break.
fn metric() -> Value {
    sample(include_str!(
        "../../samples/example-cloudwatch-alarm-state-change.json"
    ))
}

fn action() -> Value {
    sample(include_str!(
        "../../samples/example-cloudwatch-composite-alarm-action-suppressed.json"
    ))
}

fn notification() -> Value {
    sample(include_str!("../../samples/example-sns-cloudwatch-alarm.json"))
}

fn cluster() -> Value {
    sample(include_str!(
        "../../samples/example-rds-cluster-failover-completed.json"
    ))
}

fn deployment() -> Value {
    sample(include_str!(
        "../../samples/example-codedeploy-deployment-failure.json"
    ))
}

fn health() -> Value {
    sample(include_str!("../../samples/example-health-public-issue.json"))
}

fn launch() -> Value {
    sample(include_str!(
        "../../samples/example-autoscaling-launch-unsuccessful.json"
    ))
}

fn lifecycle() -> Value {
    sample(include_str!(
        "../../samples/example-autoscaling-launch-lifecycle-action.json"
    ))
}

fn autoshift() -> Value {
    sample(include_str!(
        "../../samples/example-arc-autoshift-in-progress.json"
    ))
}

fn cache() -> Value {
    sample(include_str!(
        "../../samples/example-sns-elasticache-failover-complete.json"
    ))
}

fn scheduled() -> Value {
    sample(include_str!("../../samples/example-schedule-assess.json"))
}

fn by_person() -> Value {
    sample(include_str!("../../samples/example-person-recover.json"))
}

fn sample(text: &str) -> Value {
    serde_json::from_str(text).expect("a sample is JSON")
}

/// The payload with the value at a JSON pointer replaced.
fn with(mut payload: Value, pointer: &str, value: Value) -> String {
    *payload.pointer_mut(pointer).expect("the pointer leads somewhere") = value;
    payload.to_string()
}

/// The payload without the key.
fn without(mut payload: Value, pointer: &str) -> String {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let parent = payload
        .pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .expect("the parent is an object");
    parent.remove(key).expect("the key was there");
    payload.to_string()
}

/// The notification with its message, which is JSON in a string, changed.
fn with_message(change: impl FnOnce(Value) -> String) -> String {
    let message = notification()["Records"][0]["Sns"]["Message"]
        .as_str()
        .map(sample)
        .expect("a message");
    with(
        notification(),
        "/Records/0/Sns/Message",
        Value::String(change(message)),
    )
}

fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let metric_text = metric().to_string();
    let texts = [
        ("nothing at all", String::new()),
        ("no JSON", "ALARM: database is down".to_owned()),
        (
            "an event that was cut off",
            metric_text[..metric_text.len() / 2].to_owned(),
        ),
        ("two events in one", format!("{metric_text}{metric_text}")),
        ("a list", json!([metric()]).to_string()),
        ("a string", json!("ALARM").to_string()),
        ("an empty object", "{}".to_owned()),
        (
            "an event in which the source is missing",
            without(metric(), "/source"),
        ),
        (
            "an event in which the detail is missing",
            without(metric(), "/detail"),
        ),
        (
            "an event in which the detail is a string",
            with(metric(), "/detail", json!("ALARM")),
        ),
        (
            "an event without resources",
            with(metric(), "/resources", json!([])),
        ),
        (
            "an event about another resource",
            with(metric(), "/resources/0", json!("arn:aws:s3:::bucket")),
        ),
        (
            "an event in which the account is a number",
            with(metric(), "/account", json!(123_456_789_012_i64)),
        ),
        (
            "an event in which the Region is a name",
            with(metric(), "/region", json!("US East (N. Virginia)")),
        ),
        ("an alarm without a state", without(metric(), "/detail/state")),
        (
            "an alarm without a value in its state",
            without(metric(), "/detail/state/value"),
        ),
        (
            "an alarm in an unknown state",
            with(metric(), "/detail/state/value", json!("BROKEN")),
        ),
        (
            "an alarm with a null state",
            with(metric(), "/detail/state/value", json!(null)),
        ),
        (
            "an alarm whose previous state is unknown",
            with(metric(), "/detail/previousState/value", json!("?")),
        ),
        (
            "an alarm whose time has no offset",
            with(
                metric(),
                "/detail/state/timestamp",
                json!("2019-10-02T17:04:40.989"),
            ),
        ),
        (
            "an alarm with two states",
            metric_text.replacen(r#""state":"#, r#""state":{},"state":"#, 1),
        ),
        (
            "an alarm held back by something unknown",
            with(action(), "/alarmData/state/actionsSuppressedBy", json!("Holiday")),
        ),
        ("an alarm action without an ARN", without(action(), "/alarmArn")),
        (
            "an alarm action without a configuration",
            without(action(), "/alarmData/configuration"),
        ),
        (
            "a notification without records",
            with(notification(), "/Records", json!([])),
        ),
        (
            "a notification whose records are no list",
            with(notification(), "/Records", json!({})),
        ),
        (
            "a notification without a message",
            without(notification(), "/Records/0/Sns/Message"),
        ),
        (
            "a notification whose message was cut off",
            with_message(|message| message.to_string()[..40].to_owned()),
        ),
        (
            "a notification about something else",
            with_message(|_| json!({"text": "deployed"}).to_string()),
        ),
        (
            "a notification in which the new state is missing",
            with_message(|m| without(m, "/NewStateValue")),
        ),
        (
            "a notification in which the ARN is missing",
            with_message(|m| without(m, "/AlarmArn")),
        ),
        (
            "a notification without a trigger and without a rule",
            with_message(|m| without(m, "/Trigger")),
        ),
        (
            "a notification around an event that was cut off",
            with_message(|_| metric_text[..99].to_owned()),
        ),
        (
            "a cluster event about an instance",
            with(cluster(), "/detail/SourceType", json!("DB_INSTANCE")),
        ),
        (
            "a cluster event with an instance's ARN",
            with(
                cluster(),
                "/detail/SourceArn",
                json!("arn:aws:rds:us-east-1:123456789012:db:my-db-instance"),
            ),
        ),
        (
            "a cluster event without an id",
            without(cluster(), "/detail/EventID"),
        ),
        (
            "a cluster event with another id",
            with(cluster(), "/detail/EventID", json!("EC2-EVENT-1")),
        ),
        (
            "a cluster event whose categories are no list",
            with(cluster(), "/detail/EventCategories", json!("failover")),
        ),
        (
            "a deployment in an unknown state",
            with(deployment(), "/detail/state", json!("PAUSED")),
        ),
        (
            "a deployment without a group",
            without(deployment(), "/detail/deploymentGroup"),
        ),
        (
            "a Health event that does not say which Region",
            without(health(), "/detail/eventRegion"),
        ),
        (
            "a Health event whose Region is a name",
            with(health(), "/detail/eventRegion", json!("Africa (Cape Town)")),
        ),
        (
            "a Health event of an unknown category",
            with(health(), "/detail/eventTypeCategory", json!("rumour")),
        ),
        (
            "a Health event of an unknown status",
            with(health(), "/detail/statusCode", json!("maybe")),
        ),
        (
            "a Health event without the message's identifier",
            without(health(), "/detail/communicationId"),
        ),
        (
            "a Health event with a page that is no number",
            with(health(), "/detail/page", json!("first")),
        ),
        (
            "a Health event whose start is no time",
            with(health(), "/detail/startTime", json!("yesterday")),
        ),
        (
            "a Health event whose entities are no list",
            with(health(), "/detail/affectedEntities", json!("i-abcd1111")),
        ),
        (
            "a launch without its group",
            without(launch(), "/detail/AutoScalingGroupName"),
        ),
        (
            "a launch without its activity",
            without(launch(), "/detail/ActivityId"),
        ),
        (
            "a launch that waits to terminate",
            with(
                lifecycle(),
                "/detail/LifecycleTransition",
                json!("autoscaling:EC2_INSTANCE_TERMINATING"),
            ),
        ),
        (
            "an autoshift away from nowhere",
            without(autoshift(), "/detail/metadata/awayFrom"),
        ),
        (
            "a cache's event without its topic",
            without(cache(), "/Records/0/Sns/TopicArn"),
        ),
        (
            "a cache's event from no topic",
            with(cache(), "/Records/0/Sns/TopicArn", json!("elasticache-events")),
        ),
        (
            "a cache's event with two events",
            with(
                cache(),
                "/Records/0/Sns/Message",
                json!(r#"{"ElastiCache:FailoverComplete":"a","ElastiCache:SnapshotComplete":"a"}"#),
            ),
        ),
        (
            "a schedule that asks for what it may not",
            with(scheduled(), "/evenkeel", json!("recover")),
        ),
        (
            "a schedule whose ARN was not filled in",
            with(scheduled(), "/schedule", json!("<aws.scheduler.schedule-arn>")),
        ),
        (
            "a schedule whose time was not filled in",
            with(scheduled(), "/time", json!("<aws.scheduler.scheduled-time>")),
        ),
        ("a schedule without a system", without(scheduled(), "/system")),
        ("a person without a name", with(by_person(), "/by", json!("  "))),
        ("a person without a reason", without(by_person(), "/because")),
        (
            "a person who asks for the unknown",
            with(by_person(), "/evenkeel", json!("panic")),
        ),
        (
            "a person who asks to recover all",
            with(by_person(), "/system", json!("*")),
        ),
        (
            "a person who does not say which recovery",
            without(by_person(), "/recovery"),
        ),
        (
            "an unknown key with a line break",
            json!({"a\nb": 1, "\u{1b}[31m": 2}).to_string(),
        ),
    ];
    let mut broken: Vec<(&str, Vec<u8>)> = texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    broken.push(("bytes that are no text", b"{\"source\": \"\xff\"}".to_vec()));
    broken.push(("more than anything has", vec![b' '; MAX_BYTES + 1]));
    broken
}

#[test]
fn every_refusal_says_what_came_what_was_expected_and_where() {
    let mut told = String::new();
    for (name, payload) in broken() {
        let error = parse(&payload).expect_err(name);
        writeln!(told, "{name}\n  {error}\n  hint: {}\n", error.hint()).unwrap();
    }
    insta::assert_snapshot!("broken", told.trim_end());
}

#[test]
fn documented_payloads_that_are_not_ours_are_refused() {
    let mut told = String::new();
    for sample in rejected() {
        let error = parse(&sample.payload).expect_err(&sample.name);
        writeln!(told, "{}\n  {error}\n", sample.name).unwrap();
    }
    insta::assert_snapshot!("rejected", told.trim_end());
}

#[test]
fn a_payload_of_the_largest_size_is_still_read() {
    let mut payload = metric().to_string().into_bytes();
    payload.resize(MAX_BYTES, b' ');
    assert!(parse(&payload).is_ok());
    payload.push(b' ');
    assert_eq!(
        parse(&payload),
        Err(Error::TooLarge {
            bytes: MAX_BYTES + 1,
            limit: MAX_BYTES
        })
    );
}

#[test]
fn deep_nesting_is_skipped_without_recursion() {
    let depth = 100_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let payload = metric()
        .to_string()
        .replacen(r#""metrics":"#, &format!(r#""deep":{deep},"metrics":"#), 1);
    assert!(payload.len() < MAX_BYTES);
    assert!(parse(payload.as_bytes()).is_ok());
}

#[test]
fn keys_that_we_do_not_know_are_no_obstacle() {
    // CloudWatch User Guide, `alarm-tags-in-notifications`: alarms may carry their tags along.
    let mut payload = metric();
    payload["detail"]["alarmTags"] = json!({"team": "payments"});
    payload["detail"]["alarmTagsStatus"] = json!("SUCCESS");
    payload["detail"]["state"]["evaluationState"] = json!("PARTIAL_DATA");
    assert_eq!(
        parse(payload.to_string().as_bytes()),
        parse(metric().to_string().as_bytes())
    );
}

#[test]
fn what_is_refused_is_kept_with_its_reason() {
    let payload = without(metric(), "/detail/state");
    let error = parse(payload.as_bytes()).expect_err("the state is missing");
    let record = serde_json::to_value(Rejected::new(&error, payload.as_bytes())).unwrap();
    assert_eq!(
        record["reason"],
        "nothing at $.detail.state; expected the alarm's state"
    );
    assert_eq!(record["payload"], payload);
    assert_eq!(record["truncated"], false);
    assert_eq!(record["bytes"], payload.len());
}
