//! Knows a file again by its content, whatever it is called.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::OpenError;

/// The BLAKE3 hash of a file's bytes: the scope of its cursor, so that a file resumes where an
/// equal one stopped, and a changed one starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileFingerprint(blake3::Hash);

impl FileFingerprint {
    /// Reads the whole file, at a gigabyte a second or more; holds a small part of it at a time.
    ///
    /// # Errors
    /// Fails when the file cannot be read.
    pub fn of(path: &Path) -> Result<Self, OpenError> {
        const BUFFER_BYTES: usize = 256 << 10;
        let unreadable = |source| OpenError::unreadable(path, source);
        let mut file = File::open(path).map_err(unreadable)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(Self(hasher.finalize())),
                Ok(read) => {
                    hasher.update(&buffer[..read]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
    }
}

impl fmt::Display for FileFingerprint {
    /// Writes 64 hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_hex())
    }
}
