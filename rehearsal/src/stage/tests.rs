//! Commands from outside, a stop in the middle, and what becomes of what runs in a Region that is lost.

use domain::names::Recovery;
use domain::steps::region::Risk;

use super::*;
use crate::command::{Done, Order};
use crate::injection::Noted;
use crate::report::rehearse;
use crate::scenario::{from_file, named};
use crate::timeline::Actor;

fn command(order: Order) -> Command {
    Command {
        region: None,
        order,
        by: "on-call".to_owned(),
        because: "a test".to_owned(),
    }
}

fn region_loss() -> (Scenario, System) {
    let mut scenario = named("region-loss").expect("it comes with the program");
    scenario.people.clear();
    let system = scenario.system.read().expect("an example is right");
    (scenario, system)
}

#[test]
fn a_play_stops_at_an_instant_and_goes_on_with_a_command() {
    let (scenario, system) = region_loss();
    let play = || Play::new(&scenario, &system, 3);
    let whole = play().perform(&mut |_| {}).expect("a rehearsal");
    let (asked, incident) = whole.world.asked().next().expect("people were asked");
    assert!(
        whole.world.moments.promotion_accepted.is_none(),
        "nobody answered"
    );

    let before = play()
        .until(asked + 1_000)
        .perform(&mut |_| {})
        .expect("a rehearsal");
    assert_eq!(before.world.now, asked + 1_000);
    let running = before.world.executions.get(incident).expect("it was started");
    assert_eq!(running.end, None);

    let accepts = vec![Risk::DataLoss, Risk::NotFenced];
    let approve = command(Order::Approve {
        incident: None,
        accepts,
    });
    let seen = |at: Ms| {
        let left = play()
            .command(asked + 2_000, approve.clone())
            .command(at, command(Order::Status))
            .until(at)
            .perform(&mut |_| {});
        left.expect("a rehearsal")
    };
    let left = seen(asked + 1_200_000);
    let [answered, status] = left.given.as_slice() else {
        panic!("two commands, got {:?}", left.given)
    };
    assert_eq!(answered.at, asked + 2_000);
    assert!(
        matches!(&answered.answer, Ok(Done::Answered(_))),
        "{:?}",
        answered.answer
    );
    let Ok(Done::Seen(status)) = &status.answer else {
        panic!("a status, got {:?}", status.answer)
    };
    assert_eq!(status.open, None);
    assert_eq!(status.incidents.len(), 1);
    assert!(left.world.moments.verified.is_some());

    let early = seen(asked + 10_000);
    assert!(early.world.moments.promotion_accepted.is_some());
    assert!(early.world.moments.verified.is_none());
}

#[test]
fn an_answer_that_comes_too_late_is_none() {
    let (scenario, system) = region_loss();
    let play = || Play::new(&scenario, &system, 3);
    let silent = play().perform(&mut |_| {}).expect("a rehearsal");
    let (asked, incident) = silent.world.asked().next().expect("people were asked");
    let run = silent.world.executions.get(incident).expect("it was started");
    let ended = run.end.as_ref().expect("it ended").at;
    assert!(ended > asked);

    let accepts = vec![Risk::DataLoss, Risk::NotFenced];
    let incident: domain::names::IncidentId = incident.parse().expect("an incident");
    let approve = Order::Approve {
        incident: Some(incident),
        accepts,
    };
    let late = play().command(ended + 1_000, command(approve));
    let left = late.perform(&mut |_| {}).expect("a rehearsal");
    assert!(
        matches!(left.given[0].answer, Err(operate::Error::TooLate { .. })),
        "{:?}",
        left.given
    );
    assert!(left.world.moments.promotion_accepted.is_none());
}

#[test]
fn a_command_that_is_refused_says_why_and_changes_nothing() {
    let (scenario, system) = region_loss();
    let left = Play::new(&scenario, &system, 3)
        .command(1_000, command(Order::Reject { incident: None }))
        .until(5_000)
        .perform(&mut |_| {})
        .expect("a rehearsal");
    assert!(
        matches!(left.given[0].answer, Err(operate::Error::NoSuchRun { .. })),
        "{:?}",
        left.given
    );
}

