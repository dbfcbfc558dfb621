//! Orders, with their lines, taxes, discounts, tenders and fulfilments.

use super::returns;
use crate::square::json::Json;
use crate::square::world::amounts::LineAmounts;
use crate::square::world::bill::Bill;
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;
use crate::square::world::orders::{CUSTOM_AMOUNT, Channel, LineRecord, OrderRecord, State};
use crate::square::world::payments::NONE;

/// Writes an order where a value stands.
pub(crate) fn order(json: &mut Json, merchant: &Merchant, number: u32) {
    let record = merchant.orders.order(number);
    let bill = Bill::of(merchant, record);
    let sold = merchant.orders.sold(record);
    json.object(|json| {
        json.text("id", &merchant.ids.text(Kind::Order, u64::from(number)));
        json.text("location_id", &merchant.ids.text(Kind::Location, u64::from(record.store)));
        json.part("source", |json| json.text("name", record.channel.source_name()));
        json.list("line_items", sold.iter().zip(&bill.sold).enumerate(), |json, (at, line)| {
            line_item(json, merchant, at, line);
        });
        taxes(json, merchant, &bill);
        discounts(json, merchant, (record, sold), &bill);
        if record.has_returns() {
            returns::returns(json, merchant, number, &bill);
        }
        if record.channel == Channel::Online {
            fulfilment(json, record);
        }
        tender(json, merchant, (record, &bill));
        json.moment("created_at", record.created);
        json.moment("updated_at", record.updated);
        json.moment("closed_at", record.closed);
        json.text("state", record.state.word());
        json.whole("version", i64::from(record.version));
        let currency = merchant.market.currency;
        json.money("total_money", bill.sale.total, currency);
        json.money("total_tax_money", bill.sale.tax, currency);
        json.money("total_discount_money", bill.sale.discount, currency);
        json.money("total_tip_money", 0, currency);
        json.money("total_service_charge_money", 0, currency);
        let is_due = matches!(record.state, State::Open | State::Draft);
        json.money("net_amount_due_money", if is_due { bill.net() } else { 0 }, currency);
    });
}

/// Writes what a line is of: fields that sold and returned lines have in common.
pub(super) fn article(json: &mut Json, merchant: &Merchant, line: &LineRecord) {
    let currency = merchant.market.currency;
    json.quantity("quantity", i64::from(line.quantity));
    if line.variation == CUSTOM_AMOUNT {
        json.text("item_type", "CUSTOM_AMOUNT");
    } else {
        let variation = &merchant.catalog.variations[line.variation as usize];
        json.text("name", merchant.catalog.items[variation.item as usize].name_of(line.name));
        json.text("variation_name", variation.name);
        json.text(
            "catalog_object_id",
            &merchant.ids.text(Kind::Variation, u64::from(line.variation)),
        );
        json.text("item_type", "ITEM");
        if variation.is_weighed {
            json.part("quantity_unit", |json| {
                json.part("measurement_unit", |json| {
                    json.text("weight_unit", "METRIC_KILOGRAM");
                    json.text("type", "TYPE_WEIGHT");
                });
                json.whole("precision", 3);
            });
        }
    }
    json.money("base_price_money", i64::from(line.unit_price), currency);
}

fn line_item(
    json: &mut Json,
    merchant: &Merchant,
    at: usize,
    (line, amounts): (&LineRecord, &LineAmounts),
) {
    let currency = merchant.market.currency;
    json.object(|json| {
        json.text("uid", &format!("li-{}", at + 1));
        article(json, merchant, line);
        json.money("gross_sales_money", amounts.gross, currency);
        json.money("total_discount_money", amounts.discount(), currency);
        json.money("total_tax_money", amounts.tax, currency);
        json.money("total_money", amounts.total, currency);
        json.list("applied_taxes", line.is_taxed.then_some(amounts.tax), |json, tax| {
            json.object(|json| {
                json.text("uid", &format!("at-{}", at + 1));
                json.text("tax_uid", "tax-1");
                json.money("applied_money", tax, currency);
            });
        });
        let promotion = (amounts.promotion > 0)
            .then(|| (format!("promotion-{}", line.percent_off), amounts.promotion));
        let coupon = (amounts.coupon > 0).then(|| ("coupon".to_owned(), amounts.coupon));
        json.list(
            "applied_discounts",
            promotion.into_iter().chain(coupon),
            |json, (of, applied)| {
                json.object(|json| {
                    json.text("uid", &format!("{of}-{}", at + 1));
                    json.text("discount_uid", &of);
                    json.money("applied_money", applied, currency);
                });
            },
        );
    });
}

