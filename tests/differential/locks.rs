//! The journal's table, asked by the journal itself: conditions, and the item that a failed condition gives back.

use domain::duration::Duration;
use domain::journal::{AlarmSeen, Incident, Journal, Outcome, Question};
use domain::names::{IncidentId, JOURNAL_TABLE, Recovery, SystemName};
use domain::steps::region::{Answer, Approval, Risk};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use jiff::{SignedDuration, Timestamp};
use journal::DynamoJournal;

use crate::side::{Side, heard};
use crate::table::Fields;

const LEASE: Duration = Duration::from_mins(45);

fn journal(side: &Side) -> DynamoJournal {
    DynamoJournal::new(side.dynamodb.clone(), JOURNAL_TABLE)
}

fn shop() -> SystemName {
    "shop".parse().expect("a name")
}

fn run(name: &str) -> IncidentId {
    name.parse().expect("an incident")
}

/// A minute of the day on which all of it happens.
fn at(minute: i64) -> Timestamp {
    let day: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    day + SignedDuration::from_mins(minute)
}

fn incident(name: &str, minute: i64) -> Incident {
    Incident {
        id: run(name),
        system: shop(),
        recovery: Recovery::FailOverDatabase,
        opened_at: at(minute),
        closed_at: at(minute + 1),
        outcome: Outcome::Recovered,
        seen: vec!["the writer moved".to_owned(), String::new(), "ü".to_owned()],
        left: None,
    }
}

pub(crate) fn recorded(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let journal = journal(side);
        let first = journal.record(&incident("shop-1", 1)).await;
        let again = journal.record(&incident("shop-1", 1)).await;
        let told = journal.note_told(&shop(), "key", at(1)).await;
        let told_again = journal.note_told(&shop(), "key", at(1)).await;
        let missing = DynamoJournal::new(side.dynamodb.clone(), "no-such-table");
        let fine = |(): ()| "done".to_owned();
        Fields::default()
            .and("a record", heard(first, fine))
            .and("the same record again", heard(again, fine))
            .and("a message", heard(told, fine))
            .and("the same message again", heard(told_again, fine))
            .and(
                "no such table",
                heard(missing.record(&incident("shop-1", 1)).await, fine),
            )
    }
    .boxed_local()
}

pub(crate) fn taken_and_released(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let journal = journal(side);
        let mut fields = Fields::default();
        for (what, holder, minute) in [
            ("a free lock", "shop-1", 10),
            ("taken again by its holder", "shop-1", 11),
            ("taken by another", "shop-2", 12),
            ("taken by another when it expired", "shop-2", 60),
        ] {
            let taken = journal.take_lock(&shop(), &run(holder), at(minute), LEASE).await;
            fields = fields.and(what, heard(taken, |lock| format!("{lock:?}")));
        }
        for (what, holder, minute) in [
            ("released by who lost it", "shop-1", 61),
            ("released by its holder", "shop-2", 62),
            ("released again", "shop-2", 63),
        ] {
            let released = journal.release_lock(&shop(), &run(holder), at(minute)).await;
            fields = fields.and(what, heard(released, |held| held.to_string()));
        }
        // A request of before the release comes after it.
        let late = journal.take_lock(&shop(), &run("shop-3"), at(61), LEASE).await;
        fields.and(
            "taken before it was released",
            heard(late, |lock| format!("{lock:?}")),
        )
    }
    .boxed_local()
}

pub(crate) fn viewed(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let journal = journal(side);
        for number in 2..=25 {
            let recorded = journal.record(&incident(&format!("shop-{number}"), number)).await;
            recorded.expect("recorded");
        }
        for (in_alarm, minute) in [(true, 30), (false, 20), (false, 31)] {
            let changed_at = at(minute);
            let seen = AlarmSeen { in_alarm, changed_at };
            journal
                .note_alarm(&shop(), "shop-down", seen)
                .await
                .expect("noted");
        }
        let other = "other".parse().expect("a name");
        Fields::default()
            .and(
                "a system's view",
                heard(journal.view(&shop()).await, |view| format!("{view:?}")),
            )
            .and(
                "another's view",
                heard(journal.view(&other).await, |view| format!("{view:?}")),
            )
    }
    .boxed_local()
}

pub(crate) fn asked_and_answered(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let journal = journal(side);
        let question = |token: &str| Question {
            incident: run("shop-9"),
            token: token.to_owned(),
            asked_at: at(1),
            expires_at: at(16),
            risks: vec![Risk::DataLoss],
            answer: None,
        };
        let answer = |by: &str| Approval {
            at: at(2),
            answer: Answer::Approved,
            by: by.to_owned(),
            because: "it is a test".to_owned(),
            accepted: vec![Risk::DataLoss],
            seen: vec![],
        };
        let debugged = |question: Question| format!("{question:?}");
        let none = journal.question(&shop(), &run("shop-9")).await;
        let asked = journal.ask(&shop(), &question("one")).await;
        let answered = journal.answer(&shop(), &run("shop-9"), &answer("anna")).await;
        let twice = journal.answer(&shop(), &run("shop-9"), &answer("bert")).await;
        let renewed = journal.ask(&shop(), &question("two")).await;
        let unasked = journal.answer(&shop(), &run("shop-8"), &answer("anna")).await;
        Fields::default()
            .and(
                "what nobody asked",
                heard(none, |question| format!("{question:?}")),
            )
            .and("asked", heard(asked, debugged))
            .and("answered", heard(answered, debugged))
            .and("answered twice", heard(twice, debugged))
            .and("asked again", heard(renewed, debugged))
            .and("answered, and nobody asked", heard(unasked, debugged))
    }
    .boxed_local()
}
