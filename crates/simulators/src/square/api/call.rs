//! A request that got through the gate: whose it is, what it says, where its listing goes on.

use serde_json::Value;

use super::fingerprint::fingerprint;
use super::{ApiError, Cursor, Fields};
use crate::square::json::Json;
use crate::square::moment::{Moment, SECOND};
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;
use crate::square::world::orders::OrderRecord;

/// A request to read a merchant's records.
#[derive(Debug)]
pub(crate) struct Call<'c> {
    pub(crate) merchant: &'c Merchant,
    pub(crate) now: Moment,
    /// The version of the API that the request is for.
    pub(crate) version: &'c str,
    /// The last part of a path that names one thing.
    pub(crate) id: &'c str,
    pub(crate) query: &'c [(String, String)],
    pub(crate) body: &'c Value,
    /// The path of the endpoint, part of what a cursor is bound to.
    pub(crate) path: &'c str,
    /// How long cursors live, in simulated seconds.
    pub(crate) cursor_seconds: u32,
    pub(crate) refund_lag_seconds: u32,
    pub(crate) return_lag_seconds: u32,
}

impl<'c> Call<'c> {
    /// Whether an order is found by now: one that takes goods back may appear late.
    pub(crate) fn finds(&self, order: &OrderRecord) -> bool {
        let appears = || order.closed.plus(SECOND * i64::from(self.return_lag_seconds));
        !order.has_returns() || appears() <= self.now
    }

    /// Returns the fields of the body.
    pub(crate) fn fields(&self) -> Result<Fields<'c>, ApiError> {
        Fields::of(self.body)
    }

    /// Returns a parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'c str> {
        let found = self.query.iter().find(|(each, _)| each == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns a time of the query.
    pub(crate) fn moment_parameter(&self, name: &str) -> Result<Option<Moment>, ApiError> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        Moment::parse(text).map(Some).ok_or_else(|| {
            ApiError::invalid("INVALID_TIME", "Must be an RFC 3339 time.", Some(name))
        })
    }

    /// Returns whether a listing in the query goes up; the default is down.
    pub(crate) fn is_ascending(&self) -> Result<bool, ApiError> {
        match self.parameter("sort_order") {
            None | Some("DESC") => Ok(false),
            Some("ASC") => Ok(true),
            Some(_) => {
                let detail = "Must be ASC or DESC.";
                Err(ApiError::invalid("INVALID_VALUE", detail, Some("sort_order")))
            }
        }
    }

    /// Returns where the listing goes on, or nothing for its first page.
    pub(crate) fn cursor(&self) -> Result<Option<Cursor>, ApiError> {
        let text = match self.body.get("cursor") {
            Some(Value::String(text)) if !text.is_empty() => text,
            _ => match self.parameter("cursor") {
                Some(text) => text,
                None => return Ok(None),
            },
        };
        let cursor = Cursor::decode(text, self.merchant.seed).filter(|cursor| {
            let lifetime = SECOND * i64::from(self.cursor_seconds);
            cursor.request == self.fingerprint() && self.now <= cursor.issued.plus(lifetime)
        });
        cursor.map(Some).ok_or_else(ApiError::invalid_cursor)
    }

    /// Writes where the listing goes on.
    pub(crate) fn write_cursor(&self, json: &mut Json, frozen: Moment, last: (Moment, u64)) {
        let cursor = Cursor { issued: self.now, request: self.fingerprint(), frozen, last };
        json.text("cursor", &cursor.encode(self.merchant.seed));
    }

    /// Returns the store of an id.
    pub(crate) fn store(&self, id: &str) -> Option<u16> {
        let count = self.merchant.stores.all.len();
        self.merchant.ids.index(Kind::Location, id, count).map(|number| number as u16)
    }

    /// Returns the stores of the ids in a field; an id of none is an error.
    pub(crate) fn stores(&self, ids: &[&str], field: &str) -> Result<Vec<u16>, ApiError> {
        let invalid = || {
            ApiError::invalid("INVALID_VALUE", "The merchant has no such location.", Some(field))
        };
        ids.iter().map(|id| self.store(id).ok_or_else(invalid)).collect()
    }

    fn fingerprint(&self) -> u64 {
        fingerprint(self.path, self.query, self.body)
    }
}
