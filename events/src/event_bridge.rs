//! An event as EventBridge delivers it: an envelope that is the same for every service, around a detail that is not
//! (EventBridge User Guide, `eb-events-structure`).

use jiff::Timestamp;

use crate::arn;
use crate::database::{self, DatabaseSource};
use crate::error::Error;
use crate::json::Object;
use crate::signal::{Signal, Via};
use crate::{alarm, time};

/// What the envelope says about any event.
pub(crate) struct Envelope {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) time: Timestamp,
    pub(crate) via: Via,
}

/// Reads an event by its source and detail type; `via` says who delivered it, because a rule's target may be a topic.
pub(crate) fn read(event: &Object<'_>, via: Via) -> Result<Signal, Error> {
    let source = event.string("source", "the event's source, like aws.cloudwatch")?;
    let detail_type = event.string(
        "detail-type",
        "the event's type, like CloudWatch Alarm State Change",
    )?;
    match (source.as_ref(), detail_type.as_ref()) {
        ("aws.cloudwatch", "CloudWatch Alarm State Change") => {
            alarm::event::read(event, envelope(event, via)?)
        }
        ("aws.rds", "RDS DB Instance Event") => {
            database::read(event, envelope(event, via)?, DatabaseSource::Instance)
        }
        ("aws.rds", "RDS DB Cluster Event") => {
            database::read(event, envelope(event, via)?, DatabaseSource::Cluster)
        }
        _ => Err(event.unrecognised()),
    }
}

fn envelope(event: &Object<'_>, via: Via) -> Result<Envelope, Error> {
    Ok(Envelope {
        account: account(event, "account")?,
        region: region(event)?,
        time: time::at(event, "time")?,
        via,
    })
}

/// The account at a key.
pub(crate) fn account(object: &Object<'_>, key: &str) -> Result<String, Error> {
    object.read(key, "an account of twelve digits", |text| {
        arn::is_account(text).then(|| text.to_owned())
    })
}

/// The Region that the sender names by its code.
pub(crate) fn region(object: &Object<'_>) -> Result<String, Error> {
    object.read("region", "a Region's code, like eu-central-1", |text| {
        arn::is_region(text).then(|| text.to_owned())
    })
}
