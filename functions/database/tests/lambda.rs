//! The compiled function, as Lambda starts it and as Step Functions sees it.

use domain::step::Error;
use local_lambda::{Answer, LocalLambda, StubApplication, StubAws, Systems};
use serde_json::{Value, json};

const FUNCTION: &str = env!("CARGO_BIN_EXE_database");
const INCIDENT: &str = "shop-fail-over-database-20261001T071509Z-8899aabbccddeeff";

fn event(ensure: &str, more: Value) -> String {
    let mut event = json!({
        "ensure": ensure,
        "run": {
            "system": "shop",
            "incident": INCIDENT,
            "recovery": "fail-over-database",
            "opened_at": "2026-10-01T07:15:09Z",
            "because": "the alarm shop-db-down is in ALARM",
        },
    });
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    event.to_string()
}

fn assessment() -> Value {
    json!({
        "verdict": "fail-over",
        "writer": { "instance": "shop-db", "zone": "us-east-1a" },
        "target": null,
        "seen": ["the write check failed"],
    })
}

fn instance(status: &str, zone: &str, standby: &str) -> Answer {
    Answer::xml(
        200,
        format!(
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
             <DBInstanceIdentifier>shop-db</DBInstanceIdentifier><DBInstanceStatus>{status}</DBInstanceStatus>\
             <Engine>postgres</Engine><AvailabilityZone>{zone}</AvailabilityZone><MultiAZ>true</MultiAZ>\
             <SecondaryAvailabilityZone>{standby}</SecondaryAvailabilityZone>\
             </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>"
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

fn nobody_stopped_it() -> Answer {
    Answer::json(200, &json!({}))
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
async fn a_failover_is_asked_for_once_and_then_awaited_in_one_process_which_ends_cleanly() {
    let rebooting = "<RebootDBInstanceResponse><RebootDBInstanceResult/></RebootDBInstanceResponse>";
    let aws = StubAws::start_script([
        instance("available", "us-east-1a", "us-east-1b"),
        lock(INCIDENT),
        nobody_stopped_it(),
        Answer::xml(200, rebooting),
        instance("rebooting", "us-east-1a", "us-east-1b"),
        instance("rebooting", "us-east-1a", "us-east-1b"),
        instance("available", "us-east-1b", "us-east-1a"),
    ])
    .await
    .expect("a stub");
    let systems = Systems::shop().expect("written");
    let mut function = function(&aws, &systems, &[]).await;

    let start = event(
        "failover-started",
        json!({ "epoch": 4, "assessment": assessment() }),
    );
    let asked = function.invoke(start.clone()).await.expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let started = function.invoke(start).await.expect("under way");
    assert!(
        started["seen"].as_str().expect("words").contains("failing over"),
        "{started}"
    );

    let moved = event("writer-moved", json!({ "assessment": assessment() }));
    assert_eq!(
        function
            .invoke(moved.clone())
            .await
            .expect_err("not yet")
            .error_type,
        Error::NOT_YET
    );
    let moved = function.invoke(moved).await.expect("moved");
    assert_eq!(moved["writer"]["zone"], "us-east-1b");

    assert_eq!(
        aws.actions(),
        [
            "DescribeDBInstances",
            "GetItem",
            "GetItem",
            "RebootDBInstance",
            "DescribeDBInstances",
            "DescribeDBInstances",
            "DescribeDBInstances"
        ]
    );
    assert!(aws.calls()[3].body.contains("ForceFailover=true"));
    let ended = function.shut_down().await.expect("ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[tokio::test]
async fn a_run_that_lost_its_lock_touches_nothing() {
    let aws = StubAws::start_script([instance("available", "us-east-1a", "us-east-1b"), lock("another")])
        .await
        .expect("a stub");
    let systems = Systems::shop().expect("written");
    let start = event(
        "failover-started",
        json!({ "epoch": 4, "assessment": assessment() }),
    );
    let error = function(&aws, &systems, &[])
        .await
        .invoke(start)
        .await
        .expect_err("lost");
    assert_eq!(error.error_type, Error::LOCK_LOST);
    assert_eq!(aws.actions(), ["DescribeDBInstances", "GetItem"]);
}

#[tokio::test]
async fn a_write_is_stored_and_read_back_over_tls() {
    let application = StubApplication::start().await.expect("an application");
    let aws = StubAws::start_script([]).await.expect("a stub");
    let systems = Systems::shop_at(&application.url()).expect("written");
    let certificate = application.certificate().to_str().expect("UTF-8");
    let mut function = function(&aws, &systems, &[("AWS_CA_BUNDLE", certificate)]).await;
    let writable = event("writable", json!({}));

    application.take_writes(false);
    let error = function.invoke(writable.clone()).await.expect_err("read-only");
    assert_eq!(error.error_type, Error::NOT_YET, "{error}");
    application.take_writes(true);
    // The step allows one second, which a busy machine can need for itself. It is asked again, as a machine would.
    let mut written = function.invoke(writable.clone()).await;
    for _ in 0..10 {
        if written.is_err() {
            written = function.invoke(writable.clone()).await;
        }
    }
    let written = written.expect("writable");
    assert!(
        written["token"].as_str().expect("a token").starts_with(INCIDENT),
        "{written}"
    );
}

#[tokio::test]
async fn an_application_whose_certificate_is_not_trusted_proves_nothing() {
    let application = StubApplication::start().await.expect("an application");
    let aws = StubAws::start_script([]).await.expect("a stub");
    let systems = Systems::shop_at(&application.url()).expect("written");
    let mut function = function(&aws, &systems, &[]).await;
    let error = function
        .invoke(event("writable", json!({})))
        .await
        .expect_err("not trusted");
    assert_eq!(error.error_type, Error::NOT_YET, "{error}");
}

#[tokio::test]
async fn every_failure_of_rds_has_its_name() {
    let failures = [
        (
            Answer::xml_error(503, "ServiceUnavailable", "try later"),
            Error::UNAVAILABLE,
        ),
        (
            Answer::xml_error(403, "AccessDenied", "not authorized"),
            Error::REFUSED,
        ),
        (
            Answer::xml_error(404, "DBInstanceNotFound", "no such instance"),
            Error::REFUSED,
        ),
        (
            Answer::xml_error(400, "Throttling", "Rate exceeded"),
            Error::THROTTLED,
        ),
    ];
    let aws = StubAws::start_script(failures.iter().map(|(answer, _)| answer.clone()))
        .await
        .expect("a stub");
    let systems = Systems::shop().expect("written");
    let mut function = function(&aws, &systems, &[]).await;
    for (answer, name) in &failures {
        let moved = event("writer-moved", json!({ "assessment": assessment() }));
        let error = function.invoke(moved).await.expect_err("fails");
        assert_eq!(error.error_type, *name, "{answer:?}: {error}");
        assert!(error.error_message.contains("rds:DescribeDBInstances"), "{error}");
    }
    assert_eq!(
        function.invoke("{").await.expect_err("garbage").error_type,
        Error::INVALID_INPUT
    );
}

#[tokio::test]
async fn aws_is_spoken_to_over_tls_only_if_it_is_trusted() {
    let answer = |_: &local_lambda::Call| instance("available", "us-east-1b", "us-east-1a");
    let aws = StubAws::start_tls(answer).await.expect("a stub");
    let systems = Systems::shop().expect("written");
    let moved = event("writer-moved", json!({ "assessment": assessment() }));

    let mut wary = function(&aws, &systems, &[]).await;
    let error = wary.invoke(moved.clone()).await.expect_err("not trusted");
    assert_eq!(error.error_type, Error::UNAVAILABLE);
    assert!(error.error_message.contains("certificate"), "{error}");
    assert!(aws.calls().is_empty());

    let certificate = aws.certificate().and_then(|file| file.to_str()).expect("UTF-8");
    let mut told = function(&aws, &systems, &[("AWS_CA_BUNDLE", certificate)]).await;
    told.invoke(moved).await.expect("trusted");
}

/// The directory of a system in two Regions, with a global cluster.
fn two_regions() -> String {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("database-two-regions");
    std::fs::create_dir_all(&directory).expect("made");
    let file = include_str!("region/shop.toml")
        .replace("KIND", "aurora")
        .replace(
            "REPLICATION",
            r#"{ kind = "aurora-global", global-cluster = "shop-global" }"#,
        );
    std::fs::write(directory.join("shop.toml"), file).expect("written");
    directory.to_str().expect("UTF-8").to_owned()
}

fn global_cluster(moving: &str) -> Answer {
    let member = |region: &str, id: &str, writes: bool| {
        format!(
            "<GlobalClusterMember><DBClusterArn>arn:aws:rds:{region}:111122223333:cluster:{id}</DBClusterArn>\
             <IsWriter>{writes}</IsWriter></GlobalClusterMember>"
        )
    };
    let members = member("eu-central-1", "shop-db", true) + &member("eu-west-1", "shop-db-eu-west-1", false);
    Answer::xml(
        200,
        format!(
            "<DescribeGlobalClustersResponse><DescribeGlobalClustersResult><GlobalClusters>\
             <GlobalClusterMember><GlobalClusterIdentifier>shop-global</GlobalClusterIdentifier>\
             <Status>available</Status><GlobalClusterMembers>{members}</GlobalClusterMembers>{moving}\
             </GlobalClusterMember></GlobalClusters></DescribeGlobalClustersResult></DescribeGlobalClustersResponse>"
        ),
    )
}

#[tokio::test]
async fn where_a_global_cluster_is_written_to_is_known_in_the_standby_region() {
    let moving = "<FailoverState><Status>switching-over</Status>\
         <ToDbClusterArn>arn:aws:rds:eu-west-1:111122223333:cluster:shop-db-eu-west-1</ToDbClusterArn>\
         </FailoverState>";
    let aws = StubAws::start_script([global_cluster(""), global_cluster(moving)])
        .await
        .expect("a stub");
    let (url, systems) = (aws.url(), two_regions());
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("EVENKEEL_SYSTEMS", systems.as_str()),
        ("AWS_REGION", "eu-west-1"),
    ];
    let mut function = LocalLambda::start(FUNCTION, &variables).await.expect("starts");
    for (in_place, words) in [(true, "nothing was promoted"), (false, "switching-over to")] {
        let known = function
            .invoke(event("place-known", json!({})))
            .await
            .expect("known");
        assert_eq!(known["in_place"], in_place, "{known}");
        assert!(known["seen"].to_string().contains(words), "{known}");
    }
    assert_eq!(
        aws.actions(),
        ["DescribeGlobalClusters", "DescribeGlobalClusters"]
    );
}

#[tokio::test]
async fn a_writer_is_moved_out_of_a_zone() {
    let rebooting = "<RebootDBInstanceResponse><RebootDBInstanceResult/></RebootDBInstanceResponse>";
    let aws = StubAws::start_script([
        instance("available", "us-east-1a", "us-east-1b"),
        lock(INCIDENT),
        nobody_stopped_it(),
        Answer::xml(200, rebooting),
        instance("available", "us-east-1b", "us-east-1a"),
    ])
    .await
    .expect("a stub");
    let systems = Systems::shop().expect("written");
    let mut function = function(&aws, &systems, &[]).await;
    let leave = event("writer-out-of-zone", json!({ "epoch": 4, "zone": "us-east-1a" }));
    let asked = function.invoke(leave.clone()).await.expect_err("asked for");
    assert_eq!(asked.error_type, Error::NOT_YET, "{asked}");
    let moved = function.invoke(leave).await.expect("moved");
    assert!(moved["at"].is_string(), "{moved}");
    assert!(
        moved["seen"][0]
            .as_str()
            .expect("words")
            .contains("in us-east-1b"),
        "{moved}"
    );
    assert!(aws.calls()[3].body.contains("ForceFailover=true"));
    let error = function
        .invoke(event("writer-out-of-zone", json!({ "epoch": 4 })))
        .await
        .expect_err("out of which?");
    assert_eq!(error.error_type, Error::INVALID_INPUT, "{error}");
}
