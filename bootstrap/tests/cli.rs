//! What a person sees who types: the whole of it, with the exit code, on a pipe.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const SYSTEM: &str = include_str!("../../rehearsal/systems/multi-az-instance.toml");
const ALARM: &str = include_str!("../../events/samples/example-cloudwatch-alarm-state-change.json");

/// A folder to type in.
struct Desk(tempfile::TempDir);

impl Desk {
    fn empty() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn with(self, file: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.0.path().join(file), content).expect("a file");
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Types a line. With `RUST_BACKTRACE` set, as people who write Rust have it: nothing may come of that.
    fn types(&self, line: &str) -> Seen {
        let output = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(line.split_whitespace())
            .current_dir(self.path())
            .env("RUST_BACKTRACE", "1")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("NO_COLOR")
            .output()
            .expect("the program starts");
        Seen::new(line, &output, self.path())
    }
}

/// What came of it.
struct Seen {
    line: String,
    code: Option<i32>,
    out: String,
    err: String,
}

impl Seen {
    fn new(line: &str, output: &Output, folder: &Path) -> Self {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8");
            text.replace(&folder.display().to_string(), "[FOLDER]")
        };
        Self {
            line: line.to_owned(),
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
        .checked()
    }

    /// What is true of everything that the program says.
    fn checked(self) -> Self {
        let Self { line, out, err, .. } = &self;
        let both = [out.as_str(), err.as_str()].concat();
        assert!(!both.contains('\u{1b}'), "`{line}` colours a pipe");
        for word in ["panicked", "stack backtrace", "RUST_BACKTRACE"] {
            assert!(!both.contains(word), "`{line}`: {both}");
        }
        if line.starts_with("rehearse") && !line.contains("--json") {
            for text in out.lines() {
                let columns = text.chars().count();
                assert!(columns <= 80, "`{line}`: {columns} columns: {text}");
            }
        }
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "$ evenkeel {}", self.line)?;
        f.write_str(&self.out)?;
        if !self.err.is_empty() {
            writeln!(f, "--- stderr")?;
            f.write_str(&self.err)?;
        }
        match self.code {
            Some(code) => write!(f, "--- exit code {code}"),
            None => f.write_str("--- killed"),
        }
    }
}

/// Types a line that is no good: the program refuses, keeps stdout clean, and says what to do next.
fn refused(desk: &Desk, line: &str) -> String {
    let seen = desk.types(line);
    assert!(matches!(seen.code, Some(1 | 2)), "{seen}");
    assert_eq!(seen.out, "", "what is refused is no data");
    let way_out = ["hint: ", "try --", "For more information, try '--help'"];
    assert!(
        way_out.iter().any(|way| seen.err.contains(way)),
        "no way out: {seen}"
    );
    seen.to_string()
}

#[test]
fn the_scenarios_are_listed() {
    insta::assert_snapshot!(Desk::empty().types("rehearse"));
}

