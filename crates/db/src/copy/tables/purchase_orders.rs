//! Purchase orders: documents that change until they are received, so the last word counts.

use shelfops_ingest::records::{PurchaseOrderLine, PurchaseOrderStatus};

use super::{Merged, Staging};
use crate::copy::SinkOptions;
use crate::copy::encode::RowEncoder;
use crate::copy::references::ResolvedIds;
use crate::error::doing;
use crate::{DbError, TenantTx};

pub(super) const STAGING: Staging = Staging {
    name: "staged_purchase_order_lines",
    create: "create temporary table if not exists staged_purchase_order_lines (
        row_number integer not null,
        id uuid not null,
        order_id text not null,
        line_id text not null,
        supplier_id uuid not null,
        store_id uuid not null,
        product_id uuid not null,
        ordered_at timestamptz not null,
        expected_at timestamptz,
        status text,
        quantity_ordered numeric not null,
        quantity_received numeric,
        unit_cost numeric,
        currency text not null,
        source_updated_at timestamptz
    ) on commit delete rows",
    copy: "copy staged_purchase_order_lines from stdin (format binary)",
    columns: 15,
    planned_by: "row_number, order_id, line_id",
};

pub(super) fn encode(row: &mut RowEncoder, line: &PurchaseOrderLine, ids: ResolvedIds) {
    let id = row.next_id();
    row.uuid(id);
    row.text(&line.order_id);
    row.text(&line.line_id);
    row.uuid(ids.supplier);
    row.uuid(ids.store);
    row.uuid(ids.product);
    row.time(line.ordered_at.instant);
    row.optional_time(line.expected_at.map(|at| at.instant));
    row.optional_text(line.status.map(PurchaseOrderStatus::name));
    row.number(line.quantity_ordered);
    row.optional_number(line.quantity_received);
    row.optional_number(line.unit_cost);
    row.text(line.currency.code());
    row.optional_time(line.updated_at.map(|at| at.instant));
}

pub(super) async fn merge(tx: &TenantTx, options: &SinkOptions) -> Result<Merged, DbError> {
    let customer = options.customer_id.as_uuid();
    let source = options.source.as_str();
    for statement in [UPDATE_ORDERS, INSERT_ORDERS] {
        tx.execute_fresh(statement, &[&customer, &source])
            .await
            .map_err(doing("write the purchase orders"))?;
    }
    let row = tx
        .query_one(LINES, &[&customer, &source])
        .await
        .map_err(doing("write the lines of purchase orders"))?;
    let count = |column| u64::try_from(row.get::<_, i64>(column)).unwrap_or_default();
    let (staged, inserted, updated) = (count(0), count(1), count(2));
    Ok(Merged {
        inserted,
        updated,
        unchanged: staged - inserted - updated,
        rejected: Vec::new(),
        range: None,
    })
}

/// Describes known orders anew: the newest line of each tells what the order is now. What it leaves
/// out keeps its value, and older versions change nothing.
const UPDATE_ORDERS: &str = "
    update purchase_orders as known
    set supplier_id = told.supplier_id,
        store_id = told.store_id,
        status = coalesce(told.status, known.status),
        ordered_at = told.ordered_at,
        expected_at = coalesce(told.expected_at, known.expected_at),
        currency = told.currency,
        source_updated_at = coalesce(told.source_updated_at, known.source_updated_at)
    from (
        select distinct on (order_id)
            order_id, supplier_id, store_id, status, ordered_at, expected_at, currency,
            source_updated_at
        from staged_purchase_order_lines
        order by order_id, source_updated_at desc nulls last, row_number desc
    ) as told
    where known.customer_id = $1
        and known.source = $2
        and known.external_id = told.order_id
        and coalesce(told.source_updated_at >= known.source_updated_at, true)
        and (told.supplier_id, told.store_id, coalesce(told.status, known.status), told.ordered_at,
             coalesce(told.expected_at, known.expected_at), told.currency,
             coalesce(told.source_updated_at, known.source_updated_at))
            is distinct from
            (known.supplier_id, known.store_id, known.status, known.ordered_at,
             known.expected_at, known.currency, known.source_updated_at)";

const INSERT_ORDERS: &str = "
    insert into purchase_orders
        (customer_id, purchase_order_id, supplier_id, store_id, source, external_id, status,
         ordered_at, expected_at, currency, source_updated_at)
    select distinct on (order_id)
        $1::uuid, id, supplier_id, store_id, $2::text, order_id, coalesce(status, 'open'),
        ordered_at, expected_at, currency, source_updated_at
    from staged_purchase_order_lines as staged
    where not exists (
        select from purchase_orders as known
        where known.customer_id = $1
            and known.source = $2
            and known.external_id = staged.order_id
    )
    order by order_id, source_updated_at desc nulls last, row_number desc";

/// Each line has a version of its own: one that changed is not older because another changed later.
const LINES: &str = "
    with known as (
        -- What the lines of these orders are now, and what they would be.
        select staged.row_number, line.purchase_order_id,
            (line.product_id, line.quantity_ordered, line.quantity_received, line.unit_cost,
                line.source_updated_at)
                is distinct from
                (staged.product_id, staged.quantity_ordered,
                 coalesce(staged.quantity_received, line.quantity_received),
                 coalesce(staged.unit_cost, line.unit_cost),
                 coalesce(staged.source_updated_at, line.source_updated_at))
                and coalesce(staged.source_updated_at >= line.source_updated_at, true)
                as is_changed
        from staged_purchase_order_lines as staged
        join purchase_orders as document
            on document.customer_id = $1
            and document.source = $2
            and document.external_id = staged.order_id
        join purchase_order_lines as line
            on line.customer_id = $1
            and line.purchase_order_id = document.purchase_order_id
            and line.external_line_id = staged.line_id
    ),
    changed as (
        update purchase_order_lines as line
        set product_id = staged.product_id,
            quantity_ordered = staged.quantity_ordered,
            quantity_received = coalesce(staged.quantity_received, line.quantity_received),
            unit_cost = coalesce(staged.unit_cost, line.unit_cost),
            source_updated_at = coalesce(staged.source_updated_at, line.source_updated_at)
        from staged_purchase_order_lines as staged
        join known using (row_number)
        where known.is_changed
            and line.customer_id = $1
            and line.purchase_order_id = known.purchase_order_id
            and line.external_line_id = staged.line_id
        returning 1
    ),
    added as (
        insert into purchase_order_lines
            (customer_id, purchase_order_id, external_line_id, product_id, quantity_ordered,
             quantity_received, unit_cost, source_updated_at)
        select $1, document.purchase_order_id, staged.line_id, staged.product_id,
            staged.quantity_ordered, coalesce(staged.quantity_received, 0), staged.unit_cost,
            staged.source_updated_at
        from staged_purchase_order_lines as staged
        join purchase_orders as document
            on document.customer_id = $1
            and document.source = $2
            and document.external_id = staged.order_id
        where not exists (select from known where known.row_number = staged.row_number)
        returning 1
    )
    select
        (select count(*) from staged_purchase_order_lines),
        (select count(*) from added),
        (select count(*) from changed)";
