//! Codes and tokens that look like the vendor's; a simulator's are as predictable as its seed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::dice::Dice;

/// Makes codes and tokens.
#[derive(Debug)]
pub(super) struct Mint {
    dice: Dice,
}

impl Mint {
    /// Sets up a mint.
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed, "tokens") }
    }

    /// Makes a code.
    pub(super) fn code(&mut self) -> String {
        format!("sq0cgp-{}", self.letters(3))
    }

    /// Makes an access token.
    pub(super) fn access_token(&mut self) -> String {
        format!("EAAA{}", self.letters(6))
    }

    /// Makes a refresh token.
    pub(super) fn refresh_token(&mut self) -> String {
        format!("EQAA{}", self.letters(6))
    }

    fn letters(&mut self, words: usize) -> String {
        let bytes: Vec<u8> = (0..words).flat_map(|_| self.dice.draw().to_le_bytes()).collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }
}
