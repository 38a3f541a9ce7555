//! A lost Region, end to end: every scenario comes to what it expects, and the journal shows that the rules were kept.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

mod disarmed;

use domain::journal::Question;
use domain::steps::region::Risk;
use domain::system::System;
use rehearsal::command::{Command, Done, Order};
use rehearsal::kept::{Kept, Pause};
use rehearsal::many::rehearse_many;
use rehearsal::report::{Report, rehearse};
use rehearsal::scenario::{self, Outcome, Scenario};

/// So many seeds of each scenario; `.ci/run` plays two hundred.
const SEEDS: u32 = 20;

fn scenario(name: &str) -> (Scenario, System) {
    let scenario = scenario::named(name).unwrap_or_else(|error| panic!("{error}"));
    let system = scenario
        .system
        .read()
        .expect("a test of the rehearsal holds that it is right");
    (scenario, system)
}

fn played(name: &str, seed: u64) -> Report {
    let (scenario, system) = scenario(name);
    rehearse(&scenario, &system, seed, &mut |_| {}).expect("it begins")
}

/// Scenarios of systems in two Regions.
fn names() -> impl Iterator<Item = &'static str> {
    scenario::names().filter(|name| scenario(name).1.region_failover.is_some())
}

/// The lines of the run's journal that a state wrote.
fn noted<'r>(report: &'r Report, run: usize, state: &str) -> Vec<&'r str> {
    let journal = report.recoveries[run].journal.iter().map(String::as_str);
    let of_state = |line: &&str| {
        line.split_whitespace()
            .nth(1)
            .is_some_and(|word| word.trim_end_matches(':') == state)
    };
    journal.filter(of_state).collect()
}

#[test]
fn every_scenario_comes_to_what_it_expects() {
    assert!(names().count() >= 11);
    for name in names() {
        let (scenario, system) = scenario(name);
        for report in rehearse_many(&scenario, &system, 1, SEEDS, &|| {}).expect("they begin") {
            let seed = report.seed;
            assert!(report.as_expected, "{name}, seed {seed}: {:?}", report.unexpected);
            assert!(
                report.violations.is_empty(),
                "{name}, seed {seed}: {:?}",
                report.violations
            );
            assert!(
                report.dead_letters.is_empty(),
                "{name}, seed {seed}: {:?}",
                report.dead_letters
            );
        }
    }
}

/// The run of a machine.
fn run_of(report: &Report, machine: &str) -> usize {
    let found = report.recoveries.iter().position(|run| run.machine == machine);
    found.unwrap_or_else(|| panic!("seed {}: no {machine}", report.seed))
}

#[test]
fn a_primary_that_nobody_reaches_is_proven_to_write_nothing_by_its_lease() {
    for seed in 1..=SEEDS {
        let report = played("partition-with-lease", u64::from(seed));
        assert_eq!(report.outcome, Outcome::Recovered, "seed {seed}");
        let run = run_of(&report, "fail-over-region");
        let fence = noted(&report, run, "FenceSource").join("; ");
        assert!(fence.contains("taken from eu-central-1"), "seed {seed}: {fence}");
        let accepted = report.accepted.as_ref().expect("somebody accepted the loss");
        assert_eq!(accepted.accepted, ["lag-over-budget"], "and no second writer");
        // Twenty seconds of lease at most, and what was on its way.
        assert!(
            report.lost_writes > 0 && (10_000..=21_500).contains(&report.rpo_ms),
            "seed {seed}: {} writes of {} ms",
            report.lost_writes,
            report.rpo_ms
        );
    }
}

