//! The group in the Region that was left has the size that a standby needs.
//!
//! It serves nobody any more, but it is what would be needed if this Region failed as well. So it is left as it is
//! until this Region is seen to serve with what is needed. The instances are not waited for.

use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::steps::region::GroupSize;
use domain::system::region_failover::Web;
use journal::Hold;

use crate::observe::{group, healthy_targets};
use crate::resize::resize;
use crate::size::{not_nothing, within};

/// The Region that was left.
#[derive(Debug)]
pub struct Left<'a> {
    /// Auto Scaling there.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// What served there.
    pub web: &'a Web,
}

/// The Region that serves.
#[derive(Debug)]
pub struct Serves<'a> {
    /// Elastic Load Balancing there.
    pub elbv2: aws_sdk_elasticloadbalancingv2::Client,
    /// What serves there.
    pub web: &'a Web,
    /// How many healthy targets it needs.
    pub needed: u32,
}

/// The size of a standby: as the system file says, or else as the other Region had it when it was the standby. After a
/// failover the latter says nothing, because nobody reduced the Region that was lost.
pub fn standby(web: &Web, other: GroupSize) -> GroupSize {
    web.standby_instances.map_or(other, |instances| GroupSize {
        min: instances,
        desired: instances,
        max: web.max_instances.max(instances),
    })
}

/// Ensures that the group in the Region that was left has the size of a standby, within that Region's own limit, and
/// answers what was seen of it.
///
/// # Errors
/// `NotYet` right after asking for it, and while the Region that serves lacks healthy targets; `Unsafe` when it needs
/// none, or when a person stopped the run; `LockLost`; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure<J: Journal>(
    left: &Left<'_>,
    serves: &Serves<'_>,
    standby: GroupSize,
    hold: &Hold<'_, J>,
) -> Result<String> {
    let wanted = within(standby, left.web.max_instances);
    let observed = group(&left.autoscaling, &left.web.group).await?;
    if observed.size == wanted {
        return Ok(format!("group {} as a standby: {observed}", left.web.group));
    }
    not_nothing(serves.needed)?;
    let targets = healthy_targets(&serves.elbv2, &serves.web.target_group).await?;
    if targets.healthy < serves.needed {
        return Err(Error::NotYet {
            seen: format!(
                "{} needed here, targets: {targets}; group {} is left as it is: {observed}",
                serves.needed, left.web.group
            ),
        });
    }
    hold.check().await?;
    Err(resize(&left.autoscaling, &left.web.group, wanted).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_has_the_size_that_the_system_file_says() {
        let web = |standby_instances| Web {
            group: "shop-web".into(),
            target_group: "t".into(),
            listener: "l".into(),
            instances: 6,
            max_instances: 12,
            standby_instances,
            vcpus_per_instance: None,
        };
        let other = GroupSize {
            min: 6,
            desired: 6,
            max: 6,
        };
        assert_eq!(standby(&web(None), other), other);
        let two = GroupSize {
            min: 2,
            desired: 2,
            max: 12,
        };
        assert_eq!(standby(&web(Some(2)), other), two);
    }
}
