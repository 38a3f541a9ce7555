//! EC2 Auto Scaling.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::operation::describe_auto_scaling_groups::{
    DescribeAutoScalingGroupsInput, DescribeAutoScalingGroupsOutput,
};
use aws_sdk_autoscaling::operation::describe_scaling_activities::{
    DescribeScalingActivitiesInput, DescribeScalingActivitiesOutput,
};
use aws_sdk_autoscaling::operation::set_desired_capacity::{
    SetDesiredCapacityInput, SetDesiredCapacityOutput,
};
use aws_sdk_autoscaling::operation::terminate_instance_in_auto_scaling_group::{
    TerminateInstanceInAutoScalingGroupInput, TerminateInstanceInAutoScalingGroupOutput,
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
use crate::world::web::{self, Wanted, Web};
use crate::world::{Ms, World};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::describe_auto_scaling_groups).then_compute_response(desk.control(route, describe)),
        mock!(Client::update_auto_scaling_group).then_compute_response(desk.control(route, update)),
        mock!(Client::set_desired_capacity).then_compute_response(desk.control(route, set_desired)),
        mock!(Client::terminate_instance_in_auto_scaling_group)
            .then_compute_response(desk.control(route, terminate)),
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
    let subnets = input.vpc_zone_identifier();
    let shown = |name: &str, value: Option<u32>| value.map(|value| format!(" {name}={value}"));
    let line = [
        shown("MinSize", min),
        shown("DesiredCapacity", desired),
        shown("MaxSize", max),
        subnets.map(|subnets| format!(" VPCZoneIdentifier={subnets}")),
    ];
    let line: String = line.into_iter().flatten().collect();
    let line = format!("autoscaling:UpdateAutoScalingGroup {name} in {region}{line}");
    let wanted = Wanted {
        min,
        desired,
        max,
        subnets: subnets.map(|subnets| {
            subnets
                .split(',')
                .map(|subnet| subnet.trim().to_owned())
                .collect()
        }),
    };
    let answer = world.change_group(region, name, &wanted);
    asked(world, &line, answer)?;
    Ok(UpdateAutoScalingGroupOutput::builder().build())
}

/// Source: EC2 Auto Scaling API, SetDesiredCapacity: within the bounds that the group has.
fn set_desired(
    world: &mut World,
    region: &Region,
    input: &SetDesiredCapacityInput,
) -> Result<SetDesiredCapacityOutput, Refusal> {
    let name = input.auto_scaling_group_name().unwrap_or_default();
    let desired = count(input.desired_capacity())?;
    let shown = desired.unwrap_or_default();
    let line = format!("autoscaling:SetDesiredCapacity {name} in {region} DesiredCapacity={shown}");
    let answer = world.update_group(region, name, None, desired, None);
    asked(world, &line, answer)?;
    Ok(SetDesiredCapacityOutput::builder().build())
}

fn terminate(
    world: &mut World,
    region: &Region,
    input: &TerminateInstanceInAutoScalingGroupInput,
) -> Result<TerminateInstanceInAutoScalingGroupOutput, Refusal> {
    let id = input.instance_id().unwrap_or_default();
    let fewer = input.should_decrement_desired_capacity() == Some(true);
    let line = format!("autoscaling:TerminateInstanceInAutoScalingGroup {id} in {region}");
    let answer = world.terminate_instance(region, id, fewer);
    asked(world, &line, answer)?;
    let ends = format!("{id}-ends");
    let activity = web(world, region)
        .and_then(|web| Some((web, web.activities.iter().find(|activity| activity.id == ends)?)))
        .map(|(web, activity)| activity_of(world, &web.group, activity));
    Ok(TerminateInstanceInAutoScalingGroupOutput::builder()
        .set_activity(activity)
        .build())
}

fn asked(world: &mut World, line: &str, answer: Result<(), web::Refusal>) -> Result<(), Refusal> {
    let answer = answer.map_err(of_group);
    let said = answer.as_ref().map_or_else(Refusal::code, |()| "accepted");
    world.say(Actor::Call, format!("{line}: {said}"));
    answer
}

fn activities(
    world: &mut World,
    region: &Region,
    input: &DescribeScalingActivitiesInput,
) -> Result<DescribeScalingActivitiesOutput, Refusal> {
    let web = web(world, region).filter(|web| input.auto_scaling_group_name() == Some(web.group.as_str()));
    let most = input.max_records().and_then(|most| usize::try_from(most).ok());
    let all = web.map(|web| web.activities.as_slice()).unwrap_or_default();
    // Source: EC2 Auto Scaling API, DescribeScalingActivities: those that are under way come first.
    let (under_way, over): (Vec<_>, Vec<_>) = all.iter().partition(|activity| activity.ended.is_none());
    let all = under_way.into_iter().chain(over);
    let group = input.auto_scaling_group_name().unwrap_or_default();
    let shown = all
        .take(most.unwrap_or(usize::MAX))
        .map(|activity| activity_of(world, group, activity));
    Ok(DescribeScalingActivitiesOutput::builder()
        .set_activities(Some(shown.collect()))
        .build())
}

fn activity_of(world: &World, group: &str, activity: &web::Activity) -> Activity {
    let time = |at: Ms| DateTime::from_millis(world.timestamp(at).as_millisecond());
    let began = world.timestamp(activity.at).strftime("%Y-%m-%dT%H:%M:%SZ");
    Activity::builder()
        .activity_id(&activity.id)
        .auto_scaling_group_name(group)
        .description(&activity.description)
        .cause(format!("At {began} {}.", activity.cause))
        .start_time(time(activity.at))
        .set_end_time(activity.ended.map(time))
        .status_code(ScalingActivityStatusCode::from(activity.status))
        .set_status_message(activity.status_message.clone())
        .build()
}

fn web<'w>(world: &'w World, region: &Region) -> Option<&'w Web> {
    world.site(region)?.web.as_ref()
}

fn shown(web: &Web) -> AutoScalingGroup {
    let size = |size: u32| i32::try_from(size).unwrap_or(i32::MAX);
    let zones = &web.zones;
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
        .health_check_type(web.checks.word())
        .set_vpc_zone_identifier(zones.are_declared().then(|| zones.used.join(",")))
        .set_availability_zones(
            zones
                .are_declared()
                .then(|| zones.used().map(str::to_owned).collect()),
        )
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
        web::Refusal::InProgress(why) => Refusal::new("ScalingActivityInProgress", why),
    }
}
