//! `evenkeel run`, `approve`, `reject`, `stop` and `status`, against the embedded cloud that is kept.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use domain::names::{IncidentId, Recovery};
use domain::system::System;
use rehearsal::command::{Command, Done, Order};
use rehearsal::kept::{Kept, Pause};
use rehearsal::scenario::{self, Scenario};

use crate::cli::{Answer, Approve, Run, Signed, Status};
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

    /// Goes on until somebody is asked, or to the end, and keeps it.
    pub(crate) fn go_on(&mut self, command: Option<Command>) -> Result<ExitCode, Failure> {
        let mut out = anstream::stdout().lock();
        let mut written = Ok(());
        let further = self
            .kept
            .go_on(&self.scenario, &self.system, command, &mut |entry| {
                if written.is_ok() {
                    written = show::timeline::line(&mut out, entry);
                }
            })?;
        if let Some(given) = further.given()
            && let Err(error) = &given.answer
        {
            return Err(Failure::Operate {
                hint: error.hint(),
                error: error.clone(),
            });
        }
        written?;
        self.save()?;
        if let Some(given) = further.given()
            && let Ok(done) = &given.answer
        {
            writeln!(out, "\n{}", said(done))?;
        }
        match &further.pause {
            Pause::Asked { incident } => {
                writeln!(out, "\n{incident} asks, and waits.")?;
                writeln!(out, "hint: evenkeel status")?;
            }
            Pause::Over => {
                let report =
                    rehearsal::report::of(&self.scenario, self.kept.seed, further.left, further.lines);
                show::report::write(&mut out, &report)?;
            }
        }
        Ok(ExitCode::SUCCESS)
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

fn said(done: &Done) -> String {
    match done {
        Done::Started(started) => format!("{} is started.", started.incident),
        Done::Answered(answered) => {
            let approval = &answered.approval;
            format!("{} is {} by {}.", answered.incident, approval.answer, approval.by)
        }
        Done::Stopped(stopped) => format!(
            "{} stops before its next step that changes anything, undoes what can be undone, and pages.",
            stopped.incident
        ),
        Done::Seen(_) => String::new(),
    }
}

pub(crate) fn run(asked: &Run) -> Result<ExitCode, Failure> {
    let mut cloud = Cloud::open(&asked.kept.file)?;
    if let Some(name) = &asked.system
        && *name != cloud.system.name
    {
        let error = operate::Error::NoSuchSystem {
            name: name.to_string(),
            known: vec![cloud.system.name.to_string()],
        };
        return Err(Failure::Operate {
            hint: error.hint(),
            error,
        });
    }
    let regions = &cloud.system.regions;
    let standby = regions.standby.as_ref().unwrap_or(&regions.primary);
    let usual = match asked.machine {
        Recovery::FailOverRegion | Recovery::SwitchOverRegion => standby,
        Recovery::FailBackRegion | Recovery::FailOverDatabase => &regions.primary,
    };
    let region = asked.region.as_ref().unwrap_or(usual).clone();
    let command = command(Order::Run(asked.machine), &asked.signed);
    cloud.go_on(Some(Command {
        region: Some(region),
        ..command
    }))
}

pub(crate) fn approve(asked: &Approve) -> Result<ExitCode, Failure> {
    let Answer {
        incident,
        signed,
        kept,
    } = &asked.answer;
    let order = Order::Approve {
        incident: Some(incident.clone()),
        accepts: asked.accepts.clone(),
    };
    Cloud::open(&kept.file)?.go_on(Some(command(order, signed)))
}

pub(crate) fn reject(asked: &Answer) -> Result<ExitCode, Failure> {
    about(asked, |incident| Order::Reject {
        incident: Some(incident),
    })
}

pub(crate) fn stop(asked: &Answer) -> Result<ExitCode, Failure> {
    about(asked, |incident| Order::Stop {
        incident: Some(incident),
    })
}

fn about(asked: &Answer, order: impl FnOnce(IncidentId) -> Order) -> Result<ExitCode, Failure> {
    let command = command(order(asked.incident.clone()), &asked.signed);
    Cloud::open(&asked.kept.file)?.go_on(Some(command))
}

fn command(order: Order, signed: &Signed) -> Command {
    Command {
        region: None,
        order,
        by: signed.by.clone(),
        because: signed.because.clone(),
    }
}

pub(crate) fn status(asked: &Status) -> Result<ExitCode, Failure> {
    let cloud = Cloud::open(&asked.kept.file)?;
    let (seen, left) = cloud.kept.look(&cloud.scenario, &cloud.system)?;
    let mut out = anstream::stdout().lock();
    if asked.json {
        let json = serde_json::to_string_pretty(&seen).map_err(std::io::Error::from)?;
        writeln!(out, "{json}")?;
    } else {
        show::status::write(&mut out, &cloud.system, &cloud.kept, &seen, &left)?;
    }
    Ok(ExitCode::SUCCESS)
}
