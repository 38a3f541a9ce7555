//! What came of disarming a system, and of arming it.

use std::io::{Result, Write};

use domain::journal::Disarmed;
use domain::names::Region;
use operate::{Arming, Disarming, NotIn};

use super::{WIDTH, wrap};

/// It was disarmed.
pub(crate) fn disarmed(out: &mut impl Write, disarming: &Disarming) -> Result<()> {
    let Disarming {
        system,
        regions,
        not_in,
    } = disarming;
    let text = format!(
        "{system} is disarmed in {}: nothing starts by itself there.",
        places(regions)
    );
    say(out, &text)?;
    for (region, standing) in regions {
        say(out, &format!("In {region}: {standing}."))?;
    }
    say(
        out,
        "What runs already goes on: `evenkeel stop` stops it. `evenkeel run` still starts one.",
    )?;
    missed(out, not_in, "There, recoveries still start by themselves.")
}

/// It was armed.
pub(crate) fn armed(out: &mut impl Write, arming: &Arming) -> Result<()> {
    let Arming {
        system,
        regions,
        not_in,
    } = arming;
    let text = format!(
        "{system} is armed in {}: recoveries start by themselves there, as its policy has it.",
        places(regions)
    );
    say(out, &text)?;
    for (region, was) in regions {
        match was {
            Some(Disarmed { at, by, because }) => say(
                out,
                &format!("In {region} it was disarmed by {by} since {at}: {because}."),
            )?,
            None => say(out, &format!("In {region} it was armed already."))?,
        }
    }
    missed(out, not_in, "If it was disarmed there, it still is.")
}

fn missed(out: &mut impl Write, not_in: &[NotIn], so: &str) -> Result<()> {
    for NotIn { region, why } in not_in {
        say(out, &format!("NOT in {region}: {why}. {so}"))?;
    }
    if not_in.is_empty() {
        return Ok(());
    }
    say(out, "hint: type it again when that Region answers")
}

fn places<T>(regions: &[(Region, T)]) -> String {
    let names: Vec<&str> = regions.iter().map(|(region, _)| region.as_str()).collect();
    names.join(" and ")
}

fn say(out: &mut impl Write, text: &str) -> Result<()> {
    for line in wrap(text, WIDTH) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
