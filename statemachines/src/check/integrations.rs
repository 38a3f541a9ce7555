//! Service integrations: services, actions and patterns that Step Functions does not have.
//!
//! What an optimised integration can do is a table here. For SDK integrations the names come from AWS's own service models
//! (`sdk-actions.txt`: botocore 1.43.106, service IDs and operations as the SDK for Java writes them). AWS adds actions faster
//! than anybody copies them, so that an unknown one is a warning, and what it is probably meant to be stands beside it.

use crate::finding::Finding;
use crate::machine::{Kind, Pattern, Resource, State, nearest};

/// A service and its actions a line.
const SDK: &str = include_str!("sdk-actions.txt");

const ANSWER: &[Pattern] = &[Pattern::RequestResponse];
const TOKEN: &[Pattern] = &[Pattern::RequestResponse, Pattern::WaitForTaskToken];
const ANSWER_OR_JOB: &[Pattern] = &[Pattern::RequestResponse, Pattern::Sync];
const ANY: &[Pattern] = &[Pattern::RequestResponse, Pattern::Sync, Pattern::WaitForTaskToken];

/// Service, actions, and how they can be waited for. Source: Step Functions Developer Guide, integrate-optimized, and the page of each
/// service.
const OPTIMISED: &[(&str, &[&str], &[Pattern])] = &[
    ("apigateway", &["invoke"], TOKEN),
    (
        "athena",
        &["getQueryExecution", "getQueryResults", "stopQueryExecution"],
        ANSWER,
    ),
    ("athena", &["startQueryExecution"], ANSWER_OR_JOB),
    ("batch", &["submitJob"], ANSWER_OR_JOB),
    ("bedrock", &["createModelCustomizationJob"], ANSWER_OR_JOB),
    ("bedrock", &["invokeModel"], TOKEN),
    (
        "codebuild",
        &[
            "batchDeleteBuilds",
            "batchGetReports",
            "deleteBuildBatch",
            "stopBuild",
            "stopBuildBatch",
        ],
        ANSWER,
    ),
    (
        "codebuild",
        &["retryBuildBatch", "startBuild", "startBuildBatch"],
        ANSWER_OR_JOB,
    ),
    ("databrew", &["startJobRun"], ANSWER_OR_JOB),
    (
        "dynamodb",
        &["deleteItem", "getItem", "putItem", "updateItem"],
        ANSWER,
    ),
    ("ecs", &["runTask"], ANY),
    ("eks", &["call"], ANSWER),
    (
        "eks",
        &[
            "createCluster",
            "createFargateProfile",
            "createNodegroup",
            "deleteCluster",
            "deleteFargateProfile",
            "deleteNodegroup",
            "runJob",
        ],
        ANSWER_OR_JOB,
    ),
    (
        "elasticmapreduce",
        &[
            "cancelStep",
            "modifyInstanceFleetByName",
            "modifyInstanceGroupByName",
            "setClusterTerminationProtection",
        ],
        ANSWER,
    ),
    (
        "elasticmapreduce",
        &["addStep", "createCluster", "terminateCluster"],
        ANSWER_OR_JOB,
    ),
    ("emr-containers", &["createVirtualCluster"], ANSWER),
    (
        "emr-containers",
        &["deleteVirtualCluster", "startJobRun"],
        ANSWER_OR_JOB,
    ),
    (
        "emr-serverless",
        &[
            "cancelJobRun",
            "createApplication",
            "deleteApplication",
            "startApplication",
            "startJobRun",
            "stopApplication",
        ],
        ANSWER_OR_JOB,
    ),
    ("events", &["putEvents"], TOKEN),
    ("glue", &["startJobRun"], ANSWER_OR_JOB),
    ("http", &["invoke"], ANSWER),
    ("lambda", &["invoke"], TOKEN),
    ("mediaconvert", &["createJob"], ANSWER_OR_JOB),
    (
        "sagemaker",
        &[
            "createEndpoint",
            "createEndpointConfig",
            "createModel",
            "updateEndpoint",
        ],
        ANSWER,
    ),
    (
        "sagemaker",
        &[
            "createHyperParameterTuningJob",
            "createLabelingJob",
            "createProcessingJob",
            "createTrainingJob",
            "createTransformJob",
        ],
        ANSWER_OR_JOB,
    ),
    ("sns", &["publish"], TOKEN),
    ("sqs", &["sendMessage"], TOKEN),
    (
        "states",
        &["startExecution"],
        &[
            Pattern::RequestResponse,
            Pattern::Sync,
            Pattern::Sync2,
            Pattern::WaitForTaskToken,
        ],
    ),
];

pub(super) fn check(state: &State, findings: &mut Vec<Finding>) {
    let Kind::Task(task) = &state.kind else { return };
    let Resource::Service {
        service,
        action,
        pattern,
        ..
    } = &task.resource
    else {
        return;
    };
    let place = format!("{}.Resource", state.path);
    let action = action.split_once('.').map_or(&**action, |(action, _)| action);
    findings.extend(match service.strip_prefix("aws-sdk:") {
        Some(service) => of_sdk(service, action, *pattern, &place),
        None => optimised(service, action, *pattern, &place),
    });
}

