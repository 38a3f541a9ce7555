//! The `capacity` Lambda's process.

use std::process::ExitCode;
use std::sync::Arc;

use capacity::Steps;
use domain::names::JOURNAL_TABLE;
use journal::DynamoJournal;
use runtime::{Service, SystemClock};

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve(|setup| {
        let dynamodb = aws_sdk_dynamodb::Client::new(&setup.sdk_config_for(Service::DynamoDb));
        let (autoscaling, elbv2) = (setup.clone(), setup.clone());
        Ok(Steps {
            systems: setup.systems()?,
            region: setup.region().clone(),
            autoscaling_in: Arc::new(move |region| {
                aws_sdk_autoscaling::Client::new(&autoscaling.sdk_config_in(Service::AutoScaling, region))
            }),
            elbv2_in: Arc::new(move |region| {
                aws_sdk_elasticloadbalancingv2::Client::new(&elbv2.sdk_config_in(Service::Elbv2, region))
            }),
            zonal_shift: aws_sdk_arczonalshift::Client::new(&setup.sdk_config_for(Service::ArcZonalShift)),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&setup.sdk_config_for(Service::CloudWatch)),
            journal: DynamoJournal::new(dynamodb, JOURNAL_TABLE),
            clock: Arc::new(SystemClock),
        })
    })
}
