//! Alarms on Evenkeel itself: anything that was throttled, events that did not get through, silence, a run that failed.
//!
//! Each says one thing. Those of which nobody else says anything page, each by itself, so that a second thing that goes wrong while
//! the first still stands is heard of. A run that failed is not among them: the machine pages for it, where it could not the router
//! does, and where the router could not the event becomes a dead letter, for which there is an alarm
//! (docs/decisions/0029-the-stack-is-rendered.md). It stays an alarm to be seen on the dashboard.
//!
//! An alarm has five actions at most, so a sixth topic is paged in another way: then each topic has a composite alarm over those
//! that page. That one pages when the first of them rises, and not again until all are well.

use std::collections::BTreeSet;

use domain::names::{Recovery, TopicArn, fnv1a};
use runtime::metrics::{LOOKS, NAMESPACE};
use serde_json::{Value, json};

use super::arn::{attribute, reference};
use super::functions::{DEAD_LETTERS, Function};
use super::here::Here;
use super::machines;
use super::queues::UNDELIVERED;
use super::template::Template;

/// The most metrics that an alarm can add up (CloudWatch User Guide, Create-alarm-on-metric-math-expression).
const MOST_METRICS: usize = 10;
const _: () = assert!(
    Recovery::ALL.len() <= MOST_METRICS && Function::ALL.len() <= MOST_METRICS,
    "divide the alarms on what is throttled"
);

/// How many topics an alarm can page (CloudWatch API, PutMetricAlarm, `AlarmActions`).
const MOST_ACTIONS: usize = 5;

/// What one data point stands for, in seconds: the shortest that costs nothing more.
const PERIOD: u32 = 60;

/// A metric of AWS's, and whose.
struct Metric {
    namespace: &'static str,
    name: &'static str,
    dimension: &'static str,
    of: Value,
}

/// How many looks in a row may be missing, one a minute: a deployment of the router, or a retry, is shorter.
const LOOKS_MISSED: u32 = 5;

/// The alarms, and who hears of them. Returns their logical IDs.
pub(super) fn add(template: &mut Template, here: &Here<'_>, functions: &BTreeSet<Function>) -> Vec<String> {
    let mut ids = seen(template, here);
    let topics: BTreeSet<&TopicArn> = here
        .systems
        .iter()
        .map(|system| &system.people_in(&here.region).page)
        .collect();
    let paging = paging(template, here, functions);
    if topics.len() <= MOST_ACTIONS {
        for id in &paging {
            template.set(id, "AlarmActions", json!(topics));
        }
    } else {
        add_composites(template, &topics, &paging);
    }
    ids.extend(paging);
    ids
}

fn of_machine(recovery: Recovery, name: &'static str) -> Metric {
    Metric {
        namespace: "AWS/States",
        name,
        dimension: "StateMachineArn",
        of: reference(&machines::id(recovery)),
    }
}

/// Those of which somebody else says what there is to say.
fn seen(template: &mut Template, here: &Here<'_>) -> Vec<String> {
    let mut ids = Vec::new();
    for recovery in here.recoveries() {
        let metrics = ["ExecutionsFailed", "ExecutionsTimedOut"].map(|name| of_machine(recovery, name));
        let says = format!("A run of {recovery} failed, or took longer than it may");
        let id = format!("{}Failed", machines::id(recovery));
        add_one(template, &id, &says, "Sum", metrics.into());
        ids.push(id);
    }
    ids
}

/// Those that page.
fn paging(template: &mut Template, here: &Here<'_>, functions: &BTreeSet<Function>) -> Vec<String> {
    let mut ids = vec![add_silence(template)];
    let mut alarm = |id: String, says: &str, statistic: &str, metrics: Vec<Metric>| {
        add_one(template, &id, says, statistic, metrics);
        ids.push(id);
    };
    let throttled = here
        .recoveries()
        .into_iter()
        .map(|recovery| of_machine(recovery, "ExecutionThrottled"));
    alarm(
        "MachinesThrottled".to_owned(),
        "Step Functions throttles a recovery",
        "Sum",
        throttled.collect(),
    );
    let throttled = functions.iter().map(|function| Metric {
        namespace: "AWS/Lambda",
        name: "Throttles",
        dimension: "FunctionName",
        of: reference(function.logical()),
    });
    alarm(
        "FunctionsThrottled".to_owned(),
        "Lambda throttles a function",
        "Sum",
        throttled.collect(),
    );
    for (queue, says) in [
        (DEAD_LETTERS, "The router could not deal with an event"),
        (UNDELIVERED, "An event did not reach the router"),
    ] {
        let depth = Metric {
            namespace: "AWS/SQS",
            name: "ApproximateNumberOfMessagesVisible",
            dimension: "QueueName",
            of: attribute(queue, "QueueName"),
        };
        alarm(format!("{queue}Waiting"), says, "Maximum", vec![depth]);
    }
    ids
}

