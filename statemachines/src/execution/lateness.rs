//! How late retries are taken up.

use crate::machine::Retrier;

/// How late retries are taken up; by default, on time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lateness {
    /// No sooner than so many seconds after the attempt failed.
    pub at_least: f64,
    /// A retrier is spread over all the time that it has in about so many retries. 0: it is not.
    pub looks: u32,
    /// But no later than so many seconds after the attempt failed, for that reason.
    pub at_most: f64,
}

impl Lateness {
    /// Seconds before a retry that would be taken up after `delay`.
    pub(super) fn of(self, retrier: &Retrier, delay: f64) -> f64 {
        let delay = delay.max(self.at_least);
        if self.looks == 0 {
            return delay;
        }
        // One that backs off waits for its longest delay most of the time, and with jitter for half of that.
        let longest = retrier.max_delay_seconds.unwrap_or(retrier.interval_seconds);
        let usual = if retrier.full_jitter {
            longest / 2.0
        } else {
            longest
        };
        #[allow(clippy::cast_precision_loss, reason = "a count of retries")]
        let patience = usual * retrier.max_attempts as f64;
        delay.max((patience / f64::from(self.looks)).min(self.at_most))
    }
}
