//! Executions, and what a reader sees of them.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use domain::duration::Duration;
use domain::names::{Recovery, Region, execution_arn, fnv1a};
use statemachines::{
    ErrorDetails, EventKind, Execution, ExecutionContext, ExecutionStatus, HistoryEvent, Lateness, Observer,
    StateType,
};

use tokio::sync::Notify;

use super::LOOKS;
use super::checkpoint::Checkpoint;
use super::run::Stage;
use crate::facts;
use crate::injection::EntryFault;
use crate::timeline::Actor;
use crate::world::Act;
use crate::world::execution::End;
use crate::world::fault::{Kind, Where};
use crate::world::person::Does;
use crate::world::region::Plane;

impl Stage<'_> {
    /// Step Functions starts an execution.
    pub(super) async fn execute(&self, region: Region, name: String) {
        let latency = self.desk.world().dice().draw(&facts::EXECUTION_START);
        self.desk.clock().pass(latency).await;
        self.carry_out(&region, &name, None).await;
    }

    /// An execution goes on where it stood.
    pub(super) async fn go_on(&self, from: &Checkpoint) {
        self.carry_out(&from.region, &from.name, Some(&from.execution))
            .await;
    }

    async fn carry_out(&self, region: &Region, name: &str, from: Option<&statemachines::Checkpoint>) {
        let clock = self.desk.clock();
        let known = self.desk.look().executions.get(name).cloned();
        let (Some(known), Some(functions)) = (known, self.functions.get(region)) else {
            return;
        };
        let Some(recovery) = Recovery::of_state_machine(&known.machine_arn) else {
            return;
        };
        let machine_name = recovery.machine();
        let Some(machine) = self.machines.get(machine_name) else {
            return;
        };
        let killed = Rc::new(Notify::new());
        self.kills
            .borrow_mut()
            .insert(name.to_owned(), Rc::clone(&killed));
        let mut reader = Reader {
            stage: self,
            recovery,
            region,
            name,
            machine: machine_name,
            is_read: self.desk.look().is_read(),
            states: BTreeMap::new(),
            tries: BTreeMap::new(),
        };
        let context = ExecutionContext {
            execution_arn: execution_arn(&known.machine_arn, name),
            execution_name: name.to_owned(),
            role_arn: format!("{}-role", known.machine_arn),
            state_machine_arn: known.machine_arn.clone(),
            state_machine_name: recovery.state_machine_name(),
        };
        let execution = match from {
            None => Execution::new(machine, known.input, &clock, functions),
            Some(from) => Execution::resume(machine, from, &clock, functions),
        };
        let result = execution
            .context(context)
            // Each execution draws its own jitter and task tokens.
            .seed(self.seed ^ fnv1a(name.as_bytes()))
            .observer(&mut reader)
            .without_history()
            .retries_late(self.trial.map_or_else(Lateness::default, |_| LOOKS))
            .stop_when(async move {
                killed.notified().await;
                ErrorDetails {
                    error: None,
                    cause: Some("killed".to_owned()),
                }
            })
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
        let failed = result.status != ExecutionStatus::Succeeded;
        let alone = world
            .executions
            .iter()
            .all(|(other, run)| other == name || run.end.is_some());
        let no_worse = (alone || !failed).then(|| !failed || world.rests_no_worse_than(known.found));
        let end = End {
            at: clock.elapsed_ms(),
            left: world.standing(),
            no_worse,
            status: result.status.as_str(),
            outcome,
            transitions: result.transitions,
        };
        world.executions.end(name, end);
        world.tell_execution(region, name);
    }
}

impl Stage<'_> {
    /// Something goes wrong as an execution enters a state.
    fn strike(&self, region: &Region, name: &str, fault: &EntryFault) {
        let mut world = self.desk.world();
        match fault {
            EntryFault::Killed | EntryFault::Restarted => {
                if let Some(kill) = self.kills.borrow().get(name) {
                    kill.notify_one();
                }
                world.say(Actor::Fault, format!("{name} is killed"));
                if *fault == EntryFault::Restarted {
                    world.start_again(region, name);
                }
            }
            EntryFault::Down(region, plane) => {
                let place = Where::In(region.clone());
                let kind = match plane {
                    Plane::Control => Kind::ControlPlaneDown(place),
                    Plane::Data => Kind::DataPlaneDown(place),
                };
                world.befall(kind, DOWN_FOR);
            }
            EntryFault::Stopped => world.person_does(of_a_person(name, Does::Stop)),
            EntryFault::Rejected => world.person_does(of_a_person(name, Does::Reject)),
            EntryFault::Approved => {
                let accepts = Vec::new();
                world.person_does(of_a_person(name, Does::Approve { accepts }));
            }
        }
    }
}

/// What a person does to a run that they look at.
fn of_a_person(name: &str, does: Does) -> Act {
    Act {
        by: "on-call".to_owned(),
        because: "it looks that way".to_owned(),
        does,
        incident: Some(name.to_owned()),
    }
}

/// How long a plane is down that goes down in a trial: longer than any single step waits, and shorter than the machines' own
/// patience.
const DOWN_FOR: Duration = Duration::from_mins(10);

/// Turns an execution's history into lines: each state once, and how often it was tried. Branches of a Parallel state
/// run at once, so an event belongs to the state of the event that it follows.
struct Reader<'a> {
    stage: &'a Stage<'a>,
    recovery: Recovery,
    region: &'a Region,
    name: &'a str,
    machine: &'a str,
    is_read: bool,
    states: BTreeMap<u64, Arc<str>>,
    tries: BTreeMap<Arc<str>, u32>,
}

impl Observer for Reader<'_> {
    fn event(&mut self, event: &HistoryEvent) {
        if let EventKind::StateEntered { name, .. } = &event.kind
            && let Some(fault) = self.stage.desk.entered(self.recovery, name)
        {
            self.stage.strike(self.region, self.name, &fault);
        }
        if self.is_read {
            self.tell(event);
        }
        // The machines name what they do: these look at the system from the outside.
        if let EventKind::StateExited {
            state_type: StateType::Task,
            name,
            ..
        } = &event.kind
            && name.starts_with("Verify")
        {
            let mut world = self.stage.desk.world();
            let standing = world.standing();
            world.executions.verified(self.name, standing);
        }
    }

    fn stands(&mut self, checkpoint: &dyn Fn() -> statemachines::Checkpoint) {
        self.stage.stands(self.region, self.name, checkpoint);
    }
}

impl Reader<'_> {
    fn tell(&mut self, event: &HistoryEvent) {
        let state = match &event.kind {
            EventKind::StateEntered { name, .. } => Some(Arc::clone(name)),
            _ => self.states.get(&event.previous).cloned(),
        };
        if let Some(state) = &state {
            self.states.insert(event.id, Arc::clone(state));
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
                self.stage.desk.world().say(Actor::Machine, line);
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
                if let Some(tries) = self.tries.get(name).filter(|tries| **tries > 1) {
                    let line = format!("{}: {name} took {tries} tries", self.machine);
                    self.stage.desk.world().say(Actor::Machine, line);
                }
            }
            _ => {}
        }
    }
}
