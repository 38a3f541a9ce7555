//! The verbs on the embedded cloud that is kept. Its time stands still between two commands.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use domain::journal::Outcome;
use domain::names::{IncidentId, Recovery, SystemName};
use domain::system::System;
use operate::Status as Seen;
use rehearsal::command::{Command, Order};
use rehearsal::kept::{Kept, Pause};
use rehearsal::scenario::{self, Scenario};

use super::history::Past;
use super::watch::STILL_RUNNING;
use crate::cli::{Answer, Approve, Arming, History, Run, Signed, Status, Watch};
use crate::failure::Failure;
use crate::show;

/// A cloud that is kept, with what it was made of.
pub(crate) struct Cloud<'p> {
    path: &'p Path,
    kept: Kept,
    scenario: Scenario,
    system: System,
}

impl<'p> Cloud<'p> {
    /// A new one.
    pub(crate) fn new(path: &'p Path, kept: Kept, scenario: Scenario, system: System) -> Self {
        Self {
            path,
            kept,
            scenario,
            system,
        }
    }

    fn open(path: &'p Path) -> Result<Self, Failure> {
        let hint = "make one: evenkeel rehearse region-loss --keep";
        let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, error, hint))?;
        let broken = |what: String| Failure::NotKept {
            path: path.to_owned(),
            what,
            hint: hint.to_owned(),
        };
        let kept: Kept = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        if kept.version != rehearsal::kept::VERSION {
            return Err(broken(format!(
                "it has version {}, and this program writes {}",
                kept.version,
                rehearsal::kept::VERSION
            )));
        }
        let scenario = match &kept.scenario_text {
            None => scenario::named(&kept.scenario).map_err(|error| broken(error.to_string()))?,
            Some(text) => scenario::from_file(&kept.scenario, text)
                .map_err(|_| broken("its scenario is refused".to_owned()))?,
        };
        let system = match &kept.system_text {
            None => scenario.system.read(),
            Some(text) => domain::system::read(text),
        };
        let system = system.map_err(|_| broken("its system file is refused".to_owned()))?;
        Ok(Self {
            path,
            kept,
            scenario,
            system,
        })
    }

    /// The system of that name is what it is about.
    fn is_about(&self, name: &SystemName) -> Result<(), Failure> {
        if *name == self.system.name {
            return Ok(());
        }
        let known = vec![self.system.name.to_string()];
        let name = name.to_string();
        Err(operate::Error::NoSuchSystem { name, known }.into())
    }

    /// Goes on until somebody is asked, or to the end, and keeps it.
    pub(crate) fn go_on(&mut self, command: Option<Command>) -> Result<ExitCode, Failure> {
        self.go_on_as(command, false)
    }

    /// The same, and said as JSON: what came of the command, and no word about what happened then.
    fn go_on_as(&mut self, command: Option<Command>, json: bool) -> Result<ExitCode, Failure> {
        let mut out = anstream::stdout().lock();
        let mut written = Ok(());
        let further = self
            .kept
            .go_on(&self.scenario, &self.system, command, &mut |entry| {
                if written.is_ok() && !json {
                    written = show::timeline::line(&mut out, entry);
                }
            })?;
        if let Some(given) = further.given()
            && let Err(error) = &given.answer
        {
            return Err(error.clone().into());
        }
        written?;
        self.save()?;
        let mut done_everywhere = true;
        if let Some(given) = further.given()
            && let Ok(done) = &given.answer
        {
            if json {
                super::by_hand::json(&mut out, &show::done::value(done).map_err(std::io::Error::from)?)?;
            } else {
                writeln!(out)?;
                show::done::write(&mut out, done)?;
            }
            done_everywhere = done.not_in().is_empty();
        }
        match &further.pause {
            _ if json => {}
            Pause::Asked { incident } => {
                writeln!(out, "\n{incident} asks, and waits.")?;
                writeln!(out, "hint: evenkeel status")?;
            }
            Pause::Noted => {}
            Pause::Over => {
                let report =
                    rehearsal::report::of(&self.scenario, self.kept.seed, further.left, further.lines);
                show::report::write(&mut out, &report)?;
            }
        }
        Ok(if done_everywhere {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn save(&self) -> Result<(), Failure> {
        let failed = |source| Failure::Unwritable {
            path: self.path.to_owned(),
            source,
        };
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let json = serde_json::to_string_pretty(&self.kept)
            .map_err(std::io::Error::from)
            .map_err(failed)?;
        std::fs::write(self.path, json + "\n").map_err(failed)
    }
}

pub(super) fn run(file: &Path, asked: &Run) -> Result<ExitCode, Failure> {
    if asked.input.is_some() {
        return Err(Failure::NotEmbedded { verb: "run --input" });
    }
    let mut cloud = Cloud::open(file)?;
    if let Some(name) = &asked.system {
        cloud.is_about(name)?;
    }
    let usual = cloud.system.region_for(asked.machine);
    let region = asked.place.aws.region.as_ref().unwrap_or(usual).clone();
    let command = command(Order::Run(asked.machine), &asked.signed);
    let command = Command {
        region: Some(region),
        ..command
    };
    cloud.go_on_as(Some(command), asked.json)
}

pub(super) fn approve(file: &Path, asked: &Approve) -> Result<ExitCode, Failure> {
    let accepts = asked.accepts.clone();
    about(file, &asked.answer, |incident| Order::Approve {
        incident,
        accepts,
    })
}

pub(super) fn reject(file: &Path, asked: &Answer) -> Result<ExitCode, Failure> {
    about(file, asked, |incident| Order::Reject { incident })
}

pub(super) fn stop(file: &Path, asked: &Answer) -> Result<ExitCode, Failure> {
    about(file, asked, |incident| Order::Stop { incident })
}

fn about(
    file: &Path,
    asked: &Answer,
    order: impl FnOnce(Option<IncidentId>) -> Order,
) -> Result<ExitCode, Failure> {
    let command = command(order(Some(asked.incident.clone())), &asked.signed);
    Cloud::open(file)?.go_on_as(Some(command), asked.json)
}

pub(super) fn disarm(file: &Path, asked: &Arming) -> Result<ExitCode, Failure> {
    note(file, asked, Order::Disarm)
}

pub(super) fn arm(file: &Path, asked: &Arming) -> Result<ExitCode, Failure> {
    note(file, asked, Order::Arm)
}

fn note(file: &Path, asked: &Arming, order: Order) -> Result<ExitCode, Failure> {
    let mut cloud = Cloud::open(file)?;
    cloud.is_about(&asked.system)?;
    cloud.go_on_as(Some(command(order, &asked.signed)), asked.json)
}

fn command(order: Order, signed: &Signed) -> Command {
    Command {
        region: None,
        order,
        by: signed.by.clone(),
        because: signed.because.clone(),
    }
}

pub(super) fn status(file: &Path, asked: &Status) -> Result<ExitCode, Failure> {
    let cloud = Cloud::open(file)?;
    if let Some(name) = &asked.system {
        cloud.is_about(name)?;
    }
    let (seen, left) = cloud.kept.look(&cloud.scenario, &cloud.system)?;
    let mut out = anstream::stdout().lock();
    if asked.json {
        return super::by_hand::json(&mut out, &seen);
    }
    show::status::write(&mut out, &cloud.system, &cloud.kept, &seen, &left)?;
    Ok(ExitCode::SUCCESS)
}

/// Nothing happens while somebody looks: it is said how the run stands.
pub(super) fn watch(file: &Path, asked: &Watch) -> Result<ExitCode, Failure> {
    let cloud = Cloud::open(file)?;
    let (seen, _) = cloud.kept.look(&cloud.scenario, &cloud.system)?;
    let mut out = anstream::stdout().lock();
    for status in &seen {
        if let Some(past) = status.incidents.iter().find(|past| past.id == asked.incident) {
            if asked.json {
                super::by_hand::json(&mut out, past)?;
            } else {
                show::history::record(&mut out, past)?;
            }
            let good = matches!(past.outcome, Outcome::Recovered | Outcome::StoodDown);
            return Ok(if good {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        if let Some(open) = status
            .open
            .as_ref()
            .filter(|open| open.lock.holder == asked.incident)
        {
            if asked.json {
                super::by_hand::json(&mut out, open)?;
            } else {
                writeln!(out, "{} waits.", asked.incident)?;
                writeln!(out, "Time stands still in an embedded cloud that is kept.")?;
                writeln!(out, "hint: evenkeel status")?;
            }
            return Ok(ExitCode::from(STILL_RUNNING));
        }
    }
    Err(operate::Error::NoSuchRun {
        incident: asked.incident.to_string(),
    }
    .into())
}

pub(super) fn history(file: &Path, asked: &History) -> Result<ExitCode, Failure> {
    let cloud = Cloud::open(file)?;
    if let Some(name) = &asked.system {
        cloud.is_about(name)?;
    }
    let (seen, _) = cloud.kept.look(&cloud.scenario, &cloud.system)?;
    let mut found: Vec<Past> = seen.iter().flat_map(past).collect();
    found.sort_by_key(|past| std::cmp::Reverse(past.opened_at));
    found.truncate(usize::try_from(asked.last).unwrap_or(usize::MAX));
    let mut out = anstream::stdout().lock();
    if asked.json {
        return super::by_hand::json(&mut out, &found);
    }
    show::history::write(&mut out, &found)?;
    Ok(ExitCode::SUCCESS)
}

/// The run that is under way, and those that ended.
fn past(status: &Seen) -> impl Iterator<Item = Past> + '_ {
    let open = status.open.iter().filter_map(|open| {
        let runs = |recovery: &Recovery| {
            let beginning = format!("{}-{}-", status.system, recovery.machine());
            open.lock.holder.as_str().starts_with(&beginning)
        };
        Some(Past {
            incident: open.lock.holder.clone(),
            system: status.system.clone(),
            region: status.region.clone(),
            recovery: Recovery::ALL.into_iter().find(runs)?,
            opened_at: open.lock.taken_at,
            ended_at: None,
            outcome: None,
            execution: Some("RUNNING".to_owned()),
            seen: Vec::new(),
        })
    });
    let ended = status.incidents.iter().map(|past| Past {
        incident: past.id.clone(),
        system: past.system.clone(),
        region: status.region.clone(),
        recovery: past.recovery,
        opened_at: past.opened_at,
        ended_at: Some(past.closed_at),
        outcome: Some(past.outcome),
        execution: None,
        seen: past.seen.clone(),
    });
    open.chain(ended)
}
