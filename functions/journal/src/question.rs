//! A run's question to people, their answer, and the wish to stop a run, as items of the table.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::journal::{Question, Stop};
use domain::names::{IncidentId, SystemName};
use domain::step::{Error, Result};
use domain::steps::region::{Approval, Risk};

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
    item.extend([
        ("at_ms".to_owned(), item::millis(stop.at)),
        ("by".to_owned(), text(&stop.by)),
        ("because".to_owned(), text(&stop.because)),
    ]);
    item
}

/// The wish to stop that an item holds.
pub(crate) fn to_stop(item: &Item) -> Result<Stop> {
    Ok(Stop {
        at: item::instant(item, "at_ms")?,
        by: item::string(item, "by")?.to_owned(),
        because: item::string(item, "because")?.to_owned(),
    })
}
