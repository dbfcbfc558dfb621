//! Lists the directories where PostgreSQL's programs may be.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Where packages put one directory per version: parent, prefix of its name, path below it.
const VERSIONED: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),          // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                   // RHEL and Fedora, PostgreSQL's own packages
    ("/usr/lib", "postgresql", "bin"),           // openSUSE
    ("/usr/libexec", "postgresql", ""),          // Alpine
    ("/opt/homebrew/opt", "postgresql@", "bin"), // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql@", "bin"),    // Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"), // Homebrew on Linux
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"), // Postgres.app
];

/// Directories to look at, in groups: a usable one in an earlier group wins.
#[derive(Debug, Default)]
pub(super) struct Places {
    explicit: Option<PathBuf>,
    preferred: Vec<PathBuf>,
    packaged: Vec<PathBuf>,
}

impl Places {
    /// Returns the places that apply here.
    pub(super) fn of_this_machine() -> Self {
        if let Some(directory) = env::var_os("SHELFOPS_POSTGRES_BIN").filter(|it| !it.is_empty()) {
            return Self::only(directory.into());
        }
        let search_path = env::var_os("PATH").unwrap_or_default();
        Self {
            explicit: None,
            preferred: preferred(super::run(Path::new("pg_config"), "--bindir"), &search_path),
            packaged: VERSIONED.iter().flat_map(versioned).collect(),
        }
    }

    /// Returns just the one place that was asked for.
    pub(super) fn only(directory: PathBuf) -> Self {
        Self { explicit: Some(directory), ..Self::default() }
    }

    /// Returns the groups, the most wanted first; each preferred place is a group of its own.
    pub(super) fn by_preference(&self) -> impl Iterator<Item = &[PathBuf]> {
        self.explicit
            .iter()
            .chain(&self.preferred)
            .map(std::slice::from_ref)
            .chain(std::iter::once(self.packaged.as_slice()))
    }

    /// Tells whether the caller named the place.
    pub(super) fn are_explicit(&self) -> bool {
        self.explicit.is_some()
    }

    #[cfg(test)]
    pub(super) fn for_test(preferred: Vec<PathBuf>, packaged: Vec<PathBuf>) -> Self {
        Self { explicit: None, preferred, packaged }
    }
}

/// Returns what `pg_config` said, then the directories of `PATH` that hold a server.
fn preferred(bindir: Option<String>, search_path: &std::ffi::OsStr) -> Vec<PathBuf> {
    let configured = bindir.map(|answer| PathBuf::from(answer.trim()));
    let on_path = env::split_paths(search_path).filter(|it| it.join("postgres").exists());
    configured.into_iter().chain(on_path).collect()
}

fn versioned((parent, prefix, below): &(&str, &str, &str)) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(below))
        .filter(|directory| directory.is_dir())
        .collect();
    found.sort();
    found
}
