//! A run of a Distributed Map: each item, or batch of items, in a child execution with a history of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use super::run::{History, Item, Run, Strand, Visit};
use super::scope::{Problem, Scope};
use super::task::{MapRunRequest, TaskReply, TaskRequest};
use super::{ErrorDetails, EventKind, Failure};
use crate::machine::{Batcher, Block, Distributed, Kind, Map, Pattern, Reader, Setting};

/// Children that run at once. AWS allows 10,000; the results do not depend on it.
const CONCURRENCY: usize = 1_000;
/// Items that a reader may give (Step Functions Developer Guide, `MaxItems`).
const MAX_ITEMS: usize = 100_000_000;

/// Failures that a run tolerates.
struct Tolerance {
    count: u64,
    percentage: f64,
}

impl Run<'_> {
    /// The results, one for each child, or the failure of the run.
    pub(super) async fn map_run(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        map: &Map,
        distributed: &Distributed,
        items: Vec<Arc<Value>>,
    ) -> Result<Value, Failure> {
        let tolerance = self.tolerance(visit, strand, distributed);
        let tolerance = tolerance.map_err(|problem| self.problem(visit, strand, visit.before, problem))?;
        let map_run_arn = self.map_run_arn(visit, distributed);
        let started = EventKind::MapRunStarted {
            map_run_arn: Arc::clone(&map_run_arn),
        };
        strand.previous = self.append(strand.previous, started)?;
        let arn = Arc::clone(&map_run_arn);
        let outcome = self
            .run_children(visit, strand, map, distributed, items, map_run_arn, &tolerance)
            .await;
        let outcome = outcome.and_then(|outputs| match &distributed.writer {
            Some(writer) => self.written(visit, strand, writer, &arn),
            None => Ok(Value::Array(outputs)),
        });
        let event = match &outcome {
            Ok(_) => EventKind::MapRunSucceeded,
            Err(failure) => EventKind::MapRunFailed(failure.clone().details()),
        };
        strand.previous = self.append(strand.previous, event)?;
        visit.failed_inside.set(outcome.is_err());
        outcome
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of one Map state, taken apart by the caller"
    )]
    async fn run_children(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        map: &Map,
        distributed: &Distributed,
        items: Vec<Arc<Value>>,
        map_run_arn: Arc<str>,
        tolerance: &Tolerance,
    ) -> Result<Vec<Value>, Failure> {
        let request = MapRunRequest {
            state: Arc::clone(&visit.state.name),
            map_run_arn,
            has_reader: distributed.reader.is_some(),
            has_tasks: has_tasks(&map.processor),
        };
        if let Some(run) = self.tasks.map_run(request) {
            return result_of(run.await);
        }
        let items = match &distributed.reader {
            Some(reader) => self.read_items(visit, strand, reader).await?,
            None => items,
        };
        let mut inputs = Vec::with_capacity(items.len());
        for (index, value) in items.into_iter().enumerate() {
            let mut inner = strand.inner(strand.previous);
            inner.item = Some(Rc::new(Item {
                index,
                value: Arc::clone(&value),
            }));
            inputs.push(self.item_input(visit, &mut inner, map, value)?);
        }
        if let Some(batcher) = &distributed.batcher {
            let batches = self.batches(visit, strand, batcher, inputs);
            inputs = batches.map_err(|problem| self.problem(visit, strand, visit.before, problem))?;
        }
        let total = inputs.len();
        let children = inputs
            .into_iter()
            .enumerate()
            .map(|(index, input)| self.child(map, strand, index, input));
        let mut outcomes = stream::iter(children).buffered(CONCURRENCY);
        let (mut outputs, mut failed) = (Vec::with_capacity(total), 0_u64);
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(output) => outputs.push(output.as_ref().clone()),
                Err(failure) => {
                    failed += 1;
                    if tolerance.exceeded(failed, total) {
                        return Err(Failure::new(
                            "States.ExceedToleratedFailureThreshold",
                            "The specified tolerated failure threshold was exceeded",
                        ));
                    }
                    outputs.push(failure.output());
                }
            }
        }
        Ok(outputs)
    }

    /// One child execution. Its events are its own: they do not appear in the parent's history.
    async fn child(
        &self,
        map: &Map,
        strand: &Strand,
        index: usize,
        input: Arc<Value>,
    ) -> Result<Arc<Value>, Failure> {
        let mut context = self.context.as_ref().clone();
        let name = self.random.borrow_mut().uuid();
        let parent = context
            .execution_arn
            .rsplit_once(':')
            .map_or(String::new(), |(head, _)| head.to_owned());
        context.execution_arn = format!("{parent}:{name}");
        context.execution_name = name;
        let child = Run {
            machine: self.machine,
            clock: self.clock,
            tasks: self.tasks,
            history: RefCell::new(History::new(None, self.limits.events)),
            random: Rc::clone(&self.random),
            transitions: Rc::clone(&self.transitions),
            context: Rc::new(context),
            input: Arc::clone(&input),
            started: self.clock.now(),
            limits: self.limits,
            lateness: self.lateness,
        };
        // A child sees no variables of the parent's (Step Functions Developer Guide, "Passing data with variables").
        let mut inner = Strand::new(0);
        inner.item = Some(Rc::new(Item {
            index,
            value: Arc::clone(&input),
        }));
        debug_assert_ne!(strand.previous, 0, "the run has started");
        child
            .block(&map.processor, map.processor.start, &mut inner, input)
            .await
    }

    async fn read_items(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        reader: &Reader,
    ) -> Result<Vec<Arc<Value>>, Failure> {
        let prepared = self.reader_arguments(visit, strand, reader);
        let (arguments, most) =
            prepared.map_err(|problem| self.problem(visit, strand, visit.before, problem))?;
        let reply = self
            .tasks
            .call(TaskRequest {
                resource: Arc::clone(&reader.resource),
                state: Arc::clone(&visit.state.name),
                arguments: Arc::new(arguments),
                attempt: visit.retries.get(),
                pattern: Pattern::RequestResponse,
                token: None,
                timeout_seconds: None,
                heartbeat: None,
                credentials: None,
                event: strand.previous,
            })
            .await;
        let items = result_of(reply)?;
        Ok(items.into_iter().take(most).map(Arc::new).collect())
    }

    /// With a `ResultWriter`, the state's result says where the results went (Step Functions Developer Guide, "ResultWriter").
    fn written(
        &self,
        visit: &Visit<'_>,
        strand: &mut Strand,
        writer: &Reader,
        map_run_arn: &str,
    ) -> Result<Value, Failure> {
        let arguments = self.reader_arguments(visit, strand, writer);
        let (arguments, _) =
            arguments.map_err(|problem| self.problem(visit, strand, visit.before, problem))?;
        let prefix = arguments["Prefix"]
            .as_str()
            .unwrap_or_default()
            .trim_end_matches('/');
        let run = map_run_arn.rsplit(':').next().unwrap_or_default();
        let key = format!("{prefix}/{run}/manifest.json");
        Ok(json!({
            "MapRunArn": map_run_arn,
            "ResultWriterDetails": {"Bucket": arguments["Bucket"], "Key": key.trim_start_matches('/')},
        }))
    }

    fn reader_arguments(
        &self,
        visit: &Visit<'_>,
        strand: &Strand,
        reader: &Reader,
    ) -> Result<(Value, usize), Problem> {
        let scope = Scope::new(self, visit, strand).data(self.selected(visit, strand)?);
        let arguments = match &reader.arguments {
            Some(template) => scope.template(template, "ItemReader/Arguments")?,
            None => json!({}),
        };
        let most = match &reader.max_items {
            Some(setting) => scope.setting(setting)?.as_u64().unwrap_or_default(),
            None => 0,
        };
        let most = usize::try_from(most)
            .ok()
            .filter(|most| *most != 0)
            .unwrap_or(MAX_ITEMS);
        Ok((arguments, most))
    }

    /// `{"Items": […], "BatchInput": …}` for so many items, or so many bytes, at a time.
    fn batches(
        &self,
        visit: &Visit<'_>,
        strand: &Strand,
        batcher: &Batcher,
        items: Vec<Arc<Value>>,
    ) -> Result<Vec<Arc<Value>>, Problem> {
        let scope = Scope::new(self, visit, strand).data(self.selected(visit, strand)?);
        let number = |setting: &Option<Setting>| -> Result<Option<usize>, Problem> {
            let Some(setting) = setting else { return Ok(None) };
            let value = scope.setting(setting)?;
            Ok(value
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| *number != 0))
        };
        let most_items = number(&batcher.max_items)?.unwrap_or(usize::MAX);
        let most_bytes = number(&batcher.max_bytes)?.unwrap_or(self.limits.payload_bytes);
        let input = match &batcher.input {
            Some(template) => Some(scope.template(template, "ItemBatcher/BatchInput")?),
            None => None,
        };
        let finish = |items: &mut Vec<Value>| {
            let mut batch = json!({"Items": std::mem::take(items)});
            if let Some(input) = &input {
                batch["BatchInput"] = input.clone();
            }
            Arc::new(batch)
        };
        let (mut batches, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
        for item in items {
            let length = item.to_string().len() + 1;
            if !batch.is_empty() && (batch.len() >= most_items || bytes + length > most_bytes) {
                batches.push(finish(&mut batch));
                bytes = 0;
            }
            bytes += length;
            batch.push(item.as_ref().clone());
        }
        if !batch.is_empty() {
            batches.push(finish(&mut batch));
        }
        Ok(batches)
    }

    fn tolerance(
        &self,
        visit: &Visit<'_>,
        strand: &Strand,
        distributed: &Distributed,
    ) -> Result<Tolerance, Problem> {
        let scope = Scope::new(self, visit, strand).data(self.selected(visit, strand)?);
        let number = |setting: &Option<Setting>| -> Result<Option<f64>, Problem> {
            let Some(setting) = setting else { return Ok(None) };
            let value = scope.setting(setting)?;
            match value
                .as_f64()
                .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
            {
                Some(number) => Ok(Some(number)),
                None => Err(scope.mistyped(setting, "number", &value)),
            }
        };
        let percentage = number(&distributed.tolerated_percentage)?.unwrap_or(0.0);
        if !(0.0..=100.0).contains(&percentage) {
            return Err(scope.runtime("ToleratedFailurePercentage must be between 0 and 100."));
        }
        let count = number(&distributed.tolerated_count)?.unwrap_or(0.0);
        if count < 0.0 {
            return Err(scope.runtime("ToleratedFailureCount cannot be negative."));
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative; `as` saturates"
        )]
        Ok(Tolerance {
            count: count as u64,
            percentage,
        })
    }

    fn map_run_arn(&self, visit: &Visit<'_>, distributed: &Distributed) -> Arc<str> {
        let (name, run) = {
            let mut random = self.random.borrow_mut();
            (
                distributed.label.clone().unwrap_or_else(|| random.uuid()),
                random.uuid(),
            )
        };
        debug_assert!(!visit.state.name.is_empty());
        let base = self
            .context
            .state_machine_arn
            .replacen(":stateMachine:", ":mapRun:", 1);
        format!("{base}/{name}:{run}").into()
    }
}

