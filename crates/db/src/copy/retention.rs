//! Rows that come when their table no longer keeps what is as old.
//!
//! What was dropped cannot be compared with: a line that is read again would be taken for a new one, and
//! counted in the rollups, which outlive it, a second time.

use jiff::Timestamp;
use shelfops_ingest::Stream;
use shelfops_ingest::records::Record;
use shelfops_ingest::rules::{Rule as _, StillKept};

use crate::error::doing;
use crate::models::timestamp;
use crate::{DbError, TenantTx};

/// The rule that such rows break.
pub(super) fn rule() -> &'static str {
    StillKept.name()
}

/// Returns since when a stream's rows are kept; nothing where all of them are.
pub(super) async fn kept_since(
    tx: &TenantTx,
    stream: Stream,
) -> Result<Option<Timestamp>, DbError> {
    let table = match stream {
        Stream::Transactions => "transactions",
        Stream::Inventory => "inventory_levels",
        _ => return Ok(None),
    };
    let row = tx
        .query_opt(
            // What was dropped stays dropped when rows are kept longer from now on.
            "select greatest(now() - retain_for, dropped_before)
             from shelfops.timeseries_tables where table_name = $1",
            &[&table],
        )
        .await
        .map_err(doing("ask for how long rows are kept"))?;
    Ok(row.and_then(|row| row.get::<_, Option<_>>(0)).and_then(timestamp))
}

/// Says what is wrong with a record that is older.
pub(super) fn too_old(record: &Record, kept_since: Option<Timestamp>) -> Option<String> {
    let since = kept_since?;
    let (what, at) = match record {
        Record::Transaction(line) => ("it happened", line.occurred_at.instant),
        Record::InventoryLevel(level) => ("it was counted", level.counted_at.instant),
        _ => return None,
    };
    (at < since)
        .then(|| format!("{what} at {at}, and the table keeps what is younger than {since}"))
}
