//! Runs of the past, newest first.

use std::io::{Result, Write};

use domain::journal::Incident;

use super::{WIDTH, duration, wrap};
use crate::commands::operate::history::Past;

/// Writes two lines for each: how it ended, and its name, whole, because it is copied.
pub(crate) fn write(out: &mut impl Write, found: &[Past]) -> Result<()> {
    if found.is_empty() {
        writeln!(out, "No recovery has run.")?;
        return writeln!(out, "hint: evenkeel run MACHINE --by YOU --because WHY");
    }
    for past in found {
        let at = past.opened_at.strftime("%Y-%m-%d %H:%M:%SZ");
        let ended = match (past.outcome, past.execution.as_deref()) {
            (Some(outcome), _) => outcome.to_string(),
            (None, Some(status)) => status.to_lowercase().replace('_', " "),
            (None, None) => "unknown".to_owned(),
        };
        let took = past
            .ended_at
            .and_then(|end| u64::try_from(end.as_millisecond() - past.opened_at.as_millisecond()).ok())
            .map_or_else(String::new, |ms| format!(", {}", duration(ms)));
        writeln!(out, "{at}  {ended:<12}  {}{took}", past.region)?;
        writeln!(out, "  {}", past.incident)?;
    }
    Ok(())
}

/// Writes how a run ended, and what was seen.
pub(crate) fn record(out: &mut impl Write, past: &Incident) -> Result<()> {
    let ms = u64::try_from(past.closed_at.as_millisecond() - past.opened_at.as_millisecond());
    let took = ms.map_or_else(|_| String::new(), |ms| format!(" after {}", duration(ms)));
    writeln!(out, "{}\n{}{took}", past.id, past.outcome)?;
    for line in past.seen.iter().flat_map(|seen| wrap(seen, WIDTH - 2)) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
