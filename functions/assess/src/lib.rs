//! The `assess` Lambda: what stands before a recovery, and whether acting is right.
//!
//! It only observes. [`judge`] is pure: what RDS describes, what the application's write check said and how far the
//! readers lag, to a verdict or to the reason why failing over would be wrong.

mod judge;

use std::sync::Arc;

use database::observe::{Observed, Standby, observe};
use database::target::{LagMs, read_lag};
use database::write_check::WriteCheck;
use domain::clock::Clock;
use domain::step::{self, Error, Step};
use domain::steps::Run;
use domain::steps::assess::{Assessment, Input};
use domain::system::{System, Systems};
use serde_json::Value;

pub use judge::judge;

/// The function's steps, with everything they need handed in.
pub struct Steps {
    /// The systems of this deployment.
    pub systems: Systems,
    /// RDS in the systems' Region.
    pub rds: aws_sdk_rds::Client,
    /// CloudWatch in the systems' Region.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// How the application's write check is reached.
    pub write_check: WriteCheck,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Step for Steps {
    const NAME: &str = "assess";

    type Input = Input;

    async fn ensure(&self, input: Input) -> step::Result<Value> {
        match input {
            Input::DatabaseAssessed { run } => {
                let system = self.systems.of_run(&run)?;
                step::output(&self.database(&run, system).await?)
            }
        }
    }
}

impl Steps {
    async fn database(&self, run: &Run, system: &System) -> step::Result<Assessment> {
        let now = self.clock.now();
        let token = format!("{}-{}", run.incident, now.as_millisecond());
        let written = self
            .write_check
            .stored_and_read_back(&system.database.write_check, &token);
        let (written, observed) = tokio::join!(written, observe(&self.rds, &system.database));
        let observed = observed?;
        let written = match written {
            Ok(()) => judge::Written::Yes,
            Err(Error::NotYet { seen }) => judge::Written::No { seen },
            // The question itself is wrong: nothing could be verified afterwards, so nothing may be started.
            Err(error) => return Err(error),
        };
        let lag = self.lag(system, &observed).await;
        judge(&system.database, &observed, &written, &lag)
    }

    /// How far readers lag decides only between readers of one tier. When CloudWatch does not say, the failover does
    /// not wait for it: inside a Region no acknowledged write depends on it.
    async fn lag(&self, system: &System, observed: &Observed) -> Result<LagMs, String> {
        match &observed.standby {
            Standby::Zone(_) => Ok(LagMs::new()),
            Standby::Readers(readers) => {
                let read = read_lag(&self.cloudwatch, system.database.kind, readers, self.clock.now()).await;
                read.map_err(|error| error.to_string())
            }
        }
    }
}
