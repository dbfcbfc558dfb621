//! `/v2/orders/batch-retrieve` and `/v2/orders/{id}`.

use super::endpoint::Answer;
use super::{ApiError, Call};
use crate::square::json::Json;
use crate::square::wire::order::order;
use crate::square::world::ids::Kind;

/// The most ids that can be asked for at once.
const MOST_IDS: usize = 100;

/// Answers with orders by id; unknown ones are missing from the answer.
pub(super) fn batch_retrieve(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    if !fields.has("order_ids") {
        return Err(ApiError::missing("order_ids"));
    }
    let ids = fields.texts_up_to("order_ids", MOST_IDS)?;
    let store = match fields.text("location_id")? {
        Some(id) => Some(call.stores(&[id], "location_id")?[0]),
        None => None,
    };
    let orders = ids.iter().filter_map(|id| number(call, id)).filter(|number| {
        store.is_none_or(|store| call.merchant.orders.order(*number).store == store)
    });
    Ok(Json::document(|json| {
        json.list("orders", orders, |json, number| order(json, call.merchant, number));
    }))
}

/// Answers with one order.
pub(super) fn retrieve(call: &Call<'_>) -> Answer {
    let not_found = || ApiError::not_found("There is no such order.");
    let number = number(call, call.id).ok_or_else(not_found)?;
    Ok(Json::document(|json| {
        json.field("order", |json| order(json, call.merchant, number));
    }))
}

fn number(call: &Call<'_>, id: &str) -> Option<u32> {
    let count = call.merchant.orders.count() as usize;
    let number = call.merchant.ids.index(Kind::Order, id, count)? as u32;
    call.finds(call.merchant.orders.order(number)).then_some(number)
}