#[test]
fn a_lost_database_is_watched_from_the_fault_to_the_bill() {
    let seen = Desk::empty().types("rehearse database-loss");
    assert_eq!((seen.code, seen.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(seen);
}

#[test]
fn a_database_that_needs_a_person_misses_its_objectives_and_says_so() {
    let seen = Desk::empty().types("rehearse database-without-standby");
    assert_eq!(seen.code, Some(1));
    insta::assert_snapshot!(seen);
}

#[test]
fn json_has_what_was_promised() {
    let report = Desk::empty()
        .types("rehearse database-loss --seed 3 --json")
        .json();
    for (pointer, is_right) in [
        ("/scenario", Value::is_string as fn(&Value) -> bool),
        ("/seed", Value::is_u64),
        ("/outcome", Value::is_string),
        ("/rto_ms", Value::is_u64),
        ("/rpo_ms", Value::is_u64),
        ("/requests/sent", Value::is_u64),
        ("/requests/lost", Value::is_u64),
        ("/recoveries/0/machine", Value::is_string),
        ("/timeline/0/at_ms", Value::is_u64),
        ("/invariants/checked", Value::is_u64),
        ("/invariants/violated", Value::is_u64),
    ] {
        assert!(
            report.pointer(pointer).is_some_and(is_right),
            "{pointer} in {report}"
        );
    }
    assert_eq!(
        (&report["scenario"], &report["seed"]),
        (&"database-loss".into(), &3.into())
    );
    assert_eq!(
        (&report["outcome"], &report["invariants"]["violated"]),
        (&"recovered".into(), &0.into())
    );
}

#[test]
fn the_same_seed_prints_the_same_bytes() {
    let desk = Desk::empty();
    for line in [
        "rehearse database-loss --seed 42",
        "rehearse database-loss --seed 42 --json",
        "rehearse database-loss --seed 42 --seeds 5 --json",
    ] {
        assert_eq!(desk.types(line).out, desk.types(line).out);
    }
    let other = desk.types("rehearse database-loss --seed 43 --json").out;
    assert_ne!(desk.types("rehearse database-loss --seed 42 --json").out, other);
}

#[test]
fn many_seeds_are_summed_up() {
    insta::assert_snapshot!(Desk::empty().types("rehearse database-loss --seeds 5"));
}

#[test]
fn ones_own_system_is_rehearsed() {
    let desk = Desk::empty().with("evenkeel.toml", SYSTEM.replace("\"shop\"", "\"books\""));
    let seen = desk.types("rehearse database-loss --system evenkeel.toml");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(
        seen.out
            .contains("System books: multi-az-instance shop-db in eu-central-1."),
        "{seen}"
    );
}

#[test]
fn a_good_system_file_is_accepted() {
    insta::assert_snapshot!(
        Desk::empty()
            .with("evenkeel.toml", SYSTEM)
            .types("check evenkeel.toml")
    );
}

#[test]
fn a_decision_is_explained() {
    let alarm = ALARM
        .replace("123456789012", "111122223333")
        .replace("us-east-1", "eu-central-1");
    let name = serde_json::from_str::<Value>(&alarm).expect("JSON")["detail"]["alarmName"].clone();
    let system = SYSTEM.replace("shop-writer-unreachable", name.as_str().expect("a name"));
    let desk = Desk::empty()
        .with("alarm.json", alarm)
        .with("evenkeel.toml", system);
    insta::assert_snapshot!(desk.types("decide --event alarm.json"));
}

#[test]
fn a_typo_in_a_scenario_is_answered_with_what_was_meant() {
    insta::assert_snapshot!(refused(&Desk::empty(), "rehearse databse-loss"));
}

#[test]
fn a_scenario_like_no_other_is_answered_with_all_there_are() {
    insta::assert_snapshot!(refused(&Desk::empty(), "rehearse zzz"));
}

#[test]
fn a_seed_that_is_no_number_is_refused() {
    let desk = Desk::empty();
    insta::assert_snapshot!(refused(&desk, "rehearse database-loss --seed seven"));
    for seed in ["-1", "1.5", "18446744073709551616"] {
        refused(&desk, &format!("rehearse database-loss --seed={seed}"));
    }
    refused(&desk, "rehearse database-loss --seeds 0");
}

#[test]
fn a_system_file_that_is_not_there_is_refused() {
    insta::assert_snapshot!(refused(
        &Desk::empty(),
        "rehearse database-loss --system evenkeel.toml"
    ));
}

#[test]
fn a_system_file_with_a_typo_is_refused_with_its_line() {
    let desk = Desk::empty().with("evenkeel.toml", SYSTEM.replace("identifier", "identifer"));
    insta::assert_snapshot!(refused(&desk, "check evenkeel.toml"));
    refused(&desk, "rehearse database-loss --system evenkeel.toml");
}

#[test]
fn a_folder_is_no_system_file() {
    insta::assert_snapshot!(refused(&Desk::empty(), "check ."));
}

#[test]
fn bytes_that_are_no_text_are_no_system_file() {
    let desk = Desk::empty().with("evenkeel.toml", b"name = \"sh\xffp\"\n");
    insta::assert_snapshot!(refused(&desk, "check evenkeel.toml"));
}

#[test]
fn an_event_that_was_cut_off_is_refused() {
    let desk = Desk::empty()
        .with("evenkeel.toml", SYSTEM)
        .with("event.json", &ALARM[..ALARM.len() / 2]);
    insta::assert_snapshot!(refused(&desk, "decide --event event.json"));
}

#[test]
fn bytes_that_are_no_text_are_no_event() {
    let desk = Desk::empty()
        .with("evenkeel.toml", SYSTEM)
        .with("event.json", [0xff, 0xfe, 0x00]);
    insta::assert_snapshot!(refused(&desk, "decide --event event.json"));
}

#[test]
fn an_event_that_is_not_there_is_refused() {
    let desk = Desk::empty().with("evenkeel.toml", SYSTEM);
    insta::assert_snapshot!(refused(&desk, "decide --event event.json"));
}

/// AWS Health alone is watched; beside an alarm that means region-down it is the second signal.
#[test]
fn a_health_event_is_weighed_with_the_journal() {
    let desk = Desk::empty()
        .with(
            "evenkeel.toml",
            include_str!("../../rehearsal/systems/two-regions.toml"),
        )
        .with(
            "health.json",
            include_str!("../../events/samples/example-health-region-issue-backup-copy.json"),
        )
        .with(
            "journal.json",
            r#"{"lock": null, "incidents": [], "alarms": {"shop-unreachable": {"in_alarm": true, "changed_at": "2026-10-01T11:57:00Z"}}}"#,
        )
        .with(
            "wrong.json",
            r#"{"lock": null, "incidents": [], "alarms": {}, "health": {"arn:1": {"service": "EC2", "region": "Frankfurt"}}}"#,
        );
    insta::assert_snapshot!(
        "a_health_event_alone_is_watched",
        desk.types("decide --event health.json")
    );
    insta::assert_snapshot!(
        "a_health_event_beside_an_alarm_starts_the_move",
        desk.types("decide --event health.json --journal journal.json")
    );
    insta::assert_snapshot!(
        "a_journal_with_an_issue_that_is_none_is_refused",
        refused(&desk, "decide --event health.json --journal wrong.json")
    );
}

/// Nothing is wrong with the question; the answer says what to declare.
#[test]
fn an_alarm_that_nobody_declared_is_paged_and_the_declared_ones_are_named() {
    let alarm = ALARM
        .replace("123456789012", "111122223333")
        .replace("us-east-1", "eu-central-1");
    let desk = Desk::empty()
        .with("evenkeel.toml", SYSTEM)
        .with("alarm.json", alarm);
    let seen = desk.types("decide --event alarm.json");
    assert!(seen.out.contains("hint: "), "{seen}");
    insta::assert_snapshot!(seen);
}

#[test]
fn an_event_of_another_account_is_of_no_known_system() {
    let desk = Desk::empty()
        .with("evenkeel.toml", SYSTEM)
        .with("alarm.json", ALARM);
    let seen = desk.types("decide --event alarm.json");
    assert!(seen.out.contains("hint: "), "{seen}");
    insta::assert_snapshot!(seen);
}

/// A desk with an embedded cloud that waits for a person. The primary Region is lost in it.
fn asked() -> Desk {
    let desk = Desk::empty();
    let seen = desk.types("rehearse region-loss --keep");
    assert_eq!(seen.code, Some(0), "{seen}");
    desk
}

/// What fits a terminal, whatever was typed.
fn narrow(seen: &Seen) {
    for text in seen.out.lines() {
        let columns = text.chars().count();
        assert!(columns <= 80, "`{}`: {columns} columns: {text}", seen.line);
    }
}

#[test]
fn a_system_is_disarmed_where_it_answers_and_the_region_that_does_not_is_named() {
    let desk = asked();
    let seen = desk.types("disarm shop --by ana --because maintenance");
    assert_eq!(seen.code, Some(1), "not everywhere: {seen}");
    narrow(&seen);
    insta::assert_snapshot!(seen);
    let status = desk.types("status");
    assert_eq!(status.code, Some(0), "{status}");
    narrow(&status);
    insta::assert_snapshot!("a_system_that_is_disarmed_says_so", status);
}

#[test]
fn whoever_disarms_a_second_time_is_told_who_did_it_before_and_arming_says_it_too() {
    let desk = Desk::empty();
    let seen = desk.types("rehearse switch-over --keep");
    assert_eq!(seen.code, Some(0), "{seen}");
    let seen = desk.types("disarm shop --by ana --because maintenance");
    assert_eq!((seen.code, seen.err.as_str()), (Some(0), ""), "{seen}");
    narrow(&seen);
    insta::assert_snapshot!("a_system_is_disarmed_in_both_regions", seen);
    let again = desk.types("disarm shop --by ana --because maintenance");
    assert_eq!(again.code, Some(0), "a repetition is as good: {again}");
    insta::assert_snapshot!(refused(&desk, "disarm shop --by ben --because surely"));
    let seen = desk.types("arm shop --by ben --because done");
    assert_eq!((seen.code, seen.err.as_str()), (Some(0), ""), "{seen}");
    narrow(&seen);
    insta::assert_snapshot!("a_system_is_armed_again", seen);
    let again = desk.types("arm shop --by ben --because done");
    assert!(again.out.contains("it was armed already"), "{again}");
    let status = desk.types("status --json").json();
    for region in 0..2 {
        assert_eq!(status[region]["disarmed"], Value::Null, "{status}");
        assert_eq!(status[region]["last_armed"]["by"], "ben", "{status}");
    }
}

#[test]
fn what_is_disarmed_needs_a_name_a_reason_and_a_system_that_is_there() {
    let desk = asked();
    insta::assert_snapshot!(refused(&desk, "disarm books --by ana --because maintenance"));
    insta::assert_snapshot!(
        "nobody_disarms_without_a_reason",
        refused(&desk, "disarm shop --by ana")
    );
    refused(&desk, "arm shop --because done");
    refused(&Desk::empty(), "disarm shop --by ana --because maintenance");
    let status = desk.types("status --json").json();
    assert_eq!(status[0]["disarmed"], Value::Null, "{status}");
}

#[test]
fn a_disarmed_system_is_left_alone_and_a_person_is_paged() {
    let seen = Desk::empty().types("rehearse disarmed");
    assert!(seen.out.contains("paged, as the scenario expects"), "{seen}");
    insta::assert_snapshot!(seen);
}

#[test]
fn a_command_that_is_none_is_answered_with_how_to_ask() {
    insta::assert_snapshot!(refused(&Desk::empty(), "rehears"));
}

/// Types a line against an account: in an environment of which nothing is a matter of this machine.
fn types_in_an_account(desk: &Desk, line: &str, credentials: bool) -> Seen {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    command
        .args(line.split_whitespace())
        .current_dir(desk.path())
        .env_clear()
        .env("HOME", desk.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        // One attempt: nobody will answer, however often it is asked.
        .env("AWS_MAX_ATTEMPTS", "1");
    if credentials {
        command
            .env("AWS_ACCESS_KEY_ID", "none")
            .env("AWS_SECRET_ACCESS_KEY", "none");
    }
    let output = command.output().expect("the program starts");
    Seen::new(line, &output, desk.path())
}

/// A port of this machine on which nobody listens.
const NOBODY: &str = "--endpoint-url http://127.0.0.1:9";

#[test]
fn where_both_clouds_may_be_meant_neither_is_touched() {
    let desk = asked().with("evenkeel.toml", SYSTEM);
    let before = std::fs::read(desk.path().join(".evenkeel/rehearsal.json")).expect("it is kept");
    for verb in [
        "run scale-out",
        "disarm shop",
        "arm shop",
        "approve x",
        "reject x",
        "stop x",
    ] {
        let seen = desk.types(&format!("{verb} --by ana --because maintenance"));
        assert_eq!(seen.code, Some(2), "{seen}");
    }
    let seen = desk.types("status");
    assert_eq!(seen.code, Some(2), "{seen}");
    insta::assert_snapshot!(seen);
    let after = std::fs::read(desk.path().join(".evenkeel/rehearsal.json")).expect("it is kept");
    assert_eq!(before, after);
    let seen = desk.types("status --rehearsal .evenkeel/rehearsal.json");
    assert_eq!(seen.code, Some(0), "{seen}");
}

#[test]
fn a_folder_that_holds_neither_cloud_is_told_what_to_do() {
    let seen = Desk::empty().types("watch shop-x");
    assert_eq!(seen.code, Some(2), "{seen}");
    insta::assert_snapshot!(seen);
}

#[test]
fn whoever_has_no_credentials_is_told_where_they_were_looked_for() {
    let desk = Desk::empty().with("evenkeel.toml", SYSTEM);
    let seen = types_in_an_account(&desk, "status", false);
    assert_eq!(seen.code, Some(3), "{seen}");
    insta::assert_snapshot!(seen);
    let seen = types_in_an_account(&desk, "status --profile production", false);
    assert!(seen.err.contains("in the profile `production`"), "{seen}");
}

#[test]
fn an_account_that_does_not_answer_is_no_account_without_systems() {
    let desk = Desk::empty().with("evenkeel.toml", SYSTEM);
    for verb in [
        "status",
        "history",
        "watch shop-fail-over-database-x",
        "redrive shop-fail-over-database-x --by ana --because maintenance",
        "run fail-over-database --by ana --because maintenance",
        "approve shop-fail-over-database-x --by ana --because maintenance",
        "stop shop-fail-over-database-x --by ana --because maintenance",
        "disarm shop --by ana --because maintenance",
    ] {
        let seen = types_in_an_account(&desk, &format!("{verb} {NOBODY}"), true);
        assert_eq!((seen.code, seen.out.as_str()), (Some(3), ""), "{seen}");
        assert!(seen.err.contains("no answer from AWS"), "{seen}");
        assert!(seen.err.contains("hint: "), "{seen}");
    }
    let seen = types_in_an_account(&desk, &format!("doctor {NOBODY}"), true);
    assert_eq!(seen.code, Some(1), "{seen}");
    narrow(&seen);
}

#[test]
fn a_region_in_which_no_system_lives_is_refused() {
    let desk = Desk::empty().with("evenkeel.toml", SYSTEM);
    let seen = types_in_an_account(&desk, &format!("history --region us-east-1 {NOBODY}"), true);
    assert_eq!(seen.code, Some(2), "{seen}");
    insta::assert_snapshot!(seen);
}

#[test]
fn what_was_rehearsed_is_history() {
    let desk = asked();
    let history = desk.types("history --json").json();
    let incident = history[0]["incident"].as_str().expect("a run").to_owned();
    assert_eq!(history[0]["execution"], "RUNNING", "{history}");
    let seen = desk.types(&format!("watch {incident}"));
    assert_eq!(seen.code, Some(4), "it still runs: {seen}");
    narrow(&seen);
    let seen = desk.types(&format!("stop {incident} --by ana --because enough --json"));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(seen.json()["stop"]["by"], "ana");
    let seen = desk.types("history");
    narrow(&seen);
    insta::assert_snapshot!(seen);
    let seen = desk.types(&format!("watch {incident}"));
    assert_eq!(seen.code, Some(1), "rolled back: {seen}");
    narrow(&seen);
    let seen = desk.types(&format!("redrive {incident}"));
    assert_eq!(seen.code, Some(2), "nobody signs: {seen}");
    let seen = desk.types(&format!("redrive {incident} --by ana --because enough"));
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.err.contains("redrive"), "{seen}");
}

#[test]
fn the_help_begins_with_what_it_is_for() {
    let seen = Desk::empty().types("--help");
    assert!(
        seen.out.starts_with("Keeps an AWS application upright\n"),
        "{seen}"
    );
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let desk = Desk::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let seen = desk.types(&format!("completions {shell}"));
        assert_eq!((seen.code, seen.err.as_str()), (Some(0), ""), "{shell}");
        assert!(seen.out.contains("redrive"), "{shell}");
    }
    let seen = desk.types("man");
    assert!(
        seen.out.starts_with(".ie") && seen.out.contains("evenkeel"),
        "{seen}"
    );
    let seen = desk.types("man --to pages");
    assert_eq!(seen.code, Some(0), "{seen}");
    let page = std::fs::read_to_string(desk.path().join("pages/evenkeel-watch.1")).expect("a page");
    assert!(page.contains("at\\-most"), "{page}");
}
