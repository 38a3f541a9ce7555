//! What a journal is, in sentences. Each is said of both journals: the one in memory, and the one on DynamoDB, through
//! a real SDK client that the embedded table answers. A property then drives both through the same random operations
//! and compares every answer.

mod arming;
mod health;
mod people;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{
    MockResponse, MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock,
};
use domain::duration::Duration;
use domain::journal::{
    AlarmSeen, Armed, Disarmed, HealthIssue, HealthSeen, Incident, Journal, Outcome, RECENT_INCIDENTS, View,
    ZoneLeft,
};
use domain::names::{Epoch, IncidentId, JOURNAL_TABLE, Recovery, SystemName, Zone};
use domain::step::{Error, Result};
use domain::steps::plan::Raise;
use domain::steps::region::GroupSize;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use journal::{DynamoJournal, MemoryJournal};
use proptest::prelude::*;
use rehearsal::dynamodb::{Tables, answer, rules};

use arming::{
    a_disarmed_system_still_gives_its_lock, a_system_is_armed_until_somebody_disarms_it,
    arming_says_what_was_and_keeps_who_did_it, disarming_one_system_leaves_another_armed,
    the_first_disarming_stands_until_somebody_arms_it, who_armed_it_last_outlives_the_next_disarming,
};
use health::{
    a_copy_of_what_aws_health_said_changes_nothing, a_view_holds_few_issues_and_the_open_ones_first,
    an_issue_with_the_longest_arn_is_noted, of_two_words_of_one_moment_the_one_that_closes_stands,
    what_aws_health_said_later_stands_in_whatever_order_it_comes,
};
use people::{
    a_question_reads_back_as_it_was_asked, an_answer_outlives_a_new_token,
    asked_again_a_question_takes_the_new_token_and_keeps_the_rest,
    every_redrive_of_a_run_is_kept_in_order_and_a_repetition_once,
    questions_and_wishes_are_no_part_of_a_view, questions_of_two_runs_are_two,
    the_first_answer_to_a_question_stands, the_first_wish_to_stop_a_run_stands,
    what_nobody_asked_cannot_be_answered,
};

const LEASE: Duration = Duration::from_mins(45);

fn system(name: &str) -> SystemName {
    name.parse().expect("a valid name")
}

fn shop() -> SystemName {
    system("shop")
}

fn incident(name: &str) -> IncidentId {
    name.parse().expect("a valid incident")
}

/// An instant of the day on which everything here happens.
fn at(time: &str) -> Timestamp {
    format!("2026-10-01T{time}Z").parse().expect("a valid time")
}

fn recorded(id: &str, opened_at: Timestamp) -> Incident {
    Incident {
        id: incident(id),
        system: shop(),
        recovery: Recovery::FailOverDatabase,
        opened_at,
        closed_at: opened_at + SignedDuration::from_secs(90),
        outcome: Outcome::Recovered,
        seen: vec!["shop-db: available in eu-central-1b".to_owned()],
        left: None,
    }
}

fn ids(view: &View) -> Vec<&str> {
    view.incidents
        .iter()
        .map(|incident| incident.id.as_str())
        .collect()
}

/// The empty table of the journal.
fn empty_table() -> Arc<Mutex<Tables>> {
    Arc::new(Mutex::new(Tables::new().with_table(JOURNAL_TABLE, "pk", "sk")))
}

/// A journal that such rules answer, as a function has it: without retries of the SDK.
#[expect(
    clippy::disallowed_methods,
    reason = "the client is handed in here, and answered by the embedded table"
)]
fn journal_answered_by(rules: &[Rule]) -> DynamoJournal {
    let answers = rules.iter().fold(
        MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
        MockResponseInterceptor::with_rule,
    );
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(create_mock_http_client())
        .interceptor(answers)
        .retry_config(RetryConfig::disabled())
        .build();
    DynamoJournal::new(Client::from_conf(config), JOURNAL_TABLE)
}

fn journal_on_dynamodb() -> DynamoJournal {
    journal_answered_by(&rules(empty_table()))
}

/// Says each sentence of both journals.
macro_rules! contract {
    ($($sentence:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $sentence() -> super::Result<()> {
                super::$sentence(super::MemoryJournal::new()).await
            })*
        }

        mod dynamodb {
            $(#[tokio::test]
            async fn $sentence() -> super::Result<()> {
                super::$sentence(super::journal_on_dynamodb()).await
            })*
        }
    };
}

