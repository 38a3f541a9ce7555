//! The one call that changes a group.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use domain::step::Error;
use domain::steps::region::GroupSize;
use runtime::aws::classify;

/// Sets a group's size. There is no success to answer: whether it has that size, the next call observes. A call whose
/// answer is lost may be made again, because it says the size and not a difference.
pub(crate) async fn resize(autoscaling: &Client, group: &str, size: GroupSize) -> Error {
    const CALL: &str = "autoscaling:UpdateAutoScalingGroup";
    let answer = autoscaling
        .update_auto_scaling_group()
        .auto_scaling_group_name(group)
        .min_size(count(size.min))
        .desired_capacity(count(size.desired))
        .max_size(count(size.max))
        .send()
        .await;
    match answer {
        Ok(_) => Error::NotYet {
            seen: format!("{CALL} of {group} to {size} accepted"),
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
fn passes_by_itself(code: &str) -> bool {
    matches!(code, "ResourceContention" | "ScalingActivityInProgress")
}

/// AWS counts in `i32`; it refuses the largest one, which no group has.
fn count(instances: u32) -> i32 {
    i32::try_from(instances).unwrap_or(i32::MAX)
}
