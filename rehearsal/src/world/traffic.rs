//! Users: a constant rate of requests, each of which needs the database's writer.
//!
//! What becomes of them is counted in one step from one change of the world to the next, however many they are.

use super::Ms;

/// All users' requests, in the millionths in which shares of them are counted.
pub const ALL: u64 = 1_000_000;

/// An outage lasts from the first instant at which fewer than this share of the requests succeed until it is reached
/// again. Users behind resolvers that are late count in full; a hundredth of them may still fail when it is over.
pub const SERVED: u64 = 990_000;

/// Users and what became of their requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// How many requests there are, in percent of an ordinary day's.
    pub demand: u64,
    per_second: u64,
    /// Since when it has been that many, and how many had been sent before.
    since: (Ms, u64),
    /// Requests that failed, in millionths of one.
    failed: u64,
    /// Requests sent.
    pub sent: u64,
    /// Requests that failed.
    pub lost: u64,
    /// Acknowledged writes that a promotion lost, as the time in which they were made.
    pub lost_writes_ms: Ms,
    /// How many they were.
    pub lost_writes: u64,
    /// Times during which requests failed: from, and until if it is over.
    pub outages: Vec<(Ms, Option<Ms>)>,
}

impl Traffic {
    /// A constant rate.
    pub const fn steady(per_second: u32) -> Self {
        Self {
            demand: 100,
            per_second: per_second as u64,
            since: (0, 0),
            failed: 0,
            sent: 0,
            lost: 0,
            lost_writes_ms: 0,
            lost_writes: 0,
            outages: Vec::new(),
        }
    }

    /// Time passes; meanwhile that share of the requests succeeds. The cost does not depend on their number.
    pub fn pass(&mut self, from: Ms, to: Ms, share: u64) {
        let sent = self.sent_between(from, to);
        self.sent += sent;
        self.failed += sent * (ALL - share.min(ALL));
        self.lost = self.failed / ALL;
        match (share >= SERVED, self.outages.last_mut()) {
            (true, Some((_, until @ None))) => *until = Some(from),
            (true, _) => {}
            (false, last) => {
                if !matches!(last, Some((_, None))) {
                    self.outages.push((from, None));
                }
            }
        }
    }

    /// How many requests are sent in that time.
    pub const fn sent_between(&self, from: Ms, to: Ms) -> u64 {
        self.count(to) - self.count(from)
    }

    /// From now on there are so many requests, in percent of an ordinary day's.
    pub const fn demand_is(&mut self, now: Ms, percent: u64) {
        self.since = (now, self.count(now));
        self.demand = percent;
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
        let (since, before) = self.since;
        before + (at.saturating_sub(since) * self.per_second * self.demand).div_ceil(100_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_counted_once_however_time_is_cut() {
        let mut whole = Traffic::steady(7);
        whole.pass(0, 10_000, ALL);
        let mut cut = Traffic::steady(7);
        for ms in 0..10_000 {
            cut.pass(ms, ms + 1, ALL);
        }
        assert_eq!((whole.sent, cut.sent), (70, 70));
    }

    #[test]
    fn an_outage_lasts_from_the_first_to_the_last_instant_without_service() {
        let mut traffic = Traffic::steady(100);
        traffic.pass(0, 1_000, ALL);
        traffic.pass(1_000, 1_500, 0);
        traffic.pass(1_500, 3_000, 0);
        traffic.pass(3_000, 4_000, ALL);
        assert_eq!((traffic.lost, traffic.sent), (200, 400));
        assert_eq!(traffic.outages, [(1_000, Some(3_000))]);
        assert_eq!(traffic.longest_outage(4_000), 2_000);
    }

    #[test]
    fn more_requests_are_counted_from_then_on() {
        let mut traffic = Traffic::steady(100);
        traffic.pass(0, 10_000, ALL);
        traffic.demand_is(10_000, 250);
        traffic.pass(10_000, 20_000, ALL);
        assert_eq!((traffic.sent, traffic.lost), (1_000 + 2_500, 0));
    }

    #[test]
    fn an_outage_is_over_when_all_but_a_hundredth_are_served() {
        let mut traffic = Traffic::steady(1_000);
        traffic.pass(0, 1_000, ALL / 2);
        traffic.pass(1_000, 2_000, SERVED - 1);
        traffic.pass(2_000, 3_000, SERVED);
        assert_eq!(traffic.outages, [(0, Some(2_000))]);
        assert_eq!(traffic.lost, 500 + 10 + 10);
    }

    #[test]
    fn fifty_thousand_requests_a_minute_cost_one_step() {
        let mut traffic = Traffic::steady(834);
        traffic.pass(0, 60_000, ALL);
        assert_eq!(traffic.sent, 50_040);
    }
}
