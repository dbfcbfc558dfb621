//! Square's JSON as it is. Every field may be missing; what is not read here is not declared.

mod catalog;
mod envelope;
mod error;
mod inventory;
mod location;
mod money;
mod order;
mod refund;
mod vendor;

pub(super) use catalog::{CatalogObject, ItemData, VariationData};
pub(super) use envelope::Envelope;
pub(super) use error::{ApiError, Errors};
pub(super) use inventory::InventoryCount;
pub(super) use location::{Address, Location};
pub(super) use money::Money;
pub(super) use order::{Line, Order, OrderAmounts, OrderReturn, RoundingAdjustment, ServiceCharge};
pub(super) use refund::PaymentRefund;
pub(super) use vendor::Vendor;
