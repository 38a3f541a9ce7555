//! The compiled function, as Lambda starts it and as EventBridge sees it.

use domain::clock::Clock;
use domain::step::Error;
use local_lambda::{Answer, Call, LocalLambda, StubAws, Systems};
use runtime::SystemClock;
use serde_json::{Value, json};

const FUNCTION: &str = env!("CARGO_BIN_EXE_router");

/// The event that the CloudWatch User Guide documents. It is from 2019.
const ALARM: &str = include_str!("../../../events/samples/example-cloudwatch-alarm-state-change.json");

/// The same, as if it had happened just now.
fn alarm_now() -> String {
    let now = SystemClock
        .now()
        .strftime("%Y-%m-%dT%H:%M:%S%.3f+0000")
        .to_string();
    let mut event: Value = serde_json::from_str(ALARM).expect("JSON");
    event["detail"]["state"]["timestamp"] = now.into();
    event["time"] = SystemClock
        .now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
        .into();
    event.to_string()
}

/// An empty journal, an SNS that takes every message, and a Step Functions of the test's choice.
async fn aws(start_execution: Answer) -> StubAws {
    let answer = move |call: &Call| answer(call, &start_execution);
    StubAws::start(answer).await.expect("a stub")
}

fn answer(call: &Call, start_execution: &Answer) -> Answer {
    match call.action.as_str() {
        "GetItem" | "PutItem" => Answer::json(200, &json!({})),
        "Query" => Answer::json(200, &json!({ "Items": [], "Count": 0 })),
        "Publish" => {
            let result = "<PublishResult><MessageId>m</MessageId></PublishResult>";
            Answer::xml(200, format!("<PublishResponse>{result}</PublishResponse>"))
        }
        "StartExecution" => start_execution.clone(),
        other => Answer::xml(501, format!("no answer for {other}")),
    }
}

fn started() -> Answer {
    let arn = "arn:aws:states:us-east-1:123456789012:execution:evenkeel-fail-over-database:x";
    Answer::json(200, &json!({ "executionArn": arn, "startDate": 1.5e9 }))
}

async fn function(aws: &StubAws, systems: &Systems) -> LocalLambda {
    let (url, systems) = (aws.url(), systems.path().to_str().expect("UTF-8"));
    let variables = [("AWS_ENDPOINT_URL", url.as_str()), ("EVENKEEL_SYSTEMS", systems)];
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
}

#[tokio::test]
async fn an_alarm_starts_its_recovery_and_the_process_ends_cleanly() {
    let (aws, systems) = (aws(started()).await, Systems::shop().expect("written"));
    let mut function = function(&aws, &systems).await;
    let event = alarm_now();
    let routed = function.invoke(event.clone()).await.expect("routed");
    assert_eq!(routed[0]["system"], "shop", "{routed}");
    assert_eq!(routed[0]["execution"]["existed"], false, "{routed}");

    let again = function.invoke(event).await.expect("routed");
    assert_eq!(
        again[0]["execution"]["name"], routed[0]["execution"]["name"],
        "a repeated event is the same incident"
    );

    let start = aws
        .calls()
        .into_iter()
        .find(|call| call.action == "StartExecution")
        .expect("started");
    assert_eq!(start.service, "states");
    let start: Value = serde_json::from_str(&start.body).expect("JSON");
    assert_eq!(
        start["stateMachineArn"],
        "arn:aws:states:us-east-1:123456789012:stateMachine:evenkeel-fail-over-database"
    );
    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

/// The alarm on silence counts these lines.
#[tokio::test]
async fn a_scheduled_look_leaves_a_heartbeat_and_an_alarm_leaves_none() {
    let (aws, systems) = (aws(started()).await, Systems::shop().expect("written"));
    let mut function = function(&aws, &systems).await;
    function.invoke(alarm_now()).await.expect("routed");
    let look = json!({
        "evenkeel": "assess",
        "system": "*",
        "schedule": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/evenkeel-look",
        "time": SystemClock.now().to_string(),
    });
    let routed = function.invoke(look.to_string()).await.expect("routed");
    assert_eq!(routed[0]["system"], "shop", "{routed}");
    let ended = function.shut_down().await.expect("ends");
    let lines = ended.output.lines();
    let documents: Vec<Value> = lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line.get("_aws").is_some())
        .collect();
    assert_eq!(documents.len(), 1, "{}", ended.output);
    assert_eq!(documents[0]["Looks"], 1);
    let metrics = &documents[0]["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(
        (&metrics["Namespace"], &metrics["Metrics"][0]["Name"]),
        (&json!("Evenkeel"), &json!("Looks"))
    );
}

