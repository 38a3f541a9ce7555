//! Time, handed in: the interpreter reads no clock of its own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;

/// What the interpreter asks about time.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Return once it is `deadline` or later.
    fn sleep_until(&self, deadline: Timestamp) -> LocalBoxFuture<'_, ()>;
}

/// Every task waits for something that no timer will bring about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "nothing can run and no timer is set: a task never answers and has no timeout; hint: give the Task a TimeoutSeconds"
)]
pub struct Stalled;

/// A clock that stands still while anything can run, and jumps to the next timer when nothing can.
///
/// For one thread: [`VirtualClock::run`] drives a future together with the timers it sets.
#[derive(Debug)]
pub struct VirtualClock {
    now: Cell<Timestamp>,
    timers: RefCell<BTreeMap<(Timestamp, u64), Waker>>,
    next_timer: Cell<u64>,
}

impl Default for VirtualClock {
    /// Starts at the Unix epoch.
    fn default() -> Self {
        Self::new(Timestamp::UNIX_EPOCH)
    }
}

impl VirtualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self {
            now: Cell::new(start),
            timers: RefCell::default(),
            next_timer: Cell::new(0),
        }
    }

    /// Run a future to its end, jumping over the time in which nothing happens.
    ///
    /// # Errors
    /// [`Stalled`] when the future waits and no timer is set.
    pub fn run<F: Future>(&self, future: F) -> Result<F::Output, Stalled> {
        let mut future = pin!(future);
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut context = Context::from_waker(&waker);
        loop {
            if flag.0.swap(false, Ordering::Relaxed) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return Ok(output);
                }
            } else {
                let (time, due) = self.take_due().ok_or(Stalled)?;
                self.now.set(self.now.get().max(time));
                due.into_iter().for_each(Waker::wake);
            }
        }
    }

    /// The timers of the next instant, in the order in which they were set.
    fn take_due(&self) -> Option<(Timestamp, Vec<Waker>)> {
        let mut timers = self.timers.borrow_mut();
        let time = timers.first_key_value()?.0.0;
        let mut due = Vec::new();
        while let Some(entry) = timers.first_entry().filter(|entry| entry.key().0 == time) {
            due.push(entry.remove());
        }
        Some((time, due))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn sleep_until(&self, deadline: Timestamp) -> LocalBoxFuture<'_, ()> {
        Box::pin(Sleep {
            clock: self,
            deadline,
            key: None,
        })
    }
}

struct Sleep<'c> {
    clock: &'c VirtualClock,
    deadline: Timestamp,
    key: Option<(Timestamp, u64)>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now.get() >= self.deadline {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| {
            let number = self.clock.next_timer.get();
            self.clock.next_timer.set(number + 1);
            (self.deadline, number)
        });
        self.clock
            .timers
            .borrow_mut()
            .insert(key, context.waker().clone());
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.timers.borrow_mut().remove(&key);
        }
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Let everything else that can run go first, once.
pub(crate) async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join;

    #[test]
    fn time_jumps_to_the_next_timer_and_only_then() {
        let clock = VirtualClock::default();
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let (first, second) = clock
            .run(join(
                async {
                    clock.sleep_until(at(5)).await;
                    clock.now()
                },
                async {
                    clock.sleep_until(at(3)).await;
                    clock.now()
                },
            ))
            .unwrap();
        assert_eq!((first, second), (at(5), at(3)));
        assert!(clock.run(std::future::pending::<()>()).is_err());
    }
}
