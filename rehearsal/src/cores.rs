//! Work on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Does the work of every index below `count`, each once, on as many threads as there are cores. A thread for whose index the
/// work answers false takes no further one.
pub(crate) fn each(count: usize, work: impl Fn(usize) -> bool + Sync) {
    each_with(count, || (), |(), index| work(index));
}

/// The same, with something that each thread keeps for itself.
pub(crate) fn each_with<K>(
    count: usize,
    keeps: impl Fn() -> K + Sync,
    work: impl Fn(&mut K, usize) -> bool + Sync,
) {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(count) {
            scope.spawn(|| {
                let mut kept = keeps();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || !work(&mut kept, index) {
                        return;
                    }
                }
            });
        }
    });
}
