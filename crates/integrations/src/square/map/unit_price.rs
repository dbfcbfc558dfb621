//! The price of one unit, so that quantity × price − discount + tax is the total.
//!
//! The vendor's base price leaves out modifiers, contains taxes of the inclusive kind, and has no
//! fractions of a cent where goods are weighed.

use rust_decimal::{Decimal, RoundingStrategy};

/// How many decimals a price may have; the rules refuse more.
const DECIMALS: u32 = 4;

/// What a line says of its price.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinePrice {
    pub(super) quantity: Decimal,
    /// The price of one unit without modifiers.
    pub(super) base: Option<Decimal>,
    /// Before discounts and taxes, with modifiers.
    pub(super) gross: Option<Decimal>,
    pub(super) discount: Decimal,
    pub(super) tax: Decimal,
    pub(super) total: Decimal,
    /// The smallest unit of the currency.
    pub(super) unit: Decimal,
}

/// Returns the price of one unit before discounts and taxes; `None` where no price of four decimals
/// says it closely enough. A line whose own amounts contradict each other keeps the price it tells,
/// so that the rules refuse it.
pub(super) fn of(line: LinePrice) -> Option<Decimal> {
    let goods = line.total - line.tax + line.discount;
    let fits = |price: &Decimal| {
        price.checked_mul(line.quantity).is_some_and(|sum| (sum - goods).abs() <= line.unit)
    };
    if let Some(base) = line.base.filter(|base| fits(base)) {
        return Some(base);
    }
    // Either the gross amount has no tax in it, or all of it: a tax that prices contain.
    let is_explained = line.gross.is_none_or(|gross| {
        let contained = goods + line.tax;
        (gross - goods).abs() <= line.unit || (gross - contained).abs() <= line.unit
    });
    let told = if is_explained { goods } else { line.gross.unwrap_or(goods) };
    let price = told
        .checked_div(line.quantity)?
        .round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointNearestEven);
    (!is_explained || fits(&price)).then_some(price)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Quantity, base, gross, discount, tax, total.
    fn price(amounts: [&str; 6]) -> Option<String> {
        let [quantity, base, gross, discount, tax, total] = amounts.map(decimal);
        let line = LinePrice {
            quantity,
            base: Some(base),
            gross: Some(gross),
            discount,
            tax,
            total,
            unit: decimal("0.01"),
        };
        of(line).map(|price| price.normalize().to_string())
    }

    #[test]
    fn a_plain_line_keeps_its_base_price() {
        assert_eq!(price(["2", "11", "22", "2", "1.6", "21.6"]).unwrap(), "11");
    }

    #[test]
    fn modifiers_are_part_of_the_price() {
        assert_eq!(price(["2", "3.50", "9", "0", "0", "9"]).unwrap(), "4.5");
    }

    #[test]
    fn a_tax_that_the_price_contains_is_taken_out_of_it() {
        assert_eq!(price(["2", "12", "24", "0", "4", "24"]).unwrap(), "10");
        assert_eq!(price(["2", "12", "20", "0", "4", "24"]).unwrap(), "10");
    }

    #[test]
    fn weighed_goods_round_to_the_cent() {
        assert_eq!(price(["0.333", "9.99", "3.33", "0", "0", "3.33"]).unwrap(), "9.99");
    }

    #[test]
    fn a_contradiction_is_left_for_the_rules_to_refuse() {
        assert_eq!(price(["2", "11", "22", "0", "0", "30"]).unwrap(), "11");
    }

    #[test]
    fn no_price_is_better_than_one_that_is_not_close_enough() {
        assert_eq!(price(["70000", "0", "1000.03", "0", "0", "1000.03"]), None);
    }
}
