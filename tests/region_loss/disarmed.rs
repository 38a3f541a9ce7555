//! A system in two Regions that somebody disarmed: each Region decides by its own journal, so both have to know.

use domain::journal::Disarmed;
use domain::system::System;
use operate::{Disarming, Status};
use rehearsal::command::{Command, Done, Order};
use rehearsal::kept::{Kept, Pause};
use rehearsal::report;
use rehearsal::scenario::{Outcome, Scenario};
use rehearsal::stage::{Left, Play};
use rehearsal::timeline::Entry;
use rehearsal::world::Ms;

use super::{open_question, scenario};

const SEED: u64 = 3;

fn command(order: Order) -> Command {
    Command {
        region: None,
        order,
        by: "on-call".to_owned(),
        because: "maintenance".to_owned(),
    }
}

/// How things stand in a Region.
fn look(region: &domain::names::Region) -> Command {
    Command {
        region: Some(region.clone()),
        ..command(Order::Status)
    }
}

/// A scenario in which nobody does anything but what the commands say.
fn unattended(name: &str) -> (Scenario, System) {
    let (scenario, system) = scenario(name);
    let people = Vec::new();
    (Scenario { people, ..scenario }, system)
}

fn played(play: Play<'_>) -> (Left, Vec<Entry>) {
    let mut lines = Vec::new();
    let left = play
        .perform(&mut |entry| lines.push(entry.clone()))
        .expect("it begins");
    (left, lines)
}

/// What a disarming at that instant came to.
fn disarmed_at(at: Ms, scenario: &Scenario, system: &System) -> Disarming {
    let play = Play::new(scenario, system, SEED).command(at, command(Order::Disarm));
    let (left, _) = played(play.until(at));
    match &left.given[0].answer {
        Ok(Done::Disarmed(disarming)) => disarming.clone(),
        other => panic!("a disarming, got {other:?}"),
    }
}

fn names(disarming: &Disarming) -> (Vec<&str>, Vec<&str>) {
    let written = disarming.regions.iter().map(|(region, _)| region.as_str());
    let missed = disarming.not_in.iter().map(|missed| missed.region.as_str());
    (written.collect(), missed.collect())
}

#[test]
fn a_disarmed_system_is_not_moved_and_people_are_paged() {
    let (scenario, system) = unattended("region-loss");
    for seed in 1..=20 {
        let play = Play::new(&scenario, &system, seed).command(30_000, command(Order::Disarm));
        let (left, lines) = played(play);
        let page = left
            .world
            .heard
            .iter()
            .find(|heard| heard.text.contains("disarmed"));
        let page = page.unwrap_or_else(|| panic!("seed {seed}: nobody was paged: {:?}", left.world.heard));
        assert!(page.text.contains("on-call"), "seed {seed}: {}", page.text);
        assert!(page.text.contains("maintenance"), "seed {seed}: {}", page.text);
        let report = report::of(&scenario, seed, left, lines);
        assert_eq!(report.recoveries, [], "seed {seed}");
        assert_eq!(report.outcome, Outcome::Paged, "seed {seed}");
        assert_eq!(
            (report.lost_writes, report.violations),
            (0, vec![]),
            "seed {seed}"
        );
    }
}

#[test]
fn a_region_that_is_lost_is_named_and_the_other_one_is_disarmed() {
    let (scenario, system) = unattended("region-loss");
    let before = disarmed_at(1_000, &scenario, &system);
    assert_eq!(names(&before), (vec!["eu-central-1", "eu-west-1"], vec![]));
    // The Region is lost between two and three minutes after the beginning.
    let after = disarmed_at(185_000, &scenario, &system);
    assert_eq!(names(&after), (vec!["eu-west-1"], vec!["eu-central-1"]));
    let why = &after.not_in[0].why;
    assert!(why.contains("dynamodb:UpdateItem"), "{why}");
}

