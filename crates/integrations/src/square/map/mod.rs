//! From Square's JSON to records: plain functions, no waiting, nothing guessed.
//!
//! What cannot be read becomes an unreadable field or a malformed record, never another value.

mod field;
mod inventory;
mod money;
mod order;
mod order_line;
mod order_total;
mod product;
mod refund;
mod store;
mod supplier;
mod unit_price;

pub(super) use field::{instant, parse};
pub(super) use inventory::{CountPart, level_of};
pub(super) use money::amount;
pub(super) use order::{
    OrderPart, does_count, each_record, is_void, without_any_line, without_lines,
};
pub(super) use order_total::ToldTotal;
pub(super) use product::{
    ProductContext, ProductPart, STAND_INS, stand_in, variation, without_data, without_item,
};
pub(super) use refund::{RefundPart, is_paid_out, no_record, refund_of};
pub(super) use store::{StorePart, store_of};
pub(super) use supplier::{SupplierPart, supplier_of};
