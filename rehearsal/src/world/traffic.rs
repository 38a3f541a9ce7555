//! Users: a constant rate of requests, each of which needs the database's writer.

use super::Ms;

/// Users and what became of their requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    per_second: u64,
    /// Requests sent.
    pub sent: u64,
    /// Requests that failed.
    pub lost: u64,
    /// Acknowledged writes that a promotion lost, as the time in which they were made.
    pub lost_writes_ms: Ms,
    /// Times during which requests failed: from, and until if it is over.
    pub outages: Vec<(Ms, Option<Ms>)>,
}

impl Traffic {
    /// A constant rate.
    pub const fn steady(per_second: u32) -> Self {
        Self {
            per_second: per_second as u64,
            sent: 0,
            lost: 0,
            lost_writes_ms: 0,
            outages: Vec::new(),
        }
    }

    /// Time passes; meanwhile the application serves or not. The cost does not depend on the number of requests.
    pub fn pass(&mut self, from: Ms, to: Ms, serves: bool) {
        let sent = self.count(to) - self.count(from);
        self.sent += sent;
        match (serves, self.outages.last_mut()) {
            (true, Some((_, until @ None))) => *until = Some(from),
            (true, _) => {}
            (false, last) => {
                self.lost += sent;
                if !matches!(last, Some((_, None))) {
                    self.outages.push((from, None));
                }
            }
        }
    }

    /// The longest time without service, an unfinished one counted until `now`.
    pub fn longest_outage(&self, now: Ms) -> Ms {
        self.outages
            .iter()
            .map(|(from, until)| until.unwrap_or(now) - from)
            .max()
            .unwrap_or(0)
    }

    /// Share of requests served, in percent; 100 if there were none.
    pub fn availability(&self) -> f64 {
        if self.sent == 0 {
            100.0
        } else {
            (self.sent - self.lost) as f64 * 100.0 / self.sent as f64
        }
    }

    /// Requests sent before an instant: request k is sent at k / rate.
    const fn count(&self, at: Ms) -> u64 {
        (at * self.per_second).div_ceil(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_counted_once_however_time_is_cut() {
        let mut whole = Traffic::steady(7);
        whole.pass(0, 10_000, true);
        let mut cut = Traffic::steady(7);
        for ms in 0..10_000 {
            cut.pass(ms, ms + 1, true);
        }
        assert_eq!((whole.sent, cut.sent), (70, 70));
    }

    #[test]
    fn an_outage_lasts_from_the_first_to_the_last_instant_without_service() {
        let mut traffic = Traffic::steady(100);
        traffic.pass(0, 1_000, true);
        traffic.pass(1_000, 1_500, false);
        traffic.pass(1_500, 3_000, false);
        traffic.pass(3_000, 4_000, true);
        assert_eq!((traffic.lost, traffic.sent), (200, 400));
        assert_eq!(traffic.outages, [(1_000, Some(3_000))]);
        assert_eq!(traffic.longest_outage(4_000), 2_000);
    }
}
