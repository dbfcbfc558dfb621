//! `/v2/inventory/counts/batch-retrieve`: what is on the shelves, the newest count first.

use std::cmp::Reverse;

use super::endpoint::Answer;
use super::{ApiError, Call, Fields};
use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::wire::inventory::count;
use crate::square::world::ids::Kind;
use crate::square::world::stock::Changed;

/// How many counts a page has, unless the request says so.
const PAGE: usize = 100;

/// The most counts that a page can have, and the most ids that can be filtered by.
pub(super) const LARGEST_PAGE: usize = 1_000;

/// A count's place in the listing: its time, then its shelf.
type Place = (Moment, u64);

/// Answers with the counts that were calculated after a time.
///
/// A pair of variation and location that was never counted nor sold is not there at all.
pub(super) fn batch_retrieve(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let limit = fields.limit(PAGE, LARGEST_PAGE)?;
    let after = fields.moment("updated_after")?;
    let states = fields.texts("states")?;
    let is_in_stock = states.is_none_or(|states| states.is_empty() || states.contains(&"IN_STOCK"));
    let shelf = Shelf::read(call, &fields)?;
    let cursor = call.cursor()?;
    let stock = &call.merchant.stock;
    let mut found: Vec<(Place, Changed)> = stock
        .counts()
        .filter(|_| is_in_stock)
        .filter(|(store, variation, _)| shelf.has(*store, *variation))
        .filter(|(_, _, count)| after.is_none_or(|after| count.calculated > after))
        .map(|(store, variation, count)| {
            let place = (count.calculated, u64::from(store) << 32 | u64::from(variation));
            (place, Changed { store, variation, quantity: count.quantity })
        })
        .filter(|(place, _)| cursor.is_none_or(|cursor| *place < cursor.last))
        .collect();
    let has_more = found.len() > limit;
    if has_more {
        found.select_nth_unstable_by_key(limit - 1, |(place, _)| Reverse(*place));
        found.truncate(limit);
    }
    found.sort_unstable_by_key(|(place, _)| Reverse(*place));
    Ok(Json::document(|json| {
        json.list("counts", &found, |json, (place, changed)| {
            count(json, call.merchant, *changed, place.0);
        });
        if let Some((place, _)) = found.last().filter(|_| has_more) {
            call.write_cursor(json, Moment::NEVER, *place);
        }
    }))
}

/// Which shelves are asked for.
pub(super) struct Shelf {
    stores: Option<Vec<u16>>,
    /// In ascending order.
    variations: Option<Vec<u32>>,
}

impl Shelf {
    /// Reads the filters; ids of nothing match nothing.
    pub(super) fn read(call: &Call<'_>, fields: &Fields<'_>) -> Result<Self, ApiError> {
        let locations = fields.texts_up_to("location_ids", LARGEST_PAGE)?;
        let objects = fields.texts_up_to("catalog_object_ids", LARGEST_PAGE)?;
        let count = call.merchant.catalog.variations.len();
        let stores = call.stores(&locations, "location_ids")?;
        let mut variations: Vec<u32> = objects
            .iter()
            .filter_map(|id| call.merchant.ids.index(Kind::Variation, id, count))
            .map(|number| number as u32)
            .collect();
        variations.sort_unstable();
        Ok(Self {
            stores: (!stores.is_empty()).then_some(stores),
            variations: (!objects.is_empty()).then_some(variations),
        })
    }

    /// Whether a shelf is asked for.
    pub(super) fn has(&self, store: u16, variation: u32) -> bool {
        self.stores.as_ref().is_none_or(|stores| stores.contains(&store))
            && self
                .variations
                .as_ref()
                .is_none_or(|variations| variations.binary_search(&variation).is_ok())
    }
}
