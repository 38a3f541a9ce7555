//! What serves users in the primary Region: instances replaced, instances added, and proof that enough of them serve.

pub mod history;
pub mod load;
pub mod replace;
pub mod replacement;
pub mod scale_out;
pub mod serves;

use domain::names::Region;
use domain::step::{Error, Result};
use domain::system::{System, WebTier};

/// The Region of a system's recoveries inside a Region, which is the primary one.
///
/// # Errors
/// `InvalidInput` for a function that runs in another: what it would see there is not what serves.
pub fn at_home<'s>(system: &'s System, here: &Region) -> Result<&'s Region> {
    let home = &system.regions.primary;
    if home == here {
        return Ok(home);
    }
    Err(Error::InvalidInput {
        what: format!(
            "this recovery is about {home}, the primary Region of {}, and this function runs in {here}: start it there",
            system.name
        ),
    })
}

/// What serves users there.
///
/// # Errors
/// `InvalidInput` when the function runs elsewhere, or when the system file says nothing of a web tier.
pub fn web<'s>(system: &'s System, here: &Region) -> Result<&'s WebTier> {
    at_home(system, here)?;
    system.web.as_ref().ok_or_else(|| Error::InvalidInput {
        what: format!(
            "nothing is known of what serves users of {}: add a table [web] to its system file, with its group, \
             target group and number of instances",
            system.name
        ),
    })
}

/// The web tier with the clients of its Region.
#[derive(Debug)]
pub struct Tier<'a> {
    /// Auto Scaling there.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// Elastic Load Balancing there.
    pub elbv2: aws_sdk_elasticloadbalancingv2::Client,
    /// What serves there.
    pub web: &'a WebTier,
}
