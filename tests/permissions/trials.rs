//! What functions call when something goes wrong: a sample of the proof's trials. A run without faults never undoes anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rehearsal::injection::{CallFault, EntryFault, Fault, Injection, InvocationFault, Spot};
use rehearsal::prove::{Bench, Follows, Subject, singles};
use rehearsal::world::region::Plane;

/// What functions passed, by subject: its index, and the spots.
pub(crate) type Passed = BTreeMap<usize, BTreeSet<Spot>>;

/// Tries the sample of every subject, on all cores. Returns the spots that were passed, and how many trials there were.
pub(crate) fn passed(subjects: &[Subject]) -> (Passed, usize) {
    let (next, trials, all) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        Mutex::new(Passed::new()),
    );
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(subject) = subjects.get(index) else {
                        return;
                    };
                    let (spots, count) = of_one(subject);
                    trials.fetch_add(count, Ordering::Relaxed);
                    all.lock().expect("no thread panicked").insert(index, spots);
                }
            });
        }
    });
    (all.into_inner().expect("no thread panicked"), trials.into_inner())
}

fn of_one(subject: &Subject) -> (BTreeSet<Spot>, usize) {
    let bench = Bench::new(&subject.course.setting).expect("a play begins");
    let without = bench.attempt(&[]);
    let sample = sample(subject);
    let mut spots = BTreeSet::new();
    for injection in &sample {
        let tried = bench.one_more(&without, injection, Follows::Questions).tried;
        spots.extend(tried.passed.into_iter().map(|passed| passed.place.spot));
    }
    (spots, sample.len())
}

/// Of the faults that are proven singly those that turn a run from its course, each at the first passage of a spot: what strikes
/// later leads to the same states.
fn sample(subject: &Subject) -> Vec<Injection> {
    let mut seen = BTreeSet::new();
    let mut all = singles(subject);
    all.retain(|injection| {
        turns(&injection.fault) && seen.insert((injection.place.spot.clone(), injection.fault.clone()))
    });
    all
}

/// Whether a run goes another way because of it, instead of trying again.
fn turns(fault: &Fault) -> bool {
    match fault {
        Fault::Call(fault) => matches!(fault, CallFault::Refused),
        Fault::Invocation(fault) => matches!(fault, InvocationFault::LockTakenOver),
        Fault::Entry(fault) => {
            matches!(fault, EntryFault::Rejected | EntryFault::Down(_, Plane::Control))
        }
        Fault::Event(_) => false,
    }
}
