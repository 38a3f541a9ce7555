//! What a rehearsal measured, and whether that is what was promised.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::names::JOURNAL_TABLE;
use domain::system::System;
use serde::Serialize;
use serde_json::Value;

use crate::facts;
use crate::scenario::{Outcome, Scenario};
use crate::stage::{self, Left};
use crate::timeline::Entry;
use crate::world::execution::Execution;
use crate::world::invariant::{Invariant, Violation};
use crate::world::{Moments, Ms, World};

/// What a rehearsal measured. Its JSON form is the program's `--json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The system's name.
    pub system: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Longest time without service, as users saw it.
    pub rto_ms: Ms,
    /// Acknowledged writes that were lost, as the time in which they were made.
    pub rpo_ms: Ms,
    /// From the first lost request until the run had verified that writes pass.
    pub verified_ms: Option<Ms>,
    /// What the run's own steps added: alarm to accepted failover, and service to verification.
    pub own_ms: Option<Ms>,
    /// How long RDS itself took for the failover that was asked for.
    pub failover_ms: Option<Ms>,
    /// Requests of users.
    pub requests: Requests,
    /// Share of requests served, in percent.
    pub availability_percent: f64,
    /// The runs.
    pub recoveries: Vec<Recovery>,
    /// What it would have cost on AWS.
    pub cost: Cost,
    /// Promise by promise, whether it was kept.
    pub objectives: Vec<Objective>,
    /// Whether it came to what the scenario expects.
    pub as_expected: bool,
    /// What must never be.
    pub invariants: Invariants,
    /// Breaches, each with what was seen.
    pub violations: Vec<Violation>,
    /// Events that the router could not deal with.
    pub dead_letters: Vec<Value>,
    /// Everything that happened, in order.
    pub timeline: Vec<Entry>,
}

/// Requests of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// Sent.
    pub sent: u64,
    /// Of these, failed.
    pub lost: u64,
}

/// A run of a state machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recovery {
    /// The state machine.
    pub machine: String,
    /// The incident, which is the execution's name.
    pub incident: String,
    /// When it started.
    pub started_ms: Ms,
    /// When it ended, if it did.
    pub ended_ms: Option<Ms>,
    /// As `DescribeExecution` spells it.
    pub status: String,
    /// What it came to.
    pub outcome: String,
    /// State transitions, as AWS bills them.
    pub transitions: u64,
}

/// What a rehearsal would have cost on AWS, in US dollars; the prices stand in [`facts`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// State transitions.
    pub transitions: u64,
    /// Lambda invocations.
    pub invocations: u64,
    /// Step Functions and Lambda together.
    pub dollars: f64,
}

/// A promise of the system file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Objective {
    /// `rto`, `rpo` or `availability`.
    pub name: &'static str,
    /// What was promised.
    pub promised: String,
    /// What was measured.
    pub measured: String,
    /// Whether it was kept.
    pub met: bool,
}

/// How often the invariants were checked, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Invariants {
    /// Checks.
    pub checked: u64,
    /// Breaches.
    pub violated: u64,
}

impl Report {
    /// Whether every objective was met and no invariant broke.
    pub fn is_good(&self) -> bool {
        self.objectives.iter().all(|objective| objective.met) && self.violations.is_empty()
    }
}

/// Plays a scenario and measures it. `line` gets the timeline as it happens.
///
/// # Errors
/// When it cannot begin.
pub fn rehearse(
    scenario: &Scenario,
    system: &System,
    seed: u64,
    line: &mut dyn FnMut(&Entry),
) -> Result<Report, stage::Error> {
    let mut timeline = Vec::new();
    let mut left = stage::play(scenario, system, seed, &mut |entry| {
        line(entry);
        timeline.push(entry.clone());
    })?;
    at_the_end(&mut left);
    let world = &left.world;
    let recoveries: Vec<Recovery> = world
        .executions
        .iter()
        .map(|(name, run)| recovery(name, run))
        .collect();
    let transitions = recoveries.iter().map(|run| run.transitions).sum();
    let outcome = outcome(&recoveries);
    let asked = world.moments.asked;
    Ok(Report {
        scenario: scenario.name.clone(),
        seed,
        system: system.name.to_string(),
        outcome,
        rto_ms: world.traffic.longest_outage(world.now),
        rpo_ms: world.traffic.lost_writes_ms,
        verified_ms: verified(world, left.verified),
        own_ms: own(&world.moments, left.verified),
        failover_ms: world.moments.failover,
        requests: Requests {
            sent: world.traffic.sent,
            lost: world.traffic.lost,
        },
        availability_percent: world.traffic.availability(),
        cost: cost(transitions, &left),
        objectives: objectives(world),
        as_expected: scenario.expect.outcomes.contains(&outcome)
            && asked <= scenario.expect.failovers_at_most,
        invariants: Invariants {
            checked: world.ledger.checked,
            violated: world.ledger.violations.len() as u64,
        },
        violations: world.ledger.violations.clone(),
        dead_letters: left.dead_letters.clone(),
        recoveries,
        timeline,
    })
}

