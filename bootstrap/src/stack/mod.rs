//! The stack: what Evenkeel needs in one Region of an account, as one CloudFormation template that is made from the system files.
//!
//! ```text
//! rules, schedule ─► router ─► state machines ─► functions ─► what the systems are made of
//!       └─► Undelivered   └─► DeadLetters              └─► journal
//! ```
//!
//! Nothing in it stands in the path of a recovery but Lambda, Step Functions and the table (rule 1). The same files give the same
//! bytes.

mod alarms;
pub mod arn;
pub mod functions;
pub mod here;
mod journal;
mod limits;
pub mod machines;
pub mod on;
pub mod permissions;
mod policy;
mod queues;
mod role;
mod rules;
mod template;

use std::collections::BTreeSet;

use domain::names::Region;
use domain::system::System;
use serde_json::{Value, json};

use self::functions::Function;
use self::here::Here;
use self::template::Template;

pub use self::limits::{Excess, exceeded};

/// The template for a Region.
///
/// # Errors
/// When the systems and the Region make no stack.
pub fn render(systems: &[System], region: &Region) -> Result<Value, here::Error> {
    let here = Here::of(systems, region)?;
    let recoveries = here.recoveries();
    let mut functions: BTreeSet<Function> = recoveries.iter().copied().flat_map(machines::invoked).collect();
    functions.insert(Function::Router);
    let mut template = Template::default();
    journal::add(&mut template);
    for function in &functions {
        functions::add(&mut template, *function, &here);
    }
    queues::add(&mut template);
    for recovery in &recoveries {
        machines::add(&mut template, *recovery);
    }
    rules::add(&mut template, &here);
    alarms::add(&mut template, &here, &functions);
    let description = format!("Evenkeel in {region}, for {}", named(&here));
    Ok(template.finished(&description, &parameters()))
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

fn parameters() -> Value {
    json!({
        "CodeBucket": {
            "Type": "String",
            "Description": "The S3 bucket, in this Region, that has the functions and the machines",
        },
        "CodePrefix": {
            "Type": "String",
            "Description": "What their keys begin with: PREFIX/router.zip, PREFIX/fail-over-database.asl.json",
            "AllowedPattern": "[^/](.*[^/])?",
        },
    })
}
