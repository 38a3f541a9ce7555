//! The judgement as a table: each case is a sentence.

use events::{AlarmKind, DatabaseEvent, DatabaseSource, RdsEventId, Via};
use proptest::prelude::*;

use super::*;
use crate::journal::{AlarmSeen, Incident, Lock, Outcome};
use crate::names::Epoch;
use crate::system;

const SYSTEM: &str = r#"
name = "shop"
account = "111122223333"
[regions]
primary = "eu-central-1"
[database]
kind = "multi-az-instance"
identifier = "shop-db"
write-check = "https://shop.example.com/evenkeel/write-check"
[[alarms]]
name = "writer-unreachable"
means = "database-down"
[[alarms]]
name = "checkout-failing"
means = "user-impact"
[objectives]
rto = "5m"
[policy.fail-over-database]
cooldown = "30m"
[people]
page = "arn:aws:sns:eu-central-1:111122223333:page"
"#;

fn shop() -> System {
    system::read(SYSTEM).expect("a coherent system")
}

fn cautious_shop() -> System {
    let text = SYSTEM.replace(
        "cooldown = \"30m\"",
        "cooldown = \"30m\"\nconfirmed-by = [\"checkout-failing\"]",
    );
    system::read(&text).expect("a coherent system")
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).expect("in range")
}

fn alarm(name: &str, state: AlarmState, minute: i64) -> Signal {
    Signal {
        id: format!("{name}/{minute}"),
        account: "111122223333".into(),
        region: "eu-central-1".into(),
        time: at(minute),
        via: Via::EventBridge,
        subject: Subject::Alarm(Alarm {
            name: name.into(),
            arn: format!("arn:aws:cloudwatch:eu-central-1:111122223333:alarm:{name}"),
            kind: AlarmKind::Metric,
            metrics: vec![],
            state,
            previous: None,
            reason: "Threshold Crossed".into(),
            changed_at: at(minute),
            suppression: None,
            mute: None,
        }),
    }
}

fn database(event: u16, identifier: &str) -> Signal {
    Signal {
        subject: Subject::Database(DatabaseEvent {
            source: DatabaseSource::Instance,
            identifier: identifier.into(),
            arn: format!("arn:aws:rds:eu-central-1:111122223333:db:{identifier}"),
            event_id: RdsEventId::new(event),
            categories: vec!["failover".into()],
            message: "what RDS says".into(),
            happened_at: at(0),
        }),
        ..alarm("x", AlarmState::Ok, 0)
    }
}

fn decided(signal: &Signal, system: &System, journal: &View, minute: i64) -> Decision {
    let systems = Systems::from(vec![system.clone()]);
    let known = Known {
        facts: None,
        journal,
        now: at(minute),
    };
    decide(signal, systems_of(signal, &systems).first().copied(), known)
}

fn past(closed: i64, outcome: Outcome) -> Incident {
    Incident {
        id: "shop-earlier".parse().expect("valid"),
        system: "shop".parse().expect("valid"),
        recovery: Recovery::FailOverDatabase,
        opened_at: at(closed - 3),
        closed_at: at(closed),
        outcome,
        seen: vec![],
        left: None,
    }
}

fn locked(minute: i64) -> Lock {
    Lock {
        epoch: Epoch(7),
        holder: "shop-running".parse().expect("valid"),
        taken_at: at(minute),
        expires_at: at(minute + 45),
    }
}

fn in_alarm(name: &str, minute: i64) -> View {
    View {
        alarms: [(
            name.to_owned(),
            AlarmSeen {
                in_alarm: true,
                changed_at: at(minute),
            },
        )]
        .into(),
        ..View::default()
    }
}

const DOWN: AlarmState = AlarmState::Alarm;

#[test]
fn a_database_down_alarm_starts_a_failover() {
    let decision = decided(
        &alarm("writer-unreachable", DOWN, 0),
        &shop(),
        &View::default(),
        0,
    );
    let Verdict::Recover(run) = &decision.verdict else {
        panic!("{decision:?}")
    };
    assert_eq!(run.recovery, Recovery::FailOverDatabase);
    assert_eq!(run.opened_at, at(0));
    assert_eq!(
        decision.why.to_string(),
        "writer-unreachable is in ALARM and means database-down"
    );
}

