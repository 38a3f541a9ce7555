//! The `traffic` Lambda's process.

use std::process::ExitCode;
use std::sync::Arc;

use database::write_check::WriteCheck;
use domain::names::{JOURNAL_TABLE, Region};
use domain::system::region_failover::ClusterEndpoint;
use journal::DynamoJournal;
use runtime::{Service, Setup, SystemClock};
use traffic::Steps;
use traffic::udp::Udp;

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve(|setup| {
        let dynamodb = aws_sdk_dynamodb::Client::new(&setup.sdk_config_for(Service::DynamoDb));
        let (elbv2, s3, routing_control) = (setup.clone(), setup.clone(), setup.clone());
        Ok(Steps {
            systems: setup.systems()?,
            region: setup.region().clone(),
            elbv2_in: Arc::new(move |region: &Region| {
                aws_sdk_elasticloadbalancingv2::Client::new(&elbv2.sdk_config_in(Service::Elbv2, region))
            }),
            s3_in: Arc::new(move |region: &Region| {
                aws_sdk_s3::Client::new(&s3.sdk_config_in(Service::S3, region))
            }),
            // Global: the SDK signs for us-east-1 whatever the Region.
            route53: aws_sdk_route53::Client::new(&setup.sdk_config_for(Service::Route53)),
            routing_control_at: Arc::new(move |endpoint: &ClusterEndpoint| {
                at_endpoint(&routing_control, endpoint)
            }),
            zonal_shift: aws_sdk_arczonalshift::Client::new(&setup.sdk_config_for(Service::ArcZonalShift)),
            journal: DynamoJournal::new(dynamodb, JOURNAL_TABLE),
            write_check: WriteCheck {
                connector: setup.application_connector()?,
            },
            dns: Arc::new(Udp::default()),
            clock: Arc::new(SystemClock),
        })
    })
}

/// A routing-control cluster's endpoint has a URL of its own, unless another one stands in for all.
#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn at_endpoint(setup: &Setup, endpoint: &ClusterEndpoint) -> aws_sdk_route53recoverycluster::Client {
    let config = setup.sdk_config_in(Service::RoutingControl, &endpoint.region);
    let mut builder = aws_sdk_route53recoverycluster::config::Builder::from(&config);
    if config.endpoint_url().is_none() {
        builder = builder.endpoint_url(endpoint.url.as_str());
    }
    aws_sdk_route53recoverycluster::Client::from_conf(builder.build())
}
