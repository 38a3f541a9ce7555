//! `[[injection]]`: a fault at a place of Evenkeel's own work.

use serde::Deserialize;
use toml::Spanned;

use super::Problems;
use crate::injection::{Fault, Injection, Place};

/// An injection as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
    /// The place.
    at: Spanned<String>,
    /// What goes wrong there.
    fault: Spanned<String>,
}

/// Reads one.
pub(super) fn injection(table: &Table, problems: &mut Problems) -> Option<Injection> {
    let place = table.at.get_ref().parse::<Place>();
    let fault = table.fault.get_ref().parse::<Fault>();
    if let Err(error) = &place {
        let hint =
            "copy a place from what `evenkeel prove` prints, as in `fail-over-region/Promote/invocation#1`";
        problems.note(table.at.span(), error.to_string(), hint);
    }
    if let Err(error) = &fault {
        let hint = "copy a fault from what `evenkeel prove` prints, as in `call-answer-lost`";
        problems.note(table.fault.span(), error.clone(), hint);
    }
    let (place, fault) = (place.ok()?, fault.ok()?);
    if !fault.fits(&place.spot.what) {
        problems.note(
            table.fault.span(),
            format!("`{fault}` cannot happen at {place}"),
            "calls have call- faults, invocations invocation- faults, entries run- faults and planes that go down, events event- faults",
        );
        return None;
    }
    Some(Injection { place, fault })
}
