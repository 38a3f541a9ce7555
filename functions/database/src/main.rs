//! The `database` Lambda's process.

use std::process::ExitCode;
use std::sync::Arc;

use database::Steps;
use database::write_check::WriteCheck;
use domain::names::JOURNAL_TABLE;
use journal::DynamoJournal;
use runtime::{Service, SystemClock};

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve(|setup| {
        let dynamodb = aws_sdk_dynamodb::Client::new(&setup.sdk_config_for(Service::DynamoDb));
        Ok(Steps {
            systems: setup.systems()?,
            rds: aws_sdk_rds::Client::new(&setup.sdk_config_for(Service::Rds)),
            journal: DynamoJournal::new(dynamodb, JOURNAL_TABLE),
            write_check: WriteCheck {
                connector: setup.application_connector()?,
            },
            clock: Arc::new(SystemClock),
        })
    })
}
