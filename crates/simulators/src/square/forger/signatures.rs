//! Signatures that are not the vendor's, or not as the vendor writes them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::{Attempt, SIGNATURE_HEADER, bodies};
use crate::square::webhooks::sign;

/// A header of a signature of an older kind, which nobody should look at.
const OLDER_HEADER: &str = "x-square-signature";

/// Returns the bytes of the genuine signature.
fn bytes(attempt: &Attempt<'_>) -> Vec<u8> {
    STANDARD.decode(attempt.signature()).unwrap_or_default()
}

/// Makes a signature of as many bytes that are drawn.
fn drawn(attempt: &mut Attempt<'_>, count: usize) -> String {
    let bytes: Vec<u8> = (0..count).map(|_| attempt.dice.below(256) as u8).collect();
    STANDARD.encode(bytes)
}

pub(super) fn of_another_body(attempt: &mut Attempt<'_>) -> bool {
    let other = bodies::event(attempt.dice, "MLMERCHANT001");
    let signature = sign(&attempt.vendor.key, &attempt.vendor.url, &other);
    attempt.set_signature(signature)
}

pub(super) fn flip_a_bit(attempt: &mut Attempt<'_>) -> bool {
    let mut bytes = bytes(attempt);
    let (place, bit) = (attempt.place(bytes.len()), attempt.dice.below(8));
    let Some(byte) = bytes.get_mut(place) else { return false };
    *byte ^= 1 << bit;
    attempt.set_signature(STANDARD.encode(bytes))
}

pub(super) fn change_a_letter(attempt: &mut Attempt<'_>) -> bool {
    let mut text = attempt.signature().into_bytes();
    let (place, letter) = (attempt.place(text.len()), attempt.dice.between(0x21, 0x7e));
    let Some(byte) = text.get_mut(place) else { return false };
    *byte = letter as u8;
    attempt.set_signature(text)
}

pub(super) fn cut_short(attempt: &mut Attempt<'_>) -> bool {
    let mut text = attempt.signature();
    text.truncate(attempt.place(text.len()));
    attempt.set_signature(text)
}

pub(super) fn too_few_bytes(attempt: &mut Attempt<'_>) -> bool {
    let mut bytes = bytes(attempt);
    bytes.truncate(attempt.place(bytes.len()));
    attempt.set_signature(STANDARD.encode(bytes))
}

pub(super) fn too_many_bytes(attempt: &mut Attempt<'_>) -> bool {
    let mut bytes = bytes(attempt);
    let more = 1 + attempt.place(40);
    bytes.resize(bytes.len() + more, 0);
    attempt.set_signature(STANDARD.encode(bytes))
}

pub(super) fn none(attempt: &mut Attempt<'_>) -> bool {
    attempt.sent.headers.retain(|(name, _)| name != SIGNATURE_HEADER);
    true
}

pub(super) fn empty(attempt: &mut Attempt<'_>) -> bool {
    attempt.set_signature("")
}

/// Moves the signature under another name.
fn rename(attempt: &mut Attempt<'_>, to: &str) -> bool {
    for (name, _) in &mut attempt.sent.headers {
        if name == SIGNATURE_HEADER {
            to.clone_into(name);
        }
    }
    true
}

pub(super) fn under_the_older_name(attempt: &mut Attempt<'_>) -> bool {
    rename(attempt, OLDER_HEADER)
}

pub(super) fn under_a_name_like_it(attempt: &mut Attempt<'_>) -> bool {
    let names = ["x-square-hmacsha256", "square-hmacsha256-signature", "x-hub-signature-256"];
    let name = *attempt.dice.pick(&names);
    rename(attempt, name)
}

/// Adds a signature before or behind the one that is there.
fn add(attempt: &mut Attempt<'_>, signature: String, is_first: bool) -> bool {
    let header = (SIGNATURE_HEADER.to_owned(), signature.into_bytes());
    let place = if is_first { 0 } else { attempt.sent.headers.len() };
    attempt.sent.headers.insert(place, header);
    true
}

pub(super) fn forged_before_genuine(attempt: &mut Attempt<'_>) -> bool {
    let forged = drawn(attempt, 32);
    add(attempt, forged, true)
}

pub(super) fn forged_behind_genuine(attempt: &mut Attempt<'_>) -> bool {
    let forged = drawn(attempt, 32);
    add(attempt, forged, false)
}

