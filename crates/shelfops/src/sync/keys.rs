//! The keys for secrets: from the environment, from a file, or from one that we make for a server of
//! our own.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use shelfops_db::secrets::{KeyId, Keyring, SecretKey};

use crate::ops::OpError;

/// The file of a server of our own, below the state directory.
const OWN_FILE: &str = "secret.keys";

/// Where the keys are.
#[derive(Clone, Debug)]
pub(crate) struct KeySettings {
    /// The keys themselves, from the environment.
    pub(crate) given: Option<SecretString>,
    /// A file with the keys.
    pub(crate) file: Option<PathBuf>,
    /// Where a file may be made if nothing else was said: a server of our own has its keys beside it.
    pub(crate) own_directory: Option<PathBuf>,
}

impl KeySettings {
    /// Loads the keys again, for who has some: a file that is gone or without a key is an error then.
    pub(super) fn reload(&self) -> Result<Keyring, OpError> {
        if let Some(path) = self.path_read() {
            std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        }
        let ring = self.load()?;
        ring.present().map_err(shelfops_db::DbError::from)?;
        Ok(ring)
    }

    /// Loads the keys; none is no error before something is to be sealed.
    pub(crate) fn load(&self) -> Result<Keyring, OpError> {
        let text = match (&self.given, self.path()) {
            (Some(given), _) => given.clone(),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => text.into(),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.is_own() => {
                    return self.make_first(&path);
                }
                Err(error) => return Err(unreadable(&path, &error)),
            },
            (None, None) => return Ok(Keyring::default()),
        };
        Ok(Keyring::parse(&text).map_err(shelfops_db::DbError::from)?)
    }

    /// Returns the file that the keys are in.
    fn path(&self) -> Option<PathBuf> {
        let own = || self.own_directory.as_ref().map(|directory| directory.join(OWN_FILE));
        self.file.clone().or_else(own)
    }

    /// Returns the file that the keys are read from, if they are.
    pub(super) fn path_read(&self) -> Option<PathBuf> {
        if self.given.is_some() { None } else { self.path() }
    }

    const fn is_own(&self) -> bool {
        self.file.is_none()
    }

    fn make_first(&self, path: &Path) -> Result<Keyring, OpError> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| unwritable(path, &error))?;
        }
        let key = SecretKey::generate().map_err(shelfops_db::DbError::from)?;
        let text = format!(
            "# Keys for the secrets in the database, the present one first. Without them every\n\
             # integration must be connected again: keep a copy, and keep it apart from the database.\n\
             {}\n",
            key.to_base64().expose_secret()
        );
        match write_new(path, &text) {
            Ok(()) => Ok(Keyring::new(vec![key])),
            // Another process was faster; its key counts.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
                Ok(Keyring::parse(&text.into()).map_err(shelfops_db::DbError::from)?)
            }
            Err(error) => Err(unwritable(path, &error)),
        }
    }
}

/// Puts a fresh key before the others in their file, and returns its name.
///
/// # Errors
/// Fails when the keys are not in a file, or it cannot be written.
pub(crate) fn add_key(settings: &KeySettings) -> Result<KeyId, OpError> {
    if settings.given.is_some() {
        return Err(OpError::usage(
            "the keys come from SHELFOPS_SECRET_KEY, which only you can change: put a new key before \
             the others there (separated by a comma), then run this without --new-key",
        ));
    }
    let path = settings.path().ok_or_else(|| {
        OpError::usage("there is no file of keys: name one by SHELFOPS_SECRET_KEY_FILE")
    })?;
    settings.load()?;
    let key = SecretKey::generate().map_err(shelfops_db::DbError::from)?;
    let old = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
    let beside = path.with_extension("new");
    let _ = std::fs::remove_file(&beside);
    let text = SecretString::from(format!("{}\n{old}", key.to_base64().expose_secret()));
    // Renamed into its place: a crash leaves the old file or the new one, never a half of either.
    write_new(&beside, text.expose_secret())
        .and_then(|()| std::fs::rename(&beside, &path))
        .map_err(|error| unwritable(&path, &error))?;
    Ok(key.id())
}

/// Writes a file that nobody else may read, durably, and not over another.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn unreadable(path: &Path, error: &std::io::Error) -> OpError {
    OpError::failed(format!("cannot read the keys for secrets in {}: {error}", path.display()))
}

fn unwritable(path: &Path, error: &std::io::Error) -> OpError {
    OpError::failed(format!("cannot write the keys for secrets to {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(directory: &Path) -> KeySettings {
        KeySettings { given: None, file: None, own_directory: Some(directory.to_owned()) }
    }

    #[test]
    fn a_server_of_our_own_gets_a_key_once_and_nobody_else_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        let first = own(&state).load().unwrap().present().unwrap().id();
        assert_eq!(own(&state).load().unwrap().present().unwrap().id(), first);
        #[cfg(unix)]
        {
            let file = std::fs::metadata(state.join(OWN_FILE)).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::mode(&file.permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        let second = add_key(&own(&state)).unwrap();
        let ring = own(&state).load().unwrap();
        assert_eq!(ring.present().unwrap().id(), second);
        assert!(ring.find(first).is_ok());
    }

    #[test]
    fn a_named_file_must_be_there_and_given_keys_come_first() {
        let directory = tempfile::tempdir().unwrap();
        let file = Some(directory.path().join("keys"));
        let named = KeySettings { given: None, file, own_directory: None };
        assert!(named.load().unwrap_err().to_string().contains("keys"));
        let key = SecretKey::generate().unwrap();
        let given = KeySettings { given: Some(key.to_base64()), ..named };
        assert_eq!(given.load().unwrap().present().unwrap().id(), key.id());
        assert!(add_key(&given).unwrap_err().to_string().contains("SHELFOPS_SECRET_KEY"));
    }
}
