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

/// How often the world is remembered.
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

    /// What is due takes effect, each at its own time.
    pub(super) fn take_effect(&self, world: &mut World, now: Ms) {
        loop {
            let due = {
                let mut held = self.held();
                if held.first().is_none_or(|(at, _)| *at > now) {
                    return;
                }
                held.remove(0)
            };
            let (at, effect) = due;
            world.advance(at.max(world.now));
            effect(world);
            world.check();
        }
    }

    fn held(&self) -> MutexGuard<'_, Vec<(Ms, Effect)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The world as it was, every few seconds, for as long as a stale read may reach back. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Past(Arc<Mutex<Option<VecDeque<World>>>>);

impl Past {
    /// Nothing has been yet; from now on it is remembered, if anybody wants it.
    pub(super) fn begin(&self, wanted: bool) {
        *self.held() = wanted.then(VecDeque::new);
    }

    /// Remembers the world, unless it did a moment ago.
    pub(super) fn remember(&self, world: &World) {
        let mut held = self.held();
        let Some(held) = held.as_mut() else {
            return;
        };
        let due = held
            .back()
            .is_none_or(|last| world.now >= last.now + REMEMBERED_EVERY.as_millis());
        if due {
            held.push_back(world.clone());
            let most = STALE.as_millis() / REMEMBERED_EVERY.as_millis() + 2;
            if held.len() as u64 > most {
                held.pop_front();
            }
        }
    }

    /// The world as it was so long ago, or as long as is remembered.
    pub(super) fn earlier(&self, now: Ms) -> Option<World> {
        let held = self.held();
        let held = held.as_ref()?;
        let then = now.saturating_sub(STALE.as_millis());
        let known = held.iter().rev().find(|world| world.now <= then);
        known.or_else(|| held.front()).cloned()
    }

    fn held(&self) -> MutexGuard<'_, Option<VecDeque<World>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
