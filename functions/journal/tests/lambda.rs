//! The compiled function, as Lambda starts it and as Step Functions sees it.

use domain::step::Error;
use local_lambda::{Answer, LocalLambda, StubAws};
use serde_json::{Value, json};

const FUNCTION: &str = env!("CARGO_BIN_EXE_journal");
/// The system files of a deployment: those of `shop`, in one Region.
const SYSTEMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/systems");
const INCIDENT: &str = "shop-fail-over-database-20261001T071509Z-8899aabbccddeeff";

fn event(ensure: &str) -> String {
    json!({
        "ensure": ensure,
        "run": {
            "system": "shop",
            "incident": INCIDENT,
            "recovery": "fail-over-database",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "the alarm shop-db-down is in ALARM",
        },
    })
    .to_string()
}

fn locked() -> Answer {
    Answer::json(
        200,
        &json!({ "Attributes": {
            "pk": { "S": "system#shop" },
            "sk": { "S": "state#lock" },
            "epoch": { "N": "4" },
            "holder": { "S": INCIDENT },
            "changed_at_ms": { "N": "1790838909000" },
            "expires_at_ms": { "N": "1790841609000" },
        } }),
    )
}

async fn function(aws: &StubAws) -> LocalLambda {
    let url = aws.url();
    let variables = [("AWS_ENDPOINT_URL", url.as_str()), ("EVENKEEL_SYSTEMS", SYSTEMS)];
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
}

/// What the item held until it was released.
fn released() -> Answer {
    locked()
}

#[tokio::test]
async fn the_lock_is_taken_and_released_in_one_process_which_ends_cleanly() {
    let aws = StubAws::start_script([locked(), released()])
        .await
        .expect("a stub");
    let mut function = function(&aws).await;

    let taken = function.invoke(event("lock-taken")).await.expect("taken");
    assert_eq!(taken["epoch"], 4);
    let released = function.invoke(event("lock-released")).await.expect("released");
    assert_eq!(released, json!({ "was_held": true }));

    assert_eq!(aws.actions(), ["UpdateItem", "UpdateItem"]);
    let call = &aws.calls()[0];
    assert_eq!(call.service, "dynamodb");
    let body: Value = serde_json::from_str(&call.body).expect("JSON");
    assert_eq!(body["TableName"], domain::names::JOURNAL_TABLE);

    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn anothers_lock_is_its_own_error() {
    let refusal = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
        "Item": {
            "epoch": { "N": "4" },
            "holder": { "S": "another" },
            "changed_at_ms": { "N": "1790838909000" },
            "expires_at_ms": { "N": "4102444800000" },
        },
    });
    let aws = StubAws::start(move |_| Answer::json(400, &refusal))
        .await
        .expect("a stub");
    let error = function(&aws)
        .await
        .invoke(event("lock-taken"))
        .await
        .expect_err("held");
    assert_eq!(error.error_type, Error::LOCK_HELD);
    assert!(error.error_message.contains("another"), "{error}");
}

#[tokio::test]
async fn every_failure_of_aws_has_its_name_and_is_asked_for_once() {
    let failures = [
        (
            Answer::json_error(503, "ServiceUnavailable", "try later"),
            Error::UNAVAILABLE,
        ),
        (Answer::json(500, &json!({})), Error::UNAVAILABLE),
        (
            Answer::json_error(400, "AccessDeniedException", "not authorized"),
            Error::REFUSED,
        ),
        (
            Answer::json_error(400, "ResourceNotFoundException", "no such table"),
            Error::REFUSED,
        ),
        (
            Answer::json_error(400, "ThrottlingException", "slow down"),
            Error::THROTTLED,
        ),
    ];
    let aws = StubAws::start_script(failures.iter().map(|(answer, _)| answer.clone()))
        .await
        .expect("a stub");
    let mut function = function(&aws).await;
    for (answer, name) in &failures {
        let error = function.invoke(event("lock-taken")).await.expect_err("fails");
        assert_eq!(error.error_type, *name, "{answer:?}: {error}");
    }
    assert_eq!(
        aws.calls().len(),
        failures.len(),
        "the state machine retries, the SDK does not"
    );
}

#[tokio::test]
async fn nobody_at_the_other_end_is_unavailable() {
    let nobody = [
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"),
        ("EVENKEEL_SYSTEMS", SYSTEMS),
    ];
    let mut function = LocalLambda::start(FUNCTION, &nobody).await.expect("starts");
    let error = function
        .invoke(event("lock-taken"))
        .await
        .expect_err("nobody there");
    assert_eq!(error.error_type, Error::UNAVAILABLE);
    assert!(error.error_message.contains("dynamodb:UpdateItem"), "{error}");
}

#[tokio::test]
async fn what_is_no_input_reaches_no_aws() {
    let aws = StubAws::start_script([]).await.expect("a stub");
    let mut function = function(&aws).await;
    for garbage in [
        "",
        "{",
        "null",
        r#"{"ensure":"lock-stolen"}"#,
        r#"{"ensure":"lock-taken"}"#,
    ] {
        let error = function.invoke(garbage).await.expect_err("no input");
        assert_eq!(error.error_type, Error::INVALID_INPUT, "{garbage}: {error}");
    }
    assert!(aws.calls().is_empty());
}
