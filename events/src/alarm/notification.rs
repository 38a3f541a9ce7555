//! CloudWatch's notification, as the message that SNS carries.
//!
//! Its keys are its own, and its `Region` is a name for people (`US East (N. Virginia)`), so that the Region's code is
//! taken from the ARN. It does not say whether actions are suppressed or muted: while they are, it is not sent.

use super::{AN_ALARM_ARN, Alarm, AlarmKind, AlarmState, alarm_arn, metric};
use crate::error::Error;
use crate::json::Object;
use crate::signal::{Signal, Via};
use crate::{event_bridge, time};

/// Reads the alarm in a notification.
pub(crate) fn read(message: &Object<'_>) -> Result<Signal, Error> {
    let (arn, region) = message.read("AlarmArn", AN_ALARM_ARN, |text| {
        alarm_arn(text).map(|arn| (text.to_owned(), arn.region.to_owned()))
    })?;
    let changed_at = time::at(message, "StateChangeTime")?;
    let (kind, metrics) = watched(message)?;
    let alarm = Alarm {
        name: message.string("AlarmName", "the alarm's name")?.into_owned(),
        arn,
        kind,
        metrics,
        state: AlarmState::at(message, "NewStateValue")?,
        previous: match message.optional_string("OldStateValue", "the alarm's previous state")? {
            Some(_) => Some(AlarmState::at(message, "OldStateValue")?),
            None => None,
        },
        reason: message
            .string("NewStateReason", "the reason for the state")?
            .into_owned(),
        changed_at,
        suppression: None,
        mute: None,
    };
    Ok(alarm.into_signal(
        event_bridge::account(message, "AWSAccountId")?,
        region,
        changed_at,
        Via::Sns,
    ))
}

/// A composite alarm says its rule, a metric alarm says what triggers it.
fn watched(message: &Object<'_>) -> Result<(AlarmKind, Vec<metric::Metric>), Error> {
    if let Some(rule) = message.optional_string("AlarmRule", "the composite alarm's rule")? {
        let rule = rule.into_owned();
        return Ok((AlarmKind::Composite { rule }, vec![]));
    }
    message.object(
        "Trigger",
        "what triggers a metric alarm, or `AlarmRule` beside it for a composite alarm",
    )?;
    Ok((AlarmKind::Metric, metric::of_trigger(message)))
}
