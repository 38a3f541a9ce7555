//! Progress, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr for that many seeds.
pub(crate) fn bar(seeds: u64) -> ProgressBar {
    styled(seeds, "  {bar:40} {pos}/{len} seeds, {eta} left")
}

/// A bar on stderr for that many faults; the message is the number of trials.
pub(crate) fn bar_of_trials(faults: u64) -> ProgressBar {
    styled(faults, "  {bar:30} {pos}/{len} faults, {msg} trials, {eta} left")
}

fn styled(steps: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
