//! Faults that broke something: the fewest of them, and a scenario file that plays them again.

use super::subject::Subject;
use super::trial::{Tried, attempt};
use crate::injection::Injection;
use crate::scenario;
use crate::stage::Error;

/// The fewest of these faults that still break the same: each is left out in turn.
///
/// # Errors
/// When a play cannot begin.
pub fn shrink(subject: &Subject, injections: &[Injection]) -> Result<Tried, Error> {
    let setting = &subject.course.setting;
    let mut known = attempt(setting, injections, &mut |_| {})?;
    let mut index = 0;
    while index < known.injections.len() && known.injections.len() > 1 {
        let mut fewer = known.injections.clone();
        fewer.remove(index);
        let tried = attempt(setting, &fewer, &mut |_| {})?;
        let same = known.violations.iter().any(|broken| {
            tried
                .violations
                .iter()
                .any(|again| again.invariant == broken.invariant)
        });
        if same {
            known = tried;
        } else {
            index += 1;
        }
    }
    Ok(known)
}

/// The scenario file that plays these faults again: the subject's own, over as soon as a trial of it may be, with an injection
/// for each. Nothing where the subject's scenario does not come with the program.
pub fn scenario_file(subject: &Subject, injections: &[Injection]) -> Option<String> {
    let setting = &subject.course.setting;
    let text = scenario::text_of(&setting.scenario.name)?;
    let window = format!("window = \"{}ms\"", setting.settles_after);
    let mut file = format!(
        "# Found by `evenkeel prove`: {}, with faults laid on it. It replays with --seed {}.\n",
        subject.name(),
        setting.seed
    );
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        file.push_str(if line.starts_with("window = ") {
            &window
        } else {
            line
        });
        file.push('\n');
    }
    for Injection { place, fault } in injections {
        file.push_str(&format!(
            "\n[[injection]]\nat = \"{place}\"\nfault = \"{fault}\"\n"
        ));
    }
    Some(file)
}
