//! `/v2/locations`: all stores at once, open or not.

use super::endpoint::Answer;
use super::{ApiError, Call};
use crate::square::json::Json;
use crate::square::wire::location::location;

/// Answers with every location.
pub(super) fn list(call: &Call<'_>) -> Answer {
    Ok(Json::document(|json| {
        json.list("locations", 0..call.merchant.stores.count(), |json, number| {
            location(json, call.merchant, number);
        });
    }))
}

/// Answers with one location; `main` is the first.
pub(super) fn retrieve(call: &Call<'_>) -> Answer {
    let number = if call.id == "main" { Some(0) } else { call.store(call.id) };
    let number = number.ok_or_else(|| ApiError::not_found("There is no such location."))?;
    Ok(Json::document(|json| {
        json.field("location", |json| location(json, call.merchant, number));
    }))
}
