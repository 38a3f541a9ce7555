//! How many events one core reads and judges in a second, and whether memory stays flat over a million of them.
//!
//! `cargo bench -p domain`. What the router does without AWS: bytes to a signal, whose system it is about, what is decided with a
//! journal of a busy day and with facts at hand. Plain timing, no framework: a regression by half is what matters. The goal is
//! 100,000 events a second and core.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock; the judgement does not"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::decision::{Known, decide, systems_of};
use domain::facts::{Facts, Health, Targets};
use domain::journal::{AlarmSeen, Incident, Outcome, RECENT_INCIDENTS, View};
use domain::names::{Recovery, Zone};
use domain::system::Systems;
use events::parse;
use jiff::{SignedDuration, Timestamp};

const SYSTEM: &str = include_str!("../tests/decision/shop.toml");
const ALARM: &str = include_str!("../../../events/samples/example-cloudwatch-alarm-state-change.json");
const UNHEALTHY: &str =
    include_str!("../../../events/samples/example-cloudwatch-alarm-unhealthy-hosts-in-zone.json");
const DEPLOYMENT: &str = include_str!("../../../events/samples/example-codedeploy-deployment-failure.json");
const LAUNCHED: &str = include_str!("../../../events/samples/example-autoscaling-launch-successful.json");

fn main() {
    let mixed = storm();
    let now: Timestamp = "2026-10-01T12:00:00Z".parse().expect("a timestamp");
    let (systems, view, facts) = (systems(), busy(now), facts(now));
    let judge = |payload: &[u8]| {
        let signal = parse(payload).expect("a signal");
        let about = systems_of(&signal, &systems);
        let known = Known {
            facts: Some(&facts),
            journal: &view,
            now,
        };
        decide(&signal, about.first().copied(), known)
    };
    let recovers = mixed
        .iter()
        .filter(|payload| judge(payload).verdict.word() == "recover")
        .count();
    println!(
        "{} payloads in turn, of which {recovers} start a recovery",
        mixed.len()
    );

    let mut best = 0;
    for _ in 0..3 {
        let (begun, mut count) = (Instant::now(), 0u64);
        while begun.elapsed() < Duration::from_secs(2) {
            for payload in &mixed {
                black_box(judge(black_box(payload)));
            }
            count += mixed.len() as u64;
        }
        best = best.max(count * 1_000 / u64::try_from(begun.elapsed().as_millis()).unwrap_or(1).max(1));
    }
    println!("{best} events read and judged per second and core (best of three)");

    let before = peak_memory();
    for payload in mixed.iter().cycle().take(1_000_000) {
        black_box(judge(black_box(payload)));
    }
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        println!("peak memory before and after a million more: {before} KiB, {after} KiB");
    }
}

/// Alarms of the system that rise and end, alarms that nobody declared, deployments, launches.
fn storm() -> Vec<Vec<u8>> {
    let here = |text: &str| {
        text.replace("123456789012", "111122223333")
            .replace("us-east-1", "eu-central-1")
            .replace("2019-10-02T17:04:40", "2026-10-01T11:59:20")
    };
    let named = |name: &str| here(ALARM).replace("ServerCpuTooHigh", name);
    let ended = |name: &str| named(name).replace("\"value\": \"ALARM\"", "\"value\": \"OK\"");
    let mut all: Vec<String> = [
        "database",
        "users",
        "zone-a",
        "unhealthy",
        "load",
        "cache",
        "disk-full",
    ]
    .iter()
    .flat_map(|name| [named(name), ended(name)])
    .collect();
    all.extend([here(UNHEALTHY), here(DEPLOYMENT), here(LAUNCHED)]);
    all.into_iter().map(String::into_bytes).collect()
}

fn systems() -> Systems {
    Systems::from(vec![domain::system::read(SYSTEM).expect("a coherent system")])
}

/// The journal of a busy day: every alarm seen, as many incidents as a view holds.
fn busy(now: Timestamp) -> View {
    let hours = |hours: usize| now - SignedDuration::from_hours(i64::try_from(hours).unwrap_or(0) + 1);
    View {
        alarms: [
            "database",
            "users",
            "zone-a",
            "zone-b",
            "unhealthy",
            "load",
            "cache",
        ]
        .into_iter()
        .map(|name| {
            let seen = AlarmSeen {
                in_alarm: name == "users",
                changed_at: hours(1),
            };
            (name.to_owned(), seen)
        })
        .collect(),
        incidents: (0..RECENT_INCIDENTS)
            .map(|n| Incident {
                id: format!("shop-earlier-{n}").parse().expect("valid"),
                system: "shop".parse().expect("valid"),
                recovery: Recovery::ScaleOut,
                opened_at: hours(n),
                closed_at: hours(n),
                outcome: Outcome::Recovered,
                seen: vec!["12 healthy".to_owned()],
                left: None,
            })
            .collect(),
        ..View::default()
    }
}

fn facts(now: Timestamp) -> Facts {
    let zones = ["a", "b", "c"].map(|letter| {
        let health = Health {
            healthy: 2,
            unhealthy: 0,
        };
        (Zone(format!("eu-central-1{letter}")), health)
    });
    Facts {
        at: now,
        targets: Some(Targets {
            zones: zones.into_iter().collect(),
        }),
        group: None,
        deployments: Some(vec![]),
        unseen: vec![],
    }
}

/// The largest resident set so far, where the system says.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
