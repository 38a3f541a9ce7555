//! Proof that a run may still change the system: re-read before every act (rule 7).

use domain::journal::Journal;
use domain::names::Epoch;
use domain::step::{Error, Result};
use domain::steps::Run;
use jiff::Timestamp;

/// A run's claim to its system's lock.
#[derive(Debug)]
pub struct Hold<'a, J> {
    /// Where the lock is.
    pub journal: &'a J,
    /// The run that claims it.
    pub run: &'a Run,
    /// The epoch under which the run took it.
    pub epoch: Epoch,
    /// The time.
    pub now: Timestamp,
}

impl<J: Journal> Hold<'_, J> {
    /// Ensures that the run may go on.
    ///
    /// # Errors
    /// `LockLost` unless the run holds the lock under that epoch; `Unsafe` when a person wants it to stop; whatever
    /// the journal fails with.
    pub async fn check(&self) -> Result<()> {
        self.check_lock().await?;
        match self.stop().await? {
            None => Ok(()),
            Some(why) => Err(Error::Unsafe { why }),
        }
    }

    /// Ensures that the run holds its lock, whoever wants it to stop: for what comes behind a promotion, where stopping leaves
    /// users without service.
    ///
    /// # Errors
    /// `LockLost` unless the run holds the lock under that epoch; whatever the journal fails with.
    pub async fn check_lock(&self) -> Result<()> {
        let lost = |why: String| Err(Error::LockLost { why });
        match self.journal.lock(&self.run.system).await? {
            None => lost("nobody holds it".to_owned()),
            Some(lock) if lock.holder != self.run.incident => {
                lost(format!("{} holds it, epoch {}", lock.holder, lock.epoch))
            }
            Some(lock) if lock.epoch != self.epoch => lost(format!(
                "its epoch is {}, this run's was {}",
                lock.epoch, self.epoch
            )),
            Some(lock) if !lock.is_held(self.now) => lost(format!("it expired at {}", lock.expires_at)),
            Some(_) => Ok(()),
        }
    }

    /// Who wants the run to stop, and why, in words.
    ///
    /// # Errors
    /// Whatever the journal fails with.
    pub async fn stop(&self) -> Result<Option<String>> {
        let stop = self.journal.stop(&self.run.system, &self.run.incident).await?;
        Ok(stop.map(|stop| format!("stopped by {}, because {}", stop.by, stop.because)))
    }
}

#[cfg(test)]
mod tests {
    use domain::duration::Duration;
    use domain::journal::Stop;
    use domain::names::Recovery;

    use super::*;
    use crate::MemoryJournal;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn run(incident: &str) -> Run {
        Run {
            system: "shop".parse().expect("valid"),
            incident: incident.parse().expect("valid"),
            recovery: Recovery::FailOverDatabase,
            opened_at: at(0),
            because: "shop-db-down is in ALARM".to_owned(),
        }
    }

    /// A journal in which `this` has taken the lock for a minute.
    async fn locked() -> (MemoryJournal, Epoch) {
        let (journal, run) = (MemoryJournal::new(), run("this"));
        let taken = journal.take_lock(&run.system, &run.incident, at(0), Duration::from_secs(60));
        let epoch = taken.await.expect("free").epoch;
        (journal, epoch)
    }

    async fn lost(journal: &MemoryJournal, incident: &str, epoch: Epoch, second: i64) -> Option<String> {
        let (run, now) = (run(incident), at(second));
        let hold = Hold {
            journal,
            run: &run,
            epoch,
            now,
        };
        let both = (hold.check_lock().await, hold.check().await);
        assert_eq!(both.0, both.1, "nobody wants it to stop");
        both.0.err().map(|error| match error {
            Error::LockLost { why } => why,
            other => panic!("{other:?}"),
        })
    }

    #[tokio::test]
    async fn a_run_may_go_on_only_with_its_own_lock_of_its_own_epoch_that_has_not_expired() {
        let (journal, epoch) = locked().await;
        let next = Epoch(epoch.0 + 1);
        assert_eq!(lost(&journal, "this", epoch, 59).await, None);
        for (incident, epoch, second, why) in [
            ("another", epoch, 1, "this holds it, epoch 1"),
            ("this", next, 1, "its epoch is 1, this run's was 2"),
            ("this", epoch, 60, "it expired at 1970-01-01T00:01:00Z"),
        ] {
            assert_eq!(
                lost(&journal, incident, epoch, second).await.as_deref(),
                Some(why)
            );
        }
        let nobodys = MemoryJournal::new();
        assert_eq!(
            lost(&nobodys, "this", epoch, 1).await.as_deref(),
            Some("nobody holds it")
        );
    }

    #[tokio::test]
    async fn a_person_stops_the_run_and_what_stands_behind_a_promotion_goes_on() {
        let ((journal, epoch), run, now) = (locked().await, run("this"), at(1));
        let hold = Hold {
            journal: &journal,
            run: &run,
            epoch,
            now,
        };
        assert_eq!(hold.stop().await, Ok(None));
        let stop = Stop {
            at: at(1),
            by: "on call".to_owned(),
            because: "not this".to_owned(),
        };
        let wish = journal.request_stop(&run.system, &run.incident, &stop);
        wish.await.expect("in memory");
        let why = "stopped by on call, because not this".to_owned();
        assert_eq!(hold.stop().await, Ok(Some(why.clone())));
        assert_eq!(hold.check().await, Err(Error::Unsafe { why }));
        assert_eq!(hold.check_lock().await, Ok(()));
    }
}
