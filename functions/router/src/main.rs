//! The `router` Lambda's process. It takes the event's bytes as they are: what is no event at all has to reach its own
//! parser, which says what is wrong with it.

use std::process::ExitCode;
use std::sync::Arc;

use domain::names::JOURNAL_TABLE;
use domain::step::{Failure, output};
use journal::DynamoJournal;
use router::{Look, Router};
use runtime::{Service, SystemClock, metrics};

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve_raw("router", |setup| {
        let dynamodb = aws_sdk_dynamodb::Client::new(&setup.sdk_config_for(Service::DynamoDb));
        let of = |service| {
            let setup = setup.clone();
            move |region: &domain::names::Region| setup.sdk_config_in(service, region)
        };
        let (autoscaling, elbv2, codedeploy) = (
            of(Service::AutoScaling),
            of(Service::Elbv2),
            of(Service::CodeDeploy),
        );
        let look = Look {
            autoscaling_in: Arc::new(move |region| aws_sdk_autoscaling::Client::new(&autoscaling(region))),
            elbv2_in: Arc::new(move |region| aws_sdk_elasticloadbalancingv2::Client::new(&elbv2(region))),
            codedeploy_in: Arc::new(move |region| aws_sdk_codedeploy::Client::new(&codedeploy(region))),
        };
        let router = Arc::new(Router {
            look,
            systems: setup.systems()?,
            region: setup.region().clone(),
            journal: DynamoJournal::new(dynamodb, JOURNAL_TABLE),
            sfn: aws_sdk_sfn::Client::new(&setup.sdk_config_for(Service::Sfn)),
            sns: aws_sdk_sns::Client::new(&setup.sdk_config_for(Service::Sns)),
            clock: Arc::new(SystemClock),
        });
        Ok(move |payload: Vec<u8>| {
            let router = Arc::clone(&router);
            async move {
                let routed = router.route(&payload).await?;
                if router::heartbeat::is_beat(&payload) {
                    // A log that is gone is what the missing heartbeat says.
                    let _ = metrics::count(metrics::LOOKS, router.clock.now());
                }
                output(&routed).map_err(|error| Failure::from(&error))
            }
        })
    })
}
