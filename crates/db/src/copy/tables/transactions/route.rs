//! Decides which weeks of a batch are copied straight into a partition in the making.

use std::collections::BTreeMap;

use shelfops_ingest::batch::Accepted;
use shelfops_ingest::pipeline::BatchLimit;
use shelfops_ingest::records::Record;

use super::chunks::begin_chunk;
use super::encode::{FINAL_COLUMN_COUNT, FINAL_COLUMNS};
use crate::copy::CHUNKS;
use crate::copy::destinations::Destinations;
use crate::copy::staged_spans::OwnSpans;
use crate::{DbError, TenantTx};

/// From how many rows of a block on a week is worth a partition of its own making: below, the week is
/// a straggler's, and its fixed costs are not won back.
const DENSE_ROWS: usize = 1_000;

/// How many records a batch had better have that goes through the parent. Two batches are merged at
/// the same time, so small ones keep both cores busy sooner; below this, the fixed costs of a batch
/// (some ten statements) begin to show.
const STAGED_RECORDS: u32 = 25_000;

/// Decides where the weeks of a block go that were not seen before.
pub(in crate::copy) async fn route(
    destinations: &mut Destinations,
    spans: &mut OwnSpans,
    tx: &TenantTx,
    accepted: &[Accepted],
) -> Result<(), DbError> {
    let mut row_counts: BTreeMap<i128, usize> = BTreeMap::new();
    for accepted in accepted {
        if let Record::Transaction(line) = &accepted.record {
            *row_counts.entry(CHUNKS.span_of(line.occurred_at.instant)).or_default() += 1;
        }
    }
    for (span, row_count) in row_counts {
        if destinations.route(span).is_some() {
            continue;
        }
        if row_count < DENSE_ROWS {
            spans.add(span);
            continue;
        }
        // A chunk that the batch before is about to make cannot be made aside.
        let begun = if spans.are_shared(span) {
            None
        } else {
            destinations.close().await?;
            begin_chunk(tx, span).await?
        };
        match begun {
            None => {
                destinations.route_to_staging(span);
                spans.add(span);
            }
            Some((table, chunk)) => {
                // A name that the database itself made, quoted already.
                let copy = format!("copy {table} ({FINAL_COLUMNS}) from stdin (format binary)");
                destinations.add(span, copy, FINAL_COLUMN_COUNT, chunk);
            }
        }
    }
    Ok(())
}

/// Wishes for small batches while rows go through the parent, and for whole weeks else.
pub(in crate::copy) fn prefer_size(destinations: &Destinations, limit: &BatchLimit) {
    let is_aside = destinations.chunks().next().is_some();
    limit.prefer(if is_aside { u32::MAX } else { STAGED_RECORDS });
}