#[tokio::test]
async fn an_execution_that_exists_is_no_error() {
    let exists = Answer::json_error(400, "ExecutionAlreadyExists", "exists");
    let (aws, systems) = (aws(exists).await, Systems::shop().expect("written"));
    let routed = function(&aws, &systems)
        .await
        .invoke(alarm_now())
        .await
        .expect("routed");
    assert_eq!(routed[0]["execution"]["existed"], true, "{routed}");
}

#[tokio::test]
async fn the_documented_alarm_is_too_old_to_start_anything() {
    let (aws, systems) = (aws(started()).await, Systems::shop().expect("written"));
    let routed = function(&aws, &systems)
        .await
        .invoke(ALARM)
        .await
        .expect("routed");
    assert_eq!(routed[0]["execution"], Value::Null, "{routed}");
    assert!(!aws.actions().contains(&"StartExecution".to_owned()));
}

#[tokio::test]
async fn what_is_no_event_is_called_so_and_reaches_no_aws() {
    let (aws, systems) = (aws(started()).await, Systems::shop().expect("written"));
    let mut function = function(&aws, &systems).await;
    for garbage in [
        &b""[..],
        b"{",
        b"\xff\xfe\x00",
        b"null",
        b"{}",
        br#"{"source":"aws.cloudwatch"}"#,
    ] {
        let error = function.invoke(garbage).await.expect_err("no event");
        assert_eq!(error.error_type, router::INVALID_EVENT, "{error}");
    }
    let truncated = &ALARM[..ALARM.len() / 2];
    assert_eq!(
        function
            .invoke(truncated)
            .await
            .expect_err("truncated")
            .error_type,
        router::INVALID_EVENT
    );
    assert!(aws.calls().is_empty());
}

#[tokio::test]
async fn a_recovery_that_cannot_be_started_is_paged_and_named() {
    for (answer, name) in [
        (
            Answer::json_error(503, "ServiceUnavailable", "try later"),
            Error::UNAVAILABLE,
        ),
        (
            Answer::json_error(400, "AccessDeniedException", "not authorized"),
            Error::REFUSED,
        ),
        (
            Answer::json_error(400, "ThrottlingException", "Rate exceeded"),
            Error::THROTTLED,
        ),
    ] {
        let (aws, systems) = (aws(answer).await, Systems::shop().expect("written"));
        let error = function(&aws, &systems)
            .await
            .invoke(alarm_now())
            .await
            .expect_err("not started");
        assert_eq!(error.error_type, name, "{error}");
        assert!(
            aws.actions().contains(&"Publish".to_owned()),
            "{:?}",
            aws.actions()
        );
    }
}

/// More systems than are looked at at once.
#[tokio::test]
async fn a_look_at_many_systems_is_in_their_order_and_one_that_fails_hides_no_other() {
    let names: Vec<String> = (0..router::AT_ONCE * 3)
        .map(|nth| format!("shop-{nth:03}"))
        .collect();
    let systems = Systems::fleet(&names).expect("written");
    let look = json!({
        "evenkeel": "assess",
        "system": "*",
        "schedule": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/evenkeel-look",
        "time": SystemClock.now().to_string(),
    })
    .to_string();

    let all_well = aws(started()).await;
    let routed = function(&all_well, &systems).await.invoke(look.clone()).await;
    let routed = routed.expect("routed");
    let in_order: Vec<&str> = routed
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["system"].as_str().expect("a system"))
        .collect();
    assert_eq!(in_order, names);

    let is_of = |call: &Call, name: &String| call.body.contains(&format!("system#{name}\""));
    let refused = [names[1].clone(), names[20].clone()];
    let broken = StubAws::start(move |call: &Call| {
        if refused.iter().any(|name| is_of(call, name)) {
            Answer::json_error(400, "AccessDeniedException", "not authorized")
        } else {
            Answer::json(200, &json!({ "Items": [], "Count": 0 }))
        }
    });
    let broken = broken.await.expect("a stub");
    let error = function(&broken, &systems).await.invoke(look).await;
    let error = error.expect_err("two are not known");
    assert_eq!(error.error_type, Error::REFUSED, "{error}");
    assert!(
        error.error_message.starts_with("shop-001: refused: dynamodb:")
            && error.error_message.contains("; shop-020: refused: dynamodb:")
            && error.error_message.matches("; shop-").count() == 1,
        "{error}"
    );
    let calls = broken.calls();
    for name in &names {
        assert!(
            calls.iter().any(|call| is_of(call, name)),
            "{name} is not looked at"
        );
    }
}

