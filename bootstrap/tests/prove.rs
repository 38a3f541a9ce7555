//! `evenkeel prove`, as a person sees it: what was tried, that it goes on where it was stopped, and how it refuses.

use std::path::Path;
use std::process::{Command, Output};

fn types(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(line.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8")
}

#[test]
fn a_proof_says_what_it_tried_and_is_not_made_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = types(folder.path(), "prove fail-over-database");
    let said = text(&first.stdout);
    assert_eq!(first.status.code(), Some(0), "{said}{}", text(&first.stderr));
    assert!(said.contains("Nothing broke."), "{said}");
    assert!(said.contains("single faults were tried: 100.0 %"), "{said}");
    for line in said.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let again = types(folder.path(), "prove fail-over-database --json");
    let proof: serde_json::Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(proof["trials_now"], 0, "what is known is not tried again");
    assert_eq!(proof["never_entered"], serde_json::json!([]));
    assert_eq!(proof["rows"][0]["tried"], proof["rows"][0]["faults"]);
}

#[test]
fn a_folder_that_is_none_is_refused_with_a_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "").expect("a file");
    let seen = types(folder.path(), "prove fail-over-database --kept file/folder");
    assert_eq!(seen.status.code(), Some(1));
    assert_eq!(text(&seen.stdout), "");
    assert!(
        text(&seen.stderr).contains("hint: name another folder"),
        "{}",
        text(&seen.stderr)
    );
}
