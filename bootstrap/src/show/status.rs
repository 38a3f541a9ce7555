//! Where a system serves, what runs, what is asked, and who disarmed it.

use std::io::{Result, Write};

use domain::journal::{Armed, Disarmed};
use domain::system::System;
use operate::{Open, Status};
use rehearsal::kept::Kept;
use rehearsal::stage::Left;
use rehearsal::timeline::clock;

use super::{WIDTH, wrap};

const MARGIN: usize = 14;

/// At most so many runs that ended are shown, newest first.
const ENDED: usize = 5;

/// Writes it.
pub(crate) fn write(
    out: &mut impl Write,
    system: &System,
    kept: &Kept,
    seen: &[Status],
    left: &Left,
) -> Result<()> {
    writeln!(
        out,
        "{} in {}, seed {}, at {}",
        system.name,
        kept.scenario,
        kept.seed,
        clock(kept.now_ms)
    )?;
    row(out, "serves", &left.world.serving())?;
    for region in std::iter::once(&system.regions.primary).chain(&system.regions.standby) {
        if !seen.iter().any(|status| status.region == *region) {
            writeln!(out, "\n{region}")?;
            row(out, "", "does not answer")?;
        }
    }
    for status in seen {
        writeln!(out, "\n{}", status.region)?;
        for (alarm, since) in &status.alarms {
            row(
                out,
                "alarm",
                &format!("{alarm} since {}", since.strftime("%H:%M:%SZ")),
            )?;
        }
        armed(out, status)?;
        match &status.open {
            None => row(out, "runs", "nothing")?,
            Some(open) => run(out, open, "%H:%M:%SZ")?,
        }
        for incident in status.incidents.iter().take(ENDED) {
            row(out, "ended", &format!("{}: {}", incident.id, incident.outcome))?;
        }
    }
    if seen.iter().any(|status| status.disarmed.is_some()) {
        writeln!(
            out,
            "\nNothing starts by itself where it is disarmed.\n\n  evenkeel arm {} --by YOU --because WHY",
            system.name
        )?;
    }
    Ok(())
}

/// Who disarmed it, or who armed it last. With the day: it may have been another one.
pub(super) fn armed(out: &mut impl Write, status: &Status) -> Result<()> {
    const AT: &str = "%Y-%m-%d %H:%M:%SZ";
    if let Some(Disarmed { at, by, because }) = &status.disarmed {
        let text = format!("by {by} since {}, because {because}", at.strftime(AT));
        return row(out, "disarmed", &text);
    }
    match &status.last_armed {
        Some(Armed { at, by, because }) => row(
            out,
            "armed",
            &format!("by {by} since {}, because {because}", at.strftime(AT)),
        ),
        None => Ok(()),
    }
}

/// A run that is under way, with times in that form.
pub(super) fn run(out: &mut impl Write, open: &Open, form: &str) -> Result<()> {
    row(out, "runs", open.lock.holder.as_str())?;
    let since = open.lock.taken_at.strftime(form);
    row(out, "", &format!("since {since}, epoch {}", open.lock.epoch))?;
    if let Some(stop) = &open.stop {
        let wish = format!("{} wants it, because {}", stop.by, stop.because);
        row(out, "stops", &wish)?;
    }
    match &open.question {
        Some(asked) => question(out, asked),
        None => Ok(()),
    }
}

pub(super) fn question(out: &mut impl Write, asked: &domain::journal::Question) -> Result<()> {
    if let Some(answer) = &asked.answer {
        return row(
            out,
            "answered",
            &format!("{} by {}, because {}", answer.answer, answer.by, answer.because),
        );
    }
    let risks: Vec<&str> = asked.risks.iter().map(|risk| risk.word()).collect();
    let risks = if risks.is_empty() {
        "nothing would be lost".to_owned()
    } else {
        format!("to accept {}", risks.join(" and "))
    };
    row(
        out,
        "asks",
        &format!("{risks}, until {}", asked.expires_at.strftime("%H:%M:%SZ")),
    )?;
    let accepts: String = asked
        .risks
        .iter()
        .map(|risk| format!(" --accept {risk}"))
        .collect();
    // Commands stand on lines of their own, whole: they are copied.
    writeln!(
        out,
        "\n  evenkeel approve {} \\\n    --by YOU --because WHY{accepts}",
        asked.incident
    )?;
    writeln!(
        out,
        "  evenkeel reject {} \\\n    --by YOU --because WHY",
        asked.incident
    )
}

pub(super) fn row(out: &mut impl Write, name: &str, text: &str) -> Result<()> {
    for (index, line) in wrap(text, WIDTH - MARGIN).iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        writeln!(out, "  {name:<11} {line}")?;
    }
    Ok(())
}