#[test]
fn the_same_alarm_by_another_way_is_the_same_incident() {
    let by_bus = alarm("writer-unreachable", DOWN, 0);
    let by_sns = Signal {
        via: Via::Sns,
        id: "other".into(),
        ..by_bus.clone()
    };
    assert_eq!(
        decided(&by_bus, &shop(), &View::default(), 0).verdict,
        decided(&by_sns, &shop(), &View::default(), 9).verdict
    );
}

#[test]
fn a_second_alarm_while_a_recovery_runs_is_ignored() {
    let journal = View {
        lock: Some(locked(0)),
        ..View::default()
    };
    let decision = decided(&alarm("writer-unreachable", DOWN, 2), &shop(), &journal, 2);
    assert_eq!(decision.verdict, Verdict::Ignore);
    assert_eq!(decision.why.to_string(), "a recovery is running: shop-running");
    assert!(!decision.tells_people(), "that run tells people itself");
}

#[test]
fn an_abandoned_lock_does_not_bind() {
    let journal = View {
        lock: Some(locked(-60)),
        ..View::default()
    };
    let decision = decided(&alarm("writer-unreachable", DOWN, 2), &shop(), &journal, 2);
    assert!(matches!(decision.verdict, Verdict::Recover(_)), "{decision:?}");
}

#[test]
fn inside_the_cooldown_it_is_ignored_and_people_hear_of_it() {
    let journal = View {
        incidents: vec![past(0, Outcome::Recovered)],
        ..View::default()
    };
    let decision = decided(&alarm("writer-unreachable", DOWN, 29), &shop(), &journal, 29);
    assert_eq!(decision.verdict, Verdict::Ignore);
    assert!(matches!(decision.why, Why::Cooldown { .. }), "{decision:?}");
    assert!(decision.tells_people());
}

#[test]
fn after_the_cooldown_it_starts_again() {
    let journal = View {
        incidents: vec![past(0, Outcome::Recovered)],
        ..View::default()
    };
    let decision = decided(&alarm("writer-unreachable", DOWN, 30), &shop(), &journal, 30);
    assert!(matches!(decision.verdict, Verdict::Recover(_)), "{decision:?}");
}

#[test]
fn a_repeated_delivery_starts_nothing_even_after_the_cooldown() {
    let signal = alarm("writer-unreachable", DOWN, 0);
    let Verdict::Recover(run) = decided(&signal, &shop(), &View::default(), 0).verdict else {
        panic!("must start")
    };
    let journal = View {
        incidents: vec![Incident {
            id: run.incident,
            ..past(1, Outcome::Recovered)
        }],
        ..View::default()
    };
    let quick = System {
        policy: system::Policy {
            signal_max_age: Duration::from_mins(600),
            ..shop().policy
        },
        ..shop()
    };
    let decision = decided(&signal, &quick, &journal, 300);
    assert!(matches!(decision.why, Why::Repeated { .. }), "{decision:?}");
}

#[test]
fn an_alarm_that_ends_is_noted() {
    let decision = decided(
        &alarm("writer-unreachable", AlarmState::Ok, 3),
        &shop(),
        &View::default(),
        3,
    );
    assert_eq!(
        (decision.verdict, decision.why.to_string().as_str()),
        (Verdict::Note, "writer-unreachable is OK")
    );
}

#[test]
fn an_alarm_without_data_is_watched() {
    let decision = decided(
        &alarm("writer-unreachable", AlarmState::InsufficientData, 0),
        &shop(),
        &View::default(),
        0,
    );
    assert_eq!(decision.verdict, Verdict::Watch);
}

#[test]
fn an_alarm_nobody_declared_is_paged() {
    let decision = decided(&alarm("disk-full", DOWN, 0), &shop(), &View::default(), 0);
    assert_eq!(decision.verdict, Verdict::Page);
    assert!(decision.tells_people());
}

