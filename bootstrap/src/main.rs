//! The command-line program. Data goes to stdout, everything else to stderr.

mod account;
mod cli;
mod commands;
mod deploy;
mod failure;
mod show;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Help and version are no errors; clap knows the stream and the code of each.
            let code = u8::try_from(usage.exit_code()).unwrap_or(2);
            return if usage.print().is_ok() {
                ExitCode::from(code)
            } else {
                ExitCode::FAILURE
            };
        }
    };
    commands::run(cli.command).unwrap_or_else(failure::Failure::show)
}
