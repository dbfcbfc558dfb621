//! Lines of sales: the one stream that is large.
//!
//! Rows of weeks that have no partition yet are copied straight into one in the making, which gets
//! its indexes in one pass when it is attached. Rows of weeks that are there are staged and go through
//! the parent, sorted as its indexes are.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::Timestamp;
use shelfops_ingest::batch::Accepted;
use shelfops_ingest::records::{Record, Transaction, TransactionType};
use uuid::Uuid;

use super::{Merged, Rejected, StagedBatch, Staging, Target};
use crate::copy::destinations::{self, Destination, Destinations, NewChunk};
use crate::copy::encode::RowEncoder;
use crate::copy::references::ResolvedIds;
use crate::copy::staged_spans::OwnSpans;
use crate::copy::{CHUNKS, SinkOptions};
use crate::error::doing;
use crate::models::{system_time, timestamp};
use crate::{DbError, TenantTx};

/// From how many rows of a block on a week is worth a partition of its own making: below, the week is
/// a straggler's, and its fixed costs are not won back.
const DENSE_ROWS: usize = 1_000;

/// What the program copies straight into a partition, in the order that [`encode_final`] writes.
const FINAL_COLUMNS: &str = "customer_id, transaction_id, store_id, product_id, occurred_at, \
    business_date, source_updated_at, quantity, unit_price, discount_amount, tax_amount, \
    total_amount, currency, transaction_type, source, external_id, external_order_id";

/// How many those are.
const FINAL_COLUMN_COUNT: i16 = 17;

/// PostgreSQL counts days from 2000-01-01, the 10,957th day after 1970-01-01.
const EPOCH_DAY: i64 = 10_957;

pub(super) const STAGING: Staging = Staging {
    name: "staged_transactions",
    create: "create temporary table if not exists staged_transactions (
        row_number integer not null,
        transaction_id uuid not null,
        store_id uuid not null,
        product_id uuid not null,
        occurred_at timestamptz not null,
        source_updated_at timestamptz,
        quantity numeric not null,
        unit_price numeric,
        discount_amount numeric,
        tax_amount numeric,
        total_amount numeric not null,
        currency text not null,
        transaction_type text not null,
        external_id text not null,
        external_order_id text
    ) on commit delete rows;
    create temporary table if not exists matched_transactions (
        row_number integer not null,
        is_newer boolean not null,
        is_same boolean not null,
        is_older boolean not null
    ) on commit delete rows",
    copy: "copy staged_transactions from stdin (format binary)",
    columns: 15,
    planned_by: "row_number, store_id, occurred_at, external_id",
};

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

/// Makes the partitions that staged rows go to.
pub(in crate::copy) async fn make_chunks(
    tx: &TenantTx,
    destinations: &Destinations,
    spans: &OwnSpans,
) -> Result<(), DbError> {
    let is_staged =
        |span: &i128| destinations.route(*span).is_none_or(|place| place == destinations::STAGING);
    let starts: Vec<SystemTime> = spans
        .iter()
        .filter(is_staged)
        .filter_map(|span| CHUNKS.start_of(span))
        .map(system_time)
        .collect();
    tx.execute("select shelfops.ensure_chunks('transactions', $1)", &[&starts])
        .await
        .map_err(doing("make chunks for the transactions"))?;
    Ok(())
}