#[test]
fn alarms_that_nobody_declared_are_one_matter_an_hour_and_region() {
    let about = |signal: &Signal, minute| decided(signal, &shop(), &View::default(), minute).about;
    let full = alarm("disk-full", DOWN, 0);
    let first = about(&full, 0);
    assert_eq!(first.as_deref(), Some("111122223333/eu-central-1/2026-09-21T14"));
    assert_eq!(about(&alarm("disk-slow", DOWN, 5), 5), first);
    assert_ne!(about(&full, 60), first);
    let elsewhere = Signal {
        region: "us-east-1".into(),
        ..full
    };
    assert_ne!(about(&elsewhere, 0), first);
}

#[test]
fn a_declared_name_in_another_account_or_region_is_nobodys_alarm() {
    for signal in [
        Signal {
            account: "999999999999".into(),
            ..alarm("writer-unreachable", DOWN, 0)
        },
        Signal {
            region: "us-east-1".into(),
            ..alarm("writer-unreachable", DOWN, 0)
        },
    ] {
        assert_eq!(
            decided(&signal, &shop(), &View::default(), 0).verdict,
            Verdict::Page
        );
    }
}

#[test]
fn a_delivery_from_a_quarter_of_an_hour_ago_counts() {
    let signal = alarm("writer-unreachable", DOWN, 0);
    let decision = decided(&signal, &shop(), &View::default(), 15);
    assert!(matches!(decision.verdict, Verdict::Recover(_)), "{decision:?}");
}

#[test]
fn a_delivery_from_hours_ago_starts_nothing() {
    let decision = decided(
        &alarm("writer-unreachable", DOWN, 0),
        &shop(),
        &View::default(),
        16,
    );
    assert_eq!(
        decision.why,
        Why::Stale {
            age: Duration::from_mins(16),
            limit: Duration::from_mins(15)
        }
    );
}

#[test]
fn an_alarm_overtaken_by_its_own_ok_starts_nothing() {
    let mut journal = in_alarm("writer-unreachable", 2);
    journal.alarms.values_mut().for_each(|seen| seen.in_alarm = false);
    let decision = decided(&alarm("writer-unreachable", DOWN, 0), &shop(), &journal, 3);
    assert!(matches!(decision.why, Why::Superseded { .. }), "{decision:?}");
}

#[test]
fn an_alarm_held_back_by_its_owner_is_noted() {
    let mut signal = alarm("writer-unreachable", DOWN, 0);
    if let Subject::Alarm(alarm) = &mut signal.subject {
        alarm.suppression = Some(events::Suppression {
            by: events::SuppressedBy::Alarm,
            reason: String::new(),
        });
    }
    assert_eq!(
        decided(&signal, &shop(), &View::default(), 0).verdict,
        Verdict::Note
    );
}

#[test]
fn users_failing_alone_is_watched() {
    for system in [shop(), cautious_shop()] {
        let decision = decided(&alarm("checkout-failing", DOWN, 0), &system, &View::default(), 0);
        assert_eq!(
            decision.why,
            Why::SymptomAlone {
                alarm: "checkout-failing".into()
            }
        );
    }
}

#[test]
fn of_two_alarms_of_the_database_the_one_that_came_makes_the_incident() {
    let text = SYSTEM.replace(
        "[objectives]",
        "[[alarms]]\nname = \"writer-slow\"\nmeans = \"database-down\"\n[objectives]",
    );
    let system = system::read(&text).expect("a coherent system");
    for other in [-60, 2] {
        let journal = in_alarm("writer-slow", other);
        let decision = decided(&alarm("writer-unreachable", DOWN, 1), &system, &journal, 2);
        let Verdict::Recover(run) = &decision.verdict else {
            panic!("{decision:?}")
        };
        assert_eq!(run.opened_at, at(1), "the other rose at {other}");
        let alarm = "writer-unreachable".into();
        assert_eq!(decision.why, Why::DatabaseDown { alarm });
    }
}

