//! The `journal` Lambda's process.

use std::process::ExitCode;
use std::sync::Arc;

use domain::names::JOURNAL_TABLE;
use journal::{DynamoJournal, Steps};
use runtime::{Service, SystemClock};

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve(|setup| {
        let journal = |config| DynamoJournal::new(aws_sdk_dynamodb::Client::new(&config), JOURNAL_TABLE);
        let elsewhere = setup.clone();
        Ok(Steps {
            systems: setup.systems()?,
            region: setup.region().clone(),
            journal: journal(setup.sdk_config_for(Service::DynamoDb)),
            journal_in: Arc::new(move |region| journal(elsewhere.sdk_config_in(Service::DynamoDb, region))),
            clock: Arc::new(SystemClock),
        })
    })
}
