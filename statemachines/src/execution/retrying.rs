//! `Retry` and `Catch`.

use std::sync::Arc;

use serde_json::Value;

use super::flow::Shaped;
use super::run::{Left, Run, Strand, Visit};
use super::scope::{Problem, Scope};
use super::{EventKind, Failure};
use crate::machine::{Catcher, Kind, Next, QueryLanguage, Retrier};

impl Run<'_> {
    /// Attempt a state until it succeeds, its retriers give up, or a catcher takes the error.
    pub(super) async fn with_retries(&self, visit: &Visit<'_>, strand: &mut Strand) -> Result<Left, Failure> {
        // Each retrier counts its own attempts.
        let mut spent = vec![0_u64; visit.state.retry.len()];
        loop {
            let attempt = match &visit.state.kind {
                Kind::Task(task) => self.attempt(visit, strand, task).await,
                Kind::Parallel { branches } => self.parallel(visit, strand, branches).await,
                Kind::Map(map) => self.map(visit, strand, map).await,
                Kind::Pass { .. }
                | Kind::Choice { .. }
                | Kind::Wait(_)
                | Kind::Succeed
                | Kind::Fail { .. } => Err(Failure::runtime("a state without Retry was attempted")),
            };
            let failure = match attempt {
                Ok(left) => return Ok(left),
                Err(failure) => failure,
            };
            let retriers = visit.state.retry.iter().zip(&mut spent);
            // The first retrier that names the error decides, even if that means no more retries.
            let retrier = { retriers }.find(|(retrier, _)| failure.matches(&retrier.errors));
            if let Some((retrier, spent)) = retrier
                && *spent < retrier.max_attempts
            {
                let delay = self.delay(retrier, *spent);
                *spent += 1;
                visit.retries.set(visit.retries.get() + 1);
                self.transitions.set(self.transitions.get() + 1);
                self.clock.sleep_until(self.after(delay)).await;
                continue;
            }
            return self.caught(visit, strand, failure);
        }
    }

    /// Seconds before a retry: the interval, grown by the rate for each retry so far, capped, then jittered.
    fn delay(&self, retrier: &Retrier, spent: u64) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a count of retries")]
        let grown = retrier.interval_seconds * retrier.backoff_rate.powf(spent as f64);
        let delay = retrier.max_delay_seconds.map_or(grown, |most| grown.min(most));
        let delay = if retrier.full_jitter {
            delay * self.random.borrow_mut().unit()
        } else {
            delay
        };
        self.lateness.of(retrier, delay)
    }

    fn caught(&self, visit: &Visit<'_>, strand: &mut Strand, failure: Failure) -> Result<Left, Failure> {
        let failed = match &visit.state.kind {
            Kind::Map(_) => Some(EventKind::MapStateFailed),
            Kind::Parallel { .. } => Some(EventKind::ParallelStateFailed),
            Kind::Task(_)
            | Kind::Pass { .. }
            | Kind::Choice { .. }
            | Kind::Wait(_)
            | Kind::Succeed
            | Kind::Fail { .. } => None,
        };
        if let Some(failed) = failed.filter(|_| !failure.is_runtime() || visit.failed_inside.get()) {
            strand.previous = self.append(strand.previous, failed)?;
        }
        let mut catchers = visit.state.catch.iter().enumerate();
        let Some((index, catcher)) = catchers.find(|(_, catcher)| failure.matches(&catcher.errors)) else {
            return Err(failure);
        };
        let shaped = self.shape_error(visit, strand, index, catcher, failure.output());
        let before = strand.previous;
        let left = self.leave(visit, strand, before, shaped)?;
        Ok(Left {
            next: Next::State(catcher.next),
            ..left
        })
    }

    fn shape_error(
        &self,
        visit: &Visit<'_>,
        strand: &Strand,
        index: usize,
        catcher: &Catcher,
        output: Value,
    ) -> Result<Shaped, Problem> {
        let output = Arc::new(output);
        let location = format!("Catch[{index}]");
        let scope = Scope::new(self, visit, strand);
        match visit.state.language {
            QueryLanguage::Jsonata => {
                let scope = scope.error_output(Arc::clone(&output));
                let assigned = scope.assign(&catcher.assign, &format!("{location}/Assign"))?;
                let output = match &catcher.output {
                    Some(template) => Arc::new(scope.template(template, &format!("{location}/Output"))?),
                    None => output,
                };
                Ok(Shaped { output, assigned })
            }
            QueryLanguage::JsonPath => {
                let assigned = scope
                    .data(Arc::clone(&output))
                    .assign(&catcher.assign, &format!("{location}/Assign"))?;
                let output = self.place(visit, strand, &catcher.result_path, output)?;
                Ok(Shaped { output, assigned })
            }
        }
    }
}
