//! How goods come back: as orders of their own, with money that goes back or other goods.

use super::agenda::Task;
use super::bill::{Bill, NO_LINE};
use super::events::Happening;
use super::merchant::Merchant;
use super::orders::{CUSTOM_AMOUNT, Channel, LineRecord, NewOrder, State};
use super::payments::NONE;
use super::refunds::{RefundRecord, RefundStatus};
use super::sales;
use super::shopping::basket;
use crate::dice::Dice;
use crate::square::moment::{MINUTE, SECOND};

/// Reasons that customers give.
const REASONS: [&str; 4] = ["Returned goods", "Accidental charge", "Faulty", "Changed their mind"];

/// Goods to take back, or a sum.
#[derive(Debug)]
pub(crate) struct TakeBack {
    pub(crate) store: u16,
    /// The order that sold them, or nothing without a receipt.
    pub(crate) source_order: Option<u32>,
    pub(crate) lines: Vec<LineRecord>,
    /// What the customer takes instead.
    pub(crate) instead: Vec<LineRecord>,
    pub(crate) is_cash: bool,
    pub(crate) reason: &'static str,
}

/// A customer comes back with an order's goods.
pub(crate) fn come_back(merchant: &mut Merchant, order: u32) {
    let record = *merchant.orders.order(order);
    let is_done = record.is_returned || record.has_returns();
    if record.state != State::Completed || is_done || record.payment == NONE {
        return;
    }
    let mut dice = merchant.dice("return", u64::from(order));
    let reason = *dice.pick(&REASONS);
    let sold = merchant.orders.sold(&record).to_vec();
    let mut back = TakeBack {
        store: record.store,
        source_order: Some(order),
        lines: Vec::new(),
        instead: Vec::new(),
        is_cash: record.is_cash,
        reason,
    };
    match dice.below(100) {
        0..=9 => {
            back.source_order = None;
            back.is_cash = true;
            back.lines
                .extend(one_unit(&sold, 0).map(|line| LineRecord { source: NO_LINE, ..line }));
        }
        10..=21 => {
            back.lines.extend(one_unit(&sold, 0));
            back.instead = basket(merchant, record.store, merchant.now, &mut dice);
        }
        22..=29 => {
            let paid = Bill::of(merchant, &record).net();
            let amount = paid * i64::from(dice.between(10, 50)) / 100;
            back.lines.extend(sum_of_money(amount));
            back.reason = "Price adjustment";
        }
        _ => back.lines = some_of(&sold, &mut dice),
    }
    if !back.lines.is_empty() {
        take_back(merchant, back);
    }
}

/// Takes goods back now, and returns the order that does.
pub(crate) fn take_back(merchant: &mut Merchant, back: TakeBack) -> u32 {
    let now = merchant.now;
    let TakeBack { store, source_order, lines, instead, is_cash, reason } = back;
    let new = NewOrder {
        store,
        channel: Channel::Till,
        state: State::Completed,
        created: now.plus(-20 * SECOND),
        closed: now,
        is_cash,
        coupon: 0,
        lines: instead,
        returns: lines,
        source_order,
    };
    let order = sales::take_in(merchant, new);
    if let Some(source) = source_order {
        merchant.orders.set_returned(source);
    }
    let record = *merchant.orders.order(order);
    let owed = -Bill::of(merchant, &record).net();
    if owed > 0 {
        let payment = source_order.map_or(NONE, |source| merchant.orders.order(source).payment);
        let refund = RefundRecord {
            created: now,
            updated: now,
            amount: owed,
            payment,
            order,
            store,
            status: RefundStatus::Pending,
            reason,
            is_of_goods: true,
        };
        give_back(merchant, refund, is_cash);
    }
    order
}

/// Pays money of an order back and takes no goods, and returns the refund: it names the order that sold.
pub(crate) fn refund_amount(merchant: &mut Merchant, order: u32, amount: i64) -> u32 {
    let (now, record) = (merchant.now, *merchant.orders.order(order));
    let refund = RefundRecord {
        created: now,
        updated: now,
        amount,
        payment: record.payment,
        order,
        store: record.store,
        status: RefundStatus::Pending,
        reason: "Goodwill",
        is_of_goods: false,
    };
    give_back(merchant, refund, record.is_cash)
}

/// The bank says how a refund went.
pub(crate) fn settle(merchant: &mut Merchant, number: u32, status: RefundStatus) {
    let now = merchant.now;
    let refund = *merchant.refunds.refund(number);
    if refund.status != RefundStatus::Pending {
        return;
    }
    merchant.refunds.settle(number, status, now);
    if refund.is_of_goods {
        merchant.orders.change(refund.order, now, |_| {});
    }
    merchant.tell(now, Happening::RefundUpdated { refund: number });
    touch_payment(merchant, refund.payment);
}

/// Returns a line that takes a sum of money back and no goods.
pub(crate) fn sum_of_money(amount: i64) -> Option<LineRecord> {
    let unit_price = u32::try_from(amount).ok().filter(|amount| *amount > 0)?;
    Some(LineRecord {
        variation: CUSTOM_AMOUNT,
        quantity: 1_000,
        unit_price,
        percent_off: 0,
        is_taxed: false,
        source: NO_LINE,
        name: 0,
    })
}

fn give_back(merchant: &mut Merchant, refund: RefundRecord, is_cash: bool) -> u32 {
    let now = merchant.now;
    let payment = refund.payment;
    let status = if is_cash { RefundStatus::Completed } else { RefundStatus::Pending };
    let number = merchant.refunds.add(RefundRecord { status, ..refund });
    merchant.tell(now, Happening::RefundCreated { refund: number });
    touch_payment(merchant, payment);
    if status == RefundStatus::Pending {
        let mut dice = merchant.dice("bank", u64::from(number));
        let minutes =
            if dice.per_mille(700) { dice.between(1, 30) } else { dice.between(60, 4_000) };
        let status = match dice.below(100) {
            0..=1 => RefundStatus::Rejected,
            2 => RefundStatus::Failed,
            _ => RefundStatus::Completed,
        };
        let due = now.plus(i64::from(minutes) * MINUTE);
        merchant.agenda.set(due, Task::Settle { refund: number, status });
    }
    number
}

fn touch_payment(merchant: &mut Merchant, payment: u32) {
    if payment != NONE {
        let now = merchant.now;
        merchant.payments.touch(payment, now);
        merchant.tell(now, Happening::PaymentUpdated { payment });
    }
}

/// Returns one unit of a line, or all of what is weighed.
fn one_unit(sold: &[LineRecord], at: usize) -> Option<LineRecord> {
    let line = *sold.get(at)?;
    let is_in_units = line.quantity.is_multiple_of(1_000);
    let quantity = if is_in_units { 1_000 } else { line.quantity };
    Some(LineRecord { quantity, source: at as u8, ..line })
}

/// Draws lines that come back: at least one, some of them not wholly.
fn some_of(sold: &[LineRecord], dice: &mut Dice) -> Vec<LineRecord> {
    let sure = dice.below(sold.len().max(1) as u32) as usize;
    let mut lines = Vec::new();
    for (at, line) in sold.iter().enumerate() {
        if at != sure && !dice.per_mille(400) {
            continue;
        }
        if dice.per_mille(500) {
            lines.extend(one_unit(sold, at));
        } else {
            lines.push(LineRecord { source: at as u8, ..*line });
        }
    }
    lines
}
