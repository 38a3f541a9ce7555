//! Everything at one moment of a play, for other plays that go on from there.
//!
//! Two trials are alike up to the first fault that only one of them has. The later one begins shortly before it: where an
//! execution stands between two states and nothing else is under way, all that there is is data, and can be copied.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::names::Region;
use serde_json::Value;

use super::Trial;
use super::recording::Back;
use super::run::Stage;
use crate::cloud::Stock;
use crate::command::Given;
use crate::lambda::Ran;
use crate::world::{Ms, World};

/// One moment of a play at which one execution stands between two states, and nothing else is under way.
pub(crate) struct Checkpoint {
    /// How many places had been passed.
    pub(crate) places: usize,
    /// How many of the planned faults had struck.
    pub(crate) struck: usize,
    /// How many invocations there had been.
    pub(super) invocations: usize,
    /// The execution's Region and name, and where it stands.
    pub(super) region: Region,
    pub(super) name: String,
    pub(super) execution: statemachines::Checkpoint,
    pub(super) world: World,
    pub(super) stock: Stock,
    pub(super) ran: BTreeMap<Region, Ran>,
    pub(super) lost: BTreeSet<Region>,
    pub(super) looked: BTreeMap<Region, String>,
    pub(super) dead_letters: Vec<Value>,
    pub(super) given: Vec<Given>,
}

impl Checkpoint {
    /// When it is.
    pub(crate) const fn at(&self) -> Ms {
        self.world.now
    }
}

impl Stage<'_> {
    /// An execution stands between two states. If nothing else is under way, that is kept where the play is recorded; and where it is
    /// like another one and has come back to what that one was, it is over.
    pub(super) fn stands(
        &self,
        region: &Region,
        name: &str,
        execution: &dyn Fn() -> statemachines::Checkpoint,
    ) {
        let Some(trial) = self.trial else {
            return;
        };
        let Some(invocations) = self.deck.recorded() else {
            return self.comes_back(trial, region, name, execution);
        };
        let (places, struck) = trial.injector.progress();
        let mut checkpoints = self.checkpoints.borrow_mut();
        let is_known = checkpoints.last().is_some_and(|last| last.places >= places);
        if is_known || !self.is_alone() {
            return;
        }
        let (Some(world), Some(stock)) = (self.desk.at_rest(), self.account.stock()) else {
            return;
        };
        let ran = self.functions.iter();
        checkpoints.push(Rc::new(Checkpoint {
            places,
            struck,
            invocations,
            region: region.clone(),
            name: name.to_owned(),
            execution: execution(),
            world,
            stock,
            ran: ran
                .map(|(region, functions)| (region.clone(), functions.ran()))
                .collect(),
            lost: self.lost.borrow().clone(),
            looked: self.looked.borrow().clone(),
            dead_letters: self.dead_letters.borrow().clone(),
            given: self.given.borrow().clone(),
        }));
    }

    /// Whether all that there is is what there was at that instant in the play that this one is like. Then the rest is too.
    fn comes_back(
        &self,
        trial: &Trial,
        region: &Region,
        name: &str,
        execution: &dyn Fn() -> statemachines::Checkpoint,
    ) {
        let now = self.desk.clock().elapsed_ms();
        let first = self.known.partition_point(|known| known.at() < now);
        let then = self.known[first..].iter().take_while(|known| known.at() == now);
        let mut then = then
            .filter(|then| then.region == *region && then.name == name)
            .peekable();
        if then.peek().is_none() || !trial.injector.is_through() || !self.is_alone() {
            return;
        }
        let execution = execution();
        if let Some(then) = then.find(|then| then.execution == execution && self.is_as(then)) {
            self.back.set(Some(Back {
                noted: trial.injector.progress().0,
                places: then.places,
            }));
            self.desk.look_up();
        }
    }

    /// Whether all but the execution is as it was then.
    fn is_as(&self, then: &Checkpoint) -> bool {
        let mut functions = self.functions.iter();
        self.account.keeps(&then.stock)
            && self.desk.rests_in(&then.world)
            && functions.all(|(region, now)| then.ran.get(region).is_some_and(|ran| now.are_warm_as(ran)))
            && then.lost == *self.lost.borrow()
            && then.looked == *self.looked.borrow()
            && then.dead_letters == *self.dead_letters.borrow()
            && then.given == *self.given.borrow()
    }

    /// Whether nothing but one execution is under way.
    fn is_alone(&self) -> bool {
        self.running.get() == 1 && self.commanding.get() == 0
    }
}
