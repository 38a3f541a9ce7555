//! SNS: what people hear.

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::publish::{PublishInput, PublishOutput};
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::timeline::Actor;
use crate::world::{Heard, World};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![mock!(Client::publish).then_compute_response(desk.data(route, publish))]
}

fn publish(world: &mut World, region: &Region, input: &PublishInput) -> Result<PublishOutput, Refusal> {
    let sites = world
        .system
        .region_failover
        .iter()
        .flat_map(|shared| &shared.sites);
    let everybody = std::iter::once(&world.system.people).chain(sites.map(|site| &site.people));
    let topic = everybody
        .flat_map(|people| [&people.page, &people.report])
        .find(|topic| Some(topic.as_str()) == input.topic_arn() && topic.region() == region.as_str());
    let Some(topic) = topic.cloned() else {
        return Err(Refusal::not_found("NotFound", "Topic does not exist"));
    };
    let key = input
        .message_attributes()
        .and_then(|all| all.get("evenkeel.key")?.string_value());
    let heard = Heard {
        at: world.now,
        topic,
        key: key.unwrap_or_default().to_owned(),
        subject: input.subject().unwrap_or_default().to_owned(),
        text: input.message().unwrap_or_default().to_owned(),
        standing: world.standing(),
    };
    world.say(Actor::People, heard.subject.clone());
    world.heard.push(heard);
    Ok(PublishOutput::builder()
        .message_id(format!("message-{}", world.heard.len()))
        .build())
}
