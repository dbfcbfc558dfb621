//! Webhooks: signed over the address and the raw body, read as hints.
//!
//! Events of orders are summaries and do not come for sales at a till; those show as payments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use shelfops_ingest::Stream;

use super::map;
use crate::connector::{Delivery, Hint, WebhookError, WebhookEvent, Webhooks};

/// The header of the signature; the older one, by SHA-1, is not looked at.
const SIGNATURE: &str = "x-square-hmacsha256-signature";

/// Square's webhooks.
pub(super) struct SquareWebhooks;

#[derive(Deserialize)]
struct Event {
    event_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    merchant_id: Option<String>,
    created_at: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    id: Option<String>,
    object: Option<Value>,
}

impl Webhooks for SquareWebhooks {
    fn verify(&self, delivery: &Delivery<'_>, keys: &[SecretString]) -> Result<(), WebhookError> {
        let mut told = delivery.headers.get_all(SIGNATURE).iter();
        // Of two signatures, another reader on the way may have looked at the other one.
        let (Some(told), None) = (told.next(), told.next()) else {
            return Err(WebhookError::Forged);
        };
        let signature = STANDARD.decode(told).map_err(|_| WebhookError::Forged)?;
        let is_signed_with = |key: &SecretString| {
            let mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes());
            let mut mac = mac.expect("HMAC takes keys of any length");
            mac.update(delivery.url.as_bytes());
            mac.update(delivery.body);
            mac.verify_slice(&signature).is_ok()
        };
        // An empty key would let anybody sign.
        let mut keys = keys.iter().filter(|key| !key.expose_secret().is_empty());
        if keys.any(is_signed_with) { Ok(()) } else { Err(WebhookError::Forged) }
    }

    fn parse(&self, delivery: &Delivery<'_>) -> Result<WebhookEvent, WebhookError> {
        let event: Event = serde_json::from_slice(delivery.body)
            .map_err(|_| unreadable("it is no JSON object of an event"))?;
        let kind = event.kind.ok_or_else(|| unreadable("it has no type"))?;
        let data = event.data.unwrap_or(Data { id: None, object: None });
        let mut object_ids: Vec<String> = data.id.into_iter().collect();
        for id in data.object.iter().flat_map(ids_within) {
            if !object_ids.contains(&id) {
                object_ids.push(id);
            }
        }
        Ok(WebhookEvent {
            event_id: event.event_id.ok_or_else(|| unreadable("it has no event_id"))?,
            granted_by: event.merchant_id.ok_or_else(|| unreadable("it has no merchant_id"))?,
            created_at: map::instant(event.created_at.as_deref()),
            object_ids,
            hints: hint(&kind).into_iter().collect(),
            kind,
        })
    }
}

/// What to do about an event. Its type alone decides: `data.type` differs from what is documented.
fn hint(kind: &str) -> Option<Hint> {
    if kind == "oauth.authorization.revoked" {
        return Some(Hint::Disconnected);
    }
    let (family, _) = kind.split_once('.')?;
    match family {
        "order" | "payment" | "refund" => Some(Hint::Sync(Stream::Transactions)),
        "inventory" => Some(Hint::Sync(Stream::Inventory)),
        "catalog" => Some(Hint::Sync(Stream::Products)),
        "location" => Some(Hint::Sync(Stream::Stores)),
        "vendor" => Some(Hint::Sync(Stream::Suppliers)),
        _ => None,
    }
}

/// The ids that an event's object names: of orders, and of what was counted.
fn ids_within(object: &Value) -> Vec<String> {
    const NAMES: &[&str] = &["order_id", "catalog_object_id"];
    let lists = object.as_object().into_iter().flat_map(|members| members.values());
    let objects = lists.flat_map(|member| match member {
        Value::Array(members) => members.as_slice(),
        other => std::slice::from_ref(other),
    });
    objects
        .flat_map(|object| NAMES.iter().filter_map(|name| object.get(*name)?.as_str()))
        .map(str::to_owned)
        .collect()
}

fn unreadable(reason: &str) -> WebhookError {
    WebhookError::Unreadable { reason: reason.to_owned() }
}
