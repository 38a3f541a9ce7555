//! A run's question to people, their answer, and the wishes to stop a run and to let one go on, as items of the table.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::journal::{Question, Redrive, Stop};
use domain::names::{IncidentId, SystemName};
use domain::step::{Error, Result};
use domain::steps::region::{Approval, Risk};
use jiff::Timestamp;

use crate::item::{self, Item, primary_key, text};
use crate::{key, lock};

/// The question as the journal keeps time.
pub(crate) fn in_millis(question: &Question) -> Question {
    Question {
        asked_at: lock::in_millis(question.asked_at),
        expires_at: lock::in_millis(question.expires_at),
        ..question.clone()
    }
}

/// Somebody answers what nobody asked.
pub(crate) fn nothing_asked(incident: &IncidentId) -> Error {
    Error::InvalidInput {
        what: format!("{incident} asks nothing: it may not exist, or not have come that far"),
    }
}

/// What `ask` sets when it is asked first; the token it sets every time.
pub(crate) fn once(question: &Question) -> [(&'static str, &'static str, AttributeValue); 4] {
    let risks = question.risks.iter().map(|risk| text(risk.word())).collect();
    [
        ("incident", ":incident", text(question.incident.as_str())),
        ("asked_at_ms", ":asked", item::millis(question.asked_at)),
        ("expires_at_ms", ":expires", item::millis(question.expires_at)),
        ("risks", ":risks", AttributeValue::L(risks)),
    ]
}

/// The answer as an attribute: JSON, because it is read whole or not at all.
pub(crate) fn written(answer: &Approval) -> Result<AttributeValue> {
    serde_json::to_string(answer)
        .map(AttributeValue::S)
        .map_err(|error| Error::InvalidInput {
            what: format!("the answer is not JSON: {error}"),
        })
}

/// The question that an item holds.
pub(crate) fn read(item: &Item) -> Result<Question> {
    let answer = match item.get("answer") {
        None => None,
        Some(_) => {
            let written = item::string(item, "answer")?;
            let answer = serde_json::from_str(written)
                .map_err(|error| item::unreadable(item, "answer", &error.to_string(), item.get("answer")))?;
            Some(answer)
        }
    };
    let risks = item::texts(item, "risks")?;
    let risk = |word: &String| {
        word.parse::<Risk>()
            .map_err(|why| item::unreadable(item, "risks", &why, item.get("risks")))
    };
    Ok(Question {
        incident: item::named(item, "incident")?,
        token: item::string(item, "token")?.to_owned(),
        asked_at: item::instant(item, "asked_at_ms")?,
        expires_at: item::instant(item, "expires_at_ms")?,
        risks: risks.iter().map(risk).collect::<Result<_>>()?,
        answer,
    })
}

/// The wish to stop as an item.
pub(crate) fn from_stop(system: &SystemName, incident: &IncidentId, stop: &Stop) -> Item {
    let mut item = primary_key(system, &key::stop(incident));
    item.extend(signed(stop.at, &stop.by, &stop.because));
    item
}

/// A redrive as an item.
pub(crate) fn from_redrive(system: &SystemName, incident: &IncidentId, redrive: &Redrive) -> Item {
    let mut item = primary_key(system, &key::redrive(incident, redrive.at));
    item.extend(signed(redrive.at, &redrive.by, &redrive.because));
    item
}

fn signed(at: Timestamp, by: &str, because: &str) -> [(String, AttributeValue); 3] {
    [
        ("at_ms".to_owned(), item::millis(at)),
        ("by".to_owned(), text(by)),
        ("because".to_owned(), text(because)),
    ]
}

/// The redrive that an item holds.
pub(crate) fn to_redrive(item: &Item) -> Result<Redrive> {
    let Stop { at, by, because } = to_stop(item)?;
    Ok(Redrive { at, by, because })
}

/// The wish to stop that an item holds.
pub(crate) fn to_stop(item: &Item) -> Result<Stop> {
    Ok(Stop {
        at: item::instant(item, "at_ms")?,
        by: item::string(item, "by")?.to_owned(),
        because: item::string(item, "because")?.to_owned(),
    })
}
