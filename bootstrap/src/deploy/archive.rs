//! A zip whose bytes depend on what is in it, and on nothing else: not on the time, not on who packs it, not on where.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::Error;

/// One file of a zip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) executable: bool,
}

/// Packs files in the order of their names, each as of 1980, the earliest that a zip can say.
///
/// # Errors
/// When a file is larger than a zip without extensions takes.
pub(super) fn pack(mut entries: Vec<Entry<'_>>) -> Result<Vec<u8>, Error> {
    entries.sort_by_key(|entry| entry.name);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        // Lambda runs functions as a user of its own: everybody has to be able to read (Lambda Developer Guide,
        // configuration-function-zip).
        let mode = if entry.executable { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode);
        writer.start_file(entry.name, options)?;
        writer
            .write_all(entry.bytes)
            .map_err(zip::result::ZipError::from)?;
    }
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const PROGRAM: Entry<'_> = Entry {
        name: "bootstrap",
        bytes: b"\x7fELF and so on",
        executable: true,
    };
    const SYSTEM: Entry<'_> = Entry {
        name: "systems/shop.toml",
        bytes: b"name = \"shop\"",
        executable: false,
    };

    #[test]
    fn the_same_files_are_the_same_bytes_in_whatever_order_they_come() {
        let one = pack(vec![PROGRAM, SYSTEM]).expect("packed");
        assert_eq!(one, pack(vec![SYSTEM, PROGRAM]).expect("packed"));
        let other = Entry {
            bytes: b"name = \"shoe\"",
            ..SYSTEM
        };
        assert_ne!(one, pack(vec![PROGRAM, other]).expect("packed"));
    }

    #[test]
    fn a_reader_finds_what_was_packed_and_who_may_run_it() {
        let packed = pack(vec![SYSTEM, PROGRAM]).expect("packed");
        let mut read = zip::ZipArchive::new(Cursor::new(packed)).expect("a zip");
        let mut seen = Vec::new();
        for at in 0..read.len() {
            let mut file = read.by_index(at).expect("a file");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("readable");
            let time = file.last_modified().expect("a time").to_string();
            let name = file.name().expect("a name").into_owned();
            seen.push((name, file.unix_mode(), bytes, time));
        }
        let time = "1980-01-01 00:00:00".to_owned();
        let of = |entry: Entry<'_>, mode| {
            (
                entry.name.to_owned(),
                Some(mode),
                entry.bytes.to_vec(),
                time.clone(),
            )
        };
        assert_eq!(seen, [of(PROGRAM, 0o100_755), of(SYSTEM, 0o100_644)]);
    }
}
