//! Webhooks that the vendor did not send, by the thousand: none is believed.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use shelfops_integrations::connector::{Connector as _, Delivery, WebhookError};
use shelfops_integrations::square::Square;
use shelfops_simulators::square::{Forger, SentWebhook};

const KEY: &str = "Xf3kv9Q-signature-key";
const URL: &str = "https://shelf.example/webhooks/square";

/// How many each run of the tests tries.
const TRIES: u64 = 20_000;

/// How often the genuine one is tried in between.
const GENUINE_EVERY: u64 = 100;

/// How many to try: `SHELFOPS_WEBHOOK_MUTATIONS=1000000` takes about a minute.
fn tries() -> u64 {
    let told = std::env::var("SHELFOPS_WEBHOOK_MUTATIONS").ok();
    told.and_then(|told| told.parse().ok()).unwrap_or(TRIES)
}

/// Verifies as the server does; a header that cannot be sent at all is refused before.
fn verify(sent: &SentWebhook, keys: &[SecretString]) -> Result<(), WebhookError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &sent.headers {
        let value = HeaderValue::from_bytes(value).map_err(|_| WebhookError::Forged)?;
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    let delivery = Delivery { url: URL, headers: &headers, body: &sent.body };
    Square.webhooks().unwrap().verify(&delivery, keys)
}

#[test]
fn nothing_that_the_vendor_did_not_send_is_believed_in_whatever_way_it_is_made() {
    let mut forger = Forger::new(20_261_127, KEY, URL);
    let keys = [SecretString::from("the-next-key"), SecretString::from(KEY)];
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    let mut genuine = forger.genuine(Vec::new());
    for number in 0..tries() {
        if number % GENUINE_EVERY == 0 {
            let body = forger.event("MLMERCHANT001");
            genuine = forger.genuine(body);
            assert_eq!(verify(&genuine, &keys), Ok(()), "the genuine one, {genuine:?}");
        }
        let forged = forger.forge(&genuine);
        let told = verify(&forged.sent, &keys);
        assert_eq!(told, Err(WebhookError::Forged), "{forged:?} of {genuine:?}");
        *made.entry(forged.way).or_default() += 1;
    }
    for way in Forger::ways() {
        assert!(made.contains_key(way), "never tried: {way}");
    }
}

#[test]
fn a_webhook_of_a_megabyte_is_judged_like_any_other() {
    let forger = Forger::new(1, KEY, URL);
    let keys = [SecretString::from(KEY)];
    let genuine = forger.genuine(vec![b'x'; 1 << 20]);
    assert_eq!(verify(&genuine, &keys), Ok(()));
    for place in [0, 1 << 19, (1 << 20) - 1] {
        let mut forged = genuine.clone();
        forged.body[place] ^= 1;
        assert_eq!(verify(&forged, &keys), Err(WebhookError::Forged), "at {place}");
    }
}
