//! The one call that changes a group's size.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use aws_sdk_autoscaling::operation::update_auto_scaling_group::builders::UpdateAutoScalingGroupFluentBuilder;
use domain::step::Error;
use domain::steps::region::GroupSize;
use runtime::aws::classify;

const CALL: &str = "autoscaling:UpdateAutoScalingGroup";

/// Sets a group's size. There is no success to answer: whether it has that size, the next call observes. A call whose
/// answer is lost may be made again, because it says the size and not a difference.
pub(crate) async fn resize(autoscaling: &Client, group: &str, size: GroupSize) -> Error {
    let call = autoscaling
        .update_auto_scaling_group()
        .min_size(count(size.min))
        .desired_capacity(count(size.desired))
        .max_size(count(size.max));
    update(call, group, &size.to_string()).await
}

/// Lets a group want more instances, and raises its maximum where it is below that; says nothing of anything else.
pub(crate) async fn grow(autoscaling: &Client, group: &str, observed: GroupSize, wanted: u32) -> Error {
    let mut call = autoscaling
        .update_auto_scaling_group()
        .desired_capacity(count(wanted));
    let mut to = format!("desired {wanted}");
    if observed.max < wanted {
        call = call.max_size(count(wanted));
        to = format!("{to}, max {wanted}");
    }
    update(call, group, &to).await
}

/// Sends a change of a group, however much of it that is.
pub(crate) async fn update(call: UpdateAutoScalingGroupFluentBuilder, group: &str, to: &str) -> Error {
    match call.auto_scaling_group_name(group).send().await {
        Ok(_) => Error::NotYet {
            seen: format!("{CALL} of {group} to {to} accepted"),
        },
        Err(error) => {
            let busy = error.code().is_some_and(passes_by_itself);
            let error = classify(CALL, error);
            if busy {
                Error::NotYet {
                    seen: error.to_string(),
                }
            } else {
                error
            }
        }
    }
}

/// Another change of the group is under way, perhaps our own of a moment ago: look again.
/// Source: Auto Scaling API, UpdateAutoScalingGroup, Errors. `ResourceContention` comes with HTTP status 500.
pub(crate) fn passes_by_itself(code: &str) -> bool {
    matches!(code, "ResourceContention" | "ScalingActivityInProgress")
}

/// AWS counts in `i32`; it refuses the largest one, which no group has.
pub(crate) fn count(instances: u32) -> i32 {
    i32::try_from(instances).unwrap_or(i32::MAX)
}
