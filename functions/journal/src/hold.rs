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
