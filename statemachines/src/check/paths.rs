//! From state to state: what cannot be reached, and whether there is an end.

use std::collections::HashMap;

use super::each_block;
use crate::finding::Finding;
use crate::machine::{Block, Kind};

/// Every state can be reached from `StartAt`, and an end from every state.
pub(super) fn check(block: &Block, path: &str, findings: &mut Vec<Finding>) {
    let mut reached = vec![false; block.states.len()];
    let mut open = vec![block.start];
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut reached[index], true) {
            open.extend(block.states[index].successors());
        }
    }
    for (state, _) in block
        .states
        .iter()
        .zip(&reached)
        .filter(|(_, reached)| !**reached)
    {
        findings.push(
            Finding::error(
                &state.path,
                format!("no way leads to the state \"{}\"", state.name),
            )
            .hint("name it in a Next, a Default or a Catch, or take it out"),
        );
    }
    // Backwards from the ends: a state that no end is reachable from runs in circles until the history is full.
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); block.states.len()];
    for (index, state) in block.states.iter().enumerate() {
        for next in state.successors() {
            before[next].push(index);
        }
    }
    let ends =
        |index: &usize| block.states[*index].is_terminal() || unmatched_choice(&block.states[*index].kind);
    let mut open: Vec<usize> = (0..block.states.len()).filter(ends).collect();
    let mut ends = vec![false; block.states.len()];
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut ends[index], true) {
            open.extend(&before[index]);
        }
    }
    if !ends[block.start] {
        findings.push(
            Finding::error(
                format!("{path}.States"),
                "no terminal state can be reached: this never ends",
            )
            .hint("add \"End\": true, or a Succeed or Fail state, to the way"),
        );
        return;
    }
    for (index, state) in block.states.iter().enumerate() {
        if reached[index] && !ends[index] {
            findings.push(
                Finding::warning(
                    &state.path,
                    format!("from the state \"{}\" no end can be reached", state.name),
                )
                .hint("a loop wants a Choice that leaves it"),
            );
        }
    }
}

/// A Choice without Default can end a machine too: by `States.NoChoiceMatched`.
fn unmatched_choice(kind: &Kind) -> bool {
    match kind {
        Kind::Choice { default, .. } => default.is_none(),
        Kind::Pass { .. }
        | Kind::Task(_)
        | Kind::Wait(_)
        | Kind::Parallel { .. }
        | Kind::Map(_)
        | Kind::Succeed
        | Kind::Fail { .. } => false,
    }
}

/// AWS wants each name once in the whole machine.
pub(super) fn unique_names(body: &Block, findings: &mut Vec<Finding>) {
    let mut names: HashMap<&str, &str> = HashMap::new();
    each_block(body, "$", &mut |block, _| {
        for state in &block.states {
            if let Some(first) = names.insert(&state.name, &state.path) {
                findings.push(
                    Finding::error(
                        &state.path,
                        format!("there is another state \"{}\", at {first}", state.name),
                    )
                    .hint("a name is unique in the whole machine, branches and item processors included"),
                );
            }
        }
    });
}
