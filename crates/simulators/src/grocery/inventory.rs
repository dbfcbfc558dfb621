//! What staff counted, written as `inventory.csv`: every shelf in turn, some each night.

use std::path::Path;

use super::GroceryError;
use super::calendar::Day;
use super::csv_file::{CsvFile, ExportedFile};
use super::dice::Dice;
use super::dirt::{Dirt, DirtKind};
use super::retailer::Retailer;
use super::stock::{Shelf, Stock};

/// When shelves are counted: after the last sale, and after the orders of the evening.
const COUNTING_TIME: u32 = 23 * 3600 + 45 * 60;

/// The counts so far.
#[derive(Debug)]
pub(super) struct Inventory {
    file: CsvFile,
    /// Every how many nights a shelf is counted.
    cycle_days: u64,
    dice: Dice,
    dirt: Dirt,
}

impl Inventory {
    /// Creates the file.
    pub(super) fn create(retailer: &Retailer, directory: &Path) -> Result<Self, GroceryError> {
        let config = &retailer.config;
        let columns = [
            "store_id",
            "product_id",
            "counted_at",
            "quantity_on_hand",
            "quantity_reserved",
            "quantity_on_order",
        ];
        // Staff counts about half as many shelves as it sells lines.
        let shelf_nights = u64::from(config.store_count)
            * u64::from(config.product_count)
            * u64::from(config.days);
        Ok(Self {
            file: CsvFile::create(&directory.join("inventory.csv"), &columns)?,
            cycle_days: (shelf_nights / (config.basket_lines / 2)).max(1),
            dice: Dice::new(config.seed, "inventory"),
            dirt: Dirt::default(),
        })
    }

    /// Counts the shelves whose turn it is.
    pub(super) fn count(
        &mut self,
        day: &Day,
        retailer: &Retailer,
        stock: &Stock,
    ) -> Result<(), GroceryError> {
        for (store, open) in (0_u16..).zip(&retailer.stores.all) {
            let turn = u64::from(day.index) + u64::from(store) * 7;
            let first = turn % self.cycle_days;
            for product in (first..u64::from(retailer.config.product_count))
                .step_by(usize::try_from(self.cycle_days).unwrap_or(usize::MAX))
            {
                let listed = &retailer.catalogue.products[product as usize];
                if listed.is_fuel() {
                    continue;
                }
                let level = stock.level(Shelf { store, product: product as u32 });
                let reserved = if self.dice.per_mille(40) { self.dice.below(4) } else { 0 };
                self.file.whole(i64::from(open.id));
                self.file.whole(i64::from(listed.id));
                self.file.with(|line| day.push_time(line, COUNTING_TIME));
                self.on_hand(level.on_hand);
                self.file.whole(i64::from(reserved.min(level.on_hand)));
                self.file.whole(i64::from(level.on_order));
                self.file.end_record()?;
            }
        }
        Ok(())
    }

    /// Hands everything to the system.
    pub(super) fn finish(self) -> Result<(ExportedFile, Dirt), GroceryError> {
        Ok((self.file.finish()?, self.dirt))
    }

    /// Adds the count, or what the clerk wrote instead: first on line 18, then every 9,973.
    fn on_hand(&mut self, units: u32) {
        if self.file.record_count() % 9_973 == 17 {
            self.dirt.add(DirtKind::UnreadableCount);
            self.file.plain(b"N/A");
        } else {
            self.file.whole(i64::from(units));
        }
    }
}
