//! The keys of the journal's table. One partition per system; the sort key's prefix says what an item is.
//!
//! | sort key | item |
//! |---|---|
//! | `state#lock` | the lock, and the epoch that outlives it |
//! | `state#alarm#<name>` | the last state in which an alarm was seen |
//! | `state#health#<arn>` | what AWS Health said last of an issue |
//! | `state#armed` | whether the system is armed, who disarmed it last, and who armed it |
//! | `incident#<opened_at>#<id>` | one run of a recovery, in the order in which incidents were opened |
//! | `told#<key>` | a message that was sent |
//! | `asked#<id>` | the question that a run asks people, and their answer |
//! | `stop#<id>` | a person's wish that a run stop |
//! | `redrive#<id>#<at>` | a person let a run go on, in the order in which it was asked for |
//!
//! Lock, alarms, AWS Health and arming share a prefix because the decision reads them all, in one query. What people were told does not: it
//! grows with every incident, and no decision needs all of it.

use domain::names::{IncidentId, SystemName};
use jiff::Timestamp;

/// The attribute that is the partition key.
pub(crate) const PARTITION: &str = "pk";

/// The attribute that is the sort key.
pub(crate) const SORT: &str = "sk";

/// The sort key of a system's lock.
pub(crate) const LOCK: &str = "state#lock";

/// The sort key of whether a system is armed.
pub(crate) const ARMED: &str = "state#armed";

/// The prefix of everything that a decision reads about the present.
pub(crate) const STATE: &str = "state#";

/// The prefix of every alarm's sort key.
pub(crate) const ALARM: &str = "state#alarm#";

/// The prefix of the sort key of every issue of AWS Health.
pub(crate) const HEALTH: &str = "state#health#";

/// The prefix of every incident's sort key.
pub(crate) const INCIDENT: &str = "incident#";

/// The partition key of a system.
pub(crate) fn system(name: &SystemName) -> String {
    format!("system#{name}")
}

/// The sort key of an alarm.
pub(crate) fn alarm(name: &str) -> String {
    format!("{ALARM}{name}")
}

/// The sort key of an issue of AWS Health. An ARN may have 1,600 characters (Health API Reference, Event) and a sort key
/// 1,024 bytes (DynamoDB Developer Guide, Constraints): of a longer one the end counts, which is what tells issues apart.
pub(crate) fn health(arn: &str) -> String {
    const LONGEST: usize = 1_000;
    let cut = arn.len().saturating_sub(LONGEST);
    let start = (cut..arn.len())
        .find(|at| arn.is_char_boundary(*at))
        .unwrap_or_default();
    format!("{HEALTH}{}", &arn[start..])
}

/// The sort key of an incident. The time has a fixed width and stands in UTC, so that the order of the keys, which
/// DynamoDB compares byte by byte, is the order of the incidents.
pub(crate) fn incident(opened_at: Timestamp, id: &IncidentId) -> String {
    format!("{INCIDENT}{}#{id}", opened_at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

/// The sort key of a message that was sent.
pub(crate) fn told(key: &str) -> String {
    format!("told#{key}")
}

/// The sort key of a run's question.
pub(crate) fn question(id: &IncidentId) -> String {
    format!("asked#{id}")
}

/// The sort key of the wish to stop a run.
pub(crate) fn stop(id: &IncidentId) -> String {
    format!("stop#{id}")
}

/// The prefix of the sort keys of a run's redrives.
pub(crate) fn redrives(id: &IncidentId) -> String {
    format!("redrive#{id}#")
}

/// The sort key of a redrive. As with incidents, the order of the keys is that of the times.
pub(crate) fn redrive(id: &IncidentId, at: Timestamp) -> String {
    format!("{}{}", redrives(id), at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_endless_arn_the_end_counts() {
        assert_eq!(health("arn:1"), "state#health#arn:1");
        let long = format!("arn:{}ü{}", "x".repeat(600), "y".repeat(999));
        assert_eq!(health(&long), format!("state#health#{}", "y".repeat(999)));
    }

    #[test]
    fn keys_of_incidents_have_one_width_and_the_order_of_time() {
        let id: IncidentId = "x".parse().expect("valid");
        let at = |text: &str| incident(text.parse().expect("a timestamp"), &id);
        assert_eq!(at("2026-10-01T07:15:09Z"), "incident#2026-10-01T07:15:09.000Z#x");
        assert!(at("2026-10-01T07:15:09.900Z") < at("2026-10-01T07:15:10Z"));
        assert!(at("2026-10-01T09:15:09+02:00") == at("2026-10-01T07:15:09.0001Z"));
    }
}
