//! Everything that the stack of one Region takes from its bucket: a zip per function, and the machines' definitions.
//!
//! They stand under a prefix that is a hash of their content. So the same code is the same prefix: nothing is uploaded, no
//! parameter of the stack changes, and CloudFormation finds nothing to do. Other code is another prefix, which is how
//! CloudFormation notices: the same key with other bytes is no change to it (Lambda Developer Guide, "Code" of a function's
//! template).

use std::collections::BTreeMap;

use domain::names::Region;
use domain::system::System;
use evenkeel::stack::{self, Code};
use sha2::{Digest, Sha256};

use super::Error;
use super::archive::{self, Entry};
use super::binaries::Binaries;

/// A system, and the file that describes it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) system: System,
    pub(crate) text: String,
}

/// What the stack of one Region takes from its bucket.
#[derive(Debug)]
pub(crate) struct Package {
    /// What every key begins with.
    pub(crate) prefix: String,
    /// Content by key, without the prefix: functions, machines, templates of nested stacks.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The stack's template. It is not among the files: it does not say their prefix, and need not change with them.
    pub(crate) template: String,
}

impl Package {
    /// Packs what a Region needs: the functions that run there, and of the systems those that live there. A system that lives
    /// elsewhere does not change it.
    ///
    /// # Errors
    /// When systems and Region make no stack, or one that AWS would not take; and when a program is missing.
    pub(crate) fn of(region: &Region, sources: &[Source], binaries: &Binaries) -> Result<Self, Error> {
        let systems: Vec<System> = sources.iter().map(|source| source.system.clone()).collect();
        let Code { functions, machines } = stack::code(&systems, region)?;
        let (template, mut files) = templates(&systems, region)?;
        let mut described: Vec<(String, &str)> = sources
            .iter()
            .filter(|source| {
                let system = &source.system;
                system.lives_in(system.account.as_str(), region.as_str())
            })
            .map(|source| {
                (
                    format!("systems/{}.toml", source.system.name),
                    source.text.as_str(),
                )
            })
            .collect();
        described.sort();
        for function in functions {
            let program = binaries.read(function)?;
            let mut entries = vec![Entry {
                name: "bootstrap",
                bytes: &program,
                executable: true,
            }];
            entries.extend(described.iter().map(|(name, text)| Entry {
                name,
                bytes: text.as_bytes(),
                executable: false,
            }));
            files.insert(format!("{}.zip", function.word()), archive::pack(entries)?);
        }
        for (name, definition) in machines {
            files.insert(format!("{name}.asl.json"), definition.as_bytes().to_vec());
        }
        let prefix = format!("evenkeel/{}", name_of(&files));
        Ok(Self {
            prefix,
            files,
            template,
        })
    }

    /// How large it is, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.files.values().map(Vec::len).sum()
    }
}

/// The template, and those of nested stacks by their keys.
fn templates(systems: &[System], region: &Region) -> Result<(String, BTreeMap<String, Vec<u8>>), Error> {
    let unwritable = |error: serde_json::Error| Error::Request(error.to_string());
    let stack = stack::render(systems, region)?;
    let excess = stack::exceeded(&stack).map_err(unwritable)?;
    if let Some(excess) = excess.into_iter().next() {
        let region = region.clone();
        return Err(Error::TooMuch { region, excess });
    }
    let mut nested = BTreeMap::new();
    for (name, template) in &stack.nested {
        let text = stack::written(template).map_err(unwritable)?;
        nested.insert(name.clone(), text.into_bytes());
    }
    Ok((stack::written(&stack.root).map_err(unwritable)?, nested))
}

/// Half of a SHA-256 over names and contents: enough for what nobody but the account's own people can write.
fn name_of(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut whole = Sha256::new();
    for (name, bytes) in files {
        // A hash of each, so that where one file ends and the next begins cannot be moved.
        whole.update(Sha256::digest(name.as_bytes()));
        whole.update(Sha256::digest(bytes));
    }
    hex(&whole.finalize()[..16])
}

/// What tells one content from another, as it stands in a key.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..16])
}

/// Bytes as people read them.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use evenkeel::stack::functions::Function;

    use super::*;

    fn source(text: &str) -> Source {
        Source {
            system: domain::system::read(text).expect("a system"),
            text: text.to_owned(),
        }
    }

    /// A folder with a program for every function.
    fn programs(content: &str) -> (tempfile::TempDir, Binaries) {
        let folder = tempfile::tempdir().expect("a folder");
        for function in Function::ALL {
            std::fs::write(folder.path().join(function.word()), content).expect("written");
        }
        let binaries = Binaries::in_folder(folder.path());
        (folder, binaries)
    }

    const TWO: &str = include_str!("../../../rehearsal/systems/two-regions.toml");
    const ONE: &str = include_str!("../../../rehearsal/systems/one-region.toml");

    #[test]
    fn the_same_content_has_the_same_name_and_other_content_another() {
        let home: Region = "eu-central-1".parse().expect("a Region");
        let (_kept, binaries) = programs("one program");
        let one = Package::of(&home, &[source(TWO)], &binaries).expect("packed");
        let again = Package::of(&home, &[source(TWO)], &binaries).expect("packed");
        assert_eq!((&one.prefix, &one.files), (&again.prefix, &again.files));

        let (_kept, others) = programs("another program");
        let other = Package::of(&home, &[source(TWO)], &others).expect("packed");
        assert_ne!(one.prefix, other.prefix);
        let changed = format!("{TWO}\n# a remark\n");
        let other = Package::of(&home, &[source(&changed)], &binaries).expect("packed");
        assert_ne!(one.prefix, other.prefix);
    }

    #[test]
    fn a_system_that_lives_elsewhere_changes_nothing() {
        let away: Region = "eu-west-1".parse().expect("a Region");
        let (_kept, binaries) = programs("a program");
        let alone = Package::of(&away, &[source(TWO)], &binaries).expect("packed");
        let renamed = ONE.replacen("name = \"shop\"", "name = \"kiosk\"", 1);
        let both = Package::of(&away, &[source(TWO), source(&renamed)], &binaries).expect("packed");
        assert_eq!(alone.prefix, both.prefix);
    }

    #[test]
    fn whatever_a_template_takes_from_the_bucket_is_packed_and_nothing_else() {
        let (_kept, binaries) = programs("a program");
        for (region, text) in [("eu-central-1", TWO), ("eu-west-1", TWO), ("eu-central-1", ONE)] {
            let region: Region = region.parse().expect("a Region");
            let source = source(text);
            let template = stack::render(std::slice::from_ref(&source.system), &region).expect("rendered");
            let resources = template.root["Resources"].as_object().expect("resources");
            let mut taken: Vec<String> = resources
                .values()
                .filter_map(|resource| {
                    let properties = &resource["Properties"];
                    let keys = [
                        &properties["Code"]["S3Key"],
                        &properties["DefinitionS3Location"]["Key"],
                    ];
                    keys.into_iter().find_map(|key| key["Fn::Sub"].as_str())
                })
                .map(|key| key.replace("${CodePrefix}/", ""))
                .collect();
            taken.sort();
            let package = Package::of(&region, &[source], &binaries).expect("packed");
            assert_eq!(taken, package.files.into_keys().collect::<Vec<_>>(), "{region}");
        }
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let home: Region = "eu-central-1".parse().expect("a Region");
        let (kept, binaries) = programs("a program");
        std::fs::remove_file(kept.path().join("router")).expect("removed");
        let error = Package::of(&home, &[source(TWO)], &binaries).expect_err("no router");
        assert!(error.to_string().contains("router"), "{error}");
    }
}
