//! `[[person]]`: who does what, and when.

use domain::duration::Duration;
use domain::names::Recovery;
use domain::steps::region::Risk;
use domain::system::System;
use serde::Deserialize;
use toml::Spanned;

use super::{Problems, TWO_REGIONS, misplaced, one_of, place};
use crate::world::fault::{Place, Where};
use crate::world::person::{Does, Person, When};

/// A person as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
    /// The earliest instant, since the beginning.
    at: Option<Spanned<Duration>>,
    /// What is waited for instead.
    when: Option<Spanned<WhenWord>>,
    /// How long after that.
    after: Option<Spanned<Duration>>,
    /// How much later it may be.
    #[serde(default)]
    within: Duration,
    /// What.
    does: Spanned<Word>,
    /// Who: a role.
    by: String,
    /// Why.
    because: String,
    /// Risks that an approval accepts.
    accepts: Option<Spanned<Vec<Spanned<String>>>>,
    /// The recovery to run.
    machine: Option<Spanned<String>>,
    /// Where to run it.
    region: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WhenWord {
    ApprovalAsked,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Approve,
    Reject,
    Run,
    Stop,
    Disarm,
    Arm,
    Nothing,
}

/// Reads a person, and notes what is wrong.
pub(super) fn person(
    table: &Spanned<Table>,
    window: Duration,
    system: Option<&System>,
    problems: &mut Problems,
) -> Option<Person> {
    let (span, table) = (table.span(), table.get_ref());
    let known = problems.0.len();
    let when = when(table, &span, problems);
    let word = *table.does.get_ref();
    if word != Word::Approve {
        misplaced(
            "accepts",
            table.accepts.as_ref(),
            "`does = \"approve\"`",
            problems,
        );
    }
    if word != Word::Run {
        misplaced("machine", table.machine.as_ref(), "`does = \"run\"`", problems);
        misplaced("region", table.region.as_ref(), "`does = \"run\"`", problems);
    }
    if let (Word::Approve | Word::Reject, Some(When::At(_))) = (word, when) {
        problems.note(
            table.does.span(),
            "nobody has asked anything at an instant that is fixed beforehand",
            "write `when = \"approval-asked\"` and `after = …` instead of `at`",
        );
    }
    if let Some(When::At(at)) = when {
        let latest = Duration::from_millis(at.as_millis() + table.within.as_millis());
        if latest >= window {
            problems.note(
                table.at.as_ref().map_or(span.clone(), Spanned::span),
                format!("at {latest} the window of {window} is over"),
                "let it happen earlier, or watch for longer",
            );
        }
    }
    let does = match word {
        Word::Approve => Does::Approve {
            accepts: risks(table, problems),
        },
        Word::Reject => Does::Reject,
        Word::Stop => Does::Stop,
        Word::Disarm => Does::Disarm,
        Word::Arm => Does::Arm,
        Word::Nothing => Does::Nothing,
        Word::Run => run(table, &span, system, problems)?,
    };
    let person = Person {
        when: when?,
        within: table.within,
        does,
        by: table.by.clone(),
        because: table.because.clone(),
    };
    (problems.0.len() == known).then_some(person)
}

fn when(table: &Table, span: &std::ops::Range<usize>, problems: &mut Problems) -> Option<When> {
    match (&table.at, &table.when) {
        (Some(at), None) => {
            misplaced("after", table.after.as_ref(), "`when`", problems);
            Some(When::At(*at.get_ref()))
        }
        (None, Some(when)) => {
            let after = table.after.as_ref().map(|after| *after.get_ref());
            match when.get_ref() {
                WhenWord::ApprovalAsked => Some(When::ApprovalAsked(after.unwrap_or_default())),
            }
        }
        (Some(at), Some(_)) => {
            problems.note(
                at.span(),
                "this person has two times",
                "keep `at`, or `when` with `after`",
            );
            None
        }
        (None, None) => {
            problems.note(
                span.clone(),
                "nothing says when this person does it",
                "add `at = \"5m\"`, or `when = \"approval-asked\"` and `after = \"15s\"`",
            );
            None
        }
    }
}

fn risks(table: &Table, problems: &mut Problems) -> Vec<Risk> {
    let mut accepts = Vec::new();
    for risk in table.accepts.iter().flat_map(Spanned::get_ref) {
        match risk.get_ref().parse() {
            Ok(known) => accepts.push(known),
            Err(_) => problems.note(
                risk.span(),
                format!("`{}` is no risk", risk.get_ref()),
                one_of(risk.get_ref(), &Risk::ALL.map(Risk::word)),
            ),
        }
    }
    accepts
}

fn run(
    table: &Table,
    span: &std::ops::Range<usize>,
    system: Option<&System>,
    problems: &mut Problems,
) -> Option<Does<Where>> {
    let Some(machine) = &table.machine else {
        problems.note(
            span.clone(),
            "nothing says what this person runs",
            "add `machine = \"switch-over-region\"`",
        );
        return None;
    };
    let Some(named) = Recovery::named(machine.get_ref()) else {
        problems.note(
            machine.span(),
            format!("no recovery is named `{}`", machine.get_ref()),
            one_of(machine.get_ref(), &Recovery::ALL.map(Recovery::machine)),
        );
        return None;
    };
    if named.crosses_regions() && system.is_some_and(|system| system.region_failover.is_none()) {
        problems.note(
            machine.span(),
            format!("{named} needs a system that lives in two Regions"),
            TWO_REGIONS,
        );
    }
    let region = match &table.region {
        Some(region) => place(region, system, problems)?,
        // A recovery runs in the Region to which it moves the system.
        None => match named {
            Recovery::FailOverRegion | Recovery::SwitchOverRegion => Where::At(Place::Standby),
            _ => Where::At(Place::Primary),
        },
    };
    Some(Does::Run {
        machine: named,
        region,
    })
}
