//! What a rehearsal measured, and whether that is what was promised.

mod ending;
mod expected;
mod moving;
mod promise;

use domain::system::System;
use serde::Serialize;
use serde_json::Value;

use crate::facts;
use crate::scenario::{Expectation, Outcome, Scenario};
use crate::stage::{self, Left};
use crate::timeline::Entry;
use crate::world::execution::Execution;
use crate::world::invariant::Violation;
use crate::world::{Moments, Ms, World};

pub(crate) use self::ending::judge;
pub use self::moving::{Acceptance, Leg, Moving};

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
    /// Acknowledged writes that were lost.
    #[serde(skip_serializing_if = "is_zero")]
    pub lost_writes: u64,
    /// How far the other Region's database lagged at the moment at which this one was lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_at_loss_ms: Option<Ms>,
    /// Who accepted that something is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
    /// What a move to the other Region took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moving: Option<Moving>,
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
    /// What came out otherwise than expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unexpected: Vec<String>,
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
    /// What it wrote into the journal about itself: what was seen, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub journal: Vec<String>,
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
    let left = stage::play(scenario, system, seed, &mut |entry| {
        line(entry);
        timeline.push(entry.clone());
    })?;
    Ok(of(scenario, seed, left, timeline))
}

/// Measures what is left of a rehearsal that is over.
pub fn of(scenario: &Scenario, seed: u64, mut left: Left, timeline: Vec<Entry>) -> Report {
    ending::judge(&mut left);
    let world = &left.world;
    let recoveries: Vec<Recovery> = world
        .executions
        .iter()
        .map(|(name, run)| recovery(&left, name, run))
        .collect();
    let transitions = recoveries.iter().map(|run| run.transitions).sum();
    let outcome = outcome(&recoveries, paged(world));
    let moving = moving::measure(&left, &timeline);
    let unexpected = expected::unexpected(&scenario.expect, world, outcome, moving.as_ref(), &timeline);
    Report {
        scenario: scenario.name.clone(),
        seed,
        system: world.system.name.to_string(),
        outcome,
        rto_ms: world.traffic.longest_outage(world.now),
        rpo_ms: world.traffic.lost_writes_ms,
        verified_ms: verified(world),
        own_ms: own(&world.moments),
        failover_ms: world.moments.failover,
        lost_writes: world.traffic.lost_writes,
        lag_at_loss_ms: world.moments.lag_at_loss,
        accepted: moving::acceptance(&left),
        moving,
        requests: Requests {
            sent: world.traffic.sent,
            lost: world.traffic.lost,
        },
        availability_percent: world.traffic.availability(),
        cost: cost(transitions, &left),
        objectives: objectives(world, &scenario.expect),
        as_expected: unexpected.is_empty(),
        unexpected,
        invariants: Invariants {
            checked: world.ledger.checked,
            violated: world.ledger.violations.len() as u64,
        },
        violations: world.ledger.violations.clone(),
        dead_letters: left.dead_letters.clone(),
        recoveries,
        timeline,
    }
}

fn recovery(left: &Left, name: &str, run: &Execution) -> Recovery {
    let end = run.end.as_ref();
    Recovery {
        machine: run.input["recovery"].as_str().unwrap_or_default().to_owned(),
        incident: name.to_owned(),
        started_ms: run.started,
        ended_ms: end.map(|end| end.at),
        status: end.map_or("RUNNING", |end| end.status).to_owned(),
        outcome: end.map_or_else(String::new, |end| end.outcome.clone()),
        transitions: end.map_or(0, |end| end.transitions),
        journal: ending::journal(left, name),
    }
}

/// `paged` is what counts where nothing ran: the decision itself may page.
fn outcome(recoveries: &[Recovery], paged: bool) -> Outcome {
    let any = |outcome: &str| recoveries.iter().any(|run| run.outcome == outcome);
    if recoveries
        .iter()
        .any(|run| run.status != "SUCCEEDED" && run.status != stage::LOST)
    {
        Outcome::Paged
    } else if any("recovered") {
        Outcome::Recovered
    } else if any("rolled-back") {
        Outcome::RolledBack
    } else if any("stood-down") {
        Outcome::StoodDown
    } else if recoveries.is_empty() && paged {
        Outcome::Paged
    } else {
        Outcome::NothingStarted
    }
}

/// Whether anybody was paged.
fn paged(world: &World) -> bool {
    let mut pages = world.page_topics();
    pages.any(|page| world.heard.iter().any(|heard| heard.topic == *page))
}

fn verified(world: &World) -> Option<Ms> {
    let (first, _) = world.traffic.outages.first()?;
    world.moments.verified?.checked_sub(*first)
}

fn own(moments: &Moments) -> Option<Ms> {
    let before = moments.accepted?.checked_sub(moments.alarm?)?;
    let after = moments.verified?.checked_sub(moments.moved?)?;
    Some(before + after)
}

/// For serde, which asks by reference.
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn cost(transitions: u64, left: &Left) -> Cost {
    // AWS Lambda pricing reckons 1,024 MB as a GB.
    let gb_seconds = left.usage.billed_mb_ms as f64 / 1_024.0 / 1_000.0;
    let dollars = transitions as f64 * facts::DOLLARS_PER_TRANSITION
        + left.usage.requests as f64 * facts::DOLLARS_PER_REQUEST
        + gb_seconds * facts::DOLLARS_PER_GB_SECOND;
    // To the hundred-thousandth of a dollar: the prices carry no more.
    Cost {
        transitions,
        invocations: left.usage.requests,
        dollars: (dollars * 100_000.0).round() / 100_000.0,
    }
}

/// What the system file promises, or the scenario in its place.
fn objectives(world: &World, expect: &Expectation) -> Vec<Objective> {
    let promised = &world.system.objectives;
    let (longest, largest) = (
        expect.rto.unwrap_or(promised.rto),
        expect.rpo.unwrap_or(promised.rpo),
    );
    let (rto, rpo) = (
        world.traffic.longest_outage(world.now),
        world.traffic.lost_writes_ms,
    );
    let availability = world.traffic.availability();
    let mut all = vec![
        Objective {
            name: "rto",
            promised: longest.to_string(),
            measured: seconds(rto),
            met: rto <= longest.as_millis(),
        },
        Objective {
            name: "rpo",
            promised: largest.to_string(),
            measured: seconds(rpo),
            met: rpo <= largest.as_millis(),
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

fn seconds(ms: Ms) -> String {
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}
