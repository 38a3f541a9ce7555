//! What must never be, whatever goes wrong. Checked after every change of the world and at the end.

use serde::{Deserialize, Serialize};

use super::Ms;

/// One of the seven invariants of the design, or one of the two that a proof adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invariant {
    /// At most one writable primary receives writes.
    OneWriter,
    /// Traffic goes only where the database is writable.
    TrafficOnlyWhereWritable,
    /// Nothing that loses data without fence evidence or a recorded acceptance.
    NoSilentDataLoss,
    /// Every run ends, and people hear of it exactly once.
    EveryRunEndsAndIsHeardOnce,
    /// The lock is released or has expired.
    LockReleased,
    /// A repeated or late event starts nothing twice.
    NothingTwice,
    /// A failed recovery leaves the system no worse than it found it.
    NoWorse,
    /// Beside the seven: a run that says that it recovered has what its machine promises.
    PromiseKept,
    /// Beside the seven: once faults end, users are served or a person knows that they are not.
    ServedOrPaged,
}

impl std::fmt::Display for Invariant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::OneWriter => "one-writer",
            Self::TrafficOnlyWhereWritable => "traffic-only-where-writable",
            Self::NoSilentDataLoss => "no-silent-data-loss",
            Self::EveryRunEndsAndIsHeardOnce => "every-run-ends-and-is-heard-once",
            Self::LockReleased => "lock-released",
            Self::NothingTwice => "nothing-twice",
            Self::NoWorse => "no-worse",
            Self::PromiseKept => "promise-kept",
            Self::ServedOrPaged => "served-or-paged",
        })
    }
}

/// A breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Which invariant.
    pub invariant: Invariant,
    /// When, in milliseconds since the rehearsal began.
    pub at_ms: Ms,
    /// What was seen.
    pub what: String,
}

/// Checks, counted, and breaches, kept. Two are the same that found the same, however often they looked.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// How many checks were made.
    pub checked: u64,
    /// What they found. A state of breach that lasts is one breach.
    pub violations: Vec<Violation>,
}

impl PartialEq for Ledger {
    fn eq(&self, other: &Self) -> bool {
        self.violations == other.violations
    }
}

impl Ledger {
    /// Checks one thing.
    pub fn demand(&mut self, invariant: Invariant, at: Ms, holds: bool, what: impl FnOnce() -> String) {
        self.checked += 1;
        if holds {
            return;
        }
        let violation = Violation {
            invariant,
            at_ms: at,
            what: what(),
        };
        let lasting = |last: &Violation| last.invariant == invariant && last.what == violation.what;
        if !self.violations.iter().any(lasting) {
            self.violations.push(violation);
        }
    }
}
