//! One installed PostgreSQL: its version, its programs, its libraries.

mod error;
mod hint;
mod places;
mod version;

use std::path::{Path, PathBuf};
use std::process::Command;

pub use error::FindError;
pub use version::Version;

use crate::OLDEST_MAJOR_VERSION;
use error::Looked;
use places::Places;

/// A PostgreSQL server that is installed on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    version: Version,
    binary_directory: PathBuf,
    library_directory: PathBuf,
}

impl Installation {
    /// Finds the PostgreSQL to use: version 15 or newer, with server and client programs.
    ///
    /// `SHELFOPS_POSTGRES_BIN` decides alone when it is set. Otherwise what `pg_config --bindir` and
    /// `PATH` lead to comes first, then the newest of the places where packages put it.
    pub fn find() -> Result<Self, FindError> {
        Self::search(&Places::of_this_machine(), None)
    }

    /// Finds an installation of exactly that major version, in the same places.
    pub fn find_major(major: u32) -> Result<Self, FindError> {
        Self::search(&Places::of_this_machine(), Some(major))
    }

    /// Returns the installation whose programs are in `binary_directory`.
    pub fn at(binary_directory: &Path) -> Result<Self, FindError> {
        Self::search(&Places::only(binary_directory.to_owned()), None)
    }

    /// Returns the version of the server.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the directory that holds `postgres`, `initdb` and the rest.
    pub fn binary_directory(&self) -> &Path {
        &self.binary_directory
    }

    /// Returns the directory that holds the libraries the server can load.
    pub fn library_directory(&self) -> &Path {
        &self.library_directory
    }

    /// Returns the path of one of its programs, such as `pg_dump`, whether it is there or not.
    pub fn program(&self, name: &str) -> PathBuf {
        self.binary_directory.join(name)
    }

    /// Tells whether the server could load the library `name`, such as `timescaledb`.
    pub fn has_library(&self, name: &str) -> bool {
        ["so", "dylib"]
            .iter()
            .any(|ending| self.library_directory.join(format!("{name}.{ending}")).exists())
    }

    /// Searches `places` for the version `major`, or for the newest.
    fn search(places: &Places, major: Option<u32>) -> Result<Self, FindError> {
        let is_wanted = |version: Version| major.is_none_or(|major| version.major() == major);
        let mut looked = Vec::new();
        for group in places.by_preference() {
            let mut found: Vec<Self> = Vec::new();
            for directory in group {
                match Self::inspect(directory) {
                    Ok(installation) if is_wanted(installation.version) => found.push(installation),
                    Ok(other) => looked.push(Looked::unwanted(directory, other.version)),
                    Err(outcome) => looked.push(outcome),
                }
            }
            // The first of equals wins, so that the order of places decides between them.
            found.reverse();
            if let Some(newest) = found.into_iter().max_by_key(|found| found.version) {
                return Ok(newest);
            }
        }
        let newest = format!("{OLDEST_MAJOR_VERSION} or newer");
        let wanted = major.map_or(newest, |major| major.to_string());
        Err(FindError::new(wanted, looked, places.are_explicit()))
    }

    /// Returns the usable installation in `directory`, or why there is none.
    fn inspect(directory: &Path) -> Result<Self, Looked> {
        // Programs on the PATH are often links into the real directory.
        let postgres = directory.join("postgres");
        let Ok(real) = postgres.canonicalize() else { return Err(Looked::absent(directory)) };
        let binary_directory = real.parent().unwrap_or(directory).to_owned();
        let missing =
            ["initdb", "pg_ctl"].iter().find(|name| !binary_directory.join(name).exists());
        if let Some(missing) = missing {
            return Err(Looked::incomplete(directory, missing));
        }
        let text = run(&real, "--version").ok_or_else(|| Looked::broken(directory))?;
        let version = Version::parse(&text).ok_or_else(|| Looked::broken(directory))?;
        if version.major() < OLDEST_MAJOR_VERSION {
            return Err(Looked::too_old(directory, version));
        }
        let library_directory = library_directory(&binary_directory);
        Ok(Self { version, binary_directory, library_directory })
    }
}

/// Asks the version's own `pg_config`, else looks where packages put libraries.
///
/// The `pg_config` on the `PATH` may describe another version, so it is not asked.
fn library_directory(binary_directory: &Path) -> PathBuf {
    let own_config = binary_directory.join("pg_config");
    if let Some(answer) = run(&own_config, "--pkglibdir") {
        return PathBuf::from(answer.trim());
    }
    let parent = binary_directory.parent().unwrap_or(binary_directory);
    let candidates = ["lib", "lib/postgresql", "lib64/pgsql", "lib/pgsql", "lib64/postgresql"];
    // Every server comes with its procedural language.
    let has_language = |directory: &PathBuf| {
        ["plpgsql.so", "plpgsql.dylib"].iter().any(|library| directory.join(library).exists())
    };
    let found = candidates.iter().map(|candidate| parent.join(candidate)).find(has_language);
    found.unwrap_or_else(|| parent.join("lib"))
}

/// Returns what `program` prints for `argument`, or nothing when it fails.
fn run(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests;
