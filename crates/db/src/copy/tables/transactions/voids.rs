//! Makes voids of lines that are told no more: they are no sales, and what was said of them is not lost.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use postgres_types::ToSql;
use shelfops_ingest::records::Withdrawn;
use tokio_postgres::Row;

use super::super::Merged;
use crate::copy::{CHUNKS, SinkOptions};
use crate::error::doing;
use crate::models::{system_time, timestamp};
use crate::{DbError, TenantTx};

const WITHDRAWN: &str = include_str!("withdrawn.sql");
const VOID: &str = include_str!("void.sql");

/// Makes voids of the lines that their source takes back; answers the time that they fall into.
pub(in crate::copy) async fn void_withdrawn(
    tx: &TenantTx,
    options: &SinkOptions,
    withdrawn: &[Withdrawn],
) -> Result<Merged, DbError> {
    let times = || withdrawn.iter().map(|withdrawn| withdrawn.occurred_at);
    let Some((first, last)) = times().min().zip(times().max()) else {
        return Ok(Merged::default());
    };
    let (customer_id, source) = (options.customer_id.as_uuid(), options.source.as_str());
    // The end is outside; tables keep microseconds.
    let (from, to) = (system_time(first), system_time(last + SignedDuration::from_micros(1)));
    let ids: Vec<&str> = withdrawn.iter().map(|withdrawn| &*withdrawn.external_id).collect();
    let stores: Vec<&str> = withdrawn.iter().map(|withdrawn| &*withdrawn.store).collect();
    let occurred: Vec<SystemTime> = times().map(system_time).collect();
    let updated: Vec<SystemTime> =
        withdrawn.iter().map(|withdrawn| system_time(withdrawn.updated_at)).collect();
    let parameters: [&(dyn ToSql + Sync); 8] =
        [&customer_id, &source, &from, &to, &ids, &stores, &occurred, &updated];
    let known = tx
        .query_fresh(WITHDRAWN, &parameters)
        .await
        .map_err(doing("look for lines that were taken back"))?;
    // What was found may lie years apart: week by week no statement reaches over what lies between, which
    // on a compressed hypertable would be unpacked.
    let mut weeks: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
    for row in &known {
        if let Some(at) = timestamp(row.get(0)) {
            weeks.entry(CHUNKS.span_of(at)).or_default().push(row);
        }
    }
    let mut merged = Merged::default();
    for (span, rows) in weeks {
        void(tx, (customer_id, source), &rows).await?;
        if let Some((from, to)) = CHUNKS.start_of(span).zip(CHUNKS.start_of(span + 1)) {
            merged.cover(from, to);
        }
    }
    Ok(merged)
}

/// Makes voids of rows that were found: when each occurred, its id, and the version that lacks it. They lie
/// near each other: the statement's range is from the first to the last.
pub(super) async fn void(
    tx: &TenantTx,
    (customer_id, source): (uuid::Uuid, &str),
    rows: &[&Row],
) -> Result<(), DbError> {
    let moments = |column| rows.iter().map(|row| row.get(column)).collect();
    let (occurred, updated): (Vec<SystemTime>, Vec<SystemTime>) = (moments(0), moments(2));
    let Some((from, last)) = occurred.iter().min().zip(occurred.iter().max()) else {
        return Ok(());
    };
    // The end is outside; tables keep microseconds.
    let to = *last + Duration::from_micros(1);
    let ids: Vec<&str> = rows.iter().map(|row| row.get(1)).collect();
    let parameters: [&(dyn ToSql + Sync); 7] =
        [&customer_id, &source, from, &to, &occurred, &ids, &updated];
    let voided = tx
        .execute_fresh(VOID, &parameters)
        .await
        .map_err(doing("void the lines that are told no more"))?;
    tracing::info!(voided, source, "lines are told no more");
    Ok(())
}
