//! Proof key for code exchange (RFC 7636), always by SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// The secret that only whoever began an authorisation can show at its end.
#[derive(Clone, Debug)]
pub struct PkceVerifier(SecretString);

impl PkceVerifier {
    /// Makes a verifier of 32 bytes nobody can guess.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Returns what may be shown at the beginning.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.expose_secret()))
    }

    /// Returns the verifier itself, for the token request.
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }

    /// Wraps a verifier that was kept.
    pub const fn restored(secret: SecretString) -> Self {
        Self(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = PkceVerifier::restored("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_verifier_has_43_characters_and_is_not_shown() {
        let verifier = PkceVerifier::new([7; 32]);
        assert_eq!(verifier.secret().expose_secret().len(), 43);
        assert!(!format!("{verifier:?}").contains(verifier.secret().expose_secret()));
    }
}
