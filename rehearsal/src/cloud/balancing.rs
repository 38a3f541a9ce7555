//! Elastic Load Balancing.

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::operation::describe_listeners::{
    DescribeListenersInput, DescribeListenersOutput,
};
use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::{
    DescribeTargetHealthInput, DescribeTargetHealthOutput,
};
use aws_sdk_elasticloadbalancingv2::operation::modify_listener::{ModifyListenerInput, ModifyListenerOutput};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig, Listener, TargetDescription,
    TargetGroupTuple, TargetHealth, TargetHealthDescription, TargetHealthReasonEnum, TargetHealthStateEnum,
};
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::timeline::Actor;
use crate::world::World;
use crate::world::web::{self, Web};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::describe_listeners).then_compute_response(desk.control(route, describe)),
        mock!(Client::modify_listener).then_compute_response(desk.control(route, modify)),
        mock!(Client::describe_target_health).then_compute_response(desk.control(route, health)),
    ]
}

fn describe(
    world: &mut World,
    region: &Region,
    input: &DescribeListenersInput,
) -> Result<DescribeListenersOutput, Refusal> {
    if input.listener_arns().is_empty() {
        return Err(Refusal::new(
            "ValidationError",
            "listing by load balancer is not modelled",
        ));
    }
    let listeners: Result<Vec<Listener>, Refusal> = input
        .listener_arns()
        .iter()
        .map(|arn| listener(world, region, arn).map(shown))
        .collect();
    Ok(DescribeListenersOutput::builder()
        .set_listeners(Some(listeners?))
        .build())
}

fn modify(
    world: &mut World,
    region: &Region,
    input: &ModifyListenerInput,
) -> Result<ModifyListenerOutput, Refusal> {
    let arn = input.listener_arn().unwrap_or_default();
    let web = listener(world, region, arn)?;
    let (action, line) = wanted(web, input.default_actions())?;
    let line = format!("elasticloadbalancing:ModifyListener in {region}: {line}");
    world.set_listener(region, arn, action).map_err(of_listener)?;
    world.say(Actor::Call, format!("{line}: accepted"));
    Ok(ModifyListenerOutput::builder()
        .listeners(shown(listener(world, region, arn)?))
        .build())
}

fn health(
    world: &mut World,
    region: &Region,
    input: &DescribeTargetHealthInput,
) -> Result<DescribeTargetHealthOutput, Refusal> {
    let web = world
        .site(region)
        .and_then(|site| site.web.as_ref())
        .filter(|web| input.target_group_arn() == Some(web.target_group.as_str()))
        .ok_or_else(|| Refusal::new("TargetGroupNotFound", "One or more target groups not found"))?;
    let described = web
        .instances
        .iter()
        .filter(|instance| instance.target != web::Target::Unused)
        .map(|instance| {
            let state = web.target_of(instance);
            let health = TargetHealth::builder()
                .state(TargetHealthStateEnum::from(state.word()))
                .set_reason(reason(state).filter(|_| web.zones.are_declared()))
                .build();
            // With `AvailabilityZone`, because the target group's load balancer knows it. Source: ELBv2 API,
            // TargetDescription.
            let zone = web.zones.are_declared().then(|| instance.zone.clone());
            let target = TargetDescription::builder()
                .id(&instance.id)
                .port(8080)
                .set_availability_zone(zone)
                .build();
            TargetHealthDescription::builder()
                .target(target)
                .target_health(health)
                .build()
        });
    Ok(DescribeTargetHealthOutput::builder()
        .set_target_health_descriptions(Some(described.collect()))
        .build())
}

/// Source: ELBv2 API, TargetHealth, `Reason`.
fn reason(state: web::Target) -> Option<TargetHealthReasonEnum> {
    match state {
        web::Target::Healthy => None,
        web::Target::Unused => Some(TargetHealthReasonEnum::NotRegistered),
        web::Target::Initial => Some(TargetHealthReasonEnum::InitialHealthChecking),
        web::Target::Unhealthy => Some(TargetHealthReasonEnum::Timeout),
        web::Target::Draining => Some(TargetHealthReasonEnum::DeregistrationInProgress),
    }
}

fn listener<'w>(world: &'w World, region: &Region, arn: &str) -> Result<&'w Web, Refusal> {
    world
        .site(region)
        .and_then(|site| site.web.as_ref())
        .filter(|web| web.listener == arn)
        .ok_or_else(|| Refusal::new("ListenerNotFound", "One or more listeners not found"))
}

/// What a listener is to do, and a line for the timeline.
fn wanted(web: &Web, actions: &[Action]) -> Result<(web::Action, String), Refusal> {
    let invalid = |why: &str| Refusal::new("InvalidLoadBalancerAction", why);
    let [action] = actions else {
        return Err(invalid("one default action is modelled, not a chain of them"));
    };
    match action.r#type() {
        Some(ActionTypeEnum::Forward) => {
            let weighted = action.forward_config().map(ForwardActionConfig::target_groups);
            let targets = action.target_group_arn().into_iter().chain(
                weighted
                    .unwrap_or_default()
                    .iter()
                    .filter_map(TargetGroupTuple::target_group_arn),
            );
            if targets
                .collect::<Vec<_>>()
                .iter()
                .all(|arn| *arn == web.target_group)
            {
                Ok((web::Action::Forward, "forward to its target group".to_owned()))
            } else {
                Err(Refusal::new(
                    "TargetGroupNotFound",
                    "One or more target groups not found",
                ))
            }
        }
        Some(ActionTypeEnum::FixedResponse) => {
            let fixed = action
                .fixed_response_config()
                .ok_or_else(|| invalid("a fixed response without its configuration"))?;
            let status = fixed.status_code().and_then(|status| status.parse().ok());
            let status = status.ok_or_else(|| invalid("a fixed response without a status"))?;
            let body = fixed.message_body().unwrap_or_default().to_owned();
            let line = format!("answer everybody with {status}");
            Ok((web::Action::FixedResponse { status, body }, line))
        }
        _ => Err(invalid("only forward and fixed-response are modelled")),
    }
}

fn shown(web: &Web) -> Listener {
    let action = match &web.action {
        web::Action::Forward => Action::builder()
            .r#type(ActionTypeEnum::Forward)
            .target_group_arn(&web.target_group)
            .order(1),
        web::Action::FixedResponse { status, body } => {
            let fixed = FixedResponseActionConfig::builder()
                .status_code(status.to_string())
                .content_type("text/plain")
                .message_body(body)
                .build();
            Action::builder()
                .r#type(ActionTypeEnum::FixedResponse)
                .fixed_response_config(fixed)
                .order(1)
        }
    };
    Listener::builder()
        .listener_arn(&web.listener)
        .default_actions(action.build())
        .build()
}

fn of_listener(refusal: web::Refusal) -> Refusal {
    match refusal {
        web::Refusal::Validation(why) | web::Refusal::InProgress(why) => Refusal::new("ValidationError", why),
        web::Refusal::ListenerNotFound(why) => Refusal::new("ListenerNotFound", why),
    }
}
