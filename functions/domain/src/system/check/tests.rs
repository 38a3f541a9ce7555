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
    assert!(GOOD.contains(from), "the good file does not hold {from}");
    let text = GOOD.replacen(from, to, 1);
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
