//! Every function may do what it does, and nothing else: the calls that rehearsals and trials of the proof make, held against the
//! table from which the functions' policies are made.

mod call;
mod trials;

use std::collections::{BTreeMap, BTreeSet};

use domain::system::System;
use evenkeel::stack::functions::Function;
use evenkeel::stack::here::regions;
use evenkeel::stack::on::On;
use evenkeel::stack::permissions::{Permission, TABLE};
use rehearsal::lambda::Functions;
use rehearsal::prove::subjects;
use rehearsal::scenario;

use call::{Call, Row};

/// What nobody calls, and why it is permitted all the same.
const EXCEPTIONS: [(Row, &str); 5] = [
    (
        (
            Function::Deployment,
            "codedeploy:GetApplicationRevision",
            On::Application,
        ),
        "CodeDeploy asks for it within CreateDeployment",
    ),
    (
        (
            Function::Deployment,
            "codedeploy:RegisterApplicationRevision",
            On::Application,
        ),
        "CodeDeploy asks for it within CreateDeployment",
    ),
    (
        (
            Function::Deployment,
            "codedeploy:GetDeploymentConfig",
            On::DeploymentConfigs,
        ),
        "CodeDeploy asks for it within CreateDeployment",
    ),
    (
        (Function::Notify, "states:SendTaskSuccess", On::Questions),
        "a question whose answer came before it was asked again is answered by the step itself: two faults, and a trial has one",
    ),
    (
        (Function::Traffic, "s3:ListBucket", On::SwitchBucket),
        "S3 asks for it within HeadObject, where the object is missing",
    ),
];

/// The functions' calls in all courses and in a sample of trials (`tests/prove` holds those of every trial), by the system in front of which they were made.
fn calls() -> Vec<(System, BTreeSet<Call>)> {
    let machines = rehearsal::stage::machines().expect("our own machines");
    let subjects = subjects(&[]).expect("our own scenarios");
    let (tried, trials) = trials::passed(&subjects);
    assert!(trials > 1_000, "a sample of {trials} trials says nothing");
    let mut by_scenario = BTreeMap::new();
    for (index, subject) in subjects.iter().enumerate() {
        let setting = &subject.course.setting;
        let spots = subject.course.passed.iter().map(|passed| &passed.place.spot);
        let calls = spots
            .chain(&tried[&index])
            .filter_map(|spot| Call::at(spot, &setting.system, &machines));
        let known = by_scenario
            .entry(setting.scenario.name.clone())
            .or_insert_with(|| (setting.system.clone(), BTreeSet::new()));
        known.1.extend(calls);
    }
    by_scenario.into_values().collect()
}

#[test]
fn what_functions_do_they_may_and_what_they_may_they_do() {
    let (mut refused, mut used) = (BTreeSet::new(), BTreeSet::new());
    let calls = calls();
    for (system, calls) in &calls {
        for call in calls {
            match call.permitted_by(system) {
                Some(row) => used.insert((row.0, row.1)),
                None => refused.insert(call.to_string()),
            };
        }
    }
    assert!(refused.is_empty(), "not permitted, and done: {refused:#?}");

    let rows: BTreeSet<Row> = TABLE
        .iter()
        .flat_map(|row| row.actions.iter().map(|action| (row.function, *action, row.on)))
        .collect();
    let needless = rows
        .iter()
        .filter(|(function, action, _)| !used.contains(&(*function, *action)));
    let excepted: BTreeSet<Row> = EXCEPTIONS.iter().map(|(row, _)| *row).collect();
    assert_eq!(
        needless.copied().collect::<BTreeSet<_>>(),
        excepted,
        "permitted, and never done, against those that have a reason"
    );

    // A row that is about nothing in any system permits nothing, and says that it does.
    let about_something = |on: On| {
        calls
            .iter()
            .any(|(system, _)| regions(system).any(|region| !on.of(system, region).is_empty()))
    };
    let empty: Vec<On> = rows
        .iter()
        .map(|(_, _, on)| *on)
        .filter(|on| !about_something(*on))
        .collect();
    assert!(empty.is_empty(), "about nothing: {empty:?}");
}

#[test]
fn functions_are_deployed_under_the_names_that_machines_call() {
    for (placeholder, name) in Functions::substitutions() {
        let function = Function::named(&name).map(Function::logical);
        assert_eq!(function, Some(placeholder.as_str()), "{name}");
    }
}

/// `*` only for actions that know no resource, as the documentation of each says at [`On`].
#[test]
fn everything_is_permitted_to_those_that_only_look_or_cannot_be_told_apart() {
    let mut everywhere = BTreeSet::new();
    for scenario in scenario::names() {
        let scenario = scenario::named(scenario).expect("our own scenario");
        let Ok(system) = scenario.system.read() else {
            continue;
        };
        for region in regions(&system) {
            for function in Function::ALL {
                for (_, actions, resources) in Permission::of(function, &[&system], region) {
                    if resources.contains("*") {
                        everywhere.extend(actions);
                    }
                }
            }
        }
    }
    let changes: Vec<&str> = everywhere
        .into_iter()
        .filter(|action| {
            let (_, name) = action.split_once(':').expect("an action");
            !["Describe", "Get"].iter().any(|verb| name.starts_with(verb))
        })
        .collect();
    assert_eq!(changes, ["codedeploy:StopDeployment", "states:SendTaskSuccess"]);
}
