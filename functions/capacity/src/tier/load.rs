//! How many instances the load needs. Pure.

use std::collections::BTreeMap;

use domain::step::{Error, Result};
use domain::steps::region::GroupSize;

use crate::alarms::{AlarmObserved, State};

/// The largest multiple that one scale-out follows: a single datapoint is not believed to mean more.
const LARGEST: f64 = 3.0;

/// By how much the worst of the alarms passes its threshold, or nothing if none is in ALARM. At least one, at most
/// three; one where the alarm does not say.
pub fn ratio(alarms: &BTreeMap<String, AlarmObserved>) -> Option<f64> {
    let raised = alarms.values().filter(|alarm| alarm.state == State::Alarm);
    let ratios = raised.map(|alarm| {
        alarm
            .breach
            .map_or(1.0, |breach| breach.ratio.clamp(1.0, LARGEST))
    });
    ratios.reduce(f64::max)
}

/// The desired capacity with which the load is back at the threshold: in proportion to the breach, of the instances
/// that bore it, which are the healthy ones. More than is desired now, and no more than there may be.
///
/// # Errors
/// `Unsafe` at the maximum.
pub fn wanted(size: GroupSize, healthy: u32, ratio: f64, limit: u32) -> Result<u32> {
    if size.desired >= limit {
        return Err(Error::Unsafe {
            why: format!(
                "at the maximum of {limit}: the load needs more instances, the group wants {} already and there may be \
                 {limit} (`max-instances` in [web] of the system file). Raise it there if the account and the database \
                 can bear more, or make the load less",
                size.desired
            ),
        });
    }
    let bore_it = healthy.clamp(1, size.desired.max(1));
    // What a multiplication leaves behind the comma is no instance.
    let in_proportion = (f64::from(bore_it) * ratio - 1e-9).ceil();
    // Bounded by `LARGEST` times a group's size; a float beyond that becomes the largest number there is.
    Ok((in_proportion as u32).max(size.desired + 1).min(limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::Breach;

    const fn size(desired: u32) -> GroupSize {
        GroupSize {
            min: 2,
            desired,
            max: 12,
        }
    }

    fn alarm(state: State, ratio: Option<f64>) -> AlarmObserved {
        AlarmObserved {
            state,
            since: None,
            breach: ratio.map(|ratio| Breach {
                newest: ratio * 70.0,
                threshold: 70.0,
                ratio,
            }),
        }
    }

    #[test]
    fn the_worst_alarm_counts_and_only_those_in_alarm() {
        let of = |alarms: &[AlarmObserved]| {
            let named = alarms.iter().enumerate();
            ratio(
                &named
                    .map(|(index, alarm)| (index.to_string(), alarm.clone()))
                    .collect(),
            )
        };
        assert_eq!(of(&[]), None);
        assert_eq!(
            of(&[alarm(State::Ok, Some(2.0)), alarm(State::Unknown, None)]),
            None
        );
        assert_eq!(of(&[alarm(State::Alarm, None)]), Some(1.0));
        assert_eq!(
            of(&[alarm(State::Alarm, Some(1.2)), alarm(State::Alarm, Some(1.5))]),
            Some(1.5)
        );
        assert_eq!(of(&[alarm(State::Alarm, Some(40.0))]), Some(3.0));
        // It was in ALARM when the datapoint was at the threshold, or below one of "too few".
        assert_eq!(of(&[alarm(State::Alarm, Some(0.5))]), Some(1.0));
    }

    #[test]
    fn what_is_wanted_is_in_proportion_to_the_breach() {
        let cases = [
            // desired, healthy, ratio, limit → wanted
            (6, 6, 1.5, 12, 9),
            (6, 6, 1.0, 12, 7),
            (6, 6, 1.01, 12, 7),
            (6, 6, 1.2, 12, 8),
            (10, 10, 1.1, 12, 11),
            (6, 6, 3.0, 12, 12),
            (6, 6, 3.0, 30, 18),
            // Three of six bear it: six would be enough, and one more than are wanted already come.
            (6, 3, 2.0, 12, 7),
            (6, 0, 2.0, 12, 7),
            // More healthy ones than are desired: some are leaving.
            (6, 9, 1.5, 12, 9),
            (0, 0, 3.0, 12, 3),
        ];
        for (desired, healthy, ratio, limit, expected) in cases {
            assert_eq!(
                wanted(size(desired), healthy, ratio, limit),
                Ok(expected),
                "{desired} {healthy} {ratio}"
            );
        }
    }

    #[test]
    fn at_the_maximum_it_is_said_which_one_and_where_it_stands() {
        for desired in [12, 13] {
            let error = wanted(size(desired), desired, 1.5, 12).expect_err("at the maximum");
            assert_eq!(error.name(), Error::UNSAFE);
            let words = error.to_string();
            assert!(words.contains("at the maximum of 12"), "{words}");
            assert!(words.contains("`max-instances` in [web]"), "{words}");
        }
    }
}
