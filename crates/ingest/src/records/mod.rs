//! The typed records of each stream: a draft as the source told it, and the record that passed.
//!
//! A draft becomes a record only through [`Draft::accept`], after the rules had their say: whoever
//! holds a [`Record`] need not check it again.

mod inventory_level;
mod product;
mod purchase_order;
mod store;
mod supplier;
mod transaction;
mod withdrawn;

use std::hash::Hash;

use serde_json::{Map, Value};
use xxhash_rust::xxh3::Xxh3;

pub use inventory_level::{InventoryLevel, InventoryLevelDraft};
pub use product::{Product, ProductDraft};
pub use purchase_order::{
    PurchaseOrderLine, PurchaseOrderLineDraft, PurchaseOrderStatus, UnknownPurchaseOrderStatus,
};
pub use store::{Store, StoreDraft};
pub use supplier::{Supplier, SupplierDraft};
pub use transaction::{Transaction, TransactionDraft, TransactionType, UnknownTransactionType};
pub use withdrawn::Withdrawn;

use crate::Stream;
use crate::values::{Conventions, Field, FieldReader, FieldSpec, Moment, Text, Unreadable};

/// A record as its source told it: any field may be missing or unreadable.
#[derive(Clone, Debug, PartialEq)]
pub enum Draft {
    /// Of [`Stream::Stores`].
    Store(Box<StoreDraft>),
    /// Of [`Stream::Products`].
    Product(Box<ProductDraft>),
    /// Of [`Stream::Suppliers`].
    Supplier(Box<SupplierDraft>),
    /// Of [`Stream::Transactions`].
    Transaction(Box<TransactionDraft>),
    /// Of [`Stream::Inventory`].
    InventoryLevel(Box<InventoryLevelDraft>),
    /// Of [`Stream::PurchaseOrders`].
    PurchaseOrderLine(Box<PurchaseOrderLineDraft>),
}

/// A record that passed the rules.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// Of [`Stream::Stores`].
    Store(Store),
    /// Of [`Stream::Products`].
    Product(Product),
    /// Of [`Stream::Suppliers`].
    Supplier(Supplier),
    /// Of [`Stream::Transactions`].
    Transaction(Transaction),
    /// Of [`Stream::Inventory`].
    InventoryLevel(InventoryLevel),
    /// Of [`Stream::PurchaseOrders`].
    PurchaseOrderLine(PurchaseOrderLine),
}

/// What is known of one field of a draft.
#[derive(Clone, Copy, Debug)]
pub struct FieldState<'a> {
    /// Whether the source said nothing.
    pub is_absent: bool,
    /// What stands in the way of a value.
    pub problem: Option<&'a Unreadable>,
}

impl Stream {
    /// Returns the fields of this stream's records, in the order they are read.
    pub const fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::Stores => StoreDraft::FIELDS,
            Self::Products => ProductDraft::FIELDS,
            Self::Suppliers => SupplierDraft::FIELDS,
            Self::Transactions => TransactionDraft::FIELDS,
            Self::Inventory => InventoryLevelDraft::FIELDS,
            Self::PurchaseOrders => PurchaseOrderLineDraft::FIELDS,
        }
    }
}

impl Draft {
    /// Reads a draft; `values` answers the text of each of [`Stream::fields`] by its index.
    pub fn read<'v>(
        stream: Stream,
        values: impl Fn(usize) -> Option<&'v str>,
        conventions: &Conventions,
    ) -> Self {
        let mut fields = FieldReader::new(values, conventions);
        match stream {
            Stream::Stores => Self::Store(Box::new(StoreDraft::read(&mut fields))),
            Stream::Products => Self::Product(Box::new(ProductDraft::read(&mut fields))),
            Stream::Suppliers => Self::Supplier(Box::new(SupplierDraft::read(&mut fields))),
            Stream::Transactions => {
                Self::Transaction(Box::new(TransactionDraft::read(&mut fields)))
            }
            Stream::Inventory => {
                Self::InventoryLevel(Box::new(InventoryLevelDraft::read(&mut fields)))
            }
            Stream::PurchaseOrders => {
                Self::PurchaseOrderLine(Box::new(PurchaseOrderLineDraft::read(&mut fields)))
            }
        }
    }

    /// Returns the first answer that `test` gives for a field, in the fields' order.
    pub fn find_field<R>(
        &self,
        test: impl FnMut(&'static FieldSpec, FieldState<'_>) -> Option<R>,
    ) -> Option<R> {
        match self {
            Self::Store(draft) => find(StoreDraft::FIELDS, &draft.states(), test),
            Self::Product(draft) => find(ProductDraft::FIELDS, &draft.states(), test),
            Self::Supplier(draft) => find(SupplierDraft::FIELDS, &draft.states(), test),
            Self::Transaction(draft) => find(TransactionDraft::FIELDS, &draft.states(), test),
            Self::InventoryLevel(draft) => find(InventoryLevelDraft::FIELDS, &draft.states(), test),
            Self::PurchaseOrderLine(draft) => {
                find(PurchaseOrderLineDraft::FIELDS, &draft.states(), test)
            }
        }
    }

    /// Returns when it happened, for records that have such a time.
    pub fn moment(&self) -> Option<jiff::Timestamp> {
        let moment = match self {
            Self::Transaction(line) => line.occurred_at.value(),
            Self::InventoryLevel(level) => level.counted_at.value(),
            Self::Store(_) | Self::Product(_) | Self::Supplier(_) | Self::PurchaseOrderLine(_) => {
                None
            }
        };
        moment.map(|moment| moment.instant)
    }

    /// Returns the source's own time of the last change; `None` where a stream has no such field.
    pub const fn updated_at(&self) -> Option<&Field<Moment>> {
        match self {
            Self::Store(store) => Some(&store.updated_at),
            Self::Product(product) => Some(&product.updated_at),
            Self::Supplier(supplier) => Some(&supplier.updated_at),
            Self::Transaction(line) => Some(&line.updated_at),
            Self::InventoryLevel(_) => None,
            Self::PurchaseOrderLine(line) => Some(&line.updated_at),
        }
    }

    /// Turns the draft into a record; `None` when a required field has no value.
    pub fn accept(self) -> Option<Record> {
        Some(match self {
            Self::Store(draft) => Record::Store(draft.accept()?),
            Self::Product(draft) => Record::Product(draft.accept()?),
            Self::Supplier(draft) => Record::Supplier(draft.accept()?),
            Self::Transaction(draft) => Record::Transaction(draft.accept()?),
            Self::InventoryLevel(draft) => Record::InventoryLevel(draft.accept()?),
            Self::PurchaseOrderLine(draft) => Record::PurchaseOrderLine(draft.accept()?),
        })
    }
}

