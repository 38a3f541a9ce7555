//! `evenkeel lint FILE…`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;
use statemachines::check;

use crate::cli::Lint;
use crate::failure::Failure;

pub(crate) fn run(asked: &Lint) -> Result<ExitCode, Failure> {
    let mut out = anstream::stdout().lock();
    let mut wrong = false;
    for path in &asked.files {
        let shown = path.display();
        match definition(path)? {
            Ok(definition) => {
                for finding in check(&definition) {
                    wrong = true;
                    writeln!(out, "{shown}: {finding}")?;
                }
            }
            Err(error) => {
                wrong = true;
                writeln!(
                    out,
                    "{shown}: error: {error}; hint: a definition is one JSON object"
                )?;
            }
        }
    }
    Ok(if wrong {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn definition(path: &Path) -> Result<Result<Value, serde_json::Error>, Failure> {
    let hint = "name the definition of a state machine; statemachines/ has some";
    let text = std::fs::read(path).map_err(|error| Failure::unreadable(path, error, hint))?;
    Ok(serde_json::from_slice(&text))
}
