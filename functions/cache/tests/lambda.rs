//! The compiled function, as Lambda starts it and as Step Functions sees it.

use domain::step::Error;
use local_lambda::{Answer, LocalLambda, StubAws};
use serde_json::json;

const FUNCTION: &str = env!("CARGO_BIN_EXE_cache");
const SYSTEMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/systems");
const INCIDENT: &str = "shop-fail-over-region-20261001T071509Z-8899aabbccddeeff";

fn event(ensure: &str, away_from: Option<&str>) -> String {
    let mut event = json!({
        "ensure": ensure,
        "run": {
            "system": "shop",
            "incident": INCIDENT,
            "recovery": "fail-over-region",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "shop-unreachable and shop-users-failing are in ALARM",
        },
        "epoch": 4,
    });
    if let Some(away_from) = away_from {
        event["away_from"] = away_from.into();
    }
    event.to_string()
}

fn datastore(status: &str, here: &str, there: &str) -> Answer {
    let member = |group: &str, region: &str, role: &str| {
        format!(
            "<GlobalReplicationGroupMember><ReplicationGroupId>{group}</ReplicationGroupId>\
             <ReplicationGroupRegion>{region}</ReplicationGroupRegion><Role>{role}</Role>\
             <Status>associated</Status></GlobalReplicationGroupMember>"
        )
    };
    Answer::xml(
        200,
        format!(
            "<DescribeGlobalReplicationGroupsResponse><DescribeGlobalReplicationGroupsResult>\
             <GlobalReplicationGroups><GlobalReplicationGroup>\
             <GlobalReplicationGroupId>ldgnf-shop</GlobalReplicationGroupId><Status>{status}</Status>\
             <Members>{}{}</Members></GlobalReplicationGroup></GlobalReplicationGroups>\
             </DescribeGlobalReplicationGroupsResult></DescribeGlobalReplicationGroupsResponse>",
            member("shop-cache", "eu-central-1", there),
            member("shop-cache-standby", "eu-west-1", here),
        ),
    )
}

fn group(status: &str, first: &str, second: &str) -> Answer {
    let node = |cluster: &str, role: &str| {
        format!(
            "<NodeGroupMember><CacheClusterId>{cluster}</CacheClusterId><CacheNodeId>0001</CacheNodeId>\
             <PreferredAvailabilityZone>eu-west-1a</PreferredAvailabilityZone><CurrentRole>{role}</CurrentRole>\
             </NodeGroupMember>"
        )
    };
    Answer::xml(
        200,
        format!(
            "<DescribeReplicationGroupsResponse><DescribeReplicationGroupsResult><ReplicationGroups>\
             <ReplicationGroup><ReplicationGroupId>shop-cache-standby</ReplicationGroupId><Status>{status}</Status>\
             <AutomaticFailover>enabled</AutomaticFailover><NodeGroups><NodeGroup><NodeGroupId>0001</NodeGroupId>\
             <Status>available</Status><NodeGroupMembers>{}{}</NodeGroupMembers></NodeGroup></NodeGroups>\
             </ReplicationGroup></ReplicationGroups></DescribeReplicationGroupsResult>\
             </DescribeReplicationGroupsResponse>",
            node("shop-001", first),
            node("shop-002", second),
        ),
    )
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
        ("AWS_REGION", "eu-west-1"),
        ("EVENKEEL_SYSTEMS", SYSTEMS),
    ];
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
}