fn taxes(json: &mut Json, merchant: &Merchant, bill: &Bill) {
    let market = merchant.market;
    json.list("taxes", (bill.sale.tax > 0).then_some(bill.sale.tax), |json, tax| {
        json.object(|json| {
            json.text("uid", "tax-1");
            json.text("catalog_object_id", &merchant.ids.text(Kind::Tax, 0));
            json.text("name", market.tax_name);
            json.text("type", if market.is_tax_included { "INCLUSIVE" } else { "ADDITIVE" });
            json.text("percentage", &percentage(market.tax_rate));
            json.text("scope", "ORDER");
            json.money("applied_money", tax, market.currency);
        });
    });
}

fn discounts(
    json: &mut Json,
    merchant: &Merchant,
    (record, sold): (&OrderRecord, &[LineRecord]),
    bill: &Bill,
) {
    let mut percents: Vec<u8> = sold.iter().map(|line| line.percent_off).collect();
    percents.retain(|percent| *percent > 0);
    percents.sort_unstable();
    percents.dedup();
    let coupon: i64 = bill.sold.iter().map(|line| line.coupon).sum();
    let all = percents.into_iter().chain((coupon > 0).then_some(0));
    let currency = merchant.market.currency;
    json.list("discounts", all, |json, percent| {
        json.object(|json| {
            if percent == 0 {
                json.text("uid", "coupon");
                json.text("name", "Loyalty reward");
                json.text("type", "FIXED_AMOUNT");
                json.money("amount_money", i64::from(record.coupon), currency);
                json.money("applied_money", coupon, currency);
                json.text("scope", "ORDER");
                return;
            }
            let lines = sold.iter().zip(&bill.sold);
            let applied = lines
                .filter(|(line, _)| line.percent_off == percent)
                .map(|(_, amounts)| amounts.promotion);
            json.text("uid", &format!("promotion-{percent}"));
            json.text("catalog_object_id", &merchant.ids.text(Kind::Discount, u64::from(percent)));
            json.text("name", &format!("Offer of the week {percent} %"));
            json.text("type", "FIXED_PERCENTAGE");
            json.text("percentage", &percent.to_string());
            json.money("applied_money", applied.sum(), currency);
            json.text("scope", "LINE_ITEM");
        });
    });
}

fn fulfilment(json: &mut Json, record: &OrderRecord) {
    let state = match record.state {
        State::Completed => "COMPLETED",
        State::Canceled => "CANCELED",
        State::Open | State::Draft => "PROPOSED",
    };
    json.list("fulfillments", [state], |json, state| {
        json.object(|json| {
            json.text("uid", "f-1");
            json.text("type", "PICKUP");
            json.text("state", state);
        });
    });
}

fn tender(json: &mut Json, merchant: &Merchant, (record, bill): (&OrderRecord, &Bill)) {
    let payment = (record.payment != NONE).then_some(record.payment);
    json.list("tenders", payment, |json, payment| {
        let id = merchant.ids.text(Kind::Payment, u64::from(payment));
        json.object(|json| {
            json.text("id", &id);
            json.text("location_id", &merchant.ids.text(Kind::Location, u64::from(record.store)));
            json.moment("created_at", merchant.payments.payment(payment).created);
            json.money("amount_money", bill.net(), merchant.market.currency);
            json.text("type", if record.is_cash { "CASH" } else { "CARD" });
            json.text("payment_id", &id);
        });
    });
}

/// Writes hundredths of a percent as the vendor does: `8.0`, `12.5`.
pub(super) fn percentage(rate: i64) -> String {
    format!("{}.{}", rate / 100, rate % 100 / 10)
}
