//! The language of docs/reference/decisions.md: from a row to a signal, facts, a journal and what is expected.
#![allow(clippy::panic, reason = "a row that is not understood fails the test")]

use domain::decision::{Decision, Known, Verdict, decide, systems_of};
use domain::facts::{Deployment, DeploymentStatus, Facts, Group, Health, Targets};
use domain::journal::{
    AlarmSeen, Disarmed, HealthIssue, HealthSeen, Incident, Lock, Outcome, View, ZoneLeft,
};
use domain::names::{Epoch, Recovery, Zone};
use domain::steps::plan::Raise;
use domain::steps::region::GroupSize;
use domain::system::{System, Systems};
use events::{
    Alarm, AlarmKind, AlarmState, Asked, Asker, DatabaseEvent, DatabaseSource, DeploymentEvent,
    DeploymentScope, DeploymentState, Direction, ExecutionEvent, ExecutionStatus, HealthCategory,
    HealthEvent, HealthScope, HealthStatus, Mute, Page, RdsEventId, Request, ScalingActivity, ScalingEvent,
    ScalingStep, Scope, Signal, Subject, Via, ZonalShiftChange, ZonalShiftEvent,
};
use jiff::{SignedDuration, Timestamp};

/// The system that all situations are about.
pub(crate) fn shop() -> System {
    domain::system::read(include_str!("shop.toml")).expect("a coherent system")
}

/// When the situation is judged.
pub(crate) fn now() -> Timestamp {
    "2026-10-01T12:00:00Z".parse().expect("a timestamp")
}

/// A row of the page.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) situation: String,
    pub(crate) comes: String,
    also_up: String,
    targets: String,
    deployments: String,
    past: String,
    pub(crate) then: String,
}

/// Every row of the page.
pub(crate) fn rows(page: &str) -> Vec<Row> {
    page.lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| Situation"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [situation, comes, also_up, targets, deployments, past, then] = cells[..] else {
                panic!("seven cells, not {}: {line}", cells.len());
            };
            let [situation, comes, also_up, targets, deployments, past, then] =
                [situation, comes, also_up, targets, deployments, past, then].map(str::to_owned);
            Row {
                situation,
                comes,
                also_up,
                targets,
                deployments,
                past,
                then,
            }
        })
        .collect()
}

impl Row {
    /// That comes while those alarms are up, and nothing else is known.
    pub(crate) fn of(comes: &str, also_up: &str) -> Self {
        let nothing = || "-".to_owned();
        Self {
            situation: comes.to_owned(),
            comes: comes.to_owned(),
            also_up: also_up.to_owned(),
            targets: nothing(),
            deployments: nothing(),
            past: nothing(),
            then: String::new(),
        }
    }

    /// What is decided where nobody looked.
    pub(crate) fn decided_blindly(&self) -> Decision {
        let blind = Self {
            targets: "-".to_owned(),
            deployments: "-".to_owned(),
            past: self.past.split(" vain ").next().unwrap_or("-").to_owned(),
            ..self.clone()
        };
        blind.decided()
    }

    /// What is decided.
    pub(crate) fn decided(&self) -> Decision {
        let (signal, mut journal) = (signal(&self.comes), self.journal());
        if self.past == "repeated" {
            // What it would have started has run.
            let Verdict::Recover(run) = self.judged(&signal, &journal).verdict else {
                panic!("{}: nothing starts that could be repeated", self.situation);
            };
            journal.incidents.push(Incident {
                id: run.incident,
                ..past(run.recovery, 1, Outcome::Recovered)
            });
        }
        self.judged(&signal, &journal)
    }

    fn judged(&self, signal: &Signal, journal: &View) -> Decision {
        let systems = Systems::from(vec![shop()]);
        let facts = self.facts();
        let known = Known {
            facts: facts.as_ref(),
            journal,
            now: now(),
        };
        decide(signal, systems_of(signal, &systems).first().copied(), known)
    }

    fn facts(&self) -> Option<Facts> {
        if [&self.targets, &self.deployments].iter().all(|cell| *cell == "-") && self.in_vain() == 0 {
            return None;
        }
        let unseen = self.targets == "unseen";
        Some(Facts {
            at: now(),
            targets: (self.targets != "-" && !unseen).then(|| targets(&self.targets)),
            group: (!unseen).then(|| Group {
                desired: 6,
                max: 12,
                in_service: 6,
                launches_in_vain: self.in_vain(),
            }),
            deployments: (self.deployments != "-").then(|| list(&self.deployments).map(deployment).collect()),
            unseen: if unseen {
                vec!["targets and group: elasticloadbalancing:DescribeTargetHealth timed out".to_owned()]
            } else {
                vec![]
            },
        })
    }

