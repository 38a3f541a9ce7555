//! The compiled function, as Lambda starts it and as Step Functions sees it.

use domain::step::Error;
use local_lambda::{Answer, LocalLambda, StubApplication, StubAws, Systems};
use serde_json::json;

const FUNCTION: &str = env!("CARGO_BIN_EXE_assess");

fn event() -> String {
    json!({
        "ensure": "database-assessed",
        "run": {
            "system": "shop",
            "incident": "shop-fail-over-database-20261001T071509Z-8899aabbccddeeff",
            "recovery": "fail-over-database",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "the alarm shop-db-down is in ALARM",
        },
    })
    .to_string()
}

fn instance(status: &str) -> Answer {
    Answer::xml(
        200,
        format!(
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
             <DBInstanceIdentifier>shop-db</DBInstanceIdentifier><DBInstanceStatus>{status}</DBInstanceStatus>\
             <Engine>postgres</Engine><AvailabilityZone>us-east-1a</AvailabilityZone><MultiAZ>true</MultiAZ>\
             <SecondaryAvailabilityZone>us-east-1b</SecondaryAvailabilityZone>\
             </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>"
        ),
    )
}

async fn function(aws: &StubAws, systems: &Systems, more: &[(&str, &str)]) -> LocalLambda {
    let (url, systems) = (aws.url(), systems.path().to_str().expect("UTF-8"));
    let variables = [
        &[("AWS_ENDPOINT_URL", url.as_str()), ("EVENKEEL_SYSTEMS", systems)],
        more,
    ]
    .concat();
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
}