contract! {
    a_free_lock_goes_to_whoever_asks,
    a_held_lock_refuses_everybody_else_and_names_its_holder,
    taking_a_lock_again_answers_the_same_and_does_not_prolong_it,
    a_lock_expires_at_the_end_of_its_lease,
    a_holder_whose_lock_expired_takes_it_under_a_new_epoch,
    epochs_only_grow,
    the_lock_of_one_system_does_not_bind_another,
    only_the_holder_releases_a_lock_and_only_once,
    an_expired_lock_is_shown_until_its_holder_releases_it,
    a_late_release_does_not_take_the_lock_from_the_next_holder,
    a_request_that_was_held_up_does_not_take_a_lock_that_was_released_since,
    a_request_that_was_held_up_does_not_take_a_lock_that_its_run_gave_up_without_ever_holding_it,
    a_release_that_was_held_up_does_not_release_what_was_taken_since,
    of_many_takers_at_once_one_wins,
    the_first_record_of_an_incident_stands,
    incidents_are_seen_newest_first,
    incidents_are_seen_twenty_at_most,
    incidents_opened_at_once_have_one_order,
    incidents_of_one_system_are_not_seen_in_another,
    large_incidents_are_all_seen,
    a_later_state_of_an_alarm_replaces_an_earlier_one,
    a_state_of_an_alarm_that_comes_late_is_ignored,
    alarms_are_told_apart_whatever_their_names,
    a_copy_of_what_aws_health_said_changes_nothing,
    what_aws_health_said_later_stands_in_whatever_order_it_comes,
    of_two_words_of_one_moment_the_one_that_closes_stands,
    a_view_holds_few_issues_and_the_open_ones_first,
    an_issue_with_the_longest_arn_is_noted,
    people_are_told_once_per_key_and_system,
    times_are_kept_to_the_millisecond,
    an_unknown_system_has_no_past,
    a_view_holds_lock_incidents_and_alarms,
    a_question_reads_back_as_it_was_asked,
    asked_again_a_question_takes_the_new_token_and_keeps_the_rest,
    the_first_answer_to_a_question_stands,
    an_answer_outlives_a_new_token,
    what_nobody_asked_cannot_be_answered,
    questions_of_two_runs_are_two,
    the_first_wish_to_stop_a_run_stands,
    every_redrive_of_a_run_is_kept_in_order_and_a_repetition_once,
    questions_and_wishes_are_no_part_of_a_view,
    a_system_is_armed_until_somebody_disarms_it,
    the_first_disarming_stands_until_somebody_arms_it,
    arming_says_what_was_and_keeps_who_did_it,
    who_armed_it_last_outlives_the_next_disarming,
    disarming_one_system_leaves_another_armed,
    a_disarmed_system_still_gives_its_lock,
}

async fn a_free_lock_goes_to_whoever_asks(journal: impl Journal) -> Result<()> {
    assert_eq!(journal.lock(&shop()).await?, None);
    let lock = journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await?;
    assert_eq!((lock.epoch, &lock.holder), (Epoch(1), &incident("a")));
    assert_eq!((lock.taken_at, lock.expires_at), (at("10:00:00"), at("10:45:00")));
    assert_eq!(journal.lock(&shop()).await?, Some(lock));
    Ok(())
}

async fn a_held_lock_refuses_everybody_else_and_names_its_holder(journal: impl Journal) -> Result<()> {
    let lock = journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await?;
    for _ in 0..2 {
        let refusal = journal
            .take_lock(&shop(), &incident("b"), at("10:00:01"), LEASE)
            .await;
        let (holder, since) = ("a".to_owned(), "2026-10-01T10:00:00Z".to_owned());
        assert_eq!(
            refusal,
            Err(Error::LockHeld {
                holder,
                since,
                epoch: 1
            })
        );
    }
    assert_eq!(
        journal.lock(&shop()).await?,
        Some(lock),
        "a refusal changes nothing"
    );
    Ok(())
}

async fn taking_a_lock_again_answers_the_same_and_does_not_prolong_it(journal: impl Journal) -> Result<()> {
    let lock = journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await?;
    for time in ["10:00:00", "10:44:59.999", "09:00:00"] {
        let again = journal
            .take_lock(&shop(), &incident("a"), at(time), Duration::from_mins(90))
            .await?;
        assert_eq!(again, lock, "asked again at {time}");
    }
    Ok(())
}

async fn a_lock_expires_at_the_end_of_its_lease(journal: impl Journal) -> Result<()> {
    journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await?;
    let early = journal
        .take_lock(&shop(), &incident("b"), at("10:44:59.999"), LEASE)
        .await;
    assert_eq!(early.expect_err("not yet expired").name(), Error::LOCK_HELD);
    let lock = journal
        .take_lock(&shop(), &incident("b"), at("10:45:00"), LEASE)
        .await?;
    assert_eq!((lock.epoch, lock.holder), (Epoch(2), incident("b")));
    let late = journal
        .take_lock(&shop(), &incident("a"), at("10:45:01"), LEASE)
        .await;
    assert_eq!(late.expect_err("taken over").name(), Error::LOCK_HELD);
    Ok(())
}

async fn a_holder_whose_lock_expired_takes_it_under_a_new_epoch(journal: impl Journal) -> Result<()> {
    journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await?;
    let lock = journal
        .take_lock(&shop(), &incident("a"), at("10:45:00"), LEASE)
        .await?;
    assert_eq!((lock.epoch, lock.expires_at), (Epoch(2), at("11:30:00")));
    Ok(())
}

async fn epochs_only_grow(journal: impl Journal) -> Result<()> {
    for round in 1..=60 {
        let holder = incident(&format!("run-{}", round % 3));
        // Every fifth run dies without a release; by the next one its lock has expired.
        let now = at("00:00:00") + SignedDuration::from_hours(round as i64);
        let lock = journal.take_lock(&shop(), &holder, now, LEASE).await?;
        assert_eq!(lock.epoch, Epoch(round));
        if round % 5 != 0 {
            assert!(journal.release_lock(&shop(), &holder, now).await?);
        }
    }
    Ok(())
}

