//! Whether a verb is meant for an embedded cloud or for an account. Why it is decided this way: docs/decisions/0030-which-cloud-is-meant.md

use std::path::{Path, PathBuf};

use crate::cli::Place;
use crate::commands::SYSTEM_FILE;

/// Where an embedded cloud is kept unless somebody says otherwise.
pub(crate) const REHEARSAL: &str = ".evenkeel/rehearsal.json";

/// What a verb is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The embedded cloud that is kept in that file.
    Embedded(PathBuf),
    /// An account of AWS, or an emulator of one.
    Account,
}

/// Why it cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undecided {
    /// This folder holds both.
    #[error("this folder has a system ({SYSTEM_FILE}) and a kept rehearsal ({REHEARSAL}): which is meant?")]
    Both,
    /// This folder holds neither.
    #[error("there is neither a system file here ({SYSTEM_FILE}) nor a kept rehearsal ({REHEARSAL})")]
    Neither,
}

impl Undecided {
    /// What to type instead.
    pub(crate) fn hint(self) -> String {
        match self {
            Self::Both => format!(
                "add `--system-file {SYSTEM_FILE}` for the account, or `--rehearsal {REHEARSAL}` for the embedded cloud"
            ),
            Self::Neither => "for an account, name the deployed system files with --system-file; for the embedded cloud, make one: \
                 evenkeel rehearse region-loss --keep"
                .to_owned(),
        }
    }
}

/// Decides by what was typed, and else by what this folder holds.
pub(crate) fn choose(place: &Place, exists: impl Fn(&Path) -> bool) -> Result<Target, Undecided> {
    if let Some(file) = &place.kept.rehearsal {
        return Ok(Target::Embedded(file.clone()));
    }
    let names_an_account =
        place.aws.profile.is_some() || place.aws.endpoint_url.is_some() || !place.files.files.is_empty();
    if names_an_account {
        return Ok(Target::Account);
    }
    match (exists(Path::new(SYSTEM_FILE)), exists(Path::new(REHEARSAL))) {
        (true, false) => Ok(Target::Account),
        (false, true) => Ok(Target::Embedded(PathBuf::from(REHEARSAL))),
        (true, true) => Err(Undecided::Both),
        (false, false) => Err(Undecided::Neither),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    /// What is chosen in a folder that holds these files.
    fn chosen(typed: &str, there: &[&str]) -> Result<Target, Undecided> {
        let line = format!("evenkeel status {typed}");
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let Command::Status(asked) = cli.command else {
            panic!("a status")
        };
        choose(&asked.place, |path| {
            there.iter().any(|one| Path::new(one) == path)
        })
    }

    #[test]
    fn the_folder_decides_where_nothing_is_typed() {
        let kept = Target::Embedded(REHEARSAL.into());
        assert_eq!(chosen("", &[SYSTEM_FILE]), Ok(Target::Account));
        assert_eq!(chosen("", &[REHEARSAL]), Ok(kept));
        assert_eq!(chosen("", &[SYSTEM_FILE, REHEARSAL]), Err(Undecided::Both));
        assert_eq!(chosen("", &[]), Err(Undecided::Neither));
    }

    #[test]
    fn what_is_typed_comes_first() {
        let both = [SYSTEM_FILE, REHEARSAL];
        for account in [
            "--profile p",
            "--endpoint-url http://127.0.0.1:1",
            "--system-file s.toml",
        ] {
            assert_eq!(chosen(account, &both), Ok(Target::Account), "{account}");
            assert_eq!(chosen(account, &[]), Ok(Target::Account), "{account}");
        }
        assert_eq!(
            chosen("--rehearsal k.json", &both),
            Ok(Target::Embedded("k.json".into()))
        );
    }

    #[test]
    fn a_region_alone_says_nothing_about_which() {
        assert_eq!(
            chosen("--region eu-west-1", &[SYSTEM_FILE, REHEARSAL]),
            Err(Undecided::Both)
        );
    }

    #[test]
    fn both_cannot_be_typed() {
        for account in [
            "--profile p",
            "--endpoint-url http://127.0.0.1:1",
            "--system-file s.toml",
        ] {
            let line = format!("evenkeel status --rehearsal k.json {account}");
            assert!(Cli::try_parse_from(line.split_whitespace()).is_err(), "{account}");
        }
    }
}
