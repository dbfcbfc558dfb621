//! What lines and orders cost, exactly: whole numbers of the currency's smallest unit.
//!
//! Shares of a discount are given out so that they add up to it; halves go to the even neighbour.

use super::market::Market;
use super::orders::LineRecord;

/// The amounts of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LineAmounts {
    /// Price times quantity.
    pub(crate) gross: i64,
    /// What the line's own promotion takes off.
    pub(crate) promotion: i64,
    /// The line's share of what is taken off the whole order.
    pub(crate) coupon: i64,
    /// The tax, whether on top or included.
    pub(crate) tax: i64,
    /// What the line costs in the end.
    pub(crate) total: i64,
}

/// The amounts of all lines of a kind together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) discount: i64,
    pub(crate) tax: i64,
    pub(crate) total: i64,
}

impl LineAmounts {
    /// Returns all that is taken off.
    pub(crate) const fn discount(&self) -> i64 {
        self.promotion + self.coupon
    }

    /// Returns the part of the amounts that `part` of `whole` units have.
    pub(crate) fn share(&self, part: i64, whole: i64, market: &Market) -> Self {
        let of = |amount: i64| divide(i128::from(amount) * i128::from(part), i128::from(whole));
        let (gross, promotion, coupon) = (of(self.gross), of(self.promotion), of(self.coupon));
        let tax = of(self.tax);
        let total = gross - promotion - coupon + on_top(tax, market);
        Self { gross, promotion, coupon, tax, total }
    }
}

impl Sums {
    /// Adds up lines.
    pub(crate) fn of(lines: &[LineAmounts]) -> Self {
        lines.iter().fold(Self::default(), |sums, line| Self {
            discount: sums.discount + line.discount(),
            tax: sums.tax + line.tax,
            total: sums.total + line.total,
        })
    }
}

/// Works out the lines of a sale with a coupon, perhaps of nothing, for all of it.
pub(crate) fn price(lines: &[LineRecord], coupon: i64, market: &Market) -> Vec<LineAmounts> {
    let mut amounts: Vec<LineAmounts> = lines
        .iter()
        .map(|line| {
            let gross = gross(line.unit_price, line.quantity);
            let percent_off = i128::from(line.percent_off);
            let promotion = divide(i128::from(gross) * percent_off, 100);
            LineAmounts { gross, promotion, ..LineAmounts::default() }
        })
        .collect();
    let net: i64 = amounts.iter().map(|line| line.gross - line.promotion).sum();
    let coupon = coupon.min(net);
    let (mut passed, mut given) = (0, 0);
    for (amounts, line) in amounts.iter_mut().zip(lines) {
        passed += amounts.gross - amounts.promotion;
        if net > 0 {
            let due = (i128::from(coupon) * i128::from(passed) / i128::from(net)) as i64;
            amounts.coupon = due - given;
            given = due;
        }
        let taxed = amounts.gross - amounts.discount();
        amounts.tax = if line.is_taxed { tax(taxed, market) } else { 0 };
        amounts.total = taxed + on_top(amounts.tax, market);
    }
    amounts
}

/// Returns price times thousandths of units.
pub(crate) fn gross(unit_price: u32, quantity: u32) -> i64 {
    divide(i128::from(unit_price) * i128::from(quantity), 1_000)
}

fn tax(net: i64, market: &Market) -> i64 {
    let rate = i128::from(market.tax_rate);
    let whole = if market.is_tax_included { 10_000 + rate } else { 10_000 };
    divide(i128::from(net) * rate, whole)
}

const fn on_top(tax: i64, market: &Market) -> i64 {
    if market.is_tax_included { 0 } else { tax }
}

/// Divides and rounds halves to the even neighbour.
fn divide(number: i128, by: i128) -> i64 {
    let (whole, rest) = (number.div_euclid(by), number.rem_euclid(by));
    let goes_up = rest * 2 > by || (rest * 2 == by && whole % 2 != 0);
    (whole + i128::from(goes_up)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::square::Country;

    fn line(unit_price: u32, quantity: u32, percent_off: u8) -> LineRecord {
        LineRecord {
            variation: 0,
            unit_price,
            quantity,
            percent_off,
            is_taxed: true,
            source: 0,
            name: 0,
        }
    }

    #[test]
    fn the_vendors_example_comes_out_to_the_cent() {
        let lines = [line(1_100, 2_000, 0)];
        let amounts = price(&lines, 200, Country::UnitedStates.market());
        let expected =
            LineAmounts { gross: 2_200, promotion: 0, coupon: 200, tax: 160, total: 2_160 };
        assert_eq!(amounts, [expected]);
        let half = amounts[0].share(1, 2, Country::UnitedStates.market());
        assert_eq!((half.gross, half.discount(), half.tax, half.total), (1_100, 100, 80, 1_080));
    }

    #[test]
    fn shares_of_a_coupon_add_up_and_included_tax_is_not_added() {
        let lines = [line(333, 1_000, 0), line(333, 1_000, 10), line(335, 1_000, 0)];
        let amounts = price(&lines, 100, Country::UnitedKingdom.market());
        assert_eq!(amounts.iter().map(|line| line.coupon).sum::<i64>(), 100);
        let sums = Sums::of(&amounts);
        let gross: i64 = amounts.iter().map(|line| line.gross).sum();
        assert_eq!(sums.total, gross - sums.discount);
        assert!(sums.tax > 0);
    }

    #[test]
    fn a_coupon_takes_no_more_than_there_is() {
        let amounts = price(&[line(300, 1_000, 0)], 500, Country::Japan.market());
        assert_eq!((amounts[0].coupon, amounts[0].tax, amounts[0].total), (300, 0, 0));
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        assert_eq!([divide(5, 10), divide(15, 10), divide(25, 10), divide(-5, 10)], [0, 2, 2, 0]);
    }
}
