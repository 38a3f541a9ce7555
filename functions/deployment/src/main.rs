//! The `deployment` Lambda's process.

use std::process::ExitCode;
use std::sync::Arc;

use deployment::Steps;
use domain::names::JOURNAL_TABLE;
use journal::DynamoJournal;
use runtime::{Service, SystemClock};

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve(|setup| {
        let dynamodb = aws_sdk_dynamodb::Client::new(&setup.sdk_config_for(Service::DynamoDb));
        Ok(Steps {
            systems: setup.systems()?,
            region: setup.region().clone(),
            codedeploy: aws_sdk_codedeploy::Client::new(&setup.sdk_config_for(Service::CodeDeploy)),
            journal: DynamoJournal::new(dynamodb, JOURNAL_TABLE),
            clock: Arc::new(SystemClock),
        })
    })
}
