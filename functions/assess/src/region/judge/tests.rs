use capacity::observe::{GroupObserved, TargetsObserved};
use database::region::global::{Global, Member, Moving};
use database::region::half::{Group, Half};
use database::region::lag::Reference;
use domain::journal::Lock;
use domain::names::{Epoch, Recovery};
use domain::steps::Run;
use domain::steps::region::{GroupSize, Lag};
use domain::system::{System, Watches, read};

use jiff::Timestamp;

use super::super::facts::Unknown;
use super::super::signals::{Signal, Signals};
use super::*;

const TARGET: &str = "arn:aws:rds:eu-west-1:111122223333:cluster:shop-db-eu-west-1";
const SOURCE: &str = "arn:aws:rds:eu-central-1:111122223333:cluster:shop-db";
const THIRD: &str = "arn:aws:rds:us-east-1:111122223333:cluster:shop-db";
const PRIMARY: &str = "arn:aws:rds:eu-central-1:111122223333:db:shop-db";
const REPLICA: &str = "arn:aws:rds:eu-west-1:111122223333:db:shop-db-eu-west-1";

fn system(kind: Kind) -> System {
    let (database, replication) = match kind {
        Kind::Global => (
            "aurora",
            r#"{ kind = "aurora-global", global-cluster = "shop-global" }"#,
        ),
        Kind::Replica => ("multi-az-instance", r#"{ kind = "read-replica" }"#),
    };
    let text = include_str!("../../../../database/tests/region/shop.toml")
        .replace("KIND", database)
        .replace("REPLICATION", replication);
    read(&text).expect("coherent")
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Global,
    Replica,
}

fn at(time: &str) -> Timestamp {
    format!("2026-10-01T{time}Z").parse().expect("a time")
}

fn run(recovery: Recovery) -> Run {
    Run {
        system: "shop".parse().expect("a name"),
        incident: "this".parse().expect("an incident"),
        recovery,
        opened_at: at("07:15:00"),
        because: "two alarms".into(),
    }
}

fn half(identifier: &str, group: &str) -> Half {
    Half {
        identifier: identifier.into(),
        status: "available".into(),
        engine: "aurora-postgresql".into(),
        version: "16.4".into(),
        groups: vec![Group {
            id: group.into(),
            status: "active".into(),
        }],
        source: None,
        is_replicating: None,
        instances: None,
        new_name: None,
    }
}

fn members(members: &[(&str, bool)]) -> Vec<Member> {
    members
        .iter()
        .map(|(arn, is_writer)| Member {
            arn: (*arn).into(),
            is_writer: *is_writer,
            synchronization: None,
        })
        .collect()
}

fn signal(watches: Watches, since: &str) -> Signal {
    Signal {
        alarm: format!("shop-{watches}"),
        watches: Some(watches),
        since: at(since),
    }
}

fn measured(lag_ms: u64, age_s: u64, reference: Reference) -> Measured {
    Measured {
        lag: Some(Lag {
            lag_ms,
            measured_at: at("07:14:00"),
            age_ms: age_s * 1_000,
        }),
        what: "lag".into(),
        reference,
    }
}

fn unknown<T>() -> std::result::Result<T, Unknown> {
    Err(Unknown("no answer".into()))
}

/// A lost source for an unplanned move, and a healthy one for a planned one.
fn facts<'a>(system: &'a System, run: &'a Run, kind: Kind) -> Facts<'a> {
    let planned = run.recovery != Recovery::FailOverRegion;
    let mut target = half("shop-db-eu-west-1", "sg-33333333333333333");
    match kind {
        Kind::Global => target.instances = Some(2),
        Kind::Replica => target.source = Some(PRIMARY.into()),
    }
    let reference = if planned {
        Reference::Now
    } else {
        Reference::Lost(run.opened_at)
    };
    Facts {
        moved: system
            .moving_to(&"eu-west-1".parse().expect("a Region"))
            .expect("two Regions"),
        run,
        planned,
        now: at("07:16:00"),
        signals: Signals {
            raised: vec![
                signal(Watches::Users, "07:15:00"),
                signal(Watches::Reachability, "07:15:30"),
            ],
            ended: vec![],
        },
        lock_there: if planned { Ok(None) } else { unknown() },
        written: if planned {
            Written::Yes
        } else {
            Written::No {
                seen: "no answer within 1000 ms".into(),
            }
        },
        source: if planned {
            Source::Answered(half("shop-db", "sg-11111111111111111"))
        } else {
            Source::Silent("unavailable: rds:DescribeDBClusters".into())
        },
        target: Some(target),
        global: match kind {
            Kind::Global => Some(Global {
                identifier: "shop-global".into(),
                status: "available".into(),
                version: "16.4".into(),
                members: members(&[(SOURCE, true), (TARGET, false)]),
                moving: None,
            }),
            Kind::Replica => None,
        },
        lag: Ok(measured(850, 60, reference)),
        users_are_here: None,
        group: GroupObserved {
            size: GroupSize {
                min: 2,
                desired: 2,
                max: 4,
            },
            in_service: 2,
            members: Vec::new(),
            grace: jiff::SignedDuration::ZERO,
            subnets: Vec::new(),
            newest_failure: None,
            suspended: std::collections::BTreeSet::new(),
        },
        targets: Ok(TargetsObserved {
            healthy: 2,
            ..TargetsObserved::default()
        }),
        source_in_service: if planned { Ok(6) } else { unknown() },
        quota: Some(Ok(64.0)),
    }
}

/// The lock there, taken by that run at that time, for an hour.
fn lock(holder: &str, taken_at: &str) -> std::result::Result<Option<Lock>, Unknown> {
    let taken_at = at(taken_at);
    Ok(Some(Lock {
        epoch: Epoch(1),
        holder: holder.parse().expect("an incident"),
        taken_at,
        expires_at: taken_at + jiff::SignedDuration::from_hours(1),
    }))
}

/// A verdict or an error's name, and words that must be in what was seen.
fn judged(kind: Kind, recovery: Recovery, change: Change) -> (String, String) {
    let (system, run) = (system(kind), run(recovery));
    let mut facts = facts(&system, &run, kind);
    change(&mut facts);
    match judge(&facts) {
        Ok(assessment) => (format!("{:?}", assessment.verdict), assessment.seen.join("; ")),
        Err(error) => (error.name().to_owned(), error.to_string()),
    }
}

type Change = fn(&mut Facts<'_>);
type Row = (&'static str, Kind, Recovery, Change, &'static str, &'static str);

fn hold(rows: &[Row]) {
    for (what, kind, recovery, change, expected, words) in rows {
        let (verdict, seen) = judged(*kind, *recovery, *change);
        assert_eq!(verdict, *expected, "{what}: {seen}");
        assert!(seen.contains(words), "{what}: `{words}` is not in: {seen}");
    }
}

fn target_of<'a>(facts: &'a mut Facts<'_>) -> &'a mut Half {
    facts.target.as_mut().expect("there")
}

fn global_of<'a>(facts: &'a mut Facts<'_>) -> &'a mut Global {
    facts.global.as_mut().expect("there")
}

#[test]
fn a_region_is_lost_when_two_signals_say_so_for_long_enough_and_it_takes_no_writes() {
    use Kind::{Global, Replica};
    use Recovery::FailOverRegion as Lost;

    hold(&[
        (
            "two for the window",
            Global,
            Lost,
            |_| {},
            "FailOver",
            "have held for 20s",
        ),
        (
            "a replica as well",
            Replica,
            Lost,
            |_| {},
            "FailOver",
            "have held for 20s",
        ),
        (
            "writes pass after all",
            Global,
            Lost,
            |f| f.written = Written::Yes,
            "StandDown",
            "switch-over-region moves without loss",
        ),
        (
            "the window is not over",
            Global,
            Lost,
            |f| f.now = at("07:15:49"),
            "NotYet",
            "have to hold for 20s",
        ),
        (
            "writes pass within the window",
            Global,
            Lost,
            |f| {
                f.now = at("07:15:49");
                f.written = Written::Yes;
            },
            "StandDown",
            "takes writes",
        ),
        (
            "two that look at the same thing are one, and only a person starts on one",
            Global,
            Lost,
            |f| f.signals.raised[0].watches = f.signals.raised[1].watches,
            "FailOver",
            "only one signal confirms it: a person ordered it",
        ),
        (
            "one of two has just ended",
            Global,
            Lost,
            |f| {
                f.signals.raised.pop();
                f.signals.ended = vec![signal(Watches::Reachability, "07:15:50")];
            },
            "NotYet",
            "it may come back",
        ),
        (
            "one of two ended a window ago: a blip",
            Global,
            Lost,
            |f| {
                f.signals.raised.pop();
                f.signals.ended = vec![signal(Watches::Reachability, "07:15:40")];
            },
            "StandDown",
            "did not hold",
        ),
        (
            "both ended a window ago",
            Global,
            Lost,
            |f| {
                f.signals.raised.clear();
                f.signals.ended = vec![
                    signal(Watches::Users, "07:15:30"),
                    signal(Watches::Reachability, "07:15:40"),
                ];
            },
            "StandDown",
            "did not hold",
        ),
        (
            "a person ordered it, and no alarm agrees",
            Global,
            Lost,
            |f| f.signals = Signals::default(),
            "FailOver",
            "no alarm confirms it: a person ordered it",
        ),
        (
            "a person ordered it, RDS there answers, and writes fail",
            Global,
            Lost,
            |f| {
                f.signals = Signals::default();
                f.source = Source::Answered(half("shop-db", "sg-11111111111111111"));
            },
            "FailOver",
            "no alarm confirms it: a person ordered it",
        ),
        (
            "a person ordered it, and writes pass",
            Global,
            Lost,
            |f| {
                f.signals = Signals::default();
                f.written = Written::Yes;
            },
            "StandDown",
            "switch-over-region",
        ),
        (
            "the lag does not matter here: the gate asks for it",
            Global,
            Lost,
            |f| f.lag = unknown(),
            "FailOver",
            "the lag is not known",
        ),
        (
            "an old lag is said",
            Global,
            Lost,
            |f| f.lag = Ok(measured(850, 181, Reference::Lost(at("07:15:00")))),
            "FailOver",
            "too old to be believed",
        ),
        (
            "versions differ, as the global cluster knows them",
            Global,
            Lost,
            |f| global_of(f).version = "16.3".into(),
            "FailOver",
            "the engine versions differ, 16.3 and 16.4",
        ),
    ]);
}

/// Both signals are up since 07:15:30.
#[test]
fn a_region_that_heals_itself_is_waited_for_and_not_for_long() {
    use Kind::{Global, Replica};
    use Recovery::FailOverRegion as Lost;

    hold(&[
        (
            "nobody holds the lock there",
            Global,
            Lost,
            |f| f.lock_there = Ok(None),
            "FailOver",
            "have held for 20s",
        ),
        (
            "its journal does not answer, as that of a lost Region",
            Global,
            Lost,
            |f| f.lock_there = unknown(),
            "FailOver",
            "whether eu-central-1 is healing itself is not known: no answer",
        ),
        (
            "a recovery began there before both signals were up",
            Global,
            Lost,
            |f| f.lock_there = lock("roll-back", "07:15:20"),
            "NotYet",
            "eu-central-1 is healing itself: roll-back holds its lock since 2026-10-01T07:15:20Z",
        ),
        (
            "a replica as well",
            Replica,
            Lost,
            |f| f.lock_there = lock("roll-back", "07:15:20"),
            "NotYet",
            "roll-back has 2m 30s to end this",
        ),
        (
            "it has a moment left",
            Global,
            Lost,
            |f| {
                f.lock_there = lock("roll-back", "07:15:20");
                f.now = at("07:17:49");
            },
            "NotYet",
            "roll-back has 2m 30s to end this",
        ),
        (
            "it has had its time",
            Global,
            Lost,
            |f| {
                f.lock_there = lock("roll-back", "07:15:20");
                f.now = at("07:17:50");
            },
            "FailOver",
            "roll-back has not ended them in 2m 30s",
        ),
        (
            "it began after both signals were up, and has no longer for that",
            Global,
            Lost,
            |f| {
                f.lock_there = lock("roll-back", "07:17:40");
                f.now = at("07:17:59");
            },
            "NotYet",
            "roll-back has 2m 30s to end this",
        ),
        (
            "nor has one that follows another, or whose clock is ahead",
            Global,
            Lost,
            |f| {
                f.lock_there = lock("fail-over-database", "07:20:00");
                f.now = at("07:18:00");
            },
            "FailOver",
            "fail-over-database has not ended them in 2m 30s",
        ),
        (
            "a lock that was left behind long ago",
            Global,
            Lost,
            |f| f.lock_there = lock("roll-back", "06:30:00"),
            "FailOver",
            "roll-back has not ended them in 2m 30s",
        ),
        (
            "a lock that has expired",
            Global,
            Lost,
            |f| f.lock_there = lock("roll-back", "06:16:00"),
            "FailOver",
            "have held for 20s",
        ),
        (
            "this run's own, from before it was started again",
            Global,
            Lost,
            |f| f.lock_there = lock("this", "07:15:40"),
            "FailOver",
            "have held for 20s",
        ),
        (
            "it healed: writes pass",
            Global,
            Lost,
            |f| {
                f.lock_there = lock("roll-back", "07:15:20");
                f.written = Written::Yes;
            },
            "StandDown",
            "takes writes",
        ),
        (
            "it healed: a signal ended a window ago",
            Global,
            Lost,
            |f| {
                f.lock_there = lock("roll-back", "07:15:20");
                f.signals.raised.pop();
                f.signals.ended = vec![signal(Watches::Reachability, "07:15:40")];
            },
            "StandDown",
            "did not hold",
        ),
        (
            "a person's order is not waited out, and the person is told",
            Global,
            Lost,
            |f| {
                f.lock_there = lock("roll-back", "07:15:20");
                f.signals = Signals::default();
            },
            "FailOver",
            "eu-central-1 is healing itself: roll-back",
        ),
        (
            "the database is here already: nothing there matters any more",
            Global,
            Lost,
            |f| {
                f.lock_there = lock("roll-back", "07:15:20");
                global_of(f).members = members(&[(TARGET, true), (SOURCE, false)]);
            },
            "FailOver",
            "going on from there",
        ),
    ]);
}

/// An alarm that never ended since an earlier incident makes that one's lag look as if it were of this one.
#[test]
fn what_a_primary_of_former_days_lacks_is_not_known() {
    let (system, run) = (system(Kind::Replica), run(Recovery::FailOverRegion));
    let mut facts = facts(&system, &run, Kind::Replica);
    target_of(&mut facts).source = None;
    facts.users_are_here = Some(unknown());
    let lag = |facts: &Facts<'_>| judge(facts).expect("lost").lag.map(|lag| lag.lag_ms);
    assert_eq!(lag(&facts), Some(850), "promoted just now");
    target_of(&mut facts).groups[0].id = "sg-44444444444444444".into();
    assert_eq!(lag(&facts), None, "cut off in an earlier move");
}

/// Both are counted from when both signals were up; the longest window must leave some patience.
#[test]
fn patience_outlasts_every_window() {
    assert!(healing::PATIENCE > domain::system::region_failover::LONGEST_WINDOW);
}

#[test]
fn a_half_finished_move_is_gone_on_with_unless_users_are_here() {
    use Kind::{Global, Replica};
    use Recovery::{FailBackRegion as Back, FailOverRegion as Lost, SwitchOverRegion as Planned};

    let here: Change = |f| {
        global_of(f).members = members(&[(TARGET, true), (SOURCE, false)]);
        f.users_are_here = Some(unknown());
        f.signals = Signals::default();
    };
    let arrived: Change = |f| {
        global_of(f).members = members(&[(TARGET, true), (SOURCE, false)]);
        f.users_are_here = Some(Ok(()));
    };
    hold(&[
        (
            "the writer is here",
            Global,
            Lost,
            here,
            "FailOver",
            "going on from there",
        ),
        (
            "the writer is here, planned",
            Global,
            Planned,
            here,
            "SwitchOver",
            "going on from there",
        ),
        (
            "users are here",
            Global,
            Lost,
            arrived,
            "StandDown",
            "users are served in eu-west-1 already",
        ),
        (
            "users are here, planned",
            Global,
            Planned,
            arrived,
            "StandDown",
            "already",
        ),
        (
            "users are here, back home",
            Global,
            Back,
            arrived,
            "StandDown",
            "already",
        ),
        (
            "on its way here",
            Global,
            Lost,
            |f| {
                f.signals = Signals::default();
                global_of(f).moving = Some(Moving {
                    status: "failing-over".into(),
                    to: TARGET.into(),
                    is_lossy: true,
                });
            },
            "FailOver",
            "failing-over to shop-db-eu-west-1 in eu-west-1, data loss allowed",
        ),
        (
            "on its way elsewhere",
            Global,
            Lost,
            |f| {
                global_of(f).moving = Some(Moving {
                    status: "switching-over".into(),
                    to: THIRD.into(),
                    is_lossy: false,
                });
            },
            "NotYet",
            "switching-over",
        ),
        (
            "elsewhere",
            Global,
            Lost,
            |f| global_of(f).members = members(&[(THIRD, true), (TARGET, false), (SOURCE, false)]),
            "Unsafe",
            "does not follow",
        ),
        (
            "detached, and nobody knows since when",
            Global,
            Lost,
            |f| {
                global_of(f).members = members(&[(SOURCE, true)]);
                f.users_are_here = Some(unknown());
            },
            "FailOver",
            "it may be old",
        ),
        (
            "detached, planned",
            Global,
            Planned,
            |f| {
                global_of(f).members = members(&[(SOURCE, true)]);
                f.users_are_here = Some(unknown());
            },
            "Unsafe",
            "follows nobody",
        ),
        (
            "a replica that followed shortly before the incident was promoted",
            Replica,
            Lost,
            |f| {
                target_of(f).source = None;
                f.users_are_here = Some(unknown());
            },
            "FailOver",
            "going on from there",
        ),
        (
            "a primary of former days is old, and the gate is told",
            Replica,
            Lost,
            |f| {
                target_of(f).source = None;
                f.lag = unknown();
                f.users_are_here = Some(unknown());
            },
            "FailOver",
            "it may be old",
        ),
        (
            "a primary that was cut off is of former days, however recent a lag looks",
            Replica,
            Lost,
            |f| {
                target_of(f).source = None;
                target_of(f).groups[0].id = "sg-44444444444444444".into();
                f.users_are_here = Some(unknown());
            },
            "FailOver",
            "it may be old",
        ),
        (
            "two databases take writes: nobody but a person knows which counts",
            Replica,
            Lost,
            |f| {
                target_of(f).source = None;
                f.written = Written::Yes;
                f.users_are_here = Some(unknown());
            },
            "StandDown",
            "a person has to say which",
        ),
        (
            "two databases take writes, planned",
            Replica,
            Planned,
            |f| {
                target_of(f).source = None;
                f.users_are_here = Some(unknown());
            },
            "Unsafe",
            "both databases take writes",
        ),
        (
            "the source was cut off for the planned move, and the replica promoted",
            Replica,
            Planned,
            |f| {
                target_of(f).source = None;
                f.lag = unknown();
                f.written = Written::No { seen: "503".into() };
                f.source = Source::Answered(half("shop-db", "sg-22222222222222222"));
                f.users_are_here = Some(unknown());
            },
            "SwitchOver",
            "going on from there",
        ),
        (
            "the other one follows it already",
            Replica,
            Planned,
            |f| {
                target_of(f).source = None;
                f.lag = unknown();
                f.written = Written::No { seen: "503".into() };
                let source = half("shop-db", "sg-11111111111111111");
                let source_of_it = Some(REPLICA.to_owned());
                f.source = Source::Answered(Half {
                    source: source_of_it,
                    ..source
                });
                f.users_are_here = Some(unknown());
            },
            "SwitchOver",
            "going on from there",
        ),
        (
            "an old replica that follows nobody is not moved to on purpose",
            Replica,
            Planned,
            |f| {
                target_of(f).source = None;
                f.lag = unknown();
                f.users_are_here = Some(unknown());
            },
            "Unsafe",
            "fail-back-region makes it follow again",
        ),
        (
            "a replica of something else",
            Replica,
            Lost,
            |f| target_of(f).source = Some("other-db".into()),
            "Unsafe",
            "does not follow",
        ),
        (
            "no database at all",
            Replica,
            Lost,
            |f| f.target = None,
            "Unsafe",
            "does not follow",
        ),
    ]);
}

#[test]
fn a_planned_move_needs_two_healthy_databases_that_are_near_to_each_other() {
    use Kind::{Global, Replica};
    use Recovery::{FailBackRegion as Back, SwitchOverRegion as Planned};

    hold(&[
        (
            "all is well",
            Global,
            Planned,
            |_| {},
            "SwitchOver",
            "can hand over",
        ),
        (
            "all is well with a replica",
            Replica,
            Planned,
            |_| {},
            "SwitchOver",
            "can hand over",
        ),
        (
            "all is well, back home",
            Global,
            Back,
            |_| {},
            "SwitchOver",
            "can hand over",
        ),
        (
            "alarms are for unplanned moves",
            Global,
            Planned,
            |f| f.signals = Signals::default(),
            "SwitchOver",
            "can hand over",
        ),
        (
            "the source does not answer",
            Global,
            Planned,
            |f| f.source = Source::Silent("unavailable".into()),
            "Unsafe",
            "that is fail-over-region",
        ),
        (
            "the source is not there",
            Global,
            Planned,
            |f| f.source = Source::Unknown("RDS in eu-central-1 knows no shop-db".into()),
            "Unsafe",
            "has to be well",
        ),
        (
            "the source takes no writes",
            Global,
            Planned,
            |f| f.written = Written::No { seen: "503".into() },
            "Unsafe",
            "does not take writes",
        ),
        (
            "the target is being modified",
            Global,
            Planned,
            |f| target_of(f).status = "modifying".into(),
            "Unsafe",
            "shop-db-eu-west-1 is modifying",
        ),
        (
            "the replica is being backed up",
            Replica,
            Planned,
            |f| target_of(f).status = "backing-up".into(),
            "NotYet",
            "backing-up",
        ),
        (
            "the source is being rebooted",
            Replica,
            Planned,
            |f| {
                let source = half("shop-db", "sg-11111111111111111");
                let status = "rebooting".into();
                f.source = Source::Answered(Half { status, ..source });
            },
            "Unsafe",
            "shop-db is rebooting",
        ),
        (
            "another patch level",
            Global,
            Planned,
            |f| target_of(f).version = "16.4.1".into(),
            "Unsafe",
            "needs one engine version",
        ),
        (
            "no lag",
            Global,
            Planned,
            |f| f.lag = unknown(),
            "Unsafe",
            "nobody knows how far",
        ),
        (
            "an old lag",
            Global,
            Planned,
            |f| f.lag = Ok(measured(0, 181, Reference::Now)),
            "Unsafe",
            "nobody knows how far",
        ),
        (
            "as far behind as is allowed",
            Global,
            Planned,
            |f| f.lag = Ok(measured(30_000, 180, Reference::Now)),
            "SwitchOver",
            "can hand over",
        ),
        (
            "too far behind",
            Global,
            Planned,
            |f| f.lag = Ok(measured(30_001, 0, Reference::Now)),
            "Unsafe",
            "30001 ms behind, and 30s are allowed",
        ),
    ]);
}

#[test]
fn a_region_that_could_not_serve_is_not_moved_to() {
    use Kind::{Global, Replica};
    use Recovery::{FailOverRegion as Lost, SwitchOverRegion as Planned};

    hold(&[
        (
            "nobody could connect",
            Global,
            Lost,
            |f| target_of(f).instances = Some(0),
            "Unsafe",
            "has no DB instance",
        ),
        (
            "stopped",
            Replica,
            Lost,
            |f| target_of(f).status = "stopped".into(),
            "Unsafe",
            "shop-db-eu-west-1 is stopped",
        ),
        (
            "its key is gone",
            Global,
            Lost,
            |f| target_of(f).status = "inaccessible-encryption-credentials".into(),
            "Unsafe",
            "inaccessible-encryption-credentials",
        ),
        (
            "being modified passes",
            Global,
            Lost,
            |f| target_of(f).status = "modifying".into(),
            "FailOver",
            "status modifying",
        ),
        (
            "just enough quota",
            Global,
            Lost,
            |f| f.quota = Some(Ok(12.0)),
            "FailOver",
            "12 vCPUs, 12 needed",
        ),
        (
            "too little quota",
            Global,
            Lost,
            |f| f.quota = Some(Ok(11.0)),
            "Unsafe",
            "may run 11 vCPUs in eu-west-1, and 12 are needed",
        ),
        (
            "too little quota, planned",
            Global,
            Planned,
            |f| f.quota = Some(Ok(11.0)),
            "Unsafe",
            "11 vCPUs",
        ),
        (
            "an unknown quota",
            Global,
            Lost,
            |f| f.quota = Some(unknown()),
            "FailOver",
            "L-1216C47A is not known",
        ),
        (
            "nothing to do needs no quota",
            Global,
            Lost,
            |f| {
                f.quota = Some(Ok(1.0));
                f.written = Written::Yes;
            },
            "StandDown",
            "takes writes",
        ),
        (
            "cut off since it was left",
            Global,
            Lost,
            |f| target_of(f).groups[0].id = "sg-44444444444444444".into(),
            "FailOver",
            "is opened before it is promoted",
        ),
    ]);
}

#[test]
fn what_is_needed_is_what_served_within_the_limit() {
    for (served, needed, words) in [
        (unknown(), 6, "6 instances needed"),
        (Ok(2), 6, "6 instances needed"),
        (Ok(8), 8, "8 instances needed"),
        (
            Ok(20),
            12,
            "12 instances needed: eu-central-1 had 20, and the system's limit is 12",
        ),
    ] {
        let (system, run) = (system(Kind::Global), run(Recovery::FailOverRegion));
        let mut facts = facts(&system, &run, Kind::Global);
        facts.source_in_service = served.clone();
        let assessment = judge(&facts).expect("judged");
        assert_eq!(assessment.capacity.needed, needed, "{served:?}");
        assert_eq!(assessment.capacity.source_in_service, served.ok());
        let seen = assessment.seen.join("; ");
        assert!(seen.contains(words), "{seen}");
    }
}

#[test]
fn an_assessment_says_what_was_seen_of_both_regions() {
    let (system, run) = (system(Kind::Global), run(Recovery::FailOverRegion));
    let assessment = judge(&facts(&system, &run, Kind::Global)).expect("judged");
    assert!(!assessment.source_reachable);
    assert_eq!(
        assessment.writer_in,
        Some("eu-central-1".parse().expect("a Region"))
    );
    assert_eq!(assessment.lag.map(|lag| lag.lag_ms), Some(850));
    assert_eq!(
        assessment.seen,
        [
            "shop-users (users) in ALARM since 2026-10-01T07:15:00Z",
            "shop-reachability (reachability) in ALARM since 2026-10-01T07:15:30Z",
            "whether eu-central-1 is healing itself is not known: no answer",
            "eu-central-1: the write check failed: no answer within 1000 ms",
            "RDS in eu-central-1 does not answer: unavailable: rds:DescribeDBClusters",
            "RDS in eu-west-1 describes global cluster shop-global: status available, writer shop-db in eu-central-1, \
             reader shop-db-eu-west-1 in eu-west-1",
            "RDS in eu-west-1 describes shop-db-eu-west-1: status available, aurora-postgresql 16.4",
            "lag: 850 ms at 2026-10-01T07:14:00Z, 60 s before the incident",
            "group shop-web in eu-west-1: min 2, desired 2, max 4, 2 InService",
            "its targets: 2 healthy",
            "group shop-web in eu-central-1 is not known: no answer",
            "6 instances needed",
            "quota L-1216C47A in eu-west-1: 64 vCPUs, 12 needed",
            "eu-central-1 does not take writes, two independent signals have held for 20s",
        ]
    );
}

#[test]
fn where_the_writer_is_is_known_from_here() {
    let (to, from): (Region, Region) = (
        "eu-west-1".parse().expect("a Region"),
        "eu-central-1".parse().expect("a Region"),
    );
    let cases: [(Kind, Change, Option<&Region>); 5] = [
        (Kind::Global, |_| {}, Some(&from)),
        (
            Kind::Global,
            |f| global_of(f).members = members(&[(TARGET, true), (SOURCE, false)]),
            Some(&to),
        ),
        (Kind::Replica, |_| {}, Some(&from)),
        (Kind::Replica, |f| target_of(f).source = None, Some(&to)),
        (
            Kind::Replica,
            |f| {
                target_of(f).source = None;
                f.lag = unknown();
            },
            None,
        ),
    ];
    for (kind, change, expected) in cases {
        let (system, run) = (system(kind), run(Recovery::FailOverRegion));
        let mut facts = facts(&system, &run, kind);
        change(&mut facts);
        let assessment = judge(&facts).expect("judged");
        assert_eq!(assessment.writer_in.as_ref(), expected, "{kind:?}");
    }
}
