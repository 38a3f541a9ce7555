//! Garbage: whatever comes, there is a signal, or an error that helps.

use std::sync::LazyLock;

use events::{Error, Rejected, Signal, Subject, parse};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::samples::{Sample, accepted};

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(accepted);

/// What must hold of any payload.
fn check(payload: &[u8]) -> Result<Signal, Error> {
    let result = parse(payload);
    assert_eq!(parse(payload), result, "parse is a function of its input");
    match &result {
        Ok(signal) => {
            let kind = match &signal.subject {
                Subject::Alarm(_) | Subject::Database(_) => "arn:",
                Subject::Deployment(_) => "codedeploy/",
                Subject::Health(_) => "health/",
                Subject::Scaling(_) => "autoscaling/",
                Subject::ZonalShift(_) => "arc-zonal-shift/",
                Subject::Execution(_) => "execution/",
                Subject::Cache(_) => "elasticache/",
                Subject::Request(_) => "request/",
                Subject::SelfTest(_) => "self-test/",
            };
            assert!(signal.id.starts_with(kind), "{}", signal.id);
            assert_eq!(signal.account.len(), 12, "{}", signal.id);
            assert!(!signal.region.is_empty(), "{}", signal.id);
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("expected"), "{text}");
            assert!(
                text.contains('$') || matches!(error, Error::TooLarge { .. }),
                "{text}"
            );
            assert!(text.chars().count() < 2000, "{text}");
            assert!(!error.hint().is_empty());
            assert!(!text.chars().any(char::is_control), "{text:?}");
            let kept = Rejected::new(error, payload);
            assert_eq!((kept.bytes, kept.truncated), (payload.len(), false));
        }
    }
    result
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        select(vec![
            "ALARM",
            "aws:sns",
            "aws.rds",
            "CloudWatch Alarm State Change",
            "RDS DB Cluster Event",
            "aws.codedeploy",
            "CodeDeploy Deployment State-change Notification",
            "aws.health",
            "AWS Health Event",
            "aws.autoscaling",
            "EC2 Instance Launch Unsuccessful",
            "EC2 Instance-launch Lifecycle Action",
            "aws.arc-zonal-shift",
            "Autoshift In Progress",
            "aws.states",
            "Step Functions Execution Status Change",
            "assess",
            "recover",
            "*",
            "2026-03-04T05:06:07Z",
            "123456789012",
            "eu-central-1",
            "arn:aws:sns:eu-central-1:123456789012:topic",
            "{}"
        ])
        .prop_map(Value::from),
    ];
    // Keys that we look for, so that the garbage gets past the door.
    let key = prop_oneof![
        any::<String>(),
        select(vec![
            "Records",
            "EventSource",
            "Sns",
            "Message",
            "alarmData",
            "alarmArn",
            "detail",
            "detail-type",
            "source",
            "state",
            "value",
            "AlarmName",
            "AlarmArn",
            "resources",
            "account",
            "region",
            "time",
            "evenkeel",
            "system",
            "schedule",
            "ElastiCache:FailoverComplete",
            "TopicArn",
            "Timestamp",
            "metadata",
            "metrics",
            "dimensions",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The pointers to all values in it but the whole.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(i, child)| (i.to_string(), child))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![],
    };
    for (key, child) in children {
        let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        places(child, &place, found);
        found.push(place);
    }
}

/// A sample, and one of its nodes.
fn sample_and_place() -> impl Strategy<Value = (Value, String)> {
    (any::<Index>(), any::<Index>()).prop_map(|(sample, place)| {
        let value: Value = serde_json::from_slice(&sample.get(&SAMPLES).payload).expect("a sample is JSON");
        let mut found = vec![];
        places(&value, "", &mut found);
        let place = place.get(&found).clone();
        (value, place)
    })
}

/// Takes the node away. Gives back whether it was there.
fn delete(value: &mut Value, place: &str) -> bool {
    let Some((parent, key)) = place.rsplit_once('/') else {
        return false;
    };
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) => fields
            .remove(&key.replace("~1", "/").replace("~0", "~"))
            .is_some(),
        Some(Value::Array(elements)) => {
            elements.remove(key.parse().expect("the key of an element is its index"));
            true
        }
        _ => false,
    }
}

/// One change of one alarm, as the three of its wrappings carry it.
#[derive(Debug)]
struct Change {
    name: String,
    region: String,
    account: String,
    state: &'static str,
    millisecond: i64,
    reason: String,
}

impl Change {
    fn arn(&self) -> String {
        format!(
            "arn:aws:cloudwatch:{}:{}:alarm:{}",
            self.region, self.account, self.name
        )
    }

