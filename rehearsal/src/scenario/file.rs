//! A scenario file, and how it is read: from text to a [`Scenario`], or to problems that name their place, their reason
//! and a way out.
//!
//! ```toml
//! summary = "The primary Region is lost."
//! window = "1h"
//! requests-per-second = 834
//! system = "two-regions"
//!
//! [[fault]]
//! at = "2m"
//! within = "1m"
//! kind = "region-lost"
//! region = "primary"
//!
//! [[person]]
//! when = "approval-asked"
//! after = "15s"
//! within = "10s"
//! does = "approve"
//! accepts = ["data-loss", "not-fenced"]
//! by = "on-call"
//! because = "nothing there answers"
//!
//! [expect]
//! outcomes = ["recovered"]
//! failovers-at-most = 1
//! ```

mod injections;
mod people;
mod strikes;
mod syntax;

use std::ops::Range;

use domain::duration::Duration;
use domain::names::Recovery;
use domain::system::{Problem, System};
use serde::Deserialize;
use toml::Spanned;

use super::{Expectation, LostWrites, Outcome, SYSTEMS, Scenario};
use crate::world::fault::{Place, Where};

/// A scenario as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ScenarioFile {
    /// One line about it.
    summary: String,
    /// How long it is watched at least.
    window: Spanned<Duration>,
    /// Users' requests per second.
    requests_per_second: Spanned<u32>,
    /// Name of the example system that it is about.
    system: Spanned<String>,
    #[serde(default)]
    fault: Vec<Spanned<strikes::Table>>,
    #[serde(default)]
    person: Vec<Spanned<people::Table>>,
    #[serde(default)]
    injection: Vec<injections::Table>,
    expect: ExpectTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ExpectTable {
    outcomes: Spanned<Vec<Outcome>>,
    failovers_at_most: u32,
    rto: Option<Duration>,
    rpo: Option<Duration>,
    own_share_at_most: Option<u32>,
    lost_writes: Option<LostWrites>,
    serving: Option<Spanned<Place>>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    recovered_by: Vec<Recovery>,
    #[serde(default)]
    never_started: Vec<Recovery>,
    runs_at_most: Option<u32>,
    messages_at_most: Option<u32>,
    in_service_within: Option<Duration>,
}

/// What is wrong with a file, gathered.
#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn note(&mut self, span: Range<usize>, what: impl Into<String>, hint: impl Into<String>) {
        self.0.push(Problem {
            span,
            what: what.into(),
            hint: hint.into(),
        });
    }
}

/// Reads and checks a scenario file.
///
/// # Errors
/// Everything that is wrong with it, or the first place where the text is not a scenario file at all.
pub fn from_file(name: &str, text: &str) -> Result<Scenario, Vec<Problem>> {
    let file: ScenarioFile = toml::from_str(text).map_err(|error| vec![syntax::problem(&error, text)])?;
    let mut problems = Problems::default();
    let asked = file.system.get_ref().as_str();
    let system = SYSTEMS.iter().find(|system| system.name == asked);
    let read = system.and_then(|system| system.read().ok());
    if system.is_none() {
        let names: Vec<&str> = SYSTEMS.iter().map(|system| system.name).collect();
        let hint = one_of(asked, &names);
        problems.note(
            file.system.span(),
            format!("no example system is named `{asked}`"),
            hint,
        );
    }
    if *file.requests_per_second.get_ref() == 0 {
        problems.note(
            file.requests_per_second.span(),
            "nobody asks anything, so nobody would notice anything",
            "write 1 or more",
        );
    }
    if file.expect.outcomes.get_ref().is_empty() {
        problems.note(
            file.expect.outcomes.span(),
            "no outcome is expected",
            "name at least one, as in `outcomes = [\"recovered\"]`",
        );
    }
    let window = *file.window.get_ref();
    let faults = file
        .fault
        .iter()
        .filter_map(|table| strikes::fault(table, window, read.as_ref(), &mut problems));
    let faults: Vec<_> = faults.collect();
    let people = file
        .person
        .iter()
        .filter_map(|table| people::person(table, window, read.as_ref(), &mut problems));
    let people: Vec<_> = people.collect();
    let injections = file
        .injection
        .iter()
        .filter_map(|table| injections::injection(table, &mut problems));
    let injections: Vec<_> = injections.collect();
    if let (Some(serving), Some(system)) = (&file.expect.serving, &read)
        && *serving.get_ref() == Place::Standby
        && system.region_failover.is_none()
    {
        problems.note(serving.span(), "the system has no standby Region", TWO_REGIONS);
    }
    let Some(system) = system.filter(|_| problems.0.is_empty()) else {
        return Err(problems.0);
    };
    Ok(Scenario {
        name: name.to_owned(),
        summary: file.summary,
        window,
        requests_per_second: file.requests_per_second.into_inner(),
        system,
        faults,
        people,
        injections,
        expect: Expectation {
            outcomes: file.expect.outcomes.into_inner(),
            failovers_at_most: file.expect.failovers_at_most,
            rto: file.expect.rto,
            rpo: file.expect.rpo,
            own_share_at_most: file.expect.own_share_at_most,
            lost_writes: file.expect.lost_writes,
            serving: file.expect.serving.map(Spanned::into_inner),
            without: file.expect.without,
            recovered_by: file.expect.recovered_by,
            never_started: file.expect.never_started,
            runs_at_most: file.expect.runs_at_most,
            messages_at_most: file.expect.messages_at_most,
            in_service_within: file.expect.in_service_within,
        },
    })
}

/// The nearest of these names, or all of them.
fn one_of(came: &str, allowed: &[&str]) -> String {
    let near = allowed
        .iter()
        .map(|name| (strsim::damerau_levenshtein(came, name), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min();
    match near {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("use one of: {}", allowed.join(", ")),
    }
}

/// A Region as people write it: what it is to the system, or its code.
fn place(text: &Spanned<String>, system: Option<&System>, problems: &mut Problems) -> Option<Where> {
    let one_region = system.is_some_and(|system| system.region_failover.is_none());
    match text.get_ref().as_str() {
        "primary" => Some(Where::At(Place::Primary)),
        "standby" if one_region => {
            problems.note(text.span(), "the system has no standby Region", TWO_REGIONS);
            None
        }
        "standby" => Some(Where::At(Place::Standby)),
        code => match code.parse() {
            Ok(region) => Some(Where::In(region)),
            Err(_) => {
                let hint = match one_of(code, &["primary", "standby"]) {
                    near if near.starts_with("did") => near,
                    _ => "write `primary`, `standby` or a Region's code, as in `us-east-1`".to_owned(),
                };
                problems.note(text.span(), format!("`{code}` is no Region"), hint);
                None
            }
        },
    }
}

/// What to do about a scenario that needs two Regions.
const TWO_REGIONS: &str = "write `system = \"two-regions\"`";

/// A key that does not go with the others, or one that is missing.
fn misplaced<T>(key: &str, value: Option<&Spanned<T>>, goes_with: &str, problems: &mut Problems) {
    if let Some(value) = value {
        problems.note(
            value.span(),
            format!("`{key}` means nothing here"),
            format!("remove it: it goes with {goes_with}"),
        );
    }
}

#[cfg(test)]
mod tests;
