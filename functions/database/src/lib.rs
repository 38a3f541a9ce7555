//! The `database` Lambda: a writer in another zone or Region, and proof that it takes writes.
//!
//! | condition | ensured by |
//! |---|---|
//! | `failover-started` | [`start`]: RebootDBInstance with ForceFailover, or FailoverDBCluster with a chosen target |
//! | `writer-moved` | [`moved`]: only observes |
//! | `writable` | [`write_check`]: PUT a value through the application, GET it back |
//! | `writer-out-of-zone` | [`zone`]: the same failover, where the writer is in a zone that is left |
//! | those of a move to another Region | [`region`] |
//!
//! [`observe`] and [`region`] are how this function and `assess` see a database; the two see the same.

pub mod moved;
pub mod observe;
pub mod region;
pub mod start;
pub mod target;
pub mod write_check;
pub mod zone;

use std::sync::Arc;

use domain::clock::Clock;
use domain::journal::Journal;
use domain::names::Region;
use domain::step::{self, Deadline, Step};
use domain::steps::Run;
use domain::steps::database::{Input, Written};
use domain::steps::region::Seen;
use domain::system::Systems;
use journal::Hold;
use runtime::InRegion;
use serde_json::Value;

use self::region::follow::Side;
use self::region::promote::Grounds;
use self::region::{Regions, fence, follow, place, promote, promoted};
use self::write_check::WriteCheck;

/// The function's steps, with everything they need handed in.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that the function runs in. A move leads to it.
    pub region: Region,
    /// RDS in that Region.
    pub rds: aws_sdk_rds::Client,
    /// RDS in either Region of a move.
    pub rds_in: InRegion<aws_sdk_rds::Client>,
    /// CloudWatch in either Region of a move.
    pub cloudwatch_in: InRegion<aws_sdk_cloudwatch::Client>,
    /// DynamoDB in that Region: the write lease of a system that has one.
    pub dynamodb: aws_sdk_dynamodb::Client,
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
        self.ensure_within(input, None).await
    }

    async fn ensure_within(&self, input: Input, deadline: Option<Deadline>) -> step::Result<Value> {
        match input {
            Input::FailoverStarted {
                run,
                epoch,
                assessment,
            } => {
                let database = &self.systems.of_run(&run)?.database;
                let hold = Hold {
                    journal: &self.journal,
                    run: &run,
                    epoch,
                    now: self.clock.now(),
                };
                step::output(&start::ensure(&self.rds, database, &assessment, &hold).await?)
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
            Input::SourceFenced { run, epoch } => {
                step::output(&fence::ensure(&self.regions(&run)?, epoch).await?)
            }
            Input::SourceOpened { run, answered } => {
                step::output(&fence::undo(&self.regions(&run)?, answered).await?)
            }
            Input::PromotionStarted {
                run,
                epoch,
                region,
                fencing,
                approval,
                how,
            } => {
                let grounds = Grounds {
                    epoch,
                    region: &region,
                    fencing: &fencing,
                    approval: approval.as_deref(),
                    how,
                    deadline,
                };
                step::output(&promote::ensure(&self.regions(&run)?, &grounds).await?)
            }
            Input::Promoted { run, how, fence } => {
                step::output(&promoted::ensure(&self.regions(&run)?, how, fence, deadline).await?)
            }
            Input::PlaceKnown { run } => step::output(&place::known(&self.regions(&run)?).await?),
            Input::WritableHere { run } => step::output(&promoted::writable(&self.regions(&run)?).await?),
            Input::Rejoined { run, epoch } => {
                step::output(&follow::ensure(&self.regions(&run)?, epoch, Side::Here).await?)
            }
            Input::StandbyArmed { run, epoch } => {
                step::output(&follow::ensure(&self.regions(&run)?, epoch, Side::There).await?)
            }
            Input::WriterOutOfZone { run, epoch, zone } => {
                let system = self.systems.of_run(&run)?;
                let now = self.clock.now();
                let seat = zone::Seat::of(system, &self.region, &self.rds, &self.cloudwatch_in, now)?;
                let hold = Hold {
                    journal: &self.journal,
                    run: &run,
                    epoch,
                    now,
                };
                step::output(&Seen {
                    at: now,
                    seen: vec![zone::ensure(&seat, &zone, &hold).await?],
                })
            }
        }
    }
}

impl<J> Steps<J> {
    fn regions<'a>(&'a self, run: &'a Run) -> step::Result<Regions<'a, J>> {
        Ok(Regions {
            moved: self.systems.of_run(run)?.moving_to(&self.region)?,
            run,
            rds_in: &self.rds_in,
            cloudwatch_in: &self.cloudwatch_in,
            dynamodb: &self.dynamodb,
            journal: &self.journal,
            write_check: &self.write_check,
            now: self.clock.now(),
        })
    }
}
