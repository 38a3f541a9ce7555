//! The endpoints of a routing-control cluster: five, in five Regions, each of which answers for the whole cluster.

use aws_sdk_route53recoverycluster::Client;
use aws_sdk_route53recoverycluster::operation::get_routing_control_state::{
    GetRoutingControlStateInput, GetRoutingControlStateOutput,
};
use aws_sdk_route53recoverycluster::operation::update_routing_control_state::{
    UpdateRoutingControlStateInput, UpdateRoutingControlStateOutput,
};
use aws_sdk_route53recoverycluster::operation::update_routing_control_states::{
    UpdateRoutingControlStatesInput, UpdateRoutingControlStatesOutput,
};
use aws_sdk_route53recoverycluster::types::RoutingControlState;
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::timeline::Actor;
use crate::world::World;
use crate::world::dns::control;

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::get_routing_control_state).then_compute_response(desk.data(route, get)),
        mock!(Client::update_routing_control_state).then_compute_response(desk.data(route, update_one)),
        mock!(Client::update_routing_control_states).then_compute_response(desk.data(route, update)),
    ]
}

fn get(
    world: &mut World,
    region: &Region,
    input: &GetRoutingControlStateInput,
) -> Result<GetRoutingControlStateOutput, Refusal> {
    answers(world, region)?;
    let arn = input.routing_control_arn().unwrap_or_default();
    let controls = world.dns.as_ref().and_then(|dns| dns.controls.as_ref());
    let on = controls
        .and_then(|controls| controls.is_on(arn))
        .ok_or_else(|| Refusal::not_found("ResourceNotFoundException", format!("{arn} not found")))?;
    GetRoutingControlStateOutput::builder()
        .routing_control_arn(arn)
        .routing_control_state(state(on))
        .build()
        .map_err(|error| Refusal::new("InternalServerException", error.to_string()))
}

fn update_one(
    world: &mut World,
    region: &Region,
    input: &UpdateRoutingControlStateInput,
) -> Result<UpdateRoutingControlStateOutput, Refusal> {
    overrides(input.safety_rules_to_override())?;
    let arn = input.routing_control_arn().unwrap_or_default().to_owned();
    let on = input.routing_control_state() == Some(&RoutingControlState::On);
    turn(world, region, &[(arn, on)])?;
    Ok(UpdateRoutingControlStateOutput::builder().build())
}

fn update(
    world: &mut World,
    region: &Region,
    input: &UpdateRoutingControlStatesInput,
) -> Result<UpdateRoutingControlStatesOutput, Refusal> {
    overrides(input.safety_rules_to_override())?;
    let entries = input.update_routing_control_state_entries().iter();
    let wanted: Vec<(String, bool)> = entries
        .map(|entry| {
            let on = entry.routing_control_state() == &RoutingControlState::On;
            (entry.routing_control_arn().to_owned(), on)
        })
        .collect();
    turn(world, region, &wanted)?;
    Ok(UpdateRoutingControlStatesOutput::builder().build())
}

fn turn(world: &mut World, region: &Region, wanted: &[(String, bool)]) -> Result<(), Refusal> {
    answers(world, region)?;
    let named: Vec<String> = wanted
        .iter()
        .map(|(arn, on)| {
            format!(
                "{}={}",
                arn.rsplit('/').next().unwrap_or(arn),
                state(*on).as_str()
            )
        })
        .collect();
    let line = format!(
        "route53-recovery-cluster:UpdateRoutingControlStates at {region} {}",
        named.join(" ")
    );
    let answer = world.update_controls(wanted).map_err(|refusal| match refusal {
        control::Refusal::NotFound(why) => Refusal::not_found("ResourceNotFoundException", why),
        control::Refusal::SafetyRule(why) => Refusal::new("ConflictException", why),
    });
    let said = answer.as_ref().map_or_else(Refusal::code, |()| "accepted");
    world.say(Actor::Call, format!("{line}: {said}"));
    answer
}

/// An endpoint may be out of order on its own. Source: Routing Control API for ARC,
/// EndpointTemporarilyUnavailableException.
fn answers(world: &World, region: &Region) -> Result<(), Refusal> {
    let controls = world.dns.as_ref().and_then(|dns| dns.controls.as_ref());
    let endpoint = controls.and_then(|all| all.endpoints.iter().find(|endpoint| endpoint.region == *region));
    match endpoint {
        Some(endpoint) if endpoint.up => Ok(()),
        Some(_) | None => Err(Refusal::new(
            "EndpointTemporarilyUnavailableException",
            "the cluster endpoint is unavailable: try another one",
        )),
    }
}

fn overrides(rules: &[String]) -> Result<(), Refusal> {
    if rules.is_empty() {
        Ok(())
    } else {
        Err(Refusal::new(
            "ValidationException",
            "overriding safety rules is not modelled",
        ))
    }
}

fn state(on: bool) -> RoutingControlState {
    if on {
        RoutingControlState::On
    } else {
        RoutingControlState::Off
    }
}
