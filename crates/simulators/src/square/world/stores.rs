//! The stores of a merchant.

use jiff::tz::TimeZone;

use super::market::{City, Market};
use super::merchant_config::MerchantConfig;
use crate::dice::{Dice, Weighted};
use crate::square::SquareError;
use crate::square::moment::{DAY, Moment};

/// Streets that stores are named after.
const STREETS: [&str; 12] = [
    "Harbour Street",
    "Mill Lane",
    "Station Road",
    "Orchard Street",
    "Kiln Street",
    "Market Square",
    "Bridge Street",
    "Chapel Lane",
    "Quay Street",
    "Garden Road",
    "Foundry Lane",
    "Park Avenue",
];

/// A store.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) name: String,
    pub(crate) city: &'static City,
    pub(crate) time_zone: TimeZone,
    pub(crate) created: Moment,
    pub(crate) is_active: bool,
    pub(crate) house_number: u32,
}

/// All stores; the first is the merchant's main location.
#[derive(Debug)]
pub(crate) struct Stores {
    pub(crate) all: Vec<Store>,
    /// How much of the trade each has.
    pub(crate) shares: Weighted,
}

impl Stores {
    /// Opens the stores, all before `start`.
    pub(crate) fn open(
        config: &MerchantConfig,
        market: &'static Market,
        (seed, start): (u64, Moment),
    ) -> Result<Self, SquareError> {
        let mut dice = Dice::new(seed, "stores");
        let mut all = Vec::with_capacity(usize::from(config.store_count));
        for index in 0..usize::from(config.store_count) {
            let city = &market.cities[index % market.cities.len()];
            let time_zone = TimeZone::get(city.time_zone).map_err(|error| SquareError::Config {
                field: "country",
                problem: format!("needs the time zone {}: {error}", city.time_zone),
            })?;
            let street = STREETS[index % STREETS.len()];
            let name = match index / STREETS.len() {
                0 => street.to_owned(),
                round => format!("{street} {}", round + 1),
            };
            all.push(Store {
                name,
                city,
                time_zone,
                created: start.plus(-DAY * i64::from(dice.between(60, 2_500))),
                is_active: true,
                house_number: dice.between(1, 240),
            });
        }
        let mut sizes: Vec<u64> = (0..all.len() as u64).map(|rank| 1_000 / (rank + 4)).collect();
        dice.shuffle(&mut sizes);
        Ok(Self { all, shares: Weighted::new(sizes.into_iter().map(|size| size.max(1))) })
    }

    /// Returns how many stores there are.
    pub(crate) fn count(&self) -> u16 {
        self.all.len() as u16
    }

    /// Returns a store.
    pub(crate) fn store(&self, number: u16) -> &Store {
        &self.all[usize::from(number)]
    }
}