/// The one alarm for which nothing is bad news: a look that the router does not make says nothing, whoever is to blame. A new stack is
/// in it until the router has looked for the first time, so that the first message proves that the topic takes them.
fn add_silence(template: &mut Template) -> String {
    let id = "NoLook";
    template.add(
        id,
        "AWS::CloudWatch::Alarm",
        json!({
            "AlarmDescription": format!("The router has not looked at the systems for {LOOKS_MISSED} minutes"),
            "Namespace": NAMESPACE,
            "MetricName": LOOKS,
            "Statistic": "Sum",
            "Period": PERIOD,
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1,
            "EvaluationPeriods": LOOKS_MISSED,
            "TreatMissingData": "breaching",
        }),
    );
    id.to_owned()
}

/// An alarm that rises as soon as any of its metrics is more than nothing.
fn add_one(template: &mut Template, id: &str, says: &str, statistic: &str, metrics: Vec<Metric>) {
    let mut properties = json!({
        "AlarmDescription": says,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "EvaluationPeriods": 1,
        "TreatMissingData": "notBreaching",
    });
    if let [metric] = metrics.as_slice() {
        properties["Namespace"] = metric.namespace.into();
        properties["MetricName"] = metric.name.into();
        properties["Dimensions"] = json!([{ "Name": metric.dimension, "Value": metric.of }]);
        properties["Period"] = PERIOD.into();
        properties["Statistic"] = statistic.into();
    } else {
        properties["Metrics"] = sum(statistic, metrics);
    }
    template.add(id, "AWS::CloudWatch::Alarm", properties);
}

/// The sum of several metrics.
fn sum(statistic: &str, metrics: Vec<Metric>) -> Value {
    let names: Vec<String> = (1..=metrics.len()).map(|nth| format!("m{nth}")).collect();
    let mut queries: Vec<Value> = metrics
        .into_iter()
        .zip(&names)
        .map(|(metric, name)| {
            json!({
                "Id": name,
                "ReturnData": false,
                "MetricStat": {
                    "Metric": {
                        "Namespace": metric.namespace,
                        "MetricName": metric.name,
                        "Dimensions": [{ "Name": metric.dimension, "Value": metric.of }],
                    },
                    "Period": PERIOD,
                    "Stat": statistic,
                },
            })
        })
        .collect();
    // A metric without data is not in a sum at all, and would take the others with it (CloudWatch User Guide, using-metric-math).
    let filled: Vec<String> = names.iter().map(|name| format!("FILL({name}, 0)")).collect();
    queries.push(json!({ "Id": "all", "Expression": filled.join(" + "), "ReturnData": true }));
    queries.into()
}

/// One for each topic, so that a topic more changes nothing for the others.
fn add_composites(template: &mut Template, topics: &BTreeSet<&TopicArn>, ids: &[String]) {
    let any: Vec<String> = ids.iter().map(|id| format!("ALARM(\"${{{id}}}\")")).collect();
    for topic in topics {
        let name = topic.as_str().rsplit(':').next().unwrap_or_default();
        let hash = format!("{:016x}", fnv1a(topic.as_str().as_bytes()));
        template.add(
            &format!("Page{hash}"),
            "AWS::CloudWatch::CompositeAlarm",
            json!({
                "AlarmName": format!("evenkeel-itself-{}-{}", name, &hash[..8]),
                "AlarmDescription": "Something is wrong with Evenkeel itself; the alarms below it say what",
                "AlarmRule": { "Fn::Sub": any.join(" OR ") },
                "AlarmActions": [topic],
            }),
        );
    }
}
