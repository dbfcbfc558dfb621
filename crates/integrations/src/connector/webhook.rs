//! A vendor's call that something has changed. It is a hint to go and look, never data.

use http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use shelfops_ingest::Stream;

use super::Disposition;

/// A call as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Where the vendor was told to call, exactly as it was told.
    pub url: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// What a call says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEvent {
    /// The vendor's id of the event, the same each time it is delivered.
    pub event_id: String,
    /// The vendor's word for what happened.
    pub kind: String,
    /// Whose event it is, as the vendor names the tenant.
    pub granted_by: String,
    /// When it happened.
    pub created_at: Option<Timestamp>,
    /// The ids of what it is about.
    pub object_ids: Vec<String>,
    /// What to do; nothing for what does not concern us.
    pub hints: Vec<Hint>,
    /// What is kept of the call: what it takes to read it again, and nothing of a shopper's. As no text of
    /// the event's it has a NUL character, which PostgreSQL stores none of.
    pub excerpt: Value,
}

/// What to do about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Sync a stream.
    Sync(Stream),
    /// Stop syncing: the tenant or the vendor has ended the connection.
    Disconnected,
}

/// Why a call is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// It does not come from the vendor, or was changed on the way.
    #[error("the webhook's signature is missing or wrong: answer 403 and forget it")]
    Forged,
    /// It comes from the vendor and cannot be read.
    #[error("the webhook is not what is documented, {reason}: keep it aside")]
    Unreadable {
        /// What is wrong, without quoting it.
        reason: String,
    },
}

impl WebhookError {
    /// Returns what is to be done.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::Forged => Disposition::Stop,
            Self::Unreadable { .. } => Disposition::Quarantine,
        }
    }
}

/// How a vendor's webhooks are read.
pub trait Webhooks: Send + Sync {
    /// Checks that the vendor signed a call with one of `keys`; several are valid while they are
    /// changed. Takes the same time wherever a wrong signature differs.
    ///
    /// # Errors
    /// Refuses a call without a signature or with a wrong one.
    fn verify(&self, delivery: &Delivery<'_>, keys: &[SecretString]) -> Result<(), WebhookError>;

    /// Reads a call that was verified, or what was kept of one.
    ///
    /// # Errors
    /// Refuses what is not documented. An unknown kind of event is no error: it has no hints.
    fn parse(&self, delivery: &Delivery<'_>) -> Result<WebhookEvent, WebhookError>;
}
