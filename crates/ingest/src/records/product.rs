//! A thing that is sold.

use rust_decimal::Decimal;
use serde::Serialize;

use super::{FieldState, state};
use crate::values::{Currency, Field, FieldReader, FieldSpec, Moment, Text, ValueKind};

/// A product as its source told it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProductDraft {
    /// The source's id of the product.
    pub external_id: Field<Text>,
    /// The product's name.
    pub name: Field<Text>,
    /// The stock keeping unit.
    pub sku: Field<Text>,
    /// The barcode (GTIN).
    pub barcode: Field<Text>,
    /// The department that sells it.
    pub department: Field<Text>,
    /// The category within the department.
    pub category: Field<Text>,
    /// The brand.
    pub brand: Field<Text>,
    /// The unit that quantities count.
    pub unit_of_measure: Field<Text>,
    /// The size of a package.
    pub package_size: Field<Text>,
    /// The list price of one unit.
    pub unit_price: Field<Decimal>,
    /// The purchase cost of one unit.
    pub unit_cost: Field<Decimal>,
    /// The currency of price and cost.
    pub currency: Field<Currency>,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Field<Moment>,
}

/// A product that passed the rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Product {
    /// The source's id of the product.
    pub external_id: Text,
    /// The product's name.
    pub name: Option<Text>,
    /// The stock keeping unit.
    pub sku: Option<Text>,
    /// The barcode (GTIN).
    pub barcode: Option<Text>,
    /// The department that sells it.
    pub department: Option<Text>,
    /// The category within the department.
    pub category: Option<Text>,
    /// The brand.
    pub brand: Option<Text>,
    /// The unit that quantities count.
    pub unit_of_measure: Option<Text>,
    /// The size of a package.
    pub package_size: Option<Text>,
    /// The list price of one unit.
    pub unit_price: Option<Decimal>,
    /// The purchase cost of one unit.
    pub unit_cost: Option<Decimal>,
    /// The currency of price and cost.
    pub currency: Option<Currency>,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Option<Moment>,
}

impl ProductDraft {
    /// The fields, in the order [`Self::read`] takes them.
    pub const FIELDS: &'static [FieldSpec] = &[
        FieldSpec {
            name: "external_id",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &[
                "external_id",
                "product_id",
                "product",
                "item_id",
                "variant_id",
                "article",
                "id",
            ],
            meaning: "the source's id of the product",
        },
        FieldSpec {
            name: "name",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["name", "product_name", "title", "description"],
            meaning: "the product's name",
        },
        FieldSpec {
            name: "sku",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["sku", "stock_keeping_unit", "item_number"],
            meaning: "the stock keeping unit",
        },
        FieldSpec {
            name: "barcode",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["barcode", "upc", "ean", "gtin"],
            meaning: "the barcode (GTIN)",
        },
        FieldSpec {
            name: "department",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["department"],
            meaning: "the department that sells it",
        },
        FieldSpec {
            name: "category",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["category", "product_category", "product_type"],
            meaning: "the category within the department",
        },
        FieldSpec {
            name: "brand",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["brand", "vendor", "manufacturer"],
            meaning: "the brand",
        },
        FieldSpec {
            name: "unit_of_measure",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["unit_of_measure", "unit", "uom"],
            meaning: "the unit that quantities count",
        },
        FieldSpec {
            name: "package_size",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["package_size", "size"],
            meaning: "the size of a package",
        },
        FieldSpec {
            name: "unit_price",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["unit_price", "price", "list_price", "retail_price"],
            meaning: "the list price of one unit",
        },
        FieldSpec {
            name: "unit_cost",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["unit_cost", "cost", "cost_price"],
            meaning: "the purchase cost of one unit",
        },
        FieldSpec {
            name: "currency",
            kind: ValueKind::Currency,
            is_required: false,
            synonyms: &["currency", "currency_code"],
            meaning: "the currency of price and cost",
        },
        FieldSpec {
            name: "updated_at",
            kind: ValueKind::Time,
            is_required: false,
            synonyms: &["updated_at", "modified_at", "last_modified", "version"],
            meaning: "when the source last changed it; a newer change replaces an older one",
        },
    ];

    /// Reads the fields one after the other.
    pub fn read<'v>(fields: &mut FieldReader<'_, impl Fn(usize) -> Option<&'v str>>) -> Self {
        let external_id = fields.text();
        let name = fields.text();
        let sku = fields.text();
        let barcode = fields.text();
        let department = fields.text();
        let category = fields.text();
        let brand = fields.text();
        let unit_of_measure = fields.text();
        let package_size = fields.text();
        let unit_price = fields.number();
        let unit_cost = fields.number();
        let currency = fields.currency();
        let updated_at = fields.time(None);
        Self {
            external_id,
            name,
            sku,
            barcode,
            department,
            category,
            brand,
            unit_of_measure,
            package_size,
            unit_price,
            unit_cost,
            currency,
            updated_at,
        }
    }

    /// Summarises each field, in the order of [`Self::FIELDS`].
    pub fn states(&self) -> [FieldState<'_>; 13] {
        [
            state(&self.external_id),
            state(&self.name),
            state(&self.sku),
            state(&self.barcode),
            state(&self.department),
            state(&self.category),
            state(&self.brand),
            state(&self.unit_of_measure),
            state(&self.package_size),
            state(&self.unit_price),
            state(&self.unit_cost),
            state(&self.currency),
            state(&self.updated_at),
        ]
    }

    /// Turns the draft into a record; `None` when a required field has no value.
    pub fn accept(self) -> Option<Product> {
        Some(Product {
            external_id: self.external_id.into_value()?,
            name: self.name.into_value(),
            sku: self.sku.into_value(),
            barcode: self.barcode.into_value(),
            department: self.department.into_value(),
            category: self.category.into_value(),
            brand: self.brand.into_value(),
            unit_of_measure: self.unit_of_measure.into_value(),
            package_size: self.package_size.into_value(),
            unit_price: self.unit_price.into_value(),
            unit_cost: self.unit_cost.into_value(),
            currency: self.currency.into_value(),
            updated_at: self.updated_at.into_value(),
        })
    }
}
