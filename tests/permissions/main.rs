//! Every function may do what it does, and nothing else: the calls that rehearsals and trials of the proof make, held against the
//! table from which the functions' policies are made.

mod trials;

use std::collections::{BTreeMap, BTreeSet};

use domain::names::{Recovery, Region};
use domain::system::System;
use evenkeel::stack::functions::Function;
use evenkeel::stack::here::{Here, regions};
use evenkeel::stack::machines;
use evenkeel::stack::on::On;
use evenkeel::stack::permissions::{Permission, TABLE, action_of};
use rehearsal::injection::{Spot, What, Within};
use rehearsal::lambda::Functions;
use rehearsal::prove::subjects;
use rehearsal::scenario;
use statemachines::StateMachine;

/// A permission: who, what, to what.
type Row = (Function, &'static str, On);

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

/// A call that a function made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    function: Function,
    action: String,
    /// The Region whose endpoint was called.
    to: Region,
    /// The Regions in which the function may have run.
    from: Vec<Region>,
}

/// The functions' calls in all courses and in a sample of trials, by the system in front of which they were made.
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
            .filter_map(|spot| call(spot, &setting.system, &machines));
        let known = by_scenario
            .entry(setting.scenario.name.clone())
            .or_insert_with(|| (setting.system.clone(), BTreeSet::new()));
        known.1.extend(calls);
    }
    by_scenario.into_values().collect()
}

/// A call, if the spot is one that IAM has a part in and a function makes.
fn call(spot: &Spot, system: &System, machines: &BTreeMap<&'static str, StateMachine>) -> Option<Call> {
    let What::Call { operation, to } = &spot.what else {
        return None;
    };
    let action = action_of(operation)?;
    let (function, from) = match &spot.within {
        Within::Router(region) => (Function::Router, vec![region.clone()]),
        Within::State { machine, state } => {
            let function = function(&machines[machine.machine()], state);
            assert!(
                machines::invoked(*machine).contains(&function),
                "{machine} may not invoke {}",
                function.name()
            );
            (function, ran_in(*machine, system))
        }
        Within::Bus(_) | Within::Person => return None,
    };
    let to = to.clone();
    Some(Call {
        function,
        action,
        to,
        from,
    })
}

fn function(machine: &StateMachine, state: &str) -> Function {
    let states = machine.states();
    let found = states.iter().find(|info| info.name == state);
    let name = found
        .and_then(|info| info.function_name)
        .expect("a state that calls is a function's");
    Function::named(name).expect("a function that is deployed")
}

/// Where a machine may have run: a move in either Region.
fn ran_in(machine: Recovery, system: &System) -> Vec<Region> {
    let runs = |region: &&Region| {
        let here = Here::of(std::slice::from_ref(system), region).expect("a Region of the system");
        here.recoveries().contains(&machine)
    };
    regions(system).filter(runs).cloned().collect()
}

/// What permits a call.
fn permitting(call: &Call, system: &System) -> Option<Row> {
    let about = |resource: &str| {
        let of = resource.replace("${AWS::Partition}", "aws");
        let region = of.split(':').nth(3).unwrap_or_default();
        region.is_empty() || region == call.to.as_str()
    };
    call.from.iter().find_map(|here| {
        let permitted = Permission::of(call.function, &[system], here);
        permitted.into_iter().find_map(|(on, actions, resources)| {
            let action = actions.into_iter().find(|action| *action == call.action)?;
            let reaches = resources.iter().any(|resource| about(resource));
            reaches.then_some((call.function, action, on))
        })
    })
}

#[test]
fn what_functions_do_they_may_and_what_they_may_they_do() {
    let (mut refused, mut used) = (BTreeSet::new(), BTreeSet::new());
    let calls = calls();
    for (system, calls) in &calls {
        for call in calls {
            match permitting(call, system) {
                Some(row) => used.insert((row.0, row.1)),
                None => refused.insert(format!(
                    "{}: {} in {}",
                    call.function.name(),
                    call.action,
                    call.to
                )),
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
