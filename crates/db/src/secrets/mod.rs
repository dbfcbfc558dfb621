//! Secrets at rest: sealed before they reach the database, which never sees a key.

mod key;
mod keyring;

use std::fmt;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use secrecy::{ExposeSecret as _, SecretSlice};
use shelfops_ingest::CustomerId;
use uuid::Uuid;

pub use key::{KeyId, SecretKey};
pub use keyring::Keyring;

/// The length of a nonce, in bytes (NIST SP 800-38D, 8.2.2: random ones are 96 bits).
const NONCE_LENGTH: usize = 12;

/// Whose secret it is, and which. Sealed with it, so that no secret can be moved to another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretPlace {
    /// The tenant.
    pub customer_id: CustomerId,
    /// The row.
    pub row_id: Uuid,
    /// The field.
    pub field: &'static str,
}

/// A secret as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key it was sealed with.
    pub key_id: KeyId,
    /// The nonce and the ciphertext.
    pub ciphertext: Vec<u8>,
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no key.
    #[error(
        "there is no key for secrets: name a file with one by SHELFOPS_SECRET_KEY_FILE, or give it in \
         SHELFOPS_SECRET_KEY (32 random bytes as base64, such as `openssl rand -base64 32` makes)"
    )]
    NoKey,
    /// The text is no key.
    #[error("line {line} of the keys for secrets is no key: 32 bytes as base64 are")]
    BadKey {
        /// Which line, from 1.
        line: usize,
    },
    /// Sealed with a key that we do not have.
    #[error(
        "this secret was sealed with key {0}, which is not among ours: give this machine the same keys \
         as the one that sealed it"
    )]
    UnknownKey(KeyId),
    /// Changed, moved to another place, or sealed with another key of the same name.
    #[error("a stored secret does not belong where it lies, or was changed: connect again")]
    Tampered,
    /// The machine has no random numbers.
    #[error("this machine gives no random numbers, so nothing can be sealed")]
    NoRandomness,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sealed").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl SecretPlace {
    /// What is authenticated besides the secret.
    fn associated_data(&self) -> Vec<u8> {
        format!("shelfops/1/{}/{}/{}", self.customer_id, self.row_id, self.field).into_bytes()
    }
}

impl Keyring {
    /// Seals a secret with the present key: AES-256-GCM with a fresh random nonce.
    ///
    /// # Errors
    /// Fails without a key, and where the machine gives no random numbers.
    pub fn seal(&self, place: &SecretPlace, secret: &[u8]) -> Result<Sealed, SecretError> {
        let key = self.present()?;
        let mut nonce = [0; NONCE_LENGTH];
        getrandom::fill(&mut nonce).map_err(|_| SecretError::NoRandomness)?;
        let associated = place.associated_data();
        let sealed = cipher(key)
            .encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: &associated })
            // Only a text of 64 GiB is refused.
            .map_err(|_| SecretError::Tampered)?;
        let mut ciphertext = nonce.to_vec();
        ciphertext.extend(sealed);
        Ok(Sealed { key_id: key.id(), ciphertext })
    }

    /// Opens a secret.
    ///
    /// # Errors
    /// Fails for a key that we do not have, and for a secret that was changed or moved.
    pub fn open(
        &self,
        place: &SecretPlace,
        sealed: &Sealed,
    ) -> Result<SecretSlice<u8>, SecretError> {
        let key = self.find(sealed.key_id)?;
        let (nonce, text) =
            sealed.ciphertext.split_first_chunk::<NONCE_LENGTH>().ok_or(SecretError::Tampered)?;
        let associated = place.associated_data();
        cipher(key)
            .decrypt(&Nonce::from(*nonce), Payload { msg: text, aad: &associated })
            .map(SecretSlice::from)
            .map_err(|_| SecretError::Tampered)
    }
}

fn cipher(key: &SecretKey) -> Aes256Gcm {
    Aes256Gcm::new(key.bytes().expose_secret().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(field: &'static str) -> SecretPlace {
        SecretPlace { customer_id: CustomerId::new(Uuid::nil()), row_id: Uuid::max(), field }
    }

    fn ring(keys: &[u8]) -> Keyring {
        Keyring::new(keys.iter().map(|byte| SecretKey::new([*byte; 32])).collect())
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_with_its_key_and_nowhere_else() {
        let sealed = ring(&[1]).seal(&place("tokens"), b"secret").unwrap();
        let opened = ring(&[2, 1]).open(&place("tokens"), &sealed).unwrap();
        assert_eq!(opened.expose_secret(), b"secret");
        let moved = |place: SecretPlace| ring(&[1]).open(&place, &sealed).err();
        assert_eq!(moved(place("other")), Some(SecretError::Tampered));
        let customer_id = CustomerId::new(Uuid::max());
        let elsewhere = SecretPlace { customer_id, ..place("tokens") };
        assert_eq!(moved(elsewhere), Some(SecretError::Tampered));
        let row = SecretPlace { row_id: Uuid::nil(), ..place("tokens") };
        assert_eq!(moved(row), Some(SecretError::Tampered));
        let unknown = ring(&[2]).open(&place("tokens"), &sealed).err();
        assert_eq!(unknown, Some(SecretError::UnknownKey(sealed.key_id)));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let sealed = ring(&[1]).seal(&place("tokens"), b"secret").unwrap();
        for bit in 0..sealed.ciphertext.len() * 8 {
            let mut changed = sealed.clone();
            changed.ciphertext[bit / 8] ^= 1 << (bit % 8);
            let opened = ring(&[1]).open(&place("tokens"), &changed).err();
            assert_eq!(opened, Some(SecretError::Tampered), "bit {bit}");
        }
        for length in 0..sealed.ciphertext.len() {
            let cut = Sealed { ciphertext: sealed.ciphertext[..length].to_vec(), ..sealed.clone() };
            assert_eq!(ring(&[1]).open(&place("tokens"), &cut).err(), Some(SecretError::Tampered));
        }
    }

    #[test]
    fn the_same_secret_never_looks_the_same_and_nothing_of_it_is_shown() {
        let seal = || ring(&[1]).seal(&place("tokens"), b"secret").unwrap();
        assert_ne!(seal(), seal());
        let shown = format!("{:?} {:?}", seal(), ring(&[1]));
        assert!(!shown.contains("[1, 1") && !shown.contains("115"), "{shown}");
        assert_eq!(ring(&[]).seal(&place("tokens"), b"x").err(), Some(SecretError::NoKey));
    }
}
