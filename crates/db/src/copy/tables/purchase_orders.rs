//! Purchase orders: documents that change until they are received, so the last word counts.

use shelfops_ingest::records::{PurchaseOrderLine, PurchaseOrderStatus};

use super::folding::{Folding, fold};
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
    )",
    copy: "copy staged_purchase_order_lines from stdin (format binary)",
    columns: 15,
    planned_by: "row_number, order_id, line_id",
    beside: None,
};

const FOLDING: Folding = Folding {
    key: "order_id, line_id",
    fields: &[
        "supplier_id",
        "store_id",
        "product_id",
        "ordered_at",
        "expected_at",
        "status",
        "quantity_ordered",
        "quantity_received",
        "unit_cost",
        "currency",
        "source_updated_at",
    ],
    always_told: &[],
    known: "left join purchase_orders as document
                on document.customer_id = $1
                and document.source = $2
                and document.external_id = staged.order_id
            left join purchase_order_lines as known
                on known.customer_id = $1
                and known.purchase_order_id = document.purchase_order_id
                and known.external_line_id = staged.line_id",
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

pub(super) async fn merge(
    tx: &TenantTx,
    options: &SinkOptions,
    superseded: &[u32],
) -> Result<Merged, DbError> {
    let customer = options.customer_id.as_uuid();
    let source = options.source.as_str();
    tx.execute_fresh(ORDERS, &[&customer, &source])
        .await
        .map_err(doing("write the purchase orders"))?;
    fold(tx, options, (&STAGING, &FOLDING), superseded).await?;
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

/// Makes orders, and describes known ones anew. Each line tells what its order is, one after the other:
/// what one leaves out keeps its value, and what is older than a version told before changes nothing.
const ORDERS: &str = "
    with heard as (
        select staged.*
        from (
            select staged.*,
                coalesce(
                    staged.source_updated_at >= greatest(
                        known.source_updated_at,
                        max(staged.source_updated_at) over (
                            partition by staged.order_id
                            order by staged.row_number
                            rows between unbounded preceding and 1 preceding
                        )
                    ),
                    true
                ) as is_heard
            from staged_purchase_order_lines as staged
            left join purchase_orders as known
                on known.customer_id = $1
                and known.source = $2
                and known.external_id = staged.order_id
        ) as staged
        where is_heard
    ),
    told as (
        select order_id,
            (array_agg(id order by row_number))[1] as id,
            (array_agg(supplier_id order by row_number desc))[1] as supplier_id,
            (array_agg(store_id order by row_number desc))[1] as store_id,
            (array_agg(status order by row_number desc)
                filter (where status is not null))[1] as status,
            (array_agg(ordered_at order by row_number desc))[1] as ordered_at,
            (array_agg(expected_at order by row_number desc)
                filter (where expected_at is not null))[1] as expected_at,
            (array_agg(currency order by row_number desc))[1] as currency,
            max(source_updated_at) as source_updated_at
        from heard
        group by order_id
    ),
    changed as (
        update purchase_orders as known
        set supplier_id = told.supplier_id,
            store_id = told.store_id,
            status = coalesce(told.status, known.status),
            ordered_at = told.ordered_at,
            expected_at = coalesce(told.expected_at, known.expected_at),
            currency = told.currency,
            source_updated_at = coalesce(told.source_updated_at, known.source_updated_at)
        from told
        where known.customer_id = $1
            and known.source = $2
            and known.external_id = told.order_id
            and (told.supplier_id, told.store_id, coalesce(told.status, known.status),
                 told.ordered_at, coalesce(told.expected_at, known.expected_at), told.currency,
                 coalesce(told.source_updated_at, known.source_updated_at))
                is distinct from
                (known.supplier_id, known.store_id, known.status, known.ordered_at,
                 known.expected_at, known.currency, known.source_updated_at)
    )
    insert into purchase_orders
        (customer_id, purchase_order_id, supplier_id, store_id, source, external_id, status,
         ordered_at, expected_at, currency, source_updated_at)
    select $1::uuid, id, supplier_id, store_id, $2::text, order_id, coalesce(status, 'open'),
        ordered_at, expected_at, currency, source_updated_at
    from told
    where not exists (
        select from purchase_orders as known
        where known.customer_id = $1
            and known.source = $2
            and known.external_id = told.order_id
    )";

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