/// The Regions do not reach each other; whoever types is in neither and reaches both.
#[test]
fn a_partition_keeps_nobody_from_disarming_both_regions() {
    let (scenario, system) = unattended("partition-not-loss");
    let disarming = disarmed_at(200_000, &scenario, &system);
    assert_eq!(names(&disarming), (vec!["eu-central-1", "eu-west-1"], vec![]));
}

#[test]
fn a_system_that_is_armed_again_is_moved_as_ever() {
    let (scenario, system) = unattended("region-loss");
    let play = Play::new(&scenario, &system, SEED)
        .command(10_000, command(Order::Disarm))
        .command(60_000, command(Order::Arm));
    let (left, lines) = played(play);
    let report = report::of(&scenario, SEED, left, lines);
    assert_eq!(report.recoveries.len(), 1, "{:?}", report.recoveries);
}

#[test]
fn a_disarmed_system_is_still_moved_by_whoever_types() {
    let (scenario, system) = unattended("switch-over");
    let switch = Order::Run(domain::names::Recovery::SwitchOverRegion);
    let play = Play::new(&scenario, &system, SEED)
        .command(10_000, command(Order::Disarm))
        .command(60_000, command(switch));
    let (left, lines) = played(play);
    let report = report::of(&scenario, SEED, left, lines);
    assert_eq!(report.outcome, Outcome::Recovered, "{:?}", report.recoveries);
}

fn statuses(system: &System, scenario: &Scenario, commands: &[(Ms, Order)], at: Ms) -> Vec<Status> {
    let mut play = Play::new(scenario, system, SEED);
    for (at, order) in commands {
        play = play.command(*at, command(order.clone()));
    }
    for region in [Some(&system.regions.primary), system.regions.standby.as_ref()] {
        play = play.command(at, look(region.expect("two Regions")));
    }
    let (left, _) = played(play.until(at));
    let seen = left.given.into_iter().filter_map(|given| match given.answer {
        Ok(Done::Seen(status)) => Some(*status),
        _ => None,
    });
    seen.collect()
}

#[test]
fn both_regions_say_who_disarmed_and_who_armed() {
    let (scenario, system) = unattended("switch-over");
    let disarmed = statuses(&system, &scenario, &[(5_000, Order::Disarm)], 20_000);
    assert_eq!(disarmed.len(), 2);
    let who = |status: &Status| status.disarmed.as_ref().map(|Disarmed { by, .. }| by.clone());
    assert!(
        disarmed
            .iter()
            .all(|status| who(status).as_deref() == Some("on-call"))
    );
    let both = [(5_000, Order::Disarm), (10_000, Order::Arm)];
    for status in statuses(&system, &scenario, &both, 20_000) {
        assert_eq!(status.disarmed, None, "{}", status.region);
        assert!(status.last_armed.is_some(), "{}", status.region);
    }
}

#[test]
fn to_disarm_lets_no_time_pass_and_what_is_asked_stays_asked() {
    let (scenario, system) = scenario("region-loss");
    let mut kept = Kept::new(&scenario, None, None, SEED);
    kept.go_on(&scenario, &system, None, &mut |_| {})
        .expect("it plays");
    let (before, question) = (kept.now_ms, open_question(&kept, &scenario, &system));
    let further = kept
        .go_on(&scenario, &system, Some(command(Order::Disarm)), &mut |_| {})
        .expect("it plays");
    assert_eq!(further.pause, Pause::Noted);
    // As long as a lost Region is waited for, and no longer.
    let took = kept.now_ms - before;
    assert!(took < 60_000, "{took} ms");
    assert_eq!(open_question(&kept, &scenario, &system), question);
    let reject = Order::Reject {
        incident: Some(question.incident),
    };
    let over = kept
        .go_on(&scenario, &system, Some(command(reject)), &mut |_| {})
        .expect("it plays");
    let report = report::of(&scenario, SEED, over.left, over.lines);
    assert_eq!(report.recoveries.len(), 1, "nothing starts anew");
    assert_eq!(report.recoveries[0].outcome, "rolled-back");
}
