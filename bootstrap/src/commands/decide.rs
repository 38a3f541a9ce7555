//! `evenkeel decide --event FILE`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use domain::decision::{Known, Verdict, decide, systems_of};
use domain::facts::Facts;
use domain::journal::View;
use domain::system::Systems;
use serde::de::DeserializeOwned;

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
    let system = systems_of(&signal, &systems).first().copied();
    let at = asked.at.unwrap_or(signal.time);
    let facts = asked.facts.as_deref().map(facts).transpose()?;
    let journal = asked
        .journal
        .as_deref()
        .map(journal)
        .transpose()?
        .unwrap_or_default();
    let known = Known {
        facts: facts.as_ref(),
        journal: &journal,
        now: at,
    };
    let decision = decide(&signal, system, known);
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
    let looked = if facts.is_some() {
        "with these facts"
    } else {
        "without looking"
    };
    let past = if asked.journal.is_some() {
        "this journal"
    } else {
        "an empty journal"
    };
    writeln!(out, "\nJudged at {at} {looked}, with {past}.\nNothing was done.")?;
    Ok(ExitCode::SUCCESS)
}

fn facts(path: &Path) -> Result<Facts, Failure> {
    json(
        path,
        "what was found by looking: `at`, `targets`, `group`, `deployments`; docs/guide/decisions.md has an example",
    )
}

fn journal(path: &Path) -> Result<View, Failure> {
    json(
        path,
        "what is remembered: `lock`, `incidents`, `alarms`, `health`; docs/guide/decisions.md has an example",
    )
}

/// A file of JSON, or an error with its line.
fn json<T: DeserializeOwned>(path: &Path, hint: &'static str) -> Result<T, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, error, hint))?;
    serde_json::from_str(&text).map_err(|error| Failure::NotThat {
        path: path.to_path_buf(),
        line: error.line(),
        what: error.to_string(),
        hint: hint.to_owned(),
    })
}
