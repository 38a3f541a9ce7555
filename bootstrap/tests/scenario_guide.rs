//! What the guide's page about scenario files says is so.

use std::process::{Command, Output};

const PAGE: &str = include_str!("../../docs/guide/scenario-files.md");

/// The text of the page's first block in that language.
fn block(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let from = PAGE.find(&fence).expect("a block") + fence.len();
    let length = PAGE[from..].find("```").expect("its end");
    &PAGE[from..from + length]
}

/// Plays a scenario file of that content.
fn rehearse(content: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("night.toml"), content).expect("a file");
    Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(["rehearse", "./night.toml"])
        .args(more)
        .current_dir(folder.path())
        .env_remove("CLICOLOR_FORCE")
        .env_remove("NO_COLOR")
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8")
}

/// What the program says of the page's example when a part of it is another.
fn refused(part: &str, other: &str) -> String {
    let example = block("toml");
    assert!(example.contains(part), "the example has no {part}");
    let refused = rehearse(&example.replacen(part, other, 1), &[]);
    assert_eq!(
        (refused.status.code(), text(&refused.stdout)),
        (Some(1), String::new())
    );
    text(&refused.stderr)
}

#[test]
fn the_example_works_as_it_stands() {
    let one = rehearse(block("toml"), &[]);
    assert!(one.status.success(), "{}{}", text(&one.stdout), text(&one.stderr));
    assert!(text(&one.stdout).contains("recovered, as the scenario expects"));
    let many = rehearse(block("toml"), &["--seeds", "20"]);
    assert!(many.status.success(), "{}", text(&many.stdout));
}

#[test]
fn the_refusal_is_what_the_program_says() {
    let example = block("toml");
    let bad = example
        .replacen("at = \"2m\"", "at = \"2h\"", 1)
        .replacen("not-fenced", "unfenced", 1);
    let refused = rehearse(&bad, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(text(&refused.stderr).trim_end(), block("text").trim_end());
}

#[test]
fn every_key_and_every_word_that_a_file_may_hold_is_on_the_page() {
    // What nobody knows is answered with all that is known.
    let mut known = 0;
    for (part, nothing) in [
        ("window = \"1h\"", "window = \"1h\"\nzzzzzzzzzzzz = 1"),
        ("lasts = \"10m\"", "lasts = \"10m\"\nzzzzzzzzzzzz = 1"),
        ("after = \"4m\"", "after = \"4m\"\nzzzzzzzzzzzz = 1"),
        ("rto = \"20m\"", "rto = \"20m\"\nzzzzzzzzzzzz = 1"),
        ("\"region-lost\"", "\"zzzzzzzzzzzz\""),
        (
            "kind = \"capacity-short\"",
            "since = \"zzzzzzzzzzzz\"\nkind = \"capacity-short\"",
        ),
        ("\"approval-asked\"", "\"zzzzzzzzzzzz\""),
        ("\"approve\"", "\"zzzzzzzzzzzz\""),
        ("\"not-fenced\"", "\"zzzzzzzzzzzz\""),
        ("\"recovered\"", "\"zzzzzzzzzzzz\""),
        ("\"accepted\"", "\"zzzzzzzzzzzz\""),
        ("serving = \"standby\"", "serving = \"zzzzzzzzzzzz\""),
    ] {
        let said = refused(part, nothing);
        let (_, hint) = said.split_once("hint: use one of: ").expect(&said);
        // A line may end in the middle of a word, after a hyphen.
        let hint: String = hint.lines().map(|line| format!("{} ", line.trim())).collect();
        let hint = hint.replace("- ", "-");
        for word in hint.split([',', ' ']).filter(|word| !word.is_empty()) {
            let written = [format!("`{word}`"), format!("[{word}]"), format!("\n[[{word}]]")];
            assert!(
                written.iter().any(|word| PAGE.contains(word.as_str())),
                "`{word}` is not on the page"
            );
            known += 1;
        }
    }
    assert!(known >= 50, "only {known} words are known");
}
