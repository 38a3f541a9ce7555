//! `evenkeel man [--to FOLDER]`

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::{Cli, Manual};
use crate::failure::Failure;

pub(crate) fn run(asked: &Manual) -> Result<ExitCode, Failure> {
    match &asked.to {
        Some(folder) => {
            let written = std::fs::create_dir_all(folder).and_then(|()| {
                clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), folder)
            });
            written.map_err(|source| Failure::NoManual {
                path: folder.clone(),
                source,
            })?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            anstream::stdout().lock().write_all(&page)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
