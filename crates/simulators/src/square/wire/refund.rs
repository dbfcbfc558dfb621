//! Refunds, as they were at an instant.

use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;
use crate::square::world::payments::NONE;

/// Writes a refund where a value stands.
pub(crate) fn refund(json: &mut Json, merchant: &Merchant, number: u32, at: Moment) {
    let record = merchant.refunds.refund(number);
    json.object(|json| {
        json.text("id", &merchant.ids.text(Kind::Refund, u64::from(number)));
        json.text("status", record.status_at(at).word());
        json.text("location_id", &merchant.ids.text(Kind::Location, u64::from(record.store)));
        json.flag("unlinked", record.payment == NONE);
        json.money("amount_money", record.amount, merchant.market.currency);
        if record.payment != NONE {
            let payment = merchant.ids.text(Kind::Payment, u64::from(record.payment));
            json.text("payment_id", &payment);
        }
        json.text("order_id", &merchant.ids.text(Kind::Order, u64::from(record.order)));
        json.text("reason", record.reason);
        json.moment("created_at", record.created);
        json.moment("updated_at", record.updated_at(at));
    });
}
