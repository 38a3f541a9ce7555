//! What runs, and the time that passes meanwhile.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::duration::Duration;
use domain::names::Region;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable, LocalBoxFuture};
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use statemachines::StateMachine;
use tokio::sync::Notify;

use super::checkpoint::Checkpoint;
use super::recording::Back;
use super::{GRACE, LONGEST, LOST, Trial, bus};
use crate::cloud::{Account, Desk};
use crate::command::{Command, Given};
use crate::injection::Deck;
use crate::lambda::Functions;
use crate::timeline::{Actor, Entry};
use crate::world::execution::End;
use crate::world::{Ms, Outgoing};

/// Where a rehearsal is played.
pub(super) struct Stage<'a> {
    pub(super) desk: &'a Desk,
    pub(super) functions: &'a BTreeMap<Region, Functions>,
    pub(super) machines: &'a BTreeMap<&'static str, StateMachine>,
    pub(super) seed: u64,
    pub(super) dead_letters: RefCell<Vec<Value>>,
    /// What the latest look of each Region came to, in words.
    pub(super) looked: RefCell<BTreeMap<Region, String>>,
    pub(super) given: RefCell<Vec<Given>>,
    pub(super) commanding: Cell<usize>,
    /// How many things are under way.
    pub(super) running: Cell<usize>,
    pub(super) lost: RefCell<BTreeSet<Region>>,
    pub(super) trial: Option<&'a Trial>,
    pub(super) kills: RefCell<BTreeMap<String, Rc<Notify>>>,
    pub(super) account: &'a Account,
    pub(super) deck: &'a Deck,
    /// The checkpoints to which it may come back, in order.
    pub(super) known: &'a [Rc<Checkpoint>],
    /// Its own checkpoints, where it is recorded.
    pub(super) checkpoints: RefCell<Vec<Rc<Checkpoint>>>,
    /// Where it came back to one of those.
    pub(super) back: Cell<Option<Back>>,
}

/// Whatever runs, each in its Region.
#[derive(Default)]
pub(super) struct Jobs<'a> {
    running: FuturesUnordered<Abortable<LocalBoxFuture<'a, ()>>>,
    handles: Vec<(Region, AbortHandle)>,
}

impl<'a> Jobs<'a> {
    fn start(&mut self, region: &Region, job: LocalBoxFuture<'a, ()>) {
        let (handle, registration) = AbortHandle::new_pair();
        self.running.push(Abortable::new(job, registration));
        self.handles.push((region.clone(), handle));
    }

    /// A job that belongs to no Region.
    pub(super) fn start_anywhere(&mut self, job: LocalBoxFuture<'a, ()>) {
        self.running.push(Abortable::new(job, AbortHandle::new_pair().1));
    }

    /// Everything that runs in a Region stops where it is.
    fn stop(&mut self, lost: &Region) {
        self.handles.retain(|(region, handle)| {
            if region == lost {
                handle.abort();
            }
            region != lost
        });
    }
}

