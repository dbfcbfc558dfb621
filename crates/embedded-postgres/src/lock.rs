//! Lets one process at a time start or stop a server.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::error::FileError;
use crate::poll;

/// Longer than the longest start, so that who waits sees the start's own error first.
const PATIENCE: Duration = Duration::from_secs(420);

/// Waits for the lock on `path`; it is held until the returned file is dropped.
pub(crate) fn acquire(path: &Path) -> Result<File, FileError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(FileError::of("open", path))?;
    let interval = Duration::from_millis(20);
    let outcome = poll::until(PATIENCE, interval, || match file.try_lock() {
        Ok(()) => Some(Ok(())),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(error)) => Some(Err(FileError::of("lock", path)(error))),
    });
    let locked = FileError::Locked { path: path.to_owned(), seconds: PATIENCE.as_secs() };
    outcome.unwrap_or(Err(locked))?;
    Ok(file)
}
