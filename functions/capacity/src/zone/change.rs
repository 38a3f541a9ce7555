//! The one call that changes where a group launches instances, and with it its size.

use aws_sdk_autoscaling::Client;
use domain::step::Error;
use domain::steps::region::GroupSize;

use crate::resize::{count, update};

/// What of a group is to change. The rest stays as it is, whoever changes that meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// `VPCZoneIdentifier`: the subnets.
    pub(super) subnets: Option<Vec<String>>,
    /// `DesiredCapacity`
    pub(super) desired: Option<u32>,
    /// `MaxSize`
    pub(super) max: Option<u32>,
}

impl Change {
    /// What has to change for a group to have another size. The minimum is never touched.
    pub(super) fn between(now: GroupSize, wanted: GroupSize) -> Self {
        Self {
            subnets: None,
            desired: (wanted.desired != now.desired).then_some(wanted.desired),
            max: (wanted.max != now.max).then_some(wanted.max),
        }
    }

    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Asks for it. A call whose answer is lost may be made again, because it says what is to be and no difference.
    ///
    /// Subnets and size go together, so that the group never wants fewer than are needed in the subnets that it has
    /// left. It launches elsewhere before it terminates in a zone that was taken from it, and may exceed its maximum by
    /// a tenth for that. Source: EC2 Auto Scaling User Guide, auto-scaling-benefits, "Rebalancing activities".
    pub(super) async fn ask(self, autoscaling: &Client, group: &str) -> Error {
        let Self {
            subnets,
            desired,
            max,
        } = self;
        let words = [
            subnets
                .as_ref()
                .map(|subnets| format!("subnets {}", subnets.join(" "))),
            desired.map(|desired| format!("desired {desired}")),
            max.map(|max| format!("max {max}")),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        let request = autoscaling
            .update_auto_scaling_group()
            .set_vpc_zone_identifier(subnets.map(|subnets| subnets.join(",")))
            .set_desired_capacity(desired.map(count))
            .set_max_size(max.map(count));
        update(request, group, &words.join(", ")).await
    }
}
