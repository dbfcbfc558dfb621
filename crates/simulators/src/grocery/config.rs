//! Which retailer to make up, and how much of its trade.

use jiff::civil::{Date, date};

use super::{Flavour, GroceryError};

/// The most stock levels that are kept in memory, at 8 bytes each: stores times products.
const MOST_STOCK_LEVELS: u64 = 50_000_000;

/// A retailer and the period whose exports to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroceryConfig {
    /// The retailer's short name: lower-case letters, digits and hyphens. It names the directory.
    pub tenant: String,
    /// Where the retailer trades: its cities, currency and opening hours.
    pub flavour: Flavour,
    /// What every draw follows from: the same configuration writes the same bytes.
    pub seed: u64,
    /// The first day of trade.
    pub first_day: Date,
    /// How many days of trade.
    pub days: u16,
    /// How many stores.
    pub store_count: u16,
    /// How many products the catalogue lists.
    pub product_count: u32,
    /// How many records to write to `transactions.csv`, the dirty ones included.
    pub basket_lines: u64,
}

impl GroceryConfig {
    /// Returns a chain of 20 stores with 3,000 products that sells 300,000 lines in 90 days of 2025.
    pub fn new(tenant: impl Into<String>, flavour: Flavour, seed: u64) -> Self {
        Self {
            tenant: tenant.into(),
            flavour,
            seed,
            first_day: date(2025, 1, 6),
            days: 90,
            store_count: 20,
            product_count: 3_000,
            basket_lines: 300_000,
        }
    }

    /// Refuses what cannot be written.
    pub(super) fn check(&self) -> Result<(), GroceryError> {
        let tenant_is_plain = !self.tenant.is_empty()
            && self
                .tenant
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !tenant_is_plain {
            let problem = "must be lower-case letters, digits and hyphens: it names a directory";
            return Err(GroceryError::Config { field: "tenant", problem: problem.to_owned() });
        }
        within("days", u64::from(self.days), 1, 1_100)?;
        within("store_count", u64::from(self.store_count), 1, 2_000)?;
        within("product_count", u64::from(self.product_count), 200, 200_000)?;
        within("basket_lines", self.basket_lines, 1_000, 500_000_000)?;
        let stock_levels = u64::from(self.store_count) * u64::from(self.product_count);
        within("store_count times product_count", stock_levels, 1, MOST_STOCK_LEVELS)
    }
}

fn within(field: &'static str, value: u64, low: u64, high: u64) -> Result<(), GroceryError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(GroceryError::Config { field, problem: format!("is {value}, not {low} to {high}") })
}
