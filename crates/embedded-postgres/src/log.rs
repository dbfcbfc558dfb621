//! Quotes what the server logged since a given moment.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::files;

/// Catches what the server prints before its log collector runs.
pub(crate) const STARTUP_LOG: &str = "startup.log";

/// An error quotes this many lines.
const QUOTED_LINES: usize = 20;

/// Enough for the quoted lines, however chatty the server was.
const READ_BYTES: u64 = 64 * 1024;

/// The end of the log at one moment.
#[derive(Debug)]
pub(crate) struct LogPosition {
    directory: PathBuf,
    newest: Option<(PathBuf, u64)>,
}

impl LogPosition {
    /// Returns the end of the log in `directory` as it is now.
    pub(crate) fn now(directory: &Path) -> Self {
        let newest = newest_log(directory).ok().flatten();
        let newest = newest.map(|path| {
            let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            (path, length)
        });
        Self { directory: directory.to_owned(), newest }
    }

    /// Returns the last lines logged since, if any, or a note on why they cannot be read.
    pub(crate) fn lines_since(&self) -> Option<String> {
        let startup = read_from(&self.directory.join(STARTUP_LOG), 0);
        let collected = newest_log(&self.directory).and_then(|newest| match newest {
            Some(path) => read_from(&path, self.end_of(&path)),
            None => Ok(String::new()),
        });
        match (startup, collected) {
            (Err(error), _) | (_, Err(error)) if error.kind() != io::ErrorKind::NotFound => Some(
                format!("  (the log in {} could not be read: {error})", self.directory.display()),
            ),
            (startup, collected) => {
                let text = startup.unwrap_or_default() + &collected.unwrap_or_default();
                let lines = files::last_lines(&text, QUOTED_LINES);
                (!lines.is_empty()).then_some(lines)
            }
        }
    }

    /// Returns how long the file was at this position; one made or truncated since is all new.
    fn end_of(&self, path: &Path) -> u64 {
        let known = self.newest.as_ref().filter(|(newest, _)| newest == path);
        let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
        known.map(|(_, end)| *end).filter(|end| *end <= length).unwrap_or(0)
    }
}

/// Finds the file the log collector wrote last.
fn newest_log(directory: &Path) -> io::Result<Option<PathBuf>> {
    let mut newest = None;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_collected = entry.file_name().to_string_lossy().starts_with("postgresql-");
        if is_collected && entry.file_type()?.is_file() {
            let candidate = (entry.metadata()?.modified()?, entry.path());
            newest = newest.max(Some(candidate));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// Reads the end of a file, but nothing before `start`.
fn read_from(path: &Path, start: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(start.max(length.saturating_sub(READ_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(READ_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn only_what_was_logged_since_is_quoted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("postgresql-Mon.log");
        fs::write(&path, "old news\n").unwrap();
        let position = LogPosition::now(directory.path());
        assert_eq!(position.lines_since(), None);

        let mut file = File::options().append(true).open(&path).unwrap();
        writeln!(file, "FATAL: new").unwrap();
        fs::write(directory.path().join(STARTUP_LOG), "starting\n").unwrap();

        assert_eq!(position.lines_since().unwrap(), "  starting\n  FATAL: new");
    }

    #[test]
    fn a_truncated_log_is_all_new() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("postgresql-Mon.log");
        fs::write(&path, "a long line from a week ago\n").unwrap();
        let position = LogPosition::now(directory.path());
        fs::write(&path, "today\n").unwrap();
        assert_eq!(position.lines_since().unwrap(), "  today");
    }

    #[test]
    fn an_unreadable_log_is_said_to_be_unreadable() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join(STARTUP_LOG)).unwrap();
        let text = LogPosition::now(directory.path()).lines_since().unwrap();
        assert!(text.contains("could not be read"), "{text}");
    }
}
