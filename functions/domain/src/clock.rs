//! Time is handed in.

use jiff::Timestamp;

/// Tells the time. On AWS it is the system's clock; in a rehearsal, virtual time.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}
