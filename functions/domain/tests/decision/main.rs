//! The judgement, held to the page that describes it, and what must be true of it in whatever order things come.

mod edges;
mod language;
mod order;
mod whose;

use language::{rows, words};

const PAGE: &str = include_str!("../../../../docs/reference/decisions.md");

#[test]
fn the_page_says_what_is_decided() {
    let rows = rows(PAGE);
    assert!(rows.len() >= 60, "{} situations", rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let decision = row.decided();
            let then = words(&decision);
            (then != row.then).then(|| {
                format!(
                    "{}\n    expected {}, decided {then}: {}\n    {:?}",
                    row.situation, row.then, decision.why, decision.evidence
                )
            })
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

#[test]
fn no_two_rows_are_the_same_situation() {
    let mut seen = std::collections::BTreeSet::new();
    for row in rows(PAGE) {
        assert!(seen.insert(row.situation.clone()), "twice: {}", row.situation);
    }
}

#[test]
fn every_decision_explains_itself() {
    for row in rows(PAGE) {
        let decision = row.decided();
        assert!(!decision.why.to_string().is_empty(), "{}", row.situation);
        if matches!(decision.verdict.word(), "recover") && !row.comes.starts_with("asks") {
            assert!(
                !decision.evidence.is_empty(),
                "{}: nothing speaks for it",
                row.situation
            );
        }
    }
}

/// The examples of docs/guide/decisions.md are what `evenkeel decide` takes.
#[test]
fn the_guides_examples_can_be_read() {
    const GUIDE: &str = include_str!("../../../../docs/guide/decisions.md");
    let example = |name: &str| {
        let (_, rest) = GUIDE
            .split_once(&format!("```json {name}\n"))
            .expect("the example");
        rest.split_once("```").expect("its end").0
    };
    let facts: domain::facts::Facts = serde_json::from_str(example("facts")).expect("facts");
    assert_eq!(facts.targets.expect("targets").all().healthy, 4);
    let journal: domain::journal::View = serde_json::from_str(example("journal")).expect("a journal");
    assert_eq!(journal.alarms.len(), 1);
    let journal: domain::journal::View = serde_json::from_str(example("health")).expect("a journal");
    assert!(journal.health.values().all(|seen| seen.is_open(language::now())));
    assert_eq!(journal.health.len(), 1);
}
