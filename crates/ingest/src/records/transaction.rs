//! One line of a sale, a return, an exchange or a void.

use std::hash::{Hash, Hasher};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Serialize;

use super::{FieldState, state};
use crate::values::{Currency, Field, FieldReader, FieldSpec, Moment, Text, ValueKind};

/// A line as its source told it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionDraft {
    /// The source's id of the line, unique within the source.
    pub external_id: Field<Text>,
    /// The source's id of the order or receipt.
    pub order_id: Field<Text>,
    /// The source's id of the store.
    pub store: Field<Text>,
    /// The source's id of the product.
    pub product: Field<Text>,
    /// What the line calls the product: its name until the catalogue gives one.
    pub product_name: Field<Text>,
    /// When the source created the line; never changes afterwards.
    pub occurred_at: Field<Moment>,
    /// Sale, return, exchange or void; a sale when the source does not say.
    pub transaction_type: Field<TransactionType>,
    /// How many units, above zero: the type says which way they went.
    pub quantity: Field<Decimal>,
    /// The price of one unit before discounts.
    pub unit_price: Field<Decimal>,
    /// What was taken off the line, as a positive amount.
    pub discount_amount: Field<Decimal>,
    /// The tax contained in the total.
    pub tax_amount: Field<Decimal>,
    /// What the line came to: quantity times unit price, less discount, plus tax.
    pub total_amount: Field<Decimal>,
    /// The currency of every amount of the line.
    pub currency: Field<Currency>,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Field<Moment>,
    /// How many lines the order has in all, where its source tells whole orders: a line of it that is
    /// known, but not among as many of a newer version, is one that was taken off the order. Ids of such
    /// lines are the order's, a slash and their own.
    pub order_lines: Option<u32>,
}

/// A line that passed the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// The source's id of the line, unique within the source.
    pub external_id: Text,
    /// The source's id of the order or receipt.
    pub order_id: Option<Text>,
    /// The source's id of the store.
    pub store: Text,
    /// The source's id of the product.
    pub product: Text,
    /// What the line calls the product: its name until the catalogue gives one.
    pub product_name: Option<Text>,
    /// When the source created the line; never changes afterwards.
    pub occurred_at: Moment,
    /// Sale, return, exchange or void; a sale when the source does not say.
    pub transaction_type: Option<TransactionType>,
    /// How many units, above zero: the type says which way they went.
    pub quantity: Decimal,
    /// The price of one unit before discounts.
    pub unit_price: Option<Decimal>,
    /// What was taken off the line, as a positive amount.
    pub discount_amount: Option<Decimal>,
    /// The tax contained in the total.
    pub tax_amount: Option<Decimal>,
    /// What the line came to: quantity times unit price, less discount, plus tax.
    pub total_amount: Decimal,
    /// The currency of every amount of the line.
    pub currency: Currency,
    /// When the source last changed it; a newer change replaces an older one.
    pub updated_at: Option<Moment>,
    /// How many lines the order has in all, where its source tells whole orders: a line of it that is
    /// known, but not among as many of a newer version, is one that was taken off the order. Ids of such
    /// lines are the order's, a slash and their own.
    pub order_lines: Option<u32>,
}

/// What the table keeps of the line. What it says of the product and of its order besides may be told
/// otherwise without the line being another: products are renamed.
impl Hash for Transaction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            external_id,
            order_id,
            store,
            product,
            product_name: _,
            occurred_at,
            transaction_type,
            quantity,
            unit_price,
            discount_amount,
            tax_amount,
            total_amount,
            currency,
            updated_at,
            order_lines: _,
        } = self;
        (external_id, order_id, store, product, occurred_at, transaction_type).hash(state);
        (quantity, unit_price, discount_amount, tax_amount, total_amount).hash(state);
        (currency, updated_at).hash(state);
    }
}

