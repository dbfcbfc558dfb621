//! The part of an order that takes goods back.

use super::order::article;
use crate::square::json::Json;
use crate::square::world::amounts::{LineAmounts, Sums};
use crate::square::world::bill::{Bill, NO_LINE};
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;
use crate::square::world::orders::{LineRecord, OrderRecord};
use crate::square::world::payments::NONE;

/// Writes what an order takes back, the difference to what it sells, and the refund.
pub(super) fn returns(json: &mut Json, merchant: &Merchant, number: u32, bill: &Bill) {
    let record = merchant.orders.order(number);
    let currency = merchant.market.currency;
    json.list("returns", [bill], |json, bill| {
        json.object(|json| one_return(json, merchant, record, bill));
    });
    json.part("return_amounts", |json| sums(json, bill.back, currency));
    let net = Sums {
        total: bill.sale.total - bill.back.total,
        tax: bill.sale.tax - bill.back.tax,
        discount: bill.sale.discount - bill.back.discount,
    };
    json.part("net_amounts", |json| sums(json, net, currency));
    refund(json, merchant, number);
}

fn one_return(json: &mut Json, merchant: &Merchant, record: &OrderRecord, bill: &Bill) {
    let currency = merchant.market.currency;
    json.text("uid", "ret-1");
    if record.source_order != NONE {
        let source = merchant.ids.text(Kind::Order, u64::from(record.source_order));
        json.text("source_order_id", &source);
    }
    let lines = merchant.orders.returned(record).iter().zip(&bill.returned).enumerate();
    json.list("return_line_items", lines, |json, (at, line)| {
        return_line(json, merchant, at, line);
    });
    json.list("return_taxes", (bill.back.tax > 0).then_some(bill.back.tax), |json, tax| {
        json.object(|json| {
            json.text("uid", "return-tax-1");
            json.text("name", merchant.market.tax_name);
            json.money("applied_money", tax, currency);
        });
    });
    json.part("return_amounts", |json| sums(json, bill.back, currency));
}

fn return_line(
    json: &mut Json,
    merchant: &Merchant,
    at: usize,
    (line, amounts): (&LineRecord, &LineAmounts),
) {
    let currency = merchant.market.currency;
    json.object(|json| {
        json.text("uid", &format!("rli-{}", at + 1));
        if line.source != NO_LINE {
            json.text("source_line_item_uid", &format!("li-{}", u32::from(line.source) + 1));
        }
        article(json, merchant, line);
        json.money("gross_return_money", amounts.gross, currency);
        json.money("total_discount_money", amounts.discount(), currency);
        json.money("total_tax_money", amounts.tax, currency);
        json.money("total_money", amounts.total, currency);
    });
}

fn refund(json: &mut Json, merchant: &Merchant, order: u32) {
    json.list("refunds", merchant.refunds.of_order(order), |json, number| {
        let refund = merchant.refunds.refund(number);
        json.object(|json| {
            json.text("id", &merchant.ids.text(Kind::Refund, u64::from(number)));
            json.text("location_id", &merchant.ids.text(Kind::Location, u64::from(refund.store)));
            if refund.payment != NONE {
                let payment = merchant.payments.payment(refund.payment);
                let source = merchant.ids.text(Kind::Order, u64::from(payment.order));
                json.text("transaction_id", &source);
                let tender = merchant.ids.text(Kind::Payment, u64::from(refund.payment));
                json.text("tender_id", &tender);
            }
            json.text("reason", refund.reason);
            json.money("amount_money", refund.amount, merchant.market.currency);
            json.text("status", refund.status.word_on_orders());
            json.moment("created_at", refund.created);
        });
    });
}

fn sums(json: &mut Json, sums: Sums, currency: &str) {
    json.money("total_money", sums.total, currency);
    json.money("tax_money", sums.tax, currency);
    json.money("discount_money", sums.discount, currency);
    json.money("tip_money", 0, currency);
    json.money("service_charge_money", 0, currency);
}
