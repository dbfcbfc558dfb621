//! The partitions that a batch of sales needs: looked for, made, and filled aside.

use std::collections::BTreeSet;
use std::time::SystemTime;

use uuid::Uuid;

use crate::copy::CHUNKS;
use crate::copy::destinations::{self, Destinations, NewChunk};
use crate::copy::staged_spans::OwnSpans;
use crate::error::doing;
use crate::models::system_time;
use crate::{DbError, TenantTx};

/// 2000-01-01, from which days are counted, by its distance from 1970-01-01.
const EPOCH_SECONDS: i64 = 946_684_800;

/// Begins a partition, unless the week has one already.
pub(super) async fn begin_chunk(
    tx: &TenantTx,
    span: i128,
) -> Result<Option<(String, NewChunk)>, DbError> {
    let bounds = CHUNKS.start_of(span).zip(CHUNKS.start_of(span + 1));
    let Some((starts_at, ends_at)) = bounds else { return Ok(None) };
    let row = tx
        .query_one(
            "select shelfops.begin_chunk('transactions', $1, $2)",
            &[&system_time(starts_at), &system_time(ends_at)],
        )
        .await
        .map_err(doing("begin a partition of transactions"))?;
    let table: Option<String> = row.get(0);
    Ok(table.map(|table| (table, NewChunk { starts_at, ends_at, rows: Vec::new() })))
}

/// Does what can be done of a partition before its turn: all but the days that are not locked, and
/// the attachment, which would hold up whoever attaches another.
pub(in crate::copy) async fn prepare_chunk(
    tx: &TenantTx,
    chunk: &NewChunk,
    superseded: &[u32],
    days: &[i32],
) -> Result<(), DbError> {
    let replaced = replaced(chunk, superseded);
    tx.execute(
        "select shelfops.prepare_chunk('transactions', $1, $2, $3)",
        &[&system_time(chunk.starts_at), &replaced, &days],
    )
    .await
    .map_err(doing("index a partition of transactions"))?;
    Ok(())
}

/// Attaches a partition, without the rows that a newer version in the same batch replaced; answers
/// how many it has.
pub(in crate::copy) async fn finish_chunk(
    tx: &TenantTx,
    chunk: &NewChunk,
    superseded: &[u32],
) -> Result<u64, DbError> {
    let replaced = replaced(chunk, superseded);
    tx.execute(
        "select shelfops.finish_chunk('transactions', $1, $2)",
        &[&system_time(chunk.starts_at), &replaced],
    )
    .await
    .map_err(doing("attach a partition of transactions"))?;
    Ok((chunk.rows.len() - replaced.len()) as u64)
}

fn replaced(chunk: &NewChunk, superseded: &[u32]) -> Vec<Uuid> {
    superseded
        .iter()
        .filter_map(|row| chunk.rows.binary_search_by_key(row, |(number, _)| *number).ok())
        .map(|place| chunk.rows[place].1)
        .collect()
}

/// Returns where the partitions start that staged rows need and that this batch is not making aside.
fn needed(destinations: &Destinations, spans: &OwnSpans) -> Vec<SystemTime> {
    let is_aside =
        |span: i128| destinations.route(span).is_some_and(|place| place != destinations::STAGING);
    starts(spans.iter().filter(|span| !is_aside(*span)))
}

fn starts(spans: impl Iterator<Item = i128>) -> Vec<SystemTime> {
    spans.filter_map(|span| CHUNKS.start_of(span)).map(system_time).collect()
}

/// Makes the partitions that staged rows go to.
///
/// In a short transaction of its own, which holds nothing else: whoever makes or attaches a partition
/// keeps every other one from doing so until it commits. One that is left empty does no harm.
pub(in crate::copy) async fn make(
    tx: TenantTx,
    destinations: &Destinations,
    spans: &OwnSpans,
) -> Result<(), DbError> {
    let starts = needed(destinations, spans);
    if !starts.is_empty() {
        tx.execute("select shelfops.ensure_chunks('transactions', $1)", &[&starts])
            .await
            .map_err(doing("make partitions of transactions"))?;
    }
    tx.commit().await
}

/// Whether staged rows find their partitions, or an engine that makes them in passing.
pub(in crate::copy) async fn are_all_there(
    tx: &TenantTx,
    destinations: &Destinations,
    spans: &OwnSpans,
) -> Result<bool, DbError> {
    let row = tx
        .query_one(
            "select shelfops.timeseries_engine() like 'timescale%'
                 or cardinality(shelfops.missing_chunks('transactions', $1)) = 0",
            &[&needed(destinations, spans)],
        )
        .await
        .map_err(doing("look for the partitions of transactions"))?;
    Ok(row.get(0))
}

/// Returns those of the days whose staged rows find their partitions, whatever the clock.
pub(in crate::copy) async fn ready_days(
    tx: &TenantTx,
    spans: &OwnSpans,
    days: &BTreeSet<i32>,
) -> Result<Vec<i32>, DbError> {
    let row = tx
        .query_one(
            "select coalesce(array_agg(starts_at), '{}')
             from unnest(shelfops.missing_chunks('transactions', $1)) as starts_at",
            // Also those that are made aside: a few rows of such a week may be staged.
            &[&starts(spans.iter())],
        )
        .await
        .map_err(doing("look for the partitions of transactions"))?;
    let missing: BTreeSet<i128> = row
        .get::<_, Vec<SystemTime>>(0)
        .into_iter()
        .filter_map(crate::models::timestamp)
        .map(|starts_at| CHUNKS.span_of(starts_at))
        .collect();
    let is_missing = |day: i32| {
        let second = i64::from(day) * 86_400 + EPOCH_SECONDS;
        jiff::Timestamp::from_second(second)
            .is_ok_and(|moment| missing.contains(&CHUNKS.span_of(moment)))
    };
    // A day by a store's clock reaches into its neighbours by UTC.
    let is_ready = |day: &i32| !(day - 1..=day + 1).any(is_missing);
    Ok(days.iter().copied().filter(is_ready).collect())
}
