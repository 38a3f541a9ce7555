//! `evenkeel rehearse [SCENARIO]`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use domain::system::System;
use rehearsal::kept::Kept;
use rehearsal::report::{Report, rehearse};
use rehearsal::scenario::{self, Scenario};

use super::operate::Cloud;
use super::operate::target::REHEARSAL;
use crate::cli::Rehearse;
use crate::failure::Failure;
use crate::show;

pub(crate) fn run(asked: &Rehearse) -> Result<ExitCode, Failure> {
    let mut out = anstream::stdout().lock();
    if asked.facts {
        show::facts::write(&mut out, asked.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(name) = &asked.scenario else {
        show::scenarios::write(&mut out)?;
        return Ok(ExitCode::SUCCESS);
    };
    let (scenario, scenario_text) = scenario_of(name)?;
    let system = system(asked, &scenario)?;
    if asked.keep {
        let system_text = asked.system.as_deref().map(std::fs::read_to_string).transpose()?;
        let kept = Kept::new(&scenario, scenario_text, system_text, asked.seed);
        show::timeline::heading(&mut out, &scenario, &system, asked.seed)?;
        drop(out);
        let file = asked.kept.rehearsal.as_deref().unwrap_or(Path::new(REHEARSAL));
        return Cloud::new(file, kept, scenario, system).go_on(None);
    }
    if let Some(count) = asked.seeds {
        return many(asked, &scenario, &system, count);
    }
    if asked.json {
        let report = rehearse(&scenario, &system, asked.seed, &mut |_| {})?;
        let json = serde_json::to_string_pretty(&report).map_err(std::io::Error::from)?;
        writeln!(out, "{json}")?;
        return Ok(code(&report));
    }
    show::timeline::heading(&mut out, &scenario, &system, asked.seed)?;
    let mut written = Ok(());
    let report = rehearse(&scenario, &system, asked.seed, &mut |entry| {
        if written.is_ok() {
            written = show::timeline::line(&mut out, entry);
        }
    })?;
    written?;
    show::report::write(&mut out, &report)?;
    Ok(code(&report))
}

/// Many seeds on all cores, with progress on a terminal.
fn many(asked: &Rehearse, scenario: &Scenario, system: &System, count: u32) -> Result<ExitCode, Failure> {
    let bar = show::progress::bar(u64::from(count));
    let reports = rehearsal::many::rehearse_many(scenario, system, asked.seed, count, &|| bar.inc(1))?;
    bar.finish_and_clear();
    let mut out = anstream::stdout().lock();
    let summary = rehearsal::many::Summary::of(&reports);
    if asked.json {
        let json = serde_json::to_string_pretty(&summary).map_err(std::io::Error::from)?;
        writeln!(out, "{json}")?;
    } else {
        show::summary::write(&mut out, scenario, &summary)?;
    }
    Ok(if summary.missed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn system(asked: &Rehearse, scenario: &Scenario) -> Result<System, Failure> {
    match &asked.system {
        Some(path) => super::read_system(path),
        None => {
            let example = scenario.system;
            let path = std::path::PathBuf::from(format!("{}.toml", example.name));
            example
                .read()
                .map_err(|problems| Failure::refused(&path, example.text, problems))
        }
    }
}

/// A scenario that comes with the program, or one's own, with its text: what has a folder or the ending `.toml` is a
/// file.
fn scenario_of(name: &str) -> Result<(Scenario, Option<String>), Failure> {
    let path = Path::new(name);
    if !name.contains(std::path::MAIN_SEPARATOR) && path.extension().is_none_or(|ending| ending != "toml") {
        return Ok((scenario::named(name).map_err(unknown)?, None));
    }
    let hint = "name a scenario file; rehearsal/scenarios has examples";
    let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, error, hint))?;
    let stem = path
        .file_stem()
        .map_or(name.into(), std::ffi::OsStr::to_string_lossy);
    let scenario =
        scenario::from_file(&stem, &text).map_err(|problems| Failure::refused(path, &text, problems))?;
    Ok((scenario, Some(text)))
}

fn unknown(error: scenario::Error) -> Failure {
    let hint = match &error {
        scenario::Error::Unknown {
            nearest: Some(name), ..
        } => format!("did you mean `{name}`?"),
        scenario::Error::Unknown { nearest: None, .. } => {
            format!("there are: {}", scenario::names().collect::<Vec<_>>().join(", "))
        }
        scenario::Error::Broken { .. } => "mend the scenario file".to_owned(),
    };
    Failure::Scenario { error, hint }
}

fn code(report: &Report) -> ExitCode {
    if report.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
