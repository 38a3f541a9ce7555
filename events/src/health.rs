//! AWS Health: how AWS itself is, in public and for one account.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event_bridge::{Envelope, account};
use crate::json::Object;
use crate::signal::{Signal, Subject};
use crate::{arn, time};

/// AWS Health says how a service of AWS is in a Region.
///
/// The impaired Region is the signal's `region`. It is read from `eventRegion`, never from the envelope: AWS Health sends
/// a copy of every event to a backup Region, in the standard partition us-west-2 (and of those of us-west-2 to us-east-1),
/// because the Region that is impaired may be the one that cannot deliver (Health User Guide, `choosing-a-region`). The rule therefore belongs into both
/// Regions; both copies are one signal with one id, told apart only by [`HealthEvent::delivered_in`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct HealthEvent {
    /// The event's ARN. Many accounts, and several messages about one event, share it.
    pub arn: String,
    /// The service, e.g. `EC2`.
    pub service: String,
    /// What kind of event, e.g. `AWS_EC2_OPERATIONAL_ISSUE`.
    pub event_type: String,
    /// Its category.
    pub category: HealthCategory,
    /// Whether it is about this account, or about everybody.
    pub scope: HealthScope,
    /// This message about the event, the same in all copies and on all pages.
    pub communication: String,
    /// Whether it goes on, when AWS says.
    pub status: Option<HealthStatus>,
    /// When the event began, or is to begin.
    pub started_at: Option<Timestamp>,
    /// When the event ended, or is to end.
    pub ended_at: Option<Timestamp>,
    /// When AWS last changed what it says.
    pub updated_at: Option<Timestamp>,
    /// AWS's own words for it; empty when it gave none.
    pub description: String,
    /// What of this account is affected, on this page; none for a public event.
    pub entities: Vec<AffectedEntity>,
    /// Which part of a message that was too long for one event.
    pub page: Page,
    /// The Region that delivered this copy.
    pub delivered_in: String,
}

impl HealthEvent {
    /// The message, the account, and the page: what is the same in the copies from both Regions.
    fn id(&self, account: &str) -> String {
        format!("health/{account}/{}/{}", self.communication, self.page.number)
    }

    /// Whether it is about something that is wrong, or was.
    pub fn is_issue(&self) -> bool {
        self.category == HealthCategory::Issue
    }

    /// When AWS said this, of an event that was sent at that time.
    pub fn said_at(&self, sent: Timestamp) -> Timestamp {
        self.updated_at.unwrap_or(sent)
    }

    /// Whether AWS says, in an event that was sent at that time, that a service is impaired now: an issue that is
    /// neither closed nor to come, and has not ended. An issue that has an end behind it is over whatever its status
    /// says (Health API Reference, Event, `endTime`): the User Guide's own example is open, and its text begins with
    /// "operating normally".
    pub fn is_open_issue(&self, sent: Timestamp) -> bool {
        let goes_on = matches!(self.status, None | Some(HealthStatus::Open));
        let ended = self.ended_at.is_some_and(|ended| ended <= self.said_at(sent));
        self.is_issue() && goes_on && !ended
    }
}

/// The categories of AWS Health (Health API Reference, `Event.eventTypeCategory`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthCategory {
    /// Something is wrong.
    Issue,
    /// AWS looks whether something is wrong.
    Investigation,
    /// Something that AWS is going to do, e.g. retire an instance.
    ScheduledChange,
    /// News about the account.
    AccountNotification,
}

impl HealthCategory {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "issue" => Some(Self::Issue),
            "investigation" => Some(Self::Investigation),
            "scheduledChange" => Some(Self::ScheduledChange),
            "accountNotification" => Some(Self::AccountNotification),
            _ => None,
        }
    }
}

/// Whom an event of AWS Health is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthScope {
    /// Everybody in the Region.
    Public,
    /// The signal's account.
    AccountSpecific,
}

impl HealthScope {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "PUBLIC" => Some(Self::Public),
            "ACCOUNT_SPECIFIC" => Some(Self::AccountSpecific),
            _ => None,
        }
    }
}

/// Whether an event of AWS Health goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// It goes on.
    Open,
    /// It is over.
    Closed,
    /// It is to come.
    Upcoming,
}

