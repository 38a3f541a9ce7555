//! How many events one core parses in a second: all samples in turn, and each subject alone.
//!
//! `cargo bench -p events`. Plain timing, no framework: the measures are wide, and a regression by half is what matters. The goal,
//! with the decision, is 100,000 events a second and core, which leaves 10 µs for both.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock; the parser does not"
)]

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use events::{Subject, parse};

fn main() {
    let all = samples();
    println!(
        "{:<44} {:>14} {:>12} {:>8}",
        "events", "per second", "each", "bytes"
    );
    report("all samples in turn", &all);
    let mut kinds = BTreeMap::<&str, Vec<Vec<u8>>>::new();
    for payload in &all {
        kinds.entry(kind(payload)).or_default().push(payload.clone());
    }
    for (kind, payloads) in &kinds {
        report(kind, payloads);
    }
    let refused = rejected();
    report("what is refused", &refused);

    let before = peak_memory();
    for payload in all.iter().cycle().take(1_000_000) {
        let _ = black_box(parse(black_box(payload)));
    }
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        println!("peak memory before and after a million more: {before} KiB, {after} KiB");
    }
}

fn kind(payload: &[u8]) -> &'static str {
    match parse(payload).expect("a sample is a signal").subject {
        Subject::Alarm(_) => "alarms",
        Subject::Database(_) => "database events",
        Subject::Deployment(_) => "deployments",
        Subject::Health(_) => "AWS Health",
        Subject::Scaling(_) => "Auto Scaling",
        Subject::ZonalShift(_) => "zonal shifts",
        Subject::Execution(_) => "executions",
        Subject::Cache(_) => "cache events",
        Subject::Request(_) => "requests",
        Subject::SelfTest(_) => "self-tests",
    }
}

fn samples() -> Vec<Vec<u8>> {
    read("samples")
}

fn rejected() -> Vec<Vec<u8>> {
    read("samples/rejected")
}

fn read(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    fs::read_dir(folder)
        .expect("the folder of samples is there")
        .map(|entry| entry.expect("its entries can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| fs::read(path).expect("a sample can be read"))
        .collect()
}

fn report(name: &str, payloads: &[Vec<u8>]) {
    let rounds = 20_000 / payloads.len() + 1;
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        for _ in 0..rounds {
            for payload in payloads {
                let _ = black_box(parse(black_box(payload)));
            }
        }
        best = best.min(start.elapsed());
    }
    let bytes: usize = payloads.iter().map(Vec::len).sum::<usize>() / payloads.len();
    #[allow(clippy::cast_precision_loss, reason = "figures to look at")]
    let each = best.as_secs_f64() / (rounds * payloads.len()) as f64;
    println!(
        "{name:<44} {:>14.0} {:>9.0} ns {bytes:>8}",
        1.0 / each,
        each * 1e9
    );
}

/// Peak resident memory in KiB, where the system says.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
