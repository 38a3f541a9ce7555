//! The functions' programs: built by cargo-lambda for Lambda's processors, or taken from a folder in which somebody has put
//! them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use evenkeel::stack::functions::Function;

use super::Error;

/// Where the functions' programs are.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Programs that are there already: `FOLDER/router/bootstrap`, as cargo-lambda leaves them, or `FOLDER/router`.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Builds them from Evenkeel's own source.
    ///
    /// # Errors
    /// When the folder is not Evenkeel's source, when there is no cargo-lambda, or when it fails.
    pub(crate) fn build(source: &Path, functions: &BTreeSet<Function>) -> Result<Self, Error> {
        if !source.join("functions/router/Cargo.toml").is_file() {
            return Err(Error::NoSource {
                folder: source.to_owned(),
            });
        }
        let found = Command::new("cargo")
            .args(["lambda", "--version"])
            .stdin(Stdio::null())
            .output();
        if !found.is_ok_and(|output| output.status.success()) {
            return Err(Error::NoCargoLambda);
        }
        let folder = source.join("target/lambda");
        let mut command = Command::new("cargo");
        command.current_dir(source).args([
            "lambda",
            "build",
            "--profile",
            "lambda",
            "--arm64",
            "--output-format",
            "binary",
        ]);
        for function in functions {
            command.args(["--package", function.word()]);
        }
        // docs/decisions/0004-no-jitter-entropy.md: a source that is built elsewhere than in its own folder lacks .cargo/config.toml.
        command.env("AWS_LC_SYS_NO_JITTER_ENTROPY", "1");
        // What it says goes to stderr: stdout is for what was asked.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let status = command.status().map_err(|_| Error::NoCargoLambda)?;
        if status.success() {
            Ok(Self { folder })
        } else {
            Err(Error::NotBuilt {
                status: status.to_string(),
            })
        }
    }

    /// The program of a function.
    pub(super) fn read(&self, function: Function) -> Result<Vec<u8>, Error> {
        let path = self.path(function);
        std::fs::read(&path).map_err(|source| Error::NoProgram {
            function: function.word(),
            path,
            source,
        })
    }

    /// Makes sure that Lambda could start them: programs for Linux on arm64, which is what the template declares.
    ///
    /// # Errors
    /// Names the first that is none.
    pub(crate) fn are_for_lambda(&self, functions: &BTreeSet<Function>) -> Result<(), Error> {
        for function in functions {
            let program = self.read(*function)?;
            if !is_for_arm64(&program) {
                return Err(Error::OtherProcessor {
                    function: function.word(),
                    path: self.path(*function),
                });
            }
        }
        Ok(())
    }

    fn path(&self, function: Function) -> PathBuf {
        let own = self.folder.join(function.word());
        if own.is_dir() { own.join("bootstrap") } else { own }
    }
}

/// An ELF file of 64 bits, little-endian, whose machine is AArch64. Source: System V Application Binary Interface, "ELF Header";
/// ELF for the Arm 64-bit Architecture, `EM_AARCH64` = 183.
fn is_for_arm64(program: &[u8]) -> bool {
    program.starts_with(b"\x7fELF\x02\x01") && program.get(18..20) == Some(&183_u16.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u16) -> Vec<u8> {
        let mut program = b"\x7fELF\x02\x01\x01".to_vec();
        program.resize(18, 0);
        program.extend(machine.to_le_bytes());
        program
    }

    #[test]
    fn only_a_program_for_arm64_is_one() {
        assert!(is_for_arm64(&elf(183)));
        assert!(!is_for_arm64(&elf(62)), "x86-64");
        assert!(!is_for_arm64(b"#!/bin/sh"));
        assert!(!is_for_arm64(b"\x7fELF\x02\x01"));
        assert!(!is_for_arm64(b""));
    }

    #[test]
    fn a_program_is_found_flat_and_as_cargo_lambda_leaves_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("journal"), "flat").expect("written");
        std::fs::create_dir(folder.path().join("router")).expect("made");
        std::fs::write(folder.path().join("router/bootstrap"), "nested").expect("written");
        let binaries = Binaries::in_folder(folder.path());
        assert_eq!(binaries.read(Function::Journal).expect("there"), b"flat");
        assert_eq!(binaries.read(Function::Router).expect("there"), b"nested");
        let both = BTreeSet::from([Function::Journal, Function::Router]);
        let error = binaries.are_for_lambda(&both).expect_err("neither is one");
        assert!(error.to_string().contains("journal"), "{error}");
    }

    #[test]
    fn elsewhere_than_in_the_source_nothing_is_built() {
        let folder = tempfile::tempdir().expect("a folder");
        let refusal = Binaries::build(folder.path(), &BTreeSet::new());
        assert!(matches!(refusal, Err(Error::NoSource { .. })));
    }
}
