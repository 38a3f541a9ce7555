//! The compiled function, as Lambda starts it and as Step Functions sees it.

use domain::step::Error;
use local_lambda::{Answer, LocalLambda, StubAws};
use serde_json::{Value, json};

const FUNCTION: &str = env!("CARGO_BIN_EXE_deployment");
const SYSTEMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/systems");
const INCIDENT: &str = "shop-roll-back-deployment-20261001T071000Z-8899aabbccddeeff";

fn event(ensure: &str, more: &Value) -> String {
    let mut event = json!({
        "ensure": ensure,
        "run": {
            "system": "shop",
            "incident": INCIDENT,
            "recovery": "roll-back-deployment",
            "opened_at": "2026-10-01T07:10:00Z",
            "because": "errors rose right after d-9",
        },
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        event[key] = value.clone();
    }
    event.to_string()
}

/// Created in that minute past seven.
fn deployment(id: &str, minute: u32, status: &str, key: &str, description: &str) -> Value {
    json!({
        "applicationName": "shop",
        "deploymentGroupName": "shop-web",
        "deploymentId": id,
        "status": status,
        "creator": "user",
        "description": description,
        "createTime": 1_790_838_000 + minute * 60,
        "revision": {
            "revisionType": "S3",
            "s3Location": { "bucket": "shop-releases", "key": key, "bundleType": "zip" },
        },
        "deploymentOverview": { "Succeeded": 6, "Failed": 0, "InProgress": 0, "Pending": 0, "Skipped": 0, "Ready": 0 },
    })
}

fn bad(status: &str) -> Value {
    deployment("d-9", 9, status, "9.zip", "")
}

fn good() -> Value {
    deployment("d-1", 1, "Succeeded", "1.zip", "")
}

fn ours(status: &str) -> Value {
    deployment("d-20", 12, status, "1.zip", &format!("evenkeel {INCIDENT}"))
}

fn listed(ids: &[&str]) -> Answer {
    Answer::json(200, &json!({ "deployments": ids }))
}

fn described(deployments: &[Value]) -> Answer {
    Answer::json(200, &json!({ "deploymentsInfo": deployments }))
}

fn told(deployment: &Value) -> Answer {
    Answer::json(200, &json!({ "deploymentInfo": deployment }))
}

fn lock(holder: &str) -> Answer {
    Answer::json(
        200,
        &json!({ "Item": {
            "epoch": { "N": "4" },
            "holder": { "S": holder },
            "changed_at_ms": { "N": "1790838909000" },
            "expires_at_ms": { "N": "4102444800000" },
        } }),
    )
}

/// Nobody wants the run to stop.
fn no_item() -> Answer {
    Answer::json(200, &json!({}))
}

async fn function(aws: &StubAws) -> LocalLambda {
    let url = aws.url();
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("EVENKEEL_SYSTEMS", SYSTEMS),
    ];
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
}

