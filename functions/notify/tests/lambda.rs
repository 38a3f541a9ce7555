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
