//! SNS: what people hear.

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::publish::{PublishError, PublishInput, PublishOutput};
use aws_smithy_mocks::{Rule, mock};

use super::Desk;
use super::refusal::meta;
use crate::timeline::Actor;
use crate::world::{Heard, World};

pub(super) fn rules(desk: &Desk) -> Vec<Rule> {
    vec![mock!(Client::publish).then_compute_response(desk.answer(publish))]
}

fn publish(world: &mut World, input: &PublishInput) -> Result<PublishOutput, PublishError> {
    let people = &world.system.people;
    let topic = [&people.page, &people.report]
        .into_iter()
        .find(|topic| Some(topic.as_str()) == input.topic_arn());
    let Some(topic) = topic.cloned() else {
        return Err(PublishError::generic(meta("NotFound", "Topic does not exist")));
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
    };
    world.say(Actor::People, heard.subject.clone());
    world.heard.push(heard);
    Ok(PublishOutput::builder()
        .message_id(format!("message-{}", world.heard.len()))
        .build())
}
