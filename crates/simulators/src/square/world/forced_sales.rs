//! Sales and returns that a test makes happen.

use super::bill::{Bill, NO_LINE};
use super::force::{ForcedLine, ForcedReturn, ForcedSale};
use super::ids::Kind;
use super::lookup::{order, positive, refuse, store, variation};
use super::merchant::Merchant;
use super::orders::{CUSTOM_AMOUNT, Channel, LineRecord, NewOrder, OrderRecord, State};
use super::payments::NONE;
use super::shopping::percent_off;
use super::take_back::{TakeBack, sum_of_money};
use super::{sales, take_back};
use crate::square::SquareError;
use crate::square::moment::{HOUR, Moment, SECOND};

/// Sells now, or lets a late sale arrive; answers with the order's id.
pub(super) fn sell(merchant: &mut Merchant, sale: &ForcedSale) -> Result<String, SquareError> {
    let now = merchant.now;
    let store = store(merchant, &sale.location_id)?;
    let lines = lines(merchant, store, &sale.lines)?;
    if lines.is_empty() || sale.hours_late > 72 {
        return refuse("a sale needs lines, and is at most 72 hours late");
    }
    let closed = now.plus(-HOUR * i64::from(sale.hours_late));
    let (channel, state, closed, created) = match (sale.is_open, sale.hours_late) {
        (true, _) => (Channel::Online, State::Open, Moment::NEVER, now),
        (false, 0) => (Channel::Till, State::Completed, closed, closed.plus(-30 * SECOND)),
        (false, _) => (Channel::OfflineTill, State::Completed, closed, closed.plus(-30 * SECOND)),
    };
    let new = NewOrder {
        store,
        channel,
        state,
        created,
        closed,
        is_cash: false,
        coupon: sale.coupon,
        lines,
        returns: Vec::new(),
        source_order: None,
    };
    let order =
        if sale.is_open { sales::open(merchant, new) } else { sales::take_in(merchant, new) };
    Ok(merchant.ids.text(Kind::Order, u64::from(order)).to_string())
}

/// Takes goods or money back now; answers with the id of the order that does.
pub(super) fn take(merchant: &mut Merchant, back: &ForcedReturn) -> Result<String, SquareError> {
    let source = order(merchant, &back.order_id)?;
    let record = *merchant.orders.order(source);
    let is_done = record.is_returned || record.has_returns();
    if record.state != State::Completed || is_done || record.payment == NONE {
        return refuse("only a completed, paid sale can come back, and only once");
    }
    let lines = match back.amount {
        Some(amount) => {
            if i64::from(amount) > Bill::of(merchant, &record).net() {
                return refuse("more than was paid cannot go back");
            }
            sum_of_money(i64::from(amount)).into_iter().collect()
        }
        None => returned_lines(merchant, &record, &back.lines)?,
    };
    if lines.is_empty() {
        return refuse("nothing comes back");
    }
    let back = TakeBack {
        store: record.store,
        source_order: Some(source),
        lines,
        instead: self::lines(merchant, record.store, &back.instead)?,
        is_cash: record.is_cash,
        reason: "Returned goods",
    };
    let order = take_back::take_back(merchant, back);
    Ok(merchant.ids.text(Kind::Order, u64::from(order)).to_string())
}

/// Pays money back now and takes nothing; answers with the refund's id.
pub(super) fn refund(
    merchant: &mut Merchant,
    (order_id, amount): (&str, u32),
) -> Result<String, SquareError> {
    let source = order(merchant, order_id)?;
    let record = *merchant.orders.order(source);
    if record.state != State::Completed || record.payment == NONE {
        return refuse("only what was paid for can be paid back");
    }
    let paid = Bill::of(merchant, &record).net();
    let left = paid - merchant.refunds.refunded(record.payment, merchant.now);
    if amount == 0 || i64::from(amount) > left {
        return refuse("more than was paid, or nothing, cannot go back");
    }
    let number = take_back::refund_amount(merchant, source, i64::from(amount));
    Ok(merchant.ids.text(Kind::Refund, u64::from(number)).to_string())
}

fn returned_lines(
    merchant: &Merchant,
    record: &OrderRecord,
    wanted: &[(usize, String)],
) -> Result<Vec<LineRecord>, SquareError> {
    let sold = merchant.orders.sold(record);
    if wanted.is_empty() {
        let all = (0_u8..).zip(sold).map(|(source, line)| LineRecord { source, ..*line });
        return Ok(all.collect());
    }
    let mut lines = Vec::with_capacity(wanted.len());
    for (at, quantity) in wanted {
        let quantity = positive(quantity)?;
        match sold.get(*at).filter(|line| line.quantity >= quantity) {
            Some(line) => lines.push(LineRecord { quantity, source: *at as u8, ..*line }),
            None => return refuse("the order has no such line, or not so many of it"),
        }
    }
    Ok(lines)
}

fn lines(
    merchant: &Merchant,
    store: u16,
    wanted: &[ForcedLine],
) -> Result<Vec<LineRecord>, SquareError> {
    if wanted.len() >= usize::from(NO_LINE) {
        return refuse("an order has fewer than 255 lines here");
    }
    wanted.iter().map(|line| self::line(merchant, store, line)).collect()
}

fn line(merchant: &Merchant, store: u16, line: &ForcedLine) -> Result<LineRecord, SquareError> {
    let quantity = positive(&line.quantity)?;
    let Some(id) = &line.variation_id else {
        let Some(unit_price) = line.unit_price else { return refuse("a sum needs its unit_price") };
        let (variation, percent_off, is_taxed) = (CUSTOM_AMOUNT, 0, false);
        return Ok(LineRecord {
            variation,
            quantity,
            unit_price,
            percent_off,
            is_taxed,
            source: 0,
            name: 0,
        });
    };
    let number = variation(merchant, id)?;
    let entry = &merchant.catalog.variations[number as usize];
    let Some(unit_price) = line.unit_price.or(entry.price_at(store)) else {
        return refuse("the variation has no price of its own: give unit_price");
    };
    Ok(LineRecord {
        variation: number,
        quantity,
        unit_price,
        percent_off: percent_off(merchant.seed, number, merchant.now),
        is_taxed: entry.is_taxed,
        source: 0,
        name: merchant.catalog.name_number(number),
    })
}
