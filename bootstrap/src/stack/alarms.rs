//! Alarms on Evenkeel itself: a run that failed, anything that was throttled, events that did not get through.
//!
//! Each says one thing and does nothing. A composite one over all of them pages: an alarm has at most five actions
//! (CloudWatch API, PutMetricAlarm), and so there is one composite for every five topics, instead of five times all alarms.

use std::collections::BTreeSet;

use domain::names::Recovery;
use serde_json::{Value, json};

use super::arn::{attribute, reference};
use super::functions::{DEAD_LETTERS, Function};
use super::here::Here;
use super::machines;
use super::queues::UNDELIVERED;
use super::template::Template;

/// The most actions of an alarm. Source: CloudWatch API, PutCompositeAlarm.
const MOST_ACTIONS: usize = 5;

/// The most metrics that an alarm can add up (CloudWatch User Guide, Create-alarm-on-metric-math-expression).
const MOST_METRICS: usize = 10;
const _: () = assert!(
    Recovery::ALL.len() <= MOST_METRICS && Function::ALL.len() <= MOST_METRICS,
    "divide the alarms on what is throttled"
);

/// What one data point stands for, in seconds: the shortest that costs nothing more.
const PERIOD: u32 = 60;

/// A metric of AWS's, and whose.
struct Metric {
    namespace: &'static str,
    name: &'static str,
    dimension: &'static str,
    of: Value,
}

/// The alarms, and who hears of them.
pub(super) fn add(template: &mut Template, here: &Here<'_>, functions: &BTreeSet<Function>) {
    let recoveries = here.recoveries();
    let of_machine = |recovery: &Recovery, name| Metric {
        namespace: "AWS/States",
        name,
        dimension: "StateMachineArn",
        of: reference(&machines::id(*recovery)),
    };
    let mut ids = Vec::new();
    let mut alarm = |id: String, says: &str, statistic: &str, metrics: Vec<Metric>| {
        add_one(template, &id, says, statistic, metrics);
        ids.push(id);
    };
    for recovery in &recoveries {
        let metrics = ["ExecutionsFailed", "ExecutionsTimedOut"].map(|name| of_machine(recovery, name));
        let says = format!("A run of {recovery} failed, or took longer than it may");
        alarm(
            format!("{}Failed", machines::id(*recovery)),
            &says,
            "Sum",
            metrics.into(),
        );
    }
    let throttled = recoveries
        .iter()
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
    add_pages(template, here, &ids);
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

fn add_pages(template: &mut Template, here: &Here<'_>, ids: &[String]) {
    let pages = here
        .systems
        .iter()
        .map(|system| &system.people_in(&here.region).page);
    let topics: Vec<&str> = pages
        .map(|topic| topic.as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let any: Vec<String> = ids.iter().map(|id| format!("ALARM(\"${{{id}}}\")")).collect();
    for (nth, topics) in topics.chunks(MOST_ACTIONS).enumerate() {
        let nth = nth + 1;
        template.add(
            &format!("Page{nth}"),
            "AWS::CloudWatch::CompositeAlarm",
            json!({
                "AlarmName": format!("evenkeel-itself-{nth}"),
                "AlarmDescription": "Something is wrong with Evenkeel itself; the alarms below it say what",
                "AlarmRule": { "Fn::Sub": any.join(" OR ") },
                "AlarmActions": topics,
            }),
        );
    }
}