#[test]
fn a_cut_between_two_regions_alone_leaves_the_primary_its_lease_and_proves_nothing() {
    let (scenario, _) = scenario("partition-not-loss");
    let (_, leased) = self::scenario("partition-with-lease");
    for seed in 1..=SEEDS {
        let report = rehearse(&scenario, &leased, u64::from(seed), &mut |_| {}).expect("it begins");
        assert!(report.as_expected, "seed {seed}: {:?}", report.unexpected);
        let run = run_of(&report, "fail-over-region");
        let fence = noted(&report, run, "FenceSource").join("; ");
        assert!(fence.contains("is alive"), "seed {seed}: {fence}");
        assert_eq!((report.lost_writes, report.requests.lost), (0, 0), "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for name in ["region-loss", "fail-back", "partition-with-lease"] {
        let bytes = || serde_json::to_string(&played(name, 7)).expect("JSON");
        assert_eq!(bytes(), bytes(), "{name}");
    }
}

#[test]
fn a_lost_region_costs_no_more_than_its_lag_and_somebody_accepted_that() {
    for seed in 1..=10 {
        let report = played("region-loss", seed);
        assert_eq!(report.outcome, Outcome::Recovered, "seed {seed}");
        let lag = report.lag_at_loss_ms.expect("the Region was lost");
        assert_eq!(
            report.rpo_ms, lag,
            "seed {seed}: what is lost is what had not arrived"
        );
        let accepted = report.accepted.expect("somebody accepted it");
        assert!(
            accepted.accepted.contains(&Risk::DataLoss.to_string()),
            "seed {seed}"
        );
        let moving = report.moving.expect("it moved");
        assert!(moving.own_percent <= 5.0, "seed {seed}: {moving:?}");
        assert!(report.rto_ms <= 300_000, "seed {seed}: {} ms", report.rto_ms);
    }
}

#[test]
fn without_a_name_under_it_not_one_write_is_lost() {
    for name in ["partition-not-loss", "lag-over-budget", "approval-times-out"] {
        for seed in 1..=10 {
            let report = played(name, seed);
            assert_eq!((report.lost_writes, report.rpo_ms), (0, 0), "{name}, seed {seed}");
            let promoted = report
                .timeline
                .iter()
                .find(|entry| entry.what.contains("FailoverGlobalCluster"));
            assert_eq!(promoted, None, "{name}, seed {seed}");
        }
    }
    let report = played("partition-not-loss", 1);
    let answers = noted(&report, 0, "AskApproval");
    assert!(answers[0].contains("rejected by on-call, because"), "{answers:?}");
}

#[test]
fn a_reviewer_can_check_each_rule_in_the_journal() {
    let report = played("region-loss", 1);
    let journal = &report.recoveries[0].journal;
    let says = |state: &str, rule: &str, words: &[&str]| {
        let lines = noted(&report, 0, state);
        let line = lines
            .first()
            .unwrap_or_else(|| panic!("nothing of {state}: {journal:#?}"));
        assert!(line.contains(rule), "{state} keeps {rule}: {line}");
        for word in words {
            assert!(line.contains(word), "{state} says {word}: {line}");
        }
    };
    // Rule 8: two signals; rule 5: the lag and when it was measured.
    says(
        "Assess",
        "8",
        &["shop-unreachable", "shop-users-failing", "ms at 2026-"],
    );
    // Rule 4: what did not answer is not fenced.
    says("FenceSource", "4", &["eu-central-1"]);
    // Rule 6: who accepted what.
    says(
        "AskApproval",
        "6",
        &["approved by on-call", "accepting data-loss and not-fenced"],
    );
    says("Promote", "5", &["shop-global"]);
    says("AwaitPromotion", "4", &["RDS-EVENT-0391", "status available"]);
    says("VerifyWritable", "8", &["stored and read back"]);
    says("AwaitHealthy", "8", &["6 needed", "healthy"]);
    // Rule 2: a data plane.
    says("ShiftTraffic", "2", &["HeadObject"]);
    says("AwaitDns", "8", &["ns-1.example.net", "ns-4.example.org"]);
    says(
        "VerifyServing",
        "3",
        &["https://shop.example.com", "read it back"],
    );
    // Rule 3: in this order.
    let place = |state: &str| {
        journal
            .iter()
            .position(|line| line.contains(&format!(" {state} (")))
            .expect(state)
    };
    let order = [
        "Assess",
        "FreezeEdge",
        "AskApproval",
        "Promote",
        "ShiftTraffic",
        "AwaitDns",
        "VerifyServing",
    ];
    assert!(order.is_sorted_by_key(|state| place(state)), "{journal:#?}");
    assert!(place("VerifyWritable") < place("ShiftTraffic") && place("AwaitHealthy") < place("ShiftTraffic"));
    // Each with its time.
    assert!(
        journal.iter().all(|line| line.get(2..3) == Some(":")),
        "{journal:#?}"
    );
}

#[test]
fn after_the_promotion_the_page_carries_the_next_command_and_it_works() {
    let (scenario, system) = scenario("standby-short-of-capacity");
    let left = rehearsal::stage::play(&scenario, &system, 1, &mut |_| {}).expect("it begins");
    let page = left
        .world
        .heard
        .iter()
        .find(|heard| heard.subject.contains("NEEDS YOU"))
        .expect("a page");
    assert!(
        page.text.contains("evenkeel run fail-over-region --system shop"),
        "{}",
        page.text
    );
    assert!(
        page.text.contains("There is no way back") || page.text.contains("there is no way back"),
        "{}",
        page.text
    );
}

/// The question that is open in any Region.
fn open_question(kept: &Kept, scenario: &Scenario, system: &System) -> Question {
    let (seen, _) = kept.look(scenario, system).expect("it plays");
    let mut open = seen.into_iter().filter_map(|status| status.open?.question);
    open.next().expect("a question is open")
}

#[test]
fn a_cloud_that_is_kept_waits_for_whoever_types() {
    let (scenario, system) = scenario("region-loss");
    let mut kept = Kept::new(&scenario, None, None, 3);
    let further = kept
        .go_on(&scenario, &system, None, &mut |_| {})
        .expect("it plays");
    let Pause::Asked { incident } = further.pause else {
        panic!("somebody is asked")
    };
    let question = open_question(&kept, &scenario, &system);
    assert_eq!(
        (question.incident.as_str(), question.token.as_str()),
        (incident.as_str(), "")
    );
    let approve = |accepts: Vec<Risk>| Command {
        region: None,
        order: Order::Approve {
            incident: Some(question.incident.clone()),
            accepts,
        },
        by: "on-call".to_owned(),
        because: "the Region is gone".to_owned(),
    };
    // Kept as a file between two commands.
    let before = serde_json::to_string(&kept).expect("JSON");
    let refused = kept
        .go_on(&scenario, &system, Some(approve(vec![])), &mut |_| {})
        .expect("it plays");
    let error = refused
        .given()
        .expect("a command was given")
        .answer
        .as_ref()
        .expect_err("nothing is accepted");
    assert!(matches!(error, operate::Error::NotAccepted { .. }), "{error}");
    assert_eq!(
        serde_json::to_string(&kept).expect("JSON"),
        before,
        "a refused command leaves everything as it was"
    );
    let mut kept: Kept = serde_json::from_str(&before).expect("as it was written");
    let yes = approve(question.risks.clone());
    let over = kept
        .go_on(&scenario, &system, Some(yes), &mut |_| {})
        .expect("it plays");
    assert_eq!(over.pause, Pause::Over);
    assert!(matches!(
        over.given().map(|given| &given.answer),
        Some(Ok(Done::Answered(_)))
    ));
    let report = rehearsal::report::of(&scenario, 3, over.left, over.lines);
    assert_eq!(report.outcome, Outcome::Recovered);
}

#[test]
fn a_person_stops_a_move_and_what_was_done_is_undone() {
    let (scenario, system) = scenario("region-loss");
    let mut kept = Kept::new(&scenario, None, None, 4);
    kept.go_on(&scenario, &system, None, &mut |_| {})
        .expect("it plays");
    let question = open_question(&kept, &scenario, &system);
    let stop = Command {
        region: None,
        order: Order::Stop {
            incident: Some(question.incident),
        },
        by: "on-call".to_owned(),
        because: "we look first".to_owned(),
    };
    let over = kept
        .go_on(&scenario, &system, Some(stop), &mut |_| {})
        .expect("it plays");
    let report = rehearsal::report::of(&scenario, 4, over.left, over.lines);
    assert_eq!(report.recoveries[0].outcome, "rolled-back");
    assert!(report.violations.is_empty(), "{:?}", report.violations);
}