async fn the_lock_of_one_system_does_not_bind_another(journal: impl Journal) -> Result<()> {
    journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await?;
    let other = journal
        .take_lock(&system("sho"), &incident("b"), at("10:00:00"), LEASE)
        .await?;
    assert_eq!(other.epoch, Epoch(1));
    assert!(
        !journal
            .release_lock(&system("sho"), &incident("a"), at("10:00:00"))
            .await?
    );
    Ok(())
}

async fn only_the_holder_releases_a_lock_and_only_once(journal: impl Journal) -> Result<()> {
    assert!(
        !journal
            .release_lock(&shop(), &incident("a"), at("10:00:00"))
            .await?,
        "nobody took it yet"
    );
    journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await?;
    assert!(
        !journal
            .release_lock(&shop(), &incident("b"), at("10:00:00"))
            .await?
    );
    assert!(journal.lock(&shop()).await?.is_some());
    assert!(
        journal
            .release_lock(&shop(), &incident("a"), at("10:00:00"))
            .await?
    );
    assert!(
        !journal
            .release_lock(&shop(), &incident("a"), at("10:00:00"))
            .await?
    );
    assert_eq!(journal.lock(&shop()).await?, None);
    Ok(())
}

async fn an_expired_lock_is_shown_until_its_holder_releases_it(journal: impl Journal) -> Result<()> {
    let lock = journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), Duration::from_millis(0))
        .await?;
    assert!(!lock.is_held(at("10:00:00")));
    assert_eq!(journal.lock(&shop()).await?, Some(lock));
    assert!(
        journal
            .release_lock(&shop(), &incident("a"), at("10:00:00"))
            .await?
    );
    Ok(())
}

async fn a_late_release_does_not_take_the_lock_from_the_next_holder(journal: impl Journal) -> Result<()> {
    journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await?;
    let next = journal
        .take_lock(&shop(), &incident("b"), at("10:45:00"), LEASE)
        .await?;
    assert!(
        !journal
            .release_lock(&shop(), &incident("a"), at("10:45:00"))
            .await?
    );
    assert_eq!(journal.lock(&shop()).await?, Some(next));
    Ok(())
}

/// A request that was held up on its way is told to ask again.
#[track_caller]
fn came_too_late<T: std::fmt::Debug>(answer: &Result<T>) {
    assert!(matches!(answer, Err(Error::Unavailable { .. })), "{answer:?}");
}

async fn a_request_that_was_held_up_does_not_take_a_lock_that_was_released_since(
    journal: impl Journal,
) -> Result<()> {
    journal
        .take_lock(&shop(), &incident("a"), at("10:00:05"), LEASE)
        .await?;
    journal
        .release_lock(&shop(), &incident("a"), at("10:00:06"))
        .await?;
    let sent_before = journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await;
    came_too_late(&sent_before);
    assert_eq!(journal.lock(&shop()).await?, None);
    journal
        .take_lock(&shop(), &incident("b"), at("10:01:00"), LEASE)
        .await?;
    Ok(())
}

async fn a_request_that_was_held_up_does_not_take_a_lock_that_its_run_gave_up_without_ever_holding_it(
    journal: impl Journal,
) -> Result<()> {
    assert!(
        !journal
            .release_lock(&shop(), &incident("a"), at("10:00:30"))
            .await?
    );
    let sent_before = journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await;
    came_too_late(&sent_before);
    assert_eq!(journal.lock(&shop()).await?, None);
    // Nor does a release that is late itself open the way again.
    assert!(
        !journal
            .release_lock(&shop(), &incident("b"), at("10:00:00"))
            .await?
    );
    let still_late = journal
        .take_lock(&shop(), &incident("a"), at("10:00:10"), LEASE)
        .await;
    assert!(still_late.is_err(), "{still_late:?}");
    let later = journal
        .take_lock(&shop(), &incident("b"), at("10:00:30"), LEASE)
        .await?;
    assert_eq!(
        later.epoch,
        Epoch(1),
        "giving up what was not held counts for nothing"
    );
    Ok(())
}

async fn a_release_that_was_held_up_does_not_release_what_was_taken_since(
    journal: impl Journal,
) -> Result<()> {
    let lock = journal
        .take_lock(&shop(), &incident("a"), at("10:00:05"), LEASE)
        .await?;
    let sent_before = journal
        .release_lock(&shop(), &incident("a"), at("10:00:00"))
        .await;
    came_too_late(&sent_before);
    assert_eq!(journal.lock(&shop()).await?, Some(lock));
    Ok(())
}

async fn of_many_takers_at_once_one_wins(journal: impl Journal) -> Result<()> {
    let takers: Vec<IncidentId> = (0..10).map(|number| incident(&format!("run-{number}"))).collect();
    let shop = shop();
    let take = |taker| journal.take_lock(&shop, taker, at("10:00:00"), LEASE);
    let answers = join_all(takers.iter().chain(&takers).map(take)).await;
    let won: Vec<_> = answers.iter().flatten().collect();
    let holder = journal.lock(&shop).await?.expect("somebody won");
    assert_eq!(won, [&holder, &holder], "the winner asked twice");
    let lost = answers.iter().filter_map(|answer| answer.as_ref().err());
    assert!(lost.clone().all(|error| error.name() == Error::LOCK_HELD));
    assert_eq!(lost.count(), 18);
    Ok(())
}

