//! As many targets as are needed are healthy. Only observes, and believes nothing but the load balancer: a group that
//! wants instances, a launch that was accepted and an instance that runs are no proof that anybody is served.

use domain::step::{Error, Result};
use domain::system::region_failover::Web;

use crate::observe::{group, healthy_targets};
use crate::size::not_nothing;

/// Ensures that at least as many targets as are needed are healthy, and answers how many are.
///
/// # Errors
/// `NotYet` until then, with what hinders the group; `Unsafe` when none are needed; `Throttled`, `Unavailable`,
/// `Refused` when the targets cannot be seen.
pub async fn ensure(
    elbv2: &aws_sdk_elasticloadbalancingv2::Client,
    autoscaling: &aws_sdk_autoscaling::Client,
    web: &Web,
    needed: u32,
) -> Result<String> {
    not_nothing(needed)?;
    let targets = healthy_targets(elbv2, &web.target_group).await?;
    if targets.healthy >= needed {
        return Ok(format!("{needed} needed, targets: {targets}"));
    }
    // The group only says why: that it cannot be seen makes the targets no less unhealthy.
    let group = match group(autoscaling, &web.group).await {
        Ok(group) => group.to_string(),
        Err(error) => error.to_string(),
    };
    Err(Error::NotYet {
        seen: format!(
            "{needed} needed, targets: {targets}; group {}: {group}",
            web.group
        ),
    })
}
