//! What an order itself says that it comes to: the one thing that is not made of its lines, and so shows
//! where they are read wrongly.

use rust_decimal::Decimal;
use shelfops_ingest::values::Currency;

use super::amount;
use super::order::does_count;
use crate::square::wire::{Money, Order, RoundingAdjustment};

/// What an order says that it comes to, returns taken off, taxes and charges for service left in.
#[derive(Clone, Copy, Debug)]
pub(in crate::square) struct ToldTotal {
    total: Decimal,
    tip: Decimal,
    /// What was rounded of a payment in cash, of what was sold and of what came back.
    rounded: [Decimal; 2],
}

impl ToldTotal {
    /// Reads it; `None` for an order that does not count, or does not say.
    pub(in crate::square) fn of(order: &Order<'_>) -> Option<Self> {
        if !does_count(order) {
            return None;
        }
        let net = order.net_amounts.as_ref();
        let returned = order.return_amounts.as_ref();
        let first = net.map_or(&order.total_money, |net| &net.total_money).as_ref()?;
        let currency = Currency::parse(first.currency.as_deref()?).ok()?;
        let of = |money: &Option<Money>| amount(money.as_ref(), currency).unwrap_or_default();
        let left = |sold: &Option<Money>, back: Option<&Option<Money>>| {
            of(sold) - back.map(of).unwrap_or_default()
        };
        let total = match net {
            Some(net) => of(&net.total_money),
            None => left(&order.total_money, returned.map(|back| &back.total_money)),
        };
        // Net amounts may tell the total alone.
        let tip = match net.filter(|net| net.tip_money.is_some()) {
            Some(net) => of(&net.tip_money),
            None => left(&order.total_tip_money, returned.map(|back| &back.tip_money)),
        };
        let rounding =
            |told: &Option<RoundingAdjustment>| told.as_ref().map(|told| of(&told.amount_money));
        let returns = order.returns.iter().flatten();
        let back = returns.filter_map(|returned| rounding(&returned.rounding_adjustment)).sum();
        let rounded = [rounding(&order.rounding_adjustment).unwrap_or_default(), back];
        Some(Self { total, tip, rounded })
    }

    /// Returns it without tips, which are no sales.
    pub(in crate::square) fn net(&self) -> Decimal {
        self.total - self.tip
    }

    /// Whether lines come to it. The documents do not say whether tips, and what is rounded of cash, are
    /// part of a total, nor which way the latter counts: an order that is right either way is right.
    pub(in crate::square) fn is_met_by(&self, lines: Decimal) -> bool {
        let ways = |rounded: Decimal| [Decimal::ZERO, rounded, -rounded];
        let [sold, back] = self.rounded.map(ways);
        [Decimal::ZERO, self.tip].iter().any(|tip| {
            sold.iter().any(|sold| back.iter().any(|back| self.total - tip + sold + back == lines))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::square::map::parse;

    fn money(amount: i64) -> Value {
        json!({ "amount": amount, "currency": "USD" })
    }

    fn told(order: Value) -> Option<ToldTotal> {
        let text = order.to_string();
        ToldTotal::of(&parse::<Order<'_>>(&text).unwrap())
    }

    fn is_met(order: Value, cents: i64) -> bool {
        told(order).unwrap().is_met_by(Decimal::new(cents, 2))
    }

    #[test]
    fn a_sale_comes_to_its_total_whether_or_not_a_tip_is_part_of_it() {
        let sale = json!({ "state": "COMPLETED", "total_money": money(2660),
            "total_tip_money": money(500) });
        assert_eq!(told(sale.clone()).unwrap().net().to_string(), "21.60");
        for (cents, meets) in [(2160, true), (2660, true), (2161, false), (500, false)] {
            assert_eq!(is_met(sale.clone(), cents), meets, "{cents}");
        }
    }

    #[test]
    fn what_came_back_is_taken_off_with_and_without_net_amounts() {
        let exchange = json!({ "state": "COMPLETED", "total_money": money(3000),
            "return_amounts": { "total_money": money(1080), "tip_money": money(0) } });
        assert!(is_met(exchange.clone(), 1920) && !is_met(exchange.clone(), 3000));
        let mut with_net = exchange;
        with_net["net_amounts"] = json!({ "total_money": money(-1080) });
        assert!(is_met(with_net.clone(), -1080) && !is_met(with_net, 1920));
    }

    #[test]
    fn a_tip_that_net_amounts_leave_out_is_the_orders_own() {
        let sale = json!({ "state": "COMPLETED", "total_money": money(2660),
            "total_tip_money": money(500), "net_amounts": { "total_money": money(2660) } });
        assert_eq!(told(sale.clone()).unwrap().net().to_string(), "21.60");
        let mut partly = sale;
        partly["net_amounts"]["total_money"] = money(1480);
        partly["return_amounts"] = json!({ "total_money": money(1180), "tip_money": money(100) });
        assert!(is_met(partly.clone(), 1080) && !is_met(partly, 980));
    }

    #[test]
    fn rounding_of_cash_is_no_difference_whichever_way_it_counts() {
        let mut order = json!({ "state": "COMPLETED", "total_money": money(1000),
            "rounding_adjustment": { "uid": "r", "amount_money": money(2) } });
        for (cents, meets) in [(998, true), (1000, true), (1002, true), (997, false)] {
            assert_eq!(is_met(order.clone(), cents), meets, "{cents}");
        }
        order["net_amounts"] = json!({ "total_money": money(-500) });
        order["returns"] = json!([{ "rounding_adjustment": { "amount_money": money(1) } }]);
        assert!(is_met(order.clone(), -501) && is_met(order.clone(), -503) && !is_met(order, -504));
    }

    #[test]
    fn an_order_that_does_not_count_or_does_not_say_is_met_by_anything() {
        for state in ["CANCELED", "DRAFT", "NEW"] {
            assert!(told(json!({ "state": state, "total_money": money(1) })).is_none(), "{state}");
        }
        for total in [json!(null), json!({ "amount": 1 }), json!({ "amount": 1, "currency": "?" })]
        {
            let order = json!({ "state": "OPEN", "total_money": total });
            assert!(told(order).is_none(), "{total}");
        }
        let yen = json!({ "amount": 500, "currency": "JPY" });
        let order = json!({ "state": "OPEN", "total_money": yen });
        assert_eq!(told(order).unwrap().net().to_string(), "500");
    }
}
