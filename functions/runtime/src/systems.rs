//! The system files packaged with the function. A recovery reads no remote configuration.

use std::path::{Path, PathBuf};

use domain::system::{Problem, System, Systems};

/// Why the systems of a deployment are not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// There is nothing to keep upright.
    #[error("{} holds no system file (`*.toml`): deploy at least one", directory.display())]
    None {
        /// Where they were looked for.
        directory: PathBuf,
    },
    /// A file is not right.
    #[error("{}", places(file, text, problems))]
    Wrong {
        /// Which.
        file: PathBuf,
        /// What it says.
        text: String,
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
    /// Two files describe one system.
    #[error("{} and {} both describe the system `{name}`: remove one of them", first.display(), second.display())]
    Twice {
        /// The system's name.
        name: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

/// Reads every `*.toml` of a directory, in the order of their names.
pub(crate) fn read(directory: &Path) -> Result<Systems, Error> {
    let mut systems: Vec<(PathBuf, System)> = Vec::new();
    for file in files(directory)? {
        let text = std::fs::read_to_string(&file).map_err(|why| Error::Unreadable {
            path: file.clone(),
            why,
        })?;
        let system = match domain::system::read(&text) {
            Ok(system) => system,
            Err(problems) => return Err(Error::Wrong { file, text, problems }),
        };
        if let Some((first, _)) = systems.iter().find(|(_, other)| other.name == system.name) {
            return Err(Error::Twice {
                name: system.name.to_string(),
                first: first.clone(),
                second: file,
            });
        }
        systems.push((file, system));
    }
    if systems.is_empty() {
        return Err(Error::None {
            directory: directory.to_owned(),
        });
    }
    Ok(systems
        .into_iter()
        .map(|(_, system)| system)
        .collect::<Vec<_>>()
        .into())
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |why| Error::Unreadable {
        path: directory.to_owned(),
        why,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn places(file: &Path, text: &str, problems: &[Problem]) -> String {
    let place = |problem: &Problem| {
        format!(
            "{}:{}: {} ({})",
            file.display(),
            problem.line(text),
            problem.what,
            problem.hint
        )
    };
    problems.iter().map(place).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest file that is right.
    const SHOP: &str = include_str!("../../../tests/local-lambda/src/shop.toml");

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        directory
    }

    fn said(files: &[(&str, &str)]) -> String {
        let directory = directory(files);
        let path = directory.path().display().to_string();
        read(directory.path())
            .unwrap_err()
            .to_string()
            .replace(&path, "systems")
    }

    #[test]
    fn every_system_file_is_read_and_nothing_else() {
        let other = SHOP.replace("\"shop\"", "\"store\"");
        let directory = directory(&[
            ("shop.toml", SHOP),
            ("store.toml", &other),
            ("README.md", "not TOML at all"),
        ]);
        let systems = read(directory.path()).unwrap();
        let names: Vec<_> = systems.iter().map(|system| system.name.as_str()).collect();
        assert_eq!(names, ["shop", "store"]);
    }

    #[test]
    fn what_is_wrong_has_file_line_and_hint() {
        let typo = SHOP.replace("[objectives]", "[objektives]");
        let line = 1 + typo.lines().position(|line| line == "[objektives]").unwrap();
        let words = said(&[("shop.toml", &typo)]);
        assert!(
            words.starts_with(&format!("systems/shop.toml:{line}: unknown field `objektives`")),
            "{words}"
        );
        assert!(words.ends_with("(did you mean `objectives`?)"), "{words}");
    }

    #[test]
    fn one_name_is_one_system() {
        assert_eq!(
            said(&[("a.toml", SHOP), ("b.toml", SHOP)]),
            "systems/a.toml and systems/b.toml both describe the system `shop`: remove one of them"
        );
    }

    #[test]
    fn a_deployment_without_systems_does_not_start() {
        assert_eq!(
            said(&[]),
            "systems holds no system file (`*.toml`): deploy at least one"
        );
        let gone = read(Path::new("/nowhere")).unwrap_err().to_string();
        assert!(gone.starts_with("/nowhere cannot be read: "), "{gone}");
    }
}
