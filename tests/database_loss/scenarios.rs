//! Whole outages: what a scenario promises holds for every seed that was tried.

use domain::system::System;
use rehearsal::many::{Summary, rehearse_many};
use rehearsal::report::{Report, rehearse};
use rehearsal::scenario::{Outcome, Scenario, named, names};
use rehearsal::timeline::Actor;

use crate::embedded::{calls_of_rds, systems};

/// The first seed of every series, as on the command line.
const FIRST: u64 = 1;

fn scenario(name: &str) -> (Scenario, System) {
    let scenario = named(name).unwrap_or_else(|error| panic!("{error}"));
    let system = scenario.system.read().expect("an example system is right");
    (scenario, system)
}

/// Played with its timeline.
fn played(name: &str, seed: u64) -> Report {
    let (scenario, system) = scenario(name);
    rehearse(&scenario, &system, seed, &mut |_| {}).expect("a rehearsal")
}

fn series(scenario: &Scenario, system: &System, count: u32) -> Vec<Report> {
    let reports = rehearse_many(scenario, system, FIRST, count, &|| {}).expect("rehearsals");
    assert_eq!(reports.len(), count as usize);
    reports
}

#[test]
fn every_scenario_comes_to_what_it_expects() {
    for name in names() {
        let (scenario, system) = scenario(name);
        if system.region_failover.is_some() || system.web.is_some() {
            // tests/region_loss and tests/in_region have these.
            continue;
        }
        let reports = series(&scenario, &system, 30);
        let summary = Summary::of(&reports);
        assert!(summary.violated == 0, "{name}: {summary:?}");
        for report in &reports {
            let seed = report.seed;
            assert!(report.as_expected, "{name}, seed {seed}: {}", report.outcome);
            assert!(
                report.dead_letters.is_empty(),
                "{name}, seed {seed}: {:?}",
                report.dead_letters
            );
            assert_eq!(report.rpo_ms, 0, "{name}, seed {seed}");
        }
        let recovering = scenario.expect.outcomes == [Outcome::Recovered];
        if recovering {
            assert_eq!(summary.missed, Vec::<u64>::new(), "{name}: {summary:?}");
        }
    }
}

