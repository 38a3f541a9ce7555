//! Every sample is a signal, and it is this one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use events::{
    AlarmState, Asked, Asker, CacheChange, DatabaseSource, DeploymentScope, DeploymentState, HealthEvent,
    RdsEventId, ScalingStep, Scope, Signal, Subject, SuppressedBy, Via, ZonalShiftChange, parse,
};

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
        other => panic!("{} is no alarm, but {other:?}", signal.id),
    }
}

fn health(signal: &Signal) -> &HealthEvent {
    match &signal.subject {
        Subject::Health(event) => event,
        other => panic!("{} is not from AWS Health, but {other:?}", signal.id),
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

#[test]
fn no_two_samples_are_one_signal_but_those_that_should_be() {
    let mut ids = BTreeMap::<String, Vec<String>>::new();
    for sample in accepted() {
        let id = parse(&sample.payload).unwrap().id;
        ids.entry(id).or_default().push(sample.name);
    }
    ids.retain(|_, names| names.len() > 1);
    insta::assert_json_snapshot!("one-signal", ids);
}

#[test]
fn an_alarm_of_one_zone_says_which_by_every_way() {
    for name in [
        "example-cloudwatch-alarm-unhealthy-hosts-in-zone",
        "example-sns-cloudwatch-alarm-unhealthy-hosts-in-zone",
    ] {
        let signal = signal(name);
        let alarm = alarm(&signal);
        assert_eq!(alarm.zone(), Some("us-east-1a"), "{name}");
        assert_eq!(
            alarm.dimension("TargetGroup"),
            Some("targetgroup/my-targets/73e2d6bc24d8a067")
        );
        assert_eq!(
            alarm.dimension("LoadBalancer"),
            Some("app/my-load-balancer/50dc6c495c0c9188")
        );
        assert_eq!(alarm.health_check(), None);
    }
    let whole = signal("example-cloudwatch-alarm-target-5xx");
    assert_eq!(alarm(&whole).zone(), None);
}

#[test]
fn zones_that_differ_are_no_zone() {
    let mut signal = signal("example-cloudwatch-alarm-unhealthy-hosts-in-zone");
    let Subject::Alarm(alarm) = &mut signal.subject else {
        panic!("the sample is an alarm");
    };
    let mut other = alarm.metrics[0].clone();
    other
        .dimensions
        .insert("AvailabilityZone".to_owned(), "us-east-1b".to_owned());
    alarm.metrics.push(other);
    assert_eq!(alarm.zone(), None);
    assert!(alarm.dimension("TargetGroup").is_some());
}

#[test]
fn an_alarm_on_a_health_check_says_which() {
    let signal = signal("example-cloudwatch-alarm-route53-health-check");
    assert_eq!(
        alarm(&signal).health_check(),
        Some("abcdef11-2222-3333-4444-555555fedcba")
    );
    assert_eq!(signal.region, "us-east-1");
}

#[test]
fn both_copies_of_a_health_event_are_one_signal_about_the_impaired_region() {
    for (one, copy, region) in [
        (
            "example-health-public-issue",
            "example-health-public-issue-backup-copy",
            "af-south-1",
        ),
        (
            "example-health-instance-degraded",
            "example-health-instance-degraded-backup-copy",
            "us-east-1",
        ),
    ] {
        let (one, copy) = (signal(one), signal(copy));
        assert_eq!(one.id, copy.id);
        assert_eq!([&*one.region, &*copy.region], [region, region]);
        assert_eq!(health(&one).delivered_in, region);
        assert_eq!(health(&copy).delivered_in, "us-west-2");
    }
}

#[test]
fn a_health_event_belongs_to_the_account_that_is_affected() {
    let own = signal("example-health-account-issue");
    let view = signal("example-health-account-issue-organization-view");
    assert_eq!([&*own.account, &*view.account], ["123456789012"; 2]);
    assert_eq!(own.id, view.id);
}

#[test]
fn pages_of_one_message_are_signals_of_their_own() {
    let one = signal("example-health-planned-lifecycle-page-1");
    let two = signal("example-health-planned-lifecycle-page-2");
    assert_ne!(one.id, two.id);
    assert_eq!((health(&two).page.number, health(&two).page.of), (2, 10));
    assert_eq!(health(&one).entities.len(), 4);
}

#[test]
fn only_an_issue_that_goes_on_is_an_open_issue() {
    for (name, open) in [
        ("example-health-region-issue", true),
        ("example-health-region-issue-closed", false),
        // Its status is open, and its end is behind it.
        ("example-health-public-issue", false),
        ("example-health-public-issue-global", false),
        ("example-health-instance-retirement", false),
    ] {
        let signal = signal(name);
        assert_eq!(health(&signal).is_open_issue(signal.time), open, "{name}");
    }
}

#[test]
fn a_deployment_and_its_instances_are_told_apart() {
    for (name, state, instance) in [
        (
            "example-codedeploy-deployment-failure",
            DeploymentState::Failure,
            None,
        ),
        (
            "example-codedeploy-instance-failure",
            DeploymentState::Failure,
            Some("i-0000000aaaaaaaaaa"),
        ),
        ("example-codedeploy-deployment-stop", DeploymentState::Stop, None),
    ] {
        let Subject::Deployment(event) = signal(name).subject else {
            panic!("{name} is about a deployment");
        };
        assert_eq!(event.state, state, "{name}");
        let scope = instance.map_or(DeploymentScope::Deployment, |id| DeploymentScope::Instance {
            id: id.to_owned(),
        });
        assert_eq!(event.scope, scope, "{name}");
    }
}

#[test]
fn a_launch_that_failed_says_where_and_why() {
    let Subject::Scaling(event) = signal("example-autoscaling-launch-unsuccessful-no-instance").subject
    else {
        panic!("the sample is about a launch");
    };
    assert_eq!(event.instance, None);
    let ScalingStep::Unsuccessful(activity) = event.step else {
        panic!("the launch failed");
    };
    assert_eq!(activity.zone.as_deref(), Some("us-west-2b"));
    assert!(activity.message.contains("sufficient capacity"));
}

#[test]
fn an_observer_hears_of_an_autoshift_that_moves_nothing_of_his() {
    let Subject::ZonalShift(event) = signal("example-arc-autoshift-in-progress-observer").subject else {
        panic!("the sample is about an autoshift");
    };
    assert_eq!(event.change, ZonalShiftChange::AutoshiftInProgress);
    assert_eq!((event.away_from.as_str(), event.resources.len()), ("use1-az2", 0));
}

#[test]
fn a_cache_is_where_its_topic_is() {
    let signal = signal("example-sns-elasticache-failover-complete");
    assert_eq!((&*signal.account, &*signal.region), ("123456789012", "us-east-1"));
    let Subject::Cache(event) = signal.subject else {
        panic!("the sample is about a cache");
    };
    assert_eq!(
        (event.name.as_str(), event.change),
        ("mycluster", CacheChange::FailoverComplete)
    );
}

#[test]
fn an_assessment_is_asked_for_one_system_or_for_all() {
    for (name, scope) in [
        ("example-schedule-assess", Scope::System("shop".to_owned())),
        ("example-schedule-assess-all", Scope::AllSystems),
        ("example-person-assess", Scope::System("shop".to_owned())),
    ] {
        let Subject::Request(request) = signal(name).subject else {
            panic!("{name} asks for something");
        };
        assert_eq!((request.what, request.scope), (Asked::Assess, scope), "{name}");
    }
}

#[test]
fn a_person_says_who_and_why() {
    let signal = signal("example-person-recover");
    let Subject::Request(request) = signal.subject else {
        panic!("the sample asks for something");
    };
    assert_eq!(
        (signal.via, request.by),
        (
            Via::ByHand,
            Asker::Person {
                name: "Ada".to_owned(),
                because: "Customers call, and no alarm has risen".to_owned()
            }
        )
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
                    // And to an account that has the organisation's view.
                    if !name.ends_with("organization-view") {
                        assert_eq!(theirs.account, Some(ours.account), "{name}");
                    }
                    // What AWS Health says of a Region may be delivered in another one.
                    let delivered_in = match &ours.subject {
                        Subject::Health(event) => event.delivered_in.clone(),
                        _ => ours.region,
                    };
                    assert_eq!(theirs.region, Some(delivered_in), "{name}");
                    assert_eq!(
                        theirs.time.map(|time| time.timestamp()),
                        Some(ours.time.as_second()),
                        "{name}"
                    );
                }
                // A shape of our own: nobody else has an opinion on it.
                Via::Scheduler | Via::ByHand => continue,
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
        assert!(seen >= 60, "only {seen} samples were compared");
    }
}
