//! What a doctor found.

use std::io::{Result, Write};

use super::{WIDTH, wrap};
use crate::commands::doctor::{Finding, Verdict};

const MARGIN: usize = 24;

/// Writes it, a Region after the other.
pub(crate) fn write(out: &mut impl Write, findings: &[Finding]) -> Result<()> {
    let mut before = None;
    for finding in findings {
        if before != Some(&finding.region) {
            let place = &finding.region;
            writeln!(out, "{}{place}", if before.is_some() { "\n" } else { "" })?;
            before = Some(&finding.region);
        }
        one(out, finding)?;
    }
    Ok(())
}

fn one(out: &mut impl Write, finding: &Finding) -> Result<()> {
    let verdict = match finding.verdict {
        Verdict::Good => "good",
        Verdict::Wrong => "WRONG",
        Verdict::Unknown => "unknown",
        Verdict::Unseen => "unseen",
    };
    for (index, line) in wrap(&finding.seen, WIDTH - MARGIN).iter().enumerate() {
        let (verdict, what) = if index == 0 {
            (verdict, finding.what)
        } else {
            ("", "")
        };
        writeln!(out, "  {verdict:<8} {what:<12} {line}")?;
    }
    let hint = finding.hint.as_ref().map(|hint| format!("hint: {hint}"));
    for line in hint.iter().flat_map(|hint| wrap(hint, WIDTH - MARGIN)) {
        writeln!(out, "  {:<8} {:<12} {line}", "", "")?;
    }
    Ok(())
}
