//! EC2 Auto Scaling.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::{
    DescribeAutoScalingGroupsInput, DescribeAutoScalingGroupsOutput,
};
use aws_sdk_autoscaling::operation::describe_scaling_activities::{
    DescribeScalingActivitiesInput, DescribeScalingActivitiesOutput,
};
use aws_sdk_autoscaling::operation::update_auto_scaling_group::{
    UpdateAutoScalingGroupInput, UpdateAutoScalingGroupOutput,
};
use aws_sdk_autoscaling::types::{
    Activity, AutoScalingGroup, Instance, LifecycleState, ScalingActivityStatusCode,
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::timeline::Actor;
use crate::world::web::{self, Web};
use crate::world::{Ms, World};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::describe_auto_scaling_groups).then_compute_response(desk.control(route, describe)),
        mock!(Client::update_auto_scaling_group).then_compute_response(desk.control(route, update)),
        mock!(Client::describe_scaling_activities).then_compute_response(desk.control(route, activities)),
    ]
}

/// Source: EC2 Auto Scaling API, DescribeAutoScalingGroups: a name that does not exist is left out of the answer.
fn describe(
    world: &mut World,
    region: &Region,
    input: &DescribeAutoScalingGroupsInput,
) -> Result<DescribeAutoScalingGroupsOutput, Refusal> {
    let asked = input.auto_scaling_group_names();
    let found = web(world, region)
        .filter(|web| asked.is_empty() || asked.contains(&web.group))
        .map(shown);
    Ok(DescribeAutoScalingGroupsOutput::builder()
        .set_auto_scaling_groups(Some(found.into_iter().collect()))
        .build())
}

fn update(
    world: &mut World,
    region: &Region,
    input: &UpdateAutoScalingGroupInput,
) -> Result<UpdateAutoScalingGroupOutput, Refusal> {
    let name = input.auto_scaling_group_name().unwrap_or_default();
    let (min, desired, max) = (
        count(input.min_size())?,
        count(input.desired_capacity())?,
        count(input.max_size())?,
    );
    let shown = |name: &str, value: Option<u32>| value.map(|value| format!(" {name}={value}"));
    let line = [
        shown("MinSize", min),
        shown("DesiredCapacity", desired),
        shown("MaxSize", max),
    ];
    let line: String = line.into_iter().flatten().collect();
    let line = format!("autoscaling:UpdateAutoScalingGroup {name} in {region}{line}");
    match world.update_group(region, name, min, desired, max) {
        Ok(()) => {
            world.say(Actor::Call, format!("{line}: accepted"));
            Ok(UpdateAutoScalingGroupOutput::builder().build())
        }
        Err(refusal) => {
            let refusal = of_group(refusal);
            world.say(Actor::Call, format!("{line}: {}", refusal.code()));
            Err(refusal)
        }
    }
}

fn activities(
    world: &mut World,
    region: &Region,
    input: &DescribeScalingActivitiesInput,
) -> Result<DescribeScalingActivitiesOutput, Refusal> {
    let time = |at: Ms| DateTime::from_millis(world.timestamp(at).as_millisecond());
    let web = web(world, region).filter(|web| input.auto_scaling_group_name() == Some(web.group.as_str()));
    let most = input.max_records().and_then(|most| usize::try_from(most).ok());
    let all = web
        .map(|web| web.activities.as_slice())
        .unwrap_or_default()
        .iter();
    let shown = all.take(most.unwrap_or(usize::MAX)).map(|activity| {
        Activity::builder()
            .activity_id(&activity.id)
            .set_auto_scaling_group_name(input.auto_scaling_group_name().map(str::to_owned))
            .description(&activity.description)
            .cause("a difference between desired and actual capacity")
            .start_time(time(activity.at))
            .set_end_time(activity.ended.map(time))
            .status_code(ScalingActivityStatusCode::from(activity.status))
            .set_status_message(activity.status_message.clone())
            .build()
    });
    Ok(DescribeScalingActivitiesOutput::builder()
        .set_activities(Some(shown.collect()))
        .build())
}

fn web<'w>(world: &'w World, region: &Region) -> Option<&'w Web> {
    world.site(region)?.web.as_ref()
}

fn shown(web: &Web) -> AutoScalingGroup {
    let size = |size: u32| i32::try_from(size).unwrap_or(i32::MAX);
    let instances = web.instances.iter().map(|instance| {
        Instance::builder()
            .instance_id(&instance.id)
            .availability_zone(&instance.zone)
            .lifecycle_state(LifecycleState::from(instance.lifecycle.word()))
            .health_status("Healthy")
            .build()
    });
    AutoScalingGroup::builder()
        .auto_scaling_group_name(&web.group)
        .min_size(size(web.min))
        .desired_capacity(size(web.desired))
        .max_size(size(web.max))
        .target_group_arns(&web.target_group)
        .set_instances(Some(instances.collect()))
        .build()
}

fn count(asked: Option<i32>) -> Result<Option<u32>, Refusal> {
    asked
        .map(|asked| {
            u32::try_from(asked).map_err(|_| {
                Refusal::new(
                    "ValidationError",
                    "Group sizes must be greater than or equal to 0",
                )
            })
        })
        .transpose()
}

fn of_group(refusal: web::Refusal) -> Refusal {
    match refusal {
        web::Refusal::Validation(why) | web::Refusal::ListenerNotFound(why) => {
            Refusal::new("ValidationError", why)
        }
    }
}
