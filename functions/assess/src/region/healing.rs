//! Whether the Region that is to be left is healing itself.
//!
//! A bad deployment, or a writer that hangs, can look like a lost Region from outside. The router there knows better
//! and starts the recovery that fits; the router here may have looked a moment too early to see the cause. What a move
//! does first (a frozen edge, an isolated database) would undo that recovery. So while a recovery holds the lock of the
//! journal there, an unplanned move waits and observes on.
//!
//! The wait is bounded by [`PATIENCE`], or a recovery in a half-dead Region would hold up the one that is needed
//! (rule 9). It is counted from when the lock was taken or from when both signals were up, whichever came first:
//! recoveries that follow one another there get no new wait each, and neither does a lock whose clock is ahead. A
//! person's order is not waited out, and a journal that does not answer holds up nothing: its Region may be lost.

use domain::duration::Duration;
use domain::journal::{Journal, Lock};
use domain::steps::Run;
use domain::system::Move;

use super::facts::{Facts, Unknown};
use crate::Steps;

/// How long a recovery in the Region that is to be left is waited for. RDS typically moves a writer to another zone in
/// up to 120 seconds (RDS User Guide, Concepts.MultiAZ.Failover), which is the longest of what usually heals a Region
/// from inside; half a minute more is for the recovery to begin, and for the write check to pass.
pub const PATIENCE: Duration = Duration::from_secs(150);

impl<J: Journal> Steps<J> {
    /// The lock of the source's own journal. A planned move does not ask: it insists on that lock anyway.
    pub(super) async fn lock_there(
        &self,
        moved: &Move<'_>,
        run: &Run,
        planned: bool,
    ) -> Result<Option<Lock>, Unknown> {
        if planned {
            return Ok(None);
        }
        let journal = (self.journal_in)(&moved.from.region);
        let read = journal.lock(&run.system).await;
        read.map_err(|error| Unknown(error.to_string()))
    }
}

/// The lock under which another run than this one heals the source, if it binds.
pub(super) fn healing<'f>(facts: &'f Facts<'_>) -> Option<&'f Lock> {
    let lock = facts.lock_there.as_ref().ok()?.as_ref()?;
    (lock.holder != facts.run.incident && lock.is_held(facts.now)).then_some(lock)
}

/// Whether the recovery there has had its time.
pub(super) fn has_had_its_time(lock: &Lock, facts: &Facts<'_>) -> bool {
    let since = facts
        .signals
        .both_since()
        .map_or(lock.taken_at, |both| both.min(lock.taken_at));
    facts.now.duration_since(since) >= PATIENCE.signed()
}

/// What is known of it, in a sentence, if there is anything to say.
pub(super) fn spoken(facts: &Facts<'_>) -> Option<String> {
    let there = &facts.moved.from.region;
    if let Err(Unknown(why)) = &facts.lock_there {
        return Some(format!("whether {there} is healing itself is not known: {why}"));
    }
    let lock = healing(facts)?;
    Some(format!(
        "{there} is healing itself: {} holds its lock since {}",
        lock.holder, lock.taken_at
    ))
}
