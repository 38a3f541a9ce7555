//! What the page does not say for brevity: where a limit lies to the second, and which of two things is meant.

use domain::decision::{Decision, Evidence, Verdict, Why, health};
use domain::names::{IncidentId, Zone};
use domain::system::System;

use super::language::{Row, rows, shop, words};

/// In the language of docs/reference/decisions.md.
const EDGES: &str = "
| Users began to fail a minute before the deployment began | users 5m | - | a 2/0, b 2/0, c 2/0 | d-2 4m running | - | recover roll-back-deployment |
| Users began to fail more than a minute before it | users 5m | - | a 2/0, b 2/0, c 2/0 | d-2 239s running | - | watch grey-failure |
| Users began to fail with it | users 4m | - | a 2/0, b 2/0, c 2/0 | d-2 4m running | - | recover roll-back-deployment |
| Users began to fail half an hour after it | users | - | a 2/0, b 2/0, c 2/0 | d-2 31m succeeded | - | recover roll-back-deployment |
| A deployment failed days ago | look | - | a 2/0, b 2/0, c 2/0 | d-2 3d failed | - | note all-is-well |
| A zone has failed alone for 74 seconds | zone-a 74s | - | - | - | - | watch alone-so-far |
| A zone has failed alone for 75 seconds | zone-a 75s | - | - | - | - | recover evacuate-zone |
| A zone failed alone since the other ended 89 seconds ago | look | zone-a 4m, zone-b ok 89s | a 2/0, b 2/0, c 2/0 | - | - | watch alone-so-far |
| A zone failed alone since the other ended 90 seconds ago | look | zone-a 4m, zone-b ok 90s | a 2/0, b 2/0, c 2/0 | - | - | recover evacuate-zone |
| Another zone's alarm ended when this one's rose | look | zone-a 80s, zone-b ok 80s | a 2/0, b 2/0, c 2/0 | - | - | watch alone-so-far |
| Another zone's alarm ended before this one's rose | look | zone-a 80s, zone-b ok 81s | a 2/0, b 2/0, c 2/0 | - | - | recover evacuate-zone |
| A zone fails again in its cooldown | zone-a 2m | - | - | - | evacuate-zone 10m recovered | ignore cooldown |
| A zone's alarm, and another zone has one unhealthy target | zone-a 2m | - | a 1/1, b 1/1, c 2/0 | - | - | recover evacuate-zone |
| AWS moves traffic away from a zone that has just begun to fail | autoshift a | zone-a 1m | a 1/1, b 2/0, c 2/0 | - | - | recover evacuate-zone |
| Users have failed for exactly as long as they may | look | users 5m | a 2/0, b 2/0, c 2/0 | - | - | watch grey-failure |
| Users have failed for a second longer | look | users 301s | a 2/0, b 2/0, c 2/0 | - | - | page unexplained |
| Users fail since five minutes after a page | look | users 30m | a 2/0, b 2/0, c 2/0 | - | roll-back-deployment 35m paged | watch grey-failure |
| Users fail since six minutes after a page | look | users 29m | a 2/0, b 2/0, c 2/0 | - | roll-back-deployment 35m paged | page unexplained |
| Users have failed for half an hour beside a run | look | users 40m | - | - | lock 30m | ignore recovery-running |
| A load that was there when a recovery ended three minutes ago | look | load 4m | a 2/0, b 2/0, c 2/0 | - | fail-over-cache 3m recovered | recover scale-out |
| A load that rose when a recovery ended | look | load 1m | a 2/0, b 2/0, c 2/0 | - | fail-over-cache 1m recovered | recover scale-out |
| Instances that were unhealthy when a recovery ended two minutes ago | look | unhealthy 4m | a 2/0, b 1/1, c 2/0 | - | fail-over-cache 2m recovered | note all-is-well |
| The load is high three minutes after a deployment | load | - | a 2/0, b 2/0, c 2/0 | d-2 8m succeeded | - | recover scale-out |
| The load is high, and a deployment runs since an hour | load | - | a 2/0, b 2/0, c 2/0 | d-2 60m running | - | watch load-of-too-few |
| Instances were replaced in vain a day ago, but for a minute | unhealthy | - | a 2/0, b 1/1, c 2/0 | - | replace-instances 1439m paged vain 2 | ignore repeated |
| Instances were replaced in vain a day ago | unhealthy | - | a 2/0, b 1/1, c 2/0 | - | replace-instances 1440m paged vain 2 | recover replace-instances |
| Instances are unhealthy since the moment in which a person was paged | look | unhealthy 10m | a 2/0, b 1/1, c 2/0 | - | replace-instances 10m paged | recover replace-instances |
| Users fail, and every target is just starting | users | - | a 0/0, b 0/0 | - | - | watch symptom-alone |
| Instances are unhealthy, and every target is just starting | unhealthy | - | a 0/0, b 0/0 | - | - | recover replace-instances |
| A zone was left half an hour ago | look | - | b 3/0, c 3/0 | - | left a 30m | note zone-looks-well |
| A zone was left 29 minutes ago | look | - | b 3/0, c 3/0 | - | left a 29m | note all-is-well |
| A zone was left, and has one target that is unhealthy | look | - | a 0/1, b 3/0, c 3/0 | - | left a 40m | note all-is-well |
| A zone was left, and only starting targets are in it | look | - | a 0/0, b 3/0, c 3/0 | - | left a 40m | note zone-looks-well |
| A zone was left that no alarm is about | look | - | a 3/0, b 3/0 | - | left c 40m | note all-is-well |
";

