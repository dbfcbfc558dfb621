//! How much of a variation there is at a location, in one state.

use serde::Deserialize;

/// How much of a variation there is at a location, in one state.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::square) struct InventoryCount {
    pub(in crate::square) catalog_object_id: Option<String>,
    pub(in crate::square) catalog_object_type: Option<String>,
    pub(in crate::square) state: Option<String>,
    pub(in crate::square) location_id: Option<String>,
    /// A decimal number as text; negative where more was sold than was booked in.
    pub(in crate::square) quantity: Option<String>,
    pub(in crate::square) calculated_at: Option<String>,
}
