//! A self-test: the one event that Evenkeel puts on the bus itself, to see that what comes in goes all the way through.
//!
//! Its source and detail type are our own, and AWS lets nobody put events whose source begins with `aws.` (EventBridge API,
//! PutEvents). So whoever may put events on the bus can start a self-test by it, and nothing else.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event_bridge::Envelope;
use crate::json::Object;
use crate::signal::{Signal, Subject};

/// The source of a self-test's event.
pub const SELF_TEST_SOURCE: &str = "evenkeel.self-test";

/// The detail type of a self-test's event.
pub const SELF_TEST_DETAIL_TYPE: &str = "Evenkeel Self-Test";

/// Evenkeel asks itself whether an event gets through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct SelfTest {
    /// The test's name, which becomes its execution's.
    pub name: String,
}

/// Reads a self-test.
pub(crate) fn read(event: &Object<'_>, envelope: Envelope) -> Result<Signal, Error> {
    let detail = event.object("detail", "the self-test's name")?;
    let name = detail.read(
        "test",
        "the self-test's name: 1 to 80 letters, digits and hyphens",
        |text| is_name(text).then(|| text.to_owned()),
    )?;
    let id = format!("self-test/{}/{}/{name}", envelope.account, envelope.region);
    Ok(envelope.signal(id, Subject::SelfTest(SelfTest { name })))
}

/// Narrower than the name of an execution may be (Step Functions API, StartExecution).
fn is_name(text: &str) -> bool {
    let fits = |one: u8| one.is_ascii_alphanumeric() || one == b'-';
    (1..=80).contains(&text.len()) && text.bytes().all(fits)
}