async fn the_first_record_of_an_incident_stands(journal: impl Journal) -> Result<()> {
    let first = recorded("a", at("10:00:00"));
    journal.record(&first).await?;
    journal.record(&first).await?;
    journal
        .record(&Incident {
            outcome: Outcome::Paged,
            seen: vec![],
            ..first.clone()
        })
        .await?;
    assert_eq!(journal.view(&shop()).await?.incidents, [first]);
    Ok(())
}

async fn incidents_are_seen_newest_first(journal: impl Journal) -> Result<()> {
    for (id, time) in [
        ("b", "10:00:00"),
        ("d", "11:00:00"),
        ("a", "09:59:59.999"),
        ("c", "10:00:00.001"),
    ] {
        journal.record(&recorded(id, at(time))).await?;
    }
    assert_eq!(ids(&journal.view(&shop()).await?), ["d", "c", "b", "a"]);
    Ok(())
}

async fn incidents_are_seen_twenty_at_most(journal: impl Journal) -> Result<()> {
    assert_eq!(RECENT_INCIDENTS, 20);
    // 7 and 25 have no common divisor: every number comes once, in no order.
    for number in (0..25).map(|index| index * 7 % 25) {
        let opened_at = at("10:00:00") + SignedDuration::from_secs(number);
        journal
            .record(&recorded(&format!("run-{number}"), opened_at))
            .await?;
    }
    let view = journal.view(&shop()).await?;
    let expected: Vec<String> = (5..25).rev().map(|number| format!("run-{number}")).collect();
    assert_eq!(ids(&view), expected);
    Ok(())
}

async fn incidents_opened_at_once_have_one_order(journal: impl Journal) -> Result<()> {
    for id in ["b", "c", "a", "a-1", "A"] {
        journal.record(&recorded(id, at("10:00:00"))).await?;
    }
    assert_eq!(ids(&journal.view(&shop()).await?), ["c", "b", "a-1", "a", "A"]);
    Ok(())
}

async fn incidents_of_one_system_are_not_seen_in_another(journal: impl Journal) -> Result<()> {
    journal.record(&recorded("a", at("10:00:00"))).await?;
    for other in ["sho", "shop-2", "shoq"] {
        assert_eq!(journal.view(&system(other)).await?, View::default(), "{other}");
    }
    Ok(())
}

/// Twenty incidents of 200 KB are more than four pages of a query.
async fn large_incidents_are_all_seen(journal: impl Journal) -> Result<()> {
    for number in 0..22 {
        let incident = recorded(
            &format!("run-{number}"),
            at("10:00:00") + SignedDuration::from_secs(number),
        );
        journal
            .record(&Incident {
                seen: vec!["é".repeat(100_000)],
                ..incident
            })
            .await?;
    }
    let view = journal.view(&shop()).await?;
    assert_eq!(view.incidents.len(), 20);
    assert_eq!(
        view.incidents.first().map(|incident| incident.id.as_str()),
        Some("run-21")
    );
    assert!(
        view.incidents
            .iter()
            .all(|incident| incident.seen[0].len() == 200_000)
    );
    Ok(())
}

async fn a_later_state_of_an_alarm_replaces_an_earlier_one(journal: impl Journal) -> Result<()> {
    for (in_alarm, time) in [(true, "10:00:00"), (false, "10:00:00.001"), (true, "10:05:00")] {
        let seen = AlarmSeen {
            in_alarm,
            changed_at: at(time),
        };
        for _ in 0..2 {
            journal.note_alarm(&shop(), "db-down", seen).await?;
            assert_eq!(
                journal.view(&shop()).await?.alarms,
                [("db-down".to_owned(), seen)].into()
            );
        }
    }
    Ok(())
}

async fn a_state_of_an_alarm_that_comes_late_is_ignored(journal: impl Journal) -> Result<()> {
    let noted = AlarmSeen {
        in_alarm: true,
        changed_at: at("10:00:00.500"),
    };
    journal.note_alarm(&shop(), "db-down", noted).await?;
    for time in ["09:00:00", "10:00:00.499", "10:00:00.500", "10:00:00.500999"] {
        let late = AlarmSeen {
            in_alarm: false,
            changed_at: at(time),
        };
        journal.note_alarm(&shop(), "db-down", late).await?;
        assert_eq!(journal.view(&shop()).await?.alarms["db-down"], noted, "{time}");
    }
    Ok(())
}

async fn alarms_are_told_apart_whatever_their_names(journal: impl Journal) -> Result<()> {
    let names = ["a", "a#b", "#", "lock", "Störung / \"db\"", " ", &"x".repeat(255)];
    for (second, name) in (0..).zip(names) {
        let changed_at = at("10:00:00") + SignedDuration::from_secs(second);
        journal
            .note_alarm(
                &shop(),
                name,
                AlarmSeen {
                    in_alarm: true,
                    changed_at,
                },
            )
            .await?;
    }
    let view = journal.view(&shop()).await?;
    assert_eq!(view.alarms.len(), names.len());
    assert_eq!(view.alarms["a#b"].changed_at, at("10:00:01"));
    assert_eq!(view.lock, None);
    Ok(())
}

