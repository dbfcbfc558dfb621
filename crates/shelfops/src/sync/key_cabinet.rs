//! The keys for secrets as they are now: programs run for months, and keys are changed meanwhile.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use shelfops_db::secrets::{Keyring, SecretError};

use super::keys::KeySettings;
use crate::ops::OpError;

/// The keys of this process, read again when their file changes.
pub(crate) struct KeyCabinet {
    settings: KeySettings,
    held: Mutex<Option<Held>>,
}

/// Keys with the file that they were read from, as it was then.
struct Held {
    ring: Arc<Keyring>,
    file: Option<FileState>,
}

/// What tells a file from the one that takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FileState {
    modified: SystemTime,
    length: u64,
}

impl KeyCabinet {
    /// Prepares to read keys; none are read before they are asked for.
    pub(crate) const fn new(settings: KeySettings) -> Self {
        Self { settings, held: Mutex::new(None) }
    }

    /// Returns the keys, as their file has them now.
    ///
    /// # Errors
    /// Fails when they cannot be read and never could.
    pub(crate) fn ring(&self) -> Result<Arc<Keyring>, OpError> {
        self.ring_unless(|held, file| held.file == file)
    }

    /// Does something that may need a key which another process has just added: when it is not among
    /// ours, the keys are read once more, whatever their file's time says.
    ///
    /// # Errors
    /// Fails when the keys cannot be read, and as what is done does.
    pub(crate) fn with_ring<T>(
        &self,
        mut act: impl FnMut(&Keyring) -> Result<T, SecretError>,
    ) -> Result<T, OpError> {
        let ring = self.ring()?;
        let outcome = match act(&ring) {
            Err(SecretError::UnknownKey(_)) => act(&*self.ring_unless(|_, _| false)?),
            outcome => outcome,
        };
        Ok(outcome.map_err(shelfops_db::DbError::from)?)
    }

    fn ring_unless(
        &self,
        is_good: impl FnOnce(&Held, Option<FileState>) -> bool,
    ) -> Result<Arc<Keyring>, OpError> {
        // Looked at before it is read: a change in between is seen the next time.
        let file = self.settings.path_read().and_then(|path| state_of(&path));
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref().filter(|held| is_good(held, file.clone())) {
            return Ok(held.ring.clone());
        }
        // Who has keys already makes none: a file that is gone may come back, with what was sealed since.
        let read = match held.as_ref() {
            Some(_) => self.settings.reload(),
            None => self.settings.load(),
        };
        match (read, held.as_ref()) {
            (Ok(ring), _) => {
                let ring = Arc::new(ring);
                *held = Some(Held { ring: ring.clone(), file });
                Ok(ring)
            }
            // Whoever changes the file is in the middle of it, or took it away: what was read still opens
            // what it sealed.
            (Err(error), Some(held)) => {
                tracing::warn!(%error, "the keys for secrets could not be read again; going on with those before");
                Ok(held.ring.clone())
            }
            (Err(error), None) => Err(error),
        }
    }
}

fn state_of(path: &Path) -> Option<FileState> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(FileState { modified: metadata.modified().ok()?, length: metadata.len() })
}

#[cfg(test)]
mod tests {
    use shelfops_db::secrets::SecretKey;

    use super::super::keys::add_key;
    use super::*;

    fn settings(directory: &Path) -> KeySettings {
        KeySettings { given: None, file: None, own_directory: Some(directory.to_owned()) }
    }

    #[test]
    fn a_key_that_another_process_adds_is_used_without_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let cabinet = KeyCabinet::new(settings(directory.path()));
        let first = cabinet.ring().unwrap().present().unwrap().id();
        assert_eq!(cabinet.ring().unwrap().present().unwrap().id(), first);
        let second = add_key(&settings(directory.path())).unwrap();
        assert_eq!(cabinet.ring().unwrap().present().unwrap().id(), second);
        assert!(cabinet.with_ring(|ring| ring.find(first).map(drop)).is_ok());
    }

    #[test]
    fn a_key_that_is_not_among_ours_is_looked_for_once_more() {
        let directory = tempfile::tempdir().unwrap();
        let cabinet = KeyCabinet::new(settings(directory.path()));
        let mut asked = 0;
        let missing = SecretKey::generate().unwrap().id();
        let refused = cabinet.with_ring(|ring| {
            asked += 1;
            ring.find(missing).map(drop)
        });
        assert!(refused.unwrap_err().to_string().contains("not among"), "it is named");
        assert_eq!(asked, 2);
    }

    #[test]
    fn a_file_that_is_taken_away_or_spoilt_takes_nothing_from_who_has_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("keys");
        let key = SecretKey::generate().unwrap();
        let text = secrecy::ExposeSecret::expose_secret(&key.to_base64()).to_owned();
        std::fs::write(&file, &text).unwrap();
        let named = KeySettings { given: None, file: Some(file.clone()), own_directory: None };
        let cabinet = KeyCabinet::new(named);
        assert_eq!(cabinet.ring().unwrap().present().unwrap().id(), key.id());
        for spoilt in ["half a k", "", "# no key at all"] {
            std::fs::write(&file, spoilt).unwrap();
            assert_eq!(cabinet.ring().unwrap().present().unwrap().id(), key.id(), "{spoilt:?}");
        }
        std::fs::remove_file(&file).unwrap();
        assert_eq!(cabinet.ring().unwrap().present().unwrap().id(), key.id());
    }

    #[test]
    fn our_own_file_that_is_gone_is_not_replaced_by_another_key() {
        let directory = tempfile::tempdir().unwrap();
        let cabinet = KeyCabinet::new(settings(directory.path()));
        let first = cabinet.ring().unwrap().present().unwrap().id();
        let file = settings(directory.path()).path_read().unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(cabinet.ring().unwrap().present().unwrap().id(), first);
        assert!(!file.exists());
    }
}
