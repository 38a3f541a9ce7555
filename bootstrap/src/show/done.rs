//! What came of a person's wish.

use std::io::{Result, Write};

use rehearsal::command::Done;
use serde_json::Value;

use super::{WIDTH, arming, wrap};

/// Writes it.
pub(crate) fn write(out: &mut impl Write, done: &Done) -> Result<()> {
    match done {
        Done::Started(started) => writeln!(out, "{} is started.", started.incident),
        Done::Answered(answered) => {
            let approval = &answered.approval;
            writeln!(
                out,
                "{} is {} by {}.",
                answered.incident, approval.answer, approval.by
            )
        }
        Done::Stopped(stopped) => {
            writeln!(out, "{} stops.", stopped.incident)?;
            let how = "It does so before its next step that changes anything, undoes what can be undone, and pages. Behind a promotion \
                       it leads users to the new primary first.";
            wrap(how, WIDTH)
                .iter()
                .try_for_each(|line| writeln!(out, "{line}"))
        }
        Done::Disarmed(disarming) => arming::disarmed(out, disarming),
        Done::Armed(done) => arming::armed(out, done),
        Done::Seen(_) => Ok(()),
    }
}

/// The same for programs.
pub(crate) fn value(done: &Done) -> serde_json::Result<Value> {
    match done {
        Done::Started(started) => serde_json::to_value(started),
        Done::Answered(answered) => serde_json::to_value(answered),
        Done::Stopped(stopped) => serde_json::to_value(stopped),
        Done::Disarmed(disarming) => serde_json::to_value(disarming),
        Done::Armed(arming) => serde_json::to_value(arming),
        Done::Seen(seen) => serde_json::to_value(seen),
    }
}
