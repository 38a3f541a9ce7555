//! A call that a function makes, and what permits it.

use std::collections::BTreeMap;
use std::fmt;

use domain::names::{Recovery, Region};
use domain::system::System;
use evenkeel::stack::functions::Function;
use evenkeel::stack::here::{Here, regions};
use evenkeel::stack::machines;
use evenkeel::stack::on::On;
use evenkeel::stack::permissions::{Permission, action_of};
use rehearsal::injection::{Spot, What, Within};
use statemachines::StateMachine;

/// A permission: who, what, to what.
pub(crate) type Row = (Function, &'static str, On);

/// A call that a function made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    function: Function,
    action: String,
    /// The Region whose endpoint was called.
    to: Region,
    /// The Regions in which the function may have run.
    from: Vec<Region>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} in {}", self.function.name(), self.action, self.to)
    }
}

impl Call {
    /// The call made at a spot, if it is one that IAM has a part in and a function makes.
    pub(crate) fn at(
        spot: &Spot,
        system: &System,
        machines: &BTreeMap<&'static str, StateMachine>,
    ) -> Option<Self> {
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
        Some(Self {
            function,
            action,
            to,
            from,
        })
    }

    /// What permits it.
    pub(crate) fn permitted_by(&self, system: &System) -> Option<Row> {
        let about = |resource: &str| {
            let of = resource.replace("${AWS::Partition}", "aws");
            let region = of.split(':').nth(3).unwrap_or_default();
            region.is_empty() || region == self.to.as_str()
        };
        self.from.iter().find_map(|here| {
            let permitted = Permission::of(self.function, &[system], here);
            permitted.into_iter().find_map(|(on, actions, resources)| {
                let action = actions.into_iter().find(|action| *action == self.action)?;
                let reaches = resources.iter().any(|resource| about(resource));
                reaches.then_some((self.function, action, on))
            })
        })
    }
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
