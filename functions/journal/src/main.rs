//! The `journal` Lambda's process.

use std::process::ExitCode;
use std::sync::Arc;

use domain::names::JOURNAL_TABLE;
use journal::{DynamoJournal, Steps};
use runtime::{Service, SystemClock};

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve(|setup| {
        let dynamodb = aws_sdk_dynamodb::Client::new(&setup.sdk_config_for(Service::DynamoDb));
        Ok(Steps::new(
            DynamoJournal::new(dynamodb, JOURNAL_TABLE),
            Arc::new(SystemClock),
        ))
    })
}
