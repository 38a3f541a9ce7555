//! How the journal's types are written as items of a DynamoDB table, and read back.
//!
//! Numbers carry their unit in the attribute's name. An item that cannot be read is an error that names the
//! attribute, never a guess: a decision on half a journal is worse than none.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::journal::{AlarmSeen, HealthIssue, HealthSeen, Incident, Lock, Outcome};
use domain::names::{Epoch, SystemName};
use domain::step::{Error, Result};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::key;

/// An item of the table.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The primary key of an item.
pub(crate) fn primary_key(system: &SystemName, sort: &str) -> Item {
    HashMap::from([
        (key::PARTITION.to_owned(), text(key::system(system))),
        (key::SORT.to_owned(), text(sort)),
    ])
}

/// A string attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// An instant in milliseconds since 1970.
pub(crate) fn millis(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_millisecond().to_string())
}

/// The lock, or nothing when it was released: the item then holds only the epoch and when that was.
pub(crate) fn to_lock(item: &Item) -> Result<Option<Lock>> {
    if !item.contains_key("holder") {
        return Ok(None);
    }
    Ok(Some(Lock {
        epoch: Epoch(number(item, "epoch")?),
        holder: named(item, "holder")?,
        taken_at: instant(item, "changed_at_ms")?,
        expires_at: instant(item, "expires_at_ms")?,
    }))
}

/// The epoch that a lock has come to, or nothing where it was given up before anybody took it.
pub(crate) fn to_epoch(item: &Item) -> Result<Option<Epoch>> {
    match item.get("epoch") {
        Some(_) => Ok(Some(Epoch(number(item, "epoch")?))),
        None => Ok(None),
    }
}

/// An incident as an item.
pub(crate) fn from_incident(incident: &Incident) -> Item {
    let mut item = primary_key(&incident.system, &key::incident(incident.opened_at, &incident.id));
    item.extend([
        ("incident".to_owned(), text(incident.id.as_str())),
        ("system".to_owned(), text(incident.system.as_str())),
        ("recovery".to_owned(), text(incident.recovery.machine())),
        ("opened_at_ms".to_owned(), millis(incident.opened_at)),
        ("closed_at_ms".to_owned(), millis(incident.closed_at)),
        ("outcome".to_owned(), text(incident.outcome.to_string())),
        (
            "seen".to_owned(),
            AttributeValue::L(incident.seen.iter().map(text).collect()),
        ),
    ]);
    // JSON, because it is read whole or not at all. Two names and six numbers are always JSON.
    let left = incident.left.as_ref();
    if let Some(left) = left.and_then(|left| serde_json::to_string(left).ok()) {
        item.insert("left".to_owned(), text(left));
    }
    item
}

/// The incident that an item holds.
pub(crate) fn to_incident(item: &Item) -> Result<Incident> {
    Ok(Incident {
        id: named(item, "incident")?,
        system: named(item, "system")?,
        recovery: named(item, "recovery")?,
        opened_at: instant(item, "opened_at_ms")?,
        closed_at: instant(item, "closed_at_ms")?,
        outcome: named::<Outcome>(item, "outcome")?,
        seen: texts(item, "seen")?,
        left: match item.get("left") {
            None => None,
            Some(_) => {
                let written = string(item, "left")?;
                let left = serde_json::from_str(written)
                    .map_err(|error| unreadable(item, "left", &error.to_string(), item.get("left")))?;
                Some(left)
            }
        },
    })
}

/// An alarm's state as an item.
pub(crate) fn from_alarm(system: &SystemName, alarm: &str, seen: AlarmSeen) -> Item {
    let mut item = primary_key(system, &key::alarm(alarm));
    item.extend([
        ("alarm".to_owned(), text(alarm)),
        ("in_alarm".to_owned(), AttributeValue::Bool(seen.in_alarm)),
        ("changed_at_ms".to_owned(), millis(seen.changed_at)),
    ]);
    item
}

