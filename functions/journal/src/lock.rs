//! What both journals must agree on about a lock: how one is made, and how one refuses.

use domain::duration::Duration;
use domain::journal::Lock;
use domain::names::{Epoch, IncidentId};
use domain::step::Error;
use jiff::Timestamp;

/// The lock that a holder gets now, for as long as the lease lasts.
pub(crate) fn taken(epoch: Epoch, holder: &IncidentId, now: Timestamp, lease: Duration) -> Lock {
    let taken_at = in_millis(now);
    // Saturating, because a clock at the end of time is no reason to fail: the lock then lasts until it is released.
    let expires_at = taken_at.saturating_add(lease.signed()).unwrap_or(Timestamp::MAX);
    Lock {
        epoch,
        holder: holder.clone(),
        taken_at,
        expires_at: in_millis(expires_at),
    }
}

/// The answer to everybody but the lock's holder.
pub(crate) fn held(lock: &Lock) -> Error {
    Error::LockHeld {
        holder: lock.holder.to_string(),
        since: lock.taken_at.to_string(),
        epoch: lock.epoch.0,
    }
}

/// The answer to a request that was held up on its way: the lock was taken or released since it was sent. The next one, which
/// says when it was sent itself, finds out.
pub(crate) fn late() -> Error {
    Error::Unavailable {
        call: "dynamodb:UpdateItem".to_owned(),
        why: "the lock was taken or released since, or DynamoDB answered without it".to_owned(),
    }
}

/// An instant as the journal keeps it: to the millisecond.
pub(crate) fn in_millis(at: Timestamp) -> Timestamp {
    // Rounding towards 1970 stays inside the range of timestamps, so the fallback is never taken.
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_lasts_as_long_as_its_lease_to_the_millisecond() {
        let holder: IncidentId = "x".parse().expect("valid");
        let now: Timestamp = "2026-10-01T07:15:09.1239Z".parse().expect("a timestamp");
        let lock = taken(Epoch(3), &holder, now, Duration::from_millis(1));
        assert_eq!(lock.taken_at.to_string(), "2026-10-01T07:15:09.123Z");
        assert_eq!(lock.expires_at.to_string(), "2026-10-01T07:15:09.124Z");
        assert_eq!(
            held(&lock).to_string(),
            "another recovery holds the lock: x since 2026-10-01T07:15:09.123Z, epoch 3"
        );
    }

    #[test]
    fn a_clock_at_the_end_of_time_gives_a_lock_all_the_same() {
        let holder: IncidentId = "x".parse().expect("valid");
        let lock = taken(Epoch(1), &holder, Timestamp::MAX, Duration::from_mins(45));
        assert_eq!(lock.expires_at, in_millis(Timestamp::MAX));
    }
}
