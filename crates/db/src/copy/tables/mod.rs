//! How each stream is staged and merged: one file a stream.

mod folding;
mod inventory;
mod products;
mod purchase_orders;
mod staging;
mod stores;
mod suppliers;
pub(super) mod transactions;

use folding::fold;
use jiff::Timestamp;
use shelfops_ingest::Stream;
use shelfops_ingest::batch::Accepted;
use shelfops_ingest::records::{Record, Withdrawn};
use staging::Staging;

use super::SinkOptions;
use super::days::Days;
use super::destinations::{Destinations, STAGING};
use super::references::{self, References, ResolvedIds};
use crate::error::doing;
use crate::{Database, DbError, TenantTx};

/// What a merge did.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) rejected: Vec<Rejected>,
    /// The time range of transactions, chunk by chunk.
    pub(super) range: Option<(Timestamp, Timestamp)>,
}

impl Merged {
    /// Adds what another merge did.
    pub(super) fn add(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.rejected.extend(other.rejected);
        if let Some((from, to)) = other.range {
            self.cover(from, to);
        }
    }

    /// Widens the time range.
    pub(super) fn cover(&mut self, from: Timestamp, to: Timestamp) {
        let (first, last) = self.range.unwrap_or((from, to));
        self.range = Some((first.min(from), last.max(to)));
    }
}

/// A staged row that the table refused.
#[derive(Debug)]
pub(super) struct Rejected {
    pub(super) row_number: u32,
    pub(super) rule: &'static str,
    pub(super) reason: String,
}

/// Returns the staging table of a stream.
pub(super) const fn staging(stream: Stream) -> &'static Staging {
    match stream {
        Stream::Stores => &stores::STAGING,
        Stream::Products => &products::STAGING,
        Stream::Suppliers => &suppliers::STAGING,
        Stream::Transactions => &transactions::STAGING,
        Stream::Inventory => &inventory::STAGING,
        Stream::PurchaseOrders => &purchase_orders::STAGING,
    }
}

/// What a record's row is made from, besides the record.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) options: &'a SinkOptions,
    pub(super) references: &'a References,
    pub(super) ids: ResolvedIds,
}

/// Writes a record as a row of its destination; answers which one that is.
pub(super) fn write(
    destinations: &mut Destinations,
    days: &mut Days,
    accepted: &Accepted,
    target: Target<'_>,
) -> usize {
    if let Record::Transaction(line) = &accepted.record {
        return transactions::write(destinations, days, accepted.row_number, line, target);
    }
    let row = &mut destinations.get(STAGING).encoder;
    row.begin_row();
    row.integer(accepted.row_number);
    match &accepted.record {
        Record::Store(store) => stores::encode(row, store),
        Record::Product(product) => products::encode(row, product),
        Record::Supplier(supplier) => suppliers::encode(row, supplier),
        Record::Transaction(_) => {}
        Record::InventoryLevel(level) => inventory::encode(row, level, target.ids),
        Record::PurchaseOrderLine(line) => purchase_orders::encode(row, line, target.ids),
    }
    STAGING
}

/// What a batch brought to the database before it is merged.
pub(super) struct StagedBatch<'a> {
    pub(super) destinations: &'a Destinations,
    pub(super) superseded: &'a [u32],
    pub(super) withdrawn: &'a [Withdrawn],
}

/// Makes the staging table, of so many rows, ready to be merged.
pub(super) async fn settle_staging(
    tx: &TenantTx,
    stream: Stream,
    (rows, superseded): (usize, &[u32]),
) -> Result<(), DbError> {
    let staging = staging(stream);
    // What describes today is folded by its merge, when what is known is settled.
    if matches!(stream, Stream::Transactions | Stream::Inventory) {
        drop_superseded(tx, staging, superseded).await?;
    }
    staging.analyze(tx, rows).await
}

async fn drop_superseded(
    tx: &TenantTx,
    staging: &Staging,
    superseded: &[u32],
) -> Result<(), DbError> {
    if superseded.is_empty() {
        return Ok(());
    }
    let rows: Vec<i32> = superseded.iter().filter_map(|row| i32::try_from(*row).ok()).collect();
    let delete = format!("delete from {} where row_number = any($1)", staging.name);
    tx.execute(&delete, &[&rows]).await.map_err(doing("drop superseded rows"))?;
    Ok(())
}

/// Folds the staging table into the real one; sales have a way of their own.
pub(super) async fn merge(
    tx: &TenantTx,
    options: &SinkOptions,
    database: &Database,
    superseded: &[u32],
) -> Result<Merged, DbError> {
    match options.stream {
        Stream::Stores | Stream::Products | Stream::Suppliers => {
            references::lock(tx, &options.source).await?;
        }
        Stream::Inventory => {
            let own_tx = database.tenant(options.customer_id).await?;
            own_tx.bound_waits().await?;
            inventory::make_chunks(tx, own_tx).await?;
        }
        Stream::Transactions | Stream::PurchaseOrders => {}
    }
    match options.stream {
        Stream::Stores => {
            fold(tx, options, (&stores::STAGING, &stores::FOLDING), superseded).await?;
            stores::merge(tx, options).await
        }
        Stream::Products => {
            fold(tx, options, (&products::STAGING, &products::FOLDING), superseded).await?;
            products::merge(tx, options).await
        }
        Stream::Suppliers => {
            fold(tx, options, (&suppliers::STAGING, &suppliers::FOLDING), superseded).await?;
            suppliers::merge(tx, options).await
        }
        Stream::Transactions => Ok(Merged::default()),
        Stream::Inventory => inventory::merge(tx, options).await,
        Stream::PurchaseOrders => purchase_orders::merge(tx, options, superseded).await,
    }
}