pub(super) fn genuine_twice(attempt: &mut Attempt<'_>) -> bool {
    let genuine = attempt.signature();
    add(attempt, genuine, false)
}

pub(super) fn two_in_one(attempt: &mut Attempt<'_>) -> bool {
    let (genuine, forged) = (attempt.signature(), drawn(attempt, 32));
    let separator = *attempt.dice.pick(&[",", ", ", ";", " "]);
    let both = if attempt.dice.per_mille(500) {
        format!("{genuine}{separator}{forged}")
    } else {
        format!("{forged}{separator}{genuine}")
    };
    attempt.set_signature(both)
}

pub(super) fn in_lower_case(attempt: &mut Attempt<'_>) -> bool {
    attempt.set_signature(attempt.signature().to_lowercase())
}

pub(super) fn in_upper_case(attempt: &mut Attempt<'_>) -> bool {
    attempt.set_signature(attempt.signature().to_uppercase())
}

pub(super) fn one_letter_in_the_other_case(attempt: &mut Attempt<'_>) -> bool {
    let mut text = attempt.signature().into_bytes();
    let place = attempt.place(text.len());
    if let Some(byte) = text.get_mut(place).filter(|byte| byte.is_ascii_alphabetic()) {
        *byte ^= 0x20;
    }
    attempt.set_signature(text)
}

pub(super) fn for_addresses(attempt: &mut Attempt<'_>) -> bool {
    // The same letters where it has neither of the two that differ: no forgery then.
    attempt.set_signature(URL_SAFE.encode(bytes(attempt)))
}

pub(super) fn without_padding(attempt: &mut Attempt<'_>) -> bool {
    attempt.set_signature(attempt.signature().trim_end_matches('=').to_owned())
}

pub(super) fn with_more_padding(attempt: &mut Attempt<'_>) -> bool {
    let more = "=".repeat(1 + attempt.place(4));
    attempt.set_signature(attempt.signature() + &more)
}

pub(super) fn with_bits_behind_its_end(attempt: &mut Attempt<'_>) -> bool {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // Of the last letter before the padding only the upper four bits belong to the bytes.
    let mut text = attempt.signature().trim_end_matches('=').to_owned().into_bytes();
    let Some(last) = text.pop() else { return false };
    let Some(value) = LETTERS.iter().position(|letter| *letter == last) else { return false };
    let more = 1 + attempt.place(3);
    text.push(LETTERS[value & !3 | more]);
    text.push(b'=');
    attempt.set_signature(text)
}

pub(super) fn in_hexadecimal(attempt: &mut Attempt<'_>) -> bool {
    let text: String = bytes(attempt).iter().map(|byte| format!("{byte:02x}")).collect();
    attempt.set_signature(text)
}

pub(super) fn encoded_twice(attempt: &mut Attempt<'_>) -> bool {
    attempt.set_signature(STANDARD.encode(attempt.signature()))
}

pub(super) fn in_quotation_marks(attempt: &mut Attempt<'_>) -> bool {
    attempt.set_signature(format!("\"{}\"", attempt.signature()))
}

pub(super) fn behind_a_prefix(attempt: &mut Attempt<'_>) -> bool {
    let prefix = *attempt.dice.pick(&["sha256=", "v1,", "v1=", "HMAC ", "=", "%"]);
    attempt.set_signature(format!("{prefix}{}", attempt.signature()))
}

pub(super) fn with_a_blank(attempt: &mut Attempt<'_>) -> bool {
    let mut text = attempt.signature();
    // Within it: blanks around a header's value are not part of it.
    let place = 1 + attempt.place(text.len().saturating_sub(1));
    let blank = *attempt.dice.pick(&[' ', '\t']);
    text.insert(place.min(text.len().saturating_sub(1)), blank);
    attempt.set_signature(text)
}

pub(super) fn no_text(attempt: &mut Attempt<'_>) -> bool {
    let mut text = attempt.signature().into_bytes();
    let place = attempt.place(text.len());
    let byte = attempt.dice.between(0x80, 0xff) as u8;
    if let Some(letter) = text.get_mut(place) {
        *letter = byte;
    }
    attempt.set_signature(text)
}

pub(super) fn very_long(attempt: &mut Attempt<'_>) -> bool {
    let times = 2 + attempt.place(60);
    attempt.set_signature(attempt.signature().repeat(times))
}
