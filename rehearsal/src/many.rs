//! Many seeds of one scenario, on all cores, and what they have in common.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::system::System;
use serde::Serialize;

use crate::cores;
use crate::report::{Report, rehearse};
use crate::scenario::Scenario;
use crate::stage::Error;
use crate::world::Ms;

/// Plays `count` seeds from `first` on. `done` is called after each, from any thread. The answer is in the order of
/// the seeds, without timelines, and does not depend on the number of cores.
///
/// # Errors
/// The first reason why one could not begin.
pub fn rehearse_many(
    scenario: &Scenario,
    system: &System,
    first: u64,
    count: u32,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Report>, Error> {
    let played = Mutex::new(BTreeMap::new());
    cores::each(count as usize, |index| {
        let seed = first.wrapping_add(index as u64);
        let report = rehearse(scenario, system, seed, &mut |_| {});
        let report = report.map(|report| Report {
            timeline: Vec::new(),
            ..report
        });
        played
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(index, report);
        done();
        true
    });
    played
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_values()
        .collect()
}

/// What many rehearsals have in common.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many.
    pub seeds: usize,
    /// How often each outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Longest times without service.
    pub rto_ms: Spread,
    /// What Evenkeel's own steps added, where it recovered.
    pub own_ms: Spread,
    /// The largest share that this was of a move to another Region, in percent.
    pub own_percent: Option<f64>,
    /// Largest loss of acknowledged writes, as the time in which they were made.
    pub rpo_ms: Spread,
    /// What RDS itself took, where it was asked.
    pub failover_ms: Spread,
    /// Checks of invariants.
    pub checked: u64,
    /// Breaches.
    pub violated: u64,
    /// Seeds that missed an objective, broke an invariant or ended unexpectedly.
    pub missed: Vec<u64>,
}

/// A distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The least.
    pub least: Ms,
    /// The median.
    pub median: Ms,
    /// The 95th percentile.
    pub p95: Ms,
    /// The most.
    pub most: Ms,
}

impl Summary {
    /// Of these.
    pub fn of(reports: &[Report]) -> Self {
        let mut outcomes = BTreeMap::new();
        for report in reports {
            *outcomes.entry(report.outcome.to_string()).or_insert(0) += 1;
        }
        let missed = reports
            .iter()
            .filter(|report| !report.is_good() || !report.as_expected);
        Self {
            seeds: reports.len(),
            outcomes,
            rto_ms: Spread::of(reports.iter().map(|report| report.rto_ms)),
            own_ms: Spread::of(reports.iter().filter_map(|report| match &report.moving {
                Some(moving) => Some(moving.own_ms),
                None => report.own_ms,
            })),
            own_percent: reports
                .iter()
                .filter_map(|report| Some(report.moving.as_ref()?.own_percent))
                .reduce(f64::max),
            rpo_ms: Spread::of(reports.iter().map(|report| report.rpo_ms)),
            failover_ms: Spread::of(reports.iter().filter_map(|report| report.failover_ms)),
            checked: reports.iter().map(|report| report.invariants.checked).sum(),
            violated: reports.iter().map(|report| report.invariants.violated).sum(),
            missed: missed.map(|report| report.seed).collect(),
        }
    }
}

impl Spread {
    /// Of these; all 0 if there are none.
    pub fn of(values: impl Iterator<Item = Ms>) -> Self {
        let mut values: Vec<Ms> = values.collect();
        values.sort_unstable();
        let Some(last) = values.len().checked_sub(1) else {
            return Self::default();
        };
        let at = |percent: usize| values[last * percent / 100];
        Self {
            least: at(0),
            median: at(50),
            p95: at(95),
            most: at(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_read_off_the_sorted_values() {
        let spread = Spread::of((0..=100).rev());
        assert_eq!(
            spread,
            Spread {
                least: 0,
                median: 50,
                p95: 95,
                most: 100
            }
        );
        assert_eq!(Spread::of(std::iter::empty()), Spread::default());
    }
}
