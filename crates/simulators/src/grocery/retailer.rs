//! The made-up retailer: what it has on its first day and keeps for the whole period.

use super::catalogue::Catalogue;
use super::flavours::Profile;
use super::stores::Stores;
use super::{GroceryConfig, GroceryError};

/// A retailer.
#[derive(Debug)]
pub(super) struct Retailer {
    pub(super) config: GroceryConfig,
    pub(super) profile: &'static Profile,
    pub(super) stores: Stores,
    pub(super) catalogue: Catalogue,
}

impl Retailer {
    /// Makes up the retailer of a configuration, or refuses it.
    pub(super) fn found(config: &GroceryConfig) -> Result<Self, GroceryError> {
        config.check()?;
        Ok(Self {
            config: config.clone(),
            profile: config.flavour.profile(),
            stores: Stores::open(config)?,
            catalogue: Catalogue::new(config),
        })
    }
}
