//! A function that does what it is told, good or bad: `runtime` and `local-lambda` are tested against each other with
//! it. It is never deployed.

use std::process::ExitCode;

use domain::step::{Error, Result, Step};
use serde::Deserialize;
use serde_json::{Value, json};

fn main() -> ExitCode {
    runtime::serve(|_| Ok(Probe))
}

struct Probe;

#[derive(Deserialize)]
#[serde(tag = "ensure", rename_all = "kebab-case", deny_unknown_fields)]
enum Input {
    Done { number: u64 },
    NotDone,
    Panicked,
    Ended,
}

impl Step for Probe {
    const NAME: &str = "probe";

    type Input = Input;

    #[expect(clippy::panic, reason = "to see what becomes of it")]
    async fn ensure(&self, input: Input) -> Result<Value> {
        match input {
            Input::Done { number } => Ok(json!({ "number": number })),
            Input::NotDone => Err(Error::NotYet {
                seen: "status rebooting".to_owned(),
            }),
            Input::Panicked => panic!("the probe was told to"),
            Input::Ended => std::process::exit(3),
        }
    }
}
