use domain::names::{Zone, ZoneId};
use domain::steps::assess::{Assessment, Verdict, Writer};
use domain::steps::database::{Moved, Written};
use domain::steps::notify::Failure;
use domain::steps::plan::{self, Plan, What};
use domain::steps::region::{GroupSize, Seen};
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

fn here() -> Region {
    "eu-central-1".parse().expect("valid")
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
    Message::about_run(&shop(), &here(), &run(), record, at("2026-09-21T14:15:02Z"))
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
        ..Record::default()
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
        about: None,
    };
    let message = Message::about_decision(&shop(), &here(), "disk-full@1", &decision);
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

mod region {
    use domain::journal::Question;
    use domain::steps::region::{
        Answer, Approval, CapacityAssessment, Fence, Fencing, GroupSize, Lag, Noted, Promoted,
        RegionAssessment, Seen, Verdict, risks,
    };

    use super::*;

    const TWO_REGIONS: &str = r#"
[objectives]
rto = "5m"
rpo = "30s"
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
[policy.fail-over-region]
mode = "page"
"#;

    fn shop_in_two_regions() -> System {
        let text = SYSTEM
            .replace("multi-az-instance", "aurora")
            .replace("[database]", "standby = \"eu-west-1\"\n[database]")
            .replace("[objectives]\nrto = \"5m\"\n", "");
        system::read(&format!("{text}{TWO_REGIONS}")).expect("coherent")
    }

    fn there() -> Region {
        "eu-west-1".parse().expect("valid")
    }

    fn move_run() -> Run {
        Run {
            incident: "shop-fail-over-region-20260921T141320Z-0123456789abcdef"
                .parse()
                .expect("valid"),
            recovery: Recovery::FailOverRegion,
            because: "unreachable and users-failing are in ALARM and mean region-down".into(),
            ..run()
        }
    }

    fn noted(state: &str, rules: &[u8], seen: &str) -> Noted {
        Noted {
            state: state.into(),
            at: at("2026-09-21T14:14:05.250Z"),
            rules: rules.into(),
            seen: vec![seen.into()],
        }
    }

    fn assessed() -> Record {
        let lag = Lag {
            lag_ms: 95_400,
            measured_at: at("2026-09-21T14:13:00Z"),
            age_ms: 20_000,
        };
        Record {
            region: Some(RegionAssessment {
                at: at("2026-09-21T14:14:00Z"),
                verdict: Verdict::FailOver,
                from: here(),
                to: there(),
                source_reachable: false,
                writer_in: Some(here()),
                lag: Some(lag),
                capacity: CapacityAssessment {
                    standing: GroupSize {
                        min: 1,
                        desired: 1,
                        max: 12,
                    },
                    source_in_service: None,
                    needed: 6,
                },
                seen: vec![],
            }),
            fencing: Some(Fencing {
                at: at("2026-09-21T14:14:05Z"),
                fence: Fence::Unknown,
                writes_until: None,
                seen: vec![],
            }),
            timeline: vec![noted(
                "FenceSource",
                &[3, 4],
                "rds:DescribeDBClusters in eu-central-1 timed out",
            )],
            ..Record::default()
        }
    }

    #[test]
    fn a_question_says_what_would_be_lost_and_how_to_answer_and_never_the_token() {
        let (system, record) = (shop_in_two_regions(), assessed());
        let region = record.region.as_ref().expect("assessed");
        let question = Question {
            incident: move_run().incident,
            token: "AAAAKgAAAAIAAAAA".into(),
            asked_at: at("2026-09-21T14:14:06Z"),
            expires_at: at("2026-09-21T14:29:06Z"),
            risks: risks(region, record.fencing.as_ref(), &system.objectives),
            answer: None,
        };
        let message = Message::question(&system, &there(), &move_run(), &record, &question);
        assert!(!message.text.contains(&question.token));
        assert_eq!(message.topic.region(), "eu-west-1");
        assert_snapshot!(message.text);
    }

