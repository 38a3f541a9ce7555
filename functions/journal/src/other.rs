//! The lock of the other Region's journal.
//!
//! Each Region has its own journal. While a system is moved out of a Region that still works, what the move does there
//! (a frozen edge, an isolated database) looks like an outage to that Region's own recoveries. So a move takes their
//! lock as well. A planned move insists on it. An unplanned one cannot: the Region may be lost, and a recovery that
//! runs there must not hold up the one that is needed (rule 9).

use domain::journal::{Journal, lease};
use domain::names::Recovery;
use domain::step::{Error, Result};
use domain::steps::Run;
use domain::steps::journal::OtherLocked;
use domain::steps::region::Seen;

use crate::Steps;

impl<J: Journal> Steps<J> {
    pub(crate) async fn take_other_lock(&self, run: &Run) -> Result<OtherLocked> {
        let moved = self.systems.of_run(run)?.moving_to(&self.region)?;
        let other = &moved.from.region;
        let now = self.clock.now();
        let journal = (self.journal_in)(other);
        let taken = journal
            .take_lock(&run.system, &run.incident, now, lease(run.recovery))
            .await;
        let insists = run.recovery != Recovery::FailOverRegion;
        let (taken, seen) = match taken {
            Ok(lock) => (
                true,
                format!("the lock of {other} is held too, epoch {}", lock.epoch),
            ),
            Err(error @ Error::LockHeld { .. }) if insists => {
                return Err(Error::Unsafe {
                    why: format!("in {other}, {error}"),
                });
            }
            Err(error @ Error::LockHeld { .. }) => {
                (false, format!("in {other}, {error}; it is left to itself"))
            }
            Err(error @ (Error::Unavailable { .. } | Error::Throttled { .. })) if !insists => {
                (false, format!("the journal of {other} does not answer: {error}"))
            }
            Err(error) => return Err(error),
        };
        Ok(OtherLocked {
            at: self.clock.now(),
            taken,
            seen: vec![seen],
        })
    }

    pub(crate) async fn release_other_lock(&self, run: &Run, taken: bool) -> Result<Seen> {
        let moved = self.systems.of_run(run)?.moving_to(&self.region)?;
        let other = &moved.from.region;
        let released = (self.journal_in)(other)
            .release_lock(&run.system, &run.incident, self.clock.now())
            .await;
        let seen = match released {
            Ok(true) => format!("the lock of {other} is released"),
            Ok(false) => format!("the lock of {other} was not held"),
            Err(error @ (Error::Unavailable { .. } | Error::Throttled { .. })) if !taken => {
                format!("the lock of {other} was not taken, and its journal does not answer: {error}")
            }
            Err(error) => return Err(error),
        };
        Ok(Seen {
            at: self.clock.now(),
            seen: vec![seen],
        })
    }
}
