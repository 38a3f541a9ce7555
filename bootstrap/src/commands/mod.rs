//! One file per command.

mod check;
mod completions;
mod decide;
pub(crate) mod doctor;
mod lint;
mod man;
pub(crate) mod operate;
mod prove;
mod rehearse;
mod template;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use domain::system::{self, System};

use crate::cli::{Command, Files};
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
        Command::Decide(asked) => decide::run(&asked),
        Command::Lint(asked) => lint::run(&asked),
        Command::Completions(asked) => completions::run(&asked),
        Command::Man(asked) => man::run(&asked),
    }
}

/// The systems of an account: those of the files that were named, or of `evenkeel.toml` in this folder.
fn read_systems(named: &Files) -> Result<Vec<System>, Failure> {
    let usual = [PathBuf::from(SYSTEM_FILE)];
    let files = if named.files.is_empty() {
        &usual[..]
    } else {
        &named.files[..]
    };
    files.iter().map(|path| read_system(path)).collect()
}

fn read_system(path: &Path) -> Result<System, Failure> {
    let hint = "name a system file; `evenkeel check --schema` prints what one may hold, and rehearsal/systems has examples";
    let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, error, hint))?;
    system::read(&text).map_err(|problems| Failure::refused(path, &text, problems))
}
