//! How the systems of an account stand.

use std::io::{Result, Write};

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

use super::status::row;
use crate::commands::operate::status::Row;

/// At most so many runs that ended are shown of a system and Region, newest first: `evenkeel history` has them all.
const ENDED: usize = 3;

/// Writes a table of all, and what there is to say of each.
pub(crate) fn write(out: &mut impl Write, rows: &[Row]) -> Result<()> {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["system", "Region", "", "readiness", "alarms"]);
    for row in rows {
        let alarms = match &row.seen {
            Some(seen) => seen.alarms.len().to_string(),
            None => "?".to_owned(),
        };
        let home = if row.primary { "primary" } else { "standby" };
        table.add_row([
            row.system.to_string(),
            row.region.to_string(),
            home.to_owned(),
            row.readiness.to_string(),
            alarms,
        ]);
    }
    writeln!(out, "{table}")?;
    for row in rows {
        details(out, row)?;
    }
    Ok(())
}

fn details(out: &mut impl Write, one: &Row) -> Result<()> {
    let Some(seen) = &one.seen else {
        heading(out, one)?;
        row(out, "why", one.why.as_deref().unwrap_or_default())?;
        return row(out, "hint", one.hint.as_deref().unwrap_or_default());
    };
    let quiet = seen.open.is_none()
        && seen.alarms.is_empty()
        && seen.incidents.is_empty()
        && seen.disarmed.is_none()
        && seen.last_armed.is_none();
    if quiet {
        return Ok(());
    }
    heading(out, one)?;
    for (alarm, since) in &seen.alarms {
        row(
            out,
            "alarm",
            &format!("{alarm} since {}", since.strftime("%Y-%m-%d %H:%M:%SZ")),
        )?;
    }
    super::status::armed(out, seen)?;
    if let Some(open) = &seen.open {
        super::status::run(out, open, "%Y-%m-%d %H:%M:%SZ")?;
    }
    for incident in seen.incidents.iter().take(ENDED) {
        row(out, "ended", &format!("{}: {}", incident.id, incident.outcome))?;
    }
    if seen.disarmed.is_some() {
        let name = &one.system;
        writeln!(out, "\n  evenkeel arm {name} --by YOU --because WHY")?;
    }
    Ok(())
}

fn heading(out: &mut impl Write, one: &Row) -> Result<()> {
    writeln!(out, "\n{} in {}", one.system, one.region)
}
