//! Whose clock a local time was read from.

use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;

use super::Text;

/// The time zone of each store, and the one to use where a store is not known.
#[derive(Clone, Debug)]
pub struct StoreZones {
    fallback: TimeZone,
    by_store: FxHashMap<Text, TimeZone>,
}

impl StoreZones {
    /// Reads every local time by one clock, whatever the store.
    pub fn single(zone: TimeZone) -> Self {
        Self { fallback: zone, by_store: FxHashMap::default() }
    }

    /// Reads a local time by the clock of its store, known by the source's id of it.
    pub fn by_store(
        fallback: TimeZone,
        stores: impl IntoIterator<Item = (Text, TimeZone)>,
    ) -> Self {
        Self { fallback, by_store: stores.into_iter().collect() }
    }

    /// Returns the clock for a store.
    pub fn zone_of(&self, store: Option<&Text>) -> &TimeZone {
        store.and_then(|store| self.by_store.get(store)).unwrap_or(&self.fallback)
    }
}
