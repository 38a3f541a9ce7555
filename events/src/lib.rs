//! What can arrive, and nothing else: the bytes that reach a Lambda function become one [`Signal`], or an [`Error`] that
//! says what was expected, what came, and where.
//!
//! The same alarm can reach a function in three wrappings: EventBridge delivers it as an event, SNS delivers CloudWatch's
//! notification (or an event that was sent to the topic), and the alarm can invoke the function as its own action. They
//! differ in nearly every key, so the wrapping is recognised by its shape, and what is inside is read into one type. A
//! wrapping has a file of its own (`event_bridge`, `sns`, `alarm::action`), and so has a subject (`alarm`, `database`,
//! `deployment` and so on). What a schedule or a person asks for comes in a shape of our own (`request`).
//!
//! # Why nothing is guessed
//!
//! What is read here decides whether a database is failed over. A missing state is therefore not `OK`, a time without an
//! offset is not UTC, two values under one key are not "the last one wins": each of these is an error with a place, and
//! the payload is kept for inspection ([`Rejected`]).
//!
//! # Why these are not `aws_lambda_events`' types
//!
//! Those types are made to let a function start from whatever came. In `CloudWatchAlarm` an absent `state.value` reads as
//! `OK`, a composite alarm without a suppressor is refused, and `EventBridgeEvent` takes an event without account, time or
//! Region; their errors name a line and a column, but not the key; they build the whole detail before anyone asked for
//! it. So the wire is read by hand here (`json`), and the crate serves as the second opinion: a test holds our samples
//! against its types.

mod alarm;
mod arn;
mod cache;
mod database;
mod deployment;
mod error;
mod event_bridge;
mod execution;
mod health;
mod json;
mod rejected;
mod request;
mod scaling;
mod self_test;
mod signal;
mod sns;
mod time;
mod zonal_shift;

pub use alarm::{Alarm, AlarmKind, AlarmState, Metric, Mute, SuppressedBy, Suppression};
pub use cache::{CacheChange, CacheEvent};
pub use database::{DatabaseEvent, DatabaseSource, NotAnRdsEventId, RdsEventId};
pub use deployment::{DeploymentEvent, DeploymentScope, DeploymentState};
pub use error::Error;
pub use execution::{ExecutionEvent, ExecutionStatus};
pub use health::{AffectedEntity, HealthCategory, HealthEvent, HealthScope, HealthStatus, Page};
pub use rejected::Rejected;
pub use request::{Asked, Asker, Request, Scope};
pub use scaling::{Direction, ScalingActivity, ScalingEvent, ScalingStep};
pub use self_test::{SELF_TEST_DETAIL_TYPE, SELF_TEST_SOURCE, SelfTest};
pub use signal::{Signal, Subject, Via};
pub use zonal_shift::{ZonalShiftChange, ZonalShiftEvent};

use json::Object;

/// The largest payload that is read, in bytes.
///
/// The events that Evenkeel acts on have a few kilobytes. An EventBridge entry, and an SNS message, have at most 256 KiB
/// (EventBridge User Guide, `eb-putevent-size`; SNS Developer Guide, quotas), and so has the input of a state machine
/// (Step Functions Developer Guide, quotas). Lambda itself would take 1 MiB asynchronously and 6 MiB synchronously.
pub const MAX_BYTES: usize = 256 * 1024;

/// Reads whatever arrived: an EventBridge event, an SNS notification around an alarm or an event, an alarm that invoked the
/// function itself, or what a schedule or a person asks for.
///
/// # Errors
///
/// Everything else; [`Error`] says what was expected, what came, and where.
pub fn parse(payload: &[u8]) -> Result<Signal, Error> {
    if payload.len() > MAX_BYTES {
        return Err(Error::TooLarge {
            bytes: payload.len(),
            limit: MAX_BYTES,
        });
    }
    let whole = Object::from_bytes(payload)?;
    if whole.has("Records") {
        sns::read(&whole)
    } else if whole.has("alarmData") {
        alarm::action::read(&whole)
    } else if whole.has("detail-type") {
        event_bridge::read(&whole, Via::EventBridge)
    } else if whole.has("evenkeel") {
        request::read(&whole)
    } else {
        Err(whole.unrecognised())
    }
}