/// What can only be judged when everything is over.
fn at_the_end(left: &mut Left) {
    let locks = held_locks(left);
    let world = &mut left.world;
    let now = world.now;
    let runs: Vec<(String, Execution)> = world
        .executions
        .iter()
        .map(|(name, run)| (name.to_owned(), run.clone()))
        .collect();
    for (name, run) in &runs {
        let ended = run.end.as_ref();
        let well = ended.is_some_and(|end| {
            end.status == "SUCCEEDED" || (end.status == "FAILED" && end.outcome == "Paged")
        });
        world
            .ledger
            .demand(Invariant::EveryRunEndsAndIsHeardOnce, now, well, || match ended {
                None => format!("{name} did not end"),
                Some(end) => format!("{name} ended as {} with {}", end.status, end.outcome),
            });
        // One message says how it ended. A run that had told of a recovery and then could not release its lock is the
        // one that says a second thing: that page must be heard too.
        let silent = ended.is_some_and(|end| end.outcome == "left-to-the-other");
        let heard = |outcome: Outcome| {
            let key = format!("{name}/{outcome}");
            world.heard.iter().filter(|heard| heard.key == key).count()
        };
        let (good, paged) = (
            heard(Outcome::Recovered) + heard(Outcome::StoodDown),
            heard(Outcome::Paged),
        );
        let failed = ended.is_some_and(|end| end.status == "FAILED");
        let once = if failed {
            good <= 1 && paged == 1
        } else {
            good == usize::from(!silent) && paged == 0
        };
        world
            .ledger
            .demand(Invariant::EveryRunEndsAndIsHeardOnce, now, once, || {
                format!(
                    "of {name} people heard {good} times that it ended well, and were paged {paged} times"
                )
            });
        let kept = ended.is_none_or(|end| end.status == "SUCCEEDED" || end.left.is_no_worse_than(run.found));
        world.ledger.demand(Invariant::NoWorse, now, kept, || {
            format!(
                "{name} failed and left {:?}, having found {:?}",
                ended.map(|end| end.left),
                run.found
            )
        });
    }
    world
        .ledger
        .demand(Invariant::LockReleased, now, locks.is_empty(), || {
            format!("still locked: {}", locks.join(", "))
        });
    let mut openings: Vec<&str> = runs
        .iter()
        .filter_map(|(_, run)| run.input["opened_at"].as_str())
        .collect();
    let all = openings.len();
    openings.sort_unstable();
    openings.dedup();
    world
        .ledger
        .demand(Invariant::NothingTwice, now, openings.len() == all, || {
            format!("{all} runs for {} incidents", openings.len())
        });
}

/// Holders of locks that have not expired.
fn held_locks(left: &Left) -> Vec<String> {
    let now = left.world.timestamp(left.world.now).as_millisecond();
    let tables = stage::unlocked(&left.tables);
    let items = tables.items(JOURNAL_TABLE);
    let text = |value: Option<&AttributeValue>| value.and_then(|value| value.as_s().ok()).cloned();
    let number = |value: Option<&AttributeValue>| value.and_then(|v| v.as_n().ok()?.parse::<i64>().ok());
    items
        .filter(|item| text(item.get("sk")).as_deref() == Some("state#lock"))
        .filter(|item| number(item.get("expires_at_ms")).is_some_and(|expires| expires > now))
        .filter_map(|item| text(item.get("holder")))
        .collect()
}

fn recovery(name: &str, run: &Execution) -> Recovery {
    let end = run.end.as_ref();
    Recovery {
        machine: run.input["recovery"].as_str().unwrap_or_default().to_owned(),
        incident: name.to_owned(),
        started_ms: run.started,
        ended_ms: end.map(|end| end.at),
        status: end.map_or("RUNNING", |end| end.status).to_owned(),
        outcome: end.map_or_else(String::new, |end| end.outcome.clone()),
        transitions: end.map_or(0, |end| end.transitions),
    }
}

fn outcome(recoveries: &[Recovery]) -> Outcome {
    let any = |outcome: &str| recoveries.iter().any(|run| run.outcome == outcome);
    if recoveries.iter().any(|run| run.status != "SUCCEEDED") {
        Outcome::Paged
    } else if any("recovered") {
        Outcome::Recovered
    } else if any("stood-down") {
        Outcome::StoodDown
    } else {
        Outcome::NothingStarted
    }
}

fn verified(world: &World, verified: Option<Ms>) -> Option<Ms> {
    let (first, _) = world.traffic.outages.first()?;
    verified.map(|at| at - first)
}

fn own(moments: &Moments, verified: Option<Ms>) -> Option<Ms> {
    let before = moments.accepted?.checked_sub(moments.alarm?)?;
    let after = verified?.checked_sub(moments.moved?)?;
    Some(before + after)
}

fn cost(transitions: u64, left: &Left) -> Cost {
    let seconds = left.usage.billed_ms as f64 / 1_000.0;
    let dollars = transitions as f64 * facts::DOLLARS_PER_TRANSITION
        + left.usage.requests as f64 * facts::DOLLARS_PER_REQUEST
        + seconds * facts::FUNCTION_MEMORY_GB * facts::DOLLARS_PER_GB_SECOND;
    // To the hundred-thousandth of a dollar: the prices carry no more.
    Cost {
        transitions,
        invocations: left.usage.requests,
        dollars: (dollars * 100_000.0).round() / 100_000.0,
    }
}

fn objectives(world: &World) -> Vec<Objective> {
    let promised = &world.system.objectives;
    let (rto, rpo) = (
        world.traffic.longest_outage(world.now),
        world.traffic.lost_writes_ms,
    );
    let availability = world.traffic.availability();
    let seconds = |ms: Ms| format!("{}.{:03} s", ms / 1_000, ms % 1_000);
    let mut all = vec![
        Objective {
            name: "rto",
            promised: promised.rto.to_string(),
            measured: seconds(rto),
            met: rto <= promised.rto.as_millis(),
        },
        Objective {
            name: "rpo",
            promised: promised.rpo.to_string(),
            measured: seconds(rpo),
            met: rpo <= promised.rpo.as_millis(),
        },
    ];
    if let Some(least) = promised.availability {
        all.push(Objective {
            name: "availability",
            promised: format!("{} %", least.get()),
            measured: format!("{availability:.3} %"),
            met: availability >= least.get(),
        });
    }
    all
}
