//! Signatures that are well made, and not with the vendor's key over what the vendor signs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Attempt;
use crate::square::webhooks::sign;

/// Signs the body with another key.
fn with_key(attempt: &mut Attempt<'_>, key: &str) -> bool {
    if key == attempt.vendor.key {
        return false;
    }
    attempt.set_signature(sign(key, &attempt.vendor.url, &attempt.sent.body))
}

pub(super) fn another(attempt: &mut Attempt<'_>) -> bool {
    let key = format!("{:016x}", attempt.dice.draw());
    with_key(attempt, &key)
}

pub(super) fn like_it(attempt: &mut Attempt<'_>) -> bool {
    let key = attempt.vendor.key.clone();
    let mut cut = key.clone();
    cut.pop();
    let like = [
        cut,
        format!("{key} "),
        format!(" {key}"),
        format!("{key}\n"),
        key.to_uppercase(),
        key.to_lowercase(),
        key.chars().rev().collect(),
        STANDARD.encode(&key),
        format!("{key}{key}"),
    ];
    let like = attempt.dice.pick(&like).clone();
    with_key(attempt, &like)
}

pub(super) fn empty(attempt: &mut Attempt<'_>) -> bool {
    with_key(attempt, "")
}

pub(super) fn another_address(attempt: &mut Attempt<'_>) -> bool {
    let url = &attempt.vendor.url;
    let others = [
        format!("{url}/"),
        format!("{url}?"),
        format!("{url}?source=square"),
        format!("{url}#"),
        format!("{url} "),
        url.replacen("http://", "https://", 1),
        url.replacen("https://", "http://", 1),
        url.to_uppercase(),
        url.replace("webhook", "Webhook"),
        url.replacen("127.0.0.1", "localhost", 1),
        "https://shelf.example/webhooks/square".to_owned(),
        "/webhooks/square".to_owned(),
    ];
    let other = attempt.dice.pick(&others).clone();
    let signature = sign(&attempt.vendor.key, &other, &attempt.sent.body);
    other != attempt.vendor.url && attempt.set_signature(signature)
}

pub(super) fn no_address(attempt: &mut Attempt<'_>) -> bool {
    attempt.set_signature(sign(&attempt.vendor.key, "", &attempt.sent.body))
}

pub(super) fn blank_between(attempt: &mut Attempt<'_>) -> bool {
    let between = *attempt.dice.pick(&[" ", "\n", "\0", "|", ":"]);
    let url = format!("{}{between}", attempt.vendor.url);
    attempt.set_signature(sign(&attempt.vendor.key, &url, &attempt.sent.body))
}

pub(super) fn other_order(attempt: &mut Attempt<'_>) -> bool {
    let mut message = attempt.sent.body.clone();
    message.extend_from_slice(attempt.vendor.url.as_bytes());
    attempt.set_signature(sign(&attempt.vendor.key, "", &message))
}

/// Hashes parts one after the other, as whoever knows no HMAC would.
fn hash(parts: [&[u8]; 3]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    STANDARD.encode(hash.finalize())
}

pub(super) fn without_a_key(attempt: &mut Attempt<'_>) -> bool {
    attempt.set_signature(hash([attempt.vendor.url.as_bytes(), &attempt.sent.body, b""]))
}

pub(super) fn key_before(attempt: &mut Attempt<'_>) -> bool {
    let (key, url) = (attempt.vendor.key.as_bytes(), attempt.vendor.url.as_bytes());
    attempt.set_signature(hash([key, url, &attempt.sent.body]))
}

pub(super) fn hashed_first(attempt: &mut Attempt<'_>) -> bool {
    let digest = Sha256::digest(&attempt.sent.body);
    attempt.set_signature(sign(&attempt.vendor.key, &attempt.vendor.url, &digest))
}
