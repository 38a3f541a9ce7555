//! `evenkeel decide --event FILE`

use std::io::Write;
use std::process::ExitCode;

use domain::decision::{Verdict, decide, system_of};
use domain::journal::View;
use domain::system::Systems;

use crate::cli::Decide;
use crate::failure::Failure;
use crate::show::{WIDTH, wrap};

pub(crate) fn run(asked: &Decide) -> Result<ExitCode, Failure> {
    let systems = Systems::from(vec![super::read_system(&asked.system)?]);
    let hint = "name a file that holds one event as JSON; events/samples has documented ones";
    let payload =
        std::fs::read(&asked.event).map_err(|error| Failure::unreadable(&asked.event, error, hint))?;
    let signal = events::parse(&payload).map_err(|error| Failure::NoEvent {
        path: asked.event.clone(),
        what: error.to_string(),
        hint: error.hint().to_owned(),
    })?;
    let system = system_of(&signal, &systems);
    let at = asked.at.unwrap_or(signal.time);
    let decision = decide(&signal, system, &View::default(), at);
    let mut out = anstream::stdout().lock();
    if asked.json {
        let json = serde_json::to_string_pretty(&decision).map_err(std::io::Error::from)?;
        writeln!(out, "{json}")?;
        return Ok(ExitCode::SUCCESS);
    }
    for line in wrap(&format!("{}: {}", decision.verdict.word(), decision.why), WIDTH) {
        writeln!(out, "{line}")?;
    }
    for evidence in &decision.evidence {
        for line in wrap(&evidence.to_string(), WIDTH - 2) {
            writeln!(out, "  {line}")?;
        }
    }
    if let Verdict::Recover(run) = &decision.verdict {
        writeln!(out, "\n  would start  {}", run.recovery)?;
        writeln!(out, "  incident     {}", run.incident)?;
    }
    if system.is_none() {
        let known: Vec<&str> = systems
            .iter()
            .flat_map(|system| system.alarms.keys().map(String::as_str))
            .collect();
        let hint = format!("hint: {} declares: {}", asked.system.display(), known.join(", "));
        writeln!(out)?;
        for line in wrap(&hint, WIDTH - 2) {
            writeln!(out, "  {line}")?;
        }
    }
    writeln!(out, "\nJudged at {at} with an empty journal. Nothing was done.")?;
    Ok(ExitCode::SUCCESS)
}
