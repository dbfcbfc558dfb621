//! What a basket line costs, in whole cents.

use super::dice::Dice;

/// How many of a thousand lines are free: buy one, get another.
const FREE_LINES: u32 = 2;

/// How many of a thousand lines have a coupon of their maker's.
const COUPON_LINES: u32 = 15;

/// What coupons are worth, in cents.
const COUPON_CENTS: [i64; 7] = [25, 35, 40, 50, 55, 75, 100];

/// The round sums, in cents, that half of the drivers fill their tank for.
const ROUND_FILLS: [u32; 7] = [1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000];

/// How many units a line has: a number, and how many of a thousand lines have it.
pub(super) const QUANTITIES: [(u32, u64); 9] =
    [(1, 792), (2, 145), (3, 27), (4, 16), (5, 6), (6, 6), (8, 4), (10, 2), (12, 2)];

/// The amounts of a line. What its maker's coupon pays is part of the sales value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Price {
    /// What the retailer receives.
    pub(super) sales_cents: i64,
    /// What the retailer takes off.
    pub(super) retail_discount_cents: i64,
    /// What the maker's coupon is worth.
    pub(super) coupon_cents: i64,
    /// What the retailer adds to the coupon.
    pub(super) coupon_match_cents: i64,
}

impl Price {
    /// Prices units of a product on promotion by so many percent, perhaps none.
    pub(super) fn of(unit_cents: i64, quantity: i64, percent_off: u32, dice: &mut Dice) -> Self {
        let full_cents = unit_cents * quantity;
        if dice.per_mille(FREE_LINES) {
            return Self { retail_discount_cents: full_cents, ..Self::default() };
        }
        let retail_discount_cents = full_cents * i64::from(percent_off) / 100;
        let mut price = Self {
            sales_cents: full_cents - retail_discount_cents,
            retail_discount_cents,
            ..Self::default()
        };
        if dice.per_mille(COUPON_LINES) {
            price.coupon_cents = (*dice.pick(&COUPON_CENTS)).min(price.sales_cents);
            if dice.per_mille(470) {
                price.coupon_match_cents =
                    price.coupon_cents.min(price.sales_cents - price.coupon_cents);
                price.sales_cents -= price.coupon_match_cents;
            }
        }
        price
    }

    /// Draws a fill of a tank: its units, and what they cost.
    pub(super) fn of_fuel(
        cents_per_thousand: u32,
        (smallest, largest): (u32, u32),
        dice: &mut Dice,
    ) -> (i64, Self) {
        let drawn = dice.between(smallest, largest);
        let (units, cents) = if dice.per_mille(500) {
            let cents = *dice.pick(&ROUND_FILLS);
            (cents * 1_000 / cents_per_thousand, cents)
        } else {
            (drawn, (u64::from(drawn) * u64::from(cents_per_thousand) / 1_000) as u32)
        };
        // Members save ten cents on a thousand units; some cards are good for a cent only.
        let discount = match dice.below(3) {
            0 => 0,
            1 => 1,
            _ => i64::from(units / 100),
        };
        let price = Self {
            sales_cents: i64::from(cents),
            retail_discount_cents: discount,
            ..Self::default()
        };
        (i64::from(units), price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amounts_of_a_line_always_come_to_its_full_price() {
        let mut dice = Dice::new(9, "prices");
        for _ in 0..20_000 {
            let percent_off = 5 * dice.below(9);
            let price = Price::of(199, 3, percent_off, &mut dice);
            let whole = price.sales_cents + price.retail_discount_cents + price.coupon_match_cents;
            assert_eq!(whole, 597, "{price:?}");
            assert!(price.sales_cents >= 0 && price.coupon_cents >= 0, "{price:?}");
        }
    }

    #[test]
    fn fuel_comes_in_thousands_of_units_at_a_fraction_of_a_cent() {
        let mut dice = Dice::new(9, "fuel");
        for _ in 0..1_000 {
            let (units, price) = Price::of_fuel(242, (3_000, 20_000), &mut dice);
            assert!((3_000..=20_661).contains(&units), "{units}");
            assert!(price.sales_cents < units, "{units} for {price:?}");
        }
    }
}