#[test]
fn a_policy_that_wants_two_signals_waits_for_the_second() {
    let decision = decided(
        &alarm("writer-unreachable", DOWN, 0),
        &cautious_shop(),
        &View::default(),
        0,
    );
    assert_eq!(decision.verdict, Verdict::Watch);
    assert_eq!(
        decision.why.to_string(),
        "it needs a second signal: one of checkout-failing"
    );
}

#[test]
fn whichever_of_two_signals_comes_last_starts_the_same_incident() {
    let users_last = decided(
        &alarm("checkout-failing", DOWN, 1),
        &cautious_shop(),
        &in_alarm("writer-unreachable", 0),
        1,
    );
    let database_last = decided(
        &alarm("writer-unreachable", DOWN, 0),
        &cautious_shop(),
        &in_alarm("checkout-failing", 1),
        1,
    );
    assert!(
        matches!(users_last.verdict, Verdict::Recover(_)),
        "{users_last:?}"
    );
    assert_eq!(users_last.verdict, database_last.verdict);
}

#[test]
fn a_policy_that_pages_starts_nothing() {
    let text = SYSTEM.replace("cooldown = \"30m\"", "mode = \"page\"");
    let system = system::read(&text).expect("coherent");
    let decision = decided(
        &alarm("writer-unreachable", DOWN, 0),
        &system,
        &View::default(),
        0,
    );
    assert_eq!(
        decision.why,
        Why::PolicyPages {
            recovery: Recovery::FailOverDatabase
        }
    );
    assert!(decision.tells_people());
}

#[test]
fn what_rds_says_is_noted_unless_a_failover_failed() {
    assert_eq!(
        decided(&database(49, "shop-db"), &shop(), &View::default(), 0).verdict,
        Verdict::Note
    );
    assert_eq!(
        decided(&database(69, "shop-db"), &shop(), &View::default(), 0).verdict,
        Verdict::Page
    );
    let other = decided(&database(69, "other-db"), &shop(), &View::default(), 0);
    let identifier = "other-db".into();
    assert_eq!(
        (other.verdict, other.why),
        (Verdict::Ignore, Why::UndeclaredDatabase { identifier })
    );
    let running = View {
        lock: Some(locked(0)),
        ..View::default()
    };
    assert_eq!(
        decided(&database(69, "shop-db"), &shop(), &running, 0).verdict,
        Verdict::Ignore
    );
}

proptest! {
    /// Whatever comes and whatever was, nothing is started while a lock is held or a cooldown runs.
    #[test]
    fn a_held_lock_and_a_cooldown_forbid_every_start(
        minute in -10i64..40, lock in proptest::option::of(-60i64..40), closed in proptest::option::of(-60i64..40),
        state in prop_oneof![Just(AlarmState::Ok), Just(AlarmState::Alarm), Just(AlarmState::InsufficientData)],
        name in prop_oneof![Just("writer-unreachable"), Just("checkout-failing"), Just("disk-full")],
    ) {
        let journal = View {
            lock: lock.map(locked),
            incidents: closed.map(|at| past(at, Outcome::Recovered)).into_iter().collect(),
            ..in_alarm("writer-unreachable", minute)
        };
        let decision = decided(&alarm(name, state, minute), &cautious_shop(), &journal, minute);
        if matches!(decision.verdict, Verdict::Recover(_)) {
            prop_assert!(journal.lock.as_ref().is_none_or(|lock| !lock.is_held(at(minute))));
            prop_assert!(closed.is_none_or(|closed| closed + 30 <= minute));
            prop_assert_eq!(state, AlarmState::Alarm);
        }
        prop_assert!(!decision.why.to_string().is_empty());
    }
}

mod region {
    use super::*;

