//! What Square answers, after the examples in its documents.

use serde_json::{Value, json};

use super::server::{Answer, Seen, json, status};

/// A location; `LSHELF01` sells in dollars.
pub(crate) fn location(id: &str, currency: &str) -> Value {
    json!({
        "id": id, "name": "Harbour Street", "type": "PHYSICAL", "status": "ACTIVE",
        "address": {
            "address_line_1": "12 Harbour St", "locality": "Portland",
            "administrative_district_level_1": "OR", "postal_code": "97201", "country": "US",
        },
        "timezone": "America/Los_Angeles", "currency": currency, "country": "US",
        "created_at": "2026-11-01T18:20:11Z", "merchant_id": "MLMERCHANT001",
    })
}

pub(crate) fn locations(ids: &[&str]) -> Value {
    let locations: Vec<Value> = ids.iter().map(|id| location(id, "USD")).collect();
    json!({ "locations": locations })
}

pub(crate) fn money(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

/// A line of goods: two mugs with tax and discount.
pub(crate) fn line(uid: &str) -> Value {
    json!({
        "uid": uid, "catalog_object_id": "VARMUGBLUE01", "catalog_version": 1_763_457_164_117_i64,
        "quantity": "2", "name": "Stoneware mug", "variation_name": "Blue", "item_type": "ITEM",
        "base_price_money": money(1100), "gross_sales_money": money(2200),
        "total_discount_money": money(200), "total_tax_money": money(160),
        "total_money": money(2160),
    })
}

/// The order of the documents' example: one line, completed.
pub(crate) fn order(id: &str, updated_at: &str) -> Value {
    json!({
        "id": id, "location_id": "LSHELF01", "source": { "name": "Square Point of Sale" },
        "line_items": [line("li-1")],
        "created_at": "2026-11-20T17:04:09.870Z", "updated_at": updated_at,
        "closed_at": "2026-11-20T17:04:10.955Z", "state": "COMPLETED", "version": 4,
        "total_money": money(2160), "total_tax_money": money(160),
        "total_discount_money": money(200), "total_tip_money": money(0),
        "total_service_charge_money": money(0), "customer_id": "SHOPPER",
        "tenders": [{ "id": "PAY1", "type": "CARD", "amount_money": money(2160) }],
        "fulfillments": [{ "pickup_details": { "recipient": { "display_name": "Ann Shopper" } } }],
    })
}

/// The return of the documents' example: an order of its own.
pub(crate) fn return_order() -> Value {
    json!({
        "id": "ORDreturn00001", "location_id": "LSHELF01",
        "returns": [{
            "uid": "ret-1", "source_order_id": "ORDexample0001",
            "return_line_items": [{
                "uid": "rli-1", "source_line_item_uid": "li-1", "quantity": "1",
                "name": "Stoneware mug", "catalog_object_id": "VARMUGBLUE01",
                "base_price_money": money(1100), "gross_return_money": money(1100),
                "total_discount_money": money(100), "total_tax_money": money(80),
                "total_money": money(1080),
            }],
        }],
        "return_amounts": { "total_money": money(1080), "tax_money": money(80) },
        "net_amounts": { "total_money": money(-1080), "tax_money": money(-80) },
        "refunds": [{
            "id": "RFDexample01", "location_id": "LSHELF01", "transaction_id": "ORDexample0001",
            "tender_id": "PAY7hq2ExampleA", "amount_money": money(1080), "status": "APPROVED",
        }],
        "created_at": "2026-11-21T19:30:00.100Z", "updated_at": "2026-11-21T19:30:02.000Z",
        "closed_at": "2026-11-21T19:30:01.900Z", "state": "COMPLETED", "version": 2,
        "total_money": money(0),
    })
}

/// The refund that goes with it.
pub(crate) fn refund(order_id: &str) -> Value {
    json!({
        "id": "PAY7hq2ExampleA_RF1", "status": "COMPLETED", "location_id": "LSHELF01",
        "unlinked": false, "amount_money": money(1080), "payment_id": "PAY7hq2ExampleA",
        "order_id": order_id, "reason": "Returned goods of Ann Shopper",
        "created_at": "2026-11-21T19:30:00.500Z", "updated_at": "2026-11-21T19:31:10.000Z",
    })
}

pub(crate) fn error(category: &str, code: &str) -> Value {
    json!({ "errors": [{ "category": category, "code": code, "detail": "in words" }] })
}

/// One store, no refunds, and orders as told.
pub(crate) fn shop_of(
    mut orders: impl FnMut(&Seen) -> Answer + Send,
) -> impl FnMut(&Seen) -> Answer {
    let mut is_begun = false;
    move |seen| match seen.path() {
        "/v2/locations" => dated(locations(&["LSHELF01"])),
        "/v2/orders/search" if !std::mem::replace(&mut is_begun, true) && is_for_first(seen) => {
            first_order()
        }
        "/v2/orders/search" => orders(seen),
        "/v2/refunds" => json(json!({})),
        other => status(404, error("INVALID_REQUEST_ERROR", other)),
    }
}

/// Whether a search asks when the first order was changed.
pub(crate) fn is_for_first(search: &Seen) -> bool {
    search.body["limit"] == 1
}

/// The first order, changed when the store was made.
pub(crate) fn first_order() -> Answer {
    self::orders(&[order("FIRST", "2026-11-01T18:20:11Z")], None)
}

/// An answer that tells the vendor's time.
pub(crate) fn dated(body: Value) -> Answer {
    let date = ("date", "Sun, 22 Nov 2026 12:00:00 GMT".to_owned());
    Answer::Whole(200, vec![date], body.to_string())
}

/// A page of orders and the cursor behind it.
pub(crate) fn orders(orders: &[Value], cursor: Option<&str>) -> Answer {
    json(json!({ "orders": orders, "cursor": cursor }))
}
