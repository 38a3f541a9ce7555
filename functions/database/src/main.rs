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
        let (rds, cloudwatch) = (setup.clone(), setup.clone());
        Ok(Steps {
            systems: setup.systems()?,
            region: setup.region().clone(),
            rds: aws_sdk_rds::Client::new(&setup.sdk_config_for(Service::Rds)),
            rds_in: Arc::new(move |region| {
                aws_sdk_rds::Client::new(&rds.sdk_config_in(Service::Rds, region))
            }),
            cloudwatch_in: Arc::new(move |region| {
                aws_sdk_cloudwatch::Client::new(&cloudwatch.sdk_config_in(Service::CloudWatch, region))
            }),
            journal: DynamoJournal::new(dynamodb.clone(), JOURNAL_TABLE),
            dynamodb,
            write_check: WriteCheck {
                connector: setup.application_connector()?,
            },
            clock: Arc::new(SystemClock),
        })
    })
}
