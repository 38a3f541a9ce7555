//! The compiled function and zones, as Lambda starts it and as Step Functions sees it.

use std::fs;
use std::sync::Mutex;

use domain::step::Error;
use local_lambda::{Answer, Call, LocalLambda, StubAws};
use serde_json::{Value, json};
use tempfile::TempDir;

const FUNCTION: &str = env!("CARGO_BIN_EXE_traffic");
const INCIDENT: &str = "shop-evacuate-zone-20261001T071509Z-8899aabbccddeeff";

fn event(ensure: &str, more: Value) -> String {
    let mut event = json!({
        "ensure": ensure,
        "run": {
            "system": "shop",
            "incident": INCIDENT,
            "recovery": "evacuate-zone",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "shop-zone-a-errors is in ALARM",
        },
        "plan": {
            "at": "2026-10-01T07:16:00Z",
            "verdict": "act",
            "what": {
                "kind": "zone",
                "zone": "eu-central-1a",
                "zone_id": "euc1-az2",
                "standing": { "min": 6, "desired": 6, "max": 12 },
                "needed": 6,
            },
            "seen": [],
        },
    });
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    event.to_string()
}

fn shift(comment: &str) -> Value {
    json!({
        "appliedStatus": "APPLIED",
        "zonalShiftId": "s-1",
        "resourceIdentifier": "arn",
        "awayFrom": "euc1-az2",
        "expiryTime": 1_790_882_160,
        "startTime": 1_790_838_960,
        "comment": comment,
        "shiftType": "ZONAL_SHIFT",
        "status": "ACTIVE",
    })
}

/// Zonal shift: REST, so the last part of the path stands where other services have an action.
fn zonal_shift(call: &Call, active: &Mutex<Option<String>>) -> Answer {
    let mut active = active.lock().expect("whole");
    match call.action.as_str() {
        "zonalshifts" => {
            let asked: Value = serde_json::from_str(&call.body).expect("JSON");
            assert_eq!(asked["expiresIn"], "12h", "{asked}");
            assert_eq!(asked["awayFrom"], "euc1-az2", "{asked}");
            let comment = asked["comment"].as_str().expect("said").to_owned();
            let answer = shift(&comment);
            *active = Some(comment);
            Answer::json(201, &answer)
        }
        "s-1" => {
            *active = None;
            Answer::json(200, &shift("over"))
        }
        _ => {
            let shifts: Vec<Value> = active.iter().map(|comment| shift(comment)).collect();
            Answer::json(200, &json!({ "appliedWeights": {}, "zonalShifts": shifts }))
        }
    }
}

fn lock(call: &Call, holder: &str) -> Answer {
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

async fn function(aws: &StubAws, systems: &TempDir, region: &str) -> LocalLambda {
    let shop = include_str!("shop.toml");
    fs::write(systems.path().join("shop.toml"), shop).expect("written");
    let (url, systems) = (aws.url(), systems.path().to_str().expect("UTF-8"));
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_REGION", region),
        ("EVENKEEL_SYSTEMS", systems),
    ];
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
}

#[tokio::test]
async fn users_are_kept_away_and_let_back_in_one_process_which_ends_cleanly() {
    let active = Mutex::new(None);
    let aws = StubAws::start(move |call| match call.service.as_str() {
        "arc-zonal-shift" => zonal_shift(call, &active),
        _ => lock(call, INCIDENT),
    })
    .await
    .expect("a stub");
    let systems = TempDir::new().expect("a directory");
    let mut function = function(&aws, &systems, "eu-central-1").await;

    let shift = event("zone-shifted", json!({ "epoch": 4 }));
    let asked = function.invoke(shift.clone()).await.expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let shifted = function.invoke(shift).await.expect("in force");
    assert!(shifted["at"].is_string(), "{shifted}");
    assert!(
        shifted["seen"][0]
            .as_str()
            .expect("words")
            .contains(&format!("evenkeel {INCIDENT}")),
        "{shifted}"
    );

    let unshift = event("zone-unshifted", json!({}));
    let asked = function.invoke(unshift.clone()).await.expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let unshifted = function.invoke(unshift).await.expect("taken back");
    assert!(
        unshifted["seen"][0]
            .as_str()
            .expect("words")
            .contains("no zonal shift is active"),
        "{unshifted}"
    );
    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn every_failure_has_its_name() {
    let answers = Mutex::new(vec![
        Answer::json_error(403, "AccessDeniedException", "not authorized"),
        Answer::json_error(503, "ServiceUnavailable", "try later"),
        Answer::json_error(429, "ThrottlingException", "Rate exceeded"),
        Answer::json(200, &json!({ "appliedWeights": {}, "zonalShifts": [] })),
    ]);
    let aws = StubAws::start(move |call| match call.service.as_str() {
        "arc-zonal-shift" => answers.lock().expect("whole").pop().expect("an answer"),
        _ => lock(call, "another"),
    })
    .await
    .expect("a stub");
    let systems = TempDir::new().expect("a directory");
    let mut function = function(&aws, &systems, "eu-central-1").await;
    for name in [
        Error::LOCK_LOST,
        Error::THROTTLED,
        Error::UNAVAILABLE,
        Error::REFUSED,
    ] {
        let shift = event("zone-shifted", json!({ "epoch": 4 }));
        let error = function.invoke(shift).await.expect_err("fails");
        assert_eq!(error.error_type, name, "{error}");
    }
    let error = function
        .invoke(event("zone-shifted", json!({})))
        .await
        .expect_err("no epoch");
    assert_eq!(error.error_type, Error::INVALID_INPUT, "{error}");
}

#[tokio::test]
async fn zones_are_left_in_the_primary_region_only() {
    let aws = StubAws::start_script([]).await.expect("a stub");
    let systems = TempDir::new().expect("a directory");
    let mut function = function(&aws, &systems, "eu-west-1").await;
    for ensure in ["zone-shifted", "zone-unshifted"] {
        let more = if ensure == "zone-shifted" {
            json!({ "epoch": 4 })
        } else {
            json!({})
        };
        let error = function.invoke(event(ensure, more)).await.expect_err("elsewhere");
        assert_eq!(error.error_type, Error::INVALID_INPUT, "{error}");
    }
    assert!(aws.calls().is_empty());
}
