//! `evenkeel completions SHELL`

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::{Cli, Completions};
use crate::failure::Failure;

pub(crate) fn run(asked: &Completions) -> Result<ExitCode, Failure> {
    // Made first and written then: the generator does not say when a reader went away.
    let mut script = Vec::new();
    clap_complete::generate(asked.shell, &mut Cli::command(), "evenkeel", &mut script);
    anstream::stdout().lock().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
