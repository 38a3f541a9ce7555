//! The state machines that run here, and what each may invoke: the functions that its definition names, and no other.

use std::collections::BTreeSet;

use domain::names::Recovery;
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
    format!("/aws/vendedlogs/states/{}", recovery.state_machine_name())
}

/// A machine, its log group and its role.
pub(super) fn add(template: &mut Template, recovery: Recovery) {
    let id = id(recovery);
    let (logs, role) = (format!("{id}Logs"), format!("{id}Role"));
    let functions = invoked(recovery);
    template.add(
        &logs,
        "AWS::Logs::LogGroup",
        json!({
            "LogGroupName": log_group(recovery),
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
        &id,
        "AWS::StepFunctions::StateMachine",
        json!({
            "StateMachineName": recovery.state_machine_name(),
            "StateMachineType": "STANDARD",
            "RoleArn": attribute(&role, "Arn"),
            "DefinitionS3Location": {
                "Bucket": reference("CodeBucket"),
                "Key": text(&format!("${{CodePrefix}}/{}.asl.json", recovery.machine())),
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
