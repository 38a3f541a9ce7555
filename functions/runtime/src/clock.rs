//! The wall clock, read here and nowhere else.

use domain::clock::Clock;
use jiff::Timestamp;

/// The system's clock. Lambda keeps it synchronised.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is handed"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