#[test]
fn a_limit_lies_where_it_is_said_to() {
    let wrong: Vec<String> = rows(EDGES)
        .iter()
        .map(|row| (row, row.decided()))
        .filter(|(row, decision)| words(decision) != row.then)
        .map(|(row, decision)| format!("{}: {decision:?}", row.situation))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The signal, with these alarms up.
fn decided(comes: &str, also_up: &str) -> Decision {
    Row::of(comes, also_up).decided()
}

fn incident(decision: &Decision) -> Option<&IncidentId> {
    match &decision.verdict {
        Verdict::Recover(run) => Some(&run.incident),
        Verdict::Watch | Verdict::Note | Verdict::Ignore | Verdict::Page => None,
    }
}

#[test]
fn a_look_finds_the_incident_that_the_alarm_reports() {
    for alarm in ["unhealthy", "load", "database", "cache", "zone-a"] {
        let (reported, found) = (
            decided(&format!("{alarm} 2m"), "-"),
            decided("look", &format!("{alarm} 2m")),
        );
        assert!(incident(&reported).is_some(), "{alarm}: {reported:?}");
        assert_eq!(incident(&reported), incident(&found), "{alarm}");
    }
}

/// What came while another run held the lock was given up under its own name, which is used up: a look starts it anew.
#[test]
fn what_waited_for_another_run_begins_under_a_name_of_its_own() {
    let begun = |comes: &str, also_up: &str, past: &str| {
        let text = format!("| it | {comes} | {also_up} | - | - | {past} | recover evacuate-zone |");
        let row = rows(&text).remove(0);
        let decision = row.decided();
        assert_eq!(words(&decision), row.then, "{decision:?}");
        incident(&decision).cloned()
    };
    let its_own = begun("zone-a 10m", "-", "-");
    let past = |minutes: u32| format!("fail-over-database {minutes}m recovered");
    assert_eq!(
        begun("zone-a 10m", "-", &past(2)),
        its_own,
        "its alarm says which it is"
    );
    assert_ne!(
        begun("look", "zone-a 10m", &past(2)),
        its_own,
        "the other was over later"
    );
    assert_eq!(
        begun("look", "zone-a 10m", &past(10)),
        its_own,
        "when it was over, this began"
    );
    assert_eq!(
        begun("look", "zone-a 10m", &past(20)),
        its_own,
        "the other was over before"
    );
    assert_eq!(begun("look", "zone-a 10m", "-"), its_own, "there was no other");
}

/// People hear of a matter once: what makes two of the same kind two matters is when the alarm rose.
#[test]
fn a_page_is_about_one_rise_of_an_alarm_whoever_reports_it() {
    for (alarm, targets, past, page) in [
        ("unhealthy", "a 0/2, b 0/2, c 0/2", "-", "every-target-unhealthy"),
        ("unhealthy", "a 2/0, b 1/1, c 1/1", "vain 3", "boot-loop"),
        ("users", "a 2/0, b 2/0, c 2/0", "-", "unexplained"),
    ] {
        let about = |comes: &str, also_up: &str| {
            let text = format!("| {page} | {comes} | {also_up} | {targets} | - | {past} | page {page} |");
            let row = rows(&text).remove(0);
            let decision = row.decided();
            assert_eq!(words(&decision), row.then, "{decision:?}");
            decision.about.expect("it is about something")
        };
        let earlier = about("look", &format!("{alarm} 9m"));
        assert_ne!(earlier, about("look", &format!("{alarm} 8m")), "{page}");
        if alarm == "unhealthy" {
            assert_eq!(earlier, about(&format!("{alarm} 9m"), "-"), "{page}");
        }
    }
}

#[test]
fn the_zone_that_aws_leaves_is_the_zone_that_is_left() {
    for (letter, zone) in [
        ("a", "eu-central-1a"),
        ("b", "eu-central-1b"),
        ("c", "eu-central-1c"),
    ] {
        let decision = decided(&format!("autoshift {letter}"), "-");
        assert_eq!(
            decision.why,
            Why::ZoneSick {
                zone: Zone(zone.to_owned())
            }
        );
    }
}

fn said(decision: &Decision) -> Vec<String> {
    decision.evidence.iter().map(Evidence::to_string).collect()
}

fn says(decision: &Decision, what: &str) -> bool {
    said(decision).iter().any(|line| line.contains(what))
}

#[test]
fn an_issue_of_aws_health_is_evidence_for_what_it_can_be_behind_of_and_no_other() {
    for (alarm, service) in [
        ("database", "RDS"),
        ("cache", "ELASTICACHE"),
        ("unhealthy", "EC2"),
    ] {
        for told in ["RDS", "ELASTICACHE", "EC2"] {
            let decision = decided(alarm, &format!("health/{told} 20m"));
            let heard = says(
                &decision,
                &format!("for: AWS Health has an open issue of {told} in eu-central-1"),
            );
            assert_eq!(heard, told == service, "{alarm}: {:?}", said(&decision));
        }
    }
    let unexplained = decided("users", "health/RDS 20m");
    assert!(
        says(&unexplained, "AWS Health has an open issue of RDS"),
        "{unexplained:?}"
    );
    let load = decided("load", "health/EC2 20m");
    assert!(!says(&load, "AWS Health"), "{load:?}");
}

#[test]
fn an_issue_that_is_told_again_is_one_piece_of_evidence() {
    let decision = decided("health open", "unreachable 2m, health 20m, health/RDS 20m");
    assert_eq!(words(&decision), "recover fail-over-region");
    let of = |service: &str| {
        let line = format!("AWS Health has an open issue of {service} in");
        said(&decision).iter().filter(|said| said.contains(&line)).count()
    };
    assert_eq!((of("EC2"), of("RDS")), (1, 1), "{:?}", said(&decision));
    assert!(
        says(&decision, "EC2 in eu-central-1 since 2026-10-01T11:59:00Z"),
        "as it was told last: {:?}",
        said(&decision)
    );
}

#[test]
fn aws_health_alone_says_which_alarm_would_settle_it() {
    let settles = "would settle it: one of also-unreachable, unreachable, users-elsewhere in ALARM";
    let decision = decided("health open", "-");
    assert!(says(&decision, settles), "{decision:?}");
    assert!(
        says(&decision, "for: AWS Health has an open issue of EC2"),
        "{decision:?}"
    );
    let needs = decided("unreachable", "-");
    let settles = "would settle it: an open issue of AWS Health in eu-central-1, of one of EC2, ELASTICACHE, ELASTICLOADBALANCING, RDS";
    assert!(said(&needs).contains(&settles.to_owned()), "{needs:?}");
}

#[test]
fn the_reason_for_a_move_names_every_signal() {
    let one = decided("health open", "unreachable 2m").why.to_string();
    let expected =
        "unreachable is in ALARM and means region-down, and AWS Health has an open issue of EC2 there";
    assert_eq!(one, expected);
    let two = decided("users-elsewhere", "unreachable 2m").why.to_string();
    assert_eq!(
        two,
        "unreachable and users-elsewhere are in ALARM and mean region-down"
    );
}

#[test]
fn what_a_system_depends_on_is_what_it_declares() {
    let all = |system: &System| health::depended_on(system).into_iter().collect::<Vec<_>>();
    let whole = shop();
    let (cache, web) = (whole.cache.clone(), whole.web.clone());
    let bare = System {
        cache: None,
        web: None,
        region_failover: None,
        ..shop()
    };
    assert_eq!(all(&bare), ["RDS"]);
    let of_one_region = System { web, ..bare.clone() };
    assert_eq!(all(&of_one_region), ["EC2", "ELASTICLOADBALANCING", "RDS"]);
    assert_eq!(
        all(&System {
            cache,
            ..bare.clone()
        }),
        ["ELASTICACHE", "RDS"]
    );
    let halves_only = System {
        region_failover: whole.region_failover,
        ..bare
    };
    assert_eq!(all(&halves_only), ["EC2", "ELASTICLOADBALANCING", "RDS"]);
}

#[test]
fn what_counts_for_and_what_against_is_said() {
    let words = [
        (Evidence::For("it rains".to_owned()), "for: it rains"),
        (
            Evidence::Against("it does not".to_owned()),
            "against: it does not",
        ),
        (
            Evidence::WouldSettle("a look".to_owned()),
            "would settle it: a look",
        ),
    ];
    for (evidence, said) in words {
        assert_eq!(evidence.to_string(), said);
    }
}
