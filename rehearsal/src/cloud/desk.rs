//! Where calls meet the world: one at a time, at the world's present instant.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_mocks::MockResponse;
use domain::names::Region;
use tokio::sync::Notify;

use super::refusal::Refusal;
use super::wire::{Fate, nothing};
use crate::clock::VirtualClock;
use crate::dynamodb::Tables;
use crate::world::World;
use crate::world::region::{Plane, Reach};

/// From where to where calls go. Each operation adds what has to work for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The Region of whoever calls.
    pub from: Region,
    /// The Region whose endpoint is called.
    pub to: Region,
}

impl Route {
    /// Inside one Region.
    pub fn within(region: &Region) -> Self {
        Self {
            from: region.clone(),
            to: region.clone(),
        }
    }

    /// Whether it leads to another Region.
    pub fn is_far(&self) -> bool {
        self.from != self.to
    }
}

/// A shared way to the world. Clones lead to the same one.
#[derive(Clone, Debug)]
pub struct Desk {
    world: Arc<Mutex<World>>,
    clock: VirtualClock,
    fate: Arc<Mutex<Option<Fate>>>,
    changed: Arc<Notify>,
}

impl Desk {
    /// A desk in front of a world.
    pub fn new(world: World, clock: VirtualClock) -> Self {
        Self {
            world: Arc::new(Mutex::new(world)),
            clock,
            fate: Arc::default(),
            changed: Arc::default(),
        }
    }

    /// The clock.
    pub const fn clock(&self) -> VirtualClock {
        self.clock
    }

    /// The world as it is now, to be changed. Whoever lets time pass looks at it again afterwards.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.changed.notify_one();
        self.look()
    }

    /// The world as it is now, for whoever lets time pass.
    pub fn look(&self) -> MutexGuard<'_, World> {
        // Every change is carried out whole before the next begins, so what a poisoned mutex holds is whole.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(self.clock.elapsed_ms());
        world
    }

    /// The world, when everybody is done with it.
    pub fn into_world(self) -> World {
        let clock = self.clock;
        let mut world = match Arc::try_unwrap(self.world) {
            Ok(world) => world.into_inner().unwrap_or_else(PoisonError::into_inner),
            Err(shared) => shared.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        world.advance(clock.elapsed_ms());
        world
    }

    /// Returns when somebody has been at the desk.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What a rule decided about the call that is being made; nothing if no rule knows it.
    pub(super) fn take_fate(&self) -> Option<Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn decide(&self, fate: Fate) {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = Some(fate);
    }

    /// What a rule computes for an operation of the control plane: one that describes or changes how things are set up.
    pub(super) fn control<I, O, E>(
        &self,
        route: &Route,
        operation: impl Fn(&mut World, &Region, &I) -> Result<O, Refusal> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        self.answer(route, Plane::Control, move |world, route, input| {
            operation(world, &route.to, input)
        })
    }

    /// What a rule computes for an operation of the data plane: one that does the service's daily work.
    pub(super) fn data<I, O, E>(
        &self,
        route: &Route,
        operation: impl Fn(&mut World, &Region, &I) -> Result<O, Refusal> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        self.answer(route, Plane::Data, move |world, route, input| {
            operation(world, &route.to, input)
        })
    }

    /// What a rule computes: an operation on the world in the Region that is called, if the call gets there.
    pub(super) fn answer<I, O, E>(
        &self,
        route: &Route,
        plane: Plane,
        operation: impl Fn(&mut World, &Route, &I) -> Result<O, Refusal> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let (desk, route) = (self.clone(), route.clone());
        move |input| {
            let mut world = desk.world();
            if let Some(fate) = missed(&world, &route, plane) {
                return desk.unanswered(fate);
            }
            let answer = operation(&mut world, &route, input);
            world.check();
            match answer {
                Ok(output) => {
                    desk.decide(Fate::Answered);
                    MockResponse::Output(output)
                }
                Err(refusal) => desk.unanswered(Fate::Refused(refusal)),
            }
        }
    }

    /// What a rule computes for an operation of the data plane that changes nothing in the world, such as one on a
    /// table. It has the SDK's own errors.
    pub(super) fn aside<I, O, E>(
        &self,
        route: &Route,
        operation: impl Fn(&I) -> Result<O, E> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let (desk, route) = (self.clone(), route.clone());
        move |input| {
            if let Some(fate) = missed(&desk.look(), &route, Plane::Data) {
                return desk.unanswered(fate);
            }
            desk.decide(Fate::Answered);
            match operation(input) {
                Ok(output) => MockResponse::Output(output),
                Err(error) => MockResponse::Error(error),
            }
        }
    }

    /// What a rule computes for an operation on the write lease's table, a global table with multi-Region strong
    /// consistency: it works where the Region agrees with another, and nobody is answered where it does not. It has the
    /// SDK's own errors.
    pub(super) fn global_item<I, O, E>(
        &self,
        route: &Route,
        operation: impl Fn(&mut Tables, &I) -> Result<O, E> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let (desk, route) = (self.clone(), route.clone());
        move |input| {
            let mut world = desk.world();
            if let Some(fate) = missed(&world, &route, Plane::Data) {
                return desk.unanswered(fate);
            }
            if !world.regions.agrees_with_another(&route.to) {
                return desk.unanswered(Fate::Silent);
            }
            let mut none = Tables::new();
            let tables = world
                .write_lease
                .as_mut()
                .map_or(&mut none, |lease| &mut lease.tables);
            desk.decide(Fate::Answered);
            match operation(tables, input) {
                Ok(output) => MockResponse::Output(output),
                Err(error) => MockResponse::Error(error),
            }
        }
    }

    /// The rule has nothing to say; the wire says it.
    fn unanswered<O, E>(&self, fate: Fate) -> MockResponse<O, E> {
        self.decide(fate);
        MockResponse::Http(nothing())
    }
}

/// What becomes of a call that does not get there. Nothing takes effect.
fn missed(world: &World, route: &Route, plane: Plane) -> Option<Fate> {
    match world.regions.reach(&route.from, &route.to, plane) {
        Reach::Yes => None,
        Reach::Refused => Some(Fate::Refused(Refusal::unavailable())),
        Reach::Silent => Some(Fate::Silent),
    }
}
