//! `evenkeel template --region REGION [--out FOLDER] FILE…`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use domain::system::System;
use evenkeel::stack::{self, Stack};

use crate::cli::Template;
use crate::failure::Failure;

pub(crate) fn run(asked: &Template) -> Result<ExitCode, Failure> {
    let read = asked.files.iter().map(|path| super::read_system(path));
    let systems: Vec<System> = read.collect::<Result<_, _>>()?;
    let stack = stack::render(&systems, &asked.region).map_err(|error| Failure::NoStack {
        hint: error.hint(),
        error,
    })?;
    let excess = stack::exceeded(&stack).map_err(std::io::Error::from)?;
    if let Some(excess) = excess.into_iter().next() {
        return Err(Failure::TooMuch { excess });
    }
    match &asked.out {
        Some(folder) => write(&stack, folder)?,
        None if stack.nested.is_empty() => {
            let text = stack::written(&stack.root).map_err(std::io::Error::from)?;
            writeln!(anstream::stdout().lock(), "{text}")?;
        }
        None => {
            let nested = stack.nested.len();
            return Err(Failure::Nested { nested });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes every template of a stack into a folder, and says how large each is.
fn write(stack: &Stack, folder: &Path) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    for (name, text) in stack.files().map_err(std::io::Error::from)? {
        let path = folder.join(name);
        let unwritable = |source| Failure::NotWritten {
            path: path.clone(),
            source,
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(unwritable)?;
        }
        std::fs::write(&path, format!("{text}\n")).map_err(unwritable)?;
        writeln!(out, "{}: {} bytes", path.display(), text.len() + 1)?;
    }
    Ok(())
}
