//! `/v2/merchants/me`: who the token is for.

use super::endpoint::Answer;
use super::{ApiError, Call};
use crate::square::json::Json;
use crate::square::world::ids::Kind;

/// Answers with the merchant.
pub(super) fn retrieve(call: &Call<'_>) -> Answer {
    let merchant = call.merchant;
    if call.id != "me" && call.id != merchant.config.id {
        return Err(ApiError::not_found("There is no such merchant."));
    }
    Ok(Json::document(|json| {
        json.part("merchant", |json| {
            json.text("id", &merchant.config.id);
            json.text("business_name", &merchant.config.business_name);
            json.text("country", merchant.market.country);
            json.text("language_code", merchant.market.language);
            json.text("currency", merchant.market.currency);
            json.text("status", "ACTIVE");
            json.text("main_location_id", &merchant.ids.text(Kind::Location, 0));
            json.moment("created_at", merchant.founded);
        });
    }))
}
