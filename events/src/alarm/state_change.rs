//! The change of state as EventBridge and the alarm's own action both carry it: `alarmName`, `state`, `previousState`,
//! `configuration` (CloudWatch User Guide, `cloudwatch-and-eventbridge` and `alarms-and-actions-Lambda`).

use super::{Alarm, AlarmKind, AlarmState, Mute, SuppressedBy, Suppression, metric};
use crate::error::Error;
use crate::json::Object;
use crate::time;

/// Reads the change of the alarm that has that ARN.
pub(super) fn read(change: &Object<'_>, arn: String) -> Result<Alarm, Error> {
    // The name is taken as said, not held against the ARN: in AWS's own example of a composite alarm the two differ.
    let name = change.string("alarmName", "the alarm's name")?.into_owned();
    let state = change.object("state", "the alarm's state")?;
    let previous = change.optional_object("previousState", "the alarm's previous state")?;
    let configuration = change.object("configuration", "the alarm's configuration")?;
    Ok(Alarm {
        name,
        arn,
        kind: kind(&configuration)?,
        metrics: metric::of_configuration(&configuration),
        state: AlarmState::at(&state, "value")?,
        previous: previous
            .map(|previous| AlarmState::at(&previous, "value"))
            .transpose()?,
        reason: state.string("reason", "the reason for the state")?.into_owned(),
        changed_at: time::at(&state, "timestamp")?,
        suppression: suppression(&state)?,
        mute: mute(change)?,
    })
}

/// CloudWatch knows metric alarms and composite alarms (`DescribeAlarms`, `AlarmTypes`), and a composite alarm is the one
/// that has a rule (`PutCompositeAlarm`, `AlarmRule` is required).
fn kind(configuration: &Object<'_>) -> Result<AlarmKind, Error> {
    let rule = configuration.optional_string("alarmRule", "the composite alarm's rule")?;
    Ok(rule.map_or(AlarmKind::Metric, |rule| AlarmKind::Composite {
        rule: rule.into_owned(),
    }))
}

fn suppression(state: &Object<'_>) -> Result<Option<Suppression>, Error> {
    const EXPECTED: &str = "one of WaitPeriod, ExtensionPeriod, Alarm";
    if state.optional_string("actionsSuppressedBy", EXPECTED)?.is_none() {
        return Ok(None);
    }
    let by = state.read("actionsSuppressedBy", EXPECTED, SuppressedBy::from_text)?;
    let reason = state.optional_string("actionsSuppressedReason", "the reason for the suppression")?;
    Ok(Some(Suppression {
        by,
        reason: reason.unwrap_or_default().into_owned(),
    }))
}

fn mute(change: &Object<'_>) -> Result<Option<Mute>, Error> {
    let Some(mute) = change.optional_object("muteDetail", "the mute rule that applies")? else {
        return Ok(None);
    };
    Ok(Some(Mute {
        by: mute.string("mutedByArn", "the mute rule's ARN")?.into_owned(),
        from: time::at(&mute, "muteWindowStart")?,
        until: time::at(&mute, "muteWindowEnd")?,
    }))
}
