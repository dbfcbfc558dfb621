//! What stands on the shelves: sold down by baskets, filled up by deliveries.
//!
//! Decides when a shelf needs an order and how large it should be; orders themselves are
//! `purchase_orders`' business.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::retailer::Retailer;

/// The days between an order and its delivery that the reorder point covers.
const COVERED_DAYS: u64 = 4;

/// The days of sales that a full shelf holds.
const SHELF_DAYS: u64 = 12;

/// Units a basket line has on average, in thousandths.
const UNITS_PER_LINE_MILLI: u64 = 1_360;

/// A product in a store, by the indices of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shelf {
    pub(super) store: u16,
    pub(super) product: u32,
}

/// How much there is of a product in a store.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Level {
    pub(super) on_hand: u32,
    pub(super) on_order: u32,
}

/// What a truck brings for a shelf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    pub(super) shelf: Shelf,
    pub(super) ordered: u32,
    pub(super) received: u32,
}

/// All shelves.
#[derive(Debug)]
pub(super) struct Stock {
    /// Store by store, one level a product.
    levels: Vec<Level>,
    product_count: usize,
    /// Units of each product that the whole chain sells a day, in thousandths.
    chain_demand: Vec<u64>,
    /// Each store's share of the chain's trade, in millionths.
    store_shares: Vec<u64>,
    /// Shelves that need an order.
    low: Vec<Shelf>,
    /// What arrives, by the index of the day.
    arrivals: BTreeMap<u32, Vec<Delivery>>,
}

impl Stock {
    /// Fills the shelves for the first day, each to a drawn part.
    pub(super) fn fill(retailer: &Retailer) -> Self {
        let Retailer { config, stores, catalogue, .. } = retailer;
        let lines_a_day = config.basket_lines / u64::from(config.days) + 1;
        let chain_demand = catalogue
            .demand_shares()
            .into_iter()
            .map(|share| share * lines_a_day / 1_000_000 * UNITS_PER_LINE_MILLI / 1_000)
            .collect();
        let store_shares = (0..stores.all.len())
            .map(|store| stores.shares.weight(store) * 1_000_000 / stores.shares.total())
            .collect();
        let mut stock = Self {
            levels: Vec::new(),
            product_count: catalogue.products.len(),
            chain_demand,
            store_shares,
            low: Vec::new(),
            arrivals: BTreeMap::new(),
        };
        let mut dice = Dice::new(config.seed, "first stock");
        stock.levels.reserve_exact(stores.all.len() * stock.product_count);
        for store in 0..config.store_count {
            for product in 0..config.product_count {
                let shelf = Shelf { store, product };
                let lowest = stock.reorder_point(shelf) + 1;
                let on_hand = dice.between(lowest, stock.full(shelf).max(lowest));
                stock.levels.push(Level { on_hand, on_order: 0 });
            }
        }
        stock
    }

    /// Takes units from a shelf, as many as there are, and returns how many that was.
    pub(super) fn take(&mut self, shelf: Shelf, units: u32) -> u32 {
        let index = self.index(shelf);
        let level = &mut self.levels[index];
        let taken = units.min(level.on_hand);
        level.on_hand -= taken;
        if taken > 0 {
            self.order_if_low(shelf);
        }
        taken
    }

    /// Returns how much there is.
    pub(super) fn level(&self, shelf: Shelf) -> Level {
        self.levels[self.index(shelf)]
    }

    /// Hands out the shelves that need an order, with how many units each.
    ///
    /// Those units count as on order until [`Self::receive`] brings or drops them.
    pub(super) fn take_orders(&mut self) -> Vec<(Shelf, u32)> {
        let low = std::mem::take(&mut self.low);
        low.into_iter()
            .map(|shelf| {
                let index = self.index(shelf);
                let full = self.full(shelf);
                let missing = full.saturating_sub(self.levels[index].on_hand);
                // Goods come in cases: of 6, or of 24 where much is sold.
                let case = if full > 96 { 24 } else { 6 };
                let ordered = missing.div_ceil(case).max(1) * case;
                self.levels[index].on_order = ordered;
                (shelf, ordered)
            })
            .collect()
    }

    /// Announces a delivery for a day.
    pub(super) fn announce(&mut self, day: u32, delivery: Delivery) {
        self.arrivals.entry(day).or_default().push(delivery);
    }

    /// Unloads what arrives on a day.
    pub(super) fn receive(&mut self, day: u32) {
        for delivery in self.arrivals.remove(&day).unwrap_or_default() {
            let index = self.index(delivery.shelf);
            let level = &mut self.levels[index];
            level.on_hand += delivery.received;
            level.on_order = level.on_order.saturating_sub(delivery.ordered);
            self.order_if_low(delivery.shelf);
        }
    }

    fn order_if_low(&mut self, shelf: Shelf) {
        let level = self.level(shelf);
        if level.on_order == 0 && level.on_hand <= self.reorder_point(shelf) {
            let index = self.index(shelf);
            // Marks it as asked for, until the evening's order says how many.
            self.levels[index].on_order = 1;
            self.low.push(shelf);
        }
    }

    /// Returns the units at and below which a shelf needs an order.
    fn reorder_point(&self, shelf: Shelf) -> u32 {
        (self.daily_milli(shelf) * COVERED_DAYS / 1_000) as u32 + 1
    }

    /// Returns how many units a full shelf holds.
    fn full(&self, shelf: Shelf) -> u32 {
        (self.daily_milli(shelf) * SHELF_DAYS / 1_000) as u32 + 6
    }

    /// Returns how many units a shelf sells a day, in thousandths.
    fn daily_milli(&self, shelf: Shelf) -> u64 {
        self.chain_demand[shelf.product as usize] * self.store_shares[usize::from(shelf.store)]
            / 1_000_000
    }

    fn index(&self, shelf: Shelf) -> usize {
        usize::from(shelf.store) * self.product_count + shelf.product as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grocery::{Flavour, GroceryConfig};

    fn stock() -> Stock {
        let config = GroceryConfig::new("chain", Flavour::American, 5);
        Stock::fill(&Retailer::found(&config).unwrap())
    }

    #[test]
    fn a_shelf_sells_no_more_than_it_holds_and_is_ordered_once() {
        let mut stock = stock();
        let shelf = Shelf { store: 0, product: 0 };
        let held = stock.level(shelf).on_hand;
        assert_eq!(stock.take(shelf, held + 5), held);
        assert_eq!(stock.take(shelf, 1), 0);
        let orders = stock.take_orders();
        assert_eq!(orders.len(), 1);
        assert!(stock.take_orders().is_empty());
        let (_, ordered) = orders[0];
        assert_eq!(stock.level(shelf).on_order, ordered);
    }

    #[test]
    fn an_order_that_brings_nothing_is_placed_again() {
        let mut stock = stock();
        let shelf = Shelf { store: 1, product: 7 };
        stock.take(shelf, u32::MAX);
        let (_, ordered) = stock.take_orders()[0];
        stock.announce(3, Delivery { shelf, ordered, received: 0 });
        stock.receive(3);
        assert_eq!(stock.take_orders().len(), 1);
    }
}
