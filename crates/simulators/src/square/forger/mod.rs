//! Somebody who is not the vendor and sends webhooks: with what was overheard, and everything changed
//! that can be changed about it.
//!
//! Every way ends in a webhook that the vendor has not sent. Whoever believes one of them believes
//! anybody.

mod bodies;
mod keys;
mod signatures;

use super::webhooks::sign;
use crate::dice::Dice;

/// The header of a signature.
pub const SIGNATURE_HEADER: &str = "x-square-hmacsha256-signature";

/// A webhook as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentWebhook {
    /// Its headers, perhaps one of them twice.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// A webhook that the vendor has not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgedWebhook {
    /// The way it was made.
    pub way: &'static str,
    /// What is sent.
    pub sent: SentWebhook,
}

/// A way to forge; it answers no where it changes nothing of this webhook.
type Way = fn(&mut Attempt<'_>) -> bool;

/// A webhook that is being forged.
struct Attempt<'a> {
    dice: &'a mut Dice,
    vendor: &'a Signer,
    genuine: &'a SentWebhook,
    sent: SentWebhook,
}

/// What the vendor signs with.
#[derive(Debug, Clone)]
struct Signer {
    key: String,
    url: String,
}

/// Makes webhooks, genuine and forged ones.
#[derive(Debug, Clone)]
pub struct Forger {
    vendor: Signer,
    dice: Dice,
}

impl Forger {
    /// Begins with what the vendor signs with; the same seed forges the same.
    pub fn new(seed: u64, key: &str, notification_url: &str) -> Self {
        let vendor = Signer { key: key.to_owned(), url: notification_url.to_owned() };
        Self { vendor, dice: Dice::new(seed, "forger") }
    }

    /// Names every way to forge.
    pub fn ways() -> impl Iterator<Item = &'static str> {
        WAYS.iter().map(|(name, _)| *name)
    }

    /// Makes up a notification of a payment, as the vendor writes it.
    pub fn event(&mut self, merchant_id: &str) -> Vec<u8> {
        bodies::event(&mut self.dice, merchant_id)
    }

    /// Sends a body as the vendor does.
    pub fn genuine(&self, body: Vec<u8>) -> SentWebhook {
        let signature = sign(&self.vendor.key, &self.vendor.url, &body);
        let headers = [
            ("content-type", "application/json".to_owned()),
            (SIGNATURE_HEADER, signature),
            ("square-environment", "Sandbox".to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes()));
        SentWebhook { headers: headers.to_vec(), body }
    }

    /// Forges one, in a way that is drawn.
    pub fn forge(&mut self, genuine: &SentWebhook) -> ForgedWebhook {
        loop {
            let way = self.dice.below(WAYS.len() as u32) as usize;
            if let Some(forged) = self.attempt(way, genuine) {
                return forged;
            }
        }
    }

    /// Forges one in every way that changes it.
    pub fn forge_in_every_way(&mut self, genuine: &SentWebhook) -> Vec<ForgedWebhook> {
        (0..WAYS.len()).filter_map(|way| self.attempt(way, genuine)).collect()
    }

    fn attempt(&mut self, way: usize, genuine: &SentWebhook) -> Option<ForgedWebhook> {
        let (name, make) = *WAYS.get(way)?;
        let (dice, vendor, sent) = (&mut self.dice, &self.vendor, genuine.clone());
        let mut attempt = Attempt { dice, vendor, genuine, sent };
        let is_changed = make(&mut attempt) && attempt.sent != *genuine;
        let sent = attempt.sent;
        is_changed.then_some(ForgedWebhook { way: name, sent })
    }
}

impl Attempt<'_> {
    /// Returns the signature as it stands.
    fn signature(&self) -> String {
        let found = self.sent.headers.iter().find(|(name, _)| name == SIGNATURE_HEADER);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    }

    /// Replaces the signature.
    fn set_signature(&mut self, signature: impl Into<Vec<u8>>) -> bool {
        let found = self.sent.headers.iter_mut().find(|(name, _)| name == SIGNATURE_HEADER);
        let Some((_, value)) = found else { return false };
        *value = signature.into();
        true
    }

    /// Draws a place of something that long.
    fn place(&mut self, length: usize) -> usize {
        self.dice.below(length.max(1) as u32) as usize
    }
}

