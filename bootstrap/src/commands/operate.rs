//! `evenkeel run`, `approve`, `reject`, `stop`, `disarm`, `arm` and `status`, against the embedded cloud that is kept.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use domain::names::{IncidentId, SystemName};
use domain::system::System;
use rehearsal::command::{Command, Done, Order};
use rehearsal::kept::{Kept, Pause};
use rehearsal::scenario::{self, Scenario};

use crate::cli::{Answer, Approve, Arming, Run, Signed, Status};
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
        let error = operate::Error::NoSuchSystem {
            name: name.to_string(),
            known: vec![self.system.name.to_string()],
        };
        Err(Failure::Operate {
            hint: error.hint(),
            error,
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
        let mut done_everywhere = true;
        if let Some(given) = further.given()
            && let Ok(done) = &given.answer
        {
            writeln!(out)?;
            said(&mut out, done)?;
            done_everywhere = done.not_in().is_empty();
        }
        match &further.pause {
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

fn said(out: &mut impl Write, done: &Done) -> std::io::Result<()> {
    match done {
        Done::Started(started) => writeln!(out, "{} is started.", started.incident),
        Done::Answered(answered) => {
            let approval = &answered.approval;
            writeln!(
                out,
                "{} is {} by {}.",
                answered.incident, approval.answer, approval.by
            )
        }
        Done::Stopped(stopped) => writeln!(
            out,
            "{} stops before its next step that changes anything, undoes what can be undone, and pages. Behind a promotion it \
             leads users to the new primary first.",
            stopped.incident
        ),
        Done::Disarmed(disarming) => show::arming::disarmed(out, disarming),
        Done::Armed(arming) => show::arming::armed(out, arming),
        Done::Seen(_) => Ok(()),
    }
}

pub(crate) fn run(asked: &Run) -> Result<ExitCode, Failure> {
    let mut cloud = Cloud::open(&asked.kept.file)?;
    if let Some(name) = &asked.system {
        cloud.is_about(name)?;
    }
    let usual = cloud.system.region_for(asked.machine);
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

pub(crate) fn disarm(asked: &Arming) -> Result<ExitCode, Failure> {
    note(asked, Order::Disarm)
}

pub(crate) fn arm(asked: &Arming) -> Result<ExitCode, Failure> {
    note(asked, Order::Arm)
}

fn note(asked: &Arming, order: Order) -> Result<ExitCode, Failure> {
    let mut cloud = Cloud::open(&asked.kept.file)?;
    cloud.is_about(&asked.system)?;
    cloud.go_on(Some(command(order, &asked.signed)))
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