    /// As CloudWatch writes it.
    fn time(&self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.millisecond).expect("the time is in range");
        format!("{time:.3}").replace('Z', "+0000")
    }

    fn change(&self) -> Value {
        json!({
            "alarmName": self.name,
            "state": {"value": self.state, "reason": self.reason, "timestamp": self.time()},
            "configuration": {"metrics": []},
        })
    }

    fn event(&self) -> Value {
        json!({
            "version": "0",
            "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
            "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch",
            "account": self.account,
            // EventBridge's own time, to the second, and later.
            "time": "2099-12-31T23:59:59Z",
            "region": self.region,
            "resources": [self.arn()],
            "detail": self.change(),
        })
    }

    fn action(&self) -> Value {
        json!({
            "source": "aws.cloudwatch",
            "alarmArn": self.arn(),
            "accountId": self.account,
            "time": self.time(),
            "region": self.region,
            "alarmData": self.change(),
        })
    }

    fn notification(&self) -> Value {
        json!({
            "AlarmName": self.name,
            "AlarmDescription": null,
            "AWSAccountId": self.account,
            "NewStateValue": self.state,
            "NewStateReason": self.reason,
            "StateChangeTime": self.time(),
            "Region": "Somewhere (For People)",
            "AlarmArn": self.arn(),
            "Trigger": {},
        })
    }

    fn by_sns(message: &Value) -> Value {
        json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message.to_string()}}]})
    }
}

fn change() -> impl Strategy<Value = Change> {
    (
        // Up to 255 characters, and any of them (CloudWatch API Reference, `PutMetricAlarm`).
        "\\PC{1,255}",
        select(vec![
            "us-east-1",
            "eu-central-2",
            "us-gov-west-1",
            "eusc-de-east-1",
        ]),
        "[0-9]{12}",
        select(vec!["OK", "ALARM", "INSUFFICIENT_DATA"]),
        0_i64..4_102_444_800_000,
        any::<String>(),
    )
        .prop_map(|(name, region, account, state, millisecond, reason)| Change {
            name,
            region: region.to_owned(),
            account,
            state,
            millisecond,
            reason,
        })
}

/// A message of AWS Health, as either of two Regions delivers it.
#[derive(Debug)]
struct Message {
    communication: String,
    account: String,
    impaired: &'static str,
    page: u32,
    pages: u32,
    entities: Vec<String>,
}

impl Message {
    fn delivered(&self, region: &str, id: &str, second: u32) -> Value {
        let entities: Vec<Value> = self
            .entities
            .iter()
            .map(|value| json!({"entityValue": value, "status": "IMPAIRED"}))
            .collect();
        json!({
            "version": "0",
            "id": id,
            "detail-type": "AWS Health Event",
            "source": "aws.health",
            "account": self.account,
            "time": format!("2026-03-04T05:06:{second:02}Z"),
            "region": region,
            "resources": self.entities,
            "detail": {
                "eventArn": "arn:aws:health:any::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1",
                "service": "EC2",
                "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE",
                "eventTypeCategory": "issue",
                "eventScopeCode": "ACCOUNT_SPECIFIC",
                "communicationId": self.communication,
                "startTime": "Wed, 4 Mar 2026 05:06:07 GMT",
                "statusCode": "open",
                "eventRegion": self.impaired,
                "affectedEntities": entities,
                "page": self.page.to_string(),
                "totalPages": self.pages.to_string(),
                "backupEvent": (region != self.impaired).to_string(),
                "affectedAccount": self.account,
            },
        })
    }
}

