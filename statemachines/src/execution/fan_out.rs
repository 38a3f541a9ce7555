//! Parallel: every branch at once, all outputs or the first failure.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::Value;

use super::run::{Left, Run, Strand, Visit};
use super::{EventKind, Failure};
use crate::machine::{Block, StateType};

impl Run<'_> {
    pub(super) async fn parallel(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        branches: &[Block],
    ) -> Result<Left, Failure> {
        let input = self.arguments(visit, strand);
        let input = input.map_err(|problem| self.problem(visit, strand, visit.before, problem))?;
        strand.previous = self.append(strand.previous, EventKind::ParallelStateStarted)?;
        let mut running = FuturesUnordered::new();
        let mut inside = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let mut inner = strand.inner(strand.previous);
            inside.push(Rc::clone(&inner.inside));
            let input = Arc::clone(&input);
            running.push(async move {
                let outcome = self.block(branch, branch.start, &mut inner, input).await;
                (index, inner.previous, outcome)
            });
        }
        let mut outputs: Vec<Option<Arc<Value>>> = vec![None; branches.len()];
        while let Some((index, last, outcome)) = running.next().await {
            strand.previous = last;
            match outcome {
                Ok(output) => outputs[index] = Some(output),
                Err(failure) => {
                    drop(running);
                    visit.failed_inside.set(true);
                    for inside in &inside {
                        self.abort(last, inside)?;
                    }
                    return Err(failure);
                }
            }
        }
        let outputs = outputs
            .into_iter()
            .flatten()
            .map(|output| output.as_ref().clone())
            .collect();
        self.append(strand.previous, EventKind::ParallelStateSucceeded)?;
        let before = strand.previous;
        let result = Arc::new(Value::Array(outputs));
        self.within_limit(visit.state, &result)?;
        let shaped = self.shape(visit, strand, result);
        self.leave(visit, strand, before, shaped)
    }

    /// Say that a line of control was cut short inside a state, if it was inside one that takes time.
    pub(super) fn abort(&self, previous: u64, inside: &Cell<Option<StateType>>) -> Result<(), Failure> {
        match inside.take() {
            Some(state_type @ (StateType::Task | StateType::Wait | StateType::Parallel | StateType::Map)) => {
                self.append(previous, EventKind::StateAborted { state_type })
                    .map(|_| ())
            }
            Some(StateType::Pass | StateType::Choice | StateType::Succeed | StateType::Fail) | None => Ok(()),
        }
    }
}