/// Every way.
const WAYS: &[(&str, Way)] = &[
    ("a bit of the body", bodies::flip_a_bit),
    ("the end of the body cut off", bodies::cut_off),
    ("the beginning of the body cut off", bodies::behead),
    ("a byte more", bodies::insert_a_byte),
    ("a byte less", bodies::remove_a_byte),
    ("two bytes swapped", bodies::swap_bytes),
    ("the body twice", bodies::repeat),
    ("no body", bodies::empty),
    ("a line's end behind the body", bodies::end_the_line),
    ("a byte order mark before the body", bodies::mark_byte_order),
    ("the same JSON with blanks", bodies::spread_out),
    ("the same JSON with members in another order", bodies::reorder),
    ("the same JSON with letters as escapes", bodies::escape_letters),
    ("the same JSON with slashes escaped", bodies::escape_slashes),
    ("the same JSON with a number in other words", bodies::rewrite_a_number),
    ("the same JSON with a member repeated", bodies::repeat_a_member),
    ("another tenant", bodies::rename_the_merchant),
    ("the body in UTF-16", bodies::widen),
    ("the signature of another body", signatures::of_another_body),
    ("a bit of the signature", signatures::flip_a_bit),
    ("a letter of the signature", signatures::change_a_letter),
    ("a signature cut short", signatures::cut_short),
    ("a signature of too few bytes", signatures::too_few_bytes),
    ("a signature of too many bytes", signatures::too_many_bytes),
    ("no signature", signatures::none),
    ("an empty signature", signatures::empty),
    ("the signature under the name of the older one", signatures::under_the_older_name),
    ("the signature under a name like it", signatures::under_a_name_like_it),
    ("a forged signature before the genuine one", signatures::forged_before_genuine),
    ("a forged signature behind the genuine one", signatures::forged_behind_genuine),
    ("the genuine signature twice", signatures::genuine_twice),
    ("two signatures in one header", signatures::two_in_one),
    ("the signature in lower case", signatures::in_lower_case),
    ("the signature in upper case", signatures::in_upper_case),
    ("one letter in the other case", signatures::one_letter_in_the_other_case),
    ("the signature for addresses", signatures::for_addresses),
    ("the signature without padding", signatures::without_padding),
    ("the signature with more padding", signatures::with_more_padding),
    ("the signature with bits behind its end", signatures::with_bits_behind_its_end),
    ("the signature in hexadecimal", signatures::in_hexadecimal),
    ("the signature encoded twice", signatures::encoded_twice),
    ("the signature in quotation marks", signatures::in_quotation_marks),
    ("the signature behind a prefix", signatures::behind_a_prefix),
    ("a blank in the signature", signatures::with_a_blank),
    ("a signature that is no text", signatures::no_text),
    ("a very long signature", signatures::very_long),
    ("another key", keys::another),
    ("a key like it", keys::like_it),
    ("an empty key", keys::empty),
    ("another address", keys::another_address),
    ("no address", keys::no_address),
    ("a blank between address and body", keys::blank_between),
    ("body and address in the other order", keys::other_order),
    ("a hash without a key", keys::without_a_key),
    ("the key before what it signs", keys::key_before),
    ("the body alone, hashed first", keys::hashed_first),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_way_changes_a_webhook_and_has_a_name_of_its_own() {
        let mut forger = Forger::new(3, "a key", "http://127.0.0.1/webhooks/square");
        let mut seen = BTreeSet::new();
        for _ in 0..20 {
            let body = forger.event("MLMERCHANT001");
            let genuine = forger.genuine(body);
            for forged in forger.forge_in_every_way(&genuine) {
                assert_ne!(forged.sent, genuine, "{}", forged.way);
                seen.insert(forged.way);
            }
        }
        assert_eq!(seen, Forger::ways().collect());
        assert_eq!(seen.len(), WAYS.len());
    }

    #[test]
    fn the_same_seed_forges_the_same() {
        let forge = |seed| {
            let mut forger = Forger::new(seed, "a key", "http://127.0.0.1/");
            let body = forger.event("MLMERCHANT001");
            let genuine = forger.genuine(body);
            [(); 50].map(|()| forger.forge(&genuine))
        };
        assert_eq!(forge(1), forge(1));
        assert_ne!(forge(1), forge(2));
    }
}
