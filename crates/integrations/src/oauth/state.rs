//! The `state` of an authorisation: signed by us, so that nothing has to be stored while the tenant
//! is at the vendor's.
//!
//! It also yields the PKCE verifier, which never leaves the server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{PkceVerifier, StateError};

/// How long the tenant may stay at the vendor's.
const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// What keeps the two uses of the key apart.
const STATE_PURPOSE: &[u8] = b"oauth state\0";
const VERIFIER_PURPOSE: &[u8] = b"pkce verifier\0";

/// What a state says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateClaims {
    /// Which connector it was issued for.
    pub connector: String,
    /// Which integration is being connected, as the caller names it.
    pub integration: String,
    /// Something that never repeats.
    pub nonce: String,
    /// Until when it is honoured.
    pub expires_at: Timestamp,
}

/// Issues and verifies states.
pub struct StateSigner {
    key: SecretSlice<u8>,
}

impl StateSigner {
    /// Wraps the server's key.
    pub const fn new(key: SecretSlice<u8>) -> Self {
        Self { key }
    }

    /// Issues a state for an integration of a connector.
    pub fn issue(&self, connector: &str, integration: &str, now: Timestamp) -> String {
        let claims = StateClaims {
            connector: connector.to_owned(),
            integration: integration.to_owned(),
            nonce: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
            expires_at: now.saturating_add(LIFETIME).unwrap_or(now),
        };
        // Four texts always make JSON.
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let signature =
            URL_SAFE_NO_PAD.encode(self.mac(STATE_PURPOSE, &payload).finalize().into_bytes());
        format!("{payload}.{signature}")
    }

    /// Reads a state that came back. A state can come back more than once within its lifetime:
    /// the code beside it is what can be used only once.
    ///
    /// # Errors
    /// Refuses what was not issued with this key, or too long ago.
    pub fn verify(&self, state: &str, now: Timestamp) -> Result<StateClaims, StateError> {
        let (payload, signature) = state.split_once('.').ok_or(StateError::Forged)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| StateError::Forged)?;
        let mac = self.mac(STATE_PURPOSE, payload);
        mac.verify_slice(&signature).map_err(|_| StateError::Forged)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| StateError::Forged)?;
        let claims: StateClaims =
            serde_json::from_slice(&payload).map_err(|_| StateError::Forged)?;
        if claims.expires_at < now { Err(StateError::Expired) } else { Ok(claims) }
    }

    /// Returns the PKCE verifier that belongs to a state.
    pub fn verifier(&self, state: &str) -> PkceVerifier {
        PkceVerifier::new(self.mac(VERIFIER_PURPOSE, state).finalize().into_bytes().into())
    }

    fn mac(&self, purpose: &[u8], text: &str) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret());
        let mut mac = mac.expect("HMAC takes keys of any length");
        mac.update(purpose);
        mac.update(text.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(key: u8) -> StateSigner {
        StateSigner::new(vec![key; 32].into())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_state_comes_back_as_it_was_issued() {
        let now = at("2026-11-20T17:00:00Z");
        let state = signer(1).issue("demo", "integration-1", now);
        let claims = signer(1).verify(&state, now).unwrap();
        assert_eq!((&*claims.connector, &*claims.integration), ("demo", "integration-1"));
        assert_ne!(state, signer(1).issue("demo", "integration-1", now), "a nonce never repeats");
    }

    #[test]
    fn forged_changed_and_old_states_are_refused() {
        let now = at("2026-11-20T17:00:00Z");
        let state = signer(1).issue("demo", "integration-1", now);
        assert_eq!(signer(2).verify(&state, now), Err(StateError::Forged));
        for (index, _) in state.char_indices() {
            let mut changed = state.clone().into_bytes();
            changed[index] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(signer(1).verify(&changed, now).err(), Some(StateError::Forged), "{index}");
        }
        assert_eq!(signer(1).verify("", now), Err(StateError::Forged));
        let later = at("2026-11-20T17:15:01Z");
        assert_eq!(signer(1).verify(&state, later), Err(StateError::Expired));
    }

    #[test]
    fn the_verifier_belongs_to_the_state_and_the_key() {
        let challenge = |key, state| signer(key).verifier(state).challenge();
        assert_eq!(challenge(1, "a"), challenge(1, "a"));
        assert_ne!(challenge(1, "a"), challenge(1, "b"));
        assert_ne!(challenge(1, "a"), challenge(2, "a"));
    }
}
