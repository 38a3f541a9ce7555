//! A notification as SNS delivers it to Lambda: a record around a message, which is a string that holds JSON (Lambda
//! Developer Guide, `with-sns`).
//!
//! The format has a list of records, and SNS puts exactly one into it. More than one is an error, not a loop: one
//! invocation answers for one signal, and a signal that failed must not take another one along into the retry.

use crate::error::Error;
use crate::json::Object;
use crate::signal::{Signal, Via};
use crate::{alarm, cache, event_bridge};

/// Reads what the one record of a notification carries.
pub(crate) fn read(event: &Object<'_>) -> Result<Signal, Error> {
    let records = event.array("Records", "an array with one SNS record")?;
    let [record] = records[..] else {
        return Err(Error::Records { count: records.len() });
    };
    let record = event.element("Records", 0, record)?;
    // Other services send `Records` as well: S3, SQS, DynamoDB, Kinesis, with `eventSource` spelt in their own way.
    if record.optional_string("EventSource", "aws:sns")?.as_deref() != Some("aws:sns") {
        return Err(record.unrecognised());
    }
    let notification = record.object("Sns", "the SNS notification")?;
    let message = notification.string("Message", "a message that holds JSON")?;
    let message = Object::from_text(&message, format!("{} → $", notification.path_of("Message")))?;
    if message.has("detail-type") {
        event_bridge::read(&message, Via::Sns)
    } else if message.has("AlarmName") {
        alarm::notification::read(&message)
    } else if cache::is_one(&message) {
        cache::read(&message, &notification)
    } else {
        Err(message.unrecognised())
    }
}
