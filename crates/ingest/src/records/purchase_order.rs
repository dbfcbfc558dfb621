//! One line of an order placed with a supplier.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Serialize;

use super::{FieldState, state};
use crate::values::{Currency, Field, FieldReader, FieldSpec, Moment, Text, ValueKind};

/// A line as its source told it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PurchaseOrderLineDraft {
    /// The source's id of the order.
    pub order_id: Field<Text>,
    /// The source's id of the line within the order; the product's id serves.
    pub line_id: Field<Text>,
    /// The source's id of the supplier.
    pub supplier: Field<Text>,
    /// The source's id of the store that receives.
    pub store: Field<Text>,
    /// The source's id of the product.
    pub product: Field<Text>,
    /// When the order was placed.
    pub ordered_at: Field<Moment>,
    /// When the delivery is due.
    pub expected_at: Field<Moment>,
    /// Draft, open, partially-received, received or cancelled; open when the source does not say.
    pub status: Field<PurchaseOrderStatus>,
    /// Units ordered, above zero.
    pub quantity_ordered: Field<Decimal>,
    /// Units that arrived so far.
    pub quantity_received: Field<Decimal>,
    /// The cost of one unit.
    pub unit_cost: Field<Decimal>,
    /// The currency of the cost.
    pub currency: Field<Currency>,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Field<Moment>,
}

/// A line that passed the rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct PurchaseOrderLine {
    /// The source's id of the order.
    pub order_id: Text,
    /// The source's id of the line within the order; the product's id serves.
    pub line_id: Text,
    /// The source's id of the supplier.
    pub supplier: Text,
    /// The source's id of the store that receives.
    pub store: Text,
    /// The source's id of the product.
    pub product: Text,
    /// When the order was placed.
    pub ordered_at: Moment,
    /// When the delivery is due.
    pub expected_at: Option<Moment>,
    /// Draft, open, partially-received, received or cancelled; open when the source does not say.
    pub status: Option<PurchaseOrderStatus>,
    /// Units ordered, above zero.
    pub quantity_ordered: Decimal,
    /// Units that arrived so far.
    pub quantity_received: Option<Decimal>,
    /// The cost of one unit.
    pub unit_cost: Option<Decimal>,
    /// The currency of the cost.
    pub currency: Currency,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Option<Moment>,
}

impl PurchaseOrderLineDraft {
    /// The fields, in the order [`Self::read`] takes them.
    pub const FIELDS: &'static [FieldSpec] = &[
        FieldSpec {
            name: "order_id",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &[
                "order_id",
                "purchase_order_id",
                "purchase_order",
                "po_number",
                "po_id",
                "external_id",
            ],
            meaning: "the source's id of the order",
        },
        FieldSpec {
            name: "line_id",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &[
                "line_id",
                "line",
                "line_number",
                "product",
                "product_id",
                "item_id",
                "sku",
            ],
            meaning: "the source's id of the line within the order; the product's id serves",
        },
        FieldSpec {
            name: "supplier",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &["supplier", "supplier_id", "vendor", "vendor_id"],
            meaning: "the source's id of the supplier",
        },
        FieldSpec {
            name: "store",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &["store", "store_id", "location_id", "location", "ship_to"],
            meaning: "the source's id of the store that receives",
        },
        FieldSpec {
            name: "product",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &["product", "product_id", "item_id", "variant_id", "sku", "article"],
            meaning: "the source's id of the product",
        },
        FieldSpec {
            name: "ordered_at",
            kind: ValueKind::Time,
            is_required: true,
            synonyms: &["ordered_at", "order_date", "created_at", "date"],
            meaning: "when the order was placed",
        },
        FieldSpec {
            name: "expected_at",
            kind: ValueKind::Time,
            is_required: false,
            synonyms: &["expected_at", "expected_date", "due_at", "due_date"],
            meaning: "when the delivery is due",
        },
        FieldSpec {
            name: "status",
            kind: ValueKind::Word,
            is_required: false,
            synonyms: &["status", "state"],
            meaning: "draft, open, partially-received, received or cancelled; open when the source does not say",
        },
        FieldSpec {
            name: "quantity_ordered",
            kind: ValueKind::Number,
            is_required: true,
            synonyms: &["quantity_ordered", "quantity", "qty", "ordered"],
            meaning: "units ordered, above zero",
        },
        FieldSpec {
            name: "quantity_received",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["quantity_received", "received"],
            meaning: "units that arrived so far",
        },
        FieldSpec {
            name: "unit_cost",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["unit_cost", "cost", "price"],
            meaning: "the cost of one unit",
        },
        FieldSpec {
            name: "currency",
            kind: ValueKind::Currency,
            is_required: true,
            synonyms: &["currency", "currency_code"],
            meaning: "the currency of the cost",
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
        let order_id = fields.text();
        let line_id = fields.text();
        let supplier = fields.text();
        let store = fields.text();
        let product = fields.text();
        let ordered_at = fields.time(store.value());
        let expected_at = fields.time(store.value());
        let status = fields.word(str::parse::<PurchaseOrderStatus>);
        let quantity_ordered = fields.number();
        let quantity_received = fields.number();
        let unit_cost = fields.number();
        let currency = fields.currency();
        let updated_at = fields.time(store.value());
        Self {
            order_id,
            line_id,
            supplier,
            store,
            product,
            ordered_at,
            expected_at,
            status,
            quantity_ordered,
            quantity_received,
            unit_cost,
            currency,
            updated_at,
        }
    }