    /// The source was cut off, and went on writing until its lease ran out.
    fn leased() -> Record {
        let fencing = Fencing {
            at: at("2026-09-21T14:14:05Z"),
            fence: Fence::Fenced,
            writes_until: Some(at("2026-09-21T14:13:20Z")),
            seen: vec!["write lease of shop held by eu-central-1 ran out".into()],
        };
        let promoted = Promoted {
            at: at("2026-09-21T14:16:00Z"),
            fence: Fence::Fenced,
            seen: vec![],
        };
        Record {
            fencing: Some(fencing),
            promoted: Some(promoted),
            ..assessed()
        }
    }

    #[test]
    fn what_was_written_under_a_lease_is_part_of_the_question_and_of_the_page() {
        let (system, record) = (shop_in_two_regions(), leased());
        let region = record.region.as_ref().expect("assessed");
        let question = Question {
            incident: move_run().incident,
            token: "AAAAKgAAAAIAAAAA".into(),
            asked_at: at("2026-09-21T14:14:06Z"),
            expires_at: at("2026-09-21T14:29:06Z"),
            risks: risks(region, record.fencing.as_ref(), &system.objectives),
            answer: None,
        };
        let asked = Message::question(&system, &there(), &move_run(), &record, &question);
        let now = at("2026-09-21T14:31:00Z");
        let told = Message::about_run(&system, &there(), &move_run(), &record, now);
        let lines = |text: &str| {
            let about = text.lines().filter(|line| line.contains("lease let it write"));
            about.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_snapshot!([lines(&asked.text), lines(&told.text)].concat().join("\n"));
    }

    #[test]
    fn after_the_promotion_the_page_carries_the_next_command() {
        let failure = Failure {
            state: "AwaitHealthy".into(),
            error: "DeadlinePassed".into(),
            cause: "not within 900 s: 3 healthy of 6 needed".into(),
        };
        let promoted = Promoted {
            at: at("2026-09-21T14:16:00Z"),
            fence: Fence::TimedOut,
            seen: vec![],
        };
        let record = Record {
            promoted: Some(promoted),
            failure: Some(failure),
            ..assessed()
        };
        let message = Message::about_run(
            &shop_in_two_regions(),
            &there(),
            &move_run(),
            &record,
            at("2026-09-21T14:31:00Z"),
        );
        assert_snapshot!(message.text);
    }

    #[test]
    fn who_said_no_stands_in_the_message() {
        let approval = Approval {
            at: at("2026-09-21T14:15:00Z"),
            answer: Answer::Rejected,
            by: "on-call".into(),
            because: "users are served".into(),
            accepted: vec![],
            seen: vec![],
        };
        let timeline = vec![noted(
            "AskApproval",
            &[4, 5, 6],
            "rejected by on-call, because users are served",
        )];
        let record = Record {
            approval: Some(approval),
            timeline,
            ..assessed()
        };
        let message = Message::about_run(
            &shop_in_two_regions(),
            &there(),
            &move_run(),
            &record,
            at("2026-09-21T14:15:02Z"),
        );
        assert_eq!(message.topic.as_str(), "arn:aws:sns:eu-west-1:111122223333:page");
        assert_snapshot!(message.text);
    }

    #[test]
    fn a_move_recovered_only_when_a_request_through_the_name_was_served() {
        let served = Seen {
            at: at("2026-09-21T14:17:00Z"),
            seen: vec![],
        };
        let record = Record {
            served: Some(served),
            ..assessed()
        };
        assert_eq!(record.outcome(), Outcome::Recovered);
        assert_eq!(assessed().outcome(), Outcome::Paged);
    }
}

/// An evacuation that came so far that users are away, of a group that wanted so many instances before.
fn evacuated(desired: u32) -> Record {
    let seen = |what: &str| {
        Some(Seen {
            at: at("2026-09-21T14:15:00Z"),
            seen: vec![what.to_owned()],
        })
    };
    Record {
        plan: Some(Plan {
            at: at("2026-09-21T14:13:30Z"),
            verdict: plan::Verdict::Act,
            what: What::Zone {
                zone: Some(Zone("eu-central-1a".to_owned())),
                zone_id: Some(ZoneId("euc1-az2".to_owned())),
                standing: GroupSize {
                    min: 3,
                    desired,
                    max: 12,
                },
                needed: 6,
                launches_there: true,
                raised: None,
            },
            seen: vec!["shop-zone-a-errors is in ALARM".to_owned()],
        }),
        away: seen("nobody is sent to eu-central-1a"),
        proven: seen("shop-checkout-failing OK"),
        ..Record::default()
    }
}

fn told(recovery: Recovery, record: &Record) -> Message {
    let run = Run {
        incident: format!("shop-{recovery}-20260921T141320Z-0123456789abcdef")
            .parse()
            .expect("valid"),
        recovery,
        because: "eu-central-1a does not serve as the other zones do".into(),
        ..run()
    };
    Message::about_run(&shop(), &here(), &run, record, at("2026-09-21T14:15:02Z"))
}

#[test]
fn an_evacuation_names_the_way_back() {
    let message = told(Recovery::EvacuateZone, &evacuated(6));
    assert_eq!(message.topic, shop().people.report);
    assert_snapshot!(format!("{}\n---\n{}", message.subject, message.text));
    let raised = told(Recovery::EvacuateZone, &evacuated(4));
    assert!(
        raised
            .text
            .contains("The group wants 6 instances instead of 4: that is taken back then."),
        "{}",
        raised.text
    );
}

#[test]
fn an_evacuation_that_got_stuck_with_users_away_says_both_ways() {
    let failure = Failure {
        state: "VerifyUsers".into(),
        error: "DeadlinePassed".into(),
        cause: "shop-checkout-failing ALARM".into(),
    };
    let mut record = Record {
        proven: None,
        failure: Some(failure),
        ..evacuated(6)
    };
    let message = told(Recovery::EvacuateZone, &record);
    assert_eq!(message.topic, shop().people.page);
    assert_snapshot!(format!("{}\n---\n{}", message.subject, message.text));
    // Users are not away: there is nowhere to return to.
    record.away = None;
    let message = told(Recovery::EvacuateZone, &record);
    assert!(!message.text.contains("return-to-zone"), "{}", message.text);
}

#[test]
fn a_way_back_that_ended_with_too_many_instances_says_that_users_are_served() {
    let failure = Failure {
        state: "TakeRaiseBack".into(),
        error: "Refused".into(),
        cause: "ValidationError".into(),
    };
    let record = Record {
        away: None,
        failure: Some(failure),
        ..evacuated(6)
    };
    let message = told(Recovery::ReturnToZone, &record);
    assert!(
        message.text.contains("Users are served from all zones again."),
        "{}",
        message.text
    );
}

#[test]
fn a_zone_that_looks_well_is_news_and_wakes_nobody() {
    let decision = Decision {
        verdict: domain::decision::Verdict::Note,
        why: Why::ZoneLooksWell {
            zone: Zone("eu-central-1a".to_owned()),
            since: at("2026-09-21T14:20:00Z"),
            left_by: "shop-evacuate-zone-20260921T141320Z-0123456789abcdef"
                .parse()
                .expect("valid"),
        },
        evidence: vec![domain::decision::Evidence::For(
            "no declared alarm is in ALARM".to_owned(),
        )],
        about: Some("shop-evacuate-zone-20260921T141320Z-0123456789abcdef".to_owned()),
    };
    assert!(decision.tells_people());
    let message = Message::about_decision(&shop(), &here(), "look/1", &decision);
    assert_eq!(message.topic, shop().people.report);
    assert_eq!(
        message.key,
        Message::about_decision(&shop(), &here(), "look/2", &decision).key,
        "once"
    );
    assert_snapshot!(format!("{}\n---\n{}", message.subject, message.text));
}
