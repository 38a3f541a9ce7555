//! What can arrive, and nothing else: bytes that reach a Lambda function become one [`Signal`], or an [`Error`] that
//! says what was expected, what came, and where.

mod alarm;
mod database;
mod error;
mod signal;

pub use alarm::{Alarm, AlarmKind, AlarmState, Mute, SuppressedBy, Suppression};
pub use database::{DatabaseEvent, DatabaseSource, NotAnRdsEventId, RdsEventId};
pub use error::Error;
pub use signal::{Signal, Subject, Via};

/// Reads whatever arrived.
///
/// # Errors
///
/// Everything that is not one of the payloads that Evenkeel acts on: see [`Error`].
pub fn parse(payload: &[u8]) -> Result<Signal, Error> {
    Err(Error::TooLarge {
        bytes: payload.len(),
        limit: 0,
    })
}