    /// How many launches were in vain, which is said behind what the journal remembers.
    fn in_vain(&self) -> u32 {
        let (_, count) = self.past.split_once("vain ").unwrap_or(("", "0"));
        count.parse().expect("a number")
    }

    fn journal(&self) -> View {
        let mut view = View::default();
        for up in list(&self.also_up) {
            let (name, since) = up.split_once(' ').expect("an alarm and how long ago");
            let ended = since.strip_prefix("ok ");
            if let Some(service) = name.strip_prefix("health") {
                let service = service.strip_prefix('/').unwrap_or("EC2");
                let (arn, seen) = issue(service, ended.is_none(), ago(ended.unwrap_or(since)));
                view.health.insert(arn, seen);
                continue;
            }
            let seen = AlarmSeen {
                in_alarm: ended.is_none(),
                changed_at: ago(ended.unwrap_or(since)),
            };
            view.alarms.insert(name.to_owned(), seen);
        }
        let (past_only, _) = self.past.split_once(" vain ").unwrap_or((&self.past, ""));
        match past_only.split(' ').collect::<Vec<_>>()[..] {
            ["-" | "repeated" | "vain", ..] => {}
            ["lock"] => view.lock = Some(lock(ago("1m"))),
            ["lock", since] if since.ends_with('m') => view.lock = Some(lock(ago(since))),
            ["lock", "expired"] => view.lock = Some(lock(ago("60m"))),
            ["disarmed"] => {
                view.disarmed = Some(Disarmed {
                    at: ago("60m"),
                    by: "on-call".to_owned(),
                    because: "maintenance".to_owned(),
                });
            }
            ["left", zone, since] => {
                let minutes = since.trim_end_matches('m').parse().expect("minutes");
                view.incidents.push(Incident {
                    left: Some(left(zone)),
                    ..past(Recovery::EvacuateZone, minutes, Outcome::Recovered)
                });
            }
            [recovery, since, outcome] => {
                let outcome = match outcome {
                    "recovered" => Outcome::Recovered,
                    "paged" => Outcome::Paged,
                    _ => panic!("no such outcome: {}", self.past),
                };
                let minutes = since.trim_end_matches('m').parse().expect("minutes");
                view.incidents.push(past(machine(recovery), minutes, outcome));
            }
            ref other => panic!("no such past: {other:?}"),
        }
        view
    }
}

/// The verdict in the words of the page.
pub(crate) fn words(decision: &Decision) -> String {
    if let Verdict::Recover(run) = &decision.verdict {
        return format!("recover {}", run.recovery);
    }
    let name = decision.why.name();
    format!("{} {name}", decision.verdict.word())
}

fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(", ").filter(|item| *item != "-")
}

/// `75s`, `5m`, `3d`: so long before now.
pub(crate) fn ago(text: &str) -> Timestamp {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: i64 = number.parse().expect("a number");
    let seconds = match unit {
        "s" => number,
        "m" => number * 60,
        "d" => number * 24 * 60 * 60,
        _ => panic!("neither seconds, minutes nor days: {text}"),
    };
    now() - SignedDuration::from_secs(seconds)
}

fn machine(name: &str) -> Recovery {
    serde_json::from_value(name.into()).unwrap_or_else(|_| panic!("no recovery is named {name}"))
}

fn past(recovery: Recovery, minutes: i64, outcome: Outcome) -> Incident {
    let closed_at = now() - SignedDuration::from_mins(minutes);
    Incident {
        id: "shop-earlier".parse().expect("valid"),
        system: "shop".parse().expect("valid"),
        recovery,
        opened_at: closed_at - SignedDuration::from_mins(3),
        closed_at,
        outcome,
        seen: vec![],
        left: None,
    }
}

/// A zone, by its letter, that was left without a change of the group's size.
fn left(zone: &str) -> ZoneLeft {
    let standing = GroupSize {
        min: 6,
        desired: 6,
        max: 12,
    };
    ZoneLeft {
        zone: Zone(format!("eu-central-1{zone}")),
        raise: Raise::of(standing, 6),
    }
}

pub(crate) fn lock(taken_at: Timestamp) -> Lock {
    Lock {
        epoch: Epoch(7),
        holder: "shop-running".parse().expect("valid"),
        taken_at,
        expires_at: taken_at + SignedDuration::from_mins(45),
    }
}

