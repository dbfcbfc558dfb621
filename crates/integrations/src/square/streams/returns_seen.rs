//! Returns with goods that orders on earlier pages told of: the refunds that paid them back need not be
//! asked about one by one.

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;

use crate::square::map;
use crate::square::wire::{Order, OrderReturn, PaymentRefund};

/// How far apart in time a return's order and its refund are made.
pub(super) const SAME_RETURN: SignedDuration = SignedDuration::from_mins(5);

/// How many are remembered; some 100 bytes each. What is forgotten is asked about.
const REMEMBERED: usize = 50_000;

/// Returns with goods: when each was made, by what its refund may name.
#[derive(Debug, Default)]
pub(in crate::square) struct ReturnsSeen {
    /// By the order that had sold the goods.
    by_order: FxHashMap<String, Vec<Timestamp>>,
    /// By the payment that was paid back.
    by_payment: FxHashMap<String, Vec<Timestamp>>,
}

impl ReturnsSeen {
    /// Remembers an order if goods came back with it.
    pub(in crate::square) fn learn(&mut self, order: &Order<'_>) {
        let Some(made_at) = map::instant(order.created_at.as_deref()) else { return };
        if !has_goods(order) {
            return;
        }
        if self.by_order.len().max(self.by_payment.len()) >= REMEMBERED {
            *self = Self::default();
        }
        for id in order.returns.iter().flatten().filter_map(|it| it.source_order_id.as_ref()) {
            self.by_order.entry(id.clone()).or_default().push(made_at);
        }
        for id in order.refunds.iter().flatten().filter_map(|it| it.tender_id.as_ref()) {
            self.by_payment.entry(id.clone()).or_default().push(made_at);
        }
    }

    /// Whether an order made about the time of the refund is known to tell its goods.
    pub(super) fn tell_of(&self, refund: &PaymentRefund) -> bool {
        let Some(made_at) = map::instant(refund.created_at.as_deref()) else { return false };
        let is_near = |times: &Vec<Timestamp>| {
            times.iter().any(|time| time.duration_since(made_at).abs() <= SAME_RETURN)
        };
        let named = |known: &FxHashMap<String, Vec<Timestamp>>, id: &Option<String>| {
            id.as_ref().and_then(|id| known.get(id)).is_some_and(is_near)
        };
        named(&self.by_order, &refund.order_id) || named(&self.by_payment, &refund.payment_id)
    }
}

/// Whether goods came back with an order.
pub(super) fn has_goods(order: &Order<'_>) -> bool {
    let has_lines = |returned: &OrderReturn<'_>| {
        returned.return_line_items.as_ref().is_some_and(|lines| !lines.is_empty())
    };
    order.returns.iter().flatten().any(has_lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refund(order: &str, payment: &str, at: &str) -> PaymentRefund {
        let json = format!(
            r#"{{"id":"R","order_id":"{order}","payment_id":"{payment}","created_at":"{at}"}}"#
        );
        map::parse(&json).unwrap()
    }

    #[test]
    fn a_refund_is_told_by_the_order_or_the_payment_it_names_and_only_about_the_same_time() {
        let json = r#"{"id":"B","created_at":"2026-11-20T10:00:00Z",
            "returns":[{"source_order_id":"A","return_line_items":[{}]}],
            "refunds":[{"tender_id":"P"}]}"#;
        let mut seen = ReturnsSeen::default();
        seen.learn(&map::parse(json).unwrap());
        assert!(seen.tell_of(&refund("A", "x", "2026-11-20T10:04:00Z")));
        assert!(seen.tell_of(&refund("x", "P", "2026-11-20T09:56:00Z")));
        assert!(!seen.tell_of(&refund("A", "P", "2026-11-20T10:06:00Z")), "another return");
        assert!(!seen.tell_of(&refund("x", "y", "2026-11-20T10:00:00Z")));
        let empty = r#"{"id":"C","created_at":"2026-11-20T10:00:00Z",
            "returns":[{"source_order_id":"C","return_line_items":[]}]}"#;
        seen.learn(&map::parse(empty).unwrap());
        assert!(!seen.tell_of(&refund("C", "x", "2026-11-20T10:00:00Z")), "no goods");
    }
}
