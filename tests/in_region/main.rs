//! What goes wrong inside one Region, end to end: every scenario comes to what it expects, by the recovery that fits.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

use domain::system::System;
use rehearsal::many::rehearse_many;
use rehearsal::report::{Report, rehearse};
use rehearsal::scenario::{self, Scenario};
use rehearsal::timeline::Actor;

/// So many seeds of each scenario.
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

/// Scenarios of systems that live in one Region and say what serves their users there.
fn names() -> impl Iterator<Item = &'static str> {
    scenario::names().filter(|name| {
        let system = scenario(name).1;
        system.web.is_some() && system.region_failover.is_none()
    })
}

/// The calls that were made, in order.
fn calls(report: &Report) -> Vec<&str> {
    let calls = report.timeline.iter().filter(|entry| entry.actor == Actor::Call);
    calls.map(|entry| entry.what.as_str()).collect()
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
            assert_eq!(report.lost_writes, 0, "{name}, seed {seed}");
        }
    }
}

#[test]
fn a_bad_deployment_is_rolled_back_once_and_to_what_ran_before() {
    for seed in 1..=10 {
        let report = played("bad-deployment", seed);
        let all = calls(&report);
        let created = all
            .iter()
            .filter(|call| call.starts_with("codedeploy:CreateDeployment"));
        let created: Vec<&&str> = created.collect();
        assert_eq!(created.len(), 1, "seed {seed}: {all:?}");
        assert!(created[0].contains("shop-45.zip"), "seed {seed}: {}", created[0]);
    }
}

#[test]
fn users_are_sent_out_of_a_grey_zone_after_the_others_have_their_instances() {
    for seed in 1..=10 {
        let report = played("grey-zone", seed);
        let at = |words: &str| {
            let found = report.timeline.iter().find(|entry| entry.what.starts_with(words));
            found
                .unwrap_or_else(|| panic!("seed {seed}: nothing says {words}"))
                .at
        };
        let left = at("autoscaling:UpdateAutoScalingGroup");
        let ready = at("zone-left: 6 needed");
        let shifted = at("arc-zonal-shift:StartZonalShift away from euc1-az3");
        assert!(
            left < ready && ready < shifted,
            "seed {seed}: {left} {ready} {shifted}"
        );
    }
}
