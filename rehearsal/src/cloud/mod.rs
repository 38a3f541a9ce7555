//! AWS's API in front of the world. The SDK clients are real; each operation that a function calls is a typed rule
//! here, and an operation without a rule is an error that names it.

#![expect(
    clippy::result_large_err,
    reason = "the rules give the SDK's own error types, which are as large as they are"
)]

pub mod application;
mod cloudwatch;
pub mod desk;
mod dynamodb;
mod rds;
mod refusal;
mod sns;
mod states;
mod wire;

pub use desk::Desk;

use std::sync::{Arc, Mutex};

use crate::dynamodb::Tables;
use crate::facts;
use wire::client;

/// Clients of every service that the functions call.
#[derive(Clone, Debug)]
pub struct Clients {
    /// RDS.
    pub rds: aws_sdk_rds::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// Step Functions.
    pub sfn: aws_sdk_sfn::Client,
}

impl Clients {
    /// Clients that talk to the world behind a desk, and to these tables.
    pub fn new(desk: &Desk, tables: &Arc<Mutex<Tables>>) -> Self {
        Self {
            rds: client!(aws_sdk_rds, desk, facts::RDS_API, rds::rules(desk)),
            cloudwatch: client!(
                aws_sdk_cloudwatch,
                desk,
                facts::CLOUDWATCH_API,
                cloudwatch::rules(desk)
            ),
            dynamodb: client!(
                aws_sdk_dynamodb,
                desk,
                facts::DYNAMODB_API,
                dynamodb::rules(desk, tables)
            ),
            sns: client!(aws_sdk_sns, desk, facts::SNS_API, sns::rules(desk)),
            sfn: client!(aws_sdk_sfn, desk, facts::STATES_API, states::rules(desk)),
        }
    }
}
