//! The compiled function, as Lambda starts it and as Step Functions sees it.

use domain::step::Error;
use local_lambda::{Answer, Call, LocalLambda, StubAws};
use serde_json::{Value, json};

const FUNCTION: &str = env!("CARGO_BIN_EXE_capacity");
const SYSTEMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/systems");
const INCIDENT: &str = "shop-fail-over-region-20261001T071509Z-8899aabbccddeeff";

fn event(ensure: &str, epoch: Option<u64>) -> String {
    let mut event = json!({
        "ensure": ensure,
        "run": {
            "system": "shop",
            "incident": INCIDENT,
            "recovery": "fail-over-region",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "shop-unreachable and shop-users-failing are in ALARM",
        },
        "capacity": {
            "standing": { "min": 2, "desired": 2, "max": 4 },
            "source_in_service": null,
            "needed": 6,
        },
    });
    if let Some(epoch) = epoch {
        event["epoch"] = epoch.into();
    }
    event.to_string()
}

fn group(min: u32, desired: u32, max: u32) -> Answer {
    Answer::xml(
        200,
        format!(
            "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>\
             <AutoScalingGroupName>shop-web-standby</AutoScalingGroupName><MinSize>{min}</MinSize>\
             <DesiredCapacity>{desired}</DesiredCapacity><MaxSize>{max}</MaxSize><Instances>\
             <member><LifecycleState>InService</LifecycleState></member>\
             <member><LifecycleState>Pending:Wait</LifecycleState></member></Instances><SuspendedProcesses/>\
             </member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>"
        ),
    )
}

fn activities() -> Answer {
    Answer::xml(
        200,
        "<DescribeScalingActivitiesResponse><DescribeScalingActivitiesResult><Activities><member>\
         <StartTime>2026-10-01T07:16:10.123Z</StartTime><EndTime>2026-10-01T07:16:11Z</EndTime>\
         <StatusCode>Failed</StatusCode><StatusMessage>InsufficientInstanceCapacity</StatusMessage>\
         </member></Activities></DescribeScalingActivitiesResult></DescribeScalingActivitiesResponse>",
    )
}

fn targets(healthy: usize) -> Answer {
    let target = |index: usize| {
        let state = if index < healthy {
            "<State>healthy</State>"
        } else {
            "<State>unused</State><Reason>Target.NotInUse</Reason>"
        };
        format!("<member><Target><Id>i-{index}</Id></Target><TargetHealth>{state}</TargetHealth></member>")
    };
    let targets: String = (0..6).map(target).collect();
    Answer::xml(
        200,
        format!(
            "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>{targets}\
             </TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"
        ),
    )
}

fn journal(call: &Call, holder: &str) -> Answer {
    // The lock is one item; the wish to stop would be another, and nobody has it.
    if call.body.contains("state#lock") {
        Answer::json(
            200,
            &json!({ "Item": {
                "epoch": { "N": "4" },
                "holder": { "S": holder },
                "changed_at_ms": { "N": "1790838909000" },
                "expires_at_ms": { "N": "4102444800000" },
            } }),
        )
    } else {
        Answer::json(200, &json!({}))
    }
}

/// Answers by what is called: a function asks two things at once, in either order.
fn answer(call: &Call, group: &Answer, healthy: usize, holder: &str) -> Answer {
    match call.action.as_str() {
        "DescribeAutoScalingGroups" => group.clone(),
        "DescribeScalingActivities" => activities(),
        "DescribeTargetHealth" => targets(healthy),
        "UpdateAutoScalingGroup" => Answer::xml(200, "<UpdateAutoScalingGroupResponse/>"),
        "GetItem" => journal(call, holder),
        other => Answer::xml_error(400, "InvalidAction", other),
    }
}

async fn function(aws: &StubAws) -> LocalLambda {
    let url = aws.url();
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_REGION", "eu-west-1"),
        ("EVENKEEL_SYSTEMS", SYSTEMS),
    ];
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
}

