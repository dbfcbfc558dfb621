//! Lines of sales: the one stream that is large.
//!
//! Rows of weeks that have no partition yet are copied straight into one in the making, which gets
//! its indexes in one pass. Rows of weeks that are there are staged and go through the parent, sorted
//! as its indexes are.
//!
//! Where a source tells whole orders, a line that its order no longer has becomes a void: it is no sale,
//! and what was said of it is not lost. The same becomes of lines that their source takes back.

mod chunks;
mod encode;
mod merge;
mod route;
mod voids;

pub(in crate::copy) use chunks::{are_all_there, finish_chunk, make, prepare_chunk, ready_days};
pub(in crate::copy) use encode::add_days;
pub(super) use encode::write;
pub(in crate::copy) use merge::{Part, merge_staged};
pub(in crate::copy) use route::{prefer_size, route};
pub(in crate::copy) use voids::void_withdrawn;

use super::Staging;

pub(super) const STAGING: Staging = Staging {
    name: "staged_transactions",
    create: "create temporary table if not exists staged_transactions (
        row_number integer not null,
        transaction_id uuid not null,
        store_id uuid not null,
        product_id uuid not null,
        occurred_at timestamptz not null,
        -- Days since 2000-01-01: by UTC, and by the store's clock.
        utc_day integer not null,
        business_day integer not null,
        source_updated_at timestamptz,
        quantity numeric not null,
        unit_price numeric,
        discount_amount numeric not null,
        tax_amount numeric not null,
        total_amount numeric not null,
        currency text not null,
        transaction_type text not null,
        external_id text not null,
        external_order_id text,
        -- How many lines the order has, where it is told whole.
        order_lines integer
    );
    create temporary table if not exists matched_transactions (
        row_number integer not null,
        -- When the row that is known occurred: another time than the staged one's if it was moved.
        known_at timestamptz not null,
        is_newer boolean not null,
        is_same boolean not null,
        is_older boolean not null,
        is_moved boolean not null
    )",
    copy: "copy staged_transactions from stdin (format binary)",
    columns: 18,
    planned_by: "row_number, occurred_at, external_id, utc_day, business_day",
    beside: Some("matched_transactions"),
};
