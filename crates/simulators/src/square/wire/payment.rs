//! Payments, as they were at an instant: an event tells what was true when it happened.

use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::world::bill::Bill;
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;
use crate::square::world::orders::Channel;
use crate::square::world::payments::COMPLETION;

/// Writes a payment where a value stands.
pub(crate) fn payment(json: &mut Json, merchant: &Merchant, number: u32, at: Moment) {
    let record = merchant.payments.payment(number);
    let order = merchant.orders.order(record.order);
    let currency = merchant.market.currency;
    let amount = Bill::of(merchant, order).net();
    let completed = record.created.plus(COMPLETION);
    let is_completed = at >= completed;
    let updated = if is_completed { last_update(merchant, number, at) } else { record.created };
    json.object(|json| {
        json.text("id", &merchant.ids.text(Kind::Payment, u64::from(number)));
        json.moment("created_at", record.created);
        json.moment("updated_at", updated);
        json.money("amount_money", amount, currency);
        let refunded = merchant.refunds.refunded(number, at);
        if refunded > 0 {
            json.money("refunded_money", refunded, currency);
        }
        json.text("status", if is_completed { "COMPLETED" } else { "APPROVED" });
        json.text("source_type", if order.is_cash { "CASH" } else { "CARD" });
        source(json, merchant, record.order, (amount, is_completed));
        json.text("location_id", &merchant.ids.text(Kind::Location, u64::from(order.store)));
        json.text("order_id", &merchant.ids.text(Kind::Order, u64::from(record.order)));
        let refunds = merchant.refunds.of_payment(number).iter();
        let refunds = refunds.filter(|refund| merchant.refunds.refund(**refund).created <= at);
        json.list("refund_ids", refunds, |json, refund| {
            json.item(&merchant.ids.text(Kind::Refund, u64::from(*refund)));
        });
        if order.channel == Channel::OfflineTill {
            json.part("offline_payment_details", |json| {
                json.moment("client_created_at", order.created);
            });
        }
        json.money("total_money", amount, currency);
        json.money("approved_money", amount, currency);
        json.text("version_token", &format!("v{}", updated.millis()));
    });
}

/// Writes where the money came from.
fn source(json: &mut Json, merchant: &Merchant, order: u32, (amount, is_completed): (i64, bool)) {
    let currency = merchant.market.currency;
    if merchant.orders.order(order).is_cash {
        json.part("cash_details", |json| {
            json.money("buyer_supplied_money", amount, currency);
            json.money("change_back_money", 0, currency);
        });
        return;
    }
    json.part("card_details", |json| {
        json.text("status", if is_completed { "CAPTURED" } else { "AUTHORIZED" });
        json.part("card", |json| {
            json.text("card_brand", "VISA");
            json.text("last_4", &format!("{:04}", order % 10_000));
        });
        json.text("entry_method", "CONTACTLESS");
    });
}

/// Returns when a payment had last changed by an instant.
fn last_update(merchant: &Merchant, number: u32, at: Moment) -> Moment {
    let record = merchant.payments.payment(number);
    let refunds = merchant.refunds.of_payment(number).iter();
    refunds
        .map(|refund| merchant.refunds.refund(*refund))
        .flat_map(|refund| [refund.created, refund.updated])
        .filter(|moment| *moment <= at)
        .fold(record.created.plus(COMPLETION), Moment::max)
}
