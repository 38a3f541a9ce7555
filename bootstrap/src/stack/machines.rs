//! The state machines that run here, and what each may invoke: the functions that its definition names, and no other.

use std::collections::BTreeSet;

use domain::names::{Recovery, SELF_TEST};
use rehearsal::stage::definition;
use serde_json::{Map, Value, json};

use super::arn::{attribute, reference, text};
use super::functions::{Function, LOGS_KEPT_FOR};
use super::role;
use super::template::{Template, logical};

/// The logical ID of a recovery's machine.
pub(super) fn id(recovery: Recovery) -> String {
    format!("{}Machine", logical(recovery.machine()))
}

/// The functions that a machine's definition names.
pub fn invoked(recovery: Recovery) -> BTreeSet<Function> {
    let definition = definition(recovery);
    let names = |function: &Function| definition.contains(&format!("${{{}}}", function.logical()));
    Function::ALL.into_iter().filter(names).collect()
}

/// A machine's definition as it stands in an account: with the functions' names in the places of their placeholders.
pub fn deployed(recovery: Recovery) -> String {
    invoked(recovery)
        .into_iter()
        .fold(definition(recovery).to_owned(), |text, function| {
            text.replace(&format!("${{{}}}", function.logical()), &function.name())
        })
}

/// The name of a machine's log group. The prefix keeps its resource policy within its limit (Step Functions Developer Guide,
/// cw-logs).
pub(super) fn log_group(recovery: Recovery) -> String {
    log_group_of(&recovery.state_machine_name())
}

fn log_group_of(machine: &str) -> String {
    format!("/aws/vendedlogs/states/{machine}")
}

/// The self-test's definition. It stands apart from the recoveries: what they are held to (an incident, people told, a proof of
/// every fault) is what it must not do.
pub const SELF_TEST_DEFINITION: &str = include_str!("../../stacks/self-test.asl.json");

/// A recovery's machine, its log group and its role.
pub(super) fn add(template: &mut Template, recovery: Recovery) {
    let functions = invoked(recovery);
    let (id, name) = (id(recovery), recovery.state_machine_name());
    add_one(template, &id, &name, recovery.machine(), &functions);
}

/// The self-test's machine: it invokes the journal, and nothing else.
pub(super) fn add_self_test(template: &mut Template) {
    let functions = BTreeSet::from([Function::Journal]);
    add_one(template, "SelfTestMachine", SELF_TEST, SELF_TEST_FILE, &functions);
}

/// The name of the self-test's file in the bucket, without its suffix.
pub const SELF_TEST_FILE: &str = "self-test";

fn add_one(template: &mut Template, id: &str, name: &str, file: &str, functions: &BTreeSet<Function>) {
    let (logs, role) = (format!("{id}Logs"), format!("{id}Role"));
    template.add(
        &logs,
        "AWS::Logs::LogGroup",
        json!({
            "LogGroupName": log_group_of(name),
            "RetentionInDays": LOGS_KEPT_FOR,
        }),
    );
    let arns = functions
        .iter()
        .map(|function| attribute(function.logical(), "Arn"));
    let statements = vec![
        role::allow("Steps", &["lambda:InvokeFunction"], arns.collect()),
        // `*`: log deliveries know no resource. Sources: Service Authorization Reference, Amazon CloudWatch Logs; Step Functions
        // Developer Guide, cw-logs, which lists these.
        role::allow(
            "Logs",
            &[
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            vec![Value::from("*")],
        ),
        role::traces(&[
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ]),
    ];
    role::add(template, &role, "states", &statements);
    let names: Map<String, Value> = functions
        .iter()
        .map(|function| (function.logical().to_owned(), reference(function.logical())))
        .collect();
    template.add(
        id,
        "AWS::StepFunctions::StateMachine",
        json!({
            "StateMachineName": name,
            "StateMachineType": "STANDARD",
            "RoleArn": attribute(&role, "Arn"),
            "DefinitionS3Location": {
                "Bucket": reference("CodeBucket"),
                "Key": text(&format!("${{CodePrefix}}/{file}.asl.json")),
            },
            "DefinitionSubstitutions": names,
            // All of it: a run is rare, and its record is what an incident is understood by.
            "LoggingConfiguration": {
                "Level": "ALL",
                "IncludeExecutionData": true,
                "Destinations": [{ "CloudWatchLogsLogGroup": { "LogGroupArn": attribute(&logs, "Arn") } }],
            },
            "TracingConfiguration": { "Enabled": true },
        }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_self_test_is_a_sound_machine_that_asks_the_journal_alone() {
        let definition: Value = serde_json::from_str(SELF_TEST_DEFINITION).expect("JSON");
        assert_eq!(statemachines::check(&definition), []);
        let named: BTreeSet<&str> = SELF_TEST_DEFINITION
            .match_indices("${")
            .filter_map(|(at, _)| SELF_TEST_DEFINITION[at..].split_inclusive('}').next())
            .collect();
        assert_eq!(named, BTreeSet::from(["${JournalFunction}"]));
        let run = &definition["States"]["Begin"]["Assign"]["run"];
        assert_eq!(run["system"], SELF_TEST);
    }

    #[test]
    fn a_machine_invokes_what_its_definition_names() {
        for recovery in Recovery::ALL {
            let named = definition(recovery).match_indices("Function}\"").count();
            let known: usize = invoked(recovery)
                .iter()
                .map(|function| {
                    let placeholder = format!("${{{}}}", function.logical());
                    definition(recovery).matches(&placeholder).count()
                })
                .sum();
            assert_eq!(known, named, "{recovery} names a function that nobody deploys");
        }
        assert_eq!(
            invoked(Recovery::FailOverCache)
                .into_iter()
                .map(Function::word)
                .collect::<Vec<_>>(),
            ["assess", "cache", "journal", "notify"]
        );
    }
}
