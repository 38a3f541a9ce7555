//! `evenkeel prove [MACHINE]...`

mod tally;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::names::fnv1a;
use indicatif::ProgressBar;
use rehearsal::injection::Injection;
use rehearsal::prove::{Outcome, Progress, Search, Subject, Tried, scenario_file, search, shrink, subjects};
use rehearsal::timeline::Entry;

use self::tally::Tally;
use crate::cli::Prove;
use crate::failure::Failure;
use crate::show;
use crate::show::proof::{Example, Proof};

/// At most so many examples are shrunk and written, each of something else that breaks.
const EXAMPLES: usize = 20;

pub(crate) fn run(asked: &Prove) -> Result<ExitCode, Failure> {
    let subjects = subjects(&asked.machines)?;
    let mut space = Search::of(&subjects, asked.pairs);
    let kept = kept_in(&asked.kept, &space).map_err(|source| Failure::NotTried {
        path: asked.kept.clone(),
        source,
    })?;
    let unkept = |source| Failure::NotTried {
        path: asked.kept.clone(),
        source,
    };
    if asked.afresh && kept.exists() {
        fs::remove_file(&kept).map_err(unkept)?;
    }
    let machines = rehearsal::stage::machines()?;
    let mut tally = Tally::of(&space, &machines);
    let known = read(&kept, &mut tally).map_err(unkept)?;
    let bar = show::progress::bar_of_trials(space.units.len() as u64);
    bar.set_position(known.len() as u64);
    bar.reset_eta();
    let began = now();
    let watch = Watch {
        bar,
        ends: asked.budget.map(|budget| began + budget.std()),
        file: Mutex::new(
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(&kept)
                .map_err(unkept)?,
        ),
        tally: Mutex::new(tally),
        trials: AtomicU64::new(0),
        failed: Mutex::new(None),
    };
    let mut order = in_order(space.units.len(), asked.seed);
    while !order.is_empty() {
        search(&space, &known, &order, &watch)?;
        // What leads to a state may lead on to others.
        let behind = watch.tally().behind(&space);
        let before = space.units.len();
        watch.bar.inc_length(behind.len() as u64);
        watch.tally().extend(&behind);
        space.units.extend(behind);
        order = (before..space.units.len()).collect();
    }
    let took = began.elapsed();
    watch.bar.finish_and_clear();
    let Watch {
        tally,
        trials,
        failed,
        ..
    } = watch;
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(unkept(error));
    }
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let proof = proof(&space, tally, (trials.into_inner(), took), &asked.kept)?;
    let mut out = anstream::stdout().lock();
    if asked.json {
        let json = serde_json::to_string_pretty(&proof).map_err(std::io::Error::from)?;
        writeln!(out, "{json}")?;
    } else {
        show::proof::write(&mut out, &proof, asked.coverage)?;
    }
    Ok(if proof.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What the whole came to, with an example of each thing that broke.
fn proof(
    space: &Search<'_>,
    tally: Tally,
    (trials, took): (u64, Duration),
    folder: &Path,
) -> Result<Proof, Failure> {
    let mut examples = Vec::new();
    for (subject, faults) in tally.examples().take(EXAMPLES) {
        examples.push(example(
            &space.subjects[subject],
            faults,
            folder,
            examples.len() + 1,
        )?);
    }
    Ok(Proof {
        pairs: space.pairs,
        seconds: took.as_secs_f64(),
        trials_now: trials,
        never_entered: tally.coverage.never_entered(),
        rows: tally.rows,
        coverage: tally.coverage,
        examples,
    })
}

/// The fewest faults that still break it, their timeline, and a scenario file for them.
fn example(
    subject: &Subject,
    faults: &[(String, String)],
    folder: &Path,
    number: usize,
) -> Result<Example, Failure> {
    let injections: Vec<Injection> = faults
        .iter()
        .filter_map(|(fault, place)| {
            Some(Injection {
                place: place.parse().ok()?,
                fault: fault.parse().ok()?,
            })
        })
        .collect();
    let tried = shrink(subject, &injections)?;
    let mut timeline: Vec<Entry> = Vec::new();
    rehearsal::prove::attempt(&subject.course.setting, &tried.injections, &mut |entry| {
        timeline.push(entry.clone());
    })?;
    let file = folder.join(format!("found-{number}.toml"));
    let text = scenario_file(subject, &tried.injections);
    if let Some(text) = &text {
        fs::write(&file, text)?;
    }
    Ok(Example {
        subject: subject.name(),
        faults: tried.injections.iter().map(ToString::to_string).collect(),
        violations: tried.violations,
        timeline,
        file: text.map(|_| file),
    })
}

/// The file for what is known of a space. Another space, and another program, have another.
fn kept_in(folder: &Path, space: &Search<'_>) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let program = std::env::current_exe().and_then(fs::metadata)?;
    let changed = program.modified()?.duration_since(std::time::UNIX_EPOCH);
    let mut all = format!("{} {:?} {}", program.len(), changed.ok(), space.pairs);
    for unit in &space.units {
        all.push_str(&format!("\n{} {}", unit.subject, unit.first));
    }
    Ok(folder.join(format!("{:016x}.jsonl", fnv1a(all.as_bytes()))))
}

/// Which units are known, and what came of them. A line that was not written to its end is left out: its unit is tried again.
fn read(kept: &Path, tally: &mut Tally) -> std::io::Result<BTreeSet<usize>> {
    let mut known = BTreeSet::new();
    let file = match File::open(kept) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(known),
        Err(error) => return Err(error),
    };
    for line in BufReader::new(file).lines() {
        if let Ok(outcome) = serde_json::from_str::<Outcome>(&line?)
            && known.insert(outcome.unit)
        {
            tally.add(outcome);
        }
    }
    Ok(known)
}

/// The units in an order that a seed decides: however soon it ends, what was seen is a sample of all.
fn in_order(units: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..units).collect();
    order.sort_by_key(|unit| (mixed(seed ^ mixed(*unit as u64)), *unit));
    order
}

/// A number in which every bit depends on every bit of another: the finisher of MurmurHash3. FNV alone leaves neighbours
/// neighbours, which is no sample.
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let number = (number ^ (number >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    number ^ (number >> 33)
}

struct Watch {
    bar: ProgressBar,
    ends: Option<Instant>,
    file: Mutex<File>,
    tally: Mutex<Tally>,
    trials: AtomicU64,
    failed: Mutex<Option<std::io::Error>>,
}

impl Watch {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Watch {
    fn tried(&self, _: usize, _: &Tried) {
        let trials = self.trials.fetch_add(1, Ordering::Relaxed) + 1;
        if trials.is_multiple_of(16) {
            self.bar.set_message(show::count(trials));
        }
    }

    fn done(&self, outcome: Outcome) {
        let line = serde_json::to_string(&outcome).map_err(std::io::Error::from);
        let written = line.and_then(|line| {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(file, "{line}")
        });
        if let Err(error) = written {
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        self.tally().add(outcome);
        self.bar.inc(1);
    }

    fn is_over(&self) -> bool {
        let failed = self
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some();
        failed || self.ends.is_some_and(|ends| now() >= ends)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a budget is real time; nothing that is proven depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_first_is_a_sample_of_all() {
        for seed in 1..20 {
            let order = in_order(4_000, seed);
            let early = order.iter().take(400).filter(|unit| **unit < 2_000).count();
            assert!((140..=260).contains(&early), "seed {seed}: {early} of 400");
        }
        assert_ne!(in_order(100, 1), in_order(100, 2));
    }
}
