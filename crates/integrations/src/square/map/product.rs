//! A variation as a product, and the products that stand in where a line names none.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shelfops_ingest::records::{Draft, ProductDraft};
use shelfops_ingest::source::Malformed;
use shelfops_ingest::values::{Field, Text};

use super::{amount, field};
use crate::connector::Excerpt;
use crate::square::wire::CatalogObject;

/// Stands in for what was typed in at the till without an item.
pub(super) const CUSTOM_AMOUNT: &str = "custom-amount";
/// Stands in for gift cards: sold, but no revenue until they are spent.
pub(super) const GIFT_CARD: &str = "gift-card";
/// Stands in for charges for service.
pub(super) const SERVICE_CHARGE: &str = "service-charge";
/// Stands in for goods of a refund that names an amount only.
pub(super) const REFUND_BY_AMOUNT: &str = "refund-by-amount";

/// The products that stand in where a line names none, with their names.
pub(in crate::square) const STAND_INS: [(&str, &str); 4] = [
    (CUSTOM_AMOUNT, "Custom amount"),
    (GIFT_CARD, "Gift card"),
    (SERVICE_CHARGE, "Service charge"),
    (REFUND_BY_AMOUNT, "Refund by amount"),
];

/// What a variation is told from outside: by its item, and by what the item refers to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::square) struct ProductContext {
    pub(in crate::square) item_name: Option<String>,
    pub(in crate::square) item_updated_at: Option<String>,
    pub(in crate::square) category: Option<String>,
    pub(in crate::square) unit: Option<String>,
}

/// Where in its object a variation stands, with what it was told from outside.
#[derive(Clone, Debug)]
pub(in crate::square) enum ProductPart {
    /// The object itself, whatever it is.
    Whole,
    /// The object is a variation.
    Alone(Box<ProductContext>),
    /// One of an item's variations.
    OfItem(usize, Box<ProductContext>),
    /// Made by us.
    StandIn,
}

/// Reads a variation.
///
/// # Errors
/// Refuses an object that has no variation in it, and a kind of price that is not documented.
pub(in crate::square) fn variation(
    object: &CatalogObject<'_>,
    context: &ProductContext,
) -> Result<Draft, Malformed> {
    let Some(told) = &object.item_variation_data else {
        return field::malformed("it has no item_variation_data");
    };
    let price = match told.pricing_type.as_deref() {
        Some("FIXED_PRICING") | None => told.price_money.as_ref(),
        Some("VARIABLE_PRICING") => None,
        Some(_) => return field::malformed("its pricing_type is not known"),
    };
    let currency = field::currency(price.and_then(|price| price.currency.as_deref()));
    let updated_at = [object.updated_at.as_deref(), context.item_updated_at.as_deref()]
        .map(field::moment)
        .into_iter()
        .max_by_key(|at| at.value().map(|at| at.instant))
        .unwrap_or_default();
    Ok(Draft::Product(Box::new(ProductDraft {
        external_id: field::text(object.id.as_deref()),
        name: name(context.item_name.as_deref(), told.name.as_deref()),
        sku: field::text(told.sku.as_deref()),
        barcode: field::text(told.upc.as_deref()),
        category: field::text(context.category.as_deref()),
        unit_of_measure: field::text(context.unit.as_deref()),
        unit_price: currency.value().and_then(|known| amount(price, *known)).into(),
        currency,
        updated_at,
        ..ProductDraft::default()
    })))
}

/// What is wrong with an item that tells nothing of itself.
pub(in crate::square) fn without_data() -> Malformed {
    Malformed { reason: "it has no item_data".to_owned() }
}

/// What is wrong with a variation whose item was asked for and not told.
pub(in crate::square) fn without_item() -> Malformed {
    Malformed { reason: "its item was not told".to_owned() }
}

/// Joins the names of item and variation; most items have one variation, called Regular.
pub(super) fn name(item: Option<&str>, variation: Option<&str>) -> Field<Text> {
    let [item, variation] =
        [item, variation].map(|name| name.map(str::trim).filter(|name| !name.is_empty()));
    match (item, variation) {
        (Some(item), Some(variation)) if variation != "Regular" && variation != item => {
            field::text(Some(&format!("{item} - {variation}")))
        }
        (Some(one), _) | (None, Some(one)) => field::text(Some(one)),
        (None, None) => Field::Absent,
    }
}

/// Makes a product that stands in.
pub(in crate::square) fn stand_in((id, name): (&str, &str)) -> Draft {
    Draft::Product(Box::new(ProductDraft {
        external_id: Field::Value(Text::new(id)),
        name: Field::Value(Text::new(name)),
        ..ProductDraft::default()
    }))
}

impl Excerpt for ProductPart {
    fn of(&self, mut object: Value) -> Value {
        match self {
            Self::Whole | Self::StandIn => object,
            Self::Alone(context) => json!({ "variation": object, "context": context }),
            Self::OfItem(index, context) => {
                let place = format!("/item_data/variations/{index}");
                let variation = object.pointer_mut(&place).map(Value::take).unwrap_or_default();
                json!({ "variation": variation, "context": context })
            }
        }
    }
}