/// Begins a partition, unless the week has one already.
async fn begin_chunk(tx: &TenantTx, span: i128) -> Result<Option<(String, NewChunk)>, DbError> {
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

/// Writes a line to its destination; answers which one that is.
pub(super) fn write(
    destinations: &mut Destinations,
    row_number: u32,
    line: &Transaction,
    target: Target<'_>,
) -> usize {
    let place = destinations.route(CHUNKS.span_of(line.occurred_at.instant));
    let place = place.unwrap_or(destinations::STAGING);
    let Destination { encoder, chunk, .. } = destinations.get(place);
    let id = Uuid::now_v7();
    encoder.begin_row();
    match chunk {
        Some(chunk) => {
            chunk.rows.push((row_number, id));
            encode_final(encoder, id, line, target);
        }
        None => {
            encoder.integer(row_number);
            encode_staged(encoder, id, line, target.ids);
        }
    }
    place
}

fn encode_staged(row: &mut RowEncoder, id: Uuid, line: &Transaction, ids: ResolvedIds) {
    row.uuid(id);
    row.uuid(ids.store);
    row.uuid(ids.product);
    row.time(line.occurred_at.instant);
    row.optional_time(line.updated_at.map(|at| at.instant));
    row.number(line.quantity);
    row.optional_number(line.unit_price);
    row.optional_number(line.discount_amount);
    row.optional_number(line.tax_amount);
    row.number(line.total_amount);
    row.text(line.currency.code());
    row.text(line.transaction_type.unwrap_or(TransactionType::Sale).name());
    row.text(&line.external_id);
    row.optional_text(line.order_id.as_deref());
}

/// As [`FINAL_COLUMNS`] lists them.
fn encode_final(row: &mut RowEncoder, id: Uuid, line: &Transaction, target: Target<'_>) {
    let occurred_at = line.occurred_at.instant;
    let zone = target.references.zone_of(target.ids.store);
    let local_second = occurred_at.as_second() + i64::from(zone.to_offset(occurred_at).seconds());
    row.uuid(target.options.customer_id.as_uuid());
    row.uuid(id);
    row.uuid(target.ids.store);
    row.uuid(target.ids.product);
    row.time(occurred_at);
    row.day(local_second.div_euclid(86_400) - EPOCH_DAY);
    row.optional_time(line.updated_at.map(|at| at.instant));
    row.number(line.quantity);
    row.optional_number(line.unit_price);
    row.number(line.discount_amount.unwrap_or_default());
    row.number(line.tax_amount.unwrap_or_default());
    row.number(line.total_amount);
    row.text(line.currency.code());
    row.text(line.transaction_type.unwrap_or(TransactionType::Sale).name());
    row.text(target.options.source.as_str());
    row.text(&line.external_id);
    row.optional_text(line.order_id.as_deref());
}

/// A partition's worth of staged rows.
struct Span {
    starts_at: SystemTime,
    ends_at: SystemTime,
}

pub(super) async fn merge(
    tx: &TenantTx,
    options: &SinkOptions,
    batch: &StagedBatch<'_>,
) -> Result<Merged, DbError> {
    let mut merged = Merged::default();
    for chunk in batch.destinations.chunks() {
        merged.inserted += finish_chunk(tx, chunk, batch.superseded).await?;
        merged.cover(chunk.starts_at, chunk.ends_at);
    }
    let spans = spans(tx).await?;
    let starts: Vec<SystemTime> = spans.iter().map(|span| span.starts_at).collect();
    tx.execute("select shelfops.ensure_chunks('transactions', $1)", &[&starts])
        .await
        .map_err(doing("make chunks for the transactions"))?;
    for (from, to) in adjacent_ranges(&spans) {
        if let Some((from, to)) = timestamp(from).zip(timestamp(to)) {
            merged.cover(from, to);
        }
        let known = match_known(tx, options, from, to).await?;
        merged.updated += known.updated;
        merged.unchanged += known.unchanged;
        merged.rejected.extend(known.rejected);
        merged.inserted += insert(tx, options, from, to).await?;
    }
    Ok(merged)
}

/// Attaches a partition, without the rows that a newer version in the same batch replaced.
async fn finish_chunk(tx: &TenantTx, chunk: &NewChunk, superseded: &[u32]) -> Result<u64, DbError> {
    let replaced: Vec<Uuid> = superseded
        .iter()
        .filter_map(|row| chunk.rows.binary_search_by_key(row, |(number, _)| *number).ok())
        .map(|place| chunk.rows[place].1)
        .collect();
    tx.execute(
        "select shelfops.finish_chunk('transactions', $1, $2)",
        &[&system_time(chunk.starts_at), &replaced],
    )
    .await
    .map_err(doing("attach a partition of transactions"))?;
    Ok((chunk.rows.len() - replaced.len()) as u64)
}

/// Joins spans that follow each other: one statement serves them all.
fn adjacent_ranges(spans: &[Span]) -> Vec<(SystemTime, SystemTime)> {
    let mut ranges: Vec<(SystemTime, SystemTime)> = Vec::new();
    for span in spans {
        match ranges.last_mut() {
            Some(range) if range.1 == span.starts_at => range.1 = span.ends_at,
            _ => ranges.push((span.starts_at, span.ends_at)),
        }
    }
    ranges
}

async fn spans(tx: &TenantTx) -> Result<Vec<Span>, DbError> {
    let rows = tx
        .query(
            "select distinct chunk.starts_at, chunk.starts_at + chunk.length
             from (
                 select shelfops.chunk_start(series.chunk_interval, staged.occurred_at)
                     as starts_at, series.chunk_interval as length
                 from staged_transactions as staged
                 join shelfops.timeseries_tables as series on series.table_name = 'transactions'
             ) as chunk
             order by 1",
            &[],
        )
        .await
        .map_err(doing("look at the times of the staged transactions"))?;
    Ok(rows.iter().map(|row| Span { starts_at: row.get(0), ends_at: row.get(1) }).collect())
}

/// Inserts the staged rows of a time range that the table does not have.
async fn insert(
    tx: &TenantTx,
    options: &SinkOptions,
    from: SystemTime,
    to: SystemTime,
) -> Result<u64, DbError> {
    let statement = "insert into transactions
             (customer_id, transaction_id, store_id, product_id, occurred_at, business_date,
              source_updated_at, quantity, unit_price, discount_amount, tax_amount, total_amount,
              currency, transaction_type, source, external_id, external_order_id)
         select $1, staged.transaction_id, staged.store_id, staged.product_id, staged.occurred_at,
             (staged.occurred_at at time zone store.time_zone)::date, staged.source_updated_at,
             staged.quantity, staged.unit_price, coalesce(staged.discount_amount, 0),
             coalesce(staged.tax_amount, 0), staged.total_amount, staged.currency,
             staged.transaction_type, $2, staged.external_id, staged.external_order_id
         from staged_transactions as staged
         -- Also where the store has vanished since: the reference check says so then.
         left join stores as store
             on store.customer_id = $1 and store.store_id = staged.store_id
         where staged.occurred_at >= $3
             and staged.occurred_at < $4
             and not exists (
                 select from matched_transactions as matched
                 where matched.row_number = staged.row_number
             )
         order by staged.occurred_at";
    let customer = options.customer_id.as_uuid();
    tx.execute_fresh(statement, &[&customer, &options.source.as_str(), &from, &to])
        .await
        .map_err(doing("add the transactions"))
}

/// Finds the staged rows that the table has, replaces older versions, and refuses contradictions.
async fn match_known(
    tx: &TenantTx,
    options: &SinkOptions,
    from: SystemTime,
    to: SystemTime,
) -> Result<Merged, DbError> {
    let customer = options.customer_id.as_uuid();
    let source = options.source.as_str();
    let has_any = tx
        .query_one(
            "select exists (
                 select from transactions
                 where customer_id = $1 and occurred_at >= $2 and occurred_at < $3
             )",
            &[&customer, &from, &to],
        )
        .await
        .map_err(doing("look for transactions of the same time"))?;
    if !has_any.get::<_, bool>(0) {
        return Ok(Merged::default());
    }
    let matched = tx
        .execute_fresh(MATCH, &[&customer, &source, &from, &to])
        .await
        .map_err(doing("look for transactions that are known"))?;
    if matched == 0 {
        return Ok(Merged::default());
    }
    tx.batch_execute("analyze matched_transactions")
        .await
        .map_err(doing("analyze the known transactions"))?;
    let updated = tx
        .execute_fresh(UPDATE, &[&customer, &source, &from, &to])
        .await
        .map_err(doing("replace older versions of transactions"))?;
    let rejected = contradictions(tx, options, from, to).await?;
    let unchanged = matched - updated - rejected.len() as u64;
    Ok(Merged { inserted: 0, updated, unchanged, rejected, range: None })
}

