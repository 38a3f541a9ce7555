//! The `cache` Lambda: an ElastiCache primary in another Region or another node.
//!
//! | condition | ensured by |
//! |---|---|
//! | `promoted-here` | [`promote`]: FailoverGlobalReplicationGroup to this Region |
//! | `primary-moved` | [`moved`]: TestFailover of the node group whose primary is not wanted |
//!
//! A cache can be filled again and a database cannot: nothing is lost here that a person would have to accept, and
//! what ElastiCache had not yet replicated is gone without being asked about. Source: ElastiCache User Guide,
//! Redis-Global-Datastore: replication between Regions is asynchronous.

pub mod moved;
pub mod promote;

use std::sync::Arc;

use domain::clock::Clock;
use domain::journal::Journal;
use domain::names::{Epoch, Region};
use domain::step::{self, Step};
use domain::steps::Run;
use domain::steps::cache::Input;
use domain::steps::region::Seen;
use domain::system::Systems;
use journal::Hold;
use serde_json::Value;

/// The function's steps, with everything they need handed in.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that the function runs in: the one that is to serve.
    pub region: Region,
    /// ElastiCache in that Region. It also speaks for the global datastore, whichever Region is its primary.
    pub elasticache: aws_sdk_elasticache::Client,
    /// Where the lock is re-read before anything is changed.
    pub journal: J,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<J: Journal> Step for Steps<J> {
    const NAME: &str = "cache";

    type Input = Input;

    async fn ensure(&self, input: Input) -> step::Result<Value> {
        let seen = match input {
            Input::PromotedHere { run, epoch } => {
                let moving = self.systems.of_run(&run)?.moving_to(&self.region)?;
                promote::ensure(&self.elasticache, &moving, &self.hold(&run, epoch)).await?
            }
            Input::PrimaryMoved {
                run,
                epoch,
                away_from,
            } => {
                let here = self.systems.of_run(&run)?.moving_to(&self.region)?.to;
                moved::ensure(&self.elasticache, here, &away_from, &self.hold(&run, epoch)).await?
            }
        };
        step::output(&Seen {
            at: self.clock.now(),
            seen: vec![seen],
        })
    }
}

impl<J: Journal> Steps<J> {
    fn hold<'a>(&'a self, run: &'a Run, epoch: Epoch) -> Hold<'a, J> {
        Hold {
            journal: &self.journal,
            run,
            epoch,
            now: self.clock.now(),
        }
    }
}
