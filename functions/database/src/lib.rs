//! The `database` Lambda: a writer in another zone, and proof that it takes writes.
//!
//! | condition | ensured by |
//! |---|---|
//! | `failover-started` | [`start`]: RebootDBInstance with ForceFailover, or FailoverDBCluster with a chosen target |
//! | `writer-moved` | [`moved`]: only observes |
//! | `writable` | [`write_check`]: PUT a value through the application, GET it back |
//!
//! [`observe`] is how this function and `assess` see a database; the two see the same.

pub mod moved;
pub mod observe;
pub mod start;
pub mod target;
pub mod write_check;

use std::sync::Arc;

use domain::clock::Clock;
use domain::journal::Journal;
use domain::step::{self, Step};
use domain::steps::database::{Input, Written};
use domain::system::Systems;
use serde_json::Value;

use self::write_check::WriteCheck;

/// The function's steps, with everything they need handed in.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// RDS in the systems' Region.
    pub rds: aws_sdk_rds::Client,
    /// Where the lock is re-read before anything destructive.
    pub journal: J,
    /// How the application's write check is reached.
    pub write_check: WriteCheck,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<J: Journal> Step for Steps<J> {
    const NAME: &str = "database";

    type Input = Input;

    async fn ensure(&self, input: Input) -> step::Result<Value> {
        match input {
            Input::FailoverStarted {
                run,
                epoch,
                assessment,
            } => {
                let database = &self.systems.of_run(&run)?.database;
                let fence = start::Fence {
                    journal: &self.journal,
                    run: &run,
                    epoch,
                    now: self.clock.now(),
                };
                step::output(&start::ensure(&self.rds, database, &assessment, fence).await?)
            }
            Input::WriterMoved { run, assessment } => {
                let database = &self.systems.of_run(&run)?.database;
                step::output(&moved::ensure(&self.rds, database, &assessment.writer).await?)
            }
            Input::Writable { run } => {
                let url = &self.systems.of_run(&run)?.database.write_check;
                let token = format!("{}-{}", run.incident, self.clock.now().as_millisecond());
                self.write_check.stored_and_read_back(url, &token).await?;
                step::output(&Written {
                    seen: format!("{} stored and read back {token}", url.as_str()),
                    token,
                })
            }
        }
    }
}