#[test]
fn a_lost_database_recovers_a_thousand_times_in_a_row() {
    let (scenario, system) = scenario("database-loss");
    for report in series(&scenario, &system, 1_000) {
        let seed = report.seed;
        assert_eq!(report.outcome, Outcome::Recovered, "seed {seed}");
        assert!(
            report.is_good(),
            "seed {seed}: {:?}, {:?}",
            report.objectives,
            report.violations
        );
        assert!(report.invariants.checked > 0, "seed {seed}: nothing was checked");
        assert_eq!(report.recoveries.len(), 1, "seed {seed}: {:?}", report.recoveries);
        assert_eq!(report.rpo_ms, 0, "seed {seed}");
        assert!(report.requests.lost > 0, "seed {seed}: nobody noticed the outage");
        // RDS User Guide, Concepts.MultiAZ.Failover: typically 60 to 120 s.
        let failover = report.failover_ms.expect("RDS was asked");
        assert!(
            (60_000..=120_000).contains(&failover),
            "seed {seed}: RDS took {failover} ms"
        );
        let own = report.own_ms.expect("it was verified");
        assert!(own <= 5_000, "seed {seed}: Evenkeel added {own} ms");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_another_outage() {
    for name in names() {
        let bytes = |seed| serde_json::to_string(&played(name, seed)).expect("a report is JSON");
        assert_eq!(bytes(7), bytes(7), "{name}");
        assert_ne!(bytes(7), bytes(8), "{name}");
    }
}

#[test]
fn a_series_is_its_single_rehearsals() {
    let (scenario, system) = scenario("database-loss");
    for report in series(&scenario, &system, 4) {
        let single = Report {
            timeline: Vec::new(),
            ..played("database-loss", report.seed)
        };
        assert_eq!(report, single);
    }
}

#[test]
fn a_system_file_of_each_kind_of_database_is_brought_back() {
    let (scenario, _) = scenario("database-loss");
    for system in systems() {
        let kind = system.database.kind;
        for report in series(&scenario, &system, 20) {
            let seed = report.seed;
            assert_eq!(report.outcome, Outcome::Recovered, "{kind}, seed {seed}");
            assert!(
                report.is_good() && report.as_expected,
                "{kind}, seed {seed}: {:?}, {:?}",
                report.objectives,
                report.violations
            );
        }
    }
}

#[test]
fn an_alarm_that_is_delivered_twice_starts_one_recovery() {
    let mut twice = 0;
    for seed in FIRST..FIRST + 60 {
        let report = played("database-loss", seed);
        let alarms = report.timeline.iter().filter(|entry| {
            entry.actor == Actor::Bus && entry.what.contains("again: CloudWatch Alarm State Change")
        });
        twice += alarms.count();
        assert_eq!(report.recoveries.len(), 1, "seed {seed}: {:?}", report.recoveries);
        let accepted = calls_of_rds(&report.timeline).filter(|call| call.ends_with("accepted"));
        assert_eq!(accepted.count(), 1, "seed {seed}");
        let heard = report
            .timeline
            .iter()
            .filter(|entry| entry.actor == Actor::People);
        assert_eq!(heard.count(), 1, "seed {seed}: people hear of it once");
    }
    assert!(twice > 0, "no alarm was delivered twice: nothing was tried");
}

#[test]
fn a_database_without_a_standby_is_left_as_it_is_and_a_person_is_paged_once() {
    for seed in FIRST..FIRST + 30 {
        let report = played("database-without-standby", seed);
        assert_eq!(report.outcome, Outcome::Paged, "seed {seed}");
        assert_eq!(report.violations, [], "seed {seed}");
        assert_eq!(calls_of_rds(&report.timeline).count(), 0, "seed {seed}");
    }
    let (scenario, system) = scenario("database-without-standby");
    let left = rehearsal::stage::play(&scenario, &system, FIRST, &mut |_| {}).expect("a rehearsal");
    let [heard] = left.world.heard.as_slice() else {
        panic!("one message, got {:?}", left.world.heard)
    };
    assert_eq!(heard.topic, system.people.page);
    assert!(heard.subject.contains("NEEDS YOU"), "{}", heard.subject);
    let database = left.world.database();
    assert!(database.hosts[database.writer].writable);
    assert_eq!(left.world.moments.accepted, None);
    let regional = left.account.of_region(&system.regions.primary);
    let tables = rehearsal::stage::unlocked(&regional.tables);
    let lock = tables
        .items(domain::names::JOURNAL_TABLE)
        .find(|item| {
            item.get("sk")
                .and_then(|sk| sk.as_s().ok())
                .is_some_and(|sk| sk == "state#lock")
        })
        .expect("the lock was taken");
    assert!(!lock.contains_key("holder"), "the lock is still held: {lock:?}");
}

#[test]
fn a_disarmed_system_starts_nothing_by_itself_and_the_page_says_who_disarmed_it() {
    let (scenario, system) = scenario("disarmed");
    for seed in FIRST..FIRST + 200 {
        let mut timeline = Vec::new();
        let left = rehearsal::stage::play(&scenario, &system, seed, &mut |entry| {
            timeline.push(entry.clone())
        });
        let left = left.expect("a rehearsal");
        let page = left
            .world
            .heard
            .iter()
            .find(|heard| heard.topic == system.people.page);
        let page = page.unwrap_or_else(|| panic!("seed {seed}: nobody was paged"));
        for words in [
            "fail-over-database",
            "on-call",
            "maintenance of shop-db until noon",
            "evenkeel run",
        ] {
            assert!(page.text.contains(words), "seed {seed}, {words}: {}", page.text);
        }
        assert_eq!(calls_of_rds(&timeline).count(), 0, "seed {seed}");
        let report = rehearsal::report::of(&scenario, seed, left, timeline);
        assert_eq!(report.recoveries, [], "seed {seed}");
        assert_eq!(
            (report.outcome, report.as_expected),
            (Outcome::Paged, true),
            "seed {seed}"
        );
        assert_eq!(report.violations, [], "seed {seed}");
    }
}

#[test]
fn a_failover_that_rds_began_by_itself_is_never_doubled() {
    for seed in FIRST..FIRST + 30 {
        let report = played("database-host-lost", seed);
        assert_eq!(report.outcome, Outcome::StoodDown, "seed {seed}");
        let calls: Vec<&str> = calls_of_rds(&report.timeline).collect();
        assert_eq!(calls, Vec::<&str>::new(), "seed {seed}");
        let by_itself = report
            .timeline
            .iter()
            .any(|entry| entry.actor == Actor::Rds && entry.what.contains("fails over by itself"));
        assert!(by_itself, "seed {seed}: RDS did nothing either");
    }
}
