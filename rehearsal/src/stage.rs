//! Lets time pass: events reach the router, executions run, and the world moves on, all in virtual time on one thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::duration::Duration;
use domain::names::{JOURNAL_TABLE, Recovery, execution_arn};
use domain::system::System;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use serde_json::Value;
use statemachines::{
    EventKind, Execution, ExecutionContext, ExecutionStatus, HistoryEvent, Observer, StateMachine, StateType,
    substitute,
};

use crate::clock::VirtualClock;
use crate::cloud::{Clients, Desk};
use crate::dynamodb::Tables;
use crate::facts;
use crate::lambda::{Functions, Usage};
use crate::scenario::Scenario;
use crate::timeline::{Actor, Entry};
use crate::world::execution::End;
use crate::world::{Ms, Outgoing, World};

/// When every rehearsal begins: a Monday morning. Fixed, so that the same seed gives the same bytes.
const START: Timestamp = Timestamp::constant(1_767_603_600, 0);

/// A rehearsal that lasts longer than this has lost its end, whatever the window says.
const LONGEST: Duration = Duration::from_mins(60 * 6);

/// How long after the window a run may still take to end: longer than any machine's own `TimeoutSeconds`.
const GRACE: Duration = Duration::from_mins(60);

/// What is left when the curtain falls.
pub struct Left {
    /// The world.
    pub world: World,
    /// The journal's table.
    pub tables: Arc<Mutex<Tables>>,
    /// What Lambda bills.
    pub usage: Usage,
    /// When `writable` was first seen to be true by a run.
    pub verified: Option<Ms>,
    /// Events that the router could not deal with, after all attempts.
    pub dead_letters: Vec<Value>,
}

/// Why a rehearsal cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system gives no runtime.
    #[error("no runtime: {0}")]
    Runtime(#[from] std::io::Error),
    /// One of our own state machines is not one.
    #[error("{machine}.asl.json: {what}")]
    Machine {
        /// Which.
        machine: &'static str,
        /// What is wrong.
        what: String,
    },
}

/// The state machines, by their recovery's name, with their functions' names filled in.
///
/// # Errors
/// When one of them is not a state machine; a test holds that none is wrong.
pub fn machines() -> Result<BTreeMap<&'static str, StateMachine>, Error> {
    Recovery::ALL
        .into_iter()
        .map(|recovery| {
            let machine = recovery.machine();
            let broken = |what: String| Error::Machine { machine, what };
            let text = substitute(definition(recovery), &Functions::substitutions())
                .map_err(|e| broken(e.to_string()))?;
            Ok((
                machine,
                StateMachine::parse(&text).map_err(|error| broken(error.to_string()))?,
            ))
        })
        .collect()
}

/// A machine's definition, as its file has it.
pub const fn definition(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::FailOverDatabase => include_str!("../../statemachines/fail-over-database.asl.json"),
    }
}

/// Plays a scenario to its end. `line` gets the timeline as it happens.
///
/// # Errors
/// When it cannot begin.
pub fn play(
    scenario: &Scenario,
    system: &System,
    seed: u64,
    line: &mut dyn FnMut(&Entry),
) -> Result<Left, Error> {
    let machines = machines()?;
    let runtime = crate::clock::runtime()?;
    runtime.block_on(async {
        let clock = VirtualClock::starting(START);
        let world = World::new(
            system.clone(),
            START,
            scenario.requests_per_second,
            &scenario.faults,
            seed,
        );
        let desk = Desk::new(world, clock);
        let tables = Arc::new(Mutex::new(Tables::new().with_table(JOURNAL_TABLE, "pk", "sk")));
        let functions = Functions::deploy(&desk, &Clients::new(&desk, &tables));
        let stage = Stage {
            desk: &desk,
            functions: &functions,
            machines: &machines,
            seed,
            dead_letters: RefCell::default(),
        };
        stage.run(scenario.window, line).await;
        let (usage, verified) = (functions.usage(), functions.verified());
        let dead_letters = stage.dead_letters.take();
        drop(functions);
        Ok(Left {
            world: desk.into_world(),
            tables,
            usage,
            verified,
            dead_letters,
        })
    })
}

struct Stage<'a> {
    desk: &'a Desk,
    functions: &'a Functions,
    machines: &'a BTreeMap<&'static str, StateMachine>,
    seed: u64,
    dead_letters: RefCell<Vec<Value>>,
}

impl<'a> Stage<'a> {
    async fn run(&self, window: Duration, line: &mut dyn FnMut(&Entry)) {
        let clock = self.desk.clock();
        let end = window.as_millis();
        let last = (end + GRACE.as_millis()).min(LONGEST.as_millis());
        let mut jobs: FuturesUnordered<LocalBoxFuture<'_, ()>> = FuturesUnordered::new();
        loop {
            let (outgoing, next) = {
                let mut world = self.desk.look();
                (world.take_outbox(), world.next_change())
            };
            for outgoing in outgoing {
                match outgoing {
                    Outgoing::Line(entry) => line(&entry),
                    Outgoing::Event(event) => jobs.push(Box::pin(self.deliver(event))),
                    Outgoing::Start(name) => jobs.push(Box::pin(self.execute(name))),
                }
            }
            let now = clock.elapsed_ms();
            if (now >= end && jobs.is_empty()) || now >= last {
                return;
            }
            // Whatever can run runs before time passes: the order is part of what a seed decides.
            tokio::select! {
                biased;
                Some(()) = jobs.next(), if !jobs.is_empty() => {}
                () = self.desk.changed() => {}
                () = clock.until_ms(next.unwrap_or(last).min(if now < end { end } else { last })) => {}
            }
        }
    }

