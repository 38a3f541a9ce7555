//! The `assess` Lambda's process.

use std::process::ExitCode;
use std::sync::Arc;

use assess::Steps;
use database::write_check::WriteCheck;
use runtime::{Service, SystemClock};

#[expect(clippy::disallowed_methods, reason = "main builds the clients")]
fn main() -> ExitCode {
    runtime::serve(|setup| {
        Ok(Steps {
            systems: setup.systems()?,
            rds: aws_sdk_rds::Client::new(&setup.sdk_config_for(Service::Rds)),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&setup.sdk_config_for(Service::CloudWatch)),
            write_check: WriteCheck {
                connector: setup.application_connector()?,
            },
            clock: Arc::new(SystemClock),
        })
    })
}
