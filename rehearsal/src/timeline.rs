//! What happens, line by line.

use std::fmt;

use serde::Serialize;

use crate::world::Ms;

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When, in milliseconds since the rehearsal began.
    #[serde(rename = "at_ms")]
    pub at: Ms,
    /// Who did or saw it.
    pub actor: Actor,
    /// What it is.
    pub what: String,
}

/// Who did or saw something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A fault of the scenario.
    Fault,
    /// The world at large.
    World,
    /// The application's users.
    Users,
    /// RDS.
    Rds,
    /// A CloudWatch alarm.
    Alarm,
    /// EventBridge.
    Bus,
    /// The router.
    Router,
    /// A state machine.
    Machine,
    /// A step function.
    Step,
    /// A call of AWS's API that changes something.
    Call,
    /// A message to people, or what a person does.
    People,
}

impl Actor {
    /// One word, at most seven letters.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fault => "FAULT",
            Self::World => "world",
            Self::Users => "users",
            Self::Rds => "rds",
            Self::Alarm => "alarm",
            Self::Bus => "bus",
            Self::Router => "router",
            Self::Machine => "machine",
            Self::Step => "step",
            Self::Call => "call",
            Self::People => "people",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// An instant as people read it: minutes, seconds, milliseconds.
pub fn clock(ms: Ms) -> String {
    format!("{:02}:{:02}.{:03}", ms / 60_000, ms / 1_000 % 60, ms % 1_000)
}
