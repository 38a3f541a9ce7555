//! The rules select what `parse` accepts from EventBridge, and nothing else.

use std::fs;
use std::path::Path;

use events::{DatabaseSource, DeploymentScope, Error, ScalingStep, Signal, Subject, Via, parse};
use serde_json::{Value, json};

use crate::pattern::matches;
use crate::samples::{accepted, rejected};

struct Rule {
    name: String,
    pattern: Value,
}

fn rules() -> Vec<Rule> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut rules: Vec<Rule> = fs::read_dir(folder)
        .expect("the folder of rules is there")
        .map(|entry| entry.expect("its entries can be read").path())
        .map(|path| Rule {
            name: path
                .file_stem()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned(),
            pattern: serde_json::from_slice(&fs::read(&path).expect("a rule can be read"))
                .expect("a rule is JSON"),
        })
        .collect();
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    rules
}

/// The names of the rules that select a payload.
fn selecting(payload: &[u8]) -> Vec<String> {
    let event: Value = serde_json::from_slice(payload).expect("a sample is JSON");
    rules()
        .into_iter()
        .filter(|rule| matches(&rule.pattern, &event))
        .map(|rule| rule.name)
        .collect()
}

/// The rule that is meant for a signal.
fn meant_for(signal: &Signal) -> Vec<&'static str> {
    match (signal.via, &signal.subject) {
        (Via::EventBridge, Subject::Alarm(_)) => vec!["cloudwatch-alarm-state-change"],
        (Via::EventBridge, Subject::Database(event)) => match event.source {
            DatabaseSource::Instance => vec!["rds-instance-event"],
            DatabaseSource::Cluster => vec!["rds-cluster-event"],
        },
        (Via::EventBridge, Subject::Deployment(event)) => match event.scope {
            DeploymentScope::Deployment => vec!["codedeploy-deployment-state-change"],
            DeploymentScope::Instance { .. } => vec!["codedeploy-instance-state-change"],
        },
        (Via::EventBridge, Subject::Health(_)) => vec!["health-event"],
        (Via::EventBridge, Subject::Scaling(event)) => match event.step {
            ScalingStep::Successful(_) | ScalingStep::Unsuccessful(_) => vec!["autoscaling-activity"],
            ScalingStep::Waiting { .. } => vec!["autoscaling-lifecycle-action"],
        },
        (Via::EventBridge, Subject::ZonalShift(_)) => vec!["arc-zonal-shift"],
        (Via::EventBridge, Subject::Execution(_)) => vec!["states-execution-status-change"],
        (Via::EventBridge, Subject::SelfTest(_)) => vec!["self-test"],
        // These do not pass a bus.
        (Via::EventBridge, Subject::Cache(_) | Subject::Request(_))
        | (Via::Sns | Via::AlarmAction | Via::Scheduler | Via::ByHand, _) => vec![],
    }
}

#[test]
fn every_sample_is_selected_by_the_rule_that_is_meant_for_it() {
    for sample in accepted() {
        let signal = parse(&sample.payload).unwrap();
        assert_eq!(selecting(&sample.payload), meant_for(&signal), "{}", sample.name);
    }
}

#[test]
fn every_rule_selects_some_sample() {
    let selected: Vec<String> = accepted()
        .iter()
        .flat_map(|sample| selecting(&sample.payload))
        .collect();
    for rule in rules() {
        assert!(selected.contains(&rule.name), "{} selects nothing", rule.name);
    }
}

#[test]
fn what_is_rejected_is_selected_by_none() {
    for sample in rejected() {
        assert_eq!(
            selecting(&sample.payload),
            Vec::<String>::new(),
            "{}",
            sample.name
        );
    }
}

/// A detail type that a rule selects and `parse` does not know would end in the dead-letter queue each time.
#[test]
fn whatever_a_rule_selects_is_known() {
    for rule in rules() {
        for detail_type in rule.pattern["detail-type"]
            .as_array()
            .expect("a rule says its types")
        {
            let event = json!({
                "source": rule.pattern["source"][0],
                "detail-type": detail_type,
                "account": "123456789012",
                "region": "eu-central-1",
                "time": "2026-03-04T05:06:07Z",
            });
            let error = parse(event.to_string().as_bytes()).expect_err("it has no detail");
            assert!(
                matches!(&error, Error::Missing { path, .. } if path == "$.detail"),
                "{}: {error}",
                rule.name
            );
        }
    }
}