#[tokio::test]
async fn down_is_told_from_healthy_and_the_process_ends_cleanly() {
    let application = StubApplication::start().await.expect("an application");
    let aws = StubAws::start(|_| instance("available")).await.expect("a stub");
    let systems = Systems::shop_at(&application.url()).expect("written");
    let certificate = application.certificate().to_str().expect("UTF-8");
    let mut function = function(&aws, &systems, &[("AWS_CA_BUNDLE", certificate)]).await;

    application.take_writes(false);
    let down = function.invoke(event()).await.expect("assessed");
    assert_eq!(down["verdict"], "fail-over", "{down}");
    assert_eq!(
        down["writer"],
        json!({ "instance": "shop-db", "zone": "us-east-1a" })
    );
    application.take_writes(true);
    // The write check has one second, which a busy machine can need for itself.
    let mut healthy = function.invoke(event()).await.expect("assessed");
    for _ in 0..10 {
        if healthy["verdict"] != "healthy" {
            healthy = function.invoke(event()).await.expect("assessed");
        }
    }
    assert_eq!(healthy["verdict"], "healthy", "{healthy}");

    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn every_way_not_to_know_has_its_name() {
    let answers = [
        (instance("rebooting"), Error::NOT_YET),
        (
            Answer::xml_error(503, "ServiceUnavailable", "try later"),
            Error::UNAVAILABLE,
        ),
        (
            Answer::xml_error(403, "AccessDenied", "not authorized"),
            Error::REFUSED,
        ),
        (
            Answer::xml_error(400, "Throttling", "Rate exceeded"),
            Error::THROTTLED,
        ),
    ];
    let aws = StubAws::start_script(answers.iter().map(|(answer, _)| answer.clone()))
        .await
        .expect("a stub");
    let systems = Systems::shop().expect("written");
    let mut function = function(&aws, &systems, &[]).await;
    for (answer, name) in &answers {
        let error = function.invoke(event()).await.expect_err("not assessed");
        assert_eq!(error.error_type, *name, "{answer:?}: {error}");
    }
    assert_eq!(
        function.invoke("[]").await.expect_err("garbage").error_type,
        Error::INVALID_INPUT
    );
}

/// The directory of a system in two Regions, with a replica.
fn two_regions() -> String {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("assess-two-regions");
    std::fs::create_dir_all(&directory).expect("made");
    let file = include_str!("../../database/tests/region/shop.toml")
        .replace("KIND", "multi-az-instance")
        .replace("REPLICATION", r#"{ kind = "read-replica" }"#);
    std::fs::write(directory.join("shop.toml"), file).expect("written");
    directory.to_str().expect("UTF-8").to_owned()
}

fn of_two_regions(call: &local_lambda::Call) -> Answer {
    match call.action.as_str() {
        "DescribeDBInstances" if call.body.contains("shop-db-eu-west-1") => Answer::xml(
            200,
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
             <DBInstanceIdentifier>shop-db-eu-west-1</DBInstanceIdentifier>\
             <DBInstanceStatus>available</DBInstanceStatus>\
             <ReadReplicaSourceDBInstanceIdentifier>arn:aws:rds:eu-central-1:111122223333:db:shop-db\
             </ReadReplicaSourceDBInstanceIdentifier>\
             </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>",
        ),
        "DescribeAutoScalingGroups" => Answer::xml(
            200,
            "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>\
             <AutoScalingGroupName>shop-web</AutoScalingGroupName><MinSize>2</MinSize><MaxSize>4</MaxSize>\
             <DesiredCapacity>2</DesiredCapacity></member></AutoScalingGroups></DescribeAutoScalingGroupsResult>\
             </DescribeAutoScalingGroupsResponse>",
        ),
        "GetServiceQuota" => Answer::json(200, &json!({ "Quota": { "Value": 64.0 } })),
        // The journal here: nothing is noted. The one there, of which only the lock is read, does not answer.
        "Query" => Answer::json(200, &json!({ "Items": [], "Count": 0 })),
        _ => Answer::xml_error(503, "ServiceUnavailable", "try later"),
    }
}

#[tokio::test]
async fn a_lost_region_is_assessed_from_the_standby_region() {
    let aws = StubAws::start(of_two_regions).await.expect("a stub");
    let (url, systems) = (aws.url(), two_regions());
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("EVENKEEL_SYSTEMS", systems.as_str()),
        ("AWS_REGION", "eu-west-1"),
    ];
    let mut function = LocalLambda::start(FUNCTION, &variables).await.expect("starts");
    let event = event()
        .replace("database-assessed", "region-assessed")
        .replace("fail-over-database", "fail-over-region");
    let assessed = function.invoke(event).await.expect("assessed");
    assert_eq!(assessed["verdict"], "fail-over", "{assessed}");
    assert_eq!(assessed["writer_in"], "eu-central-1", "{assessed}");
    assert_eq!(assessed["lag"], json!(null), "{assessed}");
    assert_eq!(assessed["capacity"]["needed"], 6, "{assessed}");
    let unknown = "whether eu-central-1 is healing itself is not known: unavailable: dynamodb:GetItem";
    assert!(assessed["seen"].to_string().contains(unknown), "{assessed}");
}

/// The directory of a system of one Region, with these alarms that mean that users fail.
fn with_alarms(folder: &str, alarms: &[&str]) -> String {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&directory).expect("made");
    let alarms: String = alarms
        .iter()
        .map(|name| format!("[[alarms]]\nname = \"{name}\"\nmeans = \"user-impact\"\n"))
        .collect();
    let file = format!(
        "name = \"shop\"\naccount = \"111122223333\"\n[regions]\nprimary = \"eu-west-1\"\n\
         [database]\nkind = \"aurora\"\nidentifier = \"shop-db\"\n\
         write-check = \"https://shop.example.com/write-check\"\n\
         {alarms}[[alarms]]\nname = \"shop-db-down\"\nmeans = \"database-down\"\n\
         [objectives]\nrto = \"5m\"\n[people]\npage = \"arn:aws:sns:eu-west-1:111122223333:page\"\n"
    );
    std::fs::write(directory.join("shop.toml"), file).expect("written");
    directory.to_str().expect("UTF-8").to_owned()
}

async fn in_region(aws: &StubAws, systems: &str, region: &str) -> LocalLambda {
    let url = aws.url();
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("EVENKEEL_SYSTEMS", systems),
        ("AWS_REGION", region),
    ];
    LocalLambda::start(FUNCTION, &variables).await.expect("starts")
}

