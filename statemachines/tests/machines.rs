//! Our own machines pass every check, and what is handed between threads can be.

use std::path::Path;

#[test]
fn our_machines_have_no_findings() {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().ends_with(".asl.json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let definition = serde_json::from_str(&text).unwrap();
        let findings: Vec<String> = statemachines::check(&definition)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(findings.is_empty(), "{}: {findings:#?}", path.display());
    }
}

#[test]
fn machines_and_results_may_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<statemachines::StateMachine>();
    crosses::<statemachines::ExecutionResult>();
    crosses::<statemachines::Finding>();
}
