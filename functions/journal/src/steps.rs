//! The conditions that the journal's Lambda function ensures: the lock is taken, the run is recorded, the lock is
//! released.

use std::sync::Arc;

use domain::clock::Clock;
use domain::journal::{Incident, Journal, lease};
use domain::names::Region;
use domain::step::{Result, Step, output};
use domain::steps::Run;
use domain::steps::journal::{Input, Locked, Record, Recorded, Released};
use domain::system::Systems;
use serde_json::Value;

/// The journal's steps over a journal.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that it runs in.
    pub region: Region,
    /// The journal of that Region.
    pub journal: J,
    /// The journal of any Region.
    pub journal_in: Arc<dyn Fn(&Region) -> J + Send + Sync>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<J: Journal> Steps<J> {
    async fn take_lock(&self, run: &Run) -> Result<Locked> {
        let lock = self
            .journal
            .take_lock(&run.system, &run.incident, self.clock.now(), lease(run.recovery))
            .await?;
        Ok(Locked {
            epoch: lock.epoch,
            expires_at: lock.expires_at,
        })
    }

    async fn record(&self, run: Run, record: &Record) -> Result<Recorded> {
        let incident = Incident {
            id: run.incident,
            system: run.system,
            recovery: run.recovery,
            opened_at: run.opened_at,
            closed_at: self.clock.now(),
            outcome: record.outcome(),
            seen: record.seen(),
            left: record.zone_left(),
        };
        self.journal.record(&incident).await?;
        Ok(Recorded {
            outcome: incident.outcome,
        })
    }

    async fn release_lock(&self, run: &Run) -> Result<Released> {
        let released = self
            .journal
            .release_lock(&run.system, &run.incident, self.clock.now());
        let was_held = released.await?;
        Ok(Released { was_held })
    }
}

impl<J: Journal> Step for Steps<J> {
    const NAME: &str = "journal";

    type Input = Input;

    async fn ensure(&self, input: Input) -> Result<Value> {
        match input {
            Input::LockTaken { run } => output(&self.take_lock(&run).await?),
            Input::OtherLockTaken { run } => output(&self.take_other_lock(&run).await?),
            Input::OtherLockReleased { run, taken } => output(&self.release_other_lock(&run, taken).await?),
            Input::Recorded { run, record } => output(&self.record(run, &record).await?),
            Input::LockReleased { run } => output(&self.release_lock(&run).await?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use domain::step::{Failure, call};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::MemoryJournal;

    /// A clock that goes on by one second with every look at it.
    #[derive(Default)]
    struct Ticking(AtomicI64);

    impl Clock for Ticking {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.fetch_add(1, Ordering::Relaxed)).expect("in range")
        }
    }

    fn steps() -> Steps<MemoryJournal> {
        Steps {
            systems: Systems::default(),
            region: "eu-central-1".parse().expect("valid"),
            journal: MemoryJournal::new(),
            journal_in: Arc::new(|_| MemoryJournal::new()),
            clock: Arc::new(Ticking::default()),
        }
    }

    fn run(incident: &str) -> Value {
        json!({
            "system": "shop",
            "incident": incident,
            "recovery": "fail-over-database",
            "opened_at": "1969-12-31T23:59:00Z",
            "because": "the database is down",
        })
    }

    async fn ensure(
        steps: &Steps<MemoryJournal>,
        condition: &str,
        incident: &str,
    ) -> std::result::Result<Value, Failure> {
        let event = json!({ "ensure": condition, "run": run(incident) });
        call(steps, steps.clock.as_ref(), event).await
    }

    #[tokio::test]
    async fn a_lock_is_taken_once_however_often_it_is_asked_for() {
        let steps = steps();
        let first = ensure(&steps, "lock-taken", "a").await;
        assert_eq!(
            first,
            Ok(json!({ "epoch": 1, "expires_at": "1970-01-01T00:45:00Z" }))
        );
        assert_eq!(ensure(&steps, "lock-taken", "a").await, first);
        let refusal = ensure(&steps, "lock-taken", "b").await.expect_err("held");
        assert_eq!(refusal.error_type, "LockHeld");
    }

    #[tokio::test]
    async fn a_lock_is_released_by_its_holder_only() {
        let steps = steps();
        ensure(&steps, "lock-taken", "a").await.expect("free");
        assert_eq!(
            ensure(&steps, "lock-released", "b").await,
            Ok(json!({ "was_held": false }))
        );
        assert_eq!(
            ensure(&steps, "lock-released", "a").await,
            Ok(json!({ "was_held": true }))
        );
        assert_eq!(
            ensure(&steps, "lock-released", "a").await,
            Ok(json!({ "was_held": false }))
        );
    }

    #[tokio::test]
    async fn a_run_that_failed_is_recorded_as_paged_with_what_it_saw() {
        let steps = steps();
        let failure = json!({ "state": "Fail over", "error": "Unsafe", "cause": "lag unknown" });
        let event = json!({ "ensure": "recorded", "run": run("a"), "record": { "failure": failure } });
        for _ in 0..2 {
            assert_eq!(
                call(&steps, steps.clock.as_ref(), event.clone()).await,
                Ok(json!({ "outcome": "paged" }))
            );
        }
        let view = steps
            .journal
            .view(&"shop".parse().expect("valid"))
            .await
            .expect("in memory");
        let [incident] = view.incidents.as_slice() else {
            panic!("one incident, got {view:?}")
        };
        assert_eq!(incident.seen, ["Fail over failed with Unsafe: lag unknown"]);
        assert_eq!(
            incident.closed_at,
            Timestamp::UNIX_EPOCH,
            "the first record stands"
        );
    }

    #[tokio::test]
    async fn an_unknown_condition_is_invalid_input() {
        let refusal = ensure(&steps(), "lock-stolen", "a").await.expect_err("unknown");
        assert_eq!(refusal.error_type, "InvalidInput");
        assert!(
            refusal.error_message.contains("lock-stolen"),
            "{}",
            refusal.error_message
        );
    }
}
