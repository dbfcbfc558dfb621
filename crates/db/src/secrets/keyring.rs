//! The keys of this machine: the present one, and those before it that still open what they sealed.

use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::{Digest as _, Sha256};

use super::{KeyId, SecretError, SecretKey};

/// The keys, the present one first.
#[derive(Debug, Default)]
pub struct Keyring {
    keys: Vec<SecretKey>,
}

impl Keyring {
    /// Takes keys, the present one first.
    pub const fn new(keys: Vec<SecretKey>) -> Self {
        Self { keys }
    }

    /// Reads keys, one a line or separated by commas, the present one first. Empty lines and those
    /// that begin with `#` say nothing.
    ///
    /// # Errors
    /// Refuses a line that is no key; it is not shown.
    pub fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let mut keys = Vec::new();
        let lines = (1..).zip(text.expose_secret().lines().map(str::trim));
        for (number, line) in lines.filter(|(_, line)| !line.starts_with('#')) {
            for word in line.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                let key = SecretKey::from_base64(word);
                keys.push(key.ok_or(SecretError::BadKey { line: number })?);
            }
        }
        Ok(Self { keys })
    }

    /// Returns the key that seals.
    ///
    /// # Errors
    /// Fails when there is none.
    pub fn present(&self) -> Result<&SecretKey, SecretError> {
        self.keys.first().ok_or(SecretError::NoKey)
    }

    /// Returns a key by its name.
    ///
    /// # Errors
    /// Fails when we do not have it.
    pub fn find(&self, id: KeyId) -> Result<&SecretKey, SecretError> {
        self.keys.iter().find(|key| key.id() == id).ok_or(SecretError::UnknownKey(id))
    }

    /// Returns another key that follows from the present one, for something else than sealing.
    ///
    /// # Errors
    /// Fails without a key.
    pub fn derived(&self, purpose: &str) -> Result<SecretSlice<u8>, SecretError> {
        let key = self.present()?.bytes().expose_secret();
        // The key has full strength and the purpose is ours, so one hash is enough (RFC 5869, 3.3).
        let hash = Sha256::new().chain_update(key).chain_update(purpose.as_bytes()).finalize();
        Ok(SecretSlice::from(hash.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(byte: u8) -> String {
        SecretKey::new([byte; 32]).to_base64().expose_secret().to_owned()
    }

    #[test]
    fn keys_are_read_line_by_line_and_the_first_is_present() {
        let text = format!("# keys, the first seals\n{}\n\n  {}  \n", line(1), line(2));
        let ring = Keyring::parse(&text.into()).unwrap();
        assert_eq!(ring.present().unwrap().id(), SecretKey::new([1; 32]).id());
        assert!(ring.find(SecretKey::new([2; 32]).id()).is_ok());
        let missing = SecretKey::new([3; 32]).id();
        assert_eq!(ring.find(missing).err(), Some(SecretError::UnknownKey(missing)));
        assert_eq!(missing.to_string().parse(), Ok(missing));
        let listed = Keyring::parse(&format!("{},{}", line(1), line(2)).into()).unwrap();
        assert!(listed.find(SecretKey::new([2; 32]).id()).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused_by_its_line_and_not_shown() {
        let text = format!("{}\nswordfish", line(1));
        let error = Keyring::parse(&text.into()).unwrap_err();
        assert_eq!(error, SecretError::BadKey { line: 2 });
        assert!(!error.to_string().contains("swordfish"));
        assert_eq!(Keyring::parse(&"".into()).unwrap().present().err(), Some(SecretError::NoKey));
    }

    #[test]
    fn derived_keys_differ_by_purpose_and_by_key() {
        let derived = |byte, purpose| {
            let ring = Keyring::new(vec![SecretKey::new([byte; 32])]);
            ring.derived(purpose).unwrap().expose_secret().to_vec()
        };
        assert_eq!(derived(1, "a"), derived(1, "a"));
        assert_ne!(derived(1, "a"), derived(1, "b"));
        assert_ne!(derived(1, "a"), derived(2, "a"));
    }
}
