//! Where calls meet the world: one at a time, at the world's present instant.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_mocks::MockResponse;
use tokio::sync::Notify;

use crate::clock::VirtualClock;
use crate::world::World;

/// A shared way to the world. Clones lead to the same one.
#[derive(Clone, Debug)]
pub struct Desk {
    world: Arc<Mutex<World>>,
    clock: VirtualClock,
    answered: Arc<AtomicU64>,
    changed: Arc<Notify>,
}

impl Desk {
    /// A desk in front of a world.
    pub fn new(world: World, clock: VirtualClock) -> Self {
        Self {
            world: Arc::new(Mutex::new(world)),
            clock,
            answered: Arc::default(),
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

    /// How many calls were answered by a rule.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Counts the calls that a rule answers.
    pub fn counting<I, R>(
        &self,
        rule: impl Fn(&I) -> R + Send + Sync + 'static,
    ) -> impl Fn(&I) -> R + Send + Sync + 'static {
        let answered = Arc::clone(&self.answered);
        move |input| {
            answered.fetch_add(1, Ordering::Relaxed);
            rule(input)
        }
    }

    /// What a rule computes: an operation on the world. Whoever lays faults on calls puts them around this.
    pub fn answer<I, O, E>(
        &self,
        operation: impl Fn(&mut World, &I) -> Result<O, E> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let desk = self.clone();
        self.counting(move |input| {
            let mut world = desk.world();
            let answer = operation(&mut world, input);
            world.check();
            match answer {
                Ok(output) => MockResponse::Output(output),
                Err(error) => MockResponse::Error(error),
            }
        })
    }
}
