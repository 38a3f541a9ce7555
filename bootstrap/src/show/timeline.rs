//! The timeline, line by line as it happens.

use std::io::{Result, Write};

use anstyle::{AnsiColor, Style};
use domain::system::System;
use rehearsal::scenario::Scenario;
use rehearsal::timeline::{Actor, Entry, clock};

use super::{WIDTH, wrap};

/// Room for the clock and the actor.
const MARGIN: usize = 21;

/// What is played.
pub(crate) fn heading(out: &mut impl Write, scenario: &Scenario, system: &System, seed: u64) -> Result<()> {
    let bold = Style::new().bold();
    writeln!(out, "{bold}{}{bold:#}  seed {seed}", scenario.name)?;
    writeln!(out, "{}", scenario.summary)?;
    let database = &system.database;
    writeln!(
        out,
        "System {}: {} {} in {}.",
        system.name, database.kind, database.identifier, system.regions.primary
    )?;
    writeln!(
        out,
        "Virtual time, minutes:seconds; {} requests per second.\n",
        scenario.requests_per_second
    )
}

/// One thing that happened.
pub(crate) fn line(out: &mut impl Write, entry: &Entry) -> Result<()> {
    let style = style(entry.actor);
    let lines = wrap(&entry.what, WIDTH - MARGIN);
    for (index, text) in lines.iter().enumerate() {
        if index == 0 {
            writeln!(
                out,
                "{:>9}  {style}{:<8}{style:#}  {text}",
                clock(entry.at),
                entry.actor
            )?;
        } else {
            writeln!(out, "{:MARGIN$}{text}", "")?;
        }
    }
    Ok(())
}

fn style(actor: Actor) -> Style {
    let colour = match actor {
        Actor::Fault => AnsiColor::Red,
        Actor::Users => AnsiColor::Magenta,
        Actor::Alarm | Actor::Bus => AnsiColor::Yellow,
        Actor::Router => AnsiColor::Cyan,
        Actor::Machine => AnsiColor::Blue,
        Actor::People => AnsiColor::Green,
        Actor::Call | Actor::Rds | Actor::World | Actor::Step => return Style::new(),
    };
    colour.on_default().bold()
}
