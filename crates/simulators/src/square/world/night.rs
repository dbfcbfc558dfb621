//! What happens when the shops are closed: deliveries are ordered, prices and range change.

use super::agenda::Task;
use super::events::Happening;
use super::merchant::Merchant;
use super::shopping::AVERAGE_LINES;
use super::stock::{Movement, MovementKind};
use crate::dice::{Dice, mix};
use crate::square::moment::{DAY, HOUR};

/// How long before a rush the shelves are filled for it; a delivery takes days.
const DAYS_AHEAD: i64 = 6;

/// How many days of sales a full shelf has.
const DAYS_OF_STOCK: u64 = 6;

/// The least of a thing that a full shelf has, in thousandths.
const LEAST_STOCK: i64 = 8_000;

/// Fills the shelves before the first day.
pub(crate) fn open(merchant: &mut Merchant) {
    let occurred = merchant.now;
    for (store, variation, full) in shelves(merchant) {
        let spread = mix(merchant.seed ^ u64::from(store) << 32 ^ u64::from(variation)) % 60 + 60;
        let quantity = full * spread as i64 / 100 / 1_000 * 1_000;
        let kind = MovementKind::PhysicalCount;
        merchant.stock.book(Movement { occurred, quantity, variation, store, kind });
    }
}

/// Does the nightly round.
pub(crate) fn round(merchant: &mut Merchant) {
    let now = merchant.now;
    merchant.agenda.set(now.plus(DAY), Task::Night);
    let mut dice = merchant.dice("night", now.0.div_euclid(DAY) as u64);
    change_prices(merchant, &mut dice);
    change_range(merchant, &mut dice);
    look_at_shelves(merchant, &mut dice);
}

/// Puts a delivery on the shelf.
pub(crate) fn deliver(merchant: &mut Merchant, (store, variation): (u16, u32), quantity: i64) {
    merchant.stock.set_ordered(store, variation, false);
    book(merchant, (store, variation), quantity, MovementKind::Received);
}

/// Books a movement now and tells about the new count.
pub(crate) fn book(
    merchant: &mut Merchant,
    (store, variation): (u16, u32),
    quantity: i64,
    kind: MovementKind,
) {
    let occurred = merchant.now;
    let changed = merchant.stock.book(Movement { occurred, quantity, variation, store, kind });
    merchant.tell(occurred, Happening::CountUpdated(changed));
}

fn change_prices(merchant: &mut Merchant, dice: &mut Dice) {
    let now = merchant.now;
    let chance = u32::from(merchant.config.habits.price_change_per_mille);
    let mut has_changed = false;
    for number in 0..merchant.catalog.variations.len() {
        let variation = &merchant.catalog.variations[number];
        let Some(price) = variation.price.filter(|_| !variation.meta.is_deleted) else { continue };
        if dice.per_mille(chance) {
            let price = (price * dice.between(90, 112) / 100).max(1);
            merchant.catalog.set_price(number as u32, None, price, now);
            has_changed = true;
        }
    }
    if has_changed {
        merchant.tell(now, Happening::CatalogUpdated);
    }
}

/// Takes new items in and old ones out: on a few nights only.
fn change_range(merchant: &mut Merchant, dice: &mut Dice) {
    let now = merchant.now;
    let places = (merchant.stores.count(), merchant.market.price_level);
    let is_new = dice.per_mille(250);
    if is_new {
        let item = merchant.catalog.add_item(places, now, dice);
        merchant.catalog.rank();
        stock_new_item(merchant, item);
    }
    let item = dice.below(merchant.catalog.items.len() as u32);
    let is_gone = merchant.catalog.items[item as usize].meta.is_deleted;
    let way = dice.below(1_000);
    if !is_gone && way < 200 {
        match way {
            0..=59 => merchant.catalog.delete_item(item, now),
            60..=99 => merchant.catalog.archive_item(item, now),
            _ => {
                let name = format!("{} (new)", merchant.catalog.items[item as usize].name());
                merchant.catalog.rename_item(item, &name, now);
            }
        }
    }
    if is_new || (!is_gone && way < 200) {
        merchant.tell(now, Happening::CatalogUpdated);
    }
}

fn stock_new_item(merchant: &mut Merchant, item: u32) {
    let variations = merchant.catalog.items[item as usize].variations.clone();
    let shelves: Vec<(u16, u32, i64)> = shelves(merchant)
        .into_iter()
        .filter(|(_, variation, _)| variations.contains(variation))
        .collect();
    for (store, variation, full) in shelves {
        book(merchant, (store, variation), full / 1_000 * 1_000, MovementKind::Received);
    }
}

/// Orders what runs out, throws away what spoils, and counts a few shelves.
fn look_at_shelves(merchant: &mut Merchant, dice: &mut Dice) {
    for (store, variation, full) in shelves(merchant) {
        let count = merchant.stock.count(store, variation);
        if count.quantity < full / 2 && !count.is_ordered {
            let quantity = (full - count.quantity) / 1_000 * 1_000 + 1_000;
            let late = if dice.per_mille(70) { 4 } else { 0 };
            let days = i64::from(dice.between(1, 3)) + late;
            let due = merchant.now.plus(days * DAY + 6 * HOUR + i64::from(dice.below(HOUR as u32)));
            merchant.stock.set_ordered(store, variation, true);
            merchant.agenda.set(due, Task::Deliver { store, variation, quantity });
        }
        let place = (store, variation);
        match dice.below(1_000) {
            0..=1 if count.quantity > 2_000 => book(merchant, place, 1_000, MovementKind::Waste),
            2..=4 => {
                let found = (count.quantity - i64::from(dice.below(3)) * 1_000).max(0);
                book(merchant, place, found, MovementKind::PhysicalCount);
            }
            _ => {}
        }
    }
}

/// Returns every shelf with what it has when full, in thousandths.
fn shelves(merchant: &Merchant) -> Vec<(u16, u32, i64)> {
    let stores = &merchant.stores;
    // Whoever plans a rush fills the shelves before it.
    let rush = merchant.config.rush.as_ref();
    let rush = rush.filter(|rush| merchant.now >= rush.since.plus(-DAYS_AHEAD * DAY));
    let in_rush = rush.map_or(0, |rush| rush.orders_per_hour * 24);
    let orders_per_day = merchant.config.orders_per_day + in_rush;
    let mut shelves = Vec::new();
    for (variation, demand) in merchant.catalog.demand() {
        let entry = &merchant.catalog.variations[variation as usize];
        let absent_at = &merchant.catalog.items[entry.item as usize].absent_at;
        for store in (0..stores.count()).filter(|store| !absent_at.contains(store)) {
            if entry.is_tracked() {
                let share = stores.shares.weight(usize::from(store));
                let sold = u128::from(orders_per_day)
                    * u128::from(AVERAGE_LINES * DAYS_OF_STOCK * demand * share)
                    * 1_250
                    / (u128::from(stores.shares.total()) * 100 * 1_000_000);
                shelves.push((store, variation, sold as i64 + LEAST_STOCK));
            }
        }
    }
    shelves
}
