//! The `assess` Lambda: what stands before a recovery, and whether acting is right.
//!
//! It only observes. What is pure is apart: [`judge()`] for a database inside its Region, [`region::judge`] for a move
//! to another one; from what AWS describes, what the application's write check said and what the alarms say, to a
//! verdict or to the reason why acting would be wrong. And it stands behind a recovery inside a Region: `users-served`
//! is its last proof.

mod judge;
pub mod region;
mod users;

use std::sync::Arc;

use database::observe::{Observed, Standby, observe};
use database::target::{LagMs, read_lag};
use database::write_check::WriteCheck;
use domain::clock::Clock;
use domain::journal::Journal;
use domain::names::Region;
use domain::step::{self, Error, Step};
use domain::steps::Run;
use domain::steps::assess::{Assessment, Input, Verdict};
use domain::system::region_failover::Replication;
use domain::system::{System, Systems};
use runtime::InRegion;
use serde_json::Value;

pub use judge::{Written, judge};

/// The function's steps, with everything they need handed in.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that the function runs in. A move leads to it.
    pub region: Region,
    /// RDS in that Region.
    pub rds: aws_sdk_rds::Client,
    /// CloudWatch in that Region.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Elastic Load Balancing in that Region.
    pub elbv2: aws_sdk_elasticloadbalancingv2::Client,
    /// Service Quotas in that Region.
    pub servicequotas: aws_sdk_servicequotas::Client,
    /// RDS in either Region of a move.
    pub rds_in: InRegion<aws_sdk_rds::Client>,
    /// CloudWatch in either Region of a move.
    pub cloudwatch_in: InRegion<aws_sdk_cloudwatch::Client>,
    /// Auto Scaling in either Region of a move.
    pub autoscaling_in: InRegion<aws_sdk_autoscaling::Client>,
    /// Where the alarms' states are noted.
    pub journal: J,
    /// The journal in either Region of a move.
    pub journal_in: InRegion<J>,
    /// How the application's write check is reached.
    pub write_check: WriteCheck,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<J: Journal> Step for Steps<J> {
    const NAME: &str = "assess";

    type Input = Input;

    async fn ensure(&self, input: Input) -> step::Result<Value> {
        match input {
            Input::DatabaseAssessed { run } => {
                let system = self.systems.of_run(&run)?;
                step::output(&self.database(&run, system).await?)
            }
            Input::RegionAssessed { run } => step::output(&self.region(&run).await?),
            Input::UsersServed { run } => step::output(&self.users(&run).await?),
        }
    }
}

impl<J: Journal> Steps<J> {
    async fn database(&self, run: &Run, system: &System) -> step::Result<Assessment> {
        let now = self.clock.now();
        let token = format!("{}-{}", run.incident, now.as_millisecond());
        let written = self
            .write_check
            .stored_and_read_back(&system.database.write_check, &token);
        let (written, observed) = tokio::join!(written, observe(&self.rds, &system.database));
        let observed = observed?;
        if let Some(elsewhere) = self.written_elsewhere(system).await? {
            return Ok(Assessment {
                verdict: Verdict::Healthy,
                writer: observed.writer,
                target: None,
                seen: vec![elsewhere],
            });
        }
        let written = match written {
            Ok(()) => judge::Written::Yes,
            Err(Error::NotYet { seen }) => judge::Written::No { seen },
            // The question itself is wrong: nothing could be verified afterwards, so nothing may be started.
            Err(error) => return Err(error),
        };
        let lag = self.lag_of_readers(system, &observed).await;
        judge(&system.database, &observed, &written, &lag)
    }

    /// A system in two Regions is written to in one of them. In the other its write check fails by right, and a
    /// failover inside that Region would mend nothing.
    async fn written_elsewhere(&self, system: &System) -> step::Result<Option<String>> {
        if system.region_failover.is_none() {
            return Ok(None);
        }
        let moved = system.moving_to(&self.region)?;
        let own = database::region::arn(&moved, moved.to);
        match &moved.shared.replication {
            Replication::AuroraGlobal { global_cluster } => {
                let global = database::region::global::observe(&self.rds, global_cluster.as_str()).await?;
                let elsewhere = global.writer().is_some_and(|writer| writer.arn != own);
                Ok(elsewhere.then(|| format!("it is written to elsewhere: {global}")))
            }
            replication @ Replication::ReadReplica => {
                let identifier = moved.to.database.as_str();
                let half = database::region::half::observe(&self.rds, replication, identifier).await?;
                let follows = half.filter(|half| half.source.is_some());
                Ok(follows.map(|half| format!("it is written to elsewhere: {half}")))
            }
        }
    }

    /// How far readers lag decides only between readers of one tier. When CloudWatch does not say, the failover does
    /// not wait for it: inside a Region no acknowledged write depends on it.
    async fn lag_of_readers(&self, system: &System, observed: &Observed) -> Result<LagMs, String> {
        match &observed.standby {
            Standby::Zone(_) => Ok(LagMs::new()),
            Standby::Readers(readers) => {
                let read = read_lag(&self.cloudwatch, system.database.kind, readers, self.clock.now()).await;
                read.map_err(|error| error.to_string())
            }
        }
    }
}
