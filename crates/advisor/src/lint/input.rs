//! Which files are read, and in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::script::MOST_BYTES;

/// Texts to judge, and texts that only tell what is there.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// What was applied before: path and text, in order.
    pub earlier: Vec<(String, String)>,
    /// What is judged: path and text, in order; the half that takes back stands behind its other.
    pub judged: Vec<(String, String)>,
    /// Stems of pairs whose half that takes back is there, judged or not.
    pub halves: BTreeSet<String>,
    /// What a `lint.allow` beside the file says, by path.
    pub allowed: BTreeMap<String, String>,
}

/// The file that allows findings of files that must not be touched.
const ALLOW_FILE: &str = "lint.allow";

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// There is no such file.
    #[error("{path} does not exist")]
    Missing {
        /// The file.
        path: String,
    },
    /// The file cannot be read.
    #[error("could not read {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no text.
    #[error("{path} is not UTF-8 text")]
    NoText {
        /// The file.
        path: String,
    },
    /// The file is too large to be a migration.
    #[error("{path} has more than {} MiB: that is data, not a migration", MOST_BYTES >> 20)]
    TooLarge {
        /// The file.
        path: String,
    },
    /// A directory has nothing to judge.
    #[error("there is no .sql file in {path}")]
    Empty {
        /// The directory.
        path: String,
    },
}

impl Input {
    /// Reads files and directories.
    ///
    /// Earlier migrations of a file's own directory are read too, without being judged, where their
    /// names tell the order: they say what the file meets.
    ///
    /// # Errors
    /// Says which file could not be read.
    pub fn read(judged: &[PathBuf], earlier: &[PathBuf]) -> Result<Self, InputError> {
        let mut input = Self::default();
        let mut paths = Vec::new();
        for path in judged {
            paths.extend(files(path)?);
        }
        let mut before = Vec::new();
        for path in earlier {
            before.extend(files(path)?);
        }
        if let [only] = paths.as_slice() {
            before.extend(siblings_before(only));
        }
        for path in &paths {
            let name = path.display().to_string();
            if let Some(stem) = name.strip_suffix(".up.sql")
                && Path::new(&format!("{stem}.down.sql")).is_file()
            {
                input.halves.insert(stem.to_owned());
            }
            let list = path.with_file_name(ALLOW_FILE);
            if list.is_file() {
                input.allowed.insert(name.clone(), text(&list)?);
            }
            input.judged.push((name, text(path)?));
        }
        for path in before.iter().filter(|path| !paths.contains(path)) {
            input.earlier.push((path.display().to_string(), text(path)?));
        }
        Ok(input)
    }
}

/// Returns a file, or the `.sql` files of a directory in the order they are applied.
fn files(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let shown = || path.display().to_string();
    let unreadable = |source| InputError::Unreadable { path: shown(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "sql") && path.is_file() {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(InputError::Empty { path: shown() });
    }
    found.sort_by_key(|path| order(path));
    Ok(found)
}

/// What files are sorted by: the pair's name, and the half that takes back behind its other.
fn order(path: &Path) -> (Vec<(u128, String)>, bool) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_down = name.ends_with(".down.sql");
    let stem = name.trim_end_matches(".sql").trim_end_matches(".down").trim_end_matches(".up");
    // Numbers count as numbers: 2 stands before 10.
    let mut parts = Vec::new();
    let mut rest = stem;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|each: char| each.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let end = after.find(|each: char| each.is_ascii_digit()).unwrap_or(after.len());
        let (word, after) = after.split_at(end);
        parts.push((number.parse().unwrap_or(u128::MAX), word.to_owned()));
        rest = after;
    }
    (parts, is_down)
}

/// Returns migrations of a file's directory that are applied before it; none where names do not say.
fn siblings_before(path: &Path) -> Vec<PathBuf> {
    // 0001_init.sql, 20260501_add.up.sql, V12__add.sql; not 1_try.sql, which may be anything.
    let is_numbered = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bare = name.strip_prefix('V').unwrap_or(&name);
        let digits = bare.chars().take_while(char::is_ascii_digit).count();
        let is_flyway = name.starts_with('V') && bare[digits..].starts_with("__");
        name.ends_with(".sql") && (digits >= 3 || (is_flyway && digits > 0))
    };
    if !is_numbered(path) {
        return Vec::new();
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let own = order(path);
    let mut found: Vec<PathBuf> = fs::read_dir(directory)
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
        .unwrap_or_default();
    found.retain(|other| {
        let is_down = other.to_string_lossy().ends_with(".down.sql");
        let is_own_half = order(other).0 == own.0 && own.1;
        is_numbered(other) && !is_down && (order(other).0 < own.0 || is_own_half)
    });
    found.sort_by_key(|path| order(path));
    found
}

/// Reads a file; `-` is what comes in.
fn text(path: &Path) -> Result<String, InputError> {
    let shown = || path.display().to_string();
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        io::Read::read_to_end(&mut io::Read::take(io::stdin().lock(), most + 1), &mut bytes)
            .map_err(|source| InputError::Unreadable { path: "stdin".to_owned(), source })?;
        bytes
    } else {
        let size = fs::metadata(path).map(|metadata| metadata.len());
        if size.is_ok_and(|size| size > u64::try_from(MOST_BYTES).unwrap_or(u64::MAX)) {
            return Err(InputError::TooLarge { path: shown() });
        }
        fs::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => InputError::Missing { path: shown() },
            _ => InputError::Unreadable { path: shown(), source },
        })?
    };
    if bytes.len() > MOST_BYTES {
        return Err(InputError::TooLarge { path: shown() });
    }
    String::from_utf8(bytes).map_err(|_| InputError::NoText { path: shown() })
}
