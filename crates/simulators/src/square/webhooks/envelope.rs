//! The body of a webhook: who, what, when, and the object as it was then.

use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::wire::inventory::count;
use crate::square::wire::payment::payment;
use crate::square::wire::refund::refund;
use crate::square::wire::supplier::supplier;
use crate::square::world::events::{Event, Happening, Revoker};
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;
use crate::square::world::orders::State;
use crate::square::world::payments::COMPLETION;

/// Writes an event where a value stands; the same event is written the same every time.
pub(super) fn envelope(json: &mut Json, merchant: &Merchant, event: &Event, event_id: &str) {
    let location = location(merchant, &event.happening)
        .map(|store| merchant.ids.text(Kind::Location, u64::from(store)));
    json.object(|json| {
        json.text("merchant_id", &merchant.config.id);
        json.optional("location_id", location.as_deref());
        json.text("type", event.happening.type_name());
        json.text("event_id", event_id);
        json.moment("created_at", event.at);
        json.part("data", |json| contents(json, merchant, event, event_id));
    });
}

/// Returns the store that an event is about, if it is about one.
pub(super) fn location(merchant: &Merchant, happening: &Happening) -> Option<u16> {
    match *happening {
        Happening::OrderCreated { order, .. } | Happening::OrderUpdated { order, .. } => {
            Some(merchant.orders.order(order).store)
        }
        Happening::PaymentCreated { payment } | Happening::PaymentUpdated { payment } => {
            Some(merchant.orders.order(merchant.payments.payment(payment).order).store)
        }
        Happening::RefundCreated { refund } | Happening::RefundUpdated { refund } => {
            Some(merchant.refunds.refund(refund).store)
        }
        Happening::CountUpdated(changed) => Some(changed.store),
        Happening::LocationUpdated { store } => Some(store),
        Happening::CatalogUpdated
        | Happening::VendorUpdated { .. }
        | Happening::AuthorizationRevoked { .. } => None,
    }
}

fn contents(json: &mut Json, merchant: &Merchant, event: &Event, event_id: &str) {
    let id = |kind, number: u32| merchant.ids.text(kind, u64::from(number));
    match event.happening {
        Happening::OrderCreated { order, version, state } => {
            summary(json, merchant, ("order_created", order), (version, state, Moment::NEVER));
        }
        Happening::OrderUpdated { order, version, state } => {
            summary(json, merchant, ("order_updated", order), (version, state, event.at));
        }
        Happening::PaymentCreated { payment: number } => {
            let at = merchant.payments.payment(number).created;
            data(json, "payment", &id(Kind::Payment, number), |json| {
                json.field("payment", |json| payment(json, merchant, number, at));
            });
        }
        Happening::PaymentUpdated { payment: number } => {
            let at = event.at.max(merchant.payments.payment(number).created.plus(COMPLETION));
            data(json, "payment", &id(Kind::Payment, number), |json| {
                json.field("payment", |json| payment(json, merchant, number, at));
            });
        }
        Happening::RefundCreated { refund: number }
        | Happening::RefundUpdated { refund: number } => {
            data(json, "refund", &id(Kind::Refund, number), |json| {
                json.field("refund", |json| refund(json, merchant, number, event.at));
            });
        }
        Happening::CountUpdated(changed) => data(json, "inventory_counts", event_id, |json| {
            json.list("inventory_counts", [changed], |json, changed| {
                count(json, merchant, changed, event.at);
            });
        }),
        Happening::CatalogUpdated => catalog_version(json, event.at),
        Happening::LocationUpdated { store } => {
            json.text("type", "location");
            json.text("id", &id(Kind::Location, u32::from(store)));
        }
        Happening::VendorUpdated { supplier: number } => {
            data(json, "vendor", &id(Kind::Vendor, u32::from(number)), |json| {
                json.text("operation", "UPDATED");
                json.field("vendor", |json| supplier(json, merchant, number));
            });
        }
        Happening::AuthorizationRevoked { revoker, .. } => {
            data(json, "revocation", event_id, |json| revocation(json, event.at, revoker));
        }
    }
}

/// Writes the kind of an object, its id, and the object.
fn data(json: &mut Json, kind: &str, id: &str, object: impl FnOnce(&mut Json)) {
    json.text("type", kind);
    json.text("id", id);
    json.part("object", object);
}

/// Writes that the catalog changed: it has no id, and nothing says what changed.
fn catalog_version(json: &mut Json, at: Moment) {
    json.text("type", "catalog_version");
    json.part("object", |json| {
        json.part("catalog_version", |json| json.moment("updated_at", at));
    });
}

/// Writes the summary of an order that the vendor's events have instead of the order.
fn summary(
    json: &mut Json,
    merchant: &Merchant,
    (name, order): (&str, u32),
    (version, state, updated): (u16, State, Moment),
) {
    let record = merchant.orders.order(order);
    let id = merchant.ids.text(Kind::Order, u64::from(order));
    data(json, name, &id, |json| {
        json.part(name, |json| {
            json.text("order_id", &id);
            json.whole("version", i64::from(version));
            let store = u64::from(record.store);
            json.text("location_id", &merchant.ids.text(Kind::Location, store));
            json.text("state", state.word());
            json.moment("created_at", record.created);
            json.moment("updated_at", updated);
        });
    });
}

fn revocation(json: &mut Json, at: Moment, revoker: Revoker) {
    json.part("revocation", |json| {
        json.moment("revoked_at", at);
        let word = match revoker {
            Revoker::Application => "APPLICATION",
            Revoker::Merchant => "MERCHANT",
        };
        json.text("revoker_type", word);
    });
}