impl TransactionDraft {
    /// The fields, in the order [`Self::read`] takes them.
    pub const FIELDS: &'static [FieldSpec] = &[
        FieldSpec {
            name: "external_id",
            kind: ValueKind::Text,
            is_required: true,
            synonyms: &[
                "external_id",
                "line_id",
                "transaction_line_id",
                "line_item_id",
                "transaction_id",
                "id",
            ],
            meaning: "the source's id of the line, unique within the source",
        },
        FieldSpec {
            name: "order_id",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &[
                "order_id",
                "order",
                "basket_id",
                "receipt_id",
                "receipt",
                "ticket_id",
                "order_number",
            ],
            meaning: "the source's id of the order or receipt",
        },
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
            name: "product_name",
            kind: ValueKind::Text,
            is_required: false,
            synonyms: &["product_name", "item_name", "product_description", "product_title"],
            meaning: "what the line calls the product: its name until the catalogue gives one",
        },
        FieldSpec {
            name: "occurred_at",
            kind: ValueKind::Time,
            is_required: true,
            synonyms: &[
                "occurred_at",
                "transaction_timestamp",
                "timestamp",
                "created_at",
                "sold_at",
                "date_time",
                "datetime",
                "date",
            ],
            meaning: "when the source created the line; never changes afterwards",
        },
        FieldSpec {
            name: "transaction_type",
            kind: ValueKind::Word,
            is_required: false,
            synonyms: &["transaction_type", "type", "kind"],
            meaning: "sale, return, exchange or void; a sale when the source does not say",
        },
        FieldSpec {
            name: "quantity",
            kind: ValueKind::Number,
            is_required: true,
            synonyms: &["quantity", "qty", "units"],
            meaning: "how many units, above zero: the type says which way they went",
        },
        FieldSpec {
            name: "unit_price",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["unit_price", "price"],
            meaning: "the price of one unit before discounts",
        },
        FieldSpec {
            name: "discount_amount",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["discount_amount", "discount"],
            meaning: "what was taken off the line, as a positive amount",
        },
        FieldSpec {
            name: "tax_amount",
            kind: ValueKind::Number,
            is_required: false,
            synonyms: &["tax_amount", "tax"],
            meaning: "the tax contained in the total",
        },
        FieldSpec {
            name: "total_amount",
            kind: ValueKind::Number,
            is_required: true,
            synonyms: &[
                "total_amount",
                "total",
                "sales_value",
                "amount",
                "line_total",
                "net_sales",
            ],
            meaning: "what the line came to: quantity times unit price, less discount, plus tax",
        },
        FieldSpec {
            name: "currency",
            kind: ValueKind::Currency,
            is_required: true,
            synonyms: &["currency", "currency_code"],
            meaning: "the currency of every amount of the line",
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
        let order_id = fields.text();
        let store = fields.text();
        let product = fields.text();
        let product_name = fields.text();
        let occurred_at = fields.time(store.value());
        let transaction_type = fields.word(str::parse::<TransactionType>);
        let quantity = fields.number();
        let unit_price = fields.number();
        let discount_amount = fields.number();
        let tax_amount = fields.number();
        let total_amount = fields.number();
        let currency = fields.currency();
        let updated_at = fields.time(store.value());
        let told = Self {
            external_id,
            order_id,
            store,
            product,
            product_name,
            occurred_at,
            transaction_type,
            quantity,
            unit_price,
            discount_amount,
            tax_amount,
            total_amount,
            currency,
            updated_at,
            order_lines: None,
        };
        if fields.conventions().negative_quantity_is_return { told.read_sign() } else { told }
    }

    /// Takes the sign off a return: the type says which way goods and money went.
    ///
    /// A return is a line of that type, or one without a type whose quantity is below zero. A line
    /// that the source calls a sale stays as it is: a discount on a line of its own looks like that,
    /// and brings no goods back.
    fn read_sign(mut self) -> Self {
        let is_return = match &self.transaction_type {
            Field::Value(told) => *told == TransactionType::Return,
            Field::Absent => self.quantity.value().is_some_and(Decimal::is_sign_negative),
            Field::Unreadable(_) => false,
        };
        if !is_return {
            return self;
        }
        self.transaction_type = Field::Value(TransactionType::Return);
        for field in [
            &mut self.quantity,
            &mut self.discount_amount,
            &mut self.tax_amount,
            &mut self.total_amount,
        ] {
            if let Field::Value(amount) = field {
                *amount = amount.abs();
            }
        }
        self
    }

    /// Summarises each field, in the order of [`Self::FIELDS`].
    pub fn states(&self) -> [FieldState<'_>; 14] {
        [
            state(&self.external_id),
            state(&self.order_id),
            state(&self.store),
            state(&self.product),
            state(&self.product_name),
            state(&self.occurred_at),
            state(&self.transaction_type),
            state(&self.quantity),
            state(&self.unit_price),
            state(&self.discount_amount),
            state(&self.tax_amount),
            state(&self.total_amount),
            state(&self.currency),
            state(&self.updated_at),
        ]
    }

    /// Turns the draft into a record; `None` when a required field has no value.
    pub fn accept(self) -> Option<Transaction> {
        Some(Transaction {
            external_id: self.external_id.into_value()?,
            order_id: self.order_id.into_value(),
            store: self.store.into_value()?,
            product: self.product.into_value()?,
            product_name: self.product_name.into_value(),
            occurred_at: self.occurred_at.into_value()?,
            transaction_type: self.transaction_type.into_value(),
            quantity: self.quantity.into_value()?,
            unit_price: self.unit_price.into_value(),
            discount_amount: self.discount_amount.into_value(),
            tax_amount: self.tax_amount.into_value(),
            total_amount: self.total_amount.into_value()?,
            currency: self.currency.into_value()?,
            updated_at: self.updated_at.into_value(),
            order_lines: self.order_lines,
        })
    }
}

/// Which way goods and money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionType {
    /// Goods to the shopper, money to the shop.
    Sale,
    /// Goods back, money back.
    Return,
    /// Goods for goods.
    Exchange,
    /// A line that was rung up and taken back before payment.
    Void,
}

/// A word that names no transaction type.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no transaction type: sale, return (refund), exchange or void")]
pub struct UnknownTransactionType(String);

impl TransactionType {
    /// Returns the word stored in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Return => "return",
            Self::Exchange => "exchange",
            Self::Void => "void",
        }
    }
}

impl FromStr for TransactionType {
    type Err = UnknownTransactionType;

    fn from_str(word: &str) -> Result<Self, UnknownTransactionType> {
        const WORDS: [(&str, TransactionType); 7] = [
            ("sale", TransactionType::Sale),
            ("return", TransactionType::Return),
            ("refund", TransactionType::Return),
            ("exchange", TransactionType::Exchange),
            ("void", TransactionType::Void),
            ("voided", TransactionType::Void),
            ("sold", TransactionType::Sale),
        ];
        WORDS
            .into_iter()
            .find_map(|(known, kind)| known.eq_ignore_ascii_case(word).then_some(kind))
            .ok_or_else(|| UnknownTransactionType(word.to_owned()))
    }
}
