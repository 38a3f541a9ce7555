//! The stack: what Evenkeel needs in one Region of an account, as one CloudFormation template that is made from the system files.
//!
//! ```text
//! rules, schedule ─► router ─► state machines ─► functions ─► what the systems are made of
//!       └─► Undelivered   └─► DeadLetters              └─► journal
//! ```
//!
//! Nothing in it stands in the path of a recovery but Lambda, Step Functions and the table (rule 1). The same files give the same
//! bytes.
//!
//! What is one system's own (`own`) depends on no other; what is shared grows with the systems, and what was permitted or
//! delivered before stays where it was (`policy`). Where one template would be more than CloudFormation takes, what is
//! each system's own is a nested stack.

mod alarms;
pub mod arn;
mod dashboard;
pub mod functions;
pub mod here;
mod journal;
mod keys;
mod limits;
pub mod machines;
pub mod on;
pub mod only;
mod own;
pub mod permissions;
mod policy;
mod queues;
mod role;
mod rules;
mod template;

use std::collections::{BTreeMap, BTreeSet};

use domain::names::{Recovery, Region};
use domain::system::System;
use serde_json::{Value, json};

use self::functions::Function;
use self::here::Here;
use self::own::Outside;
use self::template::Template;

pub use self::limits::{Excess, exceeded, written};

/// What a stack takes from its bucket, besides templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The functions, each a zip of its name.
    pub functions: BTreeSet<Function>,
    /// The machines' definitions, by the names of their files without `.asl.json`.
    pub machines: Vec<(&'static str, &'static str)>,
}

/// What the stack of a Region takes from its bucket, besides templates.
///
/// # Errors
/// When the systems and the Region make no stack.
pub fn code(systems: &[System], region: &Region) -> Result<Code, here::Error> {
    Ok(Code::of(&Here::of(systems, region)?.recoveries()))
}

impl Code {
    fn of(recoveries: &[Recovery]) -> Self {
        let mut functions: BTreeSet<Function> =
            recoveries.iter().copied().flat_map(machines::invoked).collect();
        functions.extend([Function::Router, Function::Journal]);
        let mut machines: Vec<_> = recoveries
            .iter()
            .map(|recovery| (recovery.machine(), rehearsal::stage::definition(*recovery)))
            .collect();
        machines.push((machines::SELF_TEST_FILE, machines::SELF_TEST_DEFINITION));
        Self { functions, machines }
    }
}

/// What makes a stack: a template, and those of its nested stacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// The template.
    pub root: Value,
    /// Those of nested stacks, by the name under which they are expected beside the functions' code:
    /// `s3://CodeBucket/CodePrefix/NAME`. None where everything has room in the one.
    pub nested: BTreeMap<String, Value>,
}

/// The name of the root's file, where there is more than one.
pub const ROOT: &str = "evenkeel.json";

impl Stack {
    /// All templates by the names of their files, as they are to be written: the root as [`ROOT`].
    ///
    /// # Errors
    /// When a template cannot be written as text.
    pub fn files(&self) -> serde_json::Result<BTreeMap<String, String>> {
        let root = std::iter::once((ROOT, &self.root));
        let nested = self
            .nested
            .iter()
            .map(|(name, template)| (name.as_str(), template));
        root.chain(nested)
            .map(|(name, template)| Ok((name.to_owned(), written(template)?)))
            .collect()
    }
}

/// The stack for a Region.
///
/// # Errors
/// When the systems and the Region make no stack.
pub fn render(systems: &[System], region: &Region) -> Result<Stack, here::Error> {
    let here = Here::of(systems, region)?;
    let mut together = shared(&here);
    for system in &here.systems {
        own::add(&mut together, system, &here, &Outside::in_the_same_template());
    }
    let root = finished(together, &here);
    if limits::has_room(&root) {
        let nested = BTreeMap::new();
        return Ok(Stack { root, nested });
    }
    let mut apart = shared(&here);
    for system in &here.systems {
        own::add_nested(&mut apart, system);
    }
    let nested = here.systems.iter();
    Ok(Stack {
        root: finished(apart, &here),
        nested: nested
            .map(|system| (own::file(system), own::nested(system, &here)))
            .collect(),
    })
}

/// What all systems share.
fn shared(here: &Here<'_>) -> Template {
    let recoveries = here.recoveries();
    let functions = Code::of(&recoveries).functions;
    let mut template = Template::default();
    journal::add(&mut template);
    for function in &functions {
        functions::add(&mut template, *function, here);
    }
    keys::add(&mut template, here);
    queues::add(&mut template);
    for recovery in &recoveries {
        machines::add(&mut template, *recovery);
    }
    machines::add_self_test(&mut template);
    rules::add(&mut template, here);
    let alarms = alarms::add(&mut template, here, &functions);
    dashboard::add(&mut template, here, &functions, &alarms);
    template
}

fn finished(template: Template, here: &Here<'_>) -> Value {
    let description = format!("Evenkeel in {}, for {}", here.region, named(here));
    let mut conditions = dashboard::condition();
    for (name, condition) in keys::conditions(here) {
        conditions[name] = condition;
    }
    template.finished(&description, &parameters(here), &conditions)
}

/// The systems by name, as far as a description may be long (1,024 bytes: CloudFormation User Guide,
/// template-description-structure).
fn named(here: &Here<'_>) -> String {
    const NAMED: usize = 20;
    let names: Vec<&str> = here
        .systems
        .iter()
        .take(NAMED)
        .map(|system| system.name.as_str())
        .collect();
    match here.systems.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

fn parameters(here: &Here<'_>) -> Value {
    let mut parameters = keys::parameters(here);
    let others = json!({
        dashboard::PARAMETER: dashboard::parameter(),
        "CodeBucket": {
            "Type": "String",
            "Description": "The S3 bucket, in this Region, that has the functions and the machines",
        },
        "CodePrefix": {
            "Type": "String",
            "Description": "What their keys begin with: PREFIX/router.zip, PREFIX/fail-over-database.asl.json",
            "AllowedPattern": "[^/](.*[^/])?",
        },
    });
    if let Value::Object(others) = others {
        parameters.extend(others);
    }
    Value::Object(parameters)
}
