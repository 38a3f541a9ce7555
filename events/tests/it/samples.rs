//! Every sample is a signal, and it is this one.

use std::fs;
use std::path::Path;

use events::{AlarmState, DatabaseSource, RdsEventId, Signal, Subject, SuppressedBy, Via, parse};

/// A payload, with its name.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) payload: Vec<u8>,
}

/// The payloads that are signals.
pub(crate) fn accepted() -> Vec<Sample> {
    read("samples")
}

/// Documented payloads that are nothing to us.
pub(crate) fn rejected() -> Vec<Sample> {
    read("samples/rejected")
}

/// The signal in one of the accepted samples.
fn signal(name: &str) -> Signal {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(format!("{name}.json"));
    let payload = fs::read(&path).expect("the sample is there");
    parse(&payload).expect("the sample is a signal")
}

fn alarm(signal: &Signal) -> &events::Alarm {
    match &signal.subject {
        Subject::Alarm(alarm) => alarm,
        Subject::Database(_) => panic!("{} is about a database", signal.id),
    }
}

fn read(folder: &str) -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut samples: Vec<Sample> = fs::read_dir(&folder)
        .expect("the folder of samples is there")
        .map(|entry| entry.expect("its entries can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| Sample {
            name: path
                .file_stem()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned(),
            payload: fs::read(&path).expect("a sample can be read"),
        })
        .collect();
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!samples.is_empty(), "{} holds samples", folder.display());
    samples
}

#[test]
fn every_sample_is_the_signal_that_was_reviewed() {
    for sample in accepted() {
        let signal = parse(&sample.payload).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        insta::assert_json_snapshot!(sample.name, signal);
    }
}

#[test]
fn a_signal_survives_being_written_and_read() {
    for sample in accepted() {
        let signal = parse(&sample.payload).unwrap();
        let written = serde_json::to_string(&signal).unwrap();
        assert_eq!(
            serde_json::from_str::<Signal>(&written).unwrap(),
            signal,
            "{}",
            sample.name
        );
    }
}

#[test]
fn every_sample_has_its_source_in_the_readme_and_the_other_way_round() {
    let readme = include_str!("../../samples/README.md");
    let mut named: Vec<&str> = readme.split('`').filter(|word| word.ends_with(".json")).collect();
    named.sort_unstable();
    named.dedup();
    let mut there: Vec<String> = accepted()
        .into_iter()
        .map(|sample| format!("{}.json", sample.name))
        .collect();
    there.extend(
        rejected()
            .into_iter()
            .map(|sample| format!("rejected/{}.json", sample.name)),
    );
    there.sort_unstable();
    assert_eq!(named, there);
}

#[test]
fn one_alarm_by_three_ways_is_one_id() {
    let direct = signal("example-cloudwatch-alarm-state-change");
    let notified = signal("example-sns-cloudwatch-alarm");
    let forwarded = signal("example-sns-eventbridge-cloudwatch-alarm");
    assert_eq!(
        direct.id,
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:ServerCpuTooHigh/ALARM/2019-10-02T17:04:40.989Z"
    );
    assert_eq!([&notified.id, &forwarded.id], [&direct.id, &direct.id]);
    assert_eq!(
        [direct.via, notified.via, forwarded.via],
        [Via::EventBridge, Via::Sns, Via::Sns]
    );
    assert_eq!(alarm(&notified), alarm(&direct));
    assert_eq!(alarm(&forwarded), alarm(&direct));
}

#[test]
fn an_alarm_and_its_recovery_are_two_ids() {
    let alarm = signal("example-cloudwatch-alarm-state-change");
    let recovery = signal("example-cloudwatch-alarm-state-change-ok");
    assert_ne!(alarm.id, recovery.id);
}

