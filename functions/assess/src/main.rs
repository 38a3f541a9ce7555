//! The `assess` Lambda's process.

use std::process::ExitCode;
use std::sync::Arc;

use assess::Steps;
use database::write_check::WriteCheck;
use domain::names::JOURNAL_TABLE;
use journal::DynamoJournal;
use runtime::{Service, SystemClock};

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve(|setup| {
        let journal = |config| DynamoJournal::new(aws_sdk_dynamodb::Client::new(&config), JOURNAL_TABLE);
        let elsewhere = setup.clone();
        let elbv2 = setup.sdk_config_for(Service::Elbv2);
        let (rds, cloudwatch, autoscaling) = (setup.clone(), setup.clone(), setup.clone());
        Ok(Steps {
            systems: setup.systems()?,
            region: setup.region().clone(),
            rds: aws_sdk_rds::Client::new(&setup.sdk_config_for(Service::Rds)),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&setup.sdk_config_for(Service::CloudWatch)),
            elbv2: aws_sdk_elasticloadbalancingv2::Client::new(&elbv2),
            servicequotas: aws_sdk_servicequotas::Client::new(&setup.sdk_config_for(Service::ServiceQuotas)),
            rds_in: Arc::new(move |region| {
                aws_sdk_rds::Client::new(&rds.sdk_config_in(Service::Rds, region))
            }),
            cloudwatch_in: Arc::new(move |region| {
                aws_sdk_cloudwatch::Client::new(&cloudwatch.sdk_config_in(Service::CloudWatch, region))
            }),
            autoscaling_in: Arc::new(move |region| {
                aws_sdk_autoscaling::Client::new(&autoscaling.sdk_config_in(Service::AutoScaling, region))
            }),
            journal: journal(setup.sdk_config_for(Service::DynamoDb)),
            journal_in: Arc::new(move |region| journal(elsewhere.sdk_config_in(Service::DynamoDb, region))),
            write_check: WriteCheck {
                connector: setup.application_connector()?,
            },
            clock: Arc::new(SystemClock),
        })
    })
}