fn message() -> impl Strategy<Value = Message> {
    (
        "[0-9a-f]{4}-[0-9]",
        "[0-9]{12}",
        select(vec!["us-east-1", "us-west-2", "eu-central-1", "global"]),
        1_u32..20,
        prop::collection::vec("i-[0-9a-f]{8}", 0..4),
    )
        .prop_map(|(communication, account, impaired, page, entities)| Message {
            communication,
            account,
            impaired,
            page,
            pages: page + 1,
            entities,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn arbitrary_bytes_are_refused(payload: Vec<u8>) {
        prop_assert!(check(&payload).is_err());
    }

    #[test]
    fn arbitrary_json_is_refused(payload in arbitrary_json()) {
        prop_assert!(check(payload.to_string().as_bytes()).is_err());
    }

    #[test]
    fn arbitrary_json_in_a_notification_is_refused(message in arbitrary_json()) {
        prop_assert!(check(Change::by_sns(&message).to_string().as_bytes()).is_err());
    }

    #[test]
    fn a_sample_without_one_of_its_nodes_helps((mut value, place) in sample_and_place()) {
        prop_assert!(delete(&mut value, &place));
        let _ = check(value.to_string().as_bytes());
    }

    #[test]
    fn a_sample_with_another_node_helps((mut value, place) in sample_and_place(), other in arbitrary_json()) {
        *value.pointer_mut(&place).expect("the place was found in it") = other;
        let _ = check(value.to_string().as_bytes());
    }

    #[test]
    fn a_sample_with_a_changed_byte_helps(sample: Index, at: Index, byte: u8) {
        let mut payload = sample.get(&SAMPLES).payload.clone();
        let at = at.index(payload.len());
        payload[at] = byte;
        let _ = check(&payload);
    }

    #[test]
    fn one_change_by_every_way_is_one_alarm_with_one_id(change in change()) {
        let event = check(change.event().to_string().as_bytes()).expect("an event");
        let others = [
            change.action(),
            Change::by_sns(&change.notification()),
            Change::by_sns(&change.event()),
        ];
        for other in others {
            let other = check(other.to_string().as_bytes()).expect("the same alarm");
            prop_assert_eq!(&other.id, &event.id);
            prop_assert_eq!(&other.account, &event.account);
            prop_assert_eq!(&other.region, &event.region);
            prop_assert_eq!(&other.subject, &event.subject);
        }
    }

    #[test]
    fn a_health_message_is_one_signal_wherever_it_is_delivered(message in message(), late in 0_u32..60) {
        let impaired = check(message.delivered(message.impaired, "1", 0).to_string().as_bytes());
        // An event is never delivered in `global`.
        let impaired = if message.impaired == "global" {
            check(message.delivered("us-east-1", "1", 0).to_string().as_bytes()).expect("an event")
        } else {
            impaired.expect("an event")
        };
        let backup = check(message.delivered("us-west-2", "2", late).to_string().as_bytes()).expect("its copy");
        prop_assert_eq!(&backup.id, &impaired.id);
        prop_assert_eq!(&backup.region, message.impaired);
        prop_assert_eq!(&impaired.region, message.impaired);
        prop_assert_eq!(&backup.account, &impaired.account);
    }

    #[test]
    fn two_health_messages_are_two_signals(one in message(), other in message()) {
        let same = one.communication == other.communication
            && one.account == other.account
            && one.page == other.page;
        let one = check(one.delivered("us-west-2", "1", 0).to_string().as_bytes()).expect("an event");
        let other = check(other.delivered("us-west-2", "2", 0).to_string().as_bytes()).expect("an event");
        prop_assert_eq!(one.id == other.id, same);
    }

    #[test]
    fn a_delivery_that_is_repeated_is_the_same_signal(sample: Index, id in "[0-9a-f]{8}") {
        let mut event: Value = serde_json::from_slice(&sample.get(&SAMPLES).payload).expect("a sample is JSON");
        let first = check(event.to_string().as_bytes()).expect("a sample is a signal");
        if event.get("id").is_some() {
            event["id"] = json!(id);
        }
        if event.get("Records").is_some() {
            event["Records"][0]["EventSubscriptionArn"] = json!(id);
        }
        prop_assert_eq!(check(event.to_string().as_bytes()).expect("the same"), first);
    }

    #[test]
    fn whatever_stands_in_an_alarms_metrics_it_is_an_alarm(change in change(), metrics in arbitrary_json()) {
        let mut event = change.event();
        let without = check(event.to_string().as_bytes()).expect("an alarm");
        event["detail"]["configuration"]["metrics"] = metrics.clone();
        let with = check(event.to_string().as_bytes()).expect("the same alarm");
        prop_assert_eq!(&with.id, &without.id);
        let mut message = change.notification();
        message["Trigger"] = json!({"Metrics": metrics});
        let told = check(Change::by_sns(&message).to_string().as_bytes()).expect("the same alarm");
        prop_assert_eq!(told.id, without.id);
    }

    #[test]
    fn two_changes_are_two_ids(one in change(), other in change()) {
        let same = one.arn() == other.arn() && one.state == other.state && one.millisecond == other.millisecond;
        let one = check(one.event().to_string().as_bytes()).expect("an event");
        let other = check(other.event().to_string().as_bytes()).expect("an event");
        prop_assert_eq!(one.id == other.id, same);
    }
}

#[test]
fn a_sample_that_is_cut_off_anywhere_is_refused_as_cut_off() {
    for sample in SAMPLES.iter() {
        let whole = sample.payload.trim_ascii_end();
        for end in 0..whole.len() {
            let error = check(&whole[..end]).expect_err("it is not whole");
            assert!(
                matches!(error, Error::NotJson { .. }),
                "{} cut at {end}: {error}",
                sample.name
            );
        }
    }
}
