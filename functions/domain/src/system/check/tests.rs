use insta::assert_snapshot;

use super::*;

const GOOD: &str = r#"name = "shop"
account = "111122223333"

[regions]
primary = "eu-central-1"

[database]
kind = "multi-az-instance"
identifier = "shop-db"
write-check = "https://shop.example.com/evenkeel/write-check"

[[alarms]]
name = "writer-unreachable"
means = "database-down"

[[alarms]]
name = "checkout-failing"
means = "user-impact"

[objectives]
rto = "5m"

[policy.fail-over-database]
cooldown = "30m"
confirmed-by = ["checkout-failing"]

[people]
page = "arn:aws:sns:eu-central-1:111122223333:page"
"#;

/// What is said about the good file with one thing changed.
fn said(from: &str, to: &str) -> String {
    said_of(GOOD, from, to)
}

fn said_of(good: &str, from: &str, to: &str) -> String {
    assert!(good.contains(from), "the good file does not hold {from}");
    let text = good.replacen(from, to, 1);
    match read(&text) {
        Ok(_) => "accepted".to_owned(),
        Err(problems) => problems
            .iter()
            .map(|problem| {
                format!(
                    "line {}: {}\n  hint: {}",
                    problem.line(&text),
                    problem.what,
                    problem.hint
                )
            })
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

#[test]
fn a_coherent_file_is_accepted() {
    let system = read(GOOD).expect("coherent");
    assert_eq!(
        system.people.report, system.people.page,
        "the page topic stands in for a missing report topic"
    );
    assert_eq!(
        system.policy.signal_max_age,
        crate::duration::Duration::from_mins(15)
    );
}

#[test]
fn every_refusal_names_line_reason_and_way_out() {
    let cases = [
        ("a typo in a key", "identifier", "identifer"),
        ("a typo in a table", "[objectives]", "[objectivs]"),
        (
            "a value outside the list",
            "\"multi-az-instance\"",
            "\"multi-az\"",
        ),
        ("a missing key", "rto = \"5m\"\n", ""),
        ("a string left open", "\"shop-db\"", "\"shop-db"),
        ("a number for a name", "name = \"shop\"", "name = 7"),
        ("a system name AWS would refuse", "\"shop\"", "\"Shop!\""),
        ("a zone for a Region", "\"eu-central-1\"", "\"eu-central-1a\""),
        ("a URL without TLS", "https://", "http://"),
        ("a duration without unit", "\"5m\"", "\"300\""),
        (
            "a dangling alarm",
            "[\"checkout-failing\"]",
            "[\"checkout-failng\"]",
        ),
        (
            "an alarm that confirms itself",
            "[\"checkout-failing\"]",
            "[\"writer-unreachable\"]",
        ),
        (
            "an alarm declared twice",
            "name = \"checkout-failing\"",
            "name = \"writer-unreachable\"",
        ),
        (
            "nothing that starts it",
            "means = \"database-down\"",
            "means = \"user-impact\"",
        ),
        ("an RTO that AWS cannot keep", "\"5m\"", "\"90s\""),
        ("a cooldown shorter than the RTO", "\"30m\"", "\"1m\""),
        (
            "a default cooldown shorter than the RTO",
            "rto = \"5m\"\n\n[policy.fail-over-database]\ncooldown = \"30m\"",
            "rto = \"40m\"\n\n[policy.fail-over-database]",
        ),
        (
            "a standby that is the primary",
            "primary = \"eu-central-1\"",
            "primary = \"eu-central-1\"\nstandby = \"eu-central-1\"",
        ),
        ("a topic in another Region", "sns:eu-central-1", "sns:us-east-1"),
        (
            "a topic of another account",
            "eu-central-1:111122223333",
            "eu-central-1:999999999999",
        ),
    ];
    let report: String = cases
        .iter()
        .map(|(what, from, to)| format!("# {what}\n{}\n\n", said(from, to)))
        .collect();
    assert!(!report.contains("accepted"), "{report}");
    assert_snapshot!(report);
}

const TWO_REGIONS: &str = r#"name = "shop"
account = "111122223333"

[regions]
primary = "eu-central-1"
standby = "eu-west-1"

[database]
kind = "aurora"
identifier = "shop-db"
write-check = "https://eu-central-1.shop.example.com/evenkeel/write-check"

[region-failover]
replication = { kind = "aurora-global", global-cluster = "shop-global" }
hostname = "shop.example.com"
request = "https://shop.example.com/evenkeel/write-check"
ttl = "30s"
name-servers = ["ns-1.example.net"]
traffic = { kind = "health-check", bucket = "shop-switch", key = "standby-serves" }

[region-failover.primary]
web = { group = "shop-web", target-group = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/shop/1", listener = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shop/1/1", instances = 6, max-instances = 12 }
isolation = { security-groups = ["sg-1"], isolating-security-group = "sg-2" }

[region-failover.standby]
database = "shop-db-eu-west-1"
write-check = "https://eu-west-1.shop.example.com/evenkeel/write-check"
web = { group = "shop-web", target-group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/1", listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/1/1", instances = 6, max-instances = 12 }
isolation = { security-groups = ["sg-3"], isolating-security-group = "sg-4" }
people = { page = "arn:aws:sns:eu-west-1:111122223333:page" }

[[alarms]]
name = "writer-unreachable"
means = "database-down"

[[alarms]]
name = "unreachable"
means = "region-down"
watches = "reachability"
region = "eu-west-1"

[[alarms]]
name = "users-failing"
means = "region-down"
watches = "users"
region = "eu-west-1"

[objectives]
rto = "5m"
rpo = "30s"

[people]
page = "arn:aws:sns:eu-central-1:111122223333:page"
"#;

#[test]
fn a_system_in_two_regions_moves_to_the_one_that_a_recovery_runs_in() {
    let system = read(TWO_REGIONS).expect("coherent");
    let region = |name: &str| name.parse::<Region>().expect("a Region");
    let away = system.moving_to(&region("eu-west-1")).expect("at home there");
    assert_eq!(
        (away.to.database.as_str(), away.is_homeward()),
        ("shop-db-eu-west-1", false)
    );
    let home = system.moving_to(&region("eu-central-1")).expect("at home there");
    assert_eq!(
        (home.to.host(), home.is_homeward()),
        ("eu-central-1.shop.example.com", true)
    );
    system
        .moving_to(&region("us-east-1"))
        .expect_err("not at home there");
    assert_eq!(
        system.people_in(&region("eu-west-1")).report.region(),
        "eu-west-1"
    );
}

#[test]
fn what_contradicts_itself_between_two_regions_is_refused_with_a_way_out() {
    let cases = [
        (
            "a standby without a way there",
            "[region-failover]\n",
            "[region-failovers]\n",
        ),
        ("a way without a standby", "standby = \"eu-west-1\"\n", ""),
        (
            "no such replication",
            "kind = \"aurora\"",
            "kind = \"multi-az-cluster\"",
        ),
        (
            "another name",
            "request = \"https://shop.",
            "request = \"https://shops.",
        ),
        (
            "nobody serves",
            "instances = 6, max-instances = 12 }\nisolation = { security-groups = [\"sg-1\"]",
            "instances = 13, max-instances = 12 }\nisolation = { security-groups = [\"sg-1\"]",
        ),
        (
            "a listener elsewhere",
            "listener = \"arn:aws:elasticloadbalancing:eu-west-1",
            "listener = \"arn:aws:elasticloadbalancing:eu-west-2",
        ),
        ("nobody to ask", "[\"ns-1.example.net\"]", "[]"),
        ("too long a TTL", "ttl = \"30s\"", "ttl = \"1h\""),
        ("too little time", "rto = \"5m\"", "rto = \"70s\""),
        (
            "a topic elsewhere",
            "arn:aws:sns:eu-west-1:111122223333:page",
            "arn:aws:sns:eu-central-1:111122223333:page",
        ),
        (
            "lost with its Region",
            "watches = \"users\"\nregion = \"eu-west-1\"",
            "watches = \"users\"",
        ),
        ("nothing said", "watches = \"users\"\n", ""),
        ("one signal", "watches = \"users\"", "watches = \"reachability\""),
        (
            "half a datastore",
            "ttl = \"30s\"",
            "ttl = \"30s\"\nglobal-datastore = \"shop-cache\"",
        ),
        (
            "too few endpoints",
            "{ kind = \"health-check\", bucket = \"shop-switch\", key = \"standby-serves\" }",
            "{ kind = \"routing-control\", endpoints = [], primary = \"a\", standby = \"b\" }",
        ),
        (
            "another zone",
            "https://eu-west-1.shop.example.com",
            "https://shop-1.eu-west-1.elb.amazonaws.com",
        ),
        (
            "no host name",
            "hostname = \"shop.example.com\"",
            "hostname = \"shop\"",
        ),
    ];
    let report: String = cases
        .iter()
        .map(|(what, from, to)| format!("# {what}\n{}\n\n", said_of(TWO_REGIONS, from, to)))
        .collect();
    assert!(!report.contains("accepted"), "{report}");
    assert_snapshot!(report);
}

#[test]
fn a_write_lease_has_a_table_a_duration_and_a_margin_that_fit() {
    let with = |lease: &str| format!("ttl = \"30s\"\nwrite-lease = {{ {lease} }}");
    let said = |lease: &str| said_of(TWO_REGIONS, "ttl = \"30s\"", &with(lease));
    let good = "table = \"shop-write-lease\", duration = \"20s\", margin = \"5s\"";
    assert_eq!(said(good), "accepted");
    let cases = [
        (
            "an ARN",
            "shop-write-lease",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/shop",
        ),
        ("a name that is too short", "shop-write-lease", "s"),
        ("a short lease", "20s", "999ms"),
        ("a long lease", "20s", "61s"),
        ("no margin", "\"5s\"", "\"0s\""),
        ("a margin that is longer than the lease", "\"5s\"", "\"21s\""),
        ("no duration", "duration = \"20s\", ", ""),
        ("a typo", "margin", "margins"),
        (
            "a lease that runs out after people were asked",
            "duration = \"20s\", margin = \"5s\"",
            "duration = \"60s\", margin = \"51s\"",
        ),
    ];
    let report: String = cases
        .iter()
        .map(|(what, from, to)| format!("# {what}\n{}\n\n", said(&good.replacen(from, to, 1))))
        .collect();
    assert!(!report.contains("accepted"), "{report}");
    assert_snapshot!(report);
}

#[test]
fn the_schema_describes_every_key() {
    assert_snapshot!(serde_json::to_string_pretty(&super::super::file::schema()).expect("a schema is JSON"));
}

#[test]
fn garbage_is_refused_without_a_panic() {
    use proptest::prelude::*;
    proptest!(|(text in ".{0,300}", cut in 0..GOOD.len())| {
        let _ = read(&text);
        let problems = read(&GOOD[..cut]);
        if let Err(problems) = problems {
            for problem in problems {
                prop_assert!(!problem.what.is_empty() && !problem.hint.is_empty());
            }
        }
    });
}
