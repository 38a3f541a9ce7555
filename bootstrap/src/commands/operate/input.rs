//! The input of a run, from a file: what a run of another day was given, or one that a person wrote.

use std::path::Path;

use domain::steps::Run;

use crate::failure::Failure;

/// Reads it.
pub(super) fn read(path: &Path) -> Result<Run, Failure> {
    let hint = "an input is {\"system\", \"incident\", \"recovery\", \"opened_at\", \"because\"}: docs/guide/operating.md";
    let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, error, hint))?;
    serde_json::from_str(&text).map_err(|error| Failure::NotThat {
        path: path.to_owned(),
        line: error.line(),
        what: format!("no input of a machine: {error}"),
        hint: hint.to_owned(),
    })
}
