//! `CloudWatch Alarm State Change`, as EventBridge delivers it (CloudWatch User Guide, `cloudwatch-and-eventbridge`).

use super::{AN_ALARM_ARN, alarm_arn, state_change};
use crate::error::Error;
use crate::event_bridge::Envelope;
use crate::json::{Object, describe};
use crate::signal::Signal;

/// Reads the alarm in an event. Its ARN stands in the envelope: the one resource that the event is about.
pub(crate) fn read(event: &Object<'_>, envelope: Envelope) -> Result<Signal, Error> {
    let detail = event.object("detail", "the alarm's change of state")?;
    let alarm = state_change::read(&detail, arn(event)?)?;
    Ok(alarm.into_signal(envelope.account, envelope.region, envelope.time, envelope.via))
}

fn arn(event: &Object<'_>) -> Result<String, Error> {
    let mut resources = event
        .strings("resources", "an array with the alarm's ARN")?
        .into_iter();
    let path = || format!("{}[0]", event.path_of("resources"));
    let Some(arn) = resources.next() else {
        return Err(Error::Missing {
            path: path(),
            expected: AN_ALARM_ARN,
        });
    };
    match alarm_arn(&arn) {
        Some(_) => Ok(arn),
        None => Err(Error::Mismatch {
            path: path(),
            expected: AN_ALARM_ARN,
            found: describe(&serde_json::Value::String(arn).to_string()),
        }),
    }
}
