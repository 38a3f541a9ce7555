//! Virtual time: tokio's paused clock, which jumps to the next timer when nothing else can run.

#![expect(
    clippy::disallowed_methods,
    reason = "the one place where virtual time is read and waited for"
)]

use std::sync::{Arc, Mutex, PoisonError};

use domain::duration::Duration;
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;
use tokio::time::Instant;

/// The world's clock. Must be made inside the runtime of [`runtime()`]. Clones show the same time.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    origin: Arc<Mutex<Origin>>,
    start: Timestamp,
}

/// What tokio's clock showed when this one showed so many milliseconds.
#[derive(Clone, Copy, Debug)]
struct Origin {
    instant: Instant,
    shown: u64,
}

impl Origin {
    fn now(shown: u64) -> Self {
        let instant = Instant::now();
        Self { instant, shown }
    }
}

impl VirtualClock {
    /// A clock that shows `start` now.
    pub fn starting(start: Timestamp) -> Self {
        Self {
            origin: Arc::new(Mutex::new(Origin::now(0))),
            start,
        }
    }

    /// From now on it shows, and all its clones show, so many milliseconds since the start.
    pub(crate) fn set(&self, shown: u64) {
        *self.origin.lock().unwrap_or_else(PoisonError::into_inner) = Origin::now(shown);
    }

    fn origin(&self) -> Origin {
        *self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time now, to the millisecond: tokio's timers know no finer.
    pub fn now(&self) -> Timestamp {
        self.start + Duration::from_millis(self.elapsed_ms()).signed()
    }

    /// Milliseconds since the start.
    pub fn elapsed_ms(&self) -> u64 {
        let Origin { instant, shown } = self.origin();
        u64::try_from(instant.elapsed().as_millis()).map_or(u64::MAX, |passed| shown + passed)
    }

    /// Returns once it is that late, in milliseconds since the start.
    pub async fn until_ms(&self, ms: u64) {
        let Origin { instant, shown } = self.origin();
        let wait = Duration::from_millis(ms.saturating_sub(shown));
        tokio::time::sleep_until(instant + wait.std()).await;
    }

    /// Returns after a while.
    pub async fn pass(&self, duration: Duration) {
        tokio::time::sleep(duration.std()).await;
    }

    /// An instant as milliseconds since the start; 0 if it is before.
    pub fn ms_of(&self, at: Timestamp) -> u64 {
        u64::try_from(at.as_millisecond() - self.start.as_millisecond()).unwrap_or(0)
    }

    /// Milliseconds since the start as an instant.
    pub fn at(&self, ms: u64) -> Timestamp {
        self.start + Duration::from_millis(ms).signed()
    }
}

impl domain::clock::Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}

impl statemachines::Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn sleep_until(&self, deadline: Timestamp) -> LocalBoxFuture<'_, ()> {
        Box::pin(self.until_ms(self.ms_of(deadline)))
    }
}

/// The runtime in which time is virtual: one thread, so that the order of everything is the same every time.
///
/// # Errors
/// When the operating system refuses to make it.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
}