#[tokio::test]
async fn a_datastore_is_promoted_in_one_process_which_ends_cleanly() {
    let aws = StubAws::start_script([
        datastore("available", "SECONDARY", "PRIMARY"),
        lock(INCIDENT),
        no_item(),
        Answer::xml(200, "<FailoverGlobalReplicationGroupResponse><FailoverGlobalReplicationGroupResult/></FailoverGlobalReplicationGroupResponse>"),
        datastore("modifying", "SECONDARY", "PRIMARY"),
        datastore("available", "PRIMARY", "SECONDARY"),
    ])
    .await
    .expect("a stub");
    let mut function = function(&aws).await;
    for words in ["accepted", "ldgnf-shop modifying"] {
        let error = function
            .invoke(event("promoted-here", None))
            .await
            .expect_err("not yet");
        assert_eq!(error.error_type, Error::NOT_YET, "{error}");
        assert!(error.error_message.contains(words), "{error}");
    }
    let promoted = function
        .invoke(event("promoted-here", None))
        .await
        .expect("promoted");
    assert!(promoted["at"].is_string(), "{promoted}");
    assert!(
        promoted["seen"][0]
            .as_str()
            .expect("words")
            .contains("shop-cache-standby in eu-west-1 PRIMARY"),
        "{promoted}"
    );
    assert_eq!(
        aws.actions(),
        [
            "DescribeGlobalReplicationGroups",
            "GetItem",
            "GetItem",
            "FailoverGlobalReplicationGroup",
            "DescribeGlobalReplicationGroups",
            "DescribeGlobalReplicationGroups"
        ]
    );
    let calls = aws.calls();
    assert_eq!(calls[0].service, "elasticache");
    assert!(calls[0].body.contains("ShowMemberInfo=true"), "{}", calls[0].body);
    for said in [
        "PrimaryRegion=eu-west-1",
        "PrimaryReplicationGroupId=shop-cache-standby",
    ] {
        assert!(calls[3].body.contains(said), "{}", calls[3].body);
    }
    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn a_primary_node_is_moved() {
    let aws = StubAws::start_script([
        group("available", "primary", "replica"),
        lock(INCIDENT),
        no_item(),
        Answer::xml(
            200,
            "<TestFailoverResponse><TestFailoverResult/></TestFailoverResponse>",
        ),
        group("available", "replica", "primary"),
    ])
    .await
    .expect("a stub");
    let mut function = function(&aws).await;
    let moved = || event("primary-moved", Some("shop-001"));
    let asked = function.invoke(moved()).await.expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let moved = function.invoke(moved()).await.expect("moved");
    assert!(
        moved["seen"][0]
            .as_str()
            .expect("words")
            .contains("shop-002 (primary)"),
        "{moved}"
    );
    assert!(aws.calls()[3].body.contains("NodeGroupId=0001"));
}

#[tokio::test]
async fn every_failure_has_its_name() {
    let aws = StubAws::start_script([
        datastore("available", "SECONDARY", "PRIMARY"),
        lock("another"),
        Answer::xml_error(404, "GlobalReplicationGroupNotFoundFault", "no such datastore"),
        Answer::xml_error(400, "Throttling", "Rate exceeded"),
        Answer::xml_error(503, "ServiceUnavailable", "try later"),
    ])
    .await
    .expect("a stub");
    let mut function = function(&aws).await;
    for name in [
        Error::LOCK_LOST,
        Error::REFUSED,
        Error::THROTTLED,
        Error::UNAVAILABLE,
    ] {
        let error = function
            .invoke(event("promoted-here", None))
            .await
            .expect_err("fails");
        assert_eq!(error.error_type, name, "{error}");
    }
    let error = function
        .invoke(event("primary-moved", None))
        .await
        .expect_err("away from what?");
    assert_eq!(error.error_type, Error::INVALID_INPUT, "{error}");
}

fn of_store(ensure: &str, more: serde_json::Value) -> String {
    let mut event = json!({
        "ensure": ensure,
        "run": {
            "system": "store",
            "incident": "store-fail-over-cache-20261001T071509Z-8899aabbccddeeff",
            "recovery": "fail-over-cache",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "store-cache-down is in ALARM",
        },
    });
    if let (Some(event), serde_json::Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    event.to_string()
}

#[tokio::test]
async fn the_cache_of_one_region_is_planned_and_moved_out_of_a_zone() {
    let nothing = || Answer::json(200, &json!({ "Items": [], "Count": 0 }));
    let aws = StubAws::start(move |call| match call.action.as_str() {
        "Query" => nothing(),
        _ => group("available", "replica", "primary"),
    })
    .await
    .expect("a stub");
    let mut function = function(&aws).await;
    let plan = function
        .invoke(of_store("cache-failover-planned", json!({})))
        .await
        .expect("planned");
    assert_eq!(plan["verdict"], "stand-down", "{plan}");
    assert_eq!(
        plan["what"],
        json!({ "kind": "fail-over-cache", "away_from": "shop-002" })
    );
    let elsewhere = json!({ "epoch": 4, "zone": "eu-west-1b" });
    let seen = function
        .invoke(of_store("primary-out-of-zone", elsewhere))
        .await
        .expect("elsewhere");
    assert!(seen["at"].is_string(), "{seen}");
    let there = json!({ "epoch": 4, "zone": "eu-west-1a" });
    let error = function
        .invoke(of_store("primary-out-of-zone", there))
        .await
        .expect_err("both nodes are there");
    assert_eq!(error.error_type, Error::UNSAFE, "{error}");
    let error = function
        .invoke(of_store("primary-out-of-zone", json!({ "epoch": 4 })))
        .await
        .expect_err("out of which?");
    assert_eq!(error.error_type, Error::INVALID_INPUT, "{error}");
}
