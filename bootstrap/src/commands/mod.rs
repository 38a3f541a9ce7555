//! One file per command.

mod check;
mod completions;
mod decide;
mod deploy;
mod destroy;
pub(crate) mod doctor;
mod lint;
mod man;
pub(crate) mod operate;
mod package;
mod prove;
mod rehearse;
mod template;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use domain::system::{self, System};

use crate::cli::{Command, Files};
use crate::deploy::package::Source;
use crate::failure::Failure;

/// The system file that is meant where none is named.
const SYSTEM_FILE: &str = "evenkeel.toml";

/// Does what was typed.
pub(crate) fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Rehearse(asked) => rehearse::run(&asked),
        Command::Prove(asked) => prove::run(&asked),
        Command::Run(asked) => operate::run(&asked),
        Command::Approve(asked) => operate::approve(&asked),
        Command::Reject(asked) => operate::reject(&asked),
        Command::Stop(asked) => operate::stop(&asked),
        Command::Disarm(asked) => operate::disarm(&asked.wish),
        Command::Arm(asked) => operate::arm(&asked.wish),
        Command::Status(asked) => operate::status(&asked),
        Command::Watch(asked) => operate::watch(&asked),
        Command::History(asked) => operate::history(&asked),
        Command::Redrive(asked) => operate::redrive(&asked),
        Command::Doctor(asked) => doctor::run(&asked),
        Command::Check(asked) => check::run(&asked),
        Command::Template(asked) => template::run(&asked),
        Command::Deploy(asked) => deploy::run(&asked),
        Command::Destroy(asked) => destroy::run(&asked),
        Command::Package(asked) => package::run(&asked),
        Command::Decide(asked) => decide::run(&asked),
        Command::Lint(asked) => lint::run(&asked),
        Command::Completions(asked) => completions::run(&asked),
        Command::Man(asked) => man::run(&asked),
    }
}

/// The systems of an account: those of the files that were named, or of `evenkeel.toml` in this folder.
fn read_systems(named: &Files) -> Result<Vec<System>, Failure> {
    let sources = read_sources(named)?;
    Ok(sources.into_iter().map(|source| source.system).collect())
}

/// The same, with the text of each file.
fn read_sources(named: &Files) -> Result<Vec<Source>, Failure> {
    let usual = [PathBuf::from(SYSTEM_FILE)];
    let files = if named.files.is_empty() {
        &usual[..]
    } else {
        &named.files[..]
    };
    files.iter().map(|path| read_source(path)).collect()
}

fn read_system(path: &Path) -> Result<System, Failure> {
    Ok(read_source(path)?.system)
}

fn read_source(path: &Path) -> Result<Source, Failure> {
    let hint = "name a system file; `evenkeel check --schema` prints what one may hold, and rehearsal/systems has examples";
    let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, error, hint))?;
    match system::read(&text) {
        Ok(system) => Ok(Source { system, text }),
        Err(problems) => Err(Failure::refused(path, &text, problems)),
    }
}