fn users_served() -> String {
    event()
        .replace("database-assessed", "users-served")
        .replace("fail-over-database", "replace-instances")
}

fn alarms(states: &[(&str, &str)]) -> Answer {
    let alarm = |(name, state): &(&str, &str)| json!({ "AlarmName": name, "StateValue": state, "StateUpdatedTimestamp": 1_790_838_900 });
    // One of them is a composite alarm: both kinds are asked for.
    let (metric, composite) = states.split_at(states.len().min(1));
    Answer::cbor(&json!({
        "MetricAlarms": metric.iter().map(alarm).collect::<Vec<_>>(),
        "CompositeAlarms": composite.iter().map(alarm).collect::<Vec<_>>(),
    }))
}

#[tokio::test]
async fn users_are_served_when_every_alarm_about_them_is_ok() {
    let systems = with_alarms("assess-users", &["shop-checkout-failing", "shop-canary"]);
    let both = |checkout, canary| alarms(&[("shop-checkout-failing", checkout), ("shop-canary", canary)]);
    let fails = [
        (
            both("ALARM", "OK"),
            Error::NOT_YET,
            "shop-checkout-failing ALARM since 2026-10-01T07:15:00Z",
        ),
        (both("OK", "ALARM"), Error::NOT_YET, "shop-canary ALARM"),
        // What reports to it may be what failed.
        (
            both("OK", "INSUFFICIENT_DATA"),
            Error::NOT_YET,
            "shop-canary INSUFFICIENT_DATA",
        ),
        (
            alarms(&[("shop-checkout-failing", "OK")]),
            Error::REFUSED,
            "there is no alarm `shop-canary` in eu-west-1",
        ),
        (
            Answer::xml_error(503, "ServiceUnavailable", "try later"),
            Error::UNAVAILABLE,
            "DescribeAlarms",
        ),
        (
            Answer::xml_error(429, "Throttling", "Rate exceeded"),
            Error::THROTTLED,
            "DescribeAlarms",
        ),
        (
            Answer::xml_error(403, "AccessDenied", "not authorized"),
            Error::REFUSED,
            "DescribeAlarms",
        ),
    ];
    let answers = fails.iter().map(|(answer, _, _)| answer.clone());
    let aws = StubAws::start_script(answers.chain([both("OK", "OK")]))
        .await
        .expect("a stub");
    let mut function = in_region(&aws, &systems, "eu-west-1").await;
    for (answer, name, words) in &fails {
        let error = function.invoke(users_served()).await.expect_err("not served");
        assert_eq!(error.error_type, *name, "{answer:?}: {error}");
        assert!(error.error_message.contains(words), "{error}");
    }
    let seen = function.invoke(users_served()).await.expect("served");
    assert!(seen["at"].is_string(), "{seen}");
    assert_eq!(
        seen["seen"],
        json!([
            "shop-canary OK since 2026-10-01T07:15:00Z, shop-checkout-failing OK since 2026-10-01T07:15:00Z"
        ])
    );
}

#[tokio::test]
async fn without_an_alarm_about_users_nobody_is_asked_and_it_says_so() {
    let aws = StubAws::start_script([]).await.expect("a stub");
    let systems = with_alarms("assess-no-users", &[]);
    let mut function = in_region(&aws, &systems, "eu-west-1").await;
    let seen = function.invoke(users_served()).await.expect("true at once");
    assert_eq!(
        seen["seen"],
        json!(["no alarm of eu-west-1 means `user-impact`, so nobody outside was asked"])
    );
    assert!(aws.calls().is_empty(), "{:?}", aws.actions());
}

#[tokio::test]
async fn users_are_asked_about_where_they_are_served() {
    let aws = StubAws::start_script([]).await.expect("a stub");
    let systems = with_alarms("assess-elsewhere", &["shop-canary"]);
    let mut function = in_region(&aws, &systems, "eu-central-1").await;
    let error = function.invoke(users_served()).await.expect_err("elsewhere");
    assert_eq!(error.error_type, Error::INVALID_INPUT, "{error}");
    assert!(error.error_message.contains("runs in eu-central-1"), "{error}");
}
