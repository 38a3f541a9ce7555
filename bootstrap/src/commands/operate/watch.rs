//! `evenkeel watch INCIDENT`: a run, step by step, until it ends.
//!
//! Step Functions tells nobody who asks from outside: it has to be asked again and again. The pauses grow while nothing happens and are
//! short again when something does, and the watching ends with the run, with `--at-most`, or when AWS does not answer for long. Nothing
//! of this touches the run.

use std::process::ExitCode;
use std::time::Duration;

use domain::clock::Clock;
use domain::journal::{Incident, Journal, Question};
use jiff::Timestamp;

use super::desk::{Desk, Found};
use super::events::{self, News};
use crate::account::{self, Error};
use crate::cli::Watch;
use crate::failure::Failure;
use crate::show::watched::Shown;

/// The pause after something happened.
const SHORTEST: Duration = Duration::from_millis(500);

/// The longest pause while nothing happens. DescribeExecution and GetExecutionHistory refill at 15 and 20 a second at least
/// (Step Functions Developer Guide, Quotas): many may watch.
const LONGEST: Duration = Duration::from_secs(5);

/// The pause while AWS does not answer.
const SILENCE: Duration = Duration::from_secs(15);

/// How often AWS may fail to answer in a row before the watching is given up: with the SDK's own attempts some ten minutes.
const PATIENCE: u32 = 20;

/// How long the watching lasts unless somebody says otherwise: longer than any run may take (`domain::journal::lease`).
const AT_MOST: Duration = Duration::from_secs(6 * 3_600);

/// The run goes on, and the watching does not.
pub(super) const STILL_RUNNING: u8 = 4;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Ended {
    /// What Step Functions says: `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`.
    pub(crate) status: String,
    /// What the machine says: `recovered`, `stood-down`, `rolled-back`, `left-to-the-other`; nothing where it failed.
    pub(crate) outcome: Option<String>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// What was behind that.
    pub(crate) cause: Option<String>,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
}

impl Ended {
    /// 0 where users are served as they should be; 1 where a person has to look.
    fn code(&self) -> ExitCode {
        match self.outcome.as_deref() {
            Some("recovered" | "stood-down" | "left-to-the-other") => ExitCode::SUCCESS,
            Some(_) | None => ExitCode::FAILURE,
        }
    }
}

pub(super) fn watch(asked: &Watch) -> Result<ExitCode, Failure> {
    account::block_on(async {
        let desk = Desk::open(&asked.place).await?;
        let found = desk.find_execution(&asked.incident).await?;
        let mut shown = Shown::new(asked.json);
        shown.begins(&asked.incident, &found.region)?;
        follow(asked, &desk, &found, &mut shown).await
    })?
}

async fn follow(asked: &Watch, desk: &Desk, found: &Found, shown: &mut Shown) -> Result<ExitCode, Failure> {
    let clock = runtime::SystemClock;
    let at_most = asked.at_most.map_or(AT_MOST, domain::duration::Duration::std);
    let until = clock
        .now()
        .saturating_add(at_most)
        .map_err(std::io::Error::other)?;
    let (mut seen, mut told, mut pause, mut silent) = (0, None, SHORTEST, 0);
    while clock.now() < until {
        match look(asked, desk, found, seen).await {
            Ok(look) => {
                silent = 0;
                pause = if look.news.is_empty() {
                    (pause * 3 / 2).min(LONGEST)
                } else {
                    SHORTEST
                };
                for news in &look.news {
                    seen = seen.max(news.id);
                    shown.news(news)?;
                }
                if look.question.is_some() && look.question != told {
                    shown.question(look.question.as_ref())?;
                    told = look.question;
                }
                if let Some(ended) = look.ended {
                    shown.ends(&ended, look.record.as_ref())?;
                    return Ok(ended.code());
                }
            }
            Err(error @ (Error::Unreachable { .. } | Error::Throttled { .. })) if silent < PATIENCE => {
                silent += 1;
                pause = SILENCE;
                shown.silence(&error.to_string())?;
            }
            Err(error) => return Err(error.into()),
        }
        account::pause(pause).await;
    }
    shown.gives_up(&asked.incident)?;
    Ok(ExitCode::from(STILL_RUNNING))
}

/// What one look showed.
struct Look {
    news: Vec<News>,
    /// What the run asks, without the token.
    question: Option<Question>,
    ended: Option<Ended>,
    /// What was recorded of it, once it has ended.
    record: Option<Incident>,
}

/// The status first: what happened before it is in the history that is read afterwards.
async fn look(asked: &Watch, desk: &Desk, found: &Found, seen: i64) -> Result<Look, Error> {
    let ended = ended(desk, found).await?;
    let news = events::since(&desk.sfn(&found.region), &found.execution_arn, seen).await?;
    let journal = desk.hands(&found.region).journal;
    let question = journal.question(&found.system, &asked.incident).await?;
    let record = match ended {
        Some(_) => {
            let view = journal.view(&found.system).await?;
            view.incidents.into_iter().find(|past| past.id == asked.incident)
        }
        None => None,
    };
    Ok(Look {
        news,
        question: question.map(|asked| Question {
            token: String::new(),
            ..asked
        }),
        ended,
        record,
    })
}

/// How it ended, once it has.
async fn ended(desk: &Desk, found: &Found) -> Result<Option<Ended>, Error> {
    let sfn = desk.sfn(&found.region);
    let described = sfn
        .describe_execution()
        .execution_arn(&found.execution_arn)
        .send()
        .await;
    let described = described.map_err(|error| Error::of("states:DescribeExecution", error))?;
    let status = described.status().as_str().to_owned();
    if matches!(status.as_str(), "RUNNING" | "PENDING_REDRIVE") {
        return Ok(None);
    }
    let output = described
        .output()
        .and_then(|output| serde_json::from_str::<serde_json::Value>(output).ok());
    let outcome = output.as_ref().and_then(|output| output.get("outcome")?.as_str());
    let succeeded = status == "SUCCEEDED";
    Ok(Some(Ended {
        outcome: outcome.filter(|_| succeeded).map(str::to_owned),
        status,
        error: described.error().map(str::to_owned),
        cause: described.cause().map(str::to_owned),
        started_at: events::at(described.start_date()),
        ended_at: described.stop_date().map(events::at),
    }))
}
