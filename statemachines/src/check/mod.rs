//! Static checks: what is wrong with a definition before it runs.
//!
//! Three layers. Parsing says what keeps the definition from being a machine at all; [`fields`] says which fields do not
//! belong where they stand; the rest walk the parsed machine: [`paths`] from state to state, [`variables`] along those
//! paths, [`errors`] down the lists of Retry and Catch, [`integrations`] at what a Task calls.

mod errors;
mod expressions;
mod fields;
mod integrations;
mod paths;
mod variables;

use serde_json::Value;

use crate::finding::Finding;
use crate::machine::{Block, Kind, StateMachine, parse_collecting};

/// Everything that is wrong with a definition. Errors are what AWS refuses or what cannot work, warnings what probably was
/// not meant.
#[must_use]
pub fn check(definition: &Value) -> Vec<Finding> {
    let (machine, mut findings) = parse_collecting(definition);
    findings.extend(fields::check(definition));
    if let Some(machine) = machine {
        findings.extend(check_machine(&machine));
    }
    let mut seen = std::collections::HashSet::new();
    findings.retain(|finding| seen.insert((finding.path.clone(), finding.message.clone())));
    findings
}

fn check_machine(machine: &StateMachine) -> Vec<Finding> {
    let mut findings = Vec::new();
    paths::unique_names(&machine.body, &mut findings);
    variables::check(&machine.body, "$", &variables::Known::default(), &mut findings);
    each_block(&machine.body, "$", &mut |block, path| {
        paths::check(block, path, &mut findings);
        for state in &block.states {
            errors::check(state, &mut findings);
            expressions::check(state, &mut findings);
            integrations::check(state, &mut findings);
        }
    });
    findings
}

/// Visit a block and those inside it, each with its JSON path.
fn each_block<'m>(block: &'m Block, path: &str, visit: &mut dyn FnMut(&'m Block, &str)) {
    visit(block, path);
    for state in &block.states {
        match &state.kind {
            Kind::Parallel { branches } => {
                for (index, branch) in branches.iter().enumerate() {
                    each_block(branch, &format!("{}.Branches[{index}]", state.path), visit);
                }
            }
            Kind::Map(map) => each_block(&map.processor, &format!("{}.ItemProcessor", state.path), visit),
            Kind::Pass { .. }
            | Kind::Task(_)
            | Kind::Choice { .. }
            | Kind::Wait(_)
            | Kind::Succeed
            | Kind::Fail { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
