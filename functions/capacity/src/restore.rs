//! The undo of `raised`: this Region's group has the size that it had before.
//!
//! It takes instances away, so this is why it may. It runs only after the database was seen to be still in its old
//! place, so users are served from the other Region, and whatever stands here beyond `standing` serves nobody: not
//! what the run had asked for, and not what a scaling policy or a person has added to it since. A policy that wants
//! more of its own accord gets it again from `standing`, whose bounds are its own. The instances are not waited for.

use aws_sdk_autoscaling::Client;
use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::steps::Run;
use domain::steps::region::GroupSize;
use domain::system::region_failover::Web;
use jiff::Timestamp;

use crate::observe::group;
use crate::resize::resize;

/// What an undo has to know of the run that it belongs to.
///
/// It is bound neither to the run's epoch nor to a person's wish to stop: a run that must not go on has to tidy up
/// all the more. But it may come late, when the next run has the lock and needs the instances.
#[derive(Debug)]
pub struct Undo<'a, J> {
    /// Where the lock is.
    pub journal: &'a J,
    /// The run.
    pub run: &'a Run,
    /// The time.
    pub now: Timestamp,
}

impl<J: Journal> Undo<'_, J> {
    /// # Errors
    /// `LockLost` while another run holds the lock; whatever the journal fails with.
    async fn check(&self) -> Result<()> {
        match self.journal.lock(&self.run.system).await? {
            Some(lock) if lock.holder != self.run.incident && lock.is_held(self.now) => {
                Err(Error::LockLost {
                    why: format!(
                        "{} holds it, epoch {}: the group is its now",
                        lock.holder, lock.epoch
                    ),
                })
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Ensures that the group has its old size, and answers what was seen of it.
///
/// # Errors
/// `NotYet` right after asking for it; `LockLost` while another run holds the lock; `Throttled`, `Unavailable`,
/// `Refused`.
pub async fn ensure<J: Journal>(
    autoscaling: &Client,
    web: &Web,
    standing: GroupSize,
    undo: &Undo<'_, J>,
) -> Result<String> {
    let observed = group(autoscaling, &web.group).await?;
    if observed.size == standing {
        return Ok(format!("group {} as before: {observed}", web.group));
    }
    undo.check().await?;
    Err(resize(autoscaling, &web.group, standing).await)
}
