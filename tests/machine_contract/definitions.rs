//! The machines there are: one file each, one recovery each, and nothing wrong with any.

use std::collections::BTreeMap;
use std::path::Path;

use domain::names::Recovery;
use rehearsal::lambda::Functions;
use serde_json::Value;
use statemachines::{StateInfo, StateMachine, StateType, substitute};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../statemachines");
const SUFFIX: &str = ".asl.json";

/// A machine's definition, with its functions' names filled in.
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) recovery: Recovery,
    pub(crate) json: Value,
    pub(crate) machine: StateMachine,
}

/// A Task state, as the interpreter sees it and as it is written.
pub(crate) struct Task<'d> {
    pub(crate) name: &'d str,
    pub(crate) info: StateInfo<'d>,
    pub(crate) json: &'d Value,
}

/// Every machine in the folder.
pub(crate) fn all() -> Vec<Definition> {
    files().into_iter().map(read).collect()
}

impl Definition {
    /// Its Task states, nested ones included.
    pub(crate) fn tasks(&self) -> Vec<Task<'_>> {
        let mut written = BTreeMap::new();
        states_of(&self.json, &mut written);
        let states = self.machine.states().into_iter();
        states
            .filter(|info| info.state_type == StateType::Task)
            .map(|info| Task {
                name: info.name,
                json: written[info.name],
                info,
            })
            .collect()
    }
}

fn files() -> Vec<String> {
    let entries = std::fs::read_dir(FOLDER).expect("the folder of the machines");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a readable entry").file_name())
        .filter_map(|name| Some(name.to_str()?.strip_suffix(SUFFIX)?.to_owned()))
        .collect();
    names.sort();
    names
}

fn text(name: &str) -> String {
    let file = Path::new(FOLDER).join(format!("{name}{SUFFIX}"));
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn read(name: String) -> Definition {
    let recovery = Recovery::named(&name)
        .unwrap_or_else(|| panic!("{name}{SUFFIX} is no recovery's; add it to domain::names::Recovery"));
    let text = substitute(&text(&name), &Functions::substitutions())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    Definition {
        json: serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")),
        machine: StateMachine::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}")),
        recovery,
        name,
    }
}

/// AWS wants names of states to be unique in the whole machine, so a flat map holds them all.
pub(crate) fn states_of<'v>(value: &'v Value, found: &mut BTreeMap<&'v str, &'v Value>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::Object(states)) = fields.get("States") {
                found.extend(states.iter().map(|(name, state)| (name.as_str(), state)));
            }
            fields.values().for_each(|field| states_of(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| states_of(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_recovery_has_a_machine_and_every_machine_a_recovery() {
    let mut recoveries: Vec<&str> = Recovery::ALL.into_iter().map(Recovery::machine).collect();
    recoveries.sort_unstable();
    assert_eq!(files(), recoveries);
}

#[test]
fn what_is_rehearsed_is_what_the_folder_holds() {
    for Definition { name, recovery, .. } in all() {
        assert_eq!(rehearsal::stage::definition(recovery), text(&name), "{name}");
    }
}

#[test]
fn nothing_is_wrong_with_any_machine() {
    for Definition { name, json, .. } in all() {
        let findings: Vec<String> = statemachines::check(&json)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(findings.is_empty(), "{name}:\n{}", findings.join("\n"));
    }
}

#[test]
fn nothing_is_left_to_be_filled_in() {
    for Definition { name, json, .. } in all() {
        let filled = json.to_string();
        assert!(!filled.contains("${"), "{name}: {filled}");
    }
}

#[test]
fn every_task_calls_a_function_that_the_rehearsal_deploys() {
    let deployed: Vec<String> = Functions::substitutions().into_values().collect();
    for definition in all() {
        for Task { name, info, .. } in definition.tasks() {
            let called = info.function_name.unwrap_or_default().to_owned();
            assert!(
                deployed.contains(&called),
                "{}: {name} calls `{called}`, and there are {deployed:?}",
                definition.name
            );
        }
    }
}