impl HealthStatus {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "open" => Some(Self::Open),
            "closed" => Some(Self::Closed),
            "upcoming" => Some(Self::Upcoming),
            _ => None,
        }
    }
}

/// Something of the account's that an event of AWS Health affects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct AffectedEntity {
    /// What it is: an ARN, an instance's id, a name.
    pub value: String,
    /// How it is, in AWS's words, e.g. `IMPAIRED`, when AWS says.
    pub status: Option<String>,
}

/// One page of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Page {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

/// Reads what AWS Health says (Health User Guide, `aws-health-events-eventbridge-schema`).
pub(crate) fn read(event: &Object<'_>, envelope: Envelope) -> Result<Signal, Error> {
    let detail = event.object("detail", "the event of AWS Health")?;
    let text = |key, expected| detail.string(key, expected).map(|text| text.into_owned());
    let said = HealthEvent {
        arn: text("eventArn", "the ARN of the Health event")?,
        service: text("service", "the service, like EC2")?,
        event_type: text(
            "eventTypeCode",
            "the event's type, like AWS_EC2_OPERATIONAL_ISSUE",
        )?,
        category: detail.read(
            "eventTypeCategory",
            "one of issue, investigation, scheduledChange, accountNotification",
            HealthCategory::from_text,
        )?,
        scope: detail.read(
            "eventScopeCode",
            "one of PUBLIC, ACCOUNT_SPECIFIC",
            HealthScope::from_text,
        )?,
        communication: text("communicationId", "the identifier of this message")?,
        status: status(&detail)?,
        started_at: time::optional_date(&detail, "startTime")?,
        ended_at: time::optional_date(&detail, "endTime")?,
        updated_at: time::optional_date(&detail, "lastUpdatedTime")?,
        description: description(&detail)?,
        entities: entities(&detail)?,
        page: page(&detail)?,
        delivered_in: envelope.region.clone(),
    };
    let region = detail.read(
        "eventRegion",
        "a Region's code, like eu-central-1, or global",
        |text| (text == "global" || arn::is_region(text)).then(|| text.to_owned()),
    )?;
    // An organisation's view delivers the events of all its accounts to one.
    let account = match detail.optional_string("affectedAccount", "an account of twelve digits")? {
        Some(_) => account(&detail, "affectedAccount")?,
        None => envelope.account.clone(),
    };
    let envelope = Envelope {
        account,
        region,
        ..envelope
    };
    let id = said.id(&envelope.account);
    Ok(envelope.signal(id, Subject::Health(said)))
}

fn status(detail: &Object<'_>) -> Result<Option<HealthStatus>, Error> {
    const EXPECTED: &str = "one of open, closed, upcoming";
    if detail.optional_string("statusCode", EXPECTED)?.is_none() {
        return Ok(None);
    }
    detail
        .read("statusCode", EXPECTED, HealthStatus::from_text)
        .map(Some)
}

/// The words in English if there are some, else in the first language that there is.
fn description(detail: &Object<'_>) -> Result<String, Error> {
    const WORDS: &str = "AWS's words";
    let all = detail.optional_objects("eventDescription", "an array of descriptions by language")?;
    let mut first = None;
    for said in &all {
        let language = said.optional_string("language", "a language, like en_US")?;
        let words = said.string("latestDescription", WORDS)?;
        if language.is_some_and(|language| language.starts_with("en")) {
            return Ok(words.into_owned());
        }
        first.get_or_insert(words);
    }
    Ok(first.unwrap_or_default().into_owned())
}

fn entities(detail: &Object<'_>) -> Result<Vec<AffectedEntity>, Error> {
    let entity = |entity: &Object<'_>| {
        Ok(AffectedEntity {
            value: entity.string("entityValue", "what is affected")?.into_owned(),
            status: entity
                .optional_string("status", "the entity's status")?
                .map(|text| text.into_owned()),
        })
    };
    let all = detail.optional_objects("affectedEntities", "an array of affected entities")?;
    all.iter().map(entity).collect()
}

/// `page` and `totalPages` are strings of digits. Without them it is the whole message.
fn page(detail: &Object<'_>) -> Result<Page, Error> {
    Ok(Page {
        number: detail
            .optional_count("page", "the number of this page")?
            .unwrap_or(1),
        of: detail
            .optional_count("totalPages", "the number of pages")?
            .unwrap_or(1),
    })
}
