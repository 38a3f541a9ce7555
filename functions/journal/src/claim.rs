//! What a run may change that carries no epoch: an undo, and a way back.

use domain::journal::Journal;
use domain::names::Recovery;
use domain::step::{Error, Result};
use domain::steps::Run;
use jiff::Timestamp;

/// A run's claim to change something without the epoch under which it took the lock.
///
/// An undo is bound neither to the epoch nor to a person's wish to stop: a run that must not go on has to tidy up all
/// the more. But it may come late, when the next run has the lock. A way back is the whole purpose of its run, so it is
/// bound to both, as every other act is; the incident stands for the epoch, because no two runs share one.
#[derive(Debug)]
pub struct Claim<'a, J> {
    /// Where the lock is.
    pub journal: &'a J,
    /// The run that claims it.
    pub run: &'a Run,
    /// The time.
    pub now: Timestamp,
}

impl<J: Journal> Claim<'_, J> {
    /// Ensures that the run may change what it is about to.
    ///
    /// # Errors
    /// `LockLost` while another run holds the lock, and on a way back also when nobody does; `Unsafe` when a person
    /// wants a way back to stop; whatever the journal fails with.
    pub async fn check(&self) -> Result<()> {
        let way_back = self.run.recovery == Recovery::ReturnToZone;
        let lost = |why: String| Err(Error::LockLost { why });
        match self.journal.lock(&self.run.system).await? {
            Some(lock) if lock.holder != self.run.incident && lock.is_held(self.now) => {
                return lost(format!("{} holds it, epoch {}", lock.holder, lock.epoch));
            }
            Some(lock) if way_back && !lock.is_held(self.now) => {
                return lost(format!("it expired at {}", lock.expires_at));
            }
            None if way_back => return lost("nobody holds it".to_owned()),
            Some(_) | None => {}
        }
        if !way_back {
            return Ok(());
        }
        match self.journal.stop(&self.run.system, &self.run.incident).await? {
            None => Ok(()),
            Some(stop) => Err(Error::Unsafe {
                why: format!("stopped by {}, because {}", stop.by, stop.because),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::duration::Duration;
    use domain::journal::Stop;

    use super::*;
    use crate::MemoryJournal;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn run(recovery: Recovery) -> Run {
        Run {
            system: "shop".parse().unwrap(),
            incident: "this".parse().unwrap(),
            recovery,
            opened_at: at(0),
            because: "shop-zone-a-errors is in ALARM".to_owned(),
        }
    }

    async fn locked_by(holder: &str) -> MemoryJournal {
        let journal = MemoryJournal::new();
        let run = run(Recovery::EvacuateZone);
        let lease = Duration::from_secs(60);
        let holder = holder.parse().unwrap();
        let taken = journal.take_lock(&run.system, &holder, at(0), lease);
        taken.await.unwrap();
        journal
    }

    async fn checked(journal: &MemoryJournal, recovery: Recovery, second: i64) -> &'static str {
        let run = run(recovery);
        let now = at(second);
        let claim = Claim {
            journal,
            run: &run,
            now,
        };
        claim.check().await.map_or_else(|error| error.name(), |()| "may")
    }

    #[tokio::test]
    async fn an_undo_may_unless_another_run_holds_the_lock_and_a_way_back_only_with_its_own() {
        let (undo, back) = (Recovery::EvacuateZone, Recovery::ReturnToZone);
        let (none, ours, others) = (
            MemoryJournal::new(),
            locked_by("this").await,
            locked_by("another").await,
        );
        for (journal, recovery, second, answer) in [
            (&ours, undo, 1, "may"),
            (&ours, back, 1, "may"),
            (&ours, undo, 61, "may"),
            (&ours, back, 61, Error::LOCK_LOST),
            (&none, undo, 1, "may"),
            (&none, back, 1, Error::LOCK_LOST),
            (&others, undo, 1, Error::LOCK_LOST),
            (&others, back, 1, Error::LOCK_LOST),
            (&others, undo, 61, "may"),
            (&others, back, 61, Error::LOCK_LOST),
        ] {
            assert_eq!(
                checked(journal, recovery, second).await,
                answer,
                "{recovery} at {second}"
            );
        }
    }

    #[tokio::test]
    async fn a_wish_to_stop_holds_up_a_way_back_and_no_undo() {
        let journal = locked_by("this").await;
        let (undo, back) = (Recovery::EvacuateZone, Recovery::ReturnToZone);
        let run = run(undo);
        let stop = Stop {
            at: at(1),
            by: "on call".to_owned(),
            because: "not this".to_owned(),
        };
        journal
            .request_stop(&run.system, &run.incident, &stop)
            .await
            .unwrap();
        assert_eq!(checked(&journal, undo, 2).await, "may");
        assert_eq!(checked(&journal, back, 2).await, Error::UNSAFE);
    }
}
