//! The retailer's stores, and how much of its trade each has.

use std::path::Path;

use super::calendar::{date_text, later};
use super::csv_file::{CsvFile, ExportedFile};
use super::dice::{Dice, Weighted};
use super::flavours::City;
use super::{GroceryConfig, GroceryError};

/// A store.
#[derive(Debug)]
pub(super) struct Store {
    /// The retailer's number of it.
    pub(super) id: u32,
    city: &'static City,
    /// The date it opened, always before the first day of trade.
    opened_on: [u8; 10],
    /// Its prices in percent of the chain's.
    pub(super) price_percent: u32,
}

/// All stores.
#[derive(Debug)]
pub(super) struct Stores {
    pub(super) all: Vec<Store>,
    /// How much of the chain's trade each has.
    pub(super) shares: Weighted,
}

impl Stores {
    /// Opens the stores, each before the first day.
    pub(super) fn open(config: &GroceryConfig) -> Result<Self, GroceryError> {
        let cities = config.flavour.profile().cities;
        let mut dice = Dice::new(config.seed, "stores");
        let mut id = 280;
        let mut all = Vec::with_capacity(usize::from(config.store_count));
        let founded = config.first_day.year().saturating_sub(30).max(1900);
        let founded = jiff::civil::date(founded, 1, 1);
        let days_before = founded
            .until(config.first_day)
            .map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0));
        for index in 0..usize::from(config.store_count) {
            id += dice.between(1, 5);
            let opened_on = later(founded, dice.below(days_before.max(1)))?;
            let text = date_text(opened_on);
            all.push(Store {
                id,
                city: &cities[index % cities.len()],
                opened_on: std::array::from_fn(|at| text[at]),
                price_percent: dice.between(97, 105),
            });
        }
        let mut sizes: Vec<u64> =
            (0..all.len() as u64).map(|rank| 1_000_000 / (rank + 6)).collect();
        dice.shuffle(&mut sizes);
        Ok(Self { all, shares: Weighted::new(sizes) })
    }

    /// Writes `stores.csv`.
    pub(super) fn write(
        &self,
        config: &GroceryConfig,
        directory: &Path,
    ) -> Result<ExportedFile, GroceryError> {
        let columns =
            ["store_id", "name", "city", "region", "country", "time_zone", "currency", "opened_on"];
        let mut file = CsvFile::create(&directory.join("stores.csv"), &columns)?;
        for store in &self.all {
            file.whole(i64::from(store.id));
            file.text(&format!("{} {}", store.city.name, store.id));
            file.text(store.city.name);
            file.text(store.city.region);
            file.text(store.city.country);
            file.text(store.city.time_zone);
            file.text(config.flavour.profile().currency);
            file.plain(&store.opened_on);
            file.end_record()?;
        }
        file.finish()
    }
}
