//! Executions, and what a reader sees of them.

use std::collections::BTreeMap;

use domain::names::{Region, execution_arn, fnv1a};
use statemachines::{
    EventKind, Execution, ExecutionContext, ExecutionStatus, HistoryEvent, Observer, StateType,
};

use super::run::Stage;
use crate::cloud::Desk;
use crate::facts;
use crate::timeline::Actor;
use crate::world::execution::End;

impl Stage<'_> {
    /// Step Functions runs an execution.
    pub(super) async fn execute(&self, region: Region, name: String) {
        let clock = self.desk.clock();
        let (known, latency) = {
            let mut world = self.desk.world();
            (
                world.executions.get(&name).cloned(),
                world.dice().draw(&facts::EXECUTION_START),
            )
        };
        let (Some(known), Some(functions)) = (known, self.functions.get(&region)) else {
            return;
        };
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
            states: BTreeMap::new(),
            tries: BTreeMap::new(),
        };
        let context = ExecutionContext {
            execution_arn: execution_arn(&known.machine_arn, &name),
            execution_name: name.clone(),
            role_arn: format!("{}-role", known.machine_arn),
            state_machine_arn: known.machine_arn.clone(),
            state_machine_name: format!("evenkeel-{machine_name}"),
        };
        let result = Execution::new(machine, known.input, &clock, functions)
            .context(context)
            // Each execution draws its own jitter and task tokens.
            .seed(self.seed ^ fnv1a(name.as_bytes()))
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
            left: world.service(),
            status: result.status.as_str(),
            outcome,
            transitions: result.transitions,
        };
        world.executions.end(&name, end);
        world.tell_execution(&region, &name);
    }
}

/// Turns an execution's history into lines: each state once, and how often it was tried. Branches of a Parallel state
/// run at once, so an event belongs to the state of the event that it follows.
struct Reader<'a> {
    desk: &'a Desk,
    machine: &'a str,
    states: BTreeMap<u64, String>,
    tries: BTreeMap<String, u32>,
}

impl Observer for Reader<'_> {
    fn event(&mut self, event: &HistoryEvent) {
        let state = match &event.kind {
            EventKind::StateEntered { name, .. } => Some(name.to_string()),
            _ => self.states.get(&event.previous).cloned(),
        };
        if let Some(state) = &state {
            self.states.insert(event.id, state.clone());
        }
        match (&event.kind, state) {
            (
                EventKind::StateEntered {
                    state_type: StateType::Task,
                    ..
                },
                Some(state),
            ) => {
                let line = format!("{}: {state}", self.machine);
                self.desk.world().say(Actor::Machine, line);
                self.tries.insert(state, 0);
            }
            (EventKind::TaskScheduled { .. }, Some(state)) => {
                *self.tries.entry(state).or_default() += 1;
            }
            (
                EventKind::StateExited {
                    state_type: StateType::Task,
                    name,
                    ..
                },
                _,
            ) => {
                if let Some(tries) = self.tries.get(&**name).filter(|tries| **tries > 1) {
                    let line = format!("{}: {name} took {tries} tries", self.machine);
                    self.desk.world().say(Actor::Machine, line);
                }
            }
            _ => {}
        }
    }
}
