//! A key that secrets are sealed with, and its name.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use sha2::{Digest as _, Sha256};

use super::SecretError;

/// A key's name: the first half of the SHA-256 of the key. It tells keys apart and nothing of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

/// A key of AES-256.
pub struct SecretKey {
    id: KeyId,
    bytes: SecretBox<[u8; 32]>,
}

impl KeyId {
    fn of(bytes: &[u8; 32]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(bytes)[..16]);
        Self(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for KeyId {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        let mut id = [0; 16];
        if digits.len() != 2 * id.len() {
            return Err(SecretError::Tampered);
        }
        for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
            let pair = str::from_utf8(pair).map_err(|_| SecretError::Tampered)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| SecretError::Tampered)?;
        }
        Ok(Self(id))
    }
}

impl SecretKey {
    /// Takes the bytes of a key.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { id: KeyId::of(&bytes), bytes: SecretBox::new(Box::new(bytes)) }
    }

    /// Makes a key that nobody can guess.
    ///
    /// # Errors
    /// Fails where the machine gives no random numbers.
    pub fn generate() -> Result<Self, SecretError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| SecretError::NoRandomness)?;
        Ok(Self::new(bytes))
    }

    /// Reads a key from base64; `None` for any other text.
    pub(super) fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self::new)
    }

    /// Returns the key as base64, for the file it is kept in.
    pub fn to_base64(&self) -> SecretString {
        STANDARD.encode(self.bytes.expose_secret()).into()
    }

    /// Returns its name.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    pub(super) const fn bytes(&self) -> &SecretBox<[u8; 32]> {
        &self.bytes
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SecretKey").field(&self.id).finish()
    }
}
