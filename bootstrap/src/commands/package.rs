//! `evenkeel package --region REGION`: what a stack takes from its bucket, and its template, as files; for SAM, Terraform, or whoever
//! uploads by other means.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use domain::names::Region;
use domain::system::System;
use evenkeel::stack;
use evenkeel::stack::functions::Function;

use super::read_sources;
use crate::cli::{Package, Programs};
use crate::deploy::binaries::Binaries;
use crate::deploy::package::Source;
use crate::deploy::{self, Error};
use crate::failure::Failure;

pub(crate) fn run(asked: &Package) -> Result<ExitCode, Failure> {
    let sources = read_sources(&asked.files)?;
    let functions = functions_in(std::slice::from_ref(&asked.region), &sources)?;
    let binaries = binaries(&asked.programs, &functions, false)?;
    let package = deploy::Package::of(&asked.region, &sources, &binaries)?;
    for (name, bytes) in &package.files {
        put(&asked.out.join(&package.prefix).join(name), bytes)?;
    }
    put(&asked.out.join("template.json"), package.template.as_bytes())?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", package.prefix)?;
    anstream::eprintln!(
        "{} files, {:.1} MB, below {}; CodePrefix is {}",
        package.files.len(),
        in_mb(package.bytes()),
        asked.out.display(),
        package.prefix
    );
    Ok(ExitCode::SUCCESS)
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = made.and_then(|()| std::fs::write(path, bytes));
    written.map_err(|source| Error::Unwritable {
        path: path.to_owned(),
        source,
    })
}

/// The functions that run in these Regions.
pub(super) fn functions_in(regions: &[Region], sources: &[Source]) -> Result<BTreeSet<Function>, Error> {
    let systems = systems(sources);
    let mut functions = BTreeSet::new();
    for region in regions {
        functions.extend(stack::code(&systems, region)?.functions);
    }
    Ok(functions)
}

/// The programs: those of a folder, or built now. For AWS they have to be what the template says that they are.
pub(super) fn binaries(
    asked: &Programs,
    functions: &BTreeSet<Function>,
    on_an_emulator: bool,
) -> Result<Binaries, Error> {
    let binaries = match &asked.binaries {
        Some(folder) => Binaries::in_folder(folder),
        None => Binaries::build(&asked.source, functions)?,
    };
    if !on_an_emulator {
        binaries.are_for_lambda(functions)?;
    }
    Ok(binaries)
}

pub(super) fn in_mb(bytes: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a size that people read")]
    let bytes = bytes as f64;
    bytes / 1_000_000.0
}

fn systems(sources: &[Source]) -> Vec<System> {
    sources.iter().map(|source| source.system.clone()).collect()
}