#[test]
fn what_runs_in_a_lost_region_stops_there_and_nobody_is_blamed() {
    let text = r#"
summary = "The standby is lost while it takes over."
window = "1h"
requests-per-second = 100
system = "two-regions"

[[fault]]
at = "90s"
kind = "region-lost"
region = "standby"
lasts = "20m"

[[person]]
at = "1m"
does = "run"
machine = "switch-over-region"
by = "on-call"
because = "maintenance"

[expect]
outcomes = ["nothing-started"]
failovers-at-most = 0
serving = "primary"
"#;
    let scenario = from_file("standby-lost", text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let system = scenario.system.read().expect("an example is right");
    let report = rehearse(&scenario, &system, 1, &mut |_| {}).expect("a rehearsal");
    let [run] = report.recoveries.as_slice() else {
        panic!("one run, got {:?}", report.recoveries)
    };
    assert_eq!(
        (run.machine.as_str(), run.status.as_str()),
        ("switch-over-region", LOST)
    );
    assert_eq!(run.ended_ms, Some(90_000));
    assert_eq!(report.unexpected, Vec::<String>::new());
    assert_eq!(report.violations, []);
    let after = report.timeline.iter().filter(|entry| entry.at > 90_000);
    let went_on: Vec<&Entry> = after
        .filter(|entry| [Actor::Machine, Actor::Step, Actor::Call].contains(&entry.actor))
        .collect();
    assert!(went_on.is_empty(), "{went_on:?}");
}

#[test]
fn every_recovery_has_a_machine_of_its_name() {
    let machines = machines().unwrap_or_else(|error| panic!("{error}"));
    for recovery in Recovery::ALL {
        assert!(machines.contains_key(recovery.machine()), "{recovery}");
    }
}

/// From each checkpoint of a play another one goes on to the same end, to the last word of the world.
#[test]
fn a_play_goes_on_from_every_checkpoint_to_the_same_end() {
    for name in [
        "database-loss",
        "application-gone",
        "replica-fail-back",
        "zone-loss",
    ] {
        let scenario = named(name).expect("it comes with the program");
        let system = scenario.system.read().expect("an example is right");
        let injector = Arc::<Injector>::default();
        let trial = Trial {
            injector: Arc::clone(&injector),
            settles_after: 0,
            ends_by: scenario.window.as_millis() + PATIENCE.as_millis(),
            machines: None,
            sabotage: None,
            stops_at_everything: false,
        };
        let theatre = Theatre::new(&scenario, &system, 1, Some(trial)).expect("it begins");
        injector.begin(Vec::new());
        let like = |known, from, purpose| {
            theatre.play_like(Like {
                known,
                from,
                until: 0,
                purpose,
            })
        };
        let nothing = Recording::default();
        let first = like(&nothing, None, Purpose::Recording);
        let (whole, recording) = (first.left, first.recording);
        let passed = injector.take_passed();
        let checkpoints = &recording.checkpoints;
        assert!(checkpoints.len() > 5, "{name}: {recording:?}");
        let stock = format!("{:?}", whole.account.stock());
        for checkpoint in checkpoints {
            let before = &passed[..checkpoint.places];
            injector.begin_with(Vec::new(), Noted::All, before, 0);
            let left = like(&recording, Some(checkpoint), Purpose::End).left;
            let at = format!("{name}, from {} ms on", checkpoint.at());
            assert_eq!(injector.take_passed(), passed, "{at}");
            assert_eq!(left.usage, whole.usage, "{at}");
            assert_eq!(format!("{:?}", left.given), format!("{:?}", whole.given), "{at}");
            assert_eq!(left.dead_letters, whole.dead_letters, "{at}");
            assert_eq!(format!("{:?}", left.account.stock()), stock, "{at}");
            let (left, whole) = (format!("{:#?}", left.world), format!("{:#?}", whole.world));
            let other = left
                .lines()
                .zip(whole.lines())
                .find(|(left, whole)| left != whole);
            assert_eq!(other, None, "{at}");
            assert_eq!(left.lines().count(), whole.lines().count(), "{at}");
            // Whoever asks for the difference hears at once that there is none.
            injector.begin_with(Vec::new(), Noted::All, before, 0);
            let back = like(&recording, Some(checkpoint), Purpose::Difference).back;
            assert_eq!(back.map(|back| back.places), Some(checkpoint.places), "{at}");
        }
    }
}