#[tokio::test]
async fn a_group_is_asked_for_and_the_process_ends_cleanly() {
    let standing = group(2, 2, 4);
    let aws = StubAws::start(move |call| answer(call, &standing, 2, INCIDENT))
        .await
        .expect("a stub");
    let mut function = function(&aws).await;
    let asked = function
        .invoke(event("raised", Some(4)))
        .await
        .expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");

    let calls = aws.calls();
    let update = calls.last().expect("calls");
    assert_eq!(
        (update.service.as_str(), update.action.as_str()),
        ("autoscaling", "UpdateAutoScalingGroup")
    );
    for said in [
        "AutoScalingGroupName=shop-web-standby",
        "MinSize=6",
        "DesiredCapacity=6",
        "MaxSize=6",
    ] {
        assert!(update.body.contains(said), "{}", update.body);
    }
    let read = calls
        .iter()
        .position(|call| call.action == "GetItem")
        .expect("the lock was read");
    assert!(
        read > 1 && read < calls.len() - 1,
        "after looking and before acting: {:?}",
        aws.actions()
    );

    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn what_is_there_is_answered_with_when_and_what_was_seen() {
    let raised = group(6, 6, 12);
    let aws = StubAws::start(move |call| answer(call, &raised, 6, INCIDENT))
        .await
        .expect("a stub");
    let mut function = function(&aws).await;
    for (ensure, epoch, words) in [
        (
            "raised",
            Some(4),
            "6 needed, group shop-web-standby min 6, desired 6, max 12, 1 InService",
        ),
        ("healthy", None, "6 needed, targets: 6 healthy"),
    ] {
        let answer: Value = function.invoke(event(ensure, epoch)).await.expect("true");
        assert!(answer["at"].is_string(), "{answer}");
        assert!(
            answer["seen"][0].as_str().expect("words").starts_with(words),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn every_condition_has_its_answer_by_name() {
    let raised = group(6, 6, 12);
    let aws = StubAws::start(move |call| answer(call, &raised, 5, "another"))
        .await
        .expect("a stub");
    let mut function = function(&aws).await;
    for (ensure, epoch, name, words) in [
        (
            "healthy",
            None,
            Error::NOT_YET,
            "Failed at 2026-10-01T07:16:10.123Z: InsufficientInstanceCapacity",
        ),
        ("restored", None, Error::LOCK_LOST, "another holds it"),
        (
            "other-reduced",
            Some(4),
            Error::NOT_YET,
            "5 healthy, 1 unused or unavailable (Target.NotInUse)",
        ),
        ("other-reduced", None, Error::INVALID_INPUT, "epoch"),
        ("lowered", None, Error::INVALID_INPUT, "lowered"),
    ] {
        let error = function.invoke(event(ensure, epoch)).await.expect_err("fails");
        assert_eq!(error.error_type, name, "{ensure}: {error}");
        assert!(error.error_message.contains(words), "{ensure}: {error}");
    }
    assert!(
        !aws.actions().contains(&"UpdateAutoScalingGroup".to_owned()),
        "{:?}",
        aws.actions()
    );
}

const STORE: &str = "store-replace-instances-20261001T071509Z-8899aabbccddeeff";

/// What the function is asked about the system of one Region.
fn at_home(ensure: &str, more: Value) -> String {
    let mut event = json!({
        "ensure": ensure,
        "run": {
            "system": "store",
            "incident": STORE,
            "recovery": "replace-instances",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "store-unhealthy-hosts is in ALARM",
        },
    });
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    event.to_string()
}

/// Six in service, of which the last `unhealthy` fail their checks.
fn of_the_store(call: &Call, unhealthy: usize, holder: &str) -> Answer {
    let ids = || (1..=6).map(|index| (index, format!("i-{index}")));
    match call.action.as_str() {
        "DescribeAutoScalingGroups" => {
            let instances: String = ids()
                .map(|(_, id)| {
                    format!(
                        "<member><InstanceId>{id}</InstanceId><AvailabilityZone>eu-west-1a</AvailabilityZone>\
                         <LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>"
                    )
                })
                .collect();
            Answer::xml(
                200,
                format!(
                    "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>\
                     <AutoScalingGroupName>store-web</AutoScalingGroupName><MinSize>3</MinSize>\
                     <DesiredCapacity>6</DesiredCapacity><MaxSize>7</MaxSize>\
                     <HealthCheckGracePeriod>120</HealthCheckGracePeriod><Instances>{instances}</Instances>\
                     </member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>"
                ),
            )
        }
        "DescribeScalingActivities" => Answer::xml(
            200,
            "<DescribeScalingActivitiesResponse><DescribeScalingActivitiesResult><Activities/>\
             </DescribeScalingActivitiesResult></DescribeScalingActivitiesResponse>",
        ),
        "DescribeTargetHealth" => {
            let targets: String = ids()
                .map(|(index, id)| {
                    let state = if index > 6 - unhealthy { "unhealthy" } else { "healthy" };
                    format!(
                        "<member><Target><Id>{id}</Id></Target><TargetHealth><State>{state}</State></TargetHealth></member>"
                    )
                })
                .collect();
            Answer::xml(
                200,
                format!(
                    "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>{targets}\
                     </TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"
                ),
            )
        }
        "DescribeAlarms" => {
            let alarm = |name: &str, state: &str| {
                json!({
                    "AlarmName": name,
                    "StateValue": state,
                    "StateUpdatedTimestamp": 1_790_838_900,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "StateReasonData": r#"{"recentDatapoints":[71.0,105.0],"threshold":70.0}"#,
                })
            };
            Answer::cbor(&json!({
                "MetricAlarms": [alarm("store-load", "ALARM"), alarm("store-queue", "OK")],
                "CompositeAlarms": [],
            }))
        }
        "TerminateInstanceInAutoScalingGroup" => Answer::xml(
            200,
            "<TerminateInstanceInAutoScalingGroupResponse><TerminateInstanceInAutoScalingGroupResult/>\
             </TerminateInstanceInAutoScalingGroupResponse>",
        ),
        "UpdateAutoScalingGroup" => Answer::xml(200, "<UpdateAutoScalingGroupResponse/>"),
        "GetItem" => journal(call, holder),
        other => Answer::xml_error(400, "InvalidAction", other),
    }
}

#[tokio::test]
async fn an_unhealthy_instance_is_planned_and_given_up() {
    let aws = StubAws::start(|call| of_the_store(call, 1, STORE))
        .await
        .expect("a stub");
    let mut function = function(&aws).await;
    let plan = function
        .invoke(at_home("replacement-planned", json!({})))
        .await
        .expect("planned");
    assert_eq!(plan["verdict"], "act", "{plan}");
    assert_eq!(
        plan["what"],
        json!({ "kind": "replace", "instances": ["i-6"], "needed": 6 })
    );
    let more = json!({ "epoch": 4, "plan": plan });
    let asked = function
        .invoke(at_home("replaced", more.clone()))
        .await
        .expect_err("given up");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let calls = aws.calls();
    let last = calls.last().expect("calls");
    assert_eq!(last.action, "TerminateInstanceInAutoScalingGroup");
    for said in ["InstanceId=i-6", "ShouldDecrementDesiredCapacity=false"] {
        assert!(last.body.contains(said), "{}", last.body);
    }
    let words = function
        .invoke(at_home("serves-as-planned", json!({ "plan": plan })))
        .await
        .expect_err("not yet");
    assert!(words.error_message.contains("6 needed, 5 healthy"), "{words}");
}

#[tokio::test]
async fn a_load_is_read_from_its_alarms_and_met() {
    let aws = StubAws::start(|call| of_the_store(call, 0, STORE))
        .await
        .expect("a stub");
    let mut function = function(&aws).await;
    let plan = function
        .invoke(at_home("scale-out-planned", json!({})))
        .await
        .expect("planned");
    assert_eq!(
        plan["what"],
        json!({ "kind": "scale-out", "standing": { "min": 3, "desired": 6, "max": 7 }, "wanted": 9 }),
        "{plan}"
    );
    let asked = function
        .invoke(at_home("scaled-out", json!({ "epoch": 4, "plan": plan })))
        .await
        .expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let calls = aws.calls();
    let update = calls.last().expect("calls");
    assert_eq!(update.action, "UpdateAutoScalingGroup");
    assert!(
        update.body.contains("DesiredCapacity=9") && update.body.contains("MaxSize=9"),
        "{}",
        update.body
    );
    assert!(!update.body.contains("MinSize"), "{}", update.body);
}

#[tokio::test]
async fn what_is_asked_at_home_has_its_answer_by_name() {
    let aws = StubAws::start(|call| of_the_store(call, 6, "another"))
        .await
        .expect("a stub");
    let mut function = function(&aws).await;
    let scale_out = json!({
        "at": "2026-10-01T07:15:09Z",
        "verdict": "act",
        "what": { "kind": "scale-out", "standing": { "min": 3, "desired": 6, "max": 7 }, "wanted": 7 },
        "seen": [],
    });
    for (ensure, more, name, words) in [
        (
            "replacement-planned",
            json!({}),
            Error::UNSAFE,
            "no target is healthy",
        ),
        (
            "scaled-out",
            json!({ "epoch": 4, "plan": scale_out }),
            Error::LOCK_LOST,
            "another holds it",
        ),
        (
            "replaced",
            json!({ "epoch": 4, "plan": scale_out }),
            Error::INVALID_INPUT,
            "another recovery's plan",
        ),
        ("replaced", json!({ "epoch": 4 }), Error::INVALID_INPUT, "plan"),
        (
            "serves-as-planned",
            json!({ "plan": scale_out }),
            Error::NOT_YET,
            "7 needed, 0 healthy",
        ),
    ] {
        let error = function.invoke(at_home(ensure, more)).await.expect_err("fails");
        assert_eq!(error.error_type, name, "{ensure}: {error}");
        assert!(error.error_message.contains(words), "{ensure}: {error}");
    }
    let changes = ["TerminateInstanceInAutoScalingGroup", "UpdateAutoScalingGroup"];
    let actions = aws.actions();
    assert!(
        !actions.iter().any(|action| changes.contains(&action.as_str())),
        "{actions:?}"
    );
}
