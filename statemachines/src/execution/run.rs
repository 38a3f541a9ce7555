//! From state to state.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::history::{EventKind, HistoryEvent, Observer};
use super::random::Random;
use super::{Checkpoint, Clock, ExecutionContext, Failure, Lateness, Limits, Tasks};
use crate::machine::{Block, Kind, Next, State, StateMachine, StateType};
use crate::query::jsonata::Shared;

/// An execution under way; a child execution of a Distributed Map is one too.
pub(super) struct Run<'a> {
    pub(super) machine: &'a StateMachine,
    pub(super) clock: &'a dyn Clock,
    pub(super) tasks: &'a dyn Tasks,
    pub(super) history: RefCell<History<'a>>,
    pub(super) random: Rc<RefCell<Random>>,
    pub(super) transitions: Rc<Cell<u64>>,
    pub(super) context: Rc<ExecutionContext>,
    pub(super) input: Arc<Value>,
    pub(super) started: Timestamp,
    pub(super) limits: Limits,
    pub(super) lateness: Lateness,
}

/// The events so far.
pub(super) struct History<'a> {
    /// How many there are, kept or not.
    count: u64,
    /// Those that are kept.
    events: Option<Vec<HistoryEvent>>,
    observer: Option<&'a mut dyn Observer>,
    limit: u64,
}

impl<'a> History<'a> {
    pub(super) fn new(observer: Option<&'a mut dyn Observer>, limit: u64) -> Self {
        Self {
            count: 0,
            events: Some(Vec::new()),
            observer,
            limit: limit.max(2),
        }
    }

    /// The history of an execution that goes on after so many events.
    pub(super) fn after(self, count: u64) -> Self {
        Self { count, ..self }
    }

    /// Events are counted and shown, and not kept.
    pub(super) fn unkept(self) -> Self {
        Self { events: None, ..self }
    }

    pub(super) fn into_events(self) -> Vec<HistoryEvent> {
        self.events.unwrap_or_default()
    }

    /// The last event, for which there is always room.
    pub(super) fn close(&mut self, now: Timestamp, previous: u64, kind: EventKind) -> u64 {
        self.count += 1;
        let event = HistoryEvent {
            id: self.count,
            previous,
            timestamp: now,
            kind,
        };
        if let Some(observer) = &mut self.observer {
            observer.event(&event);
        }
        if let Some(events) = &mut self.events {
            events.push(event);
        }
        self.count
    }
}

/// Workflow variables. Inner blocks read those of outer ones and assign their own; sharing makes that cheap.
pub(super) type Variables = Rc<HashMap<String, Rc<Shared>>>;

/// One line of control: the execution itself, a branch, an iteration.
pub(super) struct Strand {
    /// Id of the last event on this line.
    pub(super) previous: u64,
    pub(super) variables: Variables,
    /// The Map item that this line works on.
    pub(super) item: Option<Rc<Item>>,
    /// The state that the line is in, for the event that says that it was aborted there.
    pub(super) inside: Rc<Cell<Option<StateType>>>,
    /// Whether it is the execution itself: between two of its states nothing else is under way.
    is_whole: bool,
}

/// `$states.context.Map.Item`.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) index: usize,
    pub(super) value: Arc<Value>,
}

impl Strand {
    pub(super) fn new(previous: u64) -> Self {
        Self {
            previous,
            variables: Variables::default(),
            item: None,
            inside: Rc::default(),
            is_whole: true,
        }
    }

    /// The line of an execution that goes on.
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        Self {
            variables: Rc::clone(&checkpoint.variables),
            ..Self::new(checkpoint.previous)
        }
    }

    pub(super) fn inner(&self, previous: u64) -> Self {
        Self {
            previous,
            variables: Rc::clone(&self.variables),
            item: self.item.clone(),
            inside: Rc::default(),
            is_whole: false,
        }
    }

    pub(super) fn assign(&mut self, assigned: &Map<String, Value>) {
        let variables = Rc::make_mut(&mut self.variables);
        for (name, value) in assigned {
            variables.insert(name.clone(), Rc::new(Shared::new(Arc::new(value.clone()))));
        }
    }
}

/// A state as visited: what its expressions may refer to besides data.
pub(super) struct Visit<'v> {
    pub(super) state: &'v State,
    pub(super) input: Shared,
    pub(super) entered: Timestamp,
    /// Id of the `…StateEntered` event, which causes quote.
    pub(super) event: u64,
    /// The event before it.
    pub(super) before: u64,
    pub(super) retries: Cell<u64>,
    /// Whether what failed was inside this Parallel or Map, and not the state itself.
    pub(super) failed_inside: Cell<bool>,
    pub(super) token: RefCell<Option<String>>,
}

/// What a state came to.
pub(super) struct Left {
    pub(super) output: Arc<Value>,
    pub(super) assigned: Option<Map<String, Value>>,
    pub(super) next: Next,
}

