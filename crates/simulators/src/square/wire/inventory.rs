//! Counts and changes of stock.

use crate::square::json::{Json, decimal};
use crate::square::moment::Moment;
use crate::square::world::amounts::gross;
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;
use crate::square::world::orders::{Channel, LineRecord};
use crate::square::world::stock::{Changed, Movement, MovementKind};

/// The first version whose adjustments name two locations instead of one.
const TWO_LOCATIONS: &str = "2026-07-15";

/// A line of an order, as a change of stock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GoodsMoved {
    pub(crate) order: u32,
    /// The line's place among all lines of the order, sold ones first.
    pub(crate) place: u8,
    pub(crate) line: LineRecord,
    pub(crate) is_return: bool,
}

/// Writes a count where a value stands.
pub(crate) fn count(json: &mut Json, merchant: &Merchant, changed: Changed, calculated: Moment) {
    json.object(|json| {
        variation(json, merchant, changed.variation);
        json.text("state", "IN_STOCK");
        json.text("location_id", &merchant.ids.text(Kind::Location, u64::from(changed.store)));
        json.quantity("quantity", changed.quantity);
        json.moment("calculated_at", calculated);
    });
}

/// Writes the change that a line of an order caused.
pub(crate) fn goods_moved(json: &mut Json, merchant: &Merchant, goods: GoodsMoved, version: &str) {
    let order = merchant.orders.order(goods.order);
    let line = goods.line;
    // Which side of a sale has a location is not documented; here both have.
    let (from, to) = match (goods.is_return, order.source_order) {
        (false, _) => ("IN_STOCK", "SOLD"),
        (true, crate::square::world::payments::NONE) => ("UNLINKED_RETURN", "IN_STOCK"),
        (true, _) => ("SOLD", "IN_STOCK"),
    };
    json.object(|json| {
        json.text("type", "ADJUSTMENT");
        json.part("adjustment", |json| {
            let number = u64::from(goods.order) << 8 | u64::from(goods.place);
            json.text("id", &merchant.ids.text(Kind::Sold, number));
            json.text("from_state", from);
            json.text("to_state", to);
            locations(json, merchant, order.store, version);
            variation(json, merchant, line.variation);
            json.text("quantity", &decimal(i64::from(line.quantity)));
            let price = gross(line.unit_price, line.quantity);
            json.money("total_price_money", price, merchant.market.currency);
            json.moment("occurred_at", order.closed);
            json.moment("created_at", recorded(merchant, goods.order));
            json.part("source", |json| {
                let product =
                    if order.channel == Channel::Online { "ONLINE_STORE" } else { "SQUARE_POS" };
                json.text("product", product);
            });
            json.text("transaction_id", &merchant.ids.text(Kind::Order, u64::from(goods.order)));
            if goods.is_return
                && let Some(refund) = merchant.refunds.of_order(goods.order)
            {
                json.text("refund_id", &merchant.ids.text(Kind::Refund, u64::from(refund)));
            }
        });
    });
}

/// Writes a change that no order caused.
pub(crate) fn moved(json: &mut Json, merchant: &Merchant, number: u32, version: &str) {
    let movement = merchant.stock.movement(number);
    let id = merchant.ids.text(Kind::Moved, u64::from(number));
    json.object(|json| {
        if movement.kind == MovementKind::PhysicalCount {
            json.text("type", "PHYSICAL_COUNT");
            json.part("physical_count", |json| {
                json.text("id", &id);
                variation(json, merchant, movement.variation);
                json.text("state", "IN_STOCK");
                let store = u64::from(movement.store);
                json.text("location_id", &merchant.ids.text(Kind::Location, store));
                tail(json, movement);
            });
            return;
        }
        json.text("type", "ADJUSTMENT");
        json.part("adjustment", |json| {
            let is_waste = movement.kind == MovementKind::Waste;
            json.text("id", &id);
            json.text("from_state", if is_waste { "IN_STOCK" } else { "NONE" });
            json.text("to_state", if is_waste { "WASTE" } else { "IN_STOCK" });
            locations(json, merchant, movement.store, version);
            variation(json, merchant, movement.variation);
            tail(json, movement);
        });
    });
}

/// Returns when the vendor heard of an order that moved goods.
pub(crate) fn recorded(merchant: &Merchant, order: u32) -> Moment {
    let record = merchant.orders.order(order);
    match record.payment {
        crate::square::world::payments::NONE => record.closed,
        payment => merchant.payments.payment(payment).created,
    }
    .max(record.closed)
}

fn locations(json: &mut Json, merchant: &Merchant, store: u16, version: &str) {
    let id = merchant.ids.text(Kind::Location, u64::from(store));
    if version >= TWO_LOCATIONS {
        json.text("from_location_id", &id);
        json.text("to_location_id", &id);
    } else {
        json.text("location_id", &id);
    }
}

fn tail(json: &mut Json, movement: &Movement) {
    json.quantity("quantity", movement.quantity);
    json.moment("occurred_at", movement.occurred);
    json.moment("created_at", movement.occurred);
}

fn variation(json: &mut Json, merchant: &Merchant, number: u32) {
    json.text("catalog_object_id", &merchant.ids.text(Kind::Variation, u64::from(number)));
    json.text("catalog_object_type", "ITEM_VARIATION");
}
