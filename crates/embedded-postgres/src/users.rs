//! Keeps the list of processes that use a server: one file each, read here and by the guard.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::FileError;
use crate::files;
use crate::process::Process;

/// Tells several handles of one process apart.
static NEXT_NUMBER: AtomicU32 = AtomicU32::new(1);

/// Says that this process uses a server, until it is dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    file: PathBuf,
}

impl Registration {
    /// Adds this process to the users listed in `directory`.
    pub(crate) fn add(directory: &Path) -> Result<Self, FileError> {
        let process = Process::current();
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = directory.join(format!("{}.{number}", process.id()));
        files::replace(&file, &format!("{process}\n"))?;
        Ok(Self { file })
    }

    /// Tells whether anybody else uses the server, and forgets users that have died.
    pub(crate) fn has_company(&self) -> bool {
        let directory = self.file.parent().unwrap_or(Path::new("/"));
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let others = entries.map(|entry| entry.path()).filter(|file| *file != self.file);
        // Looks at each of them, since looking is what clears the dead away.
        others.filter(|file| is_alive_or_forgotten(file)).count() > 0
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Err(error) = files::remove(&self.file) {
            tracing::warn!(file = %self.file.display(), %error, "could not unregister from the server");
        }
    }
}

/// Tells whether the user written down in `file` is alive; removes the file when it is not.
fn is_alive_or_forgotten(file: &Path) -> bool {
    let is_draft = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let Ok(text) = fs::read_to_string(file) else { return false };
    let is_alive = !is_draft && Process::parse(&text).is_some_and(|user| user.is_alive());
    if !is_alive && !is_draft {
        files::remove(file).ok();
    }
    is_alive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_users_are_no_company_and_are_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let registration = Registration::add(directory.path()).unwrap();
        let dead = directory.path().join("4194304.1");
        fs::write(&dead, "4194304 12\n").unwrap();

        assert!(!registration.has_company());
        assert!(!dead.exists());
    }

    #[test]
    fn two_handles_of_one_process_keep_each_other_company() {
        let directory = tempfile::tempdir().unwrap();
        let first = Registration::add(directory.path()).unwrap();
        let second = Registration::add(directory.path()).unwrap();

        assert!(first.has_company());
        drop(second);
        assert!(!first.has_company());
    }
}
