//! What the alarms of a system's zones say, as the journal knows them.
//!
//! Whether a run is started (`decision`) and what it plans (`capacity::zone`) is judged by the same patience: what strikes
//! all zones alike rises in one of them first, and ends in one of them last. In both moments it looks like a zone that
//! fails alone.

use std::fmt;

use jiff::Timestamp;

use crate::duration::Duration;
use crate::journal::{AlarmSeen, View};
use crate::names::Zone;
use crate::system::{Meaning, System};

/// How long one zone's alarm has to be up alone before the zone is left, where the load balancer does not see it dead. The
/// alarms of the other zones look at minutes that began up to a minute later, and CloudWatch takes its time to evaluate
/// them: what has struck all zones alike shows by then.
pub const ALONE_FOR: Duration = Duration::from_secs(75);

/// How long a zone has to have failed alone where others failed with it before: a period of CloudWatch's metrics, and
/// half of one until the alarm has seen it. Source: CloudWatch User Guide, AlarmThatSendsEmail, "Evaluating an alarm".
pub const SETTLED: Duration = Duration::from_secs(90);

/// An alarm that means zone-impaired, and when it changed to the state in which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneAlarm {
    /// Its name.
    pub alarm: String,
    /// The zone that it is about.
    pub zone: Zone,
    /// Since when it is in ALARM, or no more.
    pub since: Timestamp,
}

impl fmt::Display for ZoneAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is in ALARM since {}", self.alarm, self.since)
    }
}

/// The alarms of a system's zones that are in ALARM.
pub fn ringing(system: &System, view: &View) -> Vec<ZoneAlarm> {
    of_zones(system, view, |seen| seen.in_alarm)
}

/// The alarms of a system's zones that left ALARM a moment ago. Alarms of one cause end as they began, one by one: the
/// last of them looks like a zone that fails alone.
pub fn settling(system: &System, view: &View, now: Timestamp) -> Vec<ZoneAlarm> {
    of_zones(system, view, |seen| {
        !seen.in_alarm && now.duration_since(seen.changed_at) < SETTLED.signed()
    })
}

/// The alarm of another zone that was in ALARM while that zone's was, which began then, and is over since a moment ago: it
/// speaks of something that they have in common, and that may be over here in a moment too.
pub fn failed_with<'a>(settling: &'a [ZoneAlarm], zone: &Zone, began: Timestamp) -> Option<&'a ZoneAlarm> {
    settling
        .iter()
        .find(|ended| ended.zone != *zone && ended.since >= began)
}

fn of_zones(system: &System, view: &View, which: impl Fn(&AlarmSeen) -> bool) -> Vec<ZoneAlarm> {
    let declared = system.alarms.iter();
    declared
        .filter(|(_, declared)| declared.means == Meaning::ZoneImpaired)
        .filter_map(|(alarm, declared)| {
            let seen = view.alarms.get(alarm).filter(|seen| which(seen))?;
            Some(ZoneAlarm {
                alarm: alarm.clone(),
                zone: declared.zone.clone()?,
                since: seen.changed_at,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::constant(1_790_838_000, 0) + jiff::SignedDuration::from_secs(second)
    }

    #[test]
    fn an_alarm_rings_while_it_is_up_and_settles_for_a_moment_after() {
        const SHOP: &str = include_str!("../tests/decision/shop.toml");
        let shop = crate::system::read(SHOP).expect("a coherent system");
        let seen = |in_alarm, second| AlarmSeen {
            in_alarm,
            changed_at: at(second),
        };
        // Of the alarms that are up, only the zone's own counts; of the others, only what ended a moment ago.
        let alarms = [
            ("zone-a", seen(true, 0)),
            ("zone-b", seen(false, 10)),
            ("users", seen(true, 0)),
        ];
        let view = View {
            alarms: alarms.map(|(name, seen)| (name.to_owned(), seen)).into(),
            ..View::default()
        };
        let of = |letter: &str, second| {
            vec![ZoneAlarm {
                alarm: format!("zone-{letter}"),
                zone: Zone(format!("eu-central-1{letter}")),
                since: at(second),
            }]
        };
        assert_eq!(ringing(&shop, &view), of("a", 0));
        assert_eq!(
            ringing(&shop, &view)[0].to_string(),
            format!("zone-a is in ALARM since {}", at(0))
        );
        let limit = 10 + i64::try_from(SETTLED.as_millis()).expect("in range") / 1000;
        assert_eq!(settling(&shop, &view, at(limit - 1)), of("b", 10));
        assert_eq!(settling(&shop, &view, at(limit)), []);
    }

    #[test]
    fn only_what_failed_at_the_same_time_failed_together() {
        let zone = |letter: &str| Zone(format!("eu-central-1{letter}"));
        let ended = |letter: &str, second| ZoneAlarm {
            alarm: format!("zone-{letter}"),
            zone: zone(letter),
            since: at(second),
        };
        let with =
            |settling: &[ZoneAlarm]| failed_with(settling, &zone("a"), at(60)).map(|it| it.alarm.clone());
        assert_eq!(with(&[ended("b", 60)]), Some("zone-b".to_owned()));
        assert_eq!(with(&[ended("b", 59)]), None, "it had ended when this one began");
        assert_eq!(with(&[ended("a", 70)]), None, "another alarm of the same zone");
        assert_eq!(with(&[]), None);
    }
}
