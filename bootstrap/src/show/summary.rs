//! What many rehearsals have in common.

use std::io::{Result, Write};

use rehearsal::many::{Spread, Summary};
use rehearsal::scenario::Scenario;

use super::{count, duration};

/// At most so many seeds are named: one is enough to look at.
const NAMED: usize = 10;

/// Writes it.
pub(crate) fn write(out: &mut impl Write, scenario: &Scenario, summary: &Summary) -> Result<()> {
    writeln!(out, "{}: {} seeds\n", scenario.name, count(summary.seeds as u64))?;
    for (outcome, times) in &summary.outcomes {
        writeln!(out, "  {outcome:<16}{:>9}", count(*times))?;
    }
    writeln!(
        out,
        "\n  {:<16}{:>14}{:>14}{:>14}{:>14}",
        "", "least", "median", "95 %", "most"
    )?;
    let rows = [
        ("no service", summary.rto_ms),
        ("writes lost", summary.rpo_ms),
        ("RDS itself", summary.failover_ms),
        ("Evenkeel added", summary.own_ms),
    ];
    for (name, spread) in rows
        .into_iter()
        .filter(|(name, spread)| *name == "no service" || spread.most > 0)
    {
        let Spread {
            least,
            median,
            p95,
            most,
        } = spread;
        let [least, median, p95, most] = [least, median, p95, most].map(duration);
        writeln!(out, "  {name:<16}{least:>14}{median:>14}{p95:>14}{most:>14}")?;
    }
    if let Some(percent) = summary.own_percent {
        writeln!(out, "\n  Evenkeel added at most {percent:.1} % of a move")?;
    }
    let broke = if summary.violated == 0 {
        "none broke".to_owned()
    } else {
        format!("{} BROKE", summary.violated)
    };
    writeln!(
        out,
        "\n  invariants checked {} times, {broke}",
        count(summary.checked)
    )?;
    if let Some(first) = summary.missed.first() {
        let named: Vec<String> = summary.missed.iter().take(NAMED).map(u64::to_string).collect();
        let missed = summary.missed.len();
        writeln!(
            out,
            "  {missed} seeds missed an objective or an expectation: {}",
            named.join(", ")
        )?;
        writeln!(
            out,
            "\n  hint: evenkeel rehearse {} --seed {first}",
            scenario.name
        )?;
    }
    Ok(())
}
