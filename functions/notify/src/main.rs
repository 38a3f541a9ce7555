//! The `notify` Lambda's process.

use std::process::ExitCode;
use std::sync::Arc;

use domain::names::JOURNAL_TABLE;
use journal::DynamoJournal;
use notify::Steps;
use runtime::{Service, SystemClock};

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve(|setup| {
        let dynamodb = aws_sdk_dynamodb::Client::new(&setup.sdk_config_for(Service::DynamoDb));
        Ok(Steps {
            systems: setup.systems()?,
            region: setup.region().clone(),
            sfn: aws_sdk_sfn::Client::new(&setup.sdk_config_for(Service::Sfn)),
            sns: aws_sdk_sns::Client::new(&setup.sdk_config_for(Service::Sns)),
            journal: DynamoJournal::new(dynamodb, JOURNAL_TABLE),
            clock: Arc::new(SystemClock),
        })
    })
}
