//! Progress, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr for that many steps.
pub(crate) fn bar(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("  {bar:40} {pos}/{len} seeds, {eta} left");
    let bar = ProgressBar::new(steps);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A bar on stderr for that many faults; the message is the number of trials.
pub(crate) fn bar_of_trials(faults: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("  {bar:30} {pos}/{len} faults, {msg} trials, {eta} left");
    let bar = ProgressBar::new(faults);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
