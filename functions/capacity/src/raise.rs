//! This Region's group wants as many instances as are needed.
//!
//! A suspended `Launch` process is no reason to stop here: the size is set all the same, so that whoever resumes the
//! process has nothing else to do, and `healthy` says what it waits for.

use aws_sdk_autoscaling::Client;
use domain::journal::Journal;
use domain::step::Result;
use domain::system::region_failover::Web;
use journal::Hold;

use crate::observe::group;
use crate::resize::resize;
use crate::size;

/// Ensures that the group wants at least as many instances as are needed, and answers what was seen of it.
///
/// # Errors
/// `NotYet` right after asking for them; `Unsafe` when more are needed than the system may have, or when a person
/// stopped the run; `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    autoscaling: &Client,
    web: &Web,
    needed: u32,
    hold: &Hold<'_, J>,
) -> Result<String> {
    let observed = group(autoscaling, &web.group).await?;
    match size::raised(observed.size, needed, web.max_instances)? {
        None => Ok(format!("{needed} needed, group {} {observed}", web.group)),
        Some(wanted) => {
            hold.check().await?;
            Err(resize(autoscaling, &web.group, wanted).await)
        }
    }
}
