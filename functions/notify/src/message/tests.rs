use domain::names::Zone;
use domain::steps::assess::{Assessment, Verdict, Writer};
use domain::steps::database::{Moved, Written};
use domain::steps::notify::Failure;
use domain::system;
use insta::assert_snapshot;

use super::*;

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
[objectives]
rto = "5m"
[people]
page = "arn:aws:sns:eu-central-1:111122223333:page"
report = "arn:aws:sns:eu-central-1:111122223333:report"
"#;

fn shop() -> System {
    system::read(SYSTEM).expect("coherent")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn run() -> Run {
    Run {
        system: "shop".parse().expect("valid"),
        incident: "shop-fail-over-database-20260921T141320Z-0123456789abcdef"
            .parse()
            .expect("valid"),
        recovery: Recovery::FailOverDatabase,
        opened_at: at("2026-09-21T14:13:20Z"),
        because: "writer-unreachable is in ALARM and means database-down".into(),
    }
}

fn assessed(verdict: Verdict) -> Option<Assessment> {
    let writer = Writer {
        instance: "shop-db".into(),
        zone: Zone("eu-central-1a".into()),
    };
    Some(Assessment {
        verdict,
        writer,
        target: None,
        seen: vec!["RDS describes shop-db: status available".into()],
    })
}

fn written(record: &Record) -> Message {
    Message::about_run(&shop(), &run(), record, at("2026-09-21T14:15:02Z"))
}

#[test]
fn a_recovery_says_that_nobody_has_to_act() {
    let writer = Writer {
        instance: "shop-db".into(),
        zone: Zone("eu-central-1b".into()),
    };
    let message = written(&Record {
        assessment: assessed(Verdict::FailOver),
        moved: Some(Moved {
            writer,
            seen: "status available, writer shop-db in eu-central-1b".into(),
        }),
        written: Some(Written {
            token: "t".into(),
            seen: "stored and read back t".into(),
        }),
        failure: None,
    });
    assert_eq!(message.topic, shop().people.report);
    assert_snapshot!(format!("{}\n---\n{}", message.subject, message.text));
}

#[test]
fn a_failure_wakes_somebody_and_says_where_it_stands() {
    let message = written(&Record {
        assessment: assessed(Verdict::FailOver),
        failure: Some(Failure {
            state: "AwaitNewWriter".into(),
            error: "NotYet".into(),
            cause: r#"{"errorType":"NotYet","errorMessage":"not yet: status rebooting"}"#.into(),
        }),
        ..Record::default()
    });
    assert_eq!(message.topic, shop().people.page);
    assert_snapshot!(format!("{}\n---\n{}", message.subject, message.text));
}

#[test]
fn standing_down_says_what_to_look_at() {
    let message = written(&Record {
        assessment: assessed(Verdict::Healthy),
        ..Record::default()
    });
    assert_snapshot!(format!("{}\n---\n{}", message.subject, message.text));
}

#[test]
fn an_undeclared_alarm_says_how_to_declare_it() {
    let why = Why::UndeclaredAlarm {
        alarm: "disk-full".into(),
        account: "111122223333".into(),
        region: "eu-central-1".into(),
    };
    let decision = Decision {
        verdict: domain::decision::Verdict::Page,
        why,
        evidence: vec![],
    };
    let message = Message::about_decision(&shop(), "disk-full@1", &decision);
    assert_snapshot!(format!("{}\n---\n{}", message.subject, message.text));
}

#[test]
fn a_subject_is_what_sns_takes() {
    let subject = subject(&format!("höchst\n{}", "x".repeat(200)));
    assert!(
        subject.len() <= LONGEST_SUBJECT && subject.is_ascii() && !subject.contains('\n'),
        "{subject}"
    );
}
