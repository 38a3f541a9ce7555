//! An event as EventBridge delivers it: an envelope that is the same for every service, around a detail that is not
//! (EventBridge User Guide, `eb-events-structure`).

use jiff::Timestamp;

use crate::arn;
use crate::database::{self, DatabaseSource};
use crate::error::Error;
use crate::json::Object;
use crate::self_test::{self, SELF_TEST_DETAIL_TYPE, SELF_TEST_SOURCE};
use crate::signal::{Signal, Subject, Via};
use crate::zonal_shift::{self, ZonalShiftChange};
use crate::{alarm, deployment, execution, health, scaling, time};

/// What the envelope says about any event.
pub(crate) struct Envelope {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) time: Timestamp,
    pub(crate) via: Via,
}

impl Envelope {
    /// The signal with that identity about that subject, for all else as the envelope says.
    pub(crate) fn signal(self, id: String, subject: Subject) -> Signal {
        let Self {
            account,
            region,
            time,
            via,
        } = self;
        Signal {
            id,
            account,
            region,
            time,
            via,
            subject,
        }
    }
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
        ("aws.codedeploy", kind) => match deployment::Notice::from_text(kind) {
            Some(notice) => deployment::read(event, envelope(event, via)?, notice),
            None => Err(event.unrecognised()),
        },
        ("aws.health", "AWS Health Event") => health::read(event, envelope(event, via)?),
        ("aws.autoscaling", kind) => match scaling::Notice::from_text(kind) {
            Some(notice) => scaling::read(event, envelope(event, via)?, notice),
            None => Err(event.unrecognised()),
        },
        ("aws.states", "Step Functions Execution Status Change") => {
            execution::read(event, envelope(event, via)?)
        }
        ("aws.arc-zonal-shift", kind) => match ZonalShiftChange::from_text(kind) {
            Some(change) => zonal_shift::read(event, envelope(event, via)?, change),
            None => Err(event.unrecognised()),
        },
        (SELF_TEST_SOURCE, SELF_TEST_DETAIL_TYPE) => self_test::read(event, envelope(event, via)?),
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
