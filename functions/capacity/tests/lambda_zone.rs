//! The compiled function and zones, as Lambda starts it and as Step Functions sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::step::Error;
use local_lambda::{Answer, Call, LocalLambda, StubAws};
use serde_json::{Value, json};

const FUNCTION: &str = env!("CARGO_BIN_EXE_capacity");
const SYSTEMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/systems");
const INCIDENT: &str = "store-evacuate-zone-20261001T071509Z-8899aabbccddeeff";

fn event(ensure: &str, more: Value) -> String {
    let mut event = json!({
        "ensure": ensure,
        "run": {
            "system": "store",
            "incident": INCIDENT,
            "recovery": "evacuate-zone",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "store-zone-a-errors is in ALARM",
        },
    });
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    event.to_string()
}

/// Two healthy targets in each of three zones, or three in each of two.
fn answer(call: &Call, left: bool, holder: &str) -> Answer {
    let (a, b, c) = ("aaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbb", "ccccccccccccccccc");
    let (zones, subnets) = if left {
        (vec!["b", "b", "b", "c", "c", "c"], vec![b, c])
    } else {
        (vec!["a", "a", "b", "b", "c", "c"], vec![a, b, c])
    };
    let zones = zones.iter().enumerate();
    match (call.service.as_str(), call.action.as_str()) {
        ("autoscaling", "DescribeAutoScalingGroups") => {
            let instances = zones.map(|(n, zone)| {
                format!(
                    "<member><InstanceId>i-{n}</InstanceId><AvailabilityZone>eu-west-1{zone}</AvailabilityZone>\
                     <LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>"
                )
            });
            let instances: String = instances.collect();
            let subnets: Vec<String> = subnets.iter().map(|subnet| format!("subnet-{subnet}")).collect();
            Answer::xml(
                200,
                format!(
                    "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>\
                     <MinSize>3</MinSize><DesiredCapacity>6</DesiredCapacity><MaxSize>8</MaxSize>\
                     <VPCZoneIdentifier>{}</VPCZoneIdentifier><Instances>{instances}</Instances></member>\
                     </AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>",
                    subnets.join(",")
                ),
            )
        }
        ("autoscaling", "DescribeScalingActivities") => Answer::xml(
            200,
            "<DescribeScalingActivitiesResponse><DescribeScalingActivitiesResult><Activities/>\
             </DescribeScalingActivitiesResult></DescribeScalingActivitiesResponse>",
        ),
        ("autoscaling", "UpdateAutoScalingGroup") => Answer::xml(200, "<UpdateAutoScalingGroupResponse/>"),
        ("elasticloadbalancing", "DescribeTargetHealth") => {
            let targets = zones.map(|(n, _)| {
                format!(
                    "<member><Target><Id>i-{n}</Id></Target><TargetHealth><State>healthy</State></TargetHealth></member>"
                )
            });
            let targets: String = targets.collect();
            Answer::xml(
                200,
                format!(
                    "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>{targets}\
                     </TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"
                ),
            )
        }
        ("arc-zonal-shift", _) => Answer::json(
            200,
            &json!({
                "appliedWeights": {},
                "zonalShifts": [],
                "autoshifts": [{ "appliedStatus": "APPLIED", "awayFrom": "euw1-az1", "startTime": 1_790_838_900 }],
            }),
        ),
        ("dynamodb", "Query") => Answer::json(200, &json!({ "Items": [], "Count": 0 })),
        // The lock is one item; the wish to stop would be another, and nobody has it.
        ("dynamodb", "GetItem") if call.body.contains("state#lock") => Answer::json(
            200,
            &json!({ "Item": {
                "epoch": { "N": "4" },
                "holder": { "S": holder },
                "changed_at_ms": { "N": "1790838909000" },
                "expires_at_ms": { "N": "4102444800000" },
            } }),
        ),
        ("dynamodb", _) => Answer::json(200, &json!({})),
        (_, other) => Answer::xml_error(400, "InvalidAction", other),
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
async fn a_zone_is_planned_left_and_seen_to_be_left_in_one_process_which_ends_cleanly() {
    let left = Arc::new(AtomicBool::new(false));
    let aws = StubAws::start({
        let left = Arc::clone(&left);
        move |call| {
            let now = left.load(Ordering::SeqCst);
            if call.action == "UpdateAutoScalingGroup" {
                left.store(true, Ordering::SeqCst);
            }
            answer(call, now, INCIDENT)
        }
    })
    .await
    .expect("a stub");
    let mut function = function(&aws).await;

    let plan = function
        .invoke(event("evacuation-planned", json!({})))
        .await
        .expect("planned");
    assert_eq!(plan["verdict"], "act", "{plan}");
    assert_eq!(plan["what"]["zone"], "eu-west-1a");
    assert_eq!(plan["what"]["zone_id"], "euw1-az1");
    assert_eq!(plan["what"]["needed"], 6);

    let leave = event("zone-left", json!({ "epoch": 4, "plan": plan }));
    let asked = function.invoke(leave.clone()).await.expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let calls = aws.calls();
    let update = calls.last().expect("calls");
    assert_eq!(update.action, "UpdateAutoScalingGroup");
    assert!(
        update
            .body
            .contains("VPCZoneIdentifier=subnet-bbbbbbbbbbbbbbbbb%2Csubnet-ccccccccccccccccc"),
        "{}",
        update.body
    );
    for unsaid in ["MinSize", "MaxSize", "DesiredCapacity"] {
        assert!(!update.body.contains(unsaid), "{}", update.body);
    }
    let seen = function.invoke(leave).await.expect("left");
    assert!(
        seen["seen"][0]
            .as_str()
            .expect("words")
            .starts_with("6 needed outside of eu-west-1a, 6 healthy"),
        "{seen}"
    );

    let rejoin = event("zone-rejoined", json!({ "plan": plan }));
    let asked = function.invoke(rejoin).await.expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn every_condition_of_a_zone_has_its_answer_by_name() {
    let aws = StubAws::start(|call| match call.service.as_str() {
        "arc-zonal-shift" => Answer::json_error(429, "ThrottlingException", "Rate exceeded"),
        _ => answer(call, false, "another"),
    })
    .await
    .expect("a stub");
    let mut function = function(&aws).await;
    let plan = json!({
        "at": "2026-10-01T07:16:00Z",
        "verdict": "act",
        "what": {
            "kind": "zone",
            "zone": "eu-west-1a",
            "zone_id": "euw1-az1",
            "standing": { "min": 3, "desired": 6, "max": 8 },
            "needed": 6,
        },
        "seen": [],
    });
    for (ensure, more, name) in [
        ("evacuation-planned", json!({}), Error::THROTTLED),
        ("return-planned", json!({}), Error::THROTTLED),
        ("zone-left", json!({ "epoch": 4, "plan": plan }), Error::LOCK_LOST),
        ("zone-left", json!({ "plan": plan }), Error::INVALID_INPUT),
        ("zone-left", json!({ "epoch": 4 }), Error::INVALID_INPUT),
        ("zone-rejoined", json!({}), Error::INVALID_INPUT),
    ] {
        let error = function.invoke(event(ensure, more)).await.expect_err("fails");
        assert_eq!(error.error_type, name, "{ensure}: {error}");
    }
    // Nothing was left, so there is nothing to undo, whoever holds the lock.
    function
        .invoke(event("zone-rejoined", json!({ "plan": plan })))
        .await
        .expect("as it stood");
    assert!(
        !aws.actions().contains(&"UpdateAutoScalingGroup".to_owned()),
        "{:?}",
        aws.actions()
    );
}