    /// Summarises each field, in the order of [`Self::FIELDS`].
    pub fn states(&self) -> [FieldState<'_>; 13] {
        [
            state(&self.order_id),
            state(&self.line_id),
            state(&self.supplier),
            state(&self.store),
            state(&self.product),
            state(&self.ordered_at),
            state(&self.expected_at),
            state(&self.status),
            state(&self.quantity_ordered),
            state(&self.quantity_received),
            state(&self.unit_cost),
            state(&self.currency),
            state(&self.updated_at),
        ]
    }

    /// Turns the draft into a record; `None` when a required field has no value.
    pub fn accept(self) -> Option<PurchaseOrderLine> {
        Some(PurchaseOrderLine {
            order_id: self.order_id.into_value()?,
            line_id: self.line_id.into_value()?,
            supplier: self.supplier.into_value()?,
            store: self.store.into_value()?,
            product: self.product.into_value()?,
            ordered_at: self.ordered_at.into_value()?,
            expected_at: self.expected_at.into_value(),
            status: self.status.into_value(),
            quantity_ordered: self.quantity_ordered.into_value()?,
            quantity_received: self.quantity_received.into_value(),
            unit_cost: self.unit_cost.into_value(),
            currency: self.currency.into_value()?,
            updated_at: self.updated_at.into_value(),
        })
    }
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PurchaseOrderStatus {
    /// Not yet sent.
    Draft,
    /// Sent, nothing arrived.
    Open,
    /// Some of it arrived.
    PartiallyReceived,
    /// All of it arrived.
    Received,
    /// Called off.
    Cancelled,
}

/// A word that names no status.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no order status: draft, open, partially-received, received or cancelled")]
pub struct UnknownPurchaseOrderStatus(String);

impl PurchaseOrderStatus {
    /// Returns the word stored in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::PartiallyReceived => "partially-received",
            Self::Received => "received",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for PurchaseOrderStatus {
    type Err = UnknownPurchaseOrderStatus;

    fn from_str(word: &str) -> Result<Self, UnknownPurchaseOrderStatus> {
        const WORDS: [(&str, PurchaseOrderStatus); 9] = [
            ("draft", PurchaseOrderStatus::Draft),
            ("open", PurchaseOrderStatus::Open),
            ("sent", PurchaseOrderStatus::Open),
            ("partially-received", PurchaseOrderStatus::PartiallyReceived),
            ("partial", PurchaseOrderStatus::PartiallyReceived),
            ("received", PurchaseOrderStatus::Received),
            ("closed", PurchaseOrderStatus::Received),
            ("cancelled", PurchaseOrderStatus::Cancelled),
            ("canceled", PurchaseOrderStatus::Cancelled),
        ];
        let word_with_hyphens = word.replace(['_', ' '], "-");
        WORDS
            .into_iter()
            .find_map(|(known, status)| {
                known.eq_ignore_ascii_case(&word_with_hyphens).then_some(status)
            })
            .ok_or_else(|| UnknownPurchaseOrderStatus(word.to_owned()))
    }
}