    /// EventBridge invokes the router, at least once. Lambda tries an asynchronous invocation three times and then
    /// keeps the event in the function's dead-letter queue.
    async fn deliver(&self, event: Value) {
        let clock = self.desk.clock();
        let (latency, again) = {
            let mut world = self.desk.world();
            let again = world
                .dice()
                .happens("delivered twice", facts::DELIVERED_TWICE_PER_MILLE);
            let again = again.then(|| world.dice().draw(&facts::EVENT_BUS));
            (world.dice().draw(&facts::EVENT_BUS), again)
        };
        clock.pass(latency).await;
        self.invoke_router(&event).await;
        if let Some(later) = again {
            clock.pass(later).await;
            self.desk.world().say(
                Actor::Bus,
                format!("delivers the same event again: {}", detail_type(&event)),
            );
            self.invoke_router(&event).await;
        }
    }

    async fn invoke_router(&self, event: &Value) {
        let payload = event.to_string();
        let mut waits = facts::ASYNC_RETRIES.iter();
        loop {
            let failure = match self.functions.route(payload.as_bytes()).await {
                Ok(routed) => {
                    let decision = &routed.decision;
                    let mut said = format!("decides to {}: {}", decision.verdict.word(), decision.why);
                    if let Some(execution) = &routed.execution {
                        let how = if execution.existed {
                            "was started before"
                        } else {
                            "starts"
                        };
                        said.push_str(&format!("; execution {} {how}", execution.name));
                    }
                    return self.desk.world().say(Actor::Router, said);
                }
                Err(failure) => failure,
            };
            self.desk.world().say(
                Actor::Router,
                format!("{}: {}", failure.error_type, failure.error_message),
            );
            let Some(wait) = waits.next() else {
                self.desk
                    .world()
                    .say(Actor::Bus, "the event is kept in the dead-letter queue");
                return self.dead_letters.borrow_mut().push(event.clone());
            };
            self.desk.clock().pass(*wait).await;
        }
    }

    async fn execute(&self, name: String) {
        let clock = self.desk.clock();
        let (known, latency) = {
            let mut world = self.desk.world();
            (
                world.executions.get(&name).cloned(),
                world.dice().draw(&facts::EXECUTION_START),
            )
        };
        let Some(known) = known else { return };
        clock.pass(latency).await;
        let machine_name = known
            .machine_arn
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .trim_start_matches("evenkeel-");
        let Some(machine) = self.machines.get(machine_name) else {
            return;
        };
        let mut reader = Reader {
            desk: self.desk,
            machine: machine_name,
            tries: 0,
        };
        let context = ExecutionContext {
            execution_arn: execution_arn(&known.machine_arn, &name),
            execution_name: name.clone(),
            role_arn: format!("{}-role", known.machine_arn),
            state_machine_arn: known.machine_arn.clone(),
            state_machine_name: format!("evenkeel-{machine_name}"),
        };
        let result = Execution::new(machine, known.input, &clock, self.functions)
            .context(context)
            .seed(self.seed)
            .observer(&mut reader)
            .run()
            .await;
        let outcome = match (&result.output, &result.error) {
            (Some(output), _) => output["outcome"].as_str().unwrap_or_default().to_owned(),
            (None, Some(error)) => error.clone(),
            (None, None) => String::new(),
        };
        let mut world = self.desk.world();
        let ended = format!("{machine_name} {}: {outcome}", result.status.as_str());
        world.say(Actor::Machine, ended);
        if result.status != ExecutionStatus::Succeeded
            && let Some(cause) = &result.cause
        {
            world.say(Actor::Machine, cause.clone());
        }
        let end = End {
            at: clock.elapsed_ms(),
            left: world.database.service(),
            status: result.status.as_str(),
            outcome,
            transitions: result.transitions,
        };
        world.executions.end(&name, end);
    }
}

/// Turns an execution's history into lines: each state once, and how often it was tried.
struct Reader<'a> {
    desk: &'a Desk,
    machine: &'a str,
    tries: u32,
}

impl Observer for Reader<'_> {
    fn event(&mut self, event: &HistoryEvent) {
        match &event.kind {
            EventKind::StateEntered {
                state_type: StateType::Task,
                name,
                ..
            } => {
                self.tries = 0;
                self.desk
                    .world()
                    .say(Actor::Machine, format!("{}: {name}", self.machine));
            }
            EventKind::TaskScheduled { .. } => self.tries += 1,
            EventKind::StateExited {
                state_type: StateType::Task,
                name,
                ..
            } if self.tries > 1 => {
                self.desk.world().say(
                    Actor::Machine,
                    format!("{}: {name} took {} tries", self.machine, self.tries),
                );
            }
            _ => {}
        }
    }
}

fn detail_type(event: &Value) -> &str {
    event["detail-type"].as_str().unwrap_or_default()
}

/// The tables, whoever panicked while holding them.
pub fn unlocked(tables: &Mutex<Tables>) -> std::sync::MutexGuard<'_, Tables> {
    tables.lock().unwrap_or_else(PoisonError::into_inner)
}
