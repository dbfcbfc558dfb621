//! Knows a file again by its content, whatever it is called.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use super::OpenError;
use super::open::regular_file_bytes;

/// How much is read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// After how much it is told how far it has come: several times a second.
const TELL_BYTES: u64 = 64 << 20;

/// The BLAKE3 hash of a file's bytes: the scope of its cursor, so that a file resumes where an
/// equal one stopped, and a changed one starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileFingerprint(blake3::Hash);

impl FileFingerprint {
    /// Reads the whole file, at a gigabyte a second or more; holds a small part of it at a time.
    ///
    /// `watch` is told now and then how many bytes are read, and of how many; when it breaks off, there is
    /// no fingerprint.
    ///
    /// # Errors
    /// Fails when the file cannot be read, and at once when it is no regular file: a pipe or a device may
    /// never end.
    pub fn of(
        path: &Path,
        mut watch: impl FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Option<Self>, OpenError> {
        let total = regular_file_bytes(path)?;
        let unreadable = |source| OpenError::unreadable(path, source);
        let mut file = File::open(path).map_err(unreadable)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        let (mut done, mut told) = (0, 0);
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(Some(Self(hasher.finalize()))),
                Ok(read) => {
                    hasher.update(&buffer[..read]);
                    done += read as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
            if done - told >= TELL_BYTES {
                told = done;
                if watch(done, total).is_break() {
                    return Ok(None);
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_content_unless_somebody_breaks_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large");
        let file = File::create(&path).unwrap();
        file.set_len(3 * TELL_BYTES).unwrap();
        let mut told = Vec::new();
        let whole = FileFingerprint::of(&path, |done, total| {
            told.push((done, total));
            ControlFlow::Continue(())
        });
        assert!(whole.unwrap().is_some());
        assert_eq!(told.last(), Some(&(3 * TELL_BYTES, 3 * TELL_BYTES)));
        let stopped = FileFingerprint::of(&path, |_, _| ControlFlow::Break(()));
        assert_eq!(stopped.unwrap(), None);
    }

    #[test]
    fn what_may_never_end_is_refused_before_it_is_read() {
        let endless = FileFingerprint::of(Path::new("/dev/zero"), |_, _| ControlFlow::Continue(()));
        assert!(matches!(endless, Err(OpenError::NotAFile { .. })), "{endless:?}");
    }
}
