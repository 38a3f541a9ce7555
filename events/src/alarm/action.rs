//! An alarm that invokes the function as its own action (CloudWatch User Guide, `alarms-and-actions-Lambda`).
//!
//! `source` is `aws.cloudwatch` here as well, but there is no `detail-type`, and the detail is called `alarmData`.

use super::{AN_ALARM_ARN, alarm_arn, state_change};
use crate::error::Error;
use crate::event_bridge::{account, region};
use crate::json::Object;
use crate::signal::{Signal, Via};
use crate::time;

/// Reads the alarm that invoked us.
pub(crate) fn read(event: &Object<'_>) -> Result<Signal, Error> {
    let arn = event.read("alarmArn", AN_ALARM_ARN, |text| {
        alarm_arn(text).map(|_| text.to_owned())
    })?;
    let alarm = state_change::read(&event.object("alarmData", "the alarm's change of state")?, arn)?;
    let (account, region) = (account(event, "accountId")?, region(event)?);
    Ok(alarm.into_signal(account, region, time::at(event, "time")?, Via::AlarmAction))
}
