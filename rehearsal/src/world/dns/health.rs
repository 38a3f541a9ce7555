//! Route 53's health checkers: a dozen and more, in several Regions, each with a clock of its own.
//!
//! The check watches an object in the standby Region's S3 and is inverted: while the object is there, the check is
//! unhealthy, and the secondary record is answered with. When the standby Region's S3 cannot be reached the check is
//! healthy, and the primary record stays: nobody is sent to a Region that does not answer.

use domain::duration::Duration;
use domain::names::Region;

use super::super::Ms;
use crate::dice::Dice;

/// A fast check's interval. Source: Route 53 API, HealthCheckConfig, `RequestInterval`.
pub(in crate::world) const INTERVAL: Duration = Duration::from_secs(10);

/// How many checks in a row it takes. Source: Route 53 API, HealthCheckConfig, `FailureThreshold`.
const THRESHOLD: u32 = 3;

/// A check is healthy when more than this share of the checkers say so. Source: Route 53 Developer Guide,
/// dns-failover-determining-health-of-endpoints.
const ENOUGH_PERCENT: usize = 18;

/// Where checkers are by default. Source: Route 53 API, HealthCheckConfig, `Regions`.
const REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];

/// How many checkers there are in each. Assumed: AWS names the Regions, not the number.
const IN_EACH: usize = 2;

/// A health check on an object, inverted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The object's bucket, in the standby Region.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    checkers: Vec<Checker>,
    found: bool,
}

/// A checker.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Checker {
    region: Option<Region>,
    phase: Ms,
    says: bool,
    streak: u32,
    awake: bool,
}

impl Check {
    /// A check whose object is not there.
    pub(super) fn new(bucket: &str, key: &str, dice: &mut Dice) -> Self {
        let checkers = REGIONS
            .iter()
            .flat_map(|region| std::iter::repeat_n(*region, IN_EACH));
        let checkers = checkers.map(|region| Checker {
            region: region.parse().ok(),
            phase: dice
                .between("health checker's phase", Duration::from_millis(0), INTERVAL)
                .as_millis(),
            says: false,
            streak: 0,
            awake: false,
        });
        Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            checkers: checkers.collect(),
            found: false,
        }
    }

    /// Whether the check is healthy: inverted, so while the object is not found.
    pub const fn is_healthy(&self) -> bool {
        !self.found
    }

    /// The checkers that do not know yet what is to be seen, each with the instant of its next look.
    pub(in crate::world) fn wake(&mut self, found: bool, now: Ms) -> Vec<(usize, Ms)> {
        let mut looks = Vec::new();
        for (index, checker) in self.checkers.iter_mut().enumerate() {
            if checker.says != found && !checker.awake {
                checker.awake = true;
                looks.push((index, next(checker.phase, now)));
            }
        }
        looks
    }

    /// A checker looks. Says whether it must look again, because it is not convinced yet.
    pub(in crate::world) fn look(&mut self, index: usize, found: bool) -> bool {
        let Some(checker) = self.checkers.get_mut(index) else {
            return false;
        };
        checker.streak = if checker.says == found {
            0
        } else {
            checker.streak + 1
        };
        if checker.streak >= THRESHOLD {
            (checker.says, checker.streak) = (found, 0);
        }
        checker.awake = checker.says != found;
        checker.awake
    }

    /// Counts what the checkers say, those of lost Regions left out. Says whether the check's state changed.
    pub(in crate::world) fn count(&mut self, is_lost: impl Fn(&Region) -> bool) -> bool {
        let reports = |checker: &&Checker| checker.region.as_ref().is_none_or(|region| !is_lost(region));
        let all = self.checkers.iter().filter(reports).count();
        let yes = self
            .checkers
            .iter()
            .filter(reports)
            .filter(|checker| checker.says)
            .count();
        let before = self.found;
        self.found = yes * 100 > all * ENOUGH_PERCENT;
        before != self.found
    }
}

/// A checker's next look after an instant.
const fn next(phase: Ms, now: Ms) -> Ms {
    let interval = INTERVAL.as_millis();
    if now < phase {
        phase
    } else {
        phase + ((now - phase) / interval + 1) * interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check() -> Check {
        Check::new("switch", "standby-serves", &mut Dice::new(3))
    }

    fn nobody(_: &Region) -> bool {
        false
    }

    #[test]
    fn a_checker_needs_three_in_a_row() {
        let mut check = check();
        check.wake(true, 0);
        assert!(check.look(0, true) && check.look(0, true));
        // It is gone for one look: the count begins again.
        assert!(!check.look(0, false));
        check.wake(true, 60_000);
        assert!(check.look(0, true) && check.look(0, true));
        assert!(!check.look(0, true), "convinced");
    }

    #[test]
    fn more_than_18_percent_of_the_checkers_decide() {
        let mut check = check();
        check.wake(true, 0);
        let mut convince = |index| {
            for _ in 0..3 {
                check.look(index, true);
            }
            check.count(nobody);
            check.is_healthy()
        };
        // Inverted: found is unhealthy. Two of sixteen are 12.5 %, three are 18.75 %.
        assert_eq!([convince(0), convince(1), convince(2)], [true, true, false]);
    }

    #[test]
    fn checkers_of_a_lost_region_are_not_counted() {
        let mut check = check();
        check.wake(true, 0);
        for index in 0..2 {
            for _ in 0..3 {
                check.look(index, true);
            }
        }
        // Two of ten are 20 %.
        let lost = |region: &Region| ["sa-east-1", "eu-west-1", "us-west-2"].contains(&region.as_str());
        assert!(check.count(lost));
    }

    #[test]
    fn a_look_comes_once_per_interval_at_the_checkers_own_phase() {
        assert_eq!(next(4_000, 0), 4_000);
        assert_eq!(next(4_000, 4_000), 14_000);
        assert_eq!(next(4_000, 13_999), 14_000);
    }
}