fn of_sdk(service: &str, action: &str, pattern: Pattern, place: &str) -> Option<Finding> {
    if matches!(pattern, Pattern::Sync | Pattern::Sync2) {
        let finding = Finding::error(
            place,
            format!("no SDK integration waits for a job: {service}:{action}"),
        );
        return Some(finding.hint("call it, and look in a second state until the job is done"));
    }
    let known = || SDK.lines().filter_map(|line| line.split_once(' '));
    // The SDK for Java leaves `service` out at the end of some names: `databasemigration`.
    let whole = format!("{service}service");
    let of_it = known().find(|(name, _)| *name == service || *name == whole);
    let Some((_, actions)) = of_it else {
        let message = format!("there is no service \"{service}\" in AWS's SDKs");
        return Some(meant(
            Finding::warning(place, message),
            service,
            known().map(|(name, _)| name),
        ));
    };
    if actions.split(' ').any(|known| known == action) {
        return None;
    }
    let message = format!("{service} has no action \"{action}\"");
    if let Some(known) = actions
        .split(' ')
        .find(|known| known.eq_ignore_ascii_case(action))
    {
        return Some(Finding::error(place, message).hint(format!("in camel case: {known}")));
    }
    Some(meant(
        Finding::warning(place, message),
        action,
        actions.split(' '),
    ))
}

fn optimised(service: &str, action: &str, pattern: Pattern, place: &str) -> Option<Finding> {
    let mut of_service = OPTIMISED
        .iter()
        .filter(|(known, _, _)| *known == service)
        .peekable();
    if of_service.peek().is_none() {
        let message = format!("there is no optimised integration of \"{service}\"");
        let hint = format!("any other service is called as arn:aws:states:::aws-sdk:{service}:{action}");
        return Some(Finding::error(place, message).hint(hint));
    }
    let actions = of_service
        .clone()
        .flat_map(|(_, actions, _)| actions.iter().copied());
    let Some((_, _, patterns)) = of_service.find(|(_, actions, _)| actions.contains(&action)) else {
        let message = format!("the optimised integration of {service} has no action \"{action}\"");
        return Some(meant(Finding::error(place, message), action, actions));
    };
    if patterns.contains(&pattern) {
        return None;
    }
    let how = match pattern {
        Pattern::RequestResponse => "without .sync",
        Pattern::Sync => "with .sync",
        Pattern::Sync2 => "with .sync:2",
        Pattern::WaitForTaskToken => "with .waitForTaskToken",
    };
    let message = format!("{service}:{action} cannot be called {how}");
    Some(
        Finding::error(place, message)
            .hint("Step Functions Developer Guide, integrate-optimized, has the table"),
    )
}

fn meant<'n>(finding: Finding, name: &str, known: impl Iterator<Item = &'n str>) -> Finding {
    match nearest(name, known) {
        Some(known) => finding.hint(format!("did you mean {known}?")),
        None => finding
            .hint("names are those of the SDK for Java: the service in lower case, the action in camel case"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::check::check;

    fn found(resource: &str) -> Vec<String> {
        let resource = format!("arn:aws:states:::{resource}");
        let task = json!({"Type": "Task", "Resource": resource, "Arguments": {}, "End": true});
        let machine = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": task}});
        check(&machine).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_there_is_is_not_found_fault_with() {
        for resource in [
            "lambda:invoke",
            "lambda:invoke.waitForTaskToken",
            "states:startExecution.sync:2",
            "ecs:runTask.sync",
            "aws-sdk:rds:failoverGlobalCluster",
            "aws-sdk:elasticloadbalancingv2:describeTargetHealth",
            "aws-sdk:sqs:sendMessage.waitForTaskToken",
            "aws-sdk:databasemigration:describeEndpoints",
        ] {
            assert_eq!(found(resource), Vec::<String>::new(), "{resource}");
        }
    }

    #[test]
    fn what_there_is_not_is_named_with_what_was_meant() {
        for (resource, says) in [
            (
                "lambda:invokeFunction",
                "error: the optimised integration of lambda has no action \"invokeFunction\"",
            ),
            (
                "lambda:invoke.sync",
                "error: lambda:invoke cannot be called with .sync",
            ),
            (
                "dynamodb:updateItems",
                "has no action \"updateItems\" (hint: did you mean updateItem?)",
            ),
            (
                "rds:failoverDBCluster",
                "error: there is no optimised integration of \"rds\" (hint: any other service is called as arn:aws:states:::aws-sdk:rds:failoverDBCluster)",
            ),
            (
                "aws-sdk:rds:failoverDbCluster",
                "error: rds has no action \"failoverDbCluster\" (hint: in camel case: failoverDBCluster)",
            ),
            (
                "aws-sdk:rds:failOverGlobalClusters",
                "warning: rds has no action \"failOverGlobalClusters\" (hint: did you mean failoverGlobalCluster?)",
            ),
            (
                "aws-sdk:rout53:listHostedZones",
                "warning: there is no service \"rout53\" in AWS's SDKs (hint: did you mean route53?)",
            ),
            (
                "aws-sdk:rds:rebootDBInstance.sync",
                "error: no SDK integration waits for a job",
            ),
        ] {
            let found = found(resource);
            assert!(
                found.iter().any(|finding| finding.contains(says)),
                "{says}\nnot in {found:#?}"
            );
        }
    }
}
