//! Webhooks: signed over the address and the raw body, read as hints.
//!
//! Events of orders are summaries and do not come for sales at a till; those show as payments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use shelfops_ingest::Stream;

use super::map;
use crate::connector::{Delivery, Hint, WebhookError, WebhookEvent, Webhooks};

/// The header of the signature; the older one, by SHA-1, is not looked at.
const SIGNATURE: &str = "x-square-hmacsha256-signature";

/// How a NUL character is shown.
const NUL_SHOWN: &str = "\\0";

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
        let kind = told(event.kind).ok_or_else(|| unreadable("it has no type"))?;
        let event_id = told(event.event_id).ok_or_else(|| unreadable("it has no event_id"))?;
        let granted_by =
            told(event.merchant_id).ok_or_else(|| unreadable("it has no merchant_id"))?;
        let created_at = told(event.created_at);
        let data = event.data.unwrap_or(Data { id: None, object: None });
        let (id, object) = (told(data.id), data.object.as_ref().map(only_ids));
        let excerpt = json!({
            "event_id": event_id, "type": kind, "merchant_id": granted_by, "created_at": created_at,
            "data": { "id": id, "object": object },
        });
        let mut object_ids: Vec<String> = id.into_iter().collect();
        for id in object.iter().flat_map(ids_within) {
            if !object_ids.contains(&id) {
                object_ids.push(id);
            }
        }
        Ok(WebhookEvent {
            event_id,
            granted_by,
            created_at: map::instant(created_at.as_deref()),
            object_ids,
            hints: hint(&kind).into_iter().collect(),
            kind,
            excerpt,
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

/// Returns what a text says, NUL characters shown; nothing where it says nothing.
fn told(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(|text| shown(&text))
}

fn shown(text: &str) -> String {
    text.replace('\0', NUL_SHOWN)
}

/// The members of what an event's object tells of that are ids: of orders, and of what was counted.
const IDS: &[&str] = &["order_id", "catalog_object_id"];

/// Reduces an event's object to the ids that it names. Payments tell of buyers and their cards.
fn only_ids(object: &Value) -> Value {
    let ids = |member: &Value| -> Value {
        let id =
            |name: &&str| Some(((*name).to_owned(), shown(member.get(*name)?.as_str()?).into()));
        Value::Object(IDS.iter().filter_map(id).collect())
    };
    let members = object.as_object().into_iter().flatten();
    let reduced = members.map(|(name, member)| {
        let ids = match member {
            Value::Array(members) => members.iter().map(ids).collect(),
            other => ids(other),
        };
        (shown(name), ids)
    });
    Value::Object(reduced.collect())
}

/// The ids that an event's object names.
fn ids_within(object: &Value) -> Vec<String> {
    let lists = object.as_object().into_iter().flat_map(|members| members.values());
    let objects = lists.flat_map(|member| match member {
        Value::Array(members) => members.as_slice(),
        other => std::slice::from_ref(other),
    });
    objects
        .flat_map(|object| IDS.iter().filter_map(|name| object.get(*name)?.as_str()))
        .map(str::to_owned)
        .collect()
}

fn unreadable(reason: &str) -> WebhookError {
    WebhookError::Unreadable { reason: reason.to_owned() }
}