async fn people_are_told_once_per_key_and_system(journal: impl Journal) -> Result<()> {
    assert!(!journal.was_told(&shop(), "a/recovered").await?);
    for time in ["10:00:00", "10:00:05"] {
        journal.note_told(&shop(), "a/recovered", at(time)).await?;
        assert!(journal.was_told(&shop(), "a/recovered").await?);
    }
    for (other, key) in [
        ("shop", "a"),
        ("shop", "a/paged"),
        ("shop", ""),
        ("sho", "a/recovered"),
    ] {
        assert!(!journal.was_told(&system(other), key).await?, "{other}: {key}");
    }
    assert_eq!(journal.view(&shop()).await?, View::default());
    Ok(())
}

async fn times_are_kept_to_the_millisecond(journal: impl Journal) -> Result<()> {
    let fine = at("10:00:00.123999999");
    let lock = journal.take_lock(&shop(), &incident("a"), fine, LEASE).await?;
    journal
        .record(&Incident {
            closed_at: fine,
            ..recorded("a", fine)
        })
        .await?;
    journal
        .note_alarm(
            &shop(),
            "db-down",
            AlarmSeen {
                in_alarm: true,
                changed_at: fine,
            },
        )
        .await?;
    let view = journal.view(&shop()).await?;
    let coarse = at("10:00:00.123");
    assert_eq!((lock.taken_at, lock.expires_at), (coarse, at("10:45:00.123")));
    assert_eq!(view.lock, Some(lock));
    assert_eq!(
        (view.incidents[0].opened_at, view.incidents[0].closed_at),
        (coarse, coarse)
    );
    assert_eq!(view.alarms["db-down"].changed_at, coarse);
    Ok(())
}

async fn an_unknown_system_has_no_past(journal: impl Journal) -> Result<()> {
    assert_eq!(journal.view(&shop()).await?, View::default());
    assert_eq!(journal.lock(&shop()).await?, None);
    Ok(())
}

async fn a_view_holds_lock_incidents_and_alarms(journal: impl Journal) -> Result<()> {
    let past = recorded("a", at("08:00:00"));
    let seen = AlarmSeen {
        in_alarm: true,
        changed_at: at("10:00:00"),
    };
    journal.record(&past).await?;
    journal.note_alarm(&shop(), "db-down", seen).await?;
    journal.note_told(&shop(), "a/recovered", at("08:02:00")).await?;
    let lock = journal
        .take_lock(&shop(), &incident("b"), at("10:00:03"), LEASE)
        .await?;
    let alarms = [("db-down".to_owned(), seen)].into();
    let view = View {
        lock: Some(lock),
        incidents: vec![past],
        alarms,
        health: BTreeMap::new(),
        disarmed: None,
    };
    assert_eq!(journal.view(&shop()).await?, view);
    assert_eq!(journal.view(&shop()).await?, view, "looking changes nothing");
    journal
        .release_lock(&shop(), &incident("b"), at("10:00:04"))
        .await?;
    assert_eq!(journal.view(&shop()).await?, View { lock: None, ..view });
    Ok(())
}

/// Takers in threads of their own, each with its own client, as Lambda functions are.
#[test]
fn of_many_threads_one_wins_every_epoch() {
    let table = empty_table();
    let contend = |name: String| {
        let table = Arc::clone(&table);
        move || {
            let journal = journal_answered_by(&rules(table));
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let me = incident(&name);
                let mut won = Vec::new();
                while won.len() < 20 {
                    if let Ok(lock) = journal.take_lock(&shop(), &me, at("10:00:00"), LEASE).await {
                        assert_eq!(
                            journal.lock(&shop()).await,
                            Ok(Some(lock.clone())),
                            "nobody else has it"
                        );
                        won.push(lock.epoch);
                        assert_eq!(journal.release_lock(&shop(), &me, at("10:00:00")).await, Ok(true));
                    } else {
                        std::thread::yield_now();
                    }
                }
                won
            })
        }
    };
    let threads: Vec<_> = (0..4)
        .map(|number| std::thread::spawn(contend(format!("run-{number}"))))
        .collect();
    let mut epochs: Vec<Epoch> = threads
        .into_iter()
        .flat_map(|thread| thread.join().expect("no panic"))
        .collect();
    epochs.sort_unstable();
    assert_eq!(epochs, (1..=80).map(Epoch).collect::<Vec<_>>());
}

/// A journal whose writes to the lock take effect while `lost` is set, and whose answers then never arrive.
fn journal_losing_answers(lost: &Arc<AtomicBool>) -> DynamoJournal {
    let table = empty_table();
    let lost = Arc::clone(lost);
    let update = answer(&table, Tables::update_item);
    let losing = mock!(Client::update_item).then_compute_response(move |input| {
        let answered = update(input);
        if lost.load(Ordering::Relaxed) {
            let fault = ErrorMetadata::builder()
                .code("InternalServerError")
                .message("lost on the way")
                .build();
            MockResponse::Error(UpdateItemError::generic(fault))
        } else {
            answered
        }
    });
    journal_answered_by(&[vec![losing], rules(table)].concat())
}

