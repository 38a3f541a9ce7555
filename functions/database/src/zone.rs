//! The writer is in another zone than one that is left, and RDS calls it available.
//!
//! Nothing has to be wrong with the writer for that: the zone is. So no write check is asked first, and a failover is
//! what moves it: the same that `failover-started` asks for. A database whose writer is elsewhere is left alone, also
//! while RDS brings a standby up again in the zone, which it cannot finish before the zone is well.

use aws_sdk_cloudwatch::Client as CloudWatch;
use aws_sdk_rds::Client;
use domain::journal::Journal;
use domain::names::{Region, Zone};
use domain::step::{Error, Result};
use domain::system::{Database, System};
use jiff::Timestamp;
use journal::Hold;
use runtime::InRegion;

use crate::observe::{Observed, Standby, observe};
use crate::start::{Progress, fail_over};
use crate::target::{LagMs, can_be_chosen, choose, read_lag};

/// A database in its own Region, with the clients that see it.
#[derive(Debug)]
pub struct Seat<'a> {
    rds: &'a Client,
    cloudwatch: CloudWatch,
    database: &'a Database,
    now: Timestamp,
}

impl<'a> Seat<'a> {
    /// The database of a system in its primary Region.
    ///
    /// # Errors
    /// `InvalidInput` for a function that runs in any other Region.
    pub fn of(
        system: &'a System,
        here: &Region,
        rds: &'a Client,
        cloudwatch_in: &InRegion<CloudWatch>,
        now: Timestamp,
    ) -> Result<Self> {
        if *here != system.regions.primary {
            return Err(Error::InvalidInput {
                what: format!(
                    "this function runs in {here}, and zones are left in {}'s primary Region, {}",
                    system.name, system.regions.primary
                ),
            });
        }
        Ok(Self {
            rds,
            cloudwatch: cloudwatch_in(here),
            database: &system.database,
            now,
        })
    }
}

/// Ensures that the writer is in another zone than that one, and answers what was seen.
///
/// # Errors
/// `NotYet` right after asking RDS for a failover, and while it is busy; `Unsafe` when nobody outside of the zone could
/// take over, or when a person stopped the run; `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(seat: &Seat<'_>, zone: &Zone, hold: &Hold<'_, J>) -> Result<String> {
    let observed = observe(seat.rds, seat.database).await?;
    match next(&observed, zone) {
        Next::Nothing => Ok(observed.to_string()),
        Next::Wait => Err(Error::NotYet {
            seen: observed.to_string(),
        }),
        Next::FailOver => {
            let target = seat.target(&observed).await?;
            hold.check().await?;
            Err(fail_over(seat.rds, seat.database, target.as_deref()).await)
        }
    }
}

/// What is to be done about a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// It is where it should be.
    Nothing,
    /// RDS is at it, or allows nothing now.
    Wait,
    /// It may be failed over.
    FailOver,
}

fn next(observed: &Observed, zone: &Zone) -> Next {
    let serves =
        SERVING.contains(&observed.status.as_str()) && SERVING.contains(&observed.writer_status.as_str());
    match (observed.writer.zone == *zone, Progress::of(observed)) {
        (false, _) if serves => Next::Nothing,
        (true, Progress::None) => Next::FailOver,
        (false, _) | (true, Progress::UnderWay | Progress::Busy) => Next::Wait,
    }
}

/// Statuses in which a writer that is where it should be takes writes: a backup in the night is no reason to page.
/// Source: RDS User Guide, accessing-monitoring (DB instance status).
const SERVING: [&str; 3] = ["available", "backing-up", "storage-optimization"];

impl Seat<'_> {
    /// The instance to promote, where the kind lets one be chosen; nobody is chosen in the writer's own zone.
    async fn target(&self, observed: &Observed) -> Result<Option<String>> {
        let nobody = |why: &str| {
            Err(Error::Unsafe {
                why: format!(
                    "nobody outside of {} could take over: {why}: {observed}",
                    observed.writer.zone
                ),
            })
        };
        match &observed.standby {
            Standby::Zone(None) => nobody("it has no standby (MultiAZ is off)"),
            Standby::Zone(Some(zone)) if *zone == observed.writer.zone => {
                nobody("its standby is in the writer's own zone")
            }
            Standby::Zone(Some(_)) => Ok(None),
            Standby::Readers(readers) => {
                // A lag that nobody knows does not hold up a failover: inside a Region nothing is lost by it.
                let lag = read_lag(&self.cloudwatch, self.database.kind, readers, self.now).await;
                let lag = lag.unwrap_or_else(|_| LagMs::new());
                match choose(readers, &observed.writer.zone, &lag) {
                    None => nobody("no reader in another zone is available"),
                    Some(reader) => {
                        let takes_target = can_be_chosen(self.database.kind, &observed.engine);
                        Ok(takes_target.then(|| reader.instance.clone()))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::steps::assess::Writer;

    use super::*;

    fn observed(status: &str, writer_status: &str, zone: &str) -> Observed {
        Observed {
            status: status.to_owned(),
            engine: "postgres".to_owned(),
            writer: Writer {
                instance: "shop-db".to_owned(),
                zone: Zone(zone.to_owned()),
            },
            writer_status: writer_status.to_owned(),
            standby: Standby::Zone(Some(Zone("c".to_owned()))),
        }
    }

    #[test]
    fn what_is_next_follows_from_zone_and_status() {
        for (status, writer_status, zone, expected) in [
            ("available", "available", "b", Next::Nothing),
            ("backing-up", "backing-up", "b", Next::Nothing),
            ("failing-over", "available", "b", Next::Wait),
            ("rebooting", "rebooting", "b", Next::Wait),
            ("modifying", "modifying", "b", Next::Wait),
            ("available", "available", "a", Next::FailOver),
            ("available", "failed", "a", Next::FailOver),
            ("failing-over", "available", "a", Next::Wait),
            ("rebooting", "rebooting", "a", Next::Wait),
            ("backing-up", "backing-up", "a", Next::Wait),
        ] {
            let observed = observed(status, writer_status, zone);
            assert_eq!(next(&observed, &Zone("a".to_owned())), expected, "{observed}");
        }
    }
}
