//! Where events end that did not get through: one queue for what the router refused or died of, one for what never reached it.

use serde_json::json;

use super::arn::{attribute, reference};
use super::functions::{DEAD_LETTERS, Function};
use super::template::Template;

/// The logical ID of the queue that keeps what EventBridge could not deliver.
pub(super) const UNDELIVERED: &str = "Undelivered";

/// How long an event is tried, in seconds. A policy's `signal-max-age` is minutes, and what is looked at by schedule needs no old
/// event: what does not get through in a quarter of an hour is for a person.
pub(super) const TRIED_FOR: u32 = 900;

/// The longest that SQS keeps a message, in seconds (SQS API, CreateQueue).
const FOURTEEN_DAYS: u32 = 1_209_600;

/// Both queues, and what sends the router's failures to one of them.
pub(super) fn add(template: &mut Template) {
    for queue in [DEAD_LETTERS, UNDELIVERED] {
        template.add(
            queue,
            "AWS::SQS::Queue",
            json!({ "MessageRetentionPeriod": FOURTEEN_DAYS, "SqsManagedSseEnabled": true }),
        );
    }
    template.add(
        "RouterFailures",
        "AWS::Lambda::EventInvokeConfig",
        json!({
            "FunctionName": reference(Function::Router.logical()),
            "Qualifier": "$LATEST",
            "MaximumEventAgeInSeconds": TRIED_FOR,
            "MaximumRetryAttempts": 2,
            "DestinationConfig": { "OnFailure": { "Destination": attribute(DEAD_LETTERS, "Arn") } },
        }),
    );
}
