//! Replay recorded executions of AWS Step Functions and say where the interpreter disagrees.
//!
//! `cargo run --release -p statemachines --example replay -- FOLDER [--json]`, where FOLDER holds `histories.jsonl`,
//! `outcomes.jsonl`, or both. Exit 1 where something disagrees, 2 where nothing could be read.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program: its output is its purpose"
)]

mod compare;
mod record;
mod report;
mod trace;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut folder, mut json) = (None, false);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => json = true,
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let Some(folder) = folder else {
        eprintln!("usage: replay FOLDER [--json]\n\nhint: FOLDER holds histories.jsonl and outcomes.jsonl");
        return ExitCode::from(2);
    };
    match report::Report::of_folder(&folder) {
        Ok(report) => {
            if json {
                println!("{}", report.to_json());
            } else {
                print!("{}", report.to_text());
            }
            if report.disagreements.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
