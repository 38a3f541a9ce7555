//! The subjects, played once for all tests of this binary, and the machines with something broken in them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use domain::names::Recovery;
use rehearsal::lambda::Functions;
use rehearsal::prove::{Subject, subjects};
use rehearsal::stage::{Machines, definition, machines};
use serde_json::Value;
use statemachines::{StateMachine, substitute};

/// Every subject.
pub(crate) fn all() -> &'static [Subject] {
    static SUBJECTS: OnceLock<Vec<Subject>> = OnceLock::new();
    SUBJECTS.get_or_init(|| subjects(&[]).unwrap_or_else(|error| panic!("{error}")))
}

/// Those of one machine.
pub(crate) fn of(machine: Recovery) -> Vec<&'static Subject> {
    let of_it = all().iter().filter(|subject| subject.machine == Some(machine));
    of_it.collect()
}

/// A machine's definition, to be broken.
pub(crate) struct Definition(Value);

impl Definition {
    /// The house's own.
    pub(crate) fn of(machine: Recovery) -> Self {
        let text = substitute(definition(machine), &Functions::substitutions());
        let text = text.unwrap_or_else(|error| panic!("{error}"));
        Self(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}")))
    }

    /// A state, wherever it is.
    pub(crate) fn state(&mut self, name: &str) -> &mut Value {
        find(&mut self.0, name).unwrap_or_else(|| panic!("no state {name}"))
    }

    /// A state becomes a Pass that answers that, and leads on as it did.
    pub(crate) fn skip(mut self, name: &str, output: Value) -> Self {
        let state = self.state(name);
        let mut pass = serde_json::json!({"Type": "Pass", "Output": output});
        for field in ["Next", "End"] {
            if let Some(leads) = state.get(field) {
                pass[field] = leads.clone();
            }
        }
        *state = pass;
        self
    }

    /// A state leads somewhere else.
    pub(crate) fn lead(mut self, name: &str, next: &str) -> Self {
        let state = self.state(name);
        state["Next"] = next.into();
        self
    }

    /// What is caught in a state leads somewhere else.
    pub(crate) fn catch(mut self, name: &str, next: &str) -> Self {
        let state = self.state(name);
        for catcher in state["Catch"].as_array_mut().into_iter().flatten() {
            catcher["Next"] = next.into();
        }
        self
    }

    /// Nothing is caught in a state any more.
    pub(crate) fn catch_nothing(mut self, name: &str) -> Self {
        let state = self.state(name);
        state.as_object_mut().map(|state| state.remove("Catch"));
        self
    }

    /// Nothing ends an execution that does not end itself.
    pub(crate) fn for_ever(mut self) -> Self {
        self.0
            .as_object_mut()
            .map(|definition| definition.remove("TimeoutSeconds"));
        self
    }

    /// Every machine, with this one in its place.
    pub(crate) fn among_all(self, machine: Recovery) -> Arc<Machines> {
        let broken = StateMachine::parse(&self.0.to_string()).unwrap_or_else(|error| panic!("{error}"));
        let mut all: BTreeMap<_, _> = machines().unwrap_or_else(|error| panic!("{error}"));
        all.insert(machine.machine(), broken);
        Arc::new(all)
    }
}

fn find<'v>(block: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    let states = block.get_mut("States")?.as_object_mut()?;
    if states.contains_key(name) {
        return states.get_mut(name);
    }
    states.values_mut().find_map(|state| {
        let branches = state.get_mut("Branches")?.as_array_mut()?;
        branches.iter_mut().find_map(|branch| find(branch, name))
    })
}
