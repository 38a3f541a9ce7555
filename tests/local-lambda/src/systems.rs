//! The system files of a deployment.

use std::fs;
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// Where the write check of the system `shop` is, unless a test says otherwise: nothing listens there.
const NOBODY: &str = "https://127.0.0.1:1/write-check";

/// A directory of system files, gone when dropped.
#[derive(Debug)]
pub struct Systems {
    directory: TempDir,
}

impl Systems {
    /// With the system `shop`: a Multi-AZ instance `shop-db` in us-east-1, whose application does not answer.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn shop() -> io::Result<Self> {
        Self::shop_at(NOBODY)
    }

    /// With the system `shop`, whose write check is at that URL.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn shop_at(write_check: &str) -> io::Result<Self> {
        let directory = TempDir::new()?;
        fs::write(
            directory.path().join("shop.toml"),
            include_str!("shop.toml").replace(NOBODY, write_check),
        )?;
        Ok(Self { directory })
    }

    /// With systems of these names, each like `shop` with a database and an alarm of its own: `NAME-db`, `NAME-down`.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn fleet(names: &[String]) -> io::Result<Self> {
        let directory = TempDir::new()?;
        for name in names {
            let system = include_str!("shop.toml")
                .replace("\"shop\"", &format!("\"{name}\""))
                .replace("shop-db", &format!("{name}-db"))
                .replace("ServerCpuTooHigh", &format!("{name}-down"));
            fs::write(directory.path().join(format!("{name}.toml")), system)?;
        }
        Ok(Self { directory })
    }

    /// The directory, for `EVENKEEL_SYSTEMS`.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}