#[test]
fn only_the_present_state_says_whether_an_alarm_is_suppressed() {
    let waiting = signal("example-cloudwatch-composite-alarm-action-suppressed");
    let waited = signal("example-cloudwatch-composite-alarm-action");
    assert_eq!(
        alarm(&waiting).suppression.as_ref().map(|it| it.by),
        Some(SuppressedBy::WaitPeriod)
    );
    assert!(alarm(&waiting).is_held_back());
    // Its previous state was suppressed; the wait is over, and the alarm acts.
    assert_eq!(alarm(&waited).suppression, None);
    assert_eq!(alarm(&waited).previous, Some(AlarmState::Alarm));
    assert!(!alarm(&waited).is_held_back());
    assert_ne!(waiting.id, waited.id);
}

#[test]
fn a_muted_alarm_is_held_back_and_keeps_its_id() {
    let muted = signal("example-cloudwatch-alarm-state-change-muted");
    assert!(alarm(&muted).is_held_back());
    assert_eq!(muted.id, signal("example-cloudwatch-alarm-state-change").id);
}

#[test]
fn a_database_is_named_as_the_api_takes_it() {
    let Subject::Database(event) = signal("example-rds-instance-failover-completed").subject else {
        panic!("the sample is about a database");
    };
    assert_eq!(event.identifier, "my-db-instance");
    assert_eq!(
        (event.source, event.event_id),
        (DatabaseSource::Instance, RdsEventId::new(49))
    );
}

/// `aws_lambda_events` is the second opinion on the shapes that it knows.
mod second_opinion {
    use aws_lambda_events::cloudwatch_alarms::{CloudWatchAlarm, CloudWatchAlarmStateValue};
    use aws_lambda_events::eventbridge::EventBridgeEvent;
    use aws_lambda_events::sns::SnsEvent;
    use serde_json::Value;

    use super::*;

    fn same(ours: AlarmState, theirs: &CloudWatchAlarmStateValue) -> bool {
        match ours {
            AlarmState::Ok => *theirs == CloudWatchAlarmStateValue::Ok,
            AlarmState::Alarm => *theirs == CloudWatchAlarmStateValue::Alarm,
            AlarmState::InsufficientData => *theirs == CloudWatchAlarmStateValue::InsufficientData,
        }
    }

    #[test]
    fn agrees_on_every_sample() {
        let mut seen = 0;
        for Sample { name, payload } in accepted() {
            let ours = parse(&payload).unwrap();
            match ours.via {
                Via::EventBridge => {
                    let theirs: EventBridgeEvent<Value> = serde_json::from_slice(&payload).expect("an event");
                    assert_eq!(theirs.account, Some(ours.account), "{name}");
                    assert_eq!(theirs.region, Some(ours.region), "{name}");
                    assert_eq!(
                        theirs.time.map(|time| time.timestamp()),
                        Some(ours.time.as_second()),
                        "{name}"
                    );
                }
                Via::Sns => {
                    let theirs: SnsEvent = serde_json::from_slice(&payload).expect("a notification");
                    assert_eq!(theirs.records.len(), 1, "{name}");
                }
                Via::AlarmAction => {
                    let theirs: CloudWatchAlarm = serde_json::from_slice(&payload).expect("an alarm");
                    let state = theirs.alarm_data.state.expect("a state");
                    let alarm = alarm(&ours);
                    assert_eq!(theirs.alarm_arn.as_ref(), Some(&alarm.arn), "{name}");
                    assert_eq!(theirs.alarm_data.alarm_name, alarm.name, "{name}");
                    assert!(same(alarm.state, &state.value), "{name}");
                    assert_eq!(
                        state.timestamp.timestamp_millis(),
                        alarm.changed_at.as_millisecond(),
                        "{name}"
                    );
                    assert_eq!(
                        state.actions_suppressed_by.is_some(),
                        alarm.suppression.is_some(),
                        "{name}"
                    );
                }
            }
            seen += 1;
        }
        assert!(seen >= 20, "only {seen} samples were compared");
    }
}
