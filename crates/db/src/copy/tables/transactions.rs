//! Lines of sales: the one stream that is large.
//!
//! Rows of weeks that have no partition yet are built aside: heap first, then every index in one
//! pass. Rows of weeks that are there go through the parent, sorted as its indexes are.

use std::time::SystemTime;

use jiff::Timestamp;
use shelfops_ingest::records::{Transaction, TransactionType};
use uuid::Uuid;

use super::{Merged, Rejected, Staging};
use crate::copy::SinkOptions;
use crate::copy::encode::RowEncoder;
use crate::copy::references::ResolvedIds;
use crate::error::doing;
use crate::models::timestamp;
use crate::{DbError, TenantTx};

/// From how many rows on a partition is built aside: below, its fixed costs are not won back.
const ASIDE_ROWS: i64 = 10_000;

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

pub(super) fn encode(row: &mut RowEncoder, line: &Transaction, ids: ResolvedIds) {
    row.uuid(Uuid::now_v7());
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

/// A partition's worth of staged rows.
struct Span {
    starts_at: SystemTime,
    ends_at: SystemTime,
    row_count: i64,
}

pub(super) async fn merge(tx: &TenantTx, options: &SinkOptions) -> Result<Merged, DbError> {
    let spans = spans(tx).await?;
    let mut merged = Merged::default();
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Ok(merged) };
    merged.range = timestamp(first.starts_at).zip(timestamp(last.ends_at));
    let mut through_parent: Vec<&Span> = Vec::new();
    for span in &spans {
        match build_aside(tx, options, span).await? {
            Some(inserted) => merged.inserted += inserted,
            None => through_parent.push(span),
        }
    }
    let starts: Vec<SystemTime> = through_parent.iter().map(|span| span.starts_at).collect();
    tx.execute("select shelfops.ensure_chunks('transactions', $1)", &[&starts])
        .await
        .map_err(doing("make chunks for the transactions"))?;
    for (from, to) in adjacent_ranges(&through_parent) {
        let known = match_known(tx, options, from, to).await?;
        merged.updated += known.updated;
        merged.unchanged += known.unchanged;
        merged.rejected.extend(known.rejected);
        merged.inserted += insert(tx, options, "public.transactions", from, to).await?;
    }
    Ok(merged)
}

/// Joins spans that follow each other: one statement serves them all.
fn adjacent_ranges(spans: &[&Span]) -> Vec<(SystemTime, SystemTime)> {
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
            "select chunk.starts_at, chunk.starts_at + chunk.length, count(*)
             from (
                 select shelfops.chunk_start(series.chunk_interval, staged.occurred_at)
                     as starts_at, series.chunk_interval as length
                 from staged_transactions as staged
                 join shelfops.timeseries_tables as series on series.table_name = 'transactions'
             ) as chunk
             group by 1, 2
             order by 1",
            &[],
        )
        .await
        .map_err(doing("look at the times of the staged transactions"))?;
    Ok(rows
        .iter()
        .map(|row| Span { starts_at: row.get(0), ends_at: row.get(1), row_count: row.get(2) })
        .collect())
}

/// Fills a partition that is not attached yet; `None` when its rows must go through the parent.
async fn build_aside(
    tx: &TenantTx,
    options: &SinkOptions,
    span: &Span,
) -> Result<Option<u64>, DbError> {
    if span.row_count < ASIDE_ROWS {
        return Ok(None);
    }
    let begun = tx
        .query_one("select shelfops.begin_chunk('transactions', $1)", &[&span.starts_at])
        .await
        .map_err(doing("begin a partition of transactions"))?;
    let Some(table) = begun.get::<_, Option<String>>(0) else { return Ok(None) };
    let inserted = insert(tx, options, &table, span.starts_at, span.ends_at).await?;
    tx.execute("select shelfops.finish_chunk('transactions', $1)", &[&span.starts_at])
        .await
        .map_err(doing("attach a partition of transactions"))?;
    Ok(Some(inserted))
}

/// Inserts the staged rows of a time range that the table does not have. `table` is a name that the
/// database itself made or a constant, quoted already.
async fn insert(
    tx: &TenantTx,
    options: &SinkOptions,
    table: &str,
    from: SystemTime,
    to: SystemTime,
) -> Result<u64, DbError> {
    let statement = format!(
        "insert into {table}
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
         order by staged.occurred_at"
    );
    let customer = options.customer_id.as_uuid();
    tx.execute_fresh(&statement, &[&customer, &options.source.as_str(), &from, &to])
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
