//! The compiled function, as Lambda starts it and as Step Functions sees it.

use std::fs;

use domain::step::Error;
use local_lambda::{Answer, Call, LocalLambda, StubApplication, StubAws};
use serde_json::{Value, json};
use tempfile::TempDir;

const FUNCTION: &str = env!("CARGO_BIN_EXE_traffic");
const INCIDENT: &str = "shop-fail-over-region-20261001T071509Z-8899aabbccddeeff";

fn event(ensure: &str, more: Value) -> String {
    let mut event = json!({
        "ensure": ensure,
        "run": {
            "system": "shop",
            "incident": INCIDENT,
            "recovery": "fail-over-region",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "two alarms are in ALARM",
        },
    });
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    event.to_string()
}

/// The system files of a deployment: those of `shop`, changed as a test needs it.
fn systems(change: impl Fn(String) -> String) -> TempDir {
    let directory = TempDir::new().expect("a directory");
    let shop = change(include_str!("shop.toml").to_owned());
    fs::write(directory.path().join("shop.toml"), shop).expect("written");
    directory
}

fn with_traffic(traffic: &str) -> TempDir {
    systems(|shop| {
        let lines = shop.lines().map(|line| {
            if line.starts_with("traffic = ") {
                traffic
            } else {
                line
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

async fn function(aws: &StubAws, systems: &TempDir, more: &[(&str, &str)]) -> LocalLambda {
    let (url, systems) = (aws.url(), systems.path().to_str().expect("UTF-8"));
    let variables = [
        &[
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_REGION", "eu-west-1"),
            ("EVENKEEL_SYSTEMS", systems),
        ],
        more,
    ]
    .concat();
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
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

fn no_wish_to_stop() -> Answer {
    Answer::json(200, &json!({}))
}

fn listener(action: &str) -> Answer {
    Answer::xml(
        200,
        format!(
            "<DescribeListenersResponse><DescribeListenersResult><Listeners><member><DefaultActions><member>{action}\
             </member></DefaultActions></member></Listeners></DescribeListenersResult></DescribeListenersResponse>"
        ),
    )
}

fn frozen() -> Answer {
    listener(
        "<Type>fixed-response</Type><FixedResponseConfig><StatusCode>503</StatusCode></FixedResponseConfig>",
    )
}

fn forwards_in(region: &str, id: &str) -> Answer {
    let arn = format!("arn:aws:elasticloadbalancing:{region}:111122223333:targetgroup/shop/{id}");
    listener(&format!(
        "<Type>forward</Type><TargetGroupArn>{arn}</TargetGroupArn>"
    ))
}

fn services(aws: &StubAws) -> Vec<String> {
    aws.calls().into_iter().map(|call| call.service).collect()
}

#[tokio::test]
async fn a_frozen_edge_of_its_own_region_is_opened_once_and_then_seen_to_be() {
    let modified = "<ModifyListenerResponse><ModifyListenerResult/></ModifyListenerResponse>";
    let aws = StubAws::start_script([
        frozen(),
        lock(INCIDENT),
        no_wish_to_stop(),
        Answer::xml(200, modified),
        forwards_in("eu-west-1", "4444444444444444"),
    ])
    .await
    .expect("a stub");
    let mut function = function(&aws, &systems(|shop| shop), &[]).await;
    let open = event("edge-open", json!({ "epoch": 4 }));

    let asked = function.invoke(open.clone()).await.expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let opened = function.invoke(open).await.expect("open");
    assert_eq!(
        opened["seen"],
        json!(["eu-west-1: the listener's default action is forward to targetgroup/shop/4444444444444444"])
    );
    assert_eq!(
        aws.actions(),
        [
            "DescribeListeners",
            "GetItem",
            "GetItem",
            "ModifyListener",
            "DescribeListeners"
        ]
    );
    assert!(
        aws.calls()[3].body.contains("4444444444444444"),
        "its own target group"
    );
    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn a_source_that_does_not_answer_holds_nothing_up() {
    let aws = StubAws::start_script([Answer::xml_error(503, "ServiceUnavailable", "try later")])
        .await
        .expect("a stub");
    let mut function = function(&aws, &systems(|shop| shop), &[]).await;
    let freeze = event("edge-frozen", json!({ "epoch": 4 }));
    let fencing = function.invoke(freeze).await.expect("no failure");
    assert_eq!(fencing["fence"], "unknown", "{fencing}");
    assert!(
        aws.calls()[0].body.contains("eu-central-1"),
        "the other Region's listener"
    );
}

/// In a planned move both Regions answer, or the edge that was frozen would stay so and nobody would know.
#[tokio::test]
async fn only_the_undo_of_an_unplanned_move_goes_by_a_region_that_does_not_answer() {
    let aws = StubAws::start(|_| Answer::xml_error(503, "ServiceUnavailable", "try later"));
    let aws = aws.await.expect("a stub");
    let mut function = function(&aws, &systems(|shop| shop), &[]).await;
    let undo = event("edge-thawed", json!({}));
    let thawed = function.invoke(undo.clone()).await.expect("as far as it answers");
    let words = thawed["seen"][0].as_str().expect("words");
    assert!(
        words.starts_with("eu-central-1: not known to forward again: "),
        "{words}"
    );
    let planned = undo.replace("\"fail-over-region\"", "\"switch-over-region\"");
    let error = function.invoke(planned).await.expect_err("it has to answer");
    assert_eq!(error.error_type, Error::UNAVAILABLE, "{error}");
}

#[tokio::test]
async fn users_are_shifted_by_an_object_in_the_standby_region() {
    let aws = StubAws::start_script([
        Answer::xml(404, ""),
        lock(INCIDENT),
        Answer::xml(200, ""),
        Answer::xml(200, ""),
        no_wish_to_stop(),
        Answer::xml(
            503,
            "<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>",
        ),
    ])
    .await
    .expect("a stub");
    let mut function = function(&aws, &systems(|shop| shop), &[]).await;
    let shift = event("shifted", json!({ "epoch": 4 }));

    let asked = function.invoke(shift.clone()).await.expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let shifted = function.invoke(shift.clone()).await.expect("shifted");
    assert_eq!(
        shifted["seen"],
        json!(["s3:HeadObject: the object shop-switch-eu-west-1/standby-serves is there"])
    );
    assert_eq!(services(&aws), ["s3", "dynamodb", "s3", "s3", "dynamodb"]);
    assert!(
        aws.calls()[2].body.contains(INCIDENT),
        "the object says who put it"
    );
    let error = function
        .invoke(shift)
        .await
        .expect_err("no answer to HEAD has a body");
    assert_eq!(error.error_type, Error::UNAVAILABLE, "{error}");
}

#[tokio::test]
async fn users_are_shifted_home_by_taking_the_object_away() {
    let aws = StubAws::start_script([
        Answer::xml(200, ""),
        lock(INCIDENT),
        Answer::xml(204, ""),
        Answer::xml(404, ""),
        no_wish_to_stop(),
    ])
    .await
    .expect("a stub");
    let at_home = [("AWS_REGION", "eu-central-1")];
    let mut function = function(&aws, &systems(|shop| shop), &at_home).await;
    let shift = event("shifted", json!({ "epoch": 4 }));
    let asked = function.invoke(shift.clone()).await.expect_err("asked for");
    assert!(asked.error_message.contains("s3:DeleteObject"), "{asked}");
    let shifted = function.invoke(shift).await.expect("shifted");
    assert!(
        shifted["seen"][0]
            .as_str()
            .expect("words")
            .ends_with("is not there"),
        "{shifted}"
    );
}

#[tokio::test]
async fn a_wish_to_stop_comes_too_late_for_users_and_is_said() {
    let wish = json!({ "Item": {
        "by": { "S": "on-call" },
        "because": { "S": "not tonight" },
        "at_ms": { "N": "1790838909000" },
    } });
    let aws = StubAws::start_script([
        Answer::xml(404, ""),
        lock(INCIDENT),
        Answer::xml(200, ""),
        Answer::xml(200, ""),
        Answer::json(200, &wish),
    ])
    .await
    .expect("a stub");
    let mut function = function(&aws, &systems(|shop| shop), &[]).await;
    let shift = event("shifted", json!({ "epoch": 4 }));
    function.invoke(shift.clone()).await.expect_err("asked for");
    let shifted = function.invoke(shift).await.expect("shifted");
    assert_eq!(
        shifted["seen"][1],
        "stopped by on-call, because not tonight: too late, users were moved all the same"
    );
}

#[tokio::test]
async fn a_run_that_lost_its_lock_shifts_nobody() {
    let aws = StubAws::start_script([Answer::xml(404, ""), lock("another")])
        .await
        .expect("a stub");
    let mut function = function(&aws, &systems(|shop| shop), &[]).await;
    let error = function
        .invoke(event("shifted", json!({ "epoch": 4 })))
        .await
        .expect_err("lost");
    assert_eq!(error.error_type, Error::LOCK_LOST);
    assert_eq!(services(&aws), ["s3", "dynamodb"]);
}

#[tokio::test]
async fn a_protected_record_is_refused_by_name() {
    let record = |identifier: &str, role: &str| {
        format!(
            "<ResourceRecordSet><Name>shop.example.com.</Name><Type>A</Type><SetIdentifier>{identifier}</SetIdentifier>\
             <Failover>{role}</Failover><TTL>30</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value>\
             </ResourceRecord></ResourceRecords></ResourceRecordSet>"
        )
    };
    let listed = format!(
        "<ListResourceRecordSetsResponse><ResourceRecordSets>{}{}</ResourceRecordSets>\
         <IsTruncated>false</IsTruncated><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>",
        record("home", "PRIMARY"),
        record("away", "SECONDARY")
    );
    let aws = StubAws::start_script([
        Answer::xml(200, listed),
        lock(INCIDENT),
        Answer::xml_error(400, "InvalidChangeBatch", "[the record set is protected]"),
    ])
    .await
    .expect("a stub");
    let systems = with_traffic(
        "traffic = { kind = \"record\", hosted-zone = \"Z1\", policy = \"failover\", primary = \"home\", standby = \
         \"away\" }",
    );
    let mut function = function(&aws, &systems, &[]).await;
    let error = function
        .invoke(event("shifted", json!({ "epoch": 4 })))
        .await
        .expect_err("refused");
    assert_eq!(error.error_type, Error::REFUSED, "{error}");
    assert!(
        error.error_message.contains("the record set is protected"),
        "{error}"
    );
    let change = &aws.calls()[2];
    let (away, home) = (change.body.find("away"), change.body.find("home"));
    assert!(
        change.body.contains("<Action>UPSERT</Action>") && home < away,
        "{change:?}"
    );
}

#[tokio::test]
async fn routing_controls_change_at_one_endpoint_when_the_first_does_not_answer() {
    let regions = [
        "us-east-1",
        "us-west-2",
        "eu-west-1",
        "ap-northeast-1",
        "ap-southeast-2",
    ];
    let endpoints = regions.map(|region| {
        format!("{{ region = \"{region}\", url = \"https://a.route53-recovery-cluster.{region}.amazonaws.com/v1\" }}")
    });
    let control = "arn:aws:route53-recovery-control::111122223333:controlpanel/p/routingcontrol";
    let systems = with_traffic(&format!(
        "traffic = {{ kind = \"routing-control\", endpoints = [{}], primary = \"{control}/home\", standby = \
         \"{control}/away\" }}",
        endpoints.join(", ")
    ));
    let first = std::sync::atomic::AtomicU32::new(0);
    let answer = move |call: &Call| match (call.service.as_str(), call.action.as_str()) {
        // The first endpoint is asked for two states at once.
        ("route53-recovery-cluster", "GetRoutingControlState")
            if first.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2 =>
        {
            Answer::json_error(503, "EndpointTemporarilyUnavailableException", "try another")
        }
        ("route53-recovery-cluster", "GetRoutingControlState") => {
            let state = if call.body.contains("home") { "On" } else { "Off" };
            Answer::json(
                200,
                &json!({ "RoutingControlArn": control, "RoutingControlState": state }),
            )
        }
        ("route53-recovery-cluster", _) => Answer::json(200, &json!({})),
        (_, _) if call.body.contains("LOCK") || call.body.contains("lock") => lock(INCIDENT),
        (_, _) => no_wish_to_stop(),
    };
    let aws = StubAws::start(answer).await.expect("a stub");
    let mut function = function(&aws, &systems, &[]).await;
    let error = function
        .invoke(event("shifted", json!({ "epoch": 4 })))
        .await
        .expect_err("asked for");
    assert_eq!(error.error_type, Error::NOT_YET, "{error}");
    let calls = aws.calls();
    let update = calls.last().expect("calls");
    assert_eq!(update.action, "UpdateRoutingControlStates");
    assert!(
        update.body.contains("\"On\"") && update.body.contains("\"Off\""),
        "{}",
        update.body
    );
}

#[tokio::test]
async fn name_servers_that_nobody_can_reach_are_not_yet() {
    let aws = StubAws::start_script([Answer::xml(200, "")])
        .await
        .expect("a stub");
    // A name that cannot exist. Source: RFC 6761, section 6.4.
    let systems = systems(|shop| {
        shop.replace("example.net\"", "invalid\"")
            .replace("example.org\"", "invalid\"")
    });
    let mut function = function(&aws, &systems, &[]).await;
    let shifted = json!({ "at": "2026-10-01T07:16:00Z", "seen": ["s3:HeadObject: it is there"] });
    let resolved = event("resolved", json!({ "shifted": shifted }));
    let error = function.invoke(resolved).await.expect_err("nobody answers");
    assert_eq!(error.error_type, Error::NOT_YET, "{error}");
    assert!(error.error_message.contains("ns-1.invalid: "), "{error}");
}

#[tokio::test]
async fn a_request_by_name_is_served_where_it_is_read_back() {
    let here = StubApplication::start().await.expect("an application");
    let aws = StubAws::start_script([]).await.expect("a stub");
    let certificate = here.certificate().to_str().expect("UTF-8");
    let trusted = [("AWS_CA_BUNDLE", certificate)];
    let leading_here = systems(|shop| {
        shop.replace("https://shop.example.com/write-check", &here.url())
            .replace("https://eu-west-1.shop.example.com/write-check", &here.url())
            .replace("https://eu-central-1.shop.example.com/write-check", &here.url())
            .replace("hostname = \"shop.example.com\"", "hostname = \"127.0.0.1\"")
    });
    let mut function = function(&aws, &leading_here, &trusted).await;
    let served = event("served", json!({}));

    here.take_writes(false);
    let error = function.invoke(served.clone()).await.expect_err("read-only");
    assert_eq!(error.error_type, Error::NOT_YET, "{error}");
    here.take_writes(true);
    // The step allows one second, which a busy machine can need for itself. It is asked again, as a machine would.
    let mut seen = function.invoke(served.clone()).await;
    for _ in 0..10 {
        if seen.is_err() {
            seen = function.invoke(served.clone()).await;
        }
    }
    let seen = seen.expect("served");
    assert!(
        seen["seen"][0].as_str().expect("words").contains("read it back"),
        "{seen}"
    );
}

#[tokio::test]
async fn a_region_in_which_the_system_is_not_at_home_is_invalid_input() {
    let aws = StubAws::start_script([]).await.expect("a stub");
    let mut function = function(&aws, &systems(|shop| shop), &[("AWS_REGION", "us-east-1")]).await;
    for garbage in [
        "{".to_owned(),
        event("edge-thawed", json!({})),
        event("shifted", json!({})),
    ] {
        let error = function.invoke(garbage.clone()).await.expect_err("invalid");
        assert_eq!(error.error_type, Error::INVALID_INPUT, "{garbage}: {error}");
    }
}