impl Tolerance {
    /// Either threshold, once one is given; with neither, any failure is one too many.
    fn exceeded(&self, failed: u64, total: usize) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "counts of items")]
        let share = failed as f64 / total.max(1) as f64 * 100.0;
        failed > self.count && share > self.percentage
    }
}

fn result_of(reply: TaskReply) -> Result<Vec<Value>, Failure> {
    match reply {
        TaskReply::Succeeded(Value::Array(items)) => Ok(items),
        TaskReply::Succeeded(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_),
        ) => Err(Failure::new(
            "States.ItemReaderFailed",
            "Attempting to map over non-iterable node.",
        )),
        TaskReply::Failed { error, cause } => {
            let ErrorDetails { error, cause } = ErrorDetails { error, cause };
            Err(Failure {
                error,
                cause,
                ..Failure::default()
            })
        }
        TaskReply::TimedOut { cause } => Err(Failure {
            cause,
            ..Failure::timeout(false)
        }),
        TaskReply::Submitted { .. } => Err(Failure::new(
            "States.ItemReaderFailed",
            "An ItemReader answers once.",
        )),
    }
}

fn has_tasks(block: &Block) -> bool {
    block.states.iter().any(|state| match &state.kind {
        Kind::Task(_) => true,
        Kind::Parallel { branches } => branches.iter().any(has_tasks),
        Kind::Map(map) => has_tasks(&map.processor),
        Kind::Pass { .. } | Kind::Choice { .. } | Kind::Wait(_) | Kind::Succeed | Kind::Fail { .. } => false,
    })
}
