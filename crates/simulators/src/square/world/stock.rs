//! What is on the shelves, and how it got there other than by sales and returns.

use super::minute_index::MinuteIndex;
use crate::square::moment::Moment;

/// A count of a variation in a store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count {
    /// In thousandths; may fall below nothing.
    pub(crate) quantity: i64,
    /// When it last changed, or never: then the vendor has no count at all.
    pub(crate) calculated: Moment,
    /// Whether a delivery is on its way.
    pub(crate) is_ordered: bool,
}

/// Why stock changed without an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MovementKind {
    /// Somebody counted: the quantity is what is there.
    PhysicalCount,
    /// A delivery: the quantity is added.
    Received,
    /// Thrown away: the quantity is taken off.
    Waste,
}

/// A change of stock that no order caused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Movement {
    pub(crate) occurred: Moment,
    /// In thousandths, never below nothing.
    pub(crate) quantity: i64,
    pub(crate) variation: u32,
    pub(crate) store: u16,
    pub(crate) kind: MovementKind,
}

/// A count that changed: the store, the variation and what it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) store: u16,
    pub(crate) variation: u32,
    pub(crate) quantity: i64,
}

/// All stock.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    /// By store, then by variation.
    counts: Vec<Vec<Count>>,
    movements: Vec<Movement>,
    by_occurred: MinuteIndex,
}

impl Count {
    const NONE: Self = Self { quantity: 0, calculated: Moment::NEVER, is_ordered: false };
}

impl Stock {
    /// Sets up the shelves of so many stores, without any count.
    pub(crate) fn new(store_count: usize) -> Self {
        Self { counts: vec![Vec::new(); store_count], ..Self::default() }
    }

    /// Returns a count.
    pub(crate) fn count(&self, store: u16, variation: u32) -> Count {
        let counts = &self.counts[usize::from(store)];
        counts.get(variation as usize).copied().unwrap_or(Count::NONE)
    }

    /// Returns every count that there is.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (u16, u32, Count)> + '_ {
        (0_u16..).zip(&self.counts).flat_map(|(store, counts)| {
            (0_u32..)
                .zip(counts)
                .filter(|(_, count)| count.calculated.is_set())
                .map(move |(variation, count)| (store, variation, *count))
        })
    }

    /// Adds to a count, or takes off it.
    pub(crate) fn add(&mut self, store: u16, variation: u32, change: i64, now: Moment) -> Changed {
        let count = self.count_mut(store, variation);
        count.quantity += change;
        count.calculated = now;
        Changed { store, variation, quantity: count.quantity }
    }

    /// Books a movement that happens now.
    pub(crate) fn book(&mut self, movement: Movement) -> Changed {
        let Movement { occurred, quantity, variation, store, kind } = movement;
        self.by_occurred.insert(occurred, self.movements.len() as u32);
        self.movements.push(movement);
        match kind {
            MovementKind::PhysicalCount => {
                let difference = quantity - self.count(store, variation).quantity;
                self.add(store, variation, difference, occurred)
            }
            MovementKind::Received => self.add(store, variation, quantity, occurred),
            MovementKind::Waste => self.add(store, variation, -quantity, occurred),
        }
    }

    /// Remembers whether a delivery is on its way.
    pub(crate) fn set_ordered(&mut self, store: u16, variation: u32, is_ordered: bool) {
        self.count_mut(store, variation).is_ordered = is_ordered;
    }

    /// Returns a movement.
    pub(crate) fn movement(&self, number: u32) -> &Movement {
        &self.movements[number as usize]
    }

    /// Returns all movements.
    pub(crate) fn movements(&self) -> &[Movement] {
        &self.movements
    }

    /// Visits the movements of a window in ascending order of time until told to stop.
    pub(crate) fn scan(&self, window: (Moment, Moment), visit: impl FnMut((Moment, u32)) -> bool) {
        self.by_occurred.ascend(window, |number| self.movement(number).occurred, visit);
    }

    /// Returns the bytes that counts and movements take.
    pub(crate) fn bytes(&self) -> usize {
        self.counts.iter().map(|counts| counts.capacity() * size_of::<Count>()).sum::<usize>()
            + self.movements.capacity() * size_of::<Movement>()
            + self.by_occurred.bytes()
    }

    fn count_mut(&mut self, store: u16, variation: u32) -> &mut Count {
        let counts = &mut self.counts[usize::from(store)];
        let index = variation as usize;
        if counts.len() <= index {
            counts.resize(index + 1, Count::NONE);
        }
        &mut counts[index]
    }
}
