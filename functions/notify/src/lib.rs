//! The `notify` Lambda: people are told, once.
//!
//! Before a message is sent, the journal is asked whether it was; after it was sent, the journal is told. A crash
//! between the two sends it twice, and never not at all. Each message carries its key as an attribute, so that a
//! pager that de-duplicates shows it once.

mod ask;
pub mod message;

use std::sync::Arc;

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use domain::clock::Clock;
use domain::journal::Journal;
use domain::names::Region;
use domain::step::{self, Error, Step};
use domain::steps::notify::{Input, Told};
use domain::system::{System, Systems};
use runtime::aws::classify;
use serde_json::Value;

use self::message::Message;

/// The function's steps, with everything they need handed in.
pub struct Steps<J> {
    /// The systems of this deployment.
    pub systems: Systems,
    /// The Region that it runs in, and whose topics it uses.
    pub region: Region,
    /// Step Functions in that Region, for an answer that is there before its question is asked again.
    pub sfn: aws_sdk_sfn::Client,
    /// SNS in that Region.
    pub sns: Client,
    /// Where it is noted what was told.
    pub journal: J,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl<J: Journal> Step for Steps<J> {
    const NAME: &str = "notify";

    type Input = Input;

    async fn ensure(&self, input: Input) -> step::Result<Value> {
        match input {
            Input::PeopleTold { run, record } => {
                let system = self.systems.of_run(&run)?;
                let message = Message::about_run(system, &self.region, &run, &record, self.clock.now());
                step::output(&tell(&self.sns, &self.journal, system, &message, self.clock.as_ref()).await?)
            }
            Input::ApprovalAsked {
                run,
                token,
                record,
                timeout_seconds,
            } => {
                let system = self.systems.of_run(&run)?;
                let asked = self.ask(system, &run, token, &record, timeout_seconds).await?;
                step::output(&asked)
            }
        }
    }
}

/// Ensures that a message was sent.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`, of SNS or of the journal.
pub async fn tell<J: Journal>(
    sns: &Client,
    journal: &J,
    system: &System,
    message: &Message,
    clock: &dyn Clock,
) -> step::Result<Told> {
    let key = message.key.clone();
    if journal.was_told(&system.name, &key).await? {
        return Ok(Told {
            key,
            message_id: None,
        });
    }
    let attribute = |value: &str| {
        MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
    };
    let required = |error: aws_sdk_sns::error::BuildError| Error::InvalidInput {
        what: error.to_string(),
    };
    let sent = sns
        .publish()
        .topic_arn(message.topic.as_str())
        .subject(&message.subject)
        .message(&message.text)
        .message_attributes("evenkeel.key", attribute(&key).map_err(required)?)
        .message_attributes(
            "evenkeel.system",
            attribute(system.name.as_str()).map_err(required)?,
        )
        .send()
        .await
        .map_err(|error| classify("sns:Publish", error))?;
    journal.note_told(&system.name, &key, clock.now()).await?;
    Ok(Told {
        key,
        message_id: sent.message_id().map(str::to_owned),
    })
}
