//! A count as an inventory level.

use serde_json::Value;
use shelfops_ingest::records::{Draft, InventoryLevelDraft};
use shelfops_ingest::source::Malformed;

use super::field;
use crate::connector::Excerpt;
use crate::square::wire::InventoryCount;

/// Every state but the one that is on the shelf.
const ELSEWHERE: &[&str] = &[
    "CUSTOM",
    "SOLD",
    "RETURNED_BY_CUSTOMER",
    "RESERVED_FOR_SALE",
    "SOLD_ONLINE",
    "ORDERED_FROM_VENDOR",
    "RECEIVED_FROM_VENDOR",
    "IN_TRANSIT_TO",
    "NONE",
    "WASTE",
    "UNLINKED_RETURN",
    "COMPOSED",
    "DECOMPOSED",
    "SUPPORTED_BY_NEWER_VERSION",
    "IN_TRANSIT",
    "UNTRACKED",
];

/// A count is its own record.
pub(in crate::square) struct CountPart;

/// Reads a count; `None` for goods that are not on the shelf.
///
/// # Errors
/// Refuses a state and a kind of object that are not documented.
pub(in crate::square) fn level_of(count: &InventoryCount) -> Result<Option<Draft>, Malformed> {
    match count.state.as_deref() {
        Some("IN_STOCK") => {}
        Some(state) if ELSEWHERE.contains(&state) => return Ok(None),
        _ => return field::malformed("its state is not known"),
    }
    if !matches!(count.catalog_object_type.as_deref(), None | Some("ITEM_VARIATION")) {
        return field::malformed("it counts something that is no ITEM_VARIATION");
    }
    Ok(Some(Draft::InventoryLevel(Box::new(InventoryLevelDraft {
        store: field::text(count.location_id.as_deref()),
        product: field::text(count.catalog_object_id.as_deref()),
        counted_at: field::moment(count.calculated_at.as_deref()),
        quantity_on_hand: field::number(count.quantity.as_deref()),
        ..InventoryLevelDraft::default()
    }))))
}

impl Excerpt for CountPart {
    fn of(&self, count: Value) -> Value {
        count
    }
}
