//! Which merchant to make up, and how it trades.

use serde::{Deserialize, Serialize};

use super::market::Country;
use crate::square::{Moment, SquareError};

/// A merchant: its stores, catalog, trade, and how often trade goes out of the ordinary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MerchantConfig {
    /// The id that the vendor gave the merchant.
    pub id: String,
    /// The name of the business.
    pub business_name: String,
    /// Where it trades.
    pub country: Country,
    /// How many stores it has; 1 to 500.
    pub store_count: u16,
    /// How many items its catalog lists; 20 to 20,000. An item has one to four variations.
    pub item_count: u32,
    /// How many orders all stores ring up on an average day of the week; up to 2,000,000.
    pub orders_per_day: u32,
    /// How many days it has traded before the simulation starts.
    pub history_days: u16,
    /// Since when it has traded, instead: with it, another simulation at a later time goes on with the
    /// same world.
    pub trading_since: Option<Moment>,
    /// A sale that never closes, for watching.
    pub rush: Option<Rush>,
    /// How often trade goes out of the ordinary.
    pub habits: Habits,
}

/// Shoppers who come at any hour, beside those who come by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rush {
    /// Since when; the hour it lies in counts whole.
    pub since: Moment,
    /// How many orders all stores ring up in an hour; up to 1,000,000.
    pub orders_per_hour: u32,
}

/// How many of a thousand orders go out of the ordinary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Habits {
    /// Rung up without a connection and sent up to 72 hours later.
    pub offline_per_mille: u16,
    /// Made in the web shop: open first, perhaps edited, completed or cancelled later.
    pub online_per_mille: u16,
    /// Goods of it come back, for money or other goods.
    pub return_per_mille: u16,
    /// Changed after completion, in what may still change: a note.
    pub note_per_mille: u16,
    /// With a sum typed at the till instead of an item.
    pub custom_amount_per_mille: u16,
    /// How many of a thousand prices change in a night.
    pub price_change_per_mille: u16,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            offline_per_mille: 4,
            online_per_mille: 50,
            return_per_mille: 35,
            note_per_mille: 10,
            custom_amount_per_mille: 6,
            price_change_per_mille: 6,
        }
    }
}

impl Default for MerchantConfig {
    fn default() -> Self {
        Self {
            id: "MLMERCHANT001".to_owned(),
            business_name: "Harbour Goods".to_owned(),
            country: Country::UnitedStates,
            store_count: 3,
            item_count: 120,
            orders_per_day: 300,
            history_days: 7,
            trading_since: None,
            rush: None,
            habits: Habits::default(),
        }
    }
}

impl MerchantConfig {
    /// Refuses what cannot be made up.
    pub(crate) fn check(&self) -> Result<(), SquareError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if self.id.is_empty() || self.id.len() > 32 || !self.id.bytes().all(is_plain) {
            let problem = format!("is {:?}, not 1 to 32 letters and digits", self.id);
            return Err(SquareError::Config { field: "merchants.id", problem });
        }
        within("merchants.store_count", u64::from(self.store_count), (1, 500))?;
        within("merchants.item_count", u64::from(self.item_count), (20, 20_000))?;
        within("merchants.orders_per_day", u64::from(self.orders_per_day), (0, 2_000_000))?;
        within("merchants.history_days", u64::from(self.history_days), (0, 800))?;
        let in_rush = self.rush.as_ref().map_or(0, |rush| rush.orders_per_hour);
        within("merchants.rush.orders_per_hour", u64::from(in_rush), (0, 1_000_000))?;
        let Habits {
            offline_per_mille,
            online_per_mille,
            return_per_mille,
            note_per_mille,
            custom_amount_per_mille,
            price_change_per_mille,
        } = self.habits;
        let ways = u64::from(offline_per_mille) + u64::from(online_per_mille);
        within("merchants.habits.offline and online", ways, (0, 1_000))?;
        for per_mille in
            [return_per_mille, note_per_mille, custom_amount_per_mille, price_change_per_mille]
        {
            within("merchants.habits", u64::from(per_mille), (0, 1_000))?;
        }
        Ok(())
    }
}

fn within(field: &'static str, value: u64, (low, high): (u64, u64)) -> Result<(), SquareError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(SquareError::Config { field, problem: format!("is {value}, not {low} to {high}") })
}
