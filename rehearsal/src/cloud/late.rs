//! What takes effect later than it was asked for, and what was so some seconds ago: the two ways in which a call can meet
//! another time than its own.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::duration::Duration;

use crate::world::{Ms, World};

/// How old a stale read is at least. Source of the rule, not of the figure, which is an assumption: EC2 Auto Scaling, RDS and
/// ElastiCache say that what describes resources is eventually consistent, and AWS says nowhere how eventually.
const STALE: Duration = Duration::from_secs(15);

// What a step believes is younger than anything that is told late.
const _: () =
    assert!(STALE.as_millis() + REMEMBERED_EVERY.as_millis() <= domain::step::SETTLED_SECONDS * 1000);

/// The world is remembered as it was at every multiple of this.
const REMEMBERED_EVERY: Duration = Duration::from_secs(5);

type Effect = Box<dyn FnOnce(&mut World) + Send>;

/// Calls that take effect late, in order of time.
#[derive(Clone, Default)]
pub(super) struct Postponed(Arc<Mutex<Vec<(Ms, Effect)>>>);

impl fmt::Debug for Postponed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postponed").finish_non_exhaustive()
    }
}

impl Postponed {
    /// Nothing is to come any more.
    pub(super) fn clear(&self) {
        self.held().clear();
    }

    /// It takes effect then.
    pub(super) fn put(&self, at: Ms, effect: impl FnOnce(&mut World) + Send + 'static) {
        let mut held = self.held();
        let index = held.partition_point(|(known, _)| *known <= at);
        held.insert(index, (at, Box::new(effect)));
    }

    /// When the next one takes effect.
    pub(super) fn next(&self) -> Option<Ms> {
        self.held().first().map(|(at, _)| *at)
    }

    /// What is due takes effect, each at its own time. `advance` lets time pass until then.
    pub(super) fn take_effect(&self, world: &mut World, now: Ms, advance: impl Fn(&mut World, Ms)) {
        loop {
            let due = {
                let mut held = self.held();
                if held.first().is_none_or(|(at, _)| *at > now) {
                    return;
                }
                held.remove(0)
            };
            let (at, effect) = due;
            advance(world, at.max(world.now));
            effect(world);
            world.check();
        }
    }

    fn held(&self) -> MutexGuard<'_, Vec<(Ms, Effect)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The world as it was, for stale reads. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Past(Arc<Mutex<Remembered>>);

/// What is wanted of the past, and what is there.
#[derive(Debug, Default)]
struct Remembered {
    wanted: Wanted,
    worlds: VecDeque<World>,
}

/// Which stale reads will come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// None.
    #[default]
    Nothing,
    /// Some at these instants, in order.
    At(Vec<Ms>),
    /// Some, nobody knows when.
    Always,
}

/// The instant as of which a read is answered that is stale.
pub(crate) const fn as_of(now: Ms) -> Ms {
    let then = now.saturating_sub(STALE.as_millis());
    then - then % REMEMBERED_EVERY.as_millis()
}

impl Past {
    /// Nothing has been yet; from now on it is remembered as far as it is wanted.
    pub(super) fn begin(&self, wanted: Wanted) {
        *self.held() = Remembered {
            wanted,
            worlds: VecDeque::new(),
        };
    }

    /// Lets time pass, and remembers on the way what is wanted.
    pub(super) fn advance(&self, world: &mut World, to: Ms) {
        let mut held = self.held();
        let every = REMEMBERED_EVERY.as_millis();
        let due: Vec<Ms> = match &held.wanted {
            Wanted::Nothing => Vec::new(),
            Wanted::At(instants) => instants.iter().map(|at| as_of(*at)).collect(),
            // What lies further back than a stale read reaches, nobody asks for any more.
            Wanted::Always => (as_of(to) / every..=to / every).map(|nth| nth * every).collect(),
        };
        for at in due.into_iter().filter(|at| *at <= to) {
            if held.worlds.back().is_none_or(|last| last.now < at) && world.now <= at {
                world.advance(at);
                held.worlds.push_back(world.clone());
            }
        }
        while held.worlds.front().is_some_and(|first| first.now < as_of(to)) {
            held.worlds.pop_front();
        }
        world.advance(to);
    }

    /// The world as it was so long ago.
    pub(super) fn earlier(&self, now: Ms) -> Option<World> {
        let held = self.held();
        held.worlds.iter().find(|world| world.now == as_of(now)).cloned()
    }

    fn held(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