impl Record {
    /// Returns a fingerprint of what identifies the record within its source and stream.
    pub fn key_fingerprint(&self) -> u128 {
        match self {
            Self::Store(store) => fingerprint(&store.external_id),
            Self::Product(product) => fingerprint(&product.external_id),
            Self::Supplier(supplier) => fingerprint(&supplier.external_id),
            Self::Transaction(line) => fingerprint(&(&line.external_id, line.occurred_at.instant)),
            Self::InventoryLevel(level) => {
                fingerprint(&(&level.store, &level.product, level.counted_at.instant))
            }
            Self::PurchaseOrderLine(line) => fingerprint(&(&line.order_id, &line.line_id)),
        }
    }

    /// Returns a fingerprint of everything the record says.
    pub fn content_fingerprint(&self) -> u128 {
        match self {
            Self::Store(store) => fingerprint(store),
            Self::Product(product) => fingerprint(product),
            Self::Supplier(supplier) => fingerprint(supplier),
            Self::Transaction(line) => fingerprint(line),
            Self::InventoryLevel(level) => fingerprint(level),
            Self::PurchaseOrderLine(line) => fingerprint(line),
        }
    }

    /// Whether the record describes what is so today, of which the last word counts, and not what happened
    /// once.
    pub const fn describes_today(&self) -> bool {
        match self {
            Self::Store(_) | Self::Product(_) | Self::Supplier(_) | Self::PurchaseOrderLine(_) => {
                true
            }
            Self::Transaction(_) | Self::InventoryLevel(_) => false,
        }
    }

    /// Returns the source's own time of the record's last change, where it told one.
    pub fn updated_at(&self) -> Option<jiff::Timestamp> {
        let told = match self {
            Self::Store(store) => store.updated_at,
            Self::Product(product) => product.updated_at,
            Self::Supplier(supplier) => supplier.updated_at,
            Self::Transaction(line) => line.updated_at,
            Self::InventoryLevel(_) => None,
            Self::PurchaseOrderLine(line) => line.updated_at,
        };
        told.map(|moment| moment.instant)
    }

    /// Returns what the record says, field by field, leaving out what it does not say.
    pub fn described(&self) -> Map<String, Value> {
        let described = match self {
            Self::Store(store) => serde_json::to_value(store),
            Self::Product(product) => serde_json::to_value(product),
            Self::Supplier(supplier) => serde_json::to_value(supplier),
            Self::Transaction(line) => serde_json::to_value(line),
            Self::InventoryLevel(level) => serde_json::to_value(level),
            Self::PurchaseOrderLine(line) => serde_json::to_value(line),
        };
        let Ok(Value::Object(fields)) = described else { return Map::new() };
        fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    /// Returns what identifies the record, for messages.
    pub fn label(&self) -> Text {
        match self {
            Self::Store(store) => store.external_id.clone(),
            Self::Product(product) => product.external_id.clone(),
            Self::Supplier(supplier) => supplier.external_id.clone(),
            Self::Transaction(line) => line.external_id.clone(),
            Self::InventoryLevel(level) => {
                compact_str::format_compact!("{} in {}", level.product, level.store)
            }
            Self::PurchaseOrderLine(line) => {
                compact_str::format_compact!("{}/{}", line.order_id, line.line_id)
            }
        }
    }
}

fn fingerprint(value: &impl Hash) -> u128 {
    let mut hasher = Xxh3::new();
    value.hash(&mut hasher);
    hasher.digest128()
}

fn find<R>(
    specs: &'static [FieldSpec],
    states: &[FieldState<'_>],
    mut test: impl FnMut(&'static FieldSpec, FieldState<'_>) -> Option<R>,
) -> Option<R> {
    specs.iter().zip(states).find_map(|(spec, state)| test(spec, *state))
}

/// Summarises a field for the rules that look at every field alike.
const fn state<T>(field: &Field<T>) -> FieldState<'_> {
    match field {
        Field::Absent => FieldState { is_absent: true, problem: None },
        Field::Unreadable(problem) => FieldState { is_absent: false, problem: Some(&**problem) },
        Field::Value(_) => FieldState { is_absent: false, problem: None },
    }
}