#[tokio::test]
async fn what_aws_health_says_of_a_service_that_the_system_needs_is_kept() {
    const ISSUE: &str = include_str!("../../../events/samples/example-health-region-issue.json");
    let (aws, systems) = (aws(started()).await, Systems::shop().expect("written"));
    let issue = ISSUE
        .replace("eu-central-1", "us-east-1")
        .replace("111122223333", "123456789012")
        .replace("EC2", "RDS");
    let routed = function(&aws, &systems)
        .await
        .invoke(issue)
        .await
        .expect("routed");
    assert_eq!(routed[0]["system"], "shop", "{routed}");
    let calls = aws.calls();
    let kept = calls.iter().filter(|call| {
        call.action == "PutItem" && call.body.contains("state#health#arn:aws:health:us-east-1")
    });
    assert_eq!(kept.count(), 1, "{calls:?}");
}

/// Silence is the one wrong answer.
#[tokio::test]
async fn everybody_hears_of_an_alarm_that_belongs_to_nobody() {
    let systems = Systems::fleet(&["books".to_owned(), "shop".to_owned()]).expect("written");
    let aws = aws(started()).await;
    let routed = function(&aws, &systems).await.invoke(alarm_now()).await;
    let routed = routed.expect("routed");
    assert_eq!(routed[0]["system"], Value::Null, "{routed}");
    let told = aws.actions().iter().filter(|action| *action == "Publish").count();
    assert_eq!(
        (told, routed[0]["told"].as_array().map(Vec::len)),
        (2, Some(2)),
        "{routed}"
    );
}

/// Deployments for single instances say nothing of the group, so they are read past; two of the whole group are enough.
#[tokio::test]
async fn deployments_are_read_until_two_of_the_whole_group_are_known() {
    let web = "[web]\ngroup = \"shop-web\"\n\
         target-group = \"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/1111111111111111\"\n\
         instances = 6\nmax-instances = 12\n\n[deployments]\napplication = \"shop\"\ngroup = \"shop-web\"\n\n[[alarms]]";
    for (creator, pages) in [("autoscaling", 2), ("user", 1)] {
        let systems = Systems::shop().expect("written");
        let file = systems.path().join("shop.toml");
        let text = std::fs::read_to_string(&file).expect("readable");
        std::fs::write(&file, text.replace("[[alarms]]", web)).expect("writable");
        let known = SystemClock.now().as_second();
        let answered = move |call: &Call| match call.action.as_str() {
            "ListDeployments" if call.body.contains("\"nextToken\"") => {
                Answer::json(200, &json!({ "deployments": ["d-2", "d-1"] }))
            }
            "ListDeployments" => {
                Answer::json(200, &json!({ "deployments": ["d-4", "d-3"], "nextToken": "2" }))
            }
            "BatchGetDeployments" => {
                let described = ["d-4", "d-3", "d-2", "d-1"]
                    .into_iter()
                    .enumerate()
                    .map(|(index, id)| {
                        let creator = if index < 2 { creator } else { "user" };
                        json!({ "deploymentId": id, "status": "Succeeded", "creator": creator,
                        "createTime": known - 600 * (1 + i64::try_from(index).expect("small")) })
                    });
                let described: Vec<Value> = described
                    .filter(|one| call.body.contains(one["deploymentId"].as_str().expect("an id")))
                    .collect();
                Answer::json(200, &json!({ "deploymentsInfo": described }))
            }
            _ => answer(call, &started()),
        };
        let aws = StubAws::start(answered).await.expect("a stub");
        let routed = function(&aws, &systems).await.invoke(alarm_now()).await;
        routed.expect("routed");
        let lists = aws
            .actions()
            .iter()
            .filter(|action| *action == "ListDeployments")
            .count();
        assert_eq!(lists, pages, "{creator}");
    }
}

/// No system is asked about, nobody is told, and the journal is not touched: the machine does that.
#[tokio::test]
async fn a_self_test_starts_its_own_machine_and_nothing_else() {
    const SELF_TEST: &str = include_str!("../../../events/samples/example-self-test.json");
    let (aws, systems) = (aws(started()).await, Systems::shop().expect("written"));
    let mut function = function(&aws, &systems).await;
    let elsewhere = function.invoke(SELF_TEST).await.expect("routed");
    assert_eq!(
        elsewhere[0]["execution"],
        Value::Null,
        "another Region's: {elsewhere}"
    );
    let here = SELF_TEST.replace("eu-central-1", "us-east-1");
    let routed = function.invoke(here).await.expect("routed");
    assert_eq!(routed[0]["decision"]["why"], "self-test", "{routed}");
    assert_eq!(
        routed[0]["execution"]["name"], "self-test-1772600767000",
        "{routed}"
    );
    assert_eq!(aws.actions(), ["StartExecution"]);
    let start: Value = serde_json::from_str(&aws.calls()[0].body).expect("JSON");
    assert_eq!(
        start["stateMachineArn"],
        "arn:aws:states:us-east-1:123456789012:stateMachine:evenkeel-self-test"
    );
    assert_eq!(
        start["input"],
        r#"{"test":"self-test-1772600767000","at":"2026-03-04T05:06:07Z"}"#
    );
}
