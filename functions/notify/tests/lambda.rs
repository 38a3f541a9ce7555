//! The compiled function, as Lambda starts it and as Step Functions sees it.

use domain::step::Error;
use local_lambda::{Answer, LocalLambda, StubAws, Systems};
use serde_json::{Value, json};

const FUNCTION: &str = env!("CARGO_BIN_EXE_notify");

fn event() -> String {
    json!({
        "ensure": "people-told",
        "run": {
            "system": "shop",
            "incident": "shop-fail-over-database-20261001T071509Z-8899aabbccddeeff",
            "recovery": "fail-over-database",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "the alarm shop-db-down is in ALARM",
        },
        "record": { "failure": { "state": "Assess", "error": "Unavailable", "cause": "" } },
    })
    .to_string()
}

fn published() -> Answer {
    let result = "<PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult>";
    Answer::xml(200, format!("<PublishResponse>{result}</PublishResponse>"))
}

async fn function(aws: &StubAws, systems: &Systems) -> LocalLambda {
    let systems = systems.path().to_str().expect("UTF-8");
    let variables = [
        ("AWS_ENDPOINT_URL", aws.url()),
        ("EVENKEEL_SYSTEMS", systems.to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
}

#[tokio::test]
async fn people_are_told_once_and_the_process_ends_cleanly() {
    let nothing = Answer::json(200, &json!({}));
    let told = Answer::json(200, &json!({ "Item": { "pk": { "S": "system#shop" } } }));
    let aws = StubAws::start_script([nothing.clone(), published(), nothing, told])
        .await
        .expect("a stub");
    let systems = Systems::shop().expect("written");
    let mut function = function(&aws, &systems).await;

    let first = function.invoke(event()).await.expect("told");
    assert_eq!(first["message_id"], "567910cd-659e-55d4-8ccb-5aaf14679dc0");
    let second = function.invoke(event()).await.expect("told before");
    assert_eq!(second["message_id"], Value::Null);
    assert_eq!(second["key"], first["key"]);
    assert_eq!(aws.actions(), ["GetItem", "Publish", "PutItem", "GetItem"]);
    assert!(
        aws.calls()[1]
            .body
            .contains("TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Apage")
    );

    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn every_failure_of_sns_has_its_name() {
    let nothing = Answer::json(200, &json!({}));
    let failures = [
        (
            Answer::xml_error(503, "ServiceUnavailable", "try later"),
            Error::UNAVAILABLE,
        ),
        (
            Answer::xml_error(403, "AuthorizationError", "not authorized"),
            Error::REFUSED,
        ),
        (
            Answer::xml_error(400, "Throttling", "Rate exceeded"),
            Error::THROTTLED,
        ),
    ];
    let answers = failures
        .iter()
        .flat_map(|(answer, _)| [nothing.clone(), answer.clone()]);
    let aws = StubAws::start_script(answers).await.expect("a stub");
    let systems = Systems::shop().expect("written");
    let mut function = function(&aws, &systems).await;
    for (answer, name) in &failures {
        let error = function.invoke(event()).await.expect_err("fails");
        assert_eq!(error.error_type, *name, "{answer:?}: {error}");
    }
}

const TOKEN: &str = "the-token-of-this-try";

/// The state that waits for an answer, tried again: it has a new token.
fn asked_again() -> String {
    let size = json!({ "min": 2, "desired": 2, "max": 4 });
    json!({
        "ensure": "approval-asked",
        "run": {
            "system": "shop",
            "incident": "shop-fail-over-region-20261001T071509Z-8899aabbccddeeff",
            "recovery": "fail-over-region",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "two alarms are in ALARM",
        },
        "token": TOKEN,
        "record": { "region": {
            "at": "2026-10-01T07:16:00Z",
            "verdict": "fail-over",
            "from": "eu-central-1",
            "to": "us-east-1",
            "source_reachable": false,
            "writer_in": null,
            "lag": null,
            "capacity": { "standing": size, "source_in_service": null, "needed": 6 },
            "seen": [],
        } },
        "timeout_seconds": 900,
    })
    .to_string()
}

fn answer() -> Value {
    json!({
        "at": "2026-10-01T07:17:00Z",
        "answer": "rejected",
        "by": "on-call",
        "because": "Frankfurt is back",
        "accepted": [],
        "seen": ["on-call rejected it"],
    })
}

/// What the journal answers to the question: it was asked before, and somebody has answered.
fn answered_before() -> Answer {
    let text = |text: &str| json!({ "S": text });
    Answer::json(
        200,
        &json!({ "Attributes": {
            "incident": text("shop-fail-over-region-20261001T071509Z-8899aabbccddeeff"),
            "token": text(TOKEN),
            "asked_at_ms": { "N": "1790838960000" },
            "expires_at_ms": { "N": "1790839860000" },
            "risks": { "L": [text("lag-unknown"), text("not-fenced")] },
            "answer": text(&answer().to_string()),
        } }),
    )
}

/// Or the answer would be lost with the token of the try before.
#[tokio::test]
async fn an_answer_that_was_there_before_its_question_is_handed_over_at_once_and_nobody_is_asked() {
    let aws = StubAws::start_script([answered_before(), Answer::json(200, &json!({}))]).await;
    let (aws, systems) = (aws.expect("a stub"), Systems::shop().expect("written"));
    let mut function = function(&aws, &systems).await;
    let asked = function.invoke(asked_again()).await.expect("handed over");
    assert_eq!(asked["risks"], json!(["lag-unknown", "not-fenced"]));
    assert_eq!(aws.actions(), ["UpdateItem", "SendTaskSuccess"]);
    let sent: Value = serde_json::from_str(&aws.calls()[1].body).expect("JSON");
    assert_eq!(sent["taskToken"], TOKEN);
    let output: Value = serde_json::from_str(sent["output"].as_str().expect("a text")).expect("JSON");
    assert_eq!(output, answer());
}

#[tokio::test]
async fn a_state_that_waits_no_more_needs_no_answer_and_one_that_was_not_reached_is_tried_again() {
    let cases = [
        ((400, "TaskTimedOut"), None),
        ((400, "TaskDoesNotExist"), None),
        ((400, "InvalidToken"), None),
        ((503, "ServiceUnavailable"), Some(Error::UNAVAILABLE)),
        ((400, "AccessDeniedException"), Some(Error::REFUSED)),
    ];
    let answers = cases
        .iter()
        .flat_map(|((status, code), _)| [answered_before(), Answer::json_error(*status, code, "no")]);
    let aws = StubAws::start_script(answers).await.expect("a stub");
    let systems = Systems::shop().expect("written");
    let mut function = function(&aws, &systems).await;
    for (refusal, expected) in cases {
        let handed_over = function.invoke(asked_again()).await;
        let name = handed_over.err().map(|error| error.error_type);
        assert_eq!(name.as_deref(), expected, "{refusal:?}");
    }
}

#[tokio::test]
async fn what_is_no_input_and_what_is_no_system_are_called_so() {
    let aws = StubAws::start_script([]).await.expect("a stub");
    let systems = Systems::shop().expect("written");
    let mut function = function(&aws, &systems).await;
    for garbage in ["{".to_owned(), event().replace("\"shop\"", "\"ship\"")] {
        let error = function.invoke(garbage).await.expect_err("no input");
        assert_eq!(error.error_type, Error::INVALID_INPUT, "{error}");
    }
    assert!(aws.calls().is_empty());
}

#[tokio::test]
async fn a_system_file_that_is_not_right_ends_the_start_with_its_place() {
    let systems = Systems::shop().expect("written");
    let file = systems.path().join("shop.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    std::fs::write(&file, text.replace("rto = ", "rto-max = ")).expect("writable");
    let variables = [("EVENKEEL_SYSTEMS", systems.path().to_str().expect("UTF-8"))];
    let error = LocalLambda::start(FUNCTION, &variables)
        .await
        .expect_err("not right");
    let reported = error.reported.as_ref().expect("reported");
    assert_eq!(reported.error_type, "InitFailed");
    assert!(
        reported
            .error_message
            .contains("shop.toml:19: unknown field `rto-max`"),
        "{reported}"
    );
    assert_eq!(error.ended.expect("ended").status.code(), Some(1));
}