/// The time range is said again for the table, so that other partitions are not even looked at.
const MATCH: &str = "
    insert into matched_transactions (row_number, is_newer, is_same, is_older)
    select staged.row_number,
        coalesce(staged.source_updated_at > known.source_updated_at,
            staged.source_updated_at is not null and known.source_updated_at is null),
        (staged.store_id, staged.product_id, staged.quantity, staged.unit_price,
            coalesce(staged.discount_amount, 0), coalesce(staged.tax_amount, 0),
            staged.total_amount, staged.currency, staged.transaction_type,
            staged.external_order_id)
        is not distinct from
        (known.store_id, known.product_id, known.quantity, known.unit_price,
            known.discount_amount, known.tax_amount, known.total_amount, known.currency,
            known.transaction_type, known.external_order_id),
        coalesce(staged.source_updated_at < known.source_updated_at,
            staged.source_updated_at is null and known.source_updated_at is not null)
    from staged_transactions as staged
    join transactions as known
        on known.customer_id = $1
        and known.occurred_at = staged.occurred_at
        and known.external_id = staged.external_id
        and known.source = $2
    where known.occurred_at >= $3 and known.occurred_at < $4";

const UPDATE: &str = "
    update transactions as known
    set store_id = staged.store_id,
        product_id = staged.product_id,
        business_date = (staged.occurred_at at time zone store.time_zone)::date,
        source_updated_at = staged.source_updated_at,
        quantity = staged.quantity,
        unit_price = staged.unit_price,
        discount_amount = coalesce(staged.discount_amount, 0),
        tax_amount = coalesce(staged.tax_amount, 0),
        total_amount = staged.total_amount,
        currency = staged.currency,
        transaction_type = staged.transaction_type,
        external_order_id = staged.external_order_id
    from staged_transactions as staged
    join matched_transactions as matched using (row_number)
    join stores as store on store.customer_id = $1 and store.store_id = staged.store_id
    where matched.is_newer
        and known.customer_id = $1
        and known.occurred_at = staged.occurred_at
        and known.external_id = staged.external_id
        and known.source = $2
        and known.occurred_at >= $3
        and known.occurred_at < $4";

