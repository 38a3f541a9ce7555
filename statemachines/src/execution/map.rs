//! Map: one block for each item.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::Value;

use super::flow::unexpected_type;
use super::run::{Item, Left, Run, Strand, Visit};
use super::scope::{Problem, Scope};
use super::{EventKind, Failure};
use crate::machine::{Items, Map, QueryLanguage, Setting, StateType};
use crate::query::Template;

/// Iterations that an inline Map runs at once when `MaxConcurrency` does not say fewer (Step Functions Developer Guide, "Map
/// state processing modes").
const INLINE_CONCURRENCY: usize = 40;

/// An iteration under way.
struct Iteration {
    index: usize,
    inside: Rc<Cell<Option<StateType>>>,
    done: bool,
}

impl Run<'_> {
    pub(super) async fn map(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        map: &Map,
    ) -> Result<Left, Failure> {
        let prepared = self.items(visit, strand, map);
        let (items, concurrency) =
            prepared.map_err(|problem| self.problem(visit, strand, visit.before, problem))?;
        let started = EventKind::MapStateStarted {
            length: items.len() as u64,
        };
        strand.previous = self.append(strand.previous, started)?;
        let outputs = match &map.distributed {
            None => Value::Array(self.iterate(visit, strand, map, items, concurrency).await?),
            Some(distributed) => self.map_run(visit, strand, map, distributed, items).await?,
        };
        self.append(strand.previous, EventKind::MapStateSucceeded)?;
        let before = strand.previous;
        let result = Arc::new(outputs);
        self.within_limit(visit.state, &result)?;
        let shaped = self.shape(visit, strand, result);
        self.leave(visit, strand, before, shaped)
    }

    async fn iterate(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        map: &Map,
        items: Vec<Arc<Value>>,
        concurrency: usize,
    ) -> Result<Vec<Value>, Failure> {
        let name = &visit.state.name;
        let mut outputs: Vec<Option<Arc<Value>>> = vec![None; items.len()];
        let mut waiting = items.into_iter().enumerate();
        let mut iterations: Vec<Iteration> = Vec::new();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < concurrency
                && let Some((index, value)) = waiting.next()
            {
                let event = EventKind::MapIterationStarted {
                    name: Arc::clone(name),
                    index: index as u64,
                };
                let id = self.append(strand.previous, event)?;
                let mut inner = strand.inner(id);
                inner.item = Some(Rc::new(Item {
                    index,
                    value: Arc::clone(&value),
                }));
                iterations.push(Iteration {
                    index,
                    inside: Rc::clone(&inner.inside),
                    done: false,
                });
                running.push(async move {
                    let outcome = match self.item_input(visit, &mut inner, map, value) {
                        Ok(input) => {
                            self.block(&map.processor, map.processor.start, &mut inner, input)
                                .await
                        }
                        Err(failure) => Err(failure),
                    };
                    (index, inner.previous, outcome)
                });
            }
            let Some((index, last, outcome)) = running.next().await else {
                break;
            };
            strand.previous = last;
            match outcome {
                Ok(output) => {
                    outputs[index] = Some(output);
                    iterations[index].done = true;
                    let event = EventKind::MapIterationSucceeded {
                        name: Arc::clone(name),
                        index: index as u64,
                    };
                    let succeeded = self.append(last, event)?;
                    if running.is_empty() && waiting.len() == 0 {
                        strand.previous = succeeded;
                    }
                }
                Err(failure) => {
                    drop(running);
                    visit.failed_inside.set(true);
                    self.abort_iterations(name, last, index, &iterations)?;
                    return Err(failure);
                }
            }
        }
        Ok(outputs
            .into_iter()
            .flatten()
            .map(|output| output.as_ref().clone())
            .collect())
    }

    /// The failed iteration, then every other one that was under way.
    fn abort_iterations(
        &self,
        name: &Arc<str>,
        last: u64,
        failed: usize,
        iterations: &[Iteration],
    ) -> Result<(), Failure> {
        let event = EventKind::MapIterationFailed {
            name: Arc::clone(name),
            index: failed as u64,
        };
        self.append(last, event)?;
        self.abort(last, &iterations[failed].inside)?;
        for iteration in iterations
            .iter()
            .filter(|iteration| !iteration.done && iteration.index != failed)
        {
            let event = EventKind::MapIterationAborted {
                name: Arc::clone(name),
                index: iteration.index as u64,
            };
            self.append(last, event)?;
            self.abort(last, &iteration.inside)?;
        }
        Ok(())
    }

    /// The items, and how many run at once.
    fn items(
        &self,
        visit: &Visit<'_>,
        strand: &Strand,
        map: &Map,
    ) -> Result<(Vec<Arc<Value>>, usize), Problem> {
        let selected = self.selected(visit, strand)?;
        let scope = Scope::new(self, visit, strand).data(Arc::clone(&selected));
        let concurrency = concurrency(&scope, map.max_concurrency.as_ref())?;
        if map
            .distributed
            .as_ref()
            .is_some_and(|distributed| distributed.reader.is_some())
        {
            return Ok((Vec::new(), concurrency));
        }
        let value = match &map.items {
            Items::Input => {
                if !selected.is_array() {
                    return Err(match visit.state.language {
                        QueryLanguage::Jsonata => scope.query(
                            &format!("Map state input must be an array but was: {selected}"),
                            None,
                        ),
                        // ItemsPath is "$" where it is not said.
                        QueryLanguage::JsonPath => scope.runtime("Reference path \"$\" must point to array."),
                    });
                }
                selected.as_ref().clone()
            }
            Items::Path(reference) => {
                let value = scope.select(reference)?;
                if !value.is_array() {
                    return Err(scope.runtime(&format!(
                        "Reference path \"{}\" must point to array.",
                        reference.written()
                    )));
                }
                value
            }
            Items::Template(template) => {
                let value = scope.template(template, "Items")?;
                if !value.is_array() {
                    let source = match template {
                        Template::Jsonata(expression) => expression.source.to_string(),
                        Template::Literal(_)
                        | Template::Reference(_)
                        | Template::Array(_)
                        | Template::Object(_) => value.to_string(),
                    };
                    let what = unexpected_type(&source, "Items", "array", &value);
                    return Err(scope.query(&what, Some("Items")));
                }
                value
            }
        };
        let items = match value {
            Value::Array(items) => items.into_iter().map(Arc::new).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Vec::new()
            }
        };
        Ok((items, concurrency))
    }

    /// An iteration's input: the item, or what `ItemSelector` makes of it.
    pub(super) fn item_input(
        &self,
        visit: &Visit<'_>,
        inner: &mut Strand,
        map: &Map,
        value: Arc<Value>,
    ) -> Result<Arc<Value>, Failure> {
        let Some(selector) = &map.selector else {
            return Ok(value);
        };
        let made = self.selected(visit, inner).and_then(|selected| {
            Scope::new(self, visit, inner)
                .data(selected)
                .template(selector, "ItemSelector")
        });
        let before = inner.previous;
        made.map(Arc::new)
            .map_err(|problem| self.problem(visit, inner, before, problem))
    }
}

fn concurrency(scope: &Scope<'_, '_>, setting: Option<&Setting>) -> Result<usize, Problem> {
    let Some(setting) = setting else {
        return Ok(INLINE_CONCURRENCY);
    };
    let value = scope.setting(setting)?;
    // A path may lead to a number written as text: `MAP_STATE_REFERENCE_IN_MAX_CONCURRENCY_PATH`.
    let number = value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    let Some(number) = number else {
        return Err(scope.mistyped(setting, "integer", &value));
    };
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    Ok(if number == 0 {
        INLINE_CONCURRENCY
    } else {
        number.min(INLINE_CONCURRENCY)
    })
}
