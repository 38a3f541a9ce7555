//! What can go wrong, and when.

use domain::duration::Duration;
use serde::Deserialize;

/// A fault that strikes within a span of time; where exactly, the seed decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fault {
    /// The earliest instant, since the rehearsal began.
    pub at: Duration,
    /// How much later it may strike.
    #[serde(default)]
    pub within: Duration,
    /// What goes wrong.
    pub kind: Kind,
    /// After how long it passes by itself, where it can.
    #[serde(default)]
    pub lasts: Option<Duration>,
}

impl Fault {
    /// The latest instant at which it strikes.
    pub const fn latest(&self) -> Duration {
        Duration::from_millis(self.at.as_millis() + self.within.as_millis())
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A grey failure: the writer's process stops answering, and RDS sees nothing wrong.
    WriterHangs,
    /// The writer's host is lost. RDS notices, and fails over by itself.
    WriterHostLost,
    /// Nobody could take over: the standby, or every reader, is gone.
    StandbyMissing,
}
