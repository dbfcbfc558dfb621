//! Returns with goods that orders on earlier pages told of: the refunds that paid them back need not be
//! asked about one by one.

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;

use crate::square::map;
use crate::square::wire::{Money, Order, OrderAmounts, OrderReturn, PaymentRefund};

/// How far apart in time a return's order and its refund are made.
pub(super) const SAME_RETURN: SignedDuration = SignedDuration::from_mins(5);

/// How many are remembered; some 200 bytes each. What is forgotten is asked about.
const REMEMBERED: usize = 50_000;

/// Money that went back for goods.
#[derive(Clone, Debug)]
pub(super) struct PaidBack {
    /// The order that took the goods back.
    pub(super) order: String,
    pub(super) made_at: Timestamp,
    /// In the smallest unit; none where the order does not tell it.
    amount: Option<i64>,
    /// Its place among what went back for that order.
    place: usize,
}

/// What is known of the goods of a refund.
#[derive(Debug)]
pub(super) enum Goods {
    /// No return about that time paid back as much.
    Unknown,
    /// The order that took them back is the one that the refund names.
    Told,
    /// Returns about that time paid back as much, each of these to one refund.
    Alike(Vec<PaidBack>),
}

/// Returns with goods: what each paid back and when, by what its refunds may name.
#[derive(Debug, Default)]
pub(in crate::square) struct ReturnsSeen {
    /// By the order that had sold the goods.
    by_order: FxHashMap<String, Vec<PaidBack>>,
    /// By the payment that was paid back.
    by_payment: FxHashMap<String, Vec<PaidBack>>,
}

impl PaidBack {
    /// Whether a refund of that time and amount may be the one.
    pub(super) fn fits(&self, refund: &PaymentRefund) -> bool {
        let made_at = map::instant(refund.created_at.as_deref());
        made_at.is_some_and(|at| self.made_at.duration_since(at).abs() <= SAME_RETURN)
            && is_amount(self.amount, refund)
    }
}

impl ReturnsSeen {
    /// Remembers an order if goods came back with it.
    pub(in crate::square) fn learn(&mut self, order: &Order<'_>) {
        let made_at = map::instant(order.created_at.as_deref());
        let (Some(made_at), Some(id)) = (made_at, &order.id) else { return };
        if !has_goods(order) {
            return;
        }
        if self.by_order.len().max(self.by_payment.len()) >= REMEMBERED {
            *self = Self::default();
        }
        for (place, (payment, amount)) in paid_back(order).into_iter().enumerate() {
            let paid = PaidBack { order: id.clone(), made_at, amount, place };
            let sources =
                order.returns.iter().flatten().filter_map(|it| it.source_order_id.as_ref());
            for source in sources {
                remember(self.by_order.entry(source.clone()).or_default(), &paid);
            }
            if let Some(payment) = payment {
                remember(self.by_payment.entry(payment.to_owned()).or_default(), &paid);
            }
        }
    }

    /// Returns what went back, at any time, for the order or to the payment that a refund names.
    pub(super) fn joined_to(&self, refund: &PaymentRefund) -> Vec<PaidBack> {
        let of = |known: &FxHashMap<String, Vec<PaidBack>>, id: &Option<String>| {
            id.as_ref().and_then(|id| known.get(id)).cloned().unwrap_or_default()
        };
        let mut joined = of(&self.by_order, &refund.order_id);
        for paid in of(&self.by_payment, &refund.payment_id) {
            remember(&mut joined, &paid);
        }
        joined
    }

    /// Returns what is known of the goods of a refund.
    pub(super) fn goods_of(&self, refund: &PaymentRefund) -> Goods {
        let mut alike = self.joined_to(refund);
        alike.retain(|paid| paid.fits(refund));
        if alike.iter().any(|paid| refund.order_id.as_ref() == Some(&paid.order)) {
            Goods::Told
        } else if alike.is_empty() {
            Goods::Unknown
        } else {
            Goods::Alike(alike)
        }
    }
}

/// Adds what went back; an order that is read again tells the same, or the amount of now.
fn remember(known: &mut Vec<PaidBack>, paid: &PaidBack) {
    known.retain(|other| (&other.order, other.place) != (&paid.order, paid.place));
    known.push(paid.clone());
}

/// Returns what went back with an order: to which payment, and how much. While the order does not list it
/// yet, it is what the order comes to.
fn paid_back<'o>(order: &'o Order<'_>) -> Vec<(Option<&'o str>, Option<i64>)> {
    if let Some(listed) = order.refunds.as_ref().filter(|listed| !listed.is_empty()) {
        // The money of one that failed never went back: another is made in its place.
        let paid = listed
            .iter()
            .filter(|paid| !matches!(paid.status.as_deref(), Some("REJECTED" | "FAILED")));
        return paid
            .map(|paid| (paid.tender_id.as_deref(), units(paid.amount_money.as_ref())))
            .collect();
    }
    let total = |amounts: &Option<OrderAmounts>| {
        amounts.as_ref().and_then(|amounts| units(amounts.total_money.as_ref()))
    };
    match total(&order.net_amounts).map(i64::saturating_neg) {
        // An exchange for something dearer.
        Some(..=0) => Vec::new(),
        Some(owed) => vec![(None, Some(owed))],
        None => vec![(None, total(&order.return_amounts))],
    }
}

fn units(money: Option<&Money>) -> Option<i64> {
    money.and_then(|money| money.amount)
}

/// Whether a refund is of that amount, as far as both are told.
fn is_amount(amount: Option<i64>, refund: &PaymentRefund) -> bool {
    let refunded = units(refund.amount_money.as_ref());
    amount.zip(refunded).is_none_or(|(amount, refunded)| amount == refunded)
}

