//! Says where PostgreSQL was looked for, what was there, and how to install it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::hint;
use super::version::Version;

/// No usable PostgreSQL was found.
#[derive(Debug, Clone, thiserror::Error)]
pub struct FindError {
    wanted: String,
    looked: Vec<Looked>,
    is_explicit: bool,
}

impl FindError {
    pub(super) fn new(wanted: String, looked: Vec<Looked>, is_explicit: bool) -> Self {
        Self { wanted, looked, is_explicit }
    }

    /// Returns the directories that were looked at, in order.
    pub fn places(&self) -> impl Iterator<Item = &Path> {
        self.looked.iter().map(|looked| looked.directory.as_path())
    }
}

impl fmt::Display for FindError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "found no PostgreSQL {}; looked at:", self.wanted)?;
        for looked in &self.looked {
            writeln!(formatter, "  {}: {}", looked.directory.display(), looked.outcome)?;
        }
        match (self.is_explicit, self.looked.is_empty()) {
            (true, _) => write!(
                formatter,
                "set SHELFOPS_POSTGRES_BIN to the directory that holds postgres, initdb and pg_ctl, \
                 or unset it to search for them"
            ),
            (false, true) => write!(formatter, "  nothing\n{}", hint::for_this_machine()),
            (false, false) => write!(formatter, "{}", hint::for_this_machine()),
        }
    }
}

/// One place that was looked at, and why it does not do.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    directory: PathBuf,
    outcome: String,
}

impl Looked {
    fn new(directory: &Path, outcome: impl Into<String>) -> Self {
        Self { directory: directory.to_owned(), outcome: outcome.into() }
    }

    pub(super) fn absent(directory: &Path) -> Self {
        Self::new(directory, "no server")
    }

    pub(super) fn incomplete(directory: &Path, missing: &str) -> Self {
        Self::new(directory, format!("no {missing}"))
    }

    pub(super) fn broken(directory: &Path) -> Self {
        Self::new(directory, "postgres --version failed")
    }

    pub(super) fn too_old(directory: &Path, version: Version) -> Self {
        Self::new(directory, format!("version {version} is too old"))
    }

    pub(super) fn unwanted(directory: &Path, version: Version) -> Self {
        Self::new(directory, format!("version {version} is not the one needed"))
    }
}
