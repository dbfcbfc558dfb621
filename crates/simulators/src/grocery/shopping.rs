//! Who goes shopping when, where, and for how much.

use super::dice::{Dice, Weighted};
use super::flavours::HOUR_WEIGHTS;
use super::retailer::Retailer;
use super::stores::Stores;

/// The sizes of baskets: the smallest and largest of a class, and how many of a thousand it has.
const BASKET_SIZES: [(u32, u32, u64); 8] = [
    (1, 1, 190),
    (2, 2, 110),
    (3, 4, 160),
    (5, 8, 190),
    (9, 15, 140),
    (16, 25, 110),
    (26, 40, 65),
    (41, 60, 35),
];

/// How many of a thousand trips are to the pump, with hardly anything else.
const FUEL_TRIPS: u32 = 90;

/// How many of a thousand trips go to the household's own store.
const TRIPS_TO_OWN_STORE: u32 = 850;

/// A trip to a store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trip {
    /// When the basket is paid, in seconds since midnight.
    pub(super) second: u32,
    /// The store, by index.
    pub(super) store: u16,
    pub(super) household: u32,
    /// How many products are wanted.
    pub(super) size: u32,
    /// Whether the first of them is fuel.
    pub(super) takes_fuel: bool,
}

/// The retailer's customers.
#[derive(Debug)]
pub(super) struct Shoppers {
    /// The store each household mostly goes to, by index.
    own_stores: Vec<u16>,
    hours: Weighted,
    sizes: Weighted,
    dice: Dice,
}

impl Shoppers {
    /// Settles the households, each near a store.
    pub(super) fn settle(retailer: &Retailer) -> Self {
        let Retailer { config, stores, profile, .. } = retailer;
        let mut dice = Dice::new(config.seed, "households");
        // A household of a real chain buys some 600 lines a year.
        let households = config.basket_lines * 365 / u64::from(config.days) / 600;
        let own_stores = (0..households.clamp(50, 5_000_000))
            .map(|_| stores.shares.draw(&mut dice) as u16)
            .collect();
        let open = &profile.opening_hours;
        let hours = HOUR_WEIGHTS
            .iter()
            .enumerate()
            .map(|(hour, weight)| if open.contains(&hour) { *weight } else { 0 });
        Self {
            own_stores,
            hours: Weighted::new(hours),
            sizes: Weighted::new(BASKET_SIZES.map(|(_, _, weight)| weight)),
            dice: Dice::new(config.seed, "trips"),
        }
    }

    /// Returns a day's trips for so many lines, in order of time.
    pub(super) fn trips(&mut self, line_count: u64, stores: &Stores) -> Vec<Trip> {
        let mut trips = Vec::with_capacity(line_count as usize / 8 + 1);
        let mut wanted = 0;
        while wanted < line_count {
            let trip = self.trip(stores);
            wanted += u64::from(trip.size);
            trips.push(trip);
        }
        trips.sort_by_key(|trip| trip.second);
        trips
    }

    fn trip(&mut self, stores: &Stores) -> Trip {
        let dice = &mut self.dice;
        let household_count = self.own_stores.len() as u32;
        // Some households come far more often than others.
        let household = dice.below(household_count).min(dice.below(household_count));
        let store = if dice.per_mille(TRIPS_TO_OWN_STORE) {
            self.own_stores[household as usize]
        } else {
            stores.shares.draw(dice) as u16
        };
        let second = self.hours.draw(dice) as u32 * 3600 + dice.below(3600);
        let takes_fuel = dice.per_mille(FUEL_TRIPS);
        let size = if takes_fuel {
            if dice.per_mille(800) { 1 } else { dice.between(2, 3) }
        } else {
            let (smallest, largest, _) = BASKET_SIZES[self.sizes.draw(dice)];
            dice.between(smallest, largest)
        };
        Trip { second, store, household: household + 1, size, takes_fuel }
    }
}