    const REGION: &str = r#"
[region-failover]
replication = { kind = "aurora-global", global-cluster = "shop-global" }
hostname = "shop.example.com"
request = "https://shop.example.com/evenkeel/write-check"
ttl = "30s"
name-servers = ["ns-1.example.net"]
traffic = { kind = "health-check", bucket = "shop-switch", key = "standby-serves" }
[region-failover.primary]
web = { group = "shop-web", target-group = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/shop/1", listener = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shop/1/1", instances = 6, max-instances = 12 }
isolation = { security-groups = ["sg-1"], isolating-security-group = "sg-2" }
[region-failover.standby]
database = "shop-db-eu-west-1"
write-check = "https://eu-west-1.shop.example.com/evenkeel/write-check"
web = { group = "shop-web", target-group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/1", listener = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/1/1", instances = 6, max-instances = 12 }
isolation = { security-groups = ["sg-3"], isolating-security-group = "sg-4" }
people = { page = "arn:aws:sns:eu-west-1:111122223333:page" }
[[alarms]]
name = "unreachable"
means = "region-down"
watches = "reachability"
region = "eu-west-1"
[[alarms]]
name = "also-unreachable"
means = "region-down"
watches = "reachability"
region = "eu-west-1"
[[alarms]]
name = "users-failing"
means = "region-down"
watches = "users"
region = "eu-west-1"
"#;

    fn shop_in_two_regions() -> System {
        let text = SYSTEM
            .replace("multi-az-instance", "aurora")
            .replace("[database]", "standby = \"eu-west-1\"\n[database]");
        system::read(&format!("{text}{REGION}")).expect("a coherent system")
    }

    fn signal(name: &str, minute: i64) -> Signal {
        Signal {
            region: "eu-west-1".into(),
            ..alarm(name, DOWN, minute)
        }
    }

    fn both(first: &str, minute: i64, second: &str) -> Decision {
        decided(
            &signal(second, minute + 1),
            &shop_in_two_regions(),
            &in_alarm(first, minute),
            minute + 1,
        )
    }

    #[test]
    fn one_signal_is_watched_and_says_what_would_settle_it() {
        let decision = decided(
            &signal("unreachable", 0),
            &shop_in_two_regions(),
            &View::default(),
            0,
        );
        assert_eq!(decision.verdict, Verdict::Watch);
        let needs = vec!["users-failing".to_owned()];
        assert_eq!(decision.why, Why::Unconfirmed { needs });
    }

    #[test]
    fn two_signals_that_look_at_the_same_thing_are_one() {
        assert_eq!(both("unreachable", 0, "also-unreachable").verdict, Verdict::Watch);
    }

    #[test]
    fn two_independent_signals_start_the_move_whichever_comes_last() {
        let first = both("unreachable", 0, "users-failing");
        let Verdict::Recover(run) = &first.verdict else {
            panic!("{first:?}")
        };
        assert_eq!(run.recovery, Recovery::FailOverRegion);
        assert_eq!(run.opened_at, at(0), "the earlier signal opens the incident");
        // Delivered in the other order: the later one is in the journal when the earlier one comes.
        let late = decided(
            &signal("unreachable", 0),
            &shop_in_two_regions(),
            &in_alarm("users-failing", 1),
            1,
        );
        let Verdict::Recover(again) = &late.verdict else {
            panic!("{late:?}")
        };
        assert_eq!(again.incident, run.incident);
    }

    #[test]
    fn a_signal_of_the_lost_region_itself_counts_for_nothing() {
        // An alarm of that name in the primary Region is not the one that was declared.
        let elsewhere = alarm("unreachable", DOWN, 0);
        let decision = decided(&elsewhere, &shop_in_two_regions(), &View::default(), 0);
        assert!(
            matches!(decision.why, Why::UndeclaredAlarm { .. }),
            "{decision:?}"
        );
    }

    #[test]
    fn a_database_failover_does_not_cool_down_a_region_failover() {
        let mut journal = in_alarm("unreachable", 0);
        journal.incidents.push(past(-1, Outcome::Paged));
        let decision = decided(&signal("users-failing", 1), &shop_in_two_regions(), &journal, 1);
        assert!(matches!(decision.verdict, Verdict::Recover(_)), "{decision:?}");
    }
}