/// The alarm and its state that an item holds.
pub(crate) fn to_alarm(item: &Item) -> Result<(String, AlarmSeen)> {
    let seen = AlarmSeen {
        in_alarm: truth(item, "in_alarm")?,
        changed_at: instant(item, "changed_at_ms")?,
    };
    Ok((string(item, "alarm")?.to_owned(), seen))
}

/// What AWS Health said of an issue as an item.
pub(crate) fn from_health(system: &SystemName, arn: &str, seen: &HealthSeen) -> Item {
    let mut item = primary_key(system, &key::health(arn));
    item.extend([
        ("issue".to_owned(), text(arn)),
        ("service".to_owned(), text(&seen.service)),
        ("impaired".to_owned(), text(seen.region.as_str())),
        ("event_type".to_owned(), text(&seen.event_type)),
        (
            "is_open".to_owned(),
            AttributeValue::Bool(seen.status == HealthIssue::Open),
        ),
        ("since_ms".to_owned(), millis(seen.since)),
        ("said_at_ms".to_owned(), millis(seen.said_at)),
        ("heard_at_ms".to_owned(), millis(seen.heard_at)),
    ]);
    item
}

/// The issue of AWS Health that an item holds, by its ARN.
pub(crate) fn to_health(item: &Item) -> Result<(String, HealthSeen)> {
    let seen = HealthSeen {
        service: string(item, "service")?.to_owned(),
        region: named(item, "impaired")?,
        event_type: string(item, "event_type")?.to_owned(),
        status: if truth(item, "is_open")? {
            HealthIssue::Open
        } else {
            HealthIssue::Closed
        },
        since: instant(item, "since_ms")?,
        said_at: instant(item, "said_at_ms")?,
        heard_at: instant(item, "heard_at_ms")?,
    };
    Ok((string(item, "issue")?.to_owned(), seen))
}

fn truth(item: &Item, name: &str) -> Result<bool> {
    match item.get(name) {
        Some(AttributeValue::Bool(value)) => Ok(*value),
        other => Err(unreadable(item, name, "true or false", other)),
    }
}

/// What tells one kind of item from another.
pub(crate) fn sort_key(item: &Item) -> Result<&str> {
    string(item, key::SORT)
}

pub(crate) fn string<'i>(item: &'i Item, name: &str) -> Result<&'i str> {
    match item.get(name) {
        Some(AttributeValue::S(value)) => Ok(value),
        other => Err(unreadable(item, name, "a string", other)),
    }
}

/// A type that serde writes as a string.
pub(crate) fn named<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T> {
    let value = string(item, name)?;
    serde_json::from_value(serde_json::Value::from(value))
        .map_err(|error| unreadable(item, name, &error.to_string(), item.get(name)))
}

fn number<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T> {
    let parsed = match item.get(name) {
        Some(AttributeValue::N(digits)) => digits.parse().ok(),
        _ => None,
    };
    parsed.ok_or_else(|| unreadable(item, name, "a whole number", item.get(name)))
}

pub(crate) fn instant(item: &Item, name: &str) -> Result<Timestamp> {
    Timestamp::from_millisecond(number(item, name)?)
        .map_err(|error| unreadable(item, name, &error.to_string(), item.get(name)))
}

pub(crate) fn texts(item: &Item, name: &str) -> Result<Vec<String>> {
    let Some(AttributeValue::L(values)) = item.get(name) else {
        return Err(unreadable(item, name, "a list", item.get(name)));
    };
    let text = |value: &AttributeValue| match value {
        AttributeValue::S(text) => Ok(text.clone()),
        other => Err(unreadable(item, name, "a list of strings", Some(other))),
    };
    values.iter().map(text).collect()
}

