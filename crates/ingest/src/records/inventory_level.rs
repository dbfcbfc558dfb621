//! A stock count of a product in a store at a time.

use rust_decimal::Decimal;
use serde::Serialize;

use super::{FieldState, state};
use crate::values::{Field, FieldReader, FieldSpec, Moment, Text, ValueKind};

/// A count as its source told it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InventoryLevelDraft {
    /// The source's id of the store.
    pub store: Field<Text>,
    /// The source's id of the product.
    pub product: Field<Text>,
    /// When the stock was so.
    pub counted_at: Field<Moment>,
    /// Units on the shelf and in the back.
    pub quantity_on_hand: Field<Decimal>,
    /// Units promised to customers.
    pub quantity_reserved: Field<Decimal>,
    /// Units ordered and not yet here.
    pub quantity_on_order: Field<Decimal>,
}

/// A count that passed the rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct InventoryLevel {
    /// The source's id of the store.
    pub store: Text,
    /// The source's id of the product.
    pub product: Text,
    /// When the stock was so.
    pub counted_at: Moment,
    /// Units on the shelf and in the back.
    pub quantity_on_hand: Decimal,
    /// Units promised to customers.
    pub quantity_reserved: Option<Decimal>,
    /// Units ordered and not yet here.
    pub quantity_on_order: Option<Decimal>,
}

impl InventoryLevelDraft {
    /// The fields, in the order [`Self::read`] takes them.
    pub const FIELDS: &'static [FieldSpec] = &[
        FieldSpec {
            name: "store",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &["store", "store_id", "store_number", "location_id", "location"],
            meaning: "the source's id of the store",
        },
        FieldSpec {
            name: "product",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &["product", "product_id", "item_id", "variant_id", "sku", "article"],
            meaning: "the source's id of the product",
        },
        FieldSpec {
            name: "counted_at",
            kind: ValueKind::Time,
            is_required: true,
            synonyms: &["counted_at", "snapshot_at", "timestamp", "as_of", "updated_at", "date"],
            meaning: "when the stock was so",
        },
        FieldSpec {
            name: "quantity_on_hand",
            kind: ValueKind::Number,
            is_required: true,
            synonyms: &["quantity_on_hand", "on_hand", "quantity", "stock", "qty"],
            meaning: "units on the shelf and in the back",
        },
        FieldSpec {
            name: "quantity_reserved",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["quantity_reserved", "reserved", "committed"],
            meaning: "units promised to customers",
        },
        FieldSpec {
            name: "quantity_on_order",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["quantity_on_order", "on_order", "incoming"],
            meaning: "units ordered and not yet here",
        },
    ];

    /// Reads the fields one after the other.
    pub fn read<'v>(fields: &mut FieldReader<'_, impl Fn(usize) -> Option<&'v str>>) -> Self {
        let store = fields.text();
        let product = fields.text();
        let counted_at = fields.time(store.value());
        let quantity_on_hand = fields.number();
        let quantity_reserved = fields.number();
        let quantity_on_order = fields.number();
        Self { store, product, counted_at, quantity_on_hand, quantity_reserved, quantity_on_order }
    }

    /// Summarises each field, in the order of [`Self::FIELDS`].
    pub fn states(&self) -> [FieldState<'_>; 6] {
        [
            state(&self.store),
            state(&self.product),
            state(&self.counted_at),
            state(&self.quantity_on_hand),
            state(&self.quantity_reserved),
            state(&self.quantity_on_order),
        ]
    }

    /// Turns the draft into a record; `None` when a required field has no value.
    pub fn accept(self) -> Option<InventoryLevel> {
        Some(InventoryLevel {
            store: self.store.into_value()?,
            product: self.product.into_value()?,
            counted_at: self.counted_at.into_value()?,
            quantity_on_hand: self.quantity_on_hand.into_value()?,
            quantity_reserved: self.quantity_reserved.into_value(),
            quantity_on_order: self.quantity_on_order.into_value(),
        })
    }
}
