//! What Lambda's caller sees of a function served by `runtime`.

use std::process::Command;

use domain::step::Error;
use local_lambda::{ACCESS_KEY, LocalLambda, SECRET_KEY, SESSION_TOKEN};
use serde_json::{Value, json};

const PROBE: &str = env!("CARGO_BIN_EXE_probe");

async fn probe(variables: &[(&str, &str)]) -> LocalLambda {
    LocalLambda::start(PROBE, variables)
        .await
        .expect("the probe starts")
}

async fn error_type(function: &mut LocalLambda, event: impl Into<Vec<u8>>) -> String {
    function
        .invoke(event.into())
        .await
        .expect_err("the event fails")
        .error_type
}

fn lines(output: &str) -> Vec<Value> {
    let lines = output.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("every line is JSON")
}

#[tokio::test]
async fn one_process_answers_one_event_after_another() {
    let mut function = probe(&[]).await;
    for number in 0..20 {
        let answer = function
            .invoke(json!({ "ensure": "done", "number": number }).to_string())
            .await;
        assert_eq!(answer, Ok(json!({ "number": number })));
    }
}

#[tokio::test]
async fn an_error_has_exactly_its_name_and_its_words() {
    let mut function = probe(&[]).await;
    let error = function
        .invoke(r#"{"ensure":"not-done"}"#)
        .await
        .expect_err("not done");
    assert_eq!(error.error_type, Error::NOT_YET);
    assert_eq!(error.error_message, "not yet: status rebooting");
}

#[tokio::test]
async fn whatever_arrives_that_is_no_input_is_called_so() {
    let mut function = probe(&[]).await;
    let deep = "[".repeat(100_000);
    for event in [
        &b"{"[..],
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        br#"{"ensure":"tea"}"#,
        deep.as_bytes(),
    ] {
        let name = error_type(&mut function, event).await;
        assert_eq!(
            name,
            Error::INVALID_INPUT,
            "{:?}",
            String::from_utf8_lossy(&event[..event.len().min(20)])
        );
    }
}

#[tokio::test]
async fn a_panic_is_an_error_with_a_name_and_the_next_event_is_served() {
    let mut function = probe(&[]).await;
    let error = function
        .invoke(r#"{"ensure":"panicked"}"#)
        .await
        .expect_err("panicked");
    assert_eq!(error.error_type, runtime::PANIC);
    assert_eq!(
        error.error_message,
        "the function panicked: the probe was told to"
    );
    function
        .invoke(r#"{"ensure":"done","number":1}"#)
        .await
        .expect("served");

    let ended = function.shut_down().await.expect("ends");
    let lines = lines(&ended.output);
    let hook = lines
        .iter()
        .find(|line| line["message"] == "panic")
        .expect("the panic is logged");
    assert!(
        hook["place"].as_str().expect("a place").contains("probe.rs:"),
        "{hook}"
    );
}

#[tokio::test]
async fn a_deadline_in_the_event_is_kept() {
    let mut function = probe(&[]).await;
    let passed = r#"{"ensure":"not-done","deadline":{"since":"2020-01-01T00:00:00Z","seconds":60}}"#;
    assert_eq!(error_type(&mut function, passed).await, Error::DEADLINE_PASSED);
}

#[tokio::test]
async fn a_process_that_ends_is_what_lambda_calls_it() {
    let mut function = probe(&[]).await;
    assert_eq!(
        error_type(&mut function, r#"{"ensure":"ended"}"#).await,
        "Runtime.ExitError"
    );
}

#[tokio::test]
async fn sigterm_ends_the_process_with_0() {
    let idle = probe(&[]).await.shut_down().await.expect("ends in time");
    assert_eq!(idle.status.code(), Some(0), "{}", idle.output);

    let mut used = probe(&[]).await;
    used.invoke(r#"{"ensure":"done","number":1}"#)
        .await
        .expect("served");
    let used = used.shut_down().await.expect("ends in time");
    assert_eq!(used.status.code(), Some(0), "{}", used.output);
}

#[tokio::test]
async fn an_event_is_one_line_that_says_what_came_of_it() {
    let mut function = probe(&[]).await;
    function
        .invoke(r#"{"ensure":"done","number":7}"#)
        .await
        .expect("served");
    function
        .invoke(r#"{"ensure":"not-done"}"#)
        .await
        .expect_err("not done");
    function.invoke("nonsense").await.expect_err("no event");
    let ended = function.shut_down().await.expect("ends");
    let told: Vec<Value> = lines(&ended.output)
        .into_iter()
        .map(|mut line| {
            let line = line.as_object_mut().expect("an object");
            assert!(line.remove("timestamp").is_some());
            Value::Object(std::mem::take(line))
        })
        .collect();
    assert_eq!(
        told,
        [
            json!({
                "level": "INFO", "message": "invocation", "target": "runtime::invocation",
                "request": "00000001-0000-4000-8000-000000000000", "function": "probe",
                "condition": "done", "outcome": "done", "answer": "{\"number\":7}",
            }),
            json!({
                "level": "INFO", "message": "invocation", "target": "runtime::invocation",
                "request": "00000002-0000-4000-8000-000000000000", "function": "probe",
                "condition": "not-done", "outcome": "not-yet", "error": "NotYet", "cause": "not yet: status rebooting",
            }),
            json!({
                "level": "ERROR", "message": "invocation", "target": "runtime::invocation",
                "request": "00000003-0000-4000-8000-000000000000", "function": "probe",
                "outcome": "failed", "error": "InvalidInput",
                "cause": "invalid input: the event is not JSON: expected ident at line 1 column 2",
            }),
        ]
    );
}

#[tokio::test]
async fn the_log_level_is_kept() {
    let mut function = probe(&[("AWS_LAMBDA_LOG_LEVEL", "ERROR")]).await;
    function
        .invoke(r#"{"ensure":"not-done"}"#)
        .await
        .expect_err("not done");
    assert_eq!(function.shut_down().await.expect("ends").output, "");
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let mut function = probe(&[("AWS_LAMBDA_LOG_LEVEL", "TRACE")]).await;
    function
        .invoke(r#"{"ensure":"done","number":7}"#)
        .await
        .expect("served");
    let output = function.shut_down().await.expect("ends").output;
    for secret in [ACCESS_KEY, SECRET_KEY, SESSION_TOKEN] {
        assert!(!output.contains(secret), "{output}");
    }
}

#[tokio::test]
async fn lambda_is_told_why_a_function_cannot_start() {
    let error = LocalLambda::start(PROBE, &[("AWS_REGION", "frankfurt")])
        .await
        .expect_err("no such Region");
    let reported = error.reported.as_ref().expect("reported");
    assert_eq!(reported.error_type, "InitFailed");
    assert_eq!(
        reported.error_message,
        "the environment variable AWS_REGION is `frankfurt`: a Region code like `eu-central-1`"
    );
    let ended = error.ended.expect("ended");
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(lines(&ended.output)[0]["why"], reported.error_message);
}

#[test]
fn started_by_hand_it_says_what_it_is() {
    let output = Command::new(PROBE).env_clear().output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        lines(&String::from_utf8_lossy(&output.stdout))[0]["why"],
        "the environment variable AWS_LAMBDA_RUNTIME_API is not set: Lambda sets it. This is a Lambda function; \
         `evenkeel deploy` deploys it"
    );
}