impl<'a> Run<'a> {
    /// Append an event; its id, or the failure that ends an execution whose history is full.
    pub(super) fn append(&self, previous: u64, kind: EventKind) -> Result<u64, Failure> {
        let mut history = self.history.borrow_mut();
        if history.count + 1 >= history.limit {
            let limit = history.limit;
            return Err(Failure::runtime(format!(
                "The execution reached the maximum number of history events ({limit})."
            )));
        }
        Ok(history.close(self.clock.now(), previous, kind))
    }

    /// The time some seconds from now, however many.
    pub(super) fn after(&self, seconds: f64) -> Timestamp {
        later(self.clock.now(), seconds)
    }

    /// Tell the observer that the execution stands before a state, which takes time.
    fn stand(&self, at: usize, strand: &Strand, input: &Arc<Value>) {
        let mut history = self.history.borrow_mut();
        let events = history.count;
        if let Some(observer) = &mut history.observer {
            observer.stands(&|| Checkpoint {
                at,
                input: Arc::clone(input),
                variables: Rc::clone(&strand.variables),
                previous: strand.previous,
                events,
                random: self.random.borrow().clone(),
                transitions: self.transitions.get(),
                started: self.started,
                execution_input: Arc::clone(&self.input),
            });
        }
    }

    /// Run a block from one of its states to its end.
    pub(super) async fn block(
        &self,
        block: &Block,
        from: usize,
        strand: &mut Strand,
        input: Arc<Value>,
    ) -> Result<Arc<Value>, Failure> {
        let (mut at, mut input) = (from, input);
        loop {
            let state = &block.states[at];
            let state_type = state.kind.state_type();
            if strand.is_whole && state.kind.takes_time() {
                self.stand(at, strand, &input);
            }
            let before = strand.previous;
            let entered = EventKind::StateEntered {
                state_type,
                name: Arc::clone(&state.name),
                input: Arc::clone(&input),
            };
            strand.previous = self.append(before, entered)?;
            self.transitions.set(self.transitions.get() + 1);
            strand.inside.set(Some(state_type));
            let visit = Visit {
                state,
                input: Shared::new(input),
                entered: self.clock.now(),
                event: strand.previous,
                before,
                retries: Cell::new(0),
                failed_inside: Cell::new(false),
                token: RefCell::new(None),
            };
            let left = if state.kind.takes_time() {
                self.visit(&visit, strand).await?
            } else {
                // It is run here: a future of its own would cost more than it does.
                let left = self.visit_at_once(&visit, strand);
                strand.inside.set(None);
                left?
            };
            let assigned = left.assigned.filter(|assigned| !assigned.is_empty());
            if let Some(assigned) = &assigned {
                strand.assign(assigned);
            }
            let exited = EventKind::StateExited {
                state_type,
                name: Arc::clone(&state.name),
                output: Arc::clone(&left.output),
                assigned: assigned.map(Arc::new),
            };
            strand.previous = self.append(strand.previous, exited)?;
            strand.inside.set(None);
            match left.next {
                Next::State(next) => (at, input) = (next, left.output),
                Next::End => return Ok(left.output),
            }
        }
    }

    fn visit_at_once(&self, visit: &Visit<'_>, strand: &mut Strand) -> Result<Left, Failure> {
        match &visit.state.kind {
            Kind::Pass { result } => self.pass(visit, strand, result.as_ref()),
            Kind::Choice { rules, default } => self.choose(visit, strand, rules, *default),
            Kind::Succeed => self.succeed(visit, strand),
            Kind::Fail { error, cause } => Err(self.fail(visit, strand, error.as_ref(), cause.as_ref())),
            Kind::Task(_) | Kind::Wait(_) | Kind::Parallel { .. } | Kind::Map(_) => {
                Err(Failure::runtime("a state that takes time was run at once"))
            }
        }
    }

    fn visit<'f>(
        &'f self,
        visit: &'f Visit<'_>,
        strand: &'f mut Strand,
    ) -> LocalBoxFuture<'f, Result<Left, Failure>> {
        Box::pin(async move {
            match &visit.state.kind {
                Kind::Wait(wait) => self.wait(visit, strand, wait).await,
                Kind::Task(_) | Kind::Parallel { .. } | Kind::Map(_) => {
                    self.with_retries(visit, strand).await
                }
                Kind::Pass { .. } | Kind::Choice { .. } | Kind::Succeed | Kind::Fail { .. } => {
                    self.visit_at_once(visit, strand)
                }
            }
        })
    }

    /// Hold a payload against the limit, as AWS does with arguments and outputs.
    pub(super) fn within_limit(&self, state: &State, value: &Value) -> Result<(), Failure> {
        if crate::size::fits(value, self.limits.payload_bytes) {
            return Ok(());
        }
        Err(Failure {
            terminal: true,
            ..too_large(&state.name)
        })
    }
}

/// The time some seconds after another.
pub(super) fn later(time: Timestamp, seconds: f64) -> Timestamp {
    let span = SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX);
    time.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// The error of a payload over the limit, in the name of a state or of a task.
pub(super) fn too_large(name: &str) -> Failure {
    Failure::new(
        "States.DataLimitExceeded",
        format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        ),
    )
}
