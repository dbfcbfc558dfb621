//! What an order comes to: what it sells, what it takes back, and the difference.

use super::amounts::{LineAmounts, Sums, price};
use super::merchant::Merchant;
use super::orders::{LineRecord, OrderRecord};
use super::payments::NONE;

/// The source of a returned line that returns no line: a sum of money.
pub(crate) const NO_LINE: u8 = u8::MAX;

/// The amounts of an order.
#[derive(Debug)]
pub(crate) struct Bill {
    pub(crate) sold: Vec<LineAmounts>,
    pub(crate) returned: Vec<LineAmounts>,
    pub(crate) sale: Sums,
    pub(crate) back: Sums,
}

impl Bill {
    /// Works out the amounts of an order.
    pub(crate) fn of(merchant: &Merchant, order: &OrderRecord) -> Self {
        let orders = &merchant.orders;
        let sold = price(orders.sold(order), i64::from(order.coupon), merchant.market);
        let returned = returned(merchant, order.source_order, orders.returned(order));
        let (sale, back) = (Sums::of(&sold), Sums::of(&returned));
        Self { sold, returned, sale, back }
    }

    /// Returns what the customer pays, or gets when it is below nothing.
    pub(crate) const fn net(&self) -> i64 {
        self.sale.total - self.back.total
    }
}

/// Works out what lines that come back are worth: their part of what was paid for them.
pub(crate) fn returned(
    merchant: &Merchant,
    source_order: u32,
    lines: &[LineRecord],
) -> Vec<LineAmounts> {
    if lines.is_empty() {
        return Vec::new();
    }
    let source = (source_order != NONE).then(|| merchant.orders.order(source_order));
    let source_lines = source.map_or(&[][..], |source| merchant.orders.sold(source));
    let coupon = source.map_or(0, |source| i64::from(source.coupon));
    let paid = price(source_lines, coupon, merchant.market);
    lines
        .iter()
        .flat_map(|line| {
            let at = usize::from(line.source);
            match (source_lines.get(at), paid.get(at)) {
                (Some(source), Some(paid)) if line.source != NO_LINE => {
                    let (part, whole) = (i64::from(line.quantity), i64::from(source.quantity));
                    vec![paid.share(part, whole, merchant.market)]
                }
                _ => price(std::slice::from_ref(line), 0, merchant.market),
            }
        })
        .collect()
}