impl Stage<'_> {
    /// Lets time pass until the window is over and nothing runs any more, or until it is told to stop. With a checkpoint, from
    /// there on.
    pub(super) async fn run(
        &self,
        window: Duration,
        from: Option<&Checkpoint>,
        mut commands: Vec<(Ms, Command)>,
        until: Option<Ms>,
        line: &mut dyn FnMut(&Entry),
    ) {
        let clock = self.desk.clock();
        let end = window.as_millis();
        let last = (end + GRACE.as_millis()).min(LONGEST.as_millis());
        let (end, last) = until.map_or((end, last), |until| (until.min(end), until.min(last)));
        // The first to be given is the last: it is taken from there.
        commands.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut jobs = Jobs::default();
        if let Some(from) = from {
            jobs.start(&from.region, Box::pin(self.go_on(from)));
        }
        loop {
            let (outgoing, next, gone) = {
                let mut world = self.desk.look();
                let regions = self.functions.keys();
                let gone: BTreeSet<Region> = regions
                    .filter(|region| world.regions.is_lost(region))
                    .cloned()
                    .collect();
                let next = self.desk.next_change(&world);
                (world.take_outbox(), next, gone)
            };
            for region in gone.difference(&self.lost.borrow()) {
                jobs.stop(region);
                self.lose_executions(region);
            }
            self.lost.replace(gone);
            for outgoing in outgoing {
                match outgoing {
                    Outgoing::Line(entry) => line(&entry),
                    // What a lost Region would deliver, nobody gets.
                    Outgoing::Event { region, event } => {
                        // After the window what runs is let end, and nothing is looked for any more.
                        let is_late =
                            bus::is_a_look(&event) && self.trial.is_none() && clock.elapsed_ms() >= end;
                        if !self.lost.borrow().contains(&region) && !is_late {
                            jobs.start(&region, Box::pin(self.deliver(region.clone(), event)));
                        }
                    }
                    Outgoing::Start { region, name } => {
                        jobs.start(&region, Box::pin(self.execute(region.clone(), name)));
                    }
                    Outgoing::Person(act) => {
                        if let Some(command) = Command::of(&act) {
                            self.give(&mut jobs, command);
                        }
                    }
                }
            }
            let now = clock.elapsed_ms();
            while let Some((_, command)) = commands.pop_if(|(at, _)| *at <= now) {
                self.desk
                    .world()
                    .say(Actor::People, format!("{} {}", command.by, command.words()));
                self.give(&mut jobs, command);
            }
            if self.back.get().is_some() {
                return;
            }
            let over = match (self.trial, until) {
                (Some(trial), _) => now >= trial.ends_by || self.is_settled(trial, &jobs),
                (None, Some(_)) => now >= last && self.commanding.get() == 0,
                (None, None) => (now >= end && jobs.running.is_empty()) || now >= last,
            };
            if over {
                // What was said at the very end is part of it.
                for outgoing in self.desk.look().take_outbox() {
                    if let Outgoing::Line(entry) = outgoing {
                        line(&entry);
                    }
                }
                return;
            }
            // A command that was given at the very end is carried out: time passes on for it.
            let horizon = [end, last]
                .into_iter()
                .find(|at| now < *at)
                .unwrap_or(now + 1_000);
            let due = next.map_or(horizon, |next| next.min(horizon));
            let due = commands.last().map_or(due, |(at, _)| due.min(*at));
            let due = self.trial.map_or(due, |trial| due.min(trial.looked_at(now)));
            self.desk.awaits(due);
            self.running.set(jobs.running.len());
            // Whatever can run runs before time passes: the order is part of what a seed decides.
            tokio::select! {
                biased;
                Some(_) = jobs.running.next(), if !jobs.running.is_empty() => {}
                () = self.desk.changed() => {}
                () = clock.until_ms(due) => {}
            }
        }
    }

    /// Whether nothing more can come of a trial: something ran and is over, no call takes effect later, and users are served or a
    /// person knows that they are not.
    fn is_settled(&self, trial: &Trial, jobs: &Jobs<'_>) -> bool {
        trial.is_looked_at(self.desk.clock().elapsed_ms())
            && jobs.running.is_empty()
            && self.desk.next_postponed().is_none()
            && {
                let world = self.desk.look();
                let ran = trial.settles_after > 0 || world.executions.iter().next().is_some();
                ran && world.is_quiet() && (world.serves() || world.paged_since_it_failed())
            }
    }

    /// Executions that were running in a lost Region end with it.
    fn lose_executions(&self, lost: &Region) {
        let mut world = self.desk.world();
        let gone = world.executions.iter().filter(|(_, run)| {
            run.end.is_none() && region_of(&run.machine_arn).is_some_and(|region| region == lost.as_str())
        });
        let gone: Vec<String> = gone.map(|(name, _)| name.to_owned()).collect();
        for name in gone {
            world.say(Actor::Machine, format!("{name} is lost with {lost}"));
            let end = End {
                at: world.now,
                left: world.standing(),
                // Nobody was there to do better.
                no_worse: Some(true),
                status: LOST,
                outcome: String::new(),
                transitions: 0,
            };
            world.executions.end(&name, end);
        }
    }
}

/// The Region of an ARN.
pub(super) fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3)
}
