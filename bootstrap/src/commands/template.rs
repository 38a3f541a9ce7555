//! `evenkeel template --region REGION FILE…`

use std::io::Write;
use std::process::ExitCode;

use domain::system::System;
use evenkeel::stack;

use crate::cli::Template;
use crate::failure::Failure;

pub(crate) fn run(asked: &Template) -> Result<ExitCode, Failure> {
    let read = asked.files.iter().map(|path| super::read_system(path));
    let systems: Vec<System> = read.collect::<Result<_, _>>()?;
    let template = stack::render(&systems, &asked.region).map_err(|error| Failure::NoStack {
        hint: error.hint(),
        error,
    })?;
    let text = serde_json::to_string_pretty(&template).map_err(std::io::Error::from)?;
    if let Some(excess) = stack::exceeded(&template, &text).into_iter().next() {
        return Err(Failure::TooMuch { excess });
    }
    writeln!(anstream::stdout().lock(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}
