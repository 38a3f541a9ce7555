//! What a rehearsal measured.

use std::io::{Result, Write};

use anstyle::{AnsiColor, Style};
use rehearsal::report::Report;

use super::{WIDTH, count, duration, wrap};

const MARGIN: usize = 16;

/// Writes it.
pub(crate) fn write(out: &mut impl Write, report: &Report) -> Result<()> {
    writeln!(out)?;
    let expected = if report.as_expected {
        "as the scenario expects"
    } else {
        "NOT what the scenario expects"
    };
    row(
        out,
        "outcome",
        &format!("{}, {expected}", report.outcome),
        report.as_expected,
    )?;
    for unexpected in &report.unexpected {
        row(out, "", unexpected, false)?;
    }
    for objective in &report.objectives {
        let verdict = if objective.met { "met" } else { "MISSED" };
        let text = format!(
            "{} measured, {} promised: {verdict}",
            objective.measured, objective.promised
        );
        row(out, objective.name, &text, objective.met)?;
    }
    let (sent, lost) = (report.requests.sent, report.requests.lost);
    row(
        out,
        "requests",
        &format!("{} sent, {} lost", count(sent), count(lost)),
        true,
    )?;
    if let Some(lag) = report.lag_at_loss_ms {
        let text = format!(
            "the standby was {} behind when the Region was lost",
            duration(lag)
        );
        row(out, "lag", &text, true)?;
    }
    if let Some(accepted) = &report.accepted {
        let text = format!(
            "{} by {}, because {}",
            accepted.accepted.join(" and "),
            accepted.by,
            accepted.because
        );
        row(out, "accepted", &text, true)?;
    }
    if let Some(moving) = &report.moving {
        let legs: Vec<String> = moving
            .legs
            .iter()
            .map(|leg| format!("{} {}", leg.what, duration(leg.took_ms)))
            .collect();
        row(out, "waited for", &legs.join(", "), true)?;
        let text = format!(
            "{}, {:.1} % of {}",
            duration(moving.own_ms),
            moving.own_percent,
            duration(moving.recovery_ms)
        );
        row(out, "Evenkeel took", &text, true)?;
    }
    if let (Some(failover), Some(own)) = (report.failover_ms, report.own_ms) {
        let text = format!(
            "RDS took {}, Evenkeel added {}",
            duration(failover),
            duration(own)
        );
        row(out, "failover", &text, true)?;
    }
    if let Some(verified) = report.verified_ms {
        row(
            out,
            "verified",
            &format!("a write was read back {} after the loss", duration(verified)),
            true,
        )?;
    }
    let cost = &report.cost;
    let text = format!(
        "{} transitions, {} invocations: ${:.5} on AWS",
        cost.transitions, cost.invocations, cost.dollars
    );
    row(out, "cost", &text, true)?;
    let held = report.violations.is_empty();
    let broke = if held {
        "none broke".to_owned()
    } else {
        format!("{} BROKE", report.violations.len())
    };
    row(
        out,
        "invariants",
        &format!("checked {} times, {broke}", count(report.invariants.checked)),
        held,
    )?;
    for violation in &report.violations {
        row(
            out,
            "",
            &format!("{:?}: {}", violation.invariant, violation.what),
            false,
        )?;
    }
    if !report.dead_letters.is_empty() {
        row(
            out,
            "dead letters",
            &format!("{} events that nobody understood", report.dead_letters.len()),
            false,
        )?;
    }
    Ok(())
}

fn row(out: &mut impl Write, name: &str, text: &str, good: bool) -> Result<()> {
    let style = if good {
        Style::new()
    } else {
        AnsiColor::Red.on_default().bold()
    };
    for (index, line) in wrap(text, WIDTH - MARGIN).iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        writeln!(out, "  {name:<14}{style}{line}{style:#}")?;
    }
    Ok(())
}
