//! What a schedule or a person asks for: a payload of our own, recognised by its key `evenkeel`.
//!
//! ```json
//! {
//!   "evenkeel": "assess",
//!   "system": "shop",
//!   "schedule": "<aws.scheduler.schedule-arn>",
//!   "time": "<aws.scheduler.scheduled-time>"
//! }
//! ```
//!
//! EventBridge Scheduler fills in what stands between `<` and `>` (EventBridge Scheduler User Guide,
//! `managing-schedule-context-attributes`). A person writes `by` and `because` in place of `schedule`, and `account` and
//! `region`, which a schedule's ARN has said.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arn;
use crate::error::Error;
use crate::event_bridge::{account, region};
use crate::json::Object;
use crate::signal::{Signal, Subject, Via};
use crate::time;

/// A schedule or a person asks for something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Request {
    /// What is asked for.
    pub what: Asked,
    /// For which system.
    pub scope: Scope,
    /// Who asks.
    pub by: Asker,
    /// When it was asked for; for a schedule the time that it stands for, not the time at which it came.
    pub asked_at: Timestamp,
}

impl Request {
    /// Who asks for what, for which system, and when. A repetition by the scheduler, and a second click, are the same.
    fn id(&self, account: &str, region: &str) -> String {
        let what = match &self.what {
            Asked::Assess => "assess".to_owned(),
            Asked::Drill { recovery } => format!("drill {recovery}"),
            Asked::Recover { recovery } => format!("recover {recovery}"),
        };
        let scope = match &self.scope {
            Scope::System(name) => name,
            Scope::AllSystems => ALL,
        };
        let by = match &self.by {
            Asker::Schedule { arn } => arn,
            Asker::Person { name, .. } => name,
        };
        format!(
            "request/{account}/{region}/{scope}/{what}/{:.3}/{by}",
            self.asked_at
        )
    }
}

/// What can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Look at the system, and judge what is seen: what stands in for events that were dropped.
    Assess,
    /// Rehearse a recovery.
    Drill {
        /// The recovery, e.g. `fail-over-database`.
        recovery: String,
    },
    /// Start a recovery. A person may ask for that, a schedule may not.
    Recover {
        /// The recovery, e.g. `fail-over-database`.
        recovery: String,
    },
}

/// For which system something is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The system of that name.
    System(String),
    /// All systems of the deployment. Only an assessment can be asked of all.
    AllSystems,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// A schedule of EventBridge Scheduler.
    Schedule {
        /// The schedule's ARN.
        arn: String,
    },
    /// A person.
    Person {
        /// The person's name.
        name: String,
        /// The reason, in the person's words.
        because: String,
    },
}

/// How all systems are written.
const ALL: &str = "*";

const A_SYSTEM: &str = "the system's name, or * to assess all systems";

/// Reads what is asked for.
pub(crate) fn read(asked: &Object<'_>) -> Result<Signal, Error> {
    let by_schedule = asked.has("schedule");
    let (account, region, by) = if by_schedule {
        schedule(asked)?
    } else {
        (account(asked, "account")?, region(asked)?, person(asked)?)
    };
    let what = what(asked, by_schedule)?;
    let request = Request {
        scope: scope(asked, &what)?,
        what,
        by,
        asked_at: time::at(asked, "time")?,
    };
    Ok(Signal {
        id: request.id(&account, &region),
        account,
        region,
        time: request.asked_at,
        via: if by_schedule { Via::Scheduler } else { Via::ByHand },
        subject: Subject::Request(request),
    })
}

/// A person may ask for anything, a schedule for what has no effect on users.
fn what(asked: &Object<'_>, by_schedule: bool) -> Result<Asked, Error> {
    const BY_SCHEDULE: &str = "one of assess, drill (only a person can ask to recover)";
    const BY_PERSON: &str = "one of assess, drill, recover";
    let expected = if by_schedule { BY_SCHEDULE } else { BY_PERSON };
    let word = asked.read("evenkeel", expected, |word| match word {
        "assess" | "drill" => Some(word.to_owned()),
        "recover" if !by_schedule => Some(word.to_owned()),
        _ => None,
    })?;
    if word == "assess" {
        return Ok(Asked::Assess);
    }
    let recovery = name(asked, "recovery", "a recovery, like fail-over-database")?;
    Ok(match word.as_str() {
        "drill" => Asked::Drill { recovery },
        _ => Asked::Recover { recovery },
    })
}

fn scope(asked: &Object<'_>, what: &Asked) -> Result<Scope, Error> {
    let system = name(asked, "system", A_SYSTEM)?;
    if system != ALL {
        return Ok(Scope::System(system));
    }
    match what {
        Asked::Assess => Ok(Scope::AllSystems),
        Asked::Drill { .. } | Asked::Recover { .. } => {
            asked.read("system", "the name of one system", |_| None)
        }
    }
}

/// The account and the Region are those in which the schedule stands.
fn schedule(asked: &Object<'_>) -> Result<(String, String, Asker), Error> {
    const A_SCHEDULE: &str =
        "the ARN of a schedule, like arn:aws:scheduler:us-east-1:123456789012:schedule/group/name";
    asked.read("schedule", A_SCHEDULE, |text| {
        let arn = arn::schedule(text)?;
        Some((
            arn.account.to_owned(),
            arn.region.to_owned(),
            Asker::Schedule { arn: text.to_owned() },
        ))
    })
}

fn person(asked: &Object<'_>) -> Result<Asker, Error> {
    Ok(Asker::Person {
        name: name(asked, "by", "the name of who asks, or `schedule` with its ARN")?,
        because: name(asked, "because", "the reason")?,
    })
}

/// A text that says something.
fn name(asked: &Object<'_>, key: &str, expected: &'static str) -> Result<String, Error> {
    asked.read(key, expected, |text| {
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    })
}
