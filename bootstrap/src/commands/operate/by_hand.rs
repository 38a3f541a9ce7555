//! `evenkeel run`, `approve`, `reject`, `stop`, `disarm`, `arm` and `redrive`, in an account.

use std::io::Write;
use std::process::ExitCode;

use domain::names::Region;
use domain::steps::Run as Input;
use operate::Reason;
use rehearsal::command::Done;

use super::desk::Desk;
use crate::account;
use crate::cli::{Answer, Approve, Arming, Place, Redrive, Run, Signed};
use crate::failure::Failure;
use crate::show;

pub(super) fn run(asked: &Run) -> Result<ExitCode, Failure> {
    let input = asked.input.as_deref().map(super::input::read).transpose()?;
    at_the_desk(&asked.place, asked.json, async |desk| {
        let named = asked
            .system
            .as_ref()
            .or(input.as_ref().map(|input| &input.system));
        let system = desk.system(named)?;
        let usual = system.region_for(asked.machine);
        let region = desk.region.as_ref().unwrap_or(usual).clone();
        let hands = desk.hands(&region);
        let reason = reason(&asked.signed);
        let started = match input {
            None => hands.run(&system.name, asked.machine, reason).await,
            Some(input) => {
                let input = Input {
                    system: system.name.clone(),
                    recovery: asked.machine,
                    ..input
                };
                hands.run_with(input, reason).await
            }
        };
        Ok((Some(region), Done::Started(started?)))
    })
}

pub(super) fn approve(asked: &Approve) -> Result<ExitCode, Failure> {
    let Answer {
        incident,
        signed,
        json,
        place,
    } = &asked.answer;
    at_the_desk(place, *json, async |desk| {
        let found = desk.find_open(incident).await?;
        let hands = desk.hands(&found.region);
        let answered = hands
            .approve(&found.system, incident, reason(signed), &asked.accepts)
            .await?;
        Ok((Some(found.region), Done::Answered(answered)))
    })
}

pub(super) fn reject(asked: &Answer) -> Result<ExitCode, Failure> {
    at_the_desk(&asked.place, asked.json, async |desk| {
        let found = desk.find_open(&asked.incident).await?;
        let hands = desk.hands(&found.region);
        let answered = hands
            .reject(&found.system, &asked.incident, reason(&asked.signed))
            .await?;
        Ok((Some(found.region), Done::Answered(answered)))
    })
}

pub(super) fn stop(asked: &Answer) -> Result<ExitCode, Failure> {
    at_the_desk(&asked.place, asked.json, async |desk| {
        let found = desk.find_open(&asked.incident).await?;
        let hands = desk.hands(&found.region);
        let stopped = hands
            .stop(&found.system, &asked.incident, reason(&asked.signed))
            .await?;
        Ok((Some(found.region), Done::Stopped(stopped)))
    })
}

pub(super) fn disarm(asked: &Arming) -> Result<ExitCode, Failure> {
    at_the_desk(&asked.place, asked.json, async |desk| {
        let system = desk.system(Some(&asked.system))?;
        let hands = desk.hands(&system.regions.primary);
        Ok((
            None,
            Done::Disarmed(hands.disarm(&asked.system, reason(&asked.signed)).await?),
        ))
    })
}

pub(super) fn arm(asked: &Arming) -> Result<ExitCode, Failure> {
    at_the_desk(&asked.place, asked.json, async |desk| {
        let system = desk.system(Some(&asked.system))?;
        let hands = desk.hands(&system.regions.primary);
        Ok((
            None,
            Done::Armed(hands.arm(&asked.system, reason(&asked.signed)).await?),
        ))
    })
}

pub(super) fn redrive(asked: &Redrive) -> Result<ExitCode, Failure> {
    account::block_on(async {
        let desk = Desk::open(&asked.place).await?;
        let found = desk.find_execution(&asked.incident).await?;
        let hands = desk.hands(&found.region);
        let redriven = hands
            .redrive(
                &found.system,
                found.recovery,
                &asked.incident,
                reason(&asked.signed),
            )
            .await?;
        let mut out = anstream::stdout().lock();
        if asked.json {
            return json(&mut out, &redriven);
        }
        writeln!(
            out,
            "{} goes on in {} from the state that failed.",
            redriven.incident, found.region
        )?;
        writeln!(out, "hint: evenkeel watch {}", redriven.incident)?;
        Ok(ExitCode::SUCCESS)
    })?
}

/// Does something at the desk, and says what came of it.
fn at_the_desk(
    place: &Place,
    as_json: bool,
    act: impl AsyncFnOnce(&Desk) -> Result<(Option<Region>, Done), Failure>,
) -> Result<ExitCode, Failure> {
    account::block_on(async {
        let desk = Desk::open(place).await?;
        let (region, done) = act(&desk).await?;
        let mut out = anstream::stdout().lock();
        if as_json {
            json(&mut out, &show::done::value(&done).map_err(std::io::Error::from)?)?;
        } else {
            show::done::write(&mut out, &done)?;
            if let (Some(region), Done::Started(started)) = (&region, &done) {
                writeln!(out, "It runs in {region}.")?;
                writeln!(out, "hint: evenkeel watch {}", started.incident)?;
            }
        }
        Ok(if done.not_in().is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })?
}

/// Prints it for programs.
pub(crate) fn json(out: &mut impl Write, what: &impl serde::Serialize) -> Result<ExitCode, Failure> {
    let json = serde_json::to_string_pretty(what).map_err(std::io::Error::from)?;
    writeln!(out, "{json}")?;
    Ok(ExitCode::SUCCESS)
}

fn reason(signed: &Signed) -> Reason<'_> {
    Reason {
        by: &signed.by,
        because: &signed.because,
    }
}