#[tokio::test]
async fn a_lock_that_was_taken_without_an_answer_is_the_takers_at_the_next_call() -> Result<()> {
    let lost = Arc::new(AtomicBool::new(true));
    let journal = journal_losing_answers(&lost);
    let unanswered = journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await;
    assert_eq!(unanswered.expect_err("lost").name(), Error::UNAVAILABLE);
    lost.store(false, Ordering::Relaxed);
    let other = journal
        .take_lock(&shop(), &incident("b"), at("10:00:02"), LEASE)
        .await;
    assert_eq!(other.expect_err("held").name(), Error::LOCK_HELD);
    let lock = journal
        .take_lock(&shop(), &incident("a"), at("10:00:03"), LEASE)
        .await?;
    assert_eq!((lock.epoch, lock.taken_at), (Epoch(1), at("10:00:00")));
    Ok(())
}

#[tokio::test]
async fn a_release_without_an_answer_has_released_the_lock() -> Result<()> {
    let lost = Arc::new(AtomicBool::new(false));
    let journal = journal_losing_answers(&lost);
    journal
        .take_lock(&shop(), &incident("a"), at("10:00:00"), LEASE)
        .await?;
    lost.store(true, Ordering::Relaxed);
    let unanswered = journal
        .release_lock(&shop(), &incident("a"), at("10:00:00"))
        .await;
    assert_eq!(unanswered.expect_err("lost").name(), Error::UNAVAILABLE);
    lost.store(false, Ordering::Relaxed);
    assert!(
        !journal
            .release_lock(&shop(), &incident("a"), at("10:00:00"))
            .await?
    );
    assert_eq!(
        journal
            .take_lock(&shop(), &incident("b"), at("10:00:01"), LEASE)
            .await?
            .epoch,
        Epoch(2)
    );
    Ok(())
}

