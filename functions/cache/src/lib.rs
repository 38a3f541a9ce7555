//! The `cache` Lambda: an ElastiCache primary in another Region, another zone or another node.
//!
//! | condition | ensured by |
//! |---|---|
//! | `promoted-here` | [`promote`]: FailoverGlobalReplicationGroup to this Region |
//! | `primary-moved` | [`moved`]: TestFailover of the node group whose primary is not wanted |
//! | `cache-failover-planned` | [`mod@plan`]: only observes; which node is the primary, and that it does not serve |
//! | `primary-out-of-zone` | [`zone`]: TestFailover of the node group whose primary is in a zone that is left |
//!
//! A cache can be filled again and a database cannot: nothing is lost here that a person would have to accept, and
//! what ElastiCache had not yet replicated is gone without being asked about. Source: ElastiCache User Guide,
//! Redis-Global-Datastore: replication between Regions is asynchronous.

mod failover;
pub mod moved;
mod observe;
pub mod plan;
pub mod promote;
pub mod zone;

use std::sync::Arc;

use domain::clock::Clock;
use domain::journal::Journal;
use domain::names::{Epoch, Region};
use domain::step::{self, Step};
use domain::steps::Run;
use domain::steps::cache::Input;
use domain::steps::region::Seen;
use domain::system::{System, Systems};
use journal::Hold;
use serde_json::Value;

/// The function's steps, with everything they need handed in.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that the function runs in: the one that is to serve, or the primary one of a recovery inside it.
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
                let group = replication_group(self.systems.of_run(&run)?, &self.region)?;
                moved::ensure(&self.elasticache, group, &away_from, &self.hold(&run, epoch)).await?
            }
            Input::CacheFailoverPlanned { run } => {
                let system = self.systems.of_run(&run)?;
                let group = at_home(system, &self.region)?.ok_or_else(|| no_cache(system, &self.region))?;
                let (view, now) = (self.journal.view(&run.system).await?, self.clock.now());
                return step::output(&plan::plan(&self.elasticache, group, system, &view, now).await?);
            }
            Input::PrimaryOutOfZone { run, epoch, zone } => {
                match at_home(self.systems.of_run(&run)?, &self.region)? {
                    None => format!("{} has no cache", run.system),
                    Some(group) => {
                        zone::ensure(&self.elasticache, group, &zone, &self.hold(&run, epoch)).await?
                    }
                }
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

/// The replication group of a system in its primary Region, if it has one.
///
/// # Errors
/// `InvalidInput` for a function that runs in any other Region.
fn at_home<'a>(system: &'a System, here: &Region) -> step::Result<Option<&'a str>> {
    if *here != system.regions.primary {
        return Err(step::Error::InvalidInput {
            what: format!(
                "this function runs in {here}, and this recovery is about {}'s primary Region, {}",
                system.name, system.regions.primary
            ),
        });
    }
    let cache = system.cache.as_ref();
    Ok(cache.map(|cache| cache.replication_group.as_str()))
}

/// The replication group of a system in this Region: that of its table `[cache]` in the primary one, or its half of
/// what moves between two.
///
/// # Errors
/// `InvalidInput` for a system without a cache here.
fn replication_group<'a>(system: &'a System, here: &Region) -> step::Result<&'a str> {
    if *here == system.regions.primary
        && let Some(cache) = &system.cache
    {
        return Ok(&cache.replication_group);
    }
    if system.region_failover.is_none() {
        return Err(no_cache(system, here));
    }
    let site = system.moving_to(here)?.to;
    site.cache.as_deref().ok_or_else(|| step::Error::InvalidInput {
        what: format!("the system file names no `cache` in {here}"),
    })
}

fn no_cache(system: &System, here: &Region) -> step::Error {
    step::Error::InvalidInput {
        what: format!(
            "the system file of {} names no cache in {here}: add a table [cache] with its replication-group",
            system.name
        ),
    }
}
