//! `evenkeel rehearse [SCENARIO]`

use std::io::Write;
use std::process::ExitCode;

use domain::system::System;
use rehearsal::report::{Report, rehearse};
use rehearsal::scenario::{self, Scenario};

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
    let scenario = scenario::named(name).map_err(unknown)?;
    let system = system(asked, &scenario)?;
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
