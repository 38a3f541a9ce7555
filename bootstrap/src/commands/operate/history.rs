//! `evenkeel history`: the runs of an account, newest first. The journal knows how a run ended; Step Functions knows those that are under
//! way, and those that never came to their record. Both are read page by page until there are enough.

use std::collections::BTreeMap;
use std::process::ExitCode;

use aws_sdk_sfn::Client;
use domain::journal::Outcome;
use domain::names::{IncidentId, Recovery, Region, SystemName};
use domain::system::System;
use evenkeel::stack::here;
use jiff::Timestamp;
use serde::Serialize;

use super::desk::Desk;
use super::events;
use crate::account::{self, Error};
use crate::cli::History;
use crate::failure::Failure;
use crate::show;

/// The most pages of executions that are read of one machine: of 1,000 each at most (Step Functions API, ListExecutions).
const MOST_PAGES: usize = 20;

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Past {
    pub(crate) incident: IncidentId,
    pub(crate) system: SystemName,
    pub(crate) region: Region,
    pub(crate) recovery: Recovery,
    /// When it was opened or, if it has no record, when it was started.
    pub(crate) opened_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    /// What the journal has of it.
    pub(crate) outcome: Option<Outcome>,
    /// What Step Functions has of it, which is for 90 days: `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`.
    pub(crate) execution: Option<String>,
    pub(crate) seen: Vec<String>,
}

type Runs = BTreeMap<(Region, IncidentId), Past>;

pub(super) fn history(asked: &History) -> Result<ExitCode, Failure> {
    let last = usize::try_from(asked.last).unwrap_or(usize::MAX);
    let (runs, mut silent) = account::block_on(read(asked, last))??;
    let mut found: Vec<Past> = runs.into_values().collect();
    found.sort_by(|one, other| (other.opened_at, &other.incident).cmp(&(one.opened_at, &one.incident)));
    found.truncate(last);
    // Where nothing could be read, nothing is known: it must not sound as if nothing had happened.
    if found.is_empty()
        && let Some((_, error)) = silent.pop()
    {
        return Err(error.into());
    }
    let mut out = anstream::stdout().lock();
    if asked.json {
        super::by_hand::json(&mut out, &found)?;
    } else {
        show::history::write(&mut out, &found)?;
    }
    drop(out);
    for (region, error) in &silent {
        show::note(&format!("{region} is missing: {error}"));
    }
    Ok(if silent.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The runs, and the Regions that could not be read.
async fn read(asked: &History, last: usize) -> Result<(Runs, Vec<(Region, Error)>), Failure> {
    let desk = Desk::open(&asked.place).await?;
    let systems: Vec<&System> = match &asked.system {
        Some(name) => vec![desk.system(Some(name))?],
        None => desk.systems.iter().collect(),
    };
    let (mut runs, mut silent) = (Runs::new(), Vec::new());
    for region in super::regions(&systems, desk.region.as_ref()) {
        let here: Vec<&System> = systems
            .iter()
            .copied()
            .filter(|system| here::regions(system).any(|lived| *lived == region))
            .collect();
        if let Err(error) = in_region(&desk, &here, &region, last, &mut runs).await {
            silent.push((region, error));
        }
    }
    Ok((runs, silent))
}

async fn in_region(
    desk: &Desk,
    systems: &[&System],
    region: &Region,
    last: usize,
    runs: &mut Runs,
) -> Result<(), Error> {
    let journal = desk.hands(region).journal;
    for system in systems {
        for past in journal.incidents(&system.name, last).await? {
            let run = Past {
                incident: past.id.clone(),
                system: past.system,
                region: region.clone(),
                recovery: past.recovery,
                opened_at: past.opened_at,
                ended_at: Some(past.closed_at),
                outcome: Some(past.outcome),
                execution: None,
                seen: past.seen,
            };
            runs.insert((region.clone(), past.id), run);
        }
    }
    for recovery in Recovery::ALL {
        let of: Vec<&System> = systems
            .iter()
            .copied()
            .filter(|system| here::carries_out(system, recovery, region))
            .collect();
        executions(&desk.sfn(region), &of, recovery, region, last, runs).await?;
    }
    Ok(())
}

/// The executions of one machine, newest first, until `last` of these systems are found.
async fn executions(
    sfn: &Client,
    systems: &[&System],
    recovery: Recovery,
    region: &Region,
    last: usize,
    runs: &mut Runs,
) -> Result<(), Error> {
    let Some(first) = systems.first() else {
        return Ok(());
    };
    let machine = recovery.state_machine_arn(region, &first.account);
    let (mut next, mut found) = (None, 0);
    for _ in 0..MOST_PAGES {
        let page = sfn
            .list_executions()
            .state_machine_arn(&machine)
            .max_results(i32::try_from(last.clamp(1, 1_000)).unwrap_or(1_000))
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| Error::of("states:ListExecutions", error))?;
        for execution in page.executions() {
            let beginning = |system: &&&System| {
                execution
                    .name()
                    .starts_with(&format!("{}-{}-", system.name, recovery.machine()))
            };
            let (Some(system), Ok(incident)) = (
                systems
                    .iter()
                    .filter(beginning)
                    .max_by_key(|system| system.name.as_str().len()),
                execution.name().parse::<IncidentId>(),
            ) else {
                continue;
            };
            found += 1;
            let run = runs
                .entry((region.clone(), incident.clone()))
                .or_insert_with(|| Past {
                    incident,
                    system: system.name.clone(),
                    region: region.clone(),
                    recovery,
                    opened_at: events::at(execution.start_date()),
                    ended_at: execution.stop_date().map(events::at),
                    outcome: None,
                    execution: None,
                    seen: Vec::new(),
                });
            run.execution = Some(execution.status().as_str().to_owned());
        }
        next = page.next_token().map(str::to_owned);
        if next.is_none() || found >= last {
            return Ok(());
        }
    }
    Ok(())
}
