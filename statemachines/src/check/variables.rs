//! Variables: read only after they were assigned, on every way there.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::machine::{Block, Items, Kind, Setting, SettingValue, State, Wait};
use crate::query::Template;

/// What is known of the variables at a point.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    /// Assigned on some way here.
    may: BTreeSet<String>,
    /// Assigned on every way here.
    must: BTreeSet<String>,
}

impl Known {
    fn assign<'n>(&self, names: impl Iterator<Item = &'n String>) -> Self {
        let mut known = self.clone();
        for name in names {
            known.may.insert(name.clone());
            known.must.insert(name.clone());
        }
        known
    }

    /// What is known where two ways meet.
    fn meet(&self, other: &Self) -> Self {
        Self {
            may: self.may.union(&other.may).cloned().collect(),
            must: self.must.intersection(&other.must).cloned().collect(),
        }
    }
}

/// Follow the block's ways until nothing new is learnt, then look at every read.
pub(super) fn check(block: &Block, path: &str, outer: &Known, findings: &mut Vec<Finding>) {
    let mut at: Vec<Option<Known>> = vec![None; block.states.len()];
    at[block.start] = Some(outer.clone());
    let mut open = vec![block.start];
    while let Some(index) = open.pop() {
        let Some(here) = at[index].clone() else { continue };
        for (next, after) in edges(&block.states[index], &here) {
            let met = match &at[next] {
                None => after,
                Some(before) => before.meet(&after),
            };
            if at[next].as_ref() != Some(&met) {
                at[next] = Some(met);
                open.push(next);
            }
        }
    }
    for (state, known) in block.states.iter().zip(&at) {
        // A state that cannot be reached is another check's business.
        let Some(known) = known else { continue };
        for (field, name, guarded) in reads(state) {
            let place = format!("{}.{field}", state.path);
            if !known.may.contains(&name) {
                findings.push(
                    Finding::error(
                        place,
                        format!("the variable ${name} is used before it is assigned"),
                    )
                    .hint("assign it in a state before this one; a function wants parentheses"),
                );
            } else if !known.must.contains(&name) && !guarded {
                findings.push(
                    Finding::warning(
                        place,
                        format!("the variable ${name} is not assigned on every way here"),
                    )
                    .hint("assign it on each way, or test it with $exists"),
                );
            }
        }
        match &state.kind {
            Kind::Parallel { branches } => {
                for (index, branch) in branches.iter().enumerate() {
                    check(branch, &format!("{path}.Branches[{index}]"), known, findings);
                }
            }
            Kind::Map(map) => {
                // Children of a Distributed Map are executions of their own, without the parent's variables.
                let inner = if map.distributed.is_some() {
                    Known::default()
                } else {
                    known.clone()
                };
                check(&map.processor, path, &inner, findings);
            }
            Kind::Pass { .. }
            | Kind::Task(_)
            | Kind::Choice { .. }
            | Kind::Wait(_)
            | Kind::Succeed
            | Kind::Fail { .. } => {}
        }
    }
}

/// The ways out of a state, and what is known on each.
fn edges(state: &State, here: &Known) -> Vec<(usize, Known)> {
    let names = |assign: &[(String, Template)]| {
        here.assign(
            assign
                .iter()
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
                .into_iter(),
        )
    };
    let mut edges = Vec::new();
    match &state.kind {
        Kind::Choice { rules, default } => {
            edges.extend(rules.iter().map(|rule| (rule.next, names(&rule.assign))));
            edges.extend(default.map(|next| (next, names(&state.flow.assign))));
        }
        Kind::Pass { .. }
        | Kind::Task(_)
        | Kind::Wait(_)
        | Kind::Parallel { .. }
        | Kind::Map(_)
        | Kind::Succeed
        | Kind::Fail { .. } => match state.next {
            crate::machine::Next::State(next) => edges.push((next, names(&state.flow.assign))),
            crate::machine::Next::End => {}
        },
    }
    edges.extend(
        state
            .catch
            .iter()
            .map(|catcher| (catcher.next, names(&catcher.assign))),
    );
    edges
}

