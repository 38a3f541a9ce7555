//! `evenkeel status`, in an account.

use std::process::ExitCode;

use domain::journal::{Lock, Question};
use domain::names::{Region, SystemName};
use operate::Status as Seen;
use serde::Serialize;
use tokio::task::JoinSet;

use super::desk::Desk;
use crate::account::{self, Error};
use crate::cli::Status;
use crate::failure::Failure;
use crate::show;

/// A system in one of its Regions.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) system: SystemName,
    pub(crate) region: Region,
    /// Whether it is the Region where the system file has it at home.
    pub(crate) primary: bool,
    /// Whether a recovery would start by itself there, as far as the journal knows.
    pub(crate) readiness: Readiness,
    /// How it stands there, unless that cannot be seen.
    pub(crate) seen: Option<Seen>,
    /// Why it cannot be seen.
    pub(crate) why: Option<String>,
    /// What to do about that.
    pub(crate) hint: Option<String>,
}

/// Whether a recovery would start by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Readiness {
    /// The journal answers, and nobody disarmed it.
    Ready,
    /// A run is under way.
    Recovering,
    /// A run waits for a person.
    Asks,
    /// A person disarmed it.
    Disarmed,
    /// It has no journal there.
    NotDeployed,
    /// The journal does not answer.
    Unknown,
}

pub(super) fn status(asked: &Status) -> Result<ExitCode, Failure> {
    let (rows, failed) = account::block_on(look(asked))??;
    let mut out = anstream::stdout().lock();
    let blind = rows.iter().all(|row| row.seen.is_none());
    if asked.json {
        super::by_hand::json(&mut out, &rows)?;
    } else if !blind {
        show::systems::write(&mut out, &rows)?;
    }
    match failed {
        // Where nothing at all can be seen, the reason is all there is to say.
        Some(error) if blind => Err(error.into()),
        Some(_) => Ok(ExitCode::FAILURE),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Every system in every Region at once. Beside them, why one could not be seen.
async fn look(asked: &Status) -> Result<(Vec<Row>, Option<Error>), Failure> {
    let desk = Desk::open(&asked.place).await?;
    let mut looks = JoinSet::new();
    for (at, (name, region, primary)) in places(&desk, asked)?.into_iter().enumerate() {
        let hands = desk.hands(&region);
        looks.spawn(async move {
            let seen = hands.status(&name).await;
            (at, name, region, primary, seen)
        });
    }
    let mut rows = Vec::new();
    let mut failed = None;
    while let Some(look) = looks.join_next().await {
        let (at, system, region, primary, seen) = look.map_err(std::io::Error::other)?;
        let (readiness, seen, error) = match seen {
            Ok(seen) => (readiness(&seen), Some(seen), None),
            Err(operate::Error::Aws(error)) => {
                let error = Error::from(error);
                let readiness = match error {
                    Error::NotDeployed { .. } => Readiness::NotDeployed,
                    _ => Readiness::Unknown,
                };
                (readiness, None, Some(error))
            }
            Err(other) => return Err(other.into()),
        };
        let row = Row {
            system,
            region,
            primary,
            readiness,
            seen,
            why: error.as_ref().map(Error::to_string),
            hint: error.as_ref().map(Error::hint),
        };
        rows.push((at, row));
        failed = error.or(failed);
    }
    rows.sort_by_key(|(at, _)| *at);
    Ok((rows.into_iter().map(|(_, row)| row).collect(), failed))
}

fn places(desk: &Desk, asked: &Status) -> Result<Vec<(SystemName, Region, bool)>, Failure> {
    let systems = match &asked.system {
        Some(name) => vec![desk.system(Some(name))?],
        None => desk.systems.iter().collect(),
    };
    let mut places = Vec::new();
    for system in systems {
        for region in desk.regions_of(system) {
            let primary = region == system.regions.primary;
            places.push((system.name.clone(), region, primary));
        }
    }
    Ok(places)
}

fn readiness(seen: &Seen) -> Readiness {
    let open = seen.open.as_ref();
    let asks = |question: &Question| question.answer.is_none() && seen.at < question.expires_at;
    let held: Option<&Lock> = open.map(|open| &open.lock);
    if open.and_then(|open| open.question.as_ref()).is_some_and(asks) {
        Readiness::Asks
    } else if held.is_some() {
        Readiness::Recovering
    } else if seen.disarmed.is_some() {
        Readiness::Disarmed
    } else {
        Readiness::Ready
    }
}

impl std::fmt::Display for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Ready => "ready",
            Self::Recovering => "recovering",
            Self::Asks => "asks",
            Self::Disarmed => "disarmed",
            Self::NotDeployed => "not deployed",
            Self::Unknown => "unknown",
        })
    }
}