async fn contradictions(
    tx: &TenantTx,
    options: &SinkOptions,
    from: SystemTime,
    to: SystemTime,
) -> Result<Vec<Rejected>, DbError> {
    let rows = tx
        .query(
            "select staged.row_number, known.occurred_at,
                 trim_scale(known.quantity)::text, trim_scale(known.total_amount)::text,
                 trim_scale(staged.quantity)::text, trim_scale(staged.total_amount)::text
             from staged_transactions as staged
             join matched_transactions as matched using (row_number)
             join transactions as known
                 on known.customer_id = $1
                 and known.occurred_at = staged.occurred_at
                 and known.external_id = staged.external_id
                 and known.source = $2
             where not matched.is_newer
                 and not matched.is_same
                 and not matched.is_older
                 and known.occurred_at >= $3
                 and known.occurred_at < $4
             order by staged.row_number",
            &[&options.customer_id.as_uuid(), &options.source.as_str(), &from, &to],
        )
        .await
        .map_err(doing("look for contradicting transactions"))?;
    let text = |row: &tokio_postgres::Row, column: usize| row.get::<_, String>(column);
    Ok(rows
        .iter()
        .map(|row| Rejected {
            row_number: u32::try_from(row.get::<_, i32>(0)).unwrap_or_default(),
            rule: "duplicate-in-table",
            reason: format!(
                "the line of {} was loaded before as {} units for {}, this one says {} for {} and \
                 is no newer",
                timestamp(row.get(1)).unwrap_or(Timestamp::UNIX_EPOCH),
                text(row, 2),
                text(row, 3),
                text(row, 4),
                text(row, 5)
            ),
        })
        .collect())
}