/// Whether an order that a refund names tells its goods. One that also sold something may be paid back in
/// part for another reason.
pub(super) fn tells_goods_of(order: &Order<'_>, refund: &PaymentRefund) -> bool {
    let has_sold = order.line_items.as_ref().is_some_and(|lines| !lines.is_empty());
    let is_paid_back = || paid_back(order).iter().any(|(_, amount)| is_amount(*amount, refund));
    has_goods(order) && (!has_sold || is_paid_back())
}

/// Whether goods came back with an order.
fn has_goods(order: &Order<'_>) -> bool {
    let has_lines = |returned: &OrderReturn<'_>| {
        returned.return_line_items.as_ref().is_some_and(|lines| !lines.is_empty())
    };
    order.returns.iter().flatten().any(has_lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refund(order: &str, payment: &str, at: &str, amount: i64) -> PaymentRefund {
        let json = format!(
            r#"{{"id":"R","order_id":"{order}","payment_id":"{payment}","created_at":"{at}",
                "amount_money":{{"amount":{amount},"currency":"USD"}}}}"#
        );
        map::parse(&json).unwrap()
    }

    fn order(members: &str) -> String {
        format!(
            r#"{{"id":"B","created_at":"2026-11-20T10:00:00Z",
                "returns":[{{"source_order_id":"A","return_line_items":[{{}}]}}],{members}}}"#
        )
    }

    fn seen(json: &str) -> ReturnsSeen {
        let mut seen = ReturnsSeen::default();
        // What is read twice is one return.
        for _ in 0..2 {
            seen.learn(&map::parse(json).unwrap());
        }
        seen
    }

    /// Which of so many payments a refund may be; none are needed where its own order tells its goods.
    fn alike(seen: &ReturnsSeen, refund: &PaymentRefund) -> Option<usize> {
        match seen.goods_of(refund) {
            Goods::Unknown => Some(0),
            Goods::Told => None,
            Goods::Alike(paid) => Some(paid.len()),
        }
    }

    #[test]
    fn a_refund_is_told_by_the_order_or_the_payment_it_names_about_the_same_time() {
        let json = order(r#""refunds":[{"tender_id":"P","amount_money":{"amount":500}}]"#);
        let seen = seen(&json);
        let found = |order, payment, at: &str| {
            alike(&seen, &refund(order, payment, &format!("2026-11-20T{at}:00Z"), 500))
        };
        assert_eq!(found("A", "x", "10:04"), Some(1));
        assert_eq!(found("x", "P", "09:56"), Some(1));
        assert_eq!(found("A", "P", "10:00"), Some(1), "both name the same");
        assert_eq!(found("B", "P", "10:00"), None, "it names the return itself");
        assert_eq!(found("A", "P", "10:06"), Some(0), "another return");
        assert_eq!(found("x", "y", "10:00"), Some(0));
    }

    #[test]
    fn a_refund_of_another_amount_is_not_the_returns() {
        let at = "2026-11-20T10:01:00Z";
        let two = r#""refunds":[{"tender_id":"P","amount_money":{"amount":500}},
            {"tender_id":"Q","amount_money":{"amount":300}}]"#;
        let both = seen(&order(two));
        let found = |payment, amount| alike(&both, &refund("x", payment, at, amount)).unwrap();
        assert_eq!((found("P", 500), found("Q", 300)), (1, 1));
        assert_eq!((found("P", 300), found("P", 200)), (0, 0));
        assert_eq!(alike(&both, &refund("A", "x", at, 300)), Some(1));
        // Not listed yet: what the order comes to.
        let net = r#""net_amounts":{"total_money":{"amount":-500}},
            "return_amounts":{"total_money":{"amount":800}}"#;
        let found = |json: &str, amount| {
            let refund = refund("A", "P", at, amount);
            alike(&seen(json), &refund).unwrap()
        };
        assert_eq!((found(&order(net), 500), found(&order(net), 800)), (1, 0));
        let returned = r#""return_amounts":{"total_money":{"amount":800}}"#;
        assert_eq!((found(&order(returned), 500), found(&order(returned), 800)), (0, 1));
        let dearer = net.replace("-500", "100");
        assert_eq!(found(&order(&dearer), 800), 0, "nothing went back");
        let silent = r#""refunds":[{"tender_id":"P"}]"#;
        assert_eq!(found(&order(silent), 7), 1, "no amount is told");
        let failed =
            r#""refunds":[{"tender_id":"P","status":"FAILED","amount_money":{"amount":500}}]"#;
        assert_eq!(found(&order(failed), 500), 0, "its money never went back");
    }

    #[test]
    fn what_returns_no_goods_tells_of_none() {
        let empty = order(r#""refunds":[{"tender_id":"P"}]"#).replace("[{}]", "[]");
        let refund = refund("A", "P", "2026-11-20T10:00:00Z", 1);
        assert_eq!(alike(&seen(&empty), &refund), Some(0));
        assert!(!tells_goods_of(&map::parse(&empty).unwrap(), &refund));
    }

    #[test]
    fn an_order_that_only_took_back_tells_all_of_its_refunds_and_an_exchange_those_of_its_amount() {
        let paid = r#""refunds":[{"tender_id":"P","amount_money":{"amount":500}}]"#;
        let tells = |json: &str, amount| {
            let refund = refund("B", "P", "2026-11-20T10:00:00Z", amount);
            tells_goods_of(&map::parse(json).unwrap(), &refund)
        };
        assert!(tells(&order(paid), 400));
        let exchange = order(&format!(r#"{paid},"line_items":[{{}}]"#));
        assert!(tells(&exchange, 500) && !tells(&exchange, 400));
    }
}
