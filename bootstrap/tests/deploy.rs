//! `evenkeel deploy`, `destroy` and `package`, as far as they go without AWS: what is refused before anybody is asked, and what is
//! packed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SYSTEM: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../rehearsal/systems/two-regions.toml"
);
const FUNCTIONS: [&str; 9] = [
    "assess",
    "cache",
    "capacity",
    "database",
    "deployment",
    "journal",
    "notify",
    "router",
    "traffic",
];

/// A folder to type in, without a way to AWS.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        std::fs::copy(SYSTEM, desk.path().join("evenkeel.toml")).expect("copied");
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a program for every function there, for that processor.
    fn with_programs(self, machine: u16) -> Self {
        let folder = self.path().join("programs");
        std::fs::create_dir(&folder).expect("made");
        for function in FUNCTIONS {
            let mut program = b"\x7fELF\x02\x01\x01".to_vec();
            program.resize(18, 0);
            program.extend(machine.to_le_bytes());
            program.extend(function.as_bytes());
            std::fs::write(folder.join(function), program).expect("written");
        }
        self
    }

    fn types(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(line.split_whitespace())
            .current_dir(self.path())
            .stdin(Stdio::null())
            .env_clear()
            .output()
            .expect("the program starts")
    }

    fn refuses(&self, line: &str) -> String {
        let output = self.types(line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(output.stdout.is_empty(), "{line}");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        said.replace(&self.path().display().to_string(), "[FOLDER]")
    }
}

const ARM64: u16 = 183;
const X86_64: u16 = 62;

#[test]
fn where_nobody_can_be_asked_nothing_is_begun() {
    let desk = Desk::new().with_programs(ARM64);
    insta::assert_snapshot!(desk.refuses("deploy --binaries programs"));
    assert!(desk.refuses("destroy").contains("nobody can be asked"));
}

#[test]
fn programs_that_lambda_could_not_start_are_refused_before_aws_is_asked() {
    let desk = Desk::new().with_programs(X86_64);
    insta::assert_snapshot!(desk.refuses("deploy --yes --binaries programs"));
}

#[test]
fn elsewhere_than_in_the_source_it_says_what_to_name() {
    insta::assert_snapshot!(Desk::new().refuses("deploy --plan"));
}

/// What is in a folder, by path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder_here) = open.pop() {
        for entry in std::fs::read_dir(folder_here).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below it").display().to_string();
                found.insert(name, std::fs::read(&path).expect("readable"));
            }
        }
    }
    found
}

#[test]
fn what_a_stack_takes_from_its_bucket_is_written_and_the_same_each_time() {
    let desk = Desk::new().with_programs(ARM64);
    let package = |out: &str| {
        let line = format!("package --region eu-central-1 --binaries programs --out {out}");
        let output = desk.types(&line);
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    };
    let (one, other) = (package("one"), package("other"));
    assert_eq!(one, other);
    let (written, again) = (files(&desk.path().join("one")), files(&desk.path().join("other")));
    assert_eq!(written, again);
    let names: Vec<String> = written.keys().map(|name| name.replace(&one, "PREFIX")).collect();
    insta::assert_snapshot!(names.join("\n"));
}
