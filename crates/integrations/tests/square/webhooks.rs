//! Webhooks: what is signed is believed, what was changed by one bit is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{
    Connector as _, Delivery, Disposition, Hint, WebhookError, WebhookEvent, Webhooks,
};
use shelfops_integrations::square::Square;

const KEY: &str = "asdf1234";
const URL: &str = "https://example.com/webhook";
const BODY: &[u8] = br#"{"hello":"world"}"#;
const SIGNATURE: &str = "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=";

fn webhooks() -> &'static dyn Webhooks {
    Square.webhooks().unwrap()
}

fn verify(url: &str, body: &[u8], signature: &[u8], keys: &[&str]) -> Result<(), WebhookError> {
    let mut headers = HeaderMap::new();
    let Ok(signature) = HeaderValue::from_bytes(signature) else {
        return Err(WebhookError::Forged);
    };
    headers.insert("x-square-hmacsha256-signature", signature);
    let keys: Vec<SecretString> = keys.iter().map(|key| SecretString::from(*key)).collect();
    webhooks().verify(&Delivery { url, headers: &headers, body }, &keys)
}

fn sign(key: &str, url: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

#[test]
fn the_vendors_own_example_is_believed() {
    assert_eq!(verify(URL, BODY, SIGNATURE.as_bytes(), &[KEY]), Ok(()));
    assert_eq!(sign(KEY, URL, BODY), SIGNATURE);
}

#[test]
fn either_key_is_believed_while_keys_are_changed() {
    assert_eq!(verify(URL, BODY, SIGNATURE.as_bytes(), &["the-next", KEY]), Ok(()));
    let neither = verify(URL, BODY, SIGNATURE.as_bytes(), &["the-next", "another"]);
    assert_eq!(neither, Err(WebhookError::Forged));
}

#[test]
fn nothing_is_believed_without_signature_or_key() {
    let headers = HeaderMap::new();
    let delivery = Delivery { url: URL, headers: &headers, body: BODY };
    let unsigned = webhooks().verify(&delivery, &[KEY.into()]).unwrap_err();
    assert_eq!(unsigned.disposition(), Disposition::Stop);
    let by_anybody = sign("", URL, BODY);
    assert!(verify(URL, BODY, by_anybody.as_bytes(), &[""]).is_err(), "an empty key is no key");
    assert!(verify(URL, BODY, SIGNATURE.as_bytes(), &[]).is_err());
    let wrong = ["", "=", "2kRE", "not base64!", &SIGNATURE[..43], &SIGNATURE.to_lowercase()];
    for signature in wrong {
        assert!(verify(URL, BODY, signature.as_bytes(), &[KEY]).is_err(), "{signature}");
    }
}

#[test]
fn only_the_address_as_configured_and_the_bytes_as_sent_count() {
    for url in ["http://example.com/webhook", "https://example.com/webhook/", "https://example.com"]
    {
        assert!(verify(url, BODY, SIGNATURE.as_bytes(), &[KEY]).is_err(), "{url}");
    }
    let same_json = br#"{ "hello": "world" }"#;
    assert!(verify(URL, same_json, SIGNATURE.as_bytes(), &[KEY]).is_err());
    // The older header is not looked at.
    let mut headers = HeaderMap::new();
    headers.insert("x-square-signature", HeaderValue::from_static(SIGNATURE));
    let delivery = Delivery { url: URL, headers: &headers, body: BODY };
    assert!(webhooks().verify(&delivery, &[KEY.into()]).is_err());
}

fn parse(event: &Value) -> Result<WebhookEvent, WebhookError> {
    let (headers, body) = (HeaderMap::new(), event.to_string());
    webhooks().parse(&Delivery { url: URL, headers: &headers, body: body.as_bytes() })
}

fn event(kind: &str, data: Value) -> Value {
    json!({
        "merchant_id": "MLMERCHANT001", "type": kind, "data": data,
        "event_id": "0d6f8d1c-7a37-4b62-9b51-3f1c5a2d9e10",
        "created_at": "2026-11-20T17:04:11.402Z",
    })
}

#[test]
fn a_payment_is_the_hint_of_a_sale_at_a_till() {
    let object = json!({ "payment": {
        "id": "PAY7hq2ExampleA", "status": "COMPLETED", "location_id": "LSHELF01",
        "order_id": "ORDexample0001", "amount_money": { "amount": 2160, "currency": "USD" },
    }});
    let data = json!({ "type": "payment", "id": "PAY7hq2ExampleA", "object": object });
    let event = parse(&event("payment.updated", data)).unwrap();
    assert_eq!(event.hints, [Hint::Sync(Stream::Transactions)]);
    assert_eq!(event.object_ids, ["PAY7hq2ExampleA", "ORDexample0001"]);
    assert_eq!(event.event_id, "0d6f8d1c-7a37-4b62-9b51-3f1c5a2d9e10");
    assert_eq!(
        (event.granted_by.as_str(), event.kind.as_str()),
        ("MLMERCHANT001", "payment.updated")
    );
    assert_eq!(event.created_at.unwrap().to_string(), "2026-11-20T17:04:11.402Z");
}

#[test]
fn each_kind_leads_to_its_stream_whatever_data_type_says() {
    let hints = [
        ("order.created", Some(Hint::Sync(Stream::Transactions))),
        ("order.fulfillment.updated", Some(Hint::Sync(Stream::Transactions))),
        ("refund.created", Some(Hint::Sync(Stream::Transactions))),
        ("inventory.count.updated", Some(Hint::Sync(Stream::Inventory))),
        ("catalog.version.updated", Some(Hint::Sync(Stream::Products))),
        ("location.updated", Some(Hint::Sync(Stream::Stores))),
        ("vendor.created", Some(Hint::Sync(Stream::Suppliers))),
        ("oauth.authorization.revoked", Some(Hint::Disconnected)),
        ("transfer_order.created", None),
        ("labor.timecard.created", None),
        ("ping", None),
    ];
    for (kind, hint) in hints {
        let parsed = parse(&event(kind, json!({ "type": "anything" }))).unwrap();
        assert_eq!(parsed.hints, hint.into_iter().collect::<Vec<_>>(), "{kind}");
    }
}

#[test]
fn an_event_may_have_no_object_and_no_id() {
    let updated =
        json!({ "type": "catalog", "object": { "catalog_version": { "updated_at": "x" } } });
    assert!(parse(&event("catalog.version.updated", updated)).unwrap().object_ids.is_empty());
    let counts = json!({ "id": "e", "object": { "inventory_counts": [
        { "catalog_object_id": "V1" }, { "catalog_object_id": "V2" }, { "catalog_object_id": "V1" },
    ]}});
    let parsed = parse(&event("inventory.count.updated", counts)).unwrap();
    assert_eq!(parsed.object_ids, ["e", "V1", "V2"]);
    let without_data = parse(&event("location.updated", Value::Null)).unwrap();
    assert_eq!(without_data.hints, [Hint::Sync(Stream::Stores)]);
}

#[test]
fn what_is_kept_says_the_same_and_nothing_of_a_buyer() {
    let payment = json!({ "payment": {
        "id": "P", "order_id": "O", "buyer_email_address": "ann@example.com", "note": "for Ann",
        "card_details": { "card": { "last_4": "1111", "cardholder_name": "ANN" } },
        "shipping_address": { "address_line_1": "Main Street 1", "first_name": "Ann" },
    }});
    let counts = json!({ "inventory_counts": [
        { "catalog_object_id": "V1", "quantity": "7" }, { "catalog_object_id": "V2" },
    ]});
    let revoked = json!({ "revocation": { "revoker_type": "MERCHANT" } });
    let told = [
        ("payment.updated", json!({ "type": "payment", "id": "P", "object": payment })),
        ("inventory.count.updated", json!({ "id": "e", "object": counts })),
        ("oauth.authorization.revoked", json!({ "id": "r", "object": revoked })),
        ("location.updated", json!({ "type": "location", "id": "L" })),
        ("catalog.version.updated", Value::Null),
    ];
    for (kind, data) in told {
        let whole = parse(&event(kind, data)).unwrap();
        let kept = parse(&whole.excerpt).unwrap();
        assert_eq!(kept, whole, "{kind}");
        let text = whole.excerpt.to_string().to_lowercase();
        for personal in ["ann", "1111", "main street"] {
            assert!(!text.contains(personal), "{text}");
        }
    }
}

#[test]
fn a_nul_character_is_shown_wherever_it_stands() {
    let object = json!({ "pay\0ment": { "order_id": "O\0", "note": "\0" } });
    let mut body = event("payment.\0", json!({ "id": "P\0", "object": object }));
    for member in ["event_id", "merchant_id", "created_at"] {
        body[member] = json!(format!("{}\0", body[member].as_str().unwrap()));
    }
    let event = parse(&body).unwrap();
    let excerpt = event.excerpt.to_string();
    assert!(!excerpt.contains("\\u0000") && excerpt.contains("O\\\\0"), "{excerpt}");
    assert_eq!(event.event_id, "0d6f8d1c-7a37-4b62-9b51-3f1c5a2d9e10\\0");
    assert_eq!(
        (&*event.kind, &*event.granted_by, event.object_ids.concat()),
        ("payment.\\0", "MLMERCHANT001\\0", "P\\0O\\0".to_owned())
    );
    assert_eq!(event.hints, [Hint::Sync(Stream::Transactions)]);
}

#[test]
fn what_is_no_event_is_kept_aside() {
    let mut nameless = event("payment.updated", json!({}));
    nameless["event_id"] = Value::Null;
    let mut empty = event("payment.updated", json!({}));
    empty["event_id"] = json!("");
    for body in [json!([]), json!("x"), json!({}), nameless, empty] {
        let error = parse(&body).unwrap_err();
        assert_eq!(error.disposition(), Disposition::Quarantine, "{body}");
    }
}
