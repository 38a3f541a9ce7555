//! Another zone has the writer, and RDS calls it available. Only observes: whoever started the failover, this is
//! what it is for.

use aws_sdk_rds::Client;
use domain::step::{Error, Result};
use domain::steps::assess::Writer;
use domain::steps::database::Moved;
use domain::system::Database;

use crate::observe::observe;

/// Ensures that the writer is in another zone than before.
///
/// # Errors
/// `NotYet` until then; `Unsafe` if another instance of the same zone became the writer, because that will not change
/// by waiting; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure(rds: &Client, database: &Database, before: &Writer) -> Result<Moved> {
    let observed = observe(rds, database).await?;
    let settled = observed.status == "available" && observed.writer_status == "available";
    if observed.writer == *before || !settled {
        return Err(Error::NotYet {
            seen: observed.to_string(),
        });
    }
    if observed.writer.zone == before.zone {
        return Err(Error::Unsafe {
            why: format!("the writer moved, but not to another zone: {observed}"),
        });
    }
    Ok(Moved {
        seen: observed.to_string(),
        writer: observed.writer,
    })
}
