//! What can be sold: items with their variations, and what they refer to.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Money;

/// Anything of the catalogue; a deleted one has nothing but its type, id and times.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct CatalogObject<'a> {
    #[serde(rename = "type")]
    pub(in crate::square) kind: Option<String>,
    pub(in crate::square) id: Option<String>,
    pub(in crate::square) updated_at: Option<String>,
    #[serde(default)]
    pub(in crate::square) is_deleted: Option<bool>,
    #[serde(borrow)]
    pub(in crate::square) item_data: Option<ItemData<'a>>,
    pub(in crate::square) item_variation_data: Option<VariationData>,
    pub(in crate::square) category_data: Option<CategoryData>,
    #[serde(borrow)]
    pub(in crate::square) measurement_unit_data: Option<MeasurementUnitData<'a>>,
}

/// What an item's variations share.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct ItemData<'a> {
    pub(in crate::square) name: Option<String>,
    pub(in crate::square) categories: Option<Vec<CategoryReference>>,
    pub(in crate::square) reporting_category: Option<CategoryReference>,
    #[serde(borrow)]
    pub(in crate::square) variations: Option<Vec<&'a RawValue>>,
}

/// Points at a category.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct CategoryReference {
    pub(in crate::square) id: Option<String>,
}

/// What is sold.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct VariationData {
    pub(in crate::square) item_id: Option<String>,
    pub(in crate::square) name: Option<String>,
    pub(in crate::square) sku: Option<String>,
    pub(in crate::square) upc: Option<String>,
    pub(in crate::square) pricing_type: Option<String>,
    pub(in crate::square) price_money: Option<Money>,
    pub(in crate::square) measurement_unit_id: Option<String>,
}

/// A category.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct CategoryData {
    pub(in crate::square) name: Option<String>,
}

/// A unit that quantities count.
#[derive(Debug, Deserialize)]
pub(in crate::square) struct MeasurementUnitData<'a> {
    /// A custom unit, or one of several members whose names end with `_unit`.
    #[serde(borrow)]
    pub(in crate::square) measurement_unit: Option<&'a RawValue>,
}
