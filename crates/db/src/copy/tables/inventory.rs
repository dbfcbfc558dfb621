//! Stock counts: facts of a moment, never changed once loaded.

use std::time::SystemTime;

use shelfops_ingest::records::InventoryLevel;
use shelfops_ingest::rules::{DuplicateInTable, Rule as _};

use super::{Merged, Rejected, Staging};
use crate::copy::SinkOptions;
use crate::copy::encode::RowEncoder;
use crate::copy::references::ResolvedIds;
use crate::error::doing;
use crate::{DbError, TenantTx};

pub(super) const STAGING: Staging = Staging {
    name: "staged_inventory_levels",
    create: "create temporary table if not exists staged_inventory_levels (
        row_number integer not null,
        store_id uuid not null,
        product_id uuid not null,
        counted_at timestamptz not null,
        quantity_on_hand numeric not null,
        quantity_reserved numeric,
        quantity_on_order numeric
    )",
    copy: "copy staged_inventory_levels from stdin (format binary)",
    columns: 7,
    planned_by: "row_number, store_id, product_id, counted_at",
    beside: None,
};

pub(super) fn encode(row: &mut RowEncoder, level: &InventoryLevel, ids: ResolvedIds) {
    row.uuid(ids.store);
    row.uuid(ids.product);
    row.time(level.counted_at.instant);
    row.number(level.quantity_on_hand);
    row.optional_number(level.quantity_reserved);
    row.optional_number(level.quantity_on_order);
}

pub(super) async fn merge(tx: &TenantTx, options: &SinkOptions) -> Result<Merged, DbError> {
    let customer = options.customer_id.as_uuid();
    let source = options.source.as_str();
    let known = tx
        .query(KNOWN, &[&customer, &source])
        .await
        .map_err(doing("look for stock counts that are known"))?;
    let rows: Vec<i32> = known.iter().map(|row| row.get(0)).collect();
    let rejected: Vec<Rejected> = known
        .iter()
        .filter(|row| !row.get::<_, bool>(1))
        .map(|row| Rejected {
            row_number: u32::try_from(row.get::<_, i32>(0)).unwrap_or_default(),
            rule: DuplicateInTable.name(),
            reason: format!(
                "the count of that moment was loaded before as {} units, this one says {}",
                row.get::<_, &str>(2),
                row.get::<_, &str>(3)
            ),
        })
        .collect();
    let inserted = tx
        .execute_fresh(INSERT, &[&customer, &source, &rows])
        .await
        .map_err(doing("add the stock counts"))?;
    let unchanged = rows.len() as u64 - rejected.len() as u64;
    Ok(Merged { inserted, updated: 0, unchanged, rejected, range: None })
}

/// Makes the partitions that staged counts go to, in a short transaction of its own: whoever makes one
/// keeps every other from being made until it commits.
pub(super) async fn make_chunks(tx: &TenantTx, own_tx: TenantTx) -> Result<(), DbError> {
    let row = tx
        .query_one(
            "select array(
                 select distinct shelfops.chunk_start(series.chunk_interval, staged.counted_at)
                 from staged_inventory_levels as staged
                 join shelfops.timeseries_tables as series
                     on series.table_name = 'inventory_levels'
             )",
            &[],
        )
        .await
        .map_err(doing("look at the times of the stock counts"))?;
    own_tx
        .execute(
            "select shelfops.ensure_chunks('inventory_levels', $1)",
            &[&row.get::<_, Vec<SystemTime>>(0)],
        )
        .await
        .map_err(doing("make chunks for the stock counts"))?;
    own_tx.commit().await
}

/// Rows that the table has already, and whether they say the same.
const KNOWN: &str = "
    select staged.row_number,
        (staged.quantity_on_hand, coalesce(staged.quantity_reserved, 0),
            coalesce(staged.quantity_on_order, 0))
        is not distinct from
        (level.quantity_on_hand, level.quantity_reserved, level.quantity_on_order),
        trim_scale(level.quantity_on_hand)::text,
        trim_scale(staged.quantity_on_hand)::text
    from staged_inventory_levels as staged
    join inventory_levels as level
        on level.customer_id = $1
        and level.store_id = staged.store_id
        and level.product_id = staged.product_id
        and level.counted_at = staged.counted_at
        and level.source = $2";

const INSERT: &str = "
    insert into inventory_levels
        (customer_id, store_id, product_id, counted_at, quantity_on_hand, quantity_reserved,
         quantity_on_order, source)
    select $1, store_id, product_id, counted_at, quantity_on_hand,
        coalesce(quantity_reserved, 0), coalesce(quantity_on_order, 0), $2
    from staged_inventory_levels
    where row_number <> all ($3)
    order by counted_at, store_id, product_id";