#[tokio::test]
async fn a_bad_deployment_is_rolled_back_in_one_process_which_ends_cleanly() {
    let aws = StubAws::start_script([
        // It is planned.
        listed(&["d-9", "d-1"]),
        described(&[bad("InProgress"), good()]),
        // It is stopped.
        told(&bad("InProgress")),
        lock(INCIDENT),
        no_item(),
        Answer::json(200, &json!({ "status": "Pending" })),
        told(&bad("Stopped")),
        // The good revision is deployed.
        described(&[bad("Stopped"), good()]),
        listed(&["d-9"]),
        described(&[bad("Stopped")]),
        lock(INCIDENT),
        no_item(),
        Answer::json(200, &json!({ "deploymentId": "d-20" })),
        described(&[bad("Stopped"), good()]),
        listed(&["d-20", "d-9"]),
        described(&[ours("InProgress"), bad("Stopped")]),
        // It succeeds.
        told(&ours("InProgress")),
        told(&ours("Succeeded")),
    ])
    .await
    .expect("a stub");
    let mut function = function(&aws).await;

    let plan = function
        .invoke(event("rollback-planned", &json!({})))
        .await
        .expect("a plan");
    assert_eq!(plan["verdict"], "act", "{plan}");
    assert_eq!(
        (&plan["what"]["bad"], &plan["what"]["good"]),
        (&json!("d-9"), &json!("d-1"))
    );

    let carried = json!({ "epoch": 4, "plan": plan });
    for ensure in ["stopped", "redeploy-started"] {
        let error = function
            .invoke(event(ensure, &carried))
            .await
            .expect_err("not yet");
        assert_eq!(error.error_type, Error::NOT_YET, "{error}");
        let done = function.invoke(event(ensure, &carried)).await.expect(ensure);
        assert!(done["at"].is_string(), "{done}");
        if ensure == "redeploy-started" {
            assert_eq!(done["deployment"], "d-20", "{done}");
            let redeploying = json!({ "redeploying": done });
            let redeployed = || event("redeployed", &redeploying);
            let error = function.invoke(redeployed()).await.expect_err("not yet");
            assert_eq!(error.error_type, Error::NOT_YET, "{error}");
            let done = function.invoke(redeployed()).await.expect("deployed");
            assert!(
                done["seen"][0].as_str().expect("words").contains("6 Succeeded"),
                "{done}"
            );
        }
    }

    let actions = aws.actions();
    let changes: Vec<&str> = actions
        .iter()
        .map(String::as_str)
        .filter(|action| ["StopDeployment", "CreateDeployment"].contains(action))
        .collect();
    assert_eq!(changes, ["StopDeployment", "CreateDeployment"]);
    let said = |action: &str| {
        let call = aws.calls().into_iter().find(|call| call.action == action);
        let call = call.expect("it was called");
        assert_eq!(call.service, "codedeploy");
        serde_json::from_str::<Value>(&call.body).expect("JSON")
    };
    assert_eq!(
        said("StopDeployment"),
        json!({ "deploymentId": "d-9", "autoRollbackEnabled": false })
    );
    assert_eq!(
        said("CreateDeployment"),
        json!({
            "applicationName": "shop",
            "deploymentGroupName": "shop-web",
            "revision": {
                "revisionType": "S3",
                "s3Location": { "bucket": "shop-releases", "key": "1.zip", "bundleType": "zip" },
            },
            "description": format!("evenkeel {INCIDENT}"),
            "ignoreApplicationStopFailures": true,
            "autoRollbackConfiguration": { "enabled": false },
            "fileExistsBehavior": "OVERWRITE",
            "overrideAlarmConfiguration": { "enabled": false, "ignorePollAlarmFailure": false, "alarms": [] },
        })
    );
    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn every_failure_has_its_name() {
    let aws = StubAws::start_script([
        // Throttled, unavailable, refused.
        Answer::json_error(400, "ThrottlingException", "Rate exceeded"),
        Answer::json_error(503, "ServiceUnavailable", "try later"),
        Answer::json_error(400, "DeploymentGroupDoesNotExistException", "no such group"),
        // No way back.
        listed(&["d-9"]),
        described(&[bad("Failed")]),
        listed(&[]),
    ])
    .await
    .expect("a stub");
    let mut function = function(&aws).await;
    for name in [
        Error::THROTTLED,
        Error::UNAVAILABLE,
        Error::REFUSED,
        Error::UNSAFE,
    ] {
        let error = function
            .invoke(event("rollback-planned", &json!({})))
            .await
            .expect_err("fails");
        assert_eq!(error.error_type, name, "{error}");
    }
    let error = function
        .invoke(event("stopped", &json!({ "epoch": 4 })))
        .await
        .expect_err("stop what?");
    assert_eq!(error.error_type, Error::INVALID_INPUT, "{error}");
}

#[tokio::test]
async fn a_run_that_lost_its_lock_stops_nothing() {
    let aws = StubAws::start_script([told(&bad("InProgress")), lock("another")])
        .await
        .expect("a stub");
    let mut function = function(&aws).await;
    let plan = json!({
        "at": "2026-10-01T07:11:00Z",
        "verdict": "act",
        "what": {
            "kind": "roll-back",
            "bad": "d-9",
            "bad_revision": "s3://shop-releases/9.zip",
            "good": "d-1",
            "good_revision": "s3://shop-releases/1.zip",
            "underway": null,
        },
        "seen": [],
    });
    let error = function
        .invoke(event("stopped", &json!({ "epoch": 4, "plan": plan })))
        .await
        .expect_err("lost");
    assert_eq!(error.error_type, Error::LOCK_LOST, "{error}");
    assert_eq!(aws.actions(), ["GetDeployment", "GetItem"]);
}
