//! What a shopper brings to the till.

use super::catalog::PROMOTIONS;
use super::merchant::Merchant;
use super::orders::{CUSTOM_AMOUNT, LineRecord};
use crate::dice::{Dice, mix};
use crate::square::moment::{DAY, Moment};

/// How many lines a basket has: a number, and how many of a thousand baskets have it.
const SIZES: [(u32, u32); 7] = [(1, 420), (2, 240), (3, 140), (4, 90), (6, 60), (9, 35), (14, 15)];

/// Lines of an average basket, in hundredths.
pub(crate) const AVERAGE_LINES: u64 = 240;

/// How many of a thousand variations are on promotion in a week.
const PROMOTED: u64 = 60;

/// The most a shopper carries of a thing that is weighed, in thousandths.
const MOST_WEIGHED: u32 = 1_800;

/// Draws a basket: never empty, nothing twice, and nothing that the shelf does not have.
///
/// Returns nothing if the shopper finds the shelves empty.
pub(crate) fn basket(
    merchant: &Merchant,
    store: u16,
    at: Moment,
    dice: &mut Dice,
) -> Vec<LineRecord> {
    let mut lines: Vec<LineRecord> = Vec::new();
    for _ in 0..size(dice) {
        let Some(variation) = merchant.catalog.choose(dice) else { break };
        let is_in_basket = lines.iter().any(|line| line.variation == variation);
        if !is_in_basket {
            lines.extend(take(merchant, (store, variation), at, dice));
        }
    }
    if dice.per_mille(u32::from(merchant.config.habits.custom_amount_per_mille)) {
        let unit_price = dice.between(100, 4_000) * merchant.market.price_level / 100;
        lines.push(LineRecord {
            variation: CUSTOM_AMOUNT,
            quantity: 1_000,
            unit_price,
            percent_off: 0,
            is_taxed: false,
            source: 0,
            name: 0,
        });
    }
    lines
}

/// Returns what the week's promotion takes off a variation, in percent.
pub(crate) fn percent_off(seed: u64, variation: u32, at: Moment) -> u8 {
    let week = at.0.div_euclid(7 * DAY) as u64;
    let chance = mix(seed ^ mix(week << 32 | u64::from(variation)));
    if chance % 1_000 < PROMOTED {
        PROMOTIONS[(chance >> 32) as usize % PROMOTIONS.len()]
    } else {
        0
    }
}

fn take(
    merchant: &Merchant,
    (store, number): (u16, u32),
    at: Moment,
    dice: &mut Dice,
) -> Option<LineRecord> {
    let variation = &merchant.catalog.variations[number as usize];
    let item = &merchant.catalog.items[variation.item as usize];
    if item.absent_at.contains(&store) {
        return None;
    }
    let wanted = if variation.is_weighed {
        dice.between(80, MOST_WEIGHED) / 5 * 5
    } else {
        match dice.below(100) {
            0..=81 => 1_000,
            82..=94 => 2_000,
            _ => dice.between(3, 6) * 1_000,
        }
    };
    // Counts are not perfect: now and then something is sold that the vendor thinks is not there.
    let shelf = merchant.stock.count(store, number).quantity;
    let takes_all = !variation.is_tracked() || dice.per_mille(4);
    let quantity = if takes_all { i64::from(wanted) } else { shelf.min(i64::from(wanted)) };
    if quantity <= 0 {
        return None;
    }
    let asked = dice.between(200, 3_000) * merchant.market.price_level / 100;
    Some(LineRecord {
        variation: number,
        quantity: quantity as u32,
        unit_price: variation.price_at(store).unwrap_or(asked),
        percent_off: percent_off(merchant.seed, number, at),
        is_taxed: variation.is_taxed,
        source: 0,
        name: item.name_number(),
    })
}

fn size(dice: &mut Dice) -> u32 {
    let mut point = dice.below(1_000);
    for (size, share) in SIZES {
        if point < share {
            return size;
        }
        point -= share;
    }
    1
}