/// `Refused`, because reading it again gives the same: a person has to look at the item.
pub(crate) fn unreadable(item: &Item, name: &str, expected: &str, came: Option<&AttributeValue>) -> Error {
    let place = |attribute| match item.get(attribute) {
        Some(AttributeValue::S(value)) => value.as_str(),
        _ => "?",
    };
    Error::Refused {
        call: "reading the journal".to_owned(),
        why: format!(
            "the item {}/{} has no readable `{name}`: expected {expected}, got {came:?}",
            place(key::PARTITION),
            place(key::SORT)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::journal::ZoneLeft;
    use domain::names::{Recovery, Zone};
    use domain::steps::plan::Raise;
    use domain::steps::region::GroupSize;

    fn incident() -> Incident {
        Incident {
            id: "shop-1".parse().expect("valid"),
            system: "shop".parse().expect("valid"),
            recovery: Recovery::FailOverDatabase,
            opened_at: "2026-10-01T07:15:09.123Z".parse().expect("a timestamp"),
            closed_at: "2026-10-01T07:17:00Z".parse().expect("a timestamp"),
            outcome: Outcome::StoodDown,
            seen: vec!["DBInstanceStatus: available".to_owned(), String::new()],
            left: None,
        }
    }

    #[test]
    fn an_incident_reads_back_as_it_was_written() {
        assert_eq!(to_incident(&from_incident(&incident())), Ok(incident()));
    }

    #[test]
    fn what_an_evacuation_left_reads_back_or_says_why_not() {
        let size = |desired| GroupSize {
            min: 1,
            desired,
            max: 12,
        };
        let evacuated = Incident {
            recovery: Recovery::EvacuateZone,
            left: Some(ZoneLeft {
                zone: Zone("eu-central-1a".to_owned()),
                raise: Raise::of(size(4), 6),
            }),
            ..incident()
        };
        let mut item = from_incident(&evacuated);
        assert_eq!(to_incident(&item), Ok(evacuated));
        item.insert("left".to_owned(), text("eu-central-1a"));
        let error = to_incident(&item).expect_err("no JSON").to_string();
        assert!(error.contains("has no readable `left`"), "{error}");
    }

    #[test]
    fn every_outcome_and_recovery_has_a_name_that_reads_back() {
        for outcome in [
            Outcome::Recovered,
            Outcome::StoodDown,
            Outcome::RolledBack,
            Outcome::Paged,
        ] {
            for recovery in Recovery::ALL {
                let incident = Incident {
                    outcome,
                    recovery,
                    ..incident()
                };
                assert_eq!(to_incident(&from_incident(&incident)), Ok(incident));
            }
        }
    }

    #[test]
    fn an_item_that_cannot_be_read_says_where_and_why() {
        let mut item = from_incident(&incident());
        item.insert("closed_at_ms".to_owned(), text("soon"));
        assert_eq!(
            to_incident(&item).expect_err("no number").to_string(),
            "refused: reading the journal: the item system#shop/incident#2026-10-01T07:15:09.123Z#shop-1 has no \
             readable `closed_at_ms`: expected a whole number, got Some(S(\"soon\"))"
        );
        item.remove("outcome");
        item.insert("closed_at_ms".to_owned(), AttributeValue::N("1".to_owned()));
        let error = to_incident(&item).expect_err("no outcome").to_string();
        assert!(
            error.contains("`outcome`: expected a string, got None"),
            "{error}"
        );
    }

    #[test]
    fn an_issue_of_aws_health_reads_back_as_it_was_written() {
        let arn = "arn:aws:health:eu-central-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1";
        for status in [HealthIssue::Open, HealthIssue::Closed] {
            let seen = HealthSeen {
                service: "EC2".to_owned(),
                region: "eu-central-1".parse().expect("a Region"),
                event_type: "AWS_EC2_OPERATIONAL_ISSUE".to_owned(),
                status,
                since: "2026-10-01T07:00:00Z".parse().expect("a timestamp"),
                said_at: "2026-10-01T07:20:00Z".parse().expect("a timestamp"),
                heard_at: "2026-10-01T07:20:01.5Z".parse().expect("a timestamp"),
            };
            let shop: SystemName = "shop".parse().expect("valid");
            let item = from_health(&shop, arn, &seen);
            assert_eq!(to_health(&item), Ok((arn.to_owned(), seen)));
        }
    }

    #[test]
    fn a_released_lock_is_no_lock() {
        let item = Item::from([("epoch".to_owned(), AttributeValue::N("7".to_owned()))]);
        assert_eq!(to_lock(&item), Ok(None));
    }
}