/// Variables that a state reads: the field, the name, and whether the read is guarded by `$exists`.
fn reads(state: &State) -> Vec<(String, String, bool)> {
    let mut found = Vec::new();
    each_template(state, &mut |field, template| {
        template.each(&mut |leaf| {
            let (names, guards) = match leaf {
                Template::Jsonata(expression) => (
                    expression.variables().iter().map(String::as_str).collect(),
                    expression.source.to_string(),
                ),
                Template::Reference(reference) => {
                    let mut names = Vec::new();
                    reference.variables(&mut names);
                    (names, String::new())
                }
                Template::Literal(_) | Template::Array(_) | Template::Object(_) => {
                    (Vec::new(), String::new())
                }
            };
            for name in names {
                let guarded = guards.contains(&format!("$exists(${name}"));
                found.push((field.to_owned(), name.to_owned(), guarded));
            }
        });
    });
    found
}

/// Visit every template of a state, with the field it stands in.
pub(super) fn each_template(state: &State, visit: &mut dyn FnMut(&str, &Template)) {
    let flow = &state.flow;
    let fields = [
        ("Arguments", &flow.arguments),
        ("ResultSelector", &flow.result_selector),
        ("Output", &flow.output),
    ];
    for (field, template) in fields {
        template.iter().for_each(|template| visit(field, template));
    }
    for (field, selection) in [("InputPath", &flow.input_path), ("OutputPath", &flow.output_path)] {
        match selection {
            crate::machine::Selection::At(reference) => visit(field, &Template::Reference(reference.clone())),
            crate::machine::Selection::Whole | crate::machine::Selection::Nothing => {}
        }
    }
    flow.assign
        .iter()
        .for_each(|(name, template)| visit(&format!("Assign.{name}"), template));
    for (index, catcher) in state.catch.iter().enumerate() {
        let field = format!("Catch[{index}]");
        catcher
            .output
            .iter()
            .for_each(|template| visit(&format!("{field}.Output"), template));
        catcher
            .assign
            .iter()
            .for_each(|(name, template)| visit(&format!("{field}.Assign.{name}"), template));
    }
    let mut setting = |setting: &Option<Setting>| {
        if let Some(setting) = setting {
            match &setting.value {
                SettingValue::Literal(_) => {}
                SettingValue::Jsonata(expression) => {
                    visit(setting.field, &Template::Jsonata(expression.clone()))
                }
                SettingValue::Path(reference) => {
                    visit(setting.field, &Template::Reference(reference.clone()))
                }
            }
        }
    };
    match &state.kind {
        Kind::Task(task) => {
            setting(&task.timeout);
            setting(&task.heartbeat);
            task.credentials
                .iter()
                .for_each(|template| visit("Credentials", template));
        }
        Kind::Fail { error, cause } => {
            setting(error);
            setting(cause);
        }
        Kind::Wait(Wait::Seconds(wait) | Wait::Timestamp(wait)) => setting(&Some(wait.clone())),
        Kind::Map(map) => {
            setting(&map.max_concurrency);
            match &map.items {
                Items::Input => {}
                Items::Path(reference) => visit("ItemsPath", &Template::Reference(reference.clone())),
                Items::Template(template) => visit("Items", template),
            }
            map.selector
                .iter()
                .for_each(|template| visit("ItemSelector", template));
        }
        Kind::Choice { rules, .. } => {
            for (index, rule) in rules.iter().enumerate() {
                let field = format!("Choices[{index}]");
                rule.condition.each(&mut |template| visit(&field, &template));
                rule.output
                    .iter()
                    .for_each(|template| visit(&format!("{field}.Output"), template));
                rule.assign
                    .iter()
                    .for_each(|(name, template)| visit(&format!("{field}.Assign.{name}"), template));
            }
        }
        Kind::Pass { .. } | Kind::Parallel { .. } | Kind::Succeed => {}
    }
}
