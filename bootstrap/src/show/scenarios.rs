//! The scenarios there are.

use std::io::{Error, Result, Write};

use rehearsal::scenario;

/// Writes them.
pub(crate) fn write(out: &mut impl Write) -> Result<()> {
    for name in scenario::names() {
        let scenario = scenario::named(name).map_err(Error::other)?;
        writeln!(out, "{name}\n    {}", scenario.summary)?;
    }
    writeln!(
        out,
        "\nhint: evenkeel rehearse {}",
        scenario::names().next().unwrap_or_default()
    )
}
