//! The interpreter behaves as AWS Step Functions was recorded to behave.
//!
//! The records are not part of this repository: they stand beside it, and where they do not, these tests are skipped.

#[path = "../examples/replay/compare.rs"]
mod compare;
#[path = "../examples/replay/record.rs"]
mod record;
#[path = "../examples/replay/report.rs"]
mod report;
#[path = "../examples/replay/trace.rs"]
mod trace;

use std::collections::BTreeMap;
use std::path::Path;

/// Cases that do not agree, each with the reason: `id<TAB>reason`.
const LISTED: &str = include_str!("conformance-exceptions.txt");

#[test]
#[cfg_attr(
    not(recorded),
    ignore = "the recorded executions are not beside this repository"
)]
fn recorded_executions_replay_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/asl-conformance");
    let report = report::Report::of_folder(&folder).unwrap();
    println!("{}", report.to_text());

    let listed: BTreeMap<&str, &str> = LISTED
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once('\t').expect("a line is: id, tab, reason"))
        .collect();
    let found: BTreeMap<&str, &str> = report
        .disagreements
        .iter()
        .map(|found| (found.id.as_str(), found.what.as_str()))
        .collect();
    let unlisted: Vec<_> = found.iter().filter(|(id, _)| !listed.contains_key(*id)).collect();
    let agreeing: Vec<_> = listed.keys().filter(|id| !found.contains_key(*id)).collect();
    assert!(
        unlisted.is_empty(),
        "these disagree and are not listed: {unlisted:#?}"
    );
    assert!(
        agreeing.is_empty(),
        "these are listed and agree now; take them off the list: {agreeing:#?}"
    );

    assert!(
        report.wordings.is_empty(),
        "AWS words these differently: {:#?}",
        report.wordings
    );

    let (histories, outcomes) = (report.of_file("histories"), report.of_file("outcomes"));
    assert!(histories.0 * 100 >= histories.1 * 96, "{histories:?}");
    assert!(outcomes.0 * 100 >= outcomes.1 * 97, "{outcomes:?}");
}

#[test]
#[cfg_attr(
    not(recorded),
    ignore = "the recorded executions are not beside this repository"
)]
fn the_checks_refuse_nothing_that_aws_accepted_and_ran() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/asl-conformance");
    for file in ["histories.jsonl", "outcomes.jsonl"] {
        for record in record::read(&folder.join(file)).unwrap() {
            // An execution that failed for a mistake in its definition is what the checks are there to foresee.
            if record.outcome["error"] == "States.QueryEvaluationError" {
                continue;
            }
            let findings = statemachines::check(&record.definition);
            let errors: Vec<String> = findings
                .iter()
                .filter(|finding| finding.severity == statemachines::Severity::Error)
                .map(ToString::to_string)
                .collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", record.id);
        }
    }
}