fn targets(cell: &str) -> Targets {
    let zones = list(cell).map(|item| {
        let (letter, counts) = item.split_once(' ').expect("a zone and its targets");
        let (healthy, unhealthy) = counts.split_once('/').expect("healthy/unhealthy");
        let health = Health {
            healthy: healthy.parse().expect("a number"),
            unhealthy: unhealthy.parse().expect("a number"),
        };
        (Zone(format!("eu-central-1{letter}")), health)
    });
    Targets {
        zones: zones.collect(),
    }
}

fn deployment(item: &str) -> Deployment {
    let words: Vec<&str> = item.split(' ').collect();
    let status = match words[2] {
        "running" => DeploymentStatus::Running,
        "succeeded" => DeploymentStatus::Succeeded,
        "failed" => DeploymentStatus::Failed,
        "stopped" => DeploymentStatus::Stopped,
        other => panic!("no such status: {other}"),
    };
    let created_at = ago(words[1]);
    Deployment {
        id: words[0].to_owned(),
        status,
        revision: format!("s3://releases/{}.zip", words[0]),
        created_at,
        completed_at: (status != DeploymentStatus::Running)
            .then(|| (created_at + SignedDuration::from_mins(5)).min(now())),
        is_rollback: words.get(3) == Some(&"rollback"),
    }
}

/// An alarm by the name of what it means.
pub(crate) fn alarm(name: &str, state: AlarmState, changed_at: Timestamp, muted: bool) -> Signal {
    let region = match name {
        "unreachable" | "also-unreachable" | "users-elsewhere" => "eu-west-1",
        _ => "eu-central-1",
    };
    let subject = Subject::Alarm(Alarm {
        name: name.to_owned(),
        arn: format!("arn:aws:cloudwatch:{region}:111122223333:alarm:{name}"),
        kind: AlarmKind::Metric,
        metrics: vec![],
        state,
        previous: None,
        reason: "Threshold Crossed".to_owned(),
        changed_at,
        suppression: None,
        mute: muted.then(|| Mute {
            by: "maintenance".to_owned(),
            from: ago("60m"),
            until: now(),
        }),
    });
    Signal {
        region: region.to_owned(),
        ..about(subject, changed_at, Via::EventBridge)
    }
}

/// What AWS Health says of an issue in the Region that serves.
pub(crate) fn aws_health(service: &str, open: bool, said_at: Timestamp) -> Signal {
    let (arn, noted) = issue(service, open, said_at);
    let subject = Subject::Health(HealthEvent {
        arn,
        service: noted.service,
        event_type: noted.event_type,
        category: HealthCategory::Issue,
        scope: HealthScope::Public,
        communication: "1".to_owned(),
        status: Some(if open {
            HealthStatus::Open
        } else {
            HealthStatus::Closed
        }),
        started_at: None,
        ended_at: None,
        updated_at: None,
        description: String::new(),
        entities: vec![],
        page: Page { number: 1, of: 1 },
        delivered_in: "us-west-2".to_owned(),
    });
    about(subject, said_at, Via::EventBridge)
}

/// The same as it is noted: every service has one issue.
fn issue(service: &str, open: bool, said_at: Timestamp) -> (String, HealthSeen) {
    let event_type = format!("AWS_{service}_OPERATIONAL_ISSUE");
    let seen = HealthSeen {
        service: service.to_owned(),
        region: "eu-central-1".parse().expect("a Region"),
        event_type: event_type.clone(),
        status: if open {
            HealthIssue::Open
        } else {
            HealthIssue::Closed
        },
        since: said_at,
        said_at,
        heard_at: said_at,
    };
    let arn = format!("arn:aws:health:eu-central-1::event/{service}/{event_type}/1");
    (arn, seen)
}

fn about(subject: Subject, time: Timestamp, via: Via) -> Signal {
    Signal {
        id: "the-signal".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-central-1".to_owned(),
        time,
        via,
        subject,
    }
}

