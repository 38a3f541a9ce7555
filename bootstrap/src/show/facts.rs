//! What the embedded cloud believes about AWS.

use std::io::{Error, Result, Write};

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use rehearsal::facts::{ALL, Basis};

use super::{WIDTH, duration};

/// Writes them.
pub(crate) fn write(out: &mut impl Write, json: bool) -> Result<()> {
    if json {
        return writeln!(out, "{}", serde_json::to_string_pretty(ALL).map_err(Error::from)?);
    }
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
        .set_width(u16::try_from(WIDTH).unwrap_or(80))
        .set_header(["what", "least", "most", "source"]);
    let fixed = |width| ColumnConstraint::Absolute(Width::Fixed(width));
    table.set_constraints([fixed(26), fixed(10), fixed(12)]);
    for fact in ALL {
        let source = match fact.basis {
            Basis::Documented(source) => format!("documented: {source}"),
            Basis::Measured(source) => format!("measured: {source}"),
            Basis::Assumed(why) => format!("ASSUMED: {why}"),
        };
        let [least, most] = [fact.least, fact.most].map(|bound| duration(bound.as_millis()));
        table.add_row([fact.what.to_owned(), least, most, source]);
    }
    writeln!(out, "{table}")
}
