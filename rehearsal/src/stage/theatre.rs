//! Everything that a play needs and that can be used again for another play of the same scenario: making SDK clients takes
//! longer than most plays.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use domain::names::Region;
use domain::system::System;
use tokio::runtime::Runtime;

use super::run::Stage;
use super::{ASSESSED_EVERY, Error, Left, Machines, START, Trial, machines_once};
use crate::clock::{VirtualClock, runtime};
use crate::cloud::{Account, Clients, Desk, regions};
use crate::command::Command;
use crate::injection::{Deck, Tape};
use crate::lambda::{Functions, Usage};
use crate::scenario::Scenario;
use crate::timeline::Entry;
use crate::world::{Ms, World};

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
        self.perform(commands, until, Some(line))
    }

    /// Without `line`, nobody reads the timeline.
    fn perform(
        &self,
        commands: Vec<(Ms, Command)>,
        until: Option<Ms>,
        line: Option<&mut dyn FnMut(&Entry)>,
    ) -> Left {
        self.runtime.block_on(async {
            self.desk.begin();
            self.account.begin();
            for functions in self.functions.values() {
                functions.begin();
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
                dead_letters: RefCell::default(),
                looked: RefCell::default(),
                given: RefCell::default(),
                commanding: Cell::default(),
                trial,
                kills: RefCell::default(),
            };
            let mut unheard = |_: &Entry| {};
            let line = line.unwrap_or(&mut unheard);
            stage.run(self.scenario.window, commands, until, line).await;
            let usage = self
                .functions
                .values()
                .fold(Usage::default(), |usage, functions| usage + functions.usage());
            let mut given = stage.given.take();
            given.sort_by_key(|given| given.at);
            Left {
                world: self.desk.end(self.founded.clone()),
                account: self.account.clone(),
                usage,
                dead_letters: stage.dead_letters.take(),
                given,
                tried: trial.map(|trial| (trial.ends_by, trial.injector.struck())),
            }
        })
    }

    /// Plays it like another play was, until an instant, without running again what answered by then. If it is recorded, what its
    /// functions did is on the tape that comes back. Nobody reads its timeline.
    pub fn play_like(&self, known: Tape, until: Ms, is_recorded: bool) -> (Left, Tape) {
        self.deck.begin(known, until, is_recorded);
        let left = self.perform(Vec::new(), None, None);
        (left, self.deck.end())
    }
}
