//! Everything that a play needs and that can be used again for another play of the same scenario: making SDK clients takes
//! longer than most plays.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use domain::names::Region;
use domain::system::System;
use tokio::runtime::Runtime;

use super::recording::{Back, Like, Purpose, Recording};
use super::run::Stage;
use super::{ASSESSED_EVERY, Error, Left, Machines, START, Trial, machines_once};
use crate::clock::{VirtualClock, runtime};
use crate::cloud::{Account, Clients, Desk, regions};
use crate::command::Command;
use crate::injection::Deck;
use crate::lambda::{Functions, Usage};
use crate::scenario::Scenario;
use crate::timeline::Entry;
use crate::world::{Ms, World};

/// What came of a play.
pub(crate) struct Played {
    /// What was left when it was over.
    pub(crate) left: Left,
    /// The play as it went, if it was recorded.
    pub(crate) recording: Recording,
    /// Where it came back to what the other one was, if it did.
    pub(crate) back: Option<Back>,
}

/// A runtime, a desk and deployed functions, for plays of one scenario, one after another.
pub struct Theatre<'a> {
    scenario: &'a Scenario,
    seed: u64,
    trial: Option<Trial>,
    machines: &'static Machines,
    runtime: Runtime,
    desk: Desk,
    account: Account,
    functions: BTreeMap<Region, Functions>,
    deck: Rc<Deck>,
    /// The world as every play finds it.
    founded: World,
}

impl<'a> Theatre<'a> {
    /// Builds one.
    ///
    /// # Errors
    /// When the operating system gives no runtime, or a state machine is none.
    pub fn new(
        scenario: &'a Scenario,
        system: &System,
        seed: u64,
        trial: Option<Trial>,
    ) -> Result<Self, Error> {
        let machines = machines_once()?;
        let runtime = runtime()?;
        let within = runtime.enter();
        let mut founded = World::new(
            system.clone(),
            START,
            scenario.requests_per_second,
            &scenario.faults,
            seed,
        )
        .with_people(&scenario.people);
        if trial.is_some() {
            founded.assessed_every = ASSESSED_EVERY;
        }
        let mut desk = Desk::new(founded.clone(), VirtualClock::starting(START));
        if let Some(trial) = &trial {
            desk = desk.with_injector(Arc::clone(&trial.injector), trial.stops_at_everything);
        }
        let (account, deck) = (Account::of(system), Rc::<Deck>::default());
        let functions = regions(system).map(|region| {
            let clients = Clients::new(&desk, &account, region);
            let mut functions = Functions::deploy_at(&desk, &clients, &deck);
            functions.sabotage = trial.as_ref().and_then(|trial| trial.sabotage);
            (region.clone(), functions)
        });
        let functions = functions.collect();
        drop(within);
        Ok(Self {
            scenario,
            seed,
            trial,
            machines,
            runtime,
            desk,
            account,
            functions,
            deck,
            founded,
        })
    }

    /// Plays it once. `line` gets the timeline as it happens. What AWS kept for the account is there until the next play begins.
    pub fn play(
        &self,
        commands: Vec<(Ms, Command)>,
        until: Option<Ms>,
        line: &mut dyn FnMut(&Entry),
    ) -> Left {
        self.perform(None, commands, until, Some(line)).left
    }

    /// Without `line`, nobody reads the timeline.
    fn perform(
        &self,
        like: Option<Like<'_>>,
        commands: Vec<(Ms, Command)>,
        until: Option<Ms>,
        line: Option<&mut dyn FnMut(&Entry)>,
    ) -> Played {
        let from = like.and_then(|like| like.from);
        let is_for = |purpose| like.filter(|like| like.purpose == purpose);
        let before = is_for(Purpose::Recording).and_then(|like| Some(like.known.up_to(like.from?)));
        let comes_back_to = is_for(Purpose::Difference).map(|like| like.known.checkpoints.as_slice());
        self.runtime.block_on(async {
            self.desk.begin(from.map(|from| from.world.clone()));
            self.account.begin(from.map(|from| &from.stock));
            for (region, functions) in &self.functions {
                functions.begin(from.and_then(|from| from.ran.get(region)));
            }
            if line.is_none() {
                self.desk.look().unread();
            }
            let trial = self.trial.as_ref();
            let stage = Stage {
                desk: &self.desk,
                functions: &self.functions,
                machines: trial
                    .and_then(|trial| trial.machines.as_deref())
                    .unwrap_or(self.machines),
                seed: self.seed,
                dead_letters: RefCell::new(from.map_or_else(Vec::new, |from| from.dead_letters.clone())),
                looked: RefCell::new(from.map_or_else(BTreeMap::new, |from| from.looked.clone())),
                given: RefCell::new(from.map_or_else(Vec::new, |from| from.given.clone())),
                commanding: Cell::default(),
                running: Cell::default(),
                lost: RefCell::new(from.map_or_else(BTreeSet::new, |from| from.lost.clone())),
                trial,
                kills: RefCell::default(),
                account: &self.account,
                deck: &self.deck,
                known: comes_back_to.unwrap_or_default(),
                checkpoints: RefCell::new(before.unwrap_or_default()),
                back: Cell::default(),
            };
            let mut unheard = |_: &Entry| {};
            let line = line.unwrap_or(&mut unheard);
            let window = self.scenario.window;
            stage.run(window, from, commands, until, line).await;
            let usage = self
                .functions
                .values()
                .fold(Usage::default(), |usage, functions| usage + functions.usage());
            let mut given = stage.given.take();
            given.sort_by_key(|given| given.at);
            let left = Left {
                world: self.desk.end(self.founded.clone()),
                account: self.account.clone(),
                usage,
                dead_letters: stage.dead_letters.take(),
                given,
                tried: trial.map(|trial| (trial.ends_by, trial.injector.struck())),
            };
            Played {
                left,
                recording: Recording {
                    tape: self.deck.end(),
                    checkpoints: stage.checkpoints.take(),
                },
                back: stage.back.get(),
            }
        })
    }

    /// Plays it like another play was: from a checkpoint of that one on, and until an instant without running again what answered by
    /// then. Nobody reads its timeline.
    pub(crate) fn play_like(&self, like: Like<'_>) -> Played {
        let next = like.from.map_or(0, |from| from.invocations);
        let is_recorded = like.purpose == Purpose::Recording;
        self.deck
            .begin(like.known.tape.clone(), like.until, next, is_recorded);
        self.perform(Some(like), Vec::new(), None, None)
    }
}