#[tokio::test]
async fn a_disarming_without_an_answer_stands_and_an_arming_without_one_has_armed() -> Result<()> {
    let lost = Arc::new(AtomicBool::new(true));
    let journal = journal_losing_answers(&lost);
    let disarmed = |by: &str, time| Disarmed {
        at: at(time),
        by: by.to_owned(),
        because: "maintenance".to_owned(),
    };
    let armed = Armed {
        at: at("10:00:02"),
        by: "ana".to_owned(),
        because: "done".to_owned(),
    };
    let first = disarmed("ana", "10:00:00");
    let unanswered = journal.disarm(&shop(), &first).await;
    assert_eq!(unanswered.expect_err("lost").name(), Error::UNAVAILABLE);
    lost.store(false, Ordering::Relaxed);
    assert_eq!(
        journal.disarm(&shop(), &disarmed("ben", "10:00:01")).await?,
        first
    );
    lost.store(true, Ordering::Relaxed);
    let unanswered = journal.arm(&shop(), &armed).await;
    assert_eq!(unanswered.expect_err("lost").name(), Error::UNAVAILABLE);
    lost.store(false, Ordering::Relaxed);
    assert_eq!(journal.view(&shop()).await?.disarmed, None);
    assert_eq!(journal.last_armed(&shop()).await?, Some(armed.clone()));
    assert_eq!(journal.arm(&shop(), &armed).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_not_there_is_refused() {
    let journal = journal_answered_by(&rules(Arc::new(Mutex::new(Tables::new()))));
    let error = journal.view(&shop()).await.expect_err("no table");
    assert_eq!(error.name(), Error::REFUSED);
    assert!(error.to_string().contains("dynamodb:Query"), "{error}");
    assert!(error.to_string().contains("ResourceNotFoundException"), "{error}");
}

#[tokio::test]
async fn a_throttled_table_asks_for_patience() {
    let throttled = mock!(Client::get_item).then_error(|| {
        let fault = ErrorMetadata::builder()
            .code("ThrottlingException")
            .message("slow down")
            .build();
        aws_sdk_dynamodb::operation::get_item::GetItemError::generic(fault)
    });
    let journal = journal_answered_by(&[throttled]);
    let error = journal.lock(&shop()).await.expect_err("throttled");
    assert_eq!(error.name(), Error::THROTTLED);
    assert!(error.to_string().contains("dynamodb:GetItem"), "{error}");
}

#[tokio::test]
async fn what_could_not_be_written_is_not_called_written() {
    fn fault() -> ErrorMetadata {
        ErrorMetadata::builder()
            .code("ThrottlingException")
            .message("slow down")
            .build()
    }
    let put = mock!(Client::put_item)
        .then_error(|| aws_sdk_dynamodb::operation::put_item::PutItemError::generic(fault()));
    let update = mock!(Client::update_item).then_error(|| UpdateItemError::generic(fault()));
    let journal = journal_answered_by(&[put, update]);
    let seen = AlarmSeen {
        in_alarm: true,
        changed_at: at("10:00:00"),
    };
    let yes = people::answer(domain::steps::region::Answer::Approved, "on-call");
    for refused in [
        journal.record(&recorded("a", at("10:00:00"))).await.err(),
        journal.note_alarm(&shop(), "down", seen).await.err(),
        journal.answer(&shop(), &incident("a"), &yes).await.err(),
    ] {
        assert_eq!(refused.expect("throttled").name(), Error::THROTTLED);
    }
}

/// A table that is not ours, or was flooded, must not keep a decision reading for ever.
#[tokio::test]
async fn a_view_of_far_too_much_is_refused() {
    let table = empty_table();
    for number in 0..80 {
        let item = [
            ("pk", "system#shop".to_owned()),
            ("sk", format!("state#alarm#{number:02}")),
            ("alarm", format!("{number:02}")),
            ("flood", "x".repeat(300 * 1024)),
        ];
        let item = item
            .map(|(name, text)| (name.to_owned(), AttributeValue::S(text)))
            .into();
        let put = aws_sdk_dynamodb::operation::put_item::PutItemInput::builder();
        let put = put
            .table_name(JOURNAL_TABLE)
            .set_item(Some(item))
            .build()
            .expect("complete");
        table.lock().expect("not poisoned").put_item(&put).expect("valid");
    }
    let error = journal_answered_by(&rules(table))
        .view(&shop())
        .await
        .expect_err("too much");
    assert_eq!(error.name(), Error::REFUSED);
    assert!(error.to_string().contains("more than 16 pages"), "{error}");
}

#[tokio::test]
async fn what_people_were_told_is_forgotten_after_thirty_days() -> Result<()> {
    let table = empty_table();
    let journal = journal_answered_by(&rules(Arc::clone(&table)));
    journal
        .note_told(&shop(), "a/recovered", at("10:00:00.999"))
        .await?;
    let table = table.lock().expect("not poisoned");
    let items: Vec<_> = table.items(JOURNAL_TABLE).collect();
    let [item] = items.as_slice() else {
        panic!("one item, got {items:?}")
    };
    let thirty_days_later: Timestamp = "2026-10-31T10:00:00Z".parse().expect("a valid time");
    assert_eq!(
        item["ttl"],
        AttributeValue::N(thirty_days_later.as_second().to_string())
    );
    Ok(())
}

#[tokio::test]
async fn what_aws_health_said_is_kept_for_three_days() -> Result<()> {
    let table = empty_table();
    let journal = journal_answered_by(&rules(Arc::clone(&table)));
    let heard = at("10:00:00");
    let seen = domain::journal::HealthSeen {
        service: "RDS".to_owned(),
        region: "eu-central-1".parse().expect("a Region"),
        event_type: "AWS_RDS_OPERATIONAL_ISSUE".to_owned(),
        status: domain::journal::HealthIssue::Open,
        since: heard,
        said_at: heard,
        heard_at: heard,
    };
    journal.note_health(&shop(), "arn", &seen).await?;
    let table = table.lock().expect("not poisoned");
    let items: Vec<_> = table.items(JOURNAL_TABLE).collect();
    let [item] = items.as_slice() else {
        panic!("one item, got {items:?}")
    };
    let three_days_later = heard.as_second() + 3 * 24 * 3600;
    assert_eq!(item["ttl"], AttributeValue::N(three_days_later.to_string()));
    Ok(())
}

/// Something that can be asked of a journal.
#[derive(Clone, Debug)]
enum Operation {
    TakeLock {
        system: SystemName,
        holder: IncidentId,
        now: Timestamp,
        lease: Duration,
    },
    ReadLock {
        system: SystemName,
    },
    ReleaseLock {
        system: SystemName,
        holder: IncidentId,
        now: Timestamp,
    },
    Record {
        incident: Incident,
    },
    NoteAlarm {
        system: SystemName,
        alarm: String,
        seen: AlarmSeen,
    },
    NoteHealth {
        system: SystemName,
        arn: String,
        seen: HealthSeen,
    },
    WasTold {
        system: SystemName,
        key: String,
    },
    NoteTold {
        system: SystemName,
        key: String,
        now: Timestamp,
    },
    Disarm {
        system: SystemName,
        disarmed: Disarmed,
    },
    Arm {
        system: SystemName,
        armed: Armed,
    },
    LastArmed {
        system: SystemName,
    },
}

impl Operation {
    fn system(&self) -> &SystemName {
        match self {
            Self::Record { incident } => &incident.system,
            Self::TakeLock { system, .. }
            | Self::ReadLock { system }
            | Self::ReleaseLock { system, .. }
            | Self::NoteAlarm { system, .. }
            | Self::NoteHealth { system, .. }
            | Self::WasTold { system, .. }
            | Self::NoteTold { system, .. }
            | Self::Disarm { system, .. }
            | Self::Arm { system, .. }
            | Self::LastArmed { system } => system,
        }
    }

    /// What a journal answers, in a form in which answers compare.
    async fn ask(&self, journal: &impl Journal) -> String {
        match self.clone() {
            Self::TakeLock {
                system,
                holder,
                now,
                lease,
            } => {
                format!("{:?}", journal.take_lock(&system, &holder, now, lease).await)
            }
            Self::ReadLock { system } => format!("{:?}", journal.lock(&system).await),
            Self::ReleaseLock { system, holder, now } => {
                format!("{:?}", journal.release_lock(&system, &holder, now).await)
            }
            Self::Record { incident } => format!("{:?}", journal.record(&incident).await),
            Self::NoteAlarm { system, alarm, seen } => {
                format!("{:?}", journal.note_alarm(&system, &alarm, seen).await)
            }
            Self::NoteHealth { system, arn, seen } => {
                format!("{:?}", journal.note_health(&system, &arn, &seen).await)
            }
            Self::WasTold { system, key } => format!("{:?}", journal.was_told(&system, &key).await),
            Self::NoteTold { system, key, now } => {
                format!("{:?}", journal.note_told(&system, &key, now).await)
            }
            Self::Disarm { system, disarmed } => {
                format!("{:?}", journal.disarm(&system, &disarmed).await)
            }
            Self::Arm { system, armed } => format!("{:?}", journal.arm(&system, &armed).await),
            Self::LastArmed { system } => format!("{:?}", journal.last_armed(&system).await),
        }
    }
}

/// Few names and few instants, so that operations meet; among the instants are fractions of a millisecond.
fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let systems = || prop::sample::select(vec![system("shop"), system("sho")]);
    let holders = || prop::sample::select(vec![incident("a"), incident("b"), incident("c")]);
    let times = || (0i64..40).prop_map(|step| at("10:00:00") + SignedDuration::from_micros(step * 400));
    let leases = (0u64..8).prop_map(Duration::from_millis);
    let alarms = prop::sample::select(vec!["a".to_owned(), "a#b".to_owned(), "é".to_owned()]);
    let issues = prop::sample::select(vec!["arn:1".to_owned(), "arn:2".to_owned()]);
    let statuses = prop::sample::select(vec![HealthIssue::Open, HealthIssue::Closed]);
    let keys = || prop::sample::select(vec!["a/recovered".to_owned(), "a/paged".to_owned()]);
    let outcomes = prop::sample::select(vec![
        Outcome::Recovered,
        Outcome::StoodDown,
        Outcome::RolledBack,
        Outcome::Paged,
    ]);
    let seen = prop::collection::vec(".{0,8}", 0..3);
    let wishes = || (times(), prop::sample::select(vec!["ana", "ben"]), ".{1,8}");
    let left = prop::option::of((".{0,8}", 0u32..9).prop_map(|(zone, desired)| ZoneLeft {
        zone: Zone(zone),
        raise: Raise::of(
            GroupSize {
                min: 1,
                desired,
                max: 8,
            },
            6,
        ),
    }));
    let incidents = (systems(), holders(), times(), times(), outcomes, seen, left).prop_map(
        |(system, id, opened_at, closed_at, outcome, seen, left)| Incident {
            id,
            system,
            recovery: Recovery::FailOverDatabase,
            opened_at,
            closed_at,
            outcome,
            seen,
            left,
        },
    );
    let operation = prop_oneof![
        4 => (systems(), holders(), times(), leases)
            .prop_map(|(system, holder, now, lease)| Operation::TakeLock { system, holder, now, lease }),
        1 => systems().prop_map(|system| Operation::ReadLock { system }),
        3 => (systems(), holders(), times()).prop_map(|(system, holder, now)| {
            Operation::ReleaseLock { system, holder, now }
        }),
        2 => incidents.prop_map(|incident| Operation::Record { incident }),
        2 => (systems(), alarms, any::<bool>(), times()).prop_map(|(system, alarm, in_alarm, changed_at)| {
            Operation::NoteAlarm { system, alarm, seen: AlarmSeen { in_alarm, changed_at } }
        }),
        2 => (systems(), issues, statuses, times(), times()).prop_map(|(system, arn, status, said_at, heard_at)| {
            Operation::NoteHealth { system, arn, seen: HealthSeen { heard_at, ..health::said(status, said_at) } }
        }),
        1 => (systems(), keys()).prop_map(|(system, key)| Operation::WasTold { system, key }),
        1 => (systems(), keys(), times()).prop_map(|(system, key, now)| Operation::NoteTold { system, key, now }),
        2 => (systems(), wishes()).prop_map(|(system, (at, by, because))| {
            Operation::Disarm { system, disarmed: Disarmed { at, by: by.to_owned(), because } }
        }),
        2 => (systems(), wishes()).prop_map(|(system, (at, by, because))| {
            Operation::Arm { system, armed: Armed { at, by: by.to_owned(), because } }
        }),
        1 => systems().prop_map(|system| Operation::LastArmed { system }),
    ];
    prop::collection::vec(operation, 1..40)
}

/// Asks both journals the same and holds them to what is true of every journal.
async fn drive(operations: Vec<Operation>) -> std::result::Result<(), TestCaseError> {
    let (memory, dynamo) = (MemoryJournal::new(), journal_on_dynamodb());
    let mut last = BTreeMap::new();
    for operation in operations {
        let answers = (operation.ask(&memory).await, operation.ask(&dynamo).await);
        prop_assert_eq!(&answers.0, &answers.1, "{:?}", operation);

        let system = operation.system();
        let view = memory.view(system).await;
        prop_assert_eq!(&view, &dynamo.view(system).await, "after {:?}", operation);

        let epoch = last.entry(system.clone()).or_insert(Epoch(0));
        let now = view
            .expect("memory does not fail")
            .lock
            .map_or(*epoch, |lock| lock.epoch);
        prop_assert!(
            *epoch <= now && now.0 <= epoch.0 + 1,
            "{epoch} to {now} after {operation:?}"
        );
        *epoch = now;
        // A repetition answers the same, but for three that are about something new by then: a lock that is taken for
        // no time at all has expired, a lock that was released is not held, and a system that was armed is armed.
        if !matches!(
            operation,
            Operation::TakeLock { .. } | Operation::ReleaseLock { .. } | Operation::Arm { .. }
        ) {
            prop_assert_eq!(operation.ask(&dynamo).await, answers.1, "{:?} again", operation);
        }
    }
    Ok(())
}

proptest! {
    // A call of the SDK takes milliseconds in a debug build: fifty sequences are a few seconds.
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn both_journals_answer_alike_whatever_they_are_asked(operations in operations()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(drive(operations))?;
    }
}
