//! What CloudFormation does, as it does it: a bar on a terminal, a line for each thing that is done elsewhere.

use std::io::IsTerminal as _;

use domain::names::Region;
use indicatif::{ProgressBar, ProgressStyle};

use crate::deploy::follow::Event;

/// What CloudFormation does in a Region.
pub(crate) struct Following {
    region: Region,
    bar: Option<ProgressBar>,
}

impl Following {
    /// Of that many resources.
    pub(crate) fn of(region: &Region, resources: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(resources as u64);
            match ProgressStyle::with_template("  {prefix} {bar:24} {pos}/{len} {wide_msg}") {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
            .with_prefix(region.to_string())
        });
        Self {
            region: region.clone(),
            bar,
        }
    }

    /// Tells of one thing that happened.
    pub(crate) fn tell(&self, event: &Event) {
        let failed = event.status.ends_with("_FAILED");
        let done = event.status.ends_with("_COMPLETE") && !event.of_stack;
        let said = said(&self.region, event);
        match &self.bar {
            Some(bar) => {
                if failed {
                    bar.println(&said);
                }
                if done {
                    bar.inc(1);
                }
                bar.set_message(format!("{} {}", event.logical, event.status));
            }
            // What merely began says nothing that its end does not.
            None if failed || done || event.of_stack => anstream::eprintln!("{said}"),
            None => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn said(region: &Region, event: &Event) -> String {
    let Event {
        logical,
        kind,
        status,
        reason,
        of_stack,
        ..
    } = event;
    let what = if *of_stack {
        "the stack".to_owned()
    } else {
        format!("{logical} ({kind})")
    };
    let why = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    format!("  {region} {status} {what}{why}")
}