/// What comes.
pub(crate) fn signal(comes: &str) -> Signal {
    let just_now = ago("1m");
    let aws = |subject| about(subject, just_now, Via::EventBridge);
    match comes.split(' ').collect::<Vec<_>>()[..] {
        ["look"] => about(request(Asked::Assess), now(), Via::Scheduler),
        ["asks", recovery] => {
            let recovery = recovery.to_owned();
            about(request(Asked::Recover { recovery }), now(), Via::ByHand)
        }
        [
            state @ ("failed" | "start" | "success" | "stop"),
            id,
            ref rest @ ..,
        ] => {
            let scope = match rest {
                ["on", instance] => DeploymentScope::Instance {
                    id: (*instance).to_owned(),
                },
                _ => DeploymentScope::Deployment,
            };
            let changed_at = match rest {
                [since] => ago(since),
                _ => just_now,
            };
            aws(Subject::Deployment(DeploymentEvent {
                application: "shop".to_owned(),
                group: "shop-web".to_owned(),
                deployment: id.to_owned(),
                scope,
                state: match state {
                    "failed" => DeploymentState::Failure,
                    "start" => DeploymentState::Start,
                    "success" => DeploymentState::Success,
                    _ => DeploymentState::Stop,
                },
                changed_at,
            }))
        }
        [change @ ("autoshift" | "practice"), zone] => aws(Subject::ZonalShift(ZonalShiftEvent {
            change: if change == "autoshift" {
                ZonalShiftChange::AutoshiftInProgress
            } else {
                ZonalShiftChange::PracticeRunStarted
            },
            away_from: format!("euc1-az-{zone}"),
            resources: shop().web.and_then(|web| web.load_balancer).into_iter().collect(),
            notes: String::new(),
            failure: String::new(),
            happened_at: just_now,
        })),
        ["rds", number] => aws(Subject::Database(DatabaseEvent {
            source: DatabaseSource::Cluster,
            identifier: "shop-db".to_owned(),
            arn: "arn:aws:rds:eu-central-1:111122223333:cluster:shop-db".to_owned(),
            event_id: RdsEventId::new(number.parse().expect("a number")),
            categories: vec!["failover".to_owned()],
            message: "what RDS says".to_owned(),
            happened_at: just_now,
        })),
        ["health", status, ref rest @ ..] => {
            let is_service = |word: &&&str| word.chars().all(|letter| letter.is_ascii_uppercase());
            let is_time = |word: &&&str| word.starts_with(|first: char| first.is_ascii_digit());
            let service = rest.iter().find(is_service).map_or("EC2", |service| *service);
            let time = rest.iter().find(is_time).map_or(just_now, |since| ago(since));
            let signal = aws_health(service, status == "open", time);
            Signal {
                region: if rest.contains(&"standby") {
                    "eu-west-1".to_owned()
                } else {
                    signal.region.clone()
                },
                ..signal
            }
        }
        ["launch", how @ ("failed" | "worked"), ref since @ ..] => {
            let activity = |message: &str| ScalingActivity {
                id: "1".to_owned(),
                cause: "capacity".to_owned(),
                message: message.to_owned(),
                zone: None,
            };
            aws(Subject::Scaling(ScalingEvent {
                group: "shop-web".to_owned(),
                instance: None,
                direction: Direction::Launch,
                step: if how == "failed" {
                    ScalingStep::Unsuccessful(activity("InsufficientInstanceCapacity"))
                } else {
                    ScalingStep::Successful(activity(""))
                },
                origin: None,
                destination: None,
                happened_at: since.first().map_or(just_now, |since| ago(since)),
            }))
        }
        ["ended", status, ref error @ ..] => aws(Subject::Execution(ExecutionEvent {
            state_machine:
                "arn:aws:states:eu-central-1:111122223333:stateMachine:evenkeel-fail-over-database".to_owned(),
            name: "shop-fail-over-database-20261001T115000Z-0123456789abcdef".to_owned(),
            status: match status {
                "well" => ExecutionStatus::Succeeded,
                "failed" => ExecutionStatus::Failed,
                "late" => ExecutionStatus::TimedOut,
                _ => ExecutionStatus::Aborted,
            },
            error: error.first().map(|error| (*error).to_owned()),
            changed_at: just_now,
        })),
        [name, "ok"] => alarm(name, AlarmState::Ok, just_now, false),
        [name, "blind"] => alarm(name, AlarmState::InsufficientData, just_now, false),
        [name, "muted"] => alarm(name, AlarmState::Alarm, just_now, true),
        [name, since] => alarm(name, AlarmState::Alarm, ago(since), false),
        [name] => alarm(name, AlarmState::Alarm, just_now, false),
        ref other => panic!("nothing comes like that: {other:?}"),
    }
}

fn request(what: Asked) -> Subject {
    let by = match what {
        Asked::Assess | Asked::Drill { .. } => Asker::Schedule {
            arn: "arn:aws:scheduler:eu-central-1:111122223333:schedule/default/evenkeel-look".to_owned(),
        },
        Asked::Recover { .. } => Asker::Person {
            name: "on-call".to_owned(),
            because: "I know better".to_owned(),
        },
    };
    Subject::Request(Request {
        what,
        scope: Scope::System("shop".to_owned()),
        by,
        asked_at: now(),
    })
}
