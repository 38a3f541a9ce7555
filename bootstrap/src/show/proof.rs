//! What a proof tried, and what it found.

use std::collections::BTreeMap;
use std::io::{Result, Write};
use std::path::PathBuf;

use rehearsal::prove::Coverage;
use rehearsal::timeline::Entry;
use rehearsal::world::invariant::Violation;
use serde::Serialize;

use super::{WIDTH, count, wrap};

/// What a proof came to. Its JSON form is the program's `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Proof {
    /// Whether faults were tried in pairs too.
    pub(crate) pairs: bool,
    /// How long it took, this time.
    pub(crate) seconds: f64,
    /// How many trials were made, this time.
    pub(crate) trials_now: u64,
    /// States that no trial entered, as `machine/State`.
    pub(crate) never_entered: Vec<String>,
    /// By subject.
    pub(crate) rows: Vec<Row>,
    /// How often each kind of fault struck at each state.
    pub(crate) coverage: Coverage,
    /// Of what broke, an example each.
    pub(crate) examples: Vec<Example>,
}

/// What was tried of a subject.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// Machine and scenario.
    pub(crate) subject: String,
    /// How many places its run passes without faults.
    pub(crate) places: u64,
    /// How many single faults there are.
    pub(crate) faults: u64,
    /// How many of them were tried, with all that can follow where pairs are.
    pub(crate) tried: u64,
    /// In how many trials.
    pub(crate) trials: u64,
    /// How many trials broke something.
    pub(crate) broken: u64,
}

/// Faults that broke something.
#[derive(Debug, Serialize)]
pub(crate) struct Example {
    /// Machine and scenario.
    pub(crate) subject: String,
    /// The fewest faults.
    pub(crate) faults: Vec<String>,
    /// What they broke.
    pub(crate) violations: Vec<Violation>,
    /// How it went.
    #[serde(skip)]
    pub(crate) timeline: Vec<Entry>,
    /// The scenario file that plays it again.
    pub(crate) file: Option<PathBuf>,
}

impl Proof {
    /// Whether nothing broke.
    pub(crate) fn is_good(&self) -> bool {
        self.rows.iter().all(|row| row.broken == 0)
    }
}

/// Writes it.
pub(crate) fn write(out: &mut impl Write, proof: &Proof, coverage: bool) -> Result<()> {
    if let Some(first) = proof.examples.first() {
        writeln!(out, "{}, {}:\n", first.subject, first.faults.join(" and "))?;
        for entry in &first.timeline {
            super::timeline::line(out, entry)?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "{:<46}{:>8}{:>8}{:>10}{:>8}",
        "machine in scenario", "faults", "tried", "trials", "broke"
    )?;
    for row in &proof.rows {
        writeln!(
            out,
            "{:<46}{:>8}{:>8}{:>10}{:>8}",
            row.subject,
            count(row.faults),
            count(row.tried),
            count(row.trials),
            count(row.broken)
        )?;
    }
    let sum = |of: fn(&Row) -> u64| proof.rows.iter().map(of).sum::<u64>();
    let (faults, tried, trials, broken) = (
        sum(|row| row.faults),
        sum(|row| row.tried),
        sum(|row| row.trials),
        sum(|row| row.broken),
    );
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = proof.trials_now as f64 / proof.seconds.max(0.001);
    writeln!(
        out,
        "\n{} trials, {:.0} s of them now, {rate:.0} a second.",
        count(trials),
        proof.seconds
    )?;
    let what = if proof.pairs {
        "faults with all that can follow them"
    } else {
        "single faults"
    };
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let share = tried as f64 * 100.0 / faults.max(1) as f64;
    writeln!(
        out,
        "{} of {} {what} were tried: {share:.1} %.",
        count(tried),
        count(faults)
    )?;
    if tried == faults {
        writeln!(
            out,
            "Behind them the states were struck to which only faults lead."
        )?;
    }
    if coverage {
        table(out, &proof.coverage)?;
    }
    let states: usize = proof.coverage.states.values().map(BTreeMap::len).sum();
    let missed = proof.never_entered.len();
    writeln!(out, "{} of {states} states were entered.", states - missed)?;
    if missed > 0 {
        for line in wrap(&format!("not entered: {}", proof.never_entered.join(", ")), WIDTH) {
            writeln!(out, "{line}")?;
        }
    }
    if broken == 0 {
        writeln!(out, "\nNothing broke.")?;
        return Ok(());
    }
    writeln!(
        out,
        "\n{} trials BROKE something. An example of each:",
        count(broken)
    )?;
    for example in &proof.examples {
        let what: Vec<String> = example
            .violations
            .iter()
            .map(|violation| format!("{}: {}", violation.invariant, violation.what))
            .collect();
        let said = format!(
            "{}: {}: {}",
            example.subject,
            example.faults.join(" and "),
            what.join("; ")
        );
        for line in wrap(&said, WIDTH - 2) {
            writeln!(out, "  {line}")?;
        }
        if let Some(file) = &example.file {
            writeln!(out, "  hint: evenkeel rehearse {}\n", file.display())?;
        }
    }
    Ok(())
}

/// By state: how often each kind of fault struck.
fn table(out: &mut impl Write, coverage: &Coverage) -> Result<()> {
    for (machine, states) in &coverage.states {
        writeln!(out, "\n{machine}")?;
        for (state, known) in states {
            let struck: Vec<String> = known
                .struck
                .iter()
                .map(|(fault, times)| format!("{fault} {}", count(*times)))
                .collect();
            writeln!(out, "  {state}: entered {} times", count(known.entered))?;
            if struck.is_empty() {
                writeln!(out, "    nothing struck there")?;
            }
            for line in wrap(&struck.join(", "), WIDTH - 4) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    for (whose, struck) in &coverage.elsewhere {
        let struck: Vec<String> = struck
            .iter()
            .map(|(fault, times)| format!("{fault} {}", count(*times)))
            .collect();
        writeln!(out, "\n{whose}")?;
        for line in wrap(&struck.join(", "), WIDTH - 4) {
            writeln!(out, "    {line}")?;
        }
    }
    writeln!(out)
}
