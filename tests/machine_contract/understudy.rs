//! Who plays the steps: reads what a machine asks for as the real function would, and answers plausibly.
//!
//! Every `match` here is exhaustive on purpose. A new condition does not compile until somebody has said whether it
//! may take time, whether it can be undone, and what its answer looks like.

use domain::journal::LOCK_LEASE;
use domain::names::{Epoch, Zone};
use domain::step::{self, Error, Step};
use domain::steps::assess::{Assessment, Verdict, Writer};
use domain::steps::database::{Moved, Started, Written};
use domain::steps::journal::{Locked, Record, Recorded, Released};
use domain::steps::notify::Told;
use domain::steps::{assess, database, journal, notify};
use jiff::Timestamp;
use serde_json::Value;

/// A payload, as the function that it is for reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    Assess(assess::Input),
    Database(database::Input),
    Journal(journal::Input),
    Notify(notify::Input),
}

/// What the machine finds when it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// What it is for.
    Down,
    /// It is over already.
    Well,
}

impl Asked {
    /// Reads what a machine sends to a function, without the deadline beside it.
    pub(crate) fn read(function: &str, payload: &Value) -> step::Result<Self> {
        match function {
            "evenkeel-assess" => step::input(payload).map(Self::Assess),
            "evenkeel-database" => step::input(payload).map(Self::Database),
            "evenkeel-journal" => step::input(payload).map(Self::Journal),
            "evenkeel-notify" => step::input(payload).map(Self::Notify),
            other => panic!("teach the understudy what `{other}` does"),
        }
    }

    /// Whether the condition may come true later, by itself or because of the step.
    pub(crate) fn may_take_time(&self) -> bool {
        match self {
            Self::Assess(assess::Input::DatabaseAssessed { .. })
            | Self::Database(
                database::Input::FailoverStarted { .. }
                | database::Input::WriterMoved { .. }
                | database::Input::Writable { .. },
            ) => true,
            Self::Journal(
                journal::Input::LockTaken { .. }
                | journal::Input::Recorded { .. }
                | journal::Input::LockReleased { .. },
            )
            | Self::Notify(notify::Input::PeopleTold { .. }) => false,
        }
    }

    /// Whether it changes the system in a way that nothing changes back.
    pub(crate) fn cannot_be_undone(&self) -> bool {
        match self {
            Self::Database(database::Input::FailoverStarted { .. }) => true,
            Self::Database(database::Input::WriterMoved { .. } | database::Input::Writable { .. })
            | Self::Assess(assess::Input::DatabaseAssessed { .. })
            | Self::Journal(
                journal::Input::LockTaken { .. }
                | journal::Input::Recorded { .. }
                | journal::Input::LockReleased { .. },
            )
            | Self::Notify(notify::Input::PeopleTold { .. }) => false,
        }
    }

    pub(crate) fn takes_the_lock(&self) -> bool {
        matches!(self, Self::Journal(journal::Input::LockTaken { .. }))
    }

    pub(crate) fn releases_the_lock(&self) -> bool {
        matches!(self, Self::Journal(journal::Input::LockReleased { .. }))
    }

    /// What people are told, if they are.
    pub(crate) fn tells_people(&self) -> Option<&Record> {
        match self {
            Self::Notify(notify::Input::PeopleTold { record, .. }) => Some(record),
            Self::Assess(_) | Self::Database(_) | Self::Journal(_) => None,
        }
    }

    fn answer(&self, situation: Situation) -> step::Result<Value> {
        let writer = |zone: &str| Writer {
            instance: "shop-db".to_owned(),
            zone: Zone(zone.to_owned()),
        };
        match self {
            Self::Assess(assess::Input::DatabaseAssessed { .. }) => step::output(&Assessment {
                verdict: match situation {
                    Situation::Down => Verdict::FailOver,
                    Situation::Well => Verdict::Healthy,
                },
                writer: writer("eu-central-1a"),
                target: None,
                seen: vec!["status available, and nothing can be written".to_owned()],
            }),
            Self::Database(database::Input::FailoverStarted { .. }) => step::output(&Started {
                seen: "status rebooting".to_owned(),
            }),
            Self::Database(database::Input::WriterMoved { .. }) => step::output(&Moved {
                writer: writer("eu-central-1b"),
                seen: "status available, writer in eu-central-1b".to_owned(),
            }),
            Self::Database(database::Input::Writable { .. }) => step::output(&Written {
                token: "shop-1".to_owned(),
                seen: "stored and read back shop-1".to_owned(),
            }),
            Self::Journal(journal::Input::LockTaken { .. }) => step::output(&Locked {
                epoch: Epoch(7),
                expires_at: Timestamp::UNIX_EPOCH + LOCK_LEASE.signed(),
            }),
            Self::Journal(journal::Input::Recorded { record, .. }) => step::output(&Recorded {
                outcome: record.outcome(),
            }),
            Self::Journal(journal::Input::LockReleased { .. }) => step::output(&Released { was_held: true }),
            Self::Notify(notify::Input::PeopleTold { record, .. }) => step::output(&Told {
                key: record.outcome().to_string(),
                message_id: Some("message-1".to_owned()),
            }),
        }
    }
}

/// One attempt at a step: understood, then answered, or failed with an error of the step contract.
pub(crate) struct Understudy {
    pub(crate) function: String,
    pub(crate) situation: Situation,
    pub(crate) fails: Option<Error>,
}

impl Step for Understudy {
    const NAME: &str = "understudy";

    type Input = Value;

    async fn ensure(&self, payload: Value) -> step::Result<Value> {
        let asked = Asked::read(&self.function, &payload)?;
        match &self.fails {
            Some(error) => Err(error.clone()),
            None => asked.answer(self.situation),
        }
    }
}

/// The step contract's error of that name; none for what Lambda or Step Functions itself reports.
pub(crate) fn error_named(name: &str) -> Option<Error> {
    let text = || "as the script says".to_owned();
    let error = match name {
        Error::NOT_YET => Error::NotYet { seen: text() },
        Error::UNSAFE => Error::Unsafe { why: text() },
        Error::LOCK_HELD => Error::LockHeld {
            holder: "another".to_owned(),
            since: "2026-01-05T09:00:00Z".to_owned(),
            epoch: 6,
        },
        Error::LOCK_LOST => Error::LockLost { why: text() },
        Error::THROTTLED => Error::Throttled {
            call: "rds:Call".to_owned(),
            why: text(),
        },
        Error::UNAVAILABLE => Error::Unavailable {
            call: "rds:Call".to_owned(),
            why: text(),
        },
        Error::REFUSED => Error::Refused {
            call: "rds:Call".to_owned(),
            why: text(),
        },
        Error::DEADLINE_PASSED => Error::DeadlinePassed {
            seconds: 1,
            seen: text(),
        },
        Error::INVALID_INPUT => Error::InvalidInput { what: text() },
        _ => return None,
    };
    Some(error)
}

#[test]
fn the_understudy_can_fail_with_every_error_of_the_contract() {
    for name in Error::NAMES {
        assert_eq!(error_named(name).expect(name).name(), name);
    }
}
