//! Suppliers: staged, then folded in by the source's id.

use shelfops_ingest::records::Supplier;

use super::folding::Folding;
use super::{Merged, Staging};
use crate::copy::SinkOptions;
use crate::copy::encode::RowEncoder;
use crate::error::doing;
use crate::{DbError, TenantTx};

pub(super) const STAGING: Staging = Staging {
    name: "staged_suppliers",
    create: "create temporary table if not exists staged_suppliers (
        row_number integer not null,
        id uuid not null,
        external_id text not null,
        name text,
        email text,
        country text,
        lead_time_days numeric,
        source_updated_at timestamptz
    )",
    copy: "copy staged_suppliers from stdin (format binary)",
    columns: 8,
    planned_by: "external_id",
    beside: None,
};

pub(super) const FOLDING: Folding = Folding {
    key: "external_id",
    fields: &["name", "email", "country", "lead_time_days", "source_updated_at"],
    always_told: &[],
    known: "left join external_ids as external
                on external.customer_id = $1
                and external.source = $2
                and external.entity = 'supplier'
                and external.external_id = staged.external_id
            left join suppliers as known
                on known.customer_id = $1
                and known.supplier_id = external.supplier_id",
};

pub(super) fn encode(row: &mut RowEncoder, supplier: &Supplier) {
    let id = row.next_id();
    row.uuid(id);
    row.text(&supplier.external_id);
    row.optional_text(supplier.name.as_deref());
    row.optional_text(supplier.email.as_deref());
    row.optional_text(supplier.country.as_deref());
    row.optional_number(supplier.lead_time_days);
    row.optional_time(supplier.updated_at.map(|at| at.instant));
}

/// What is known is described anew where the source says something else and nothing newer was told;
/// a field that the source leaves out keeps its value.
pub(super) async fn merge(tx: &TenantTx, options: &SinkOptions) -> Result<Merged, DbError> {
    let customer = options.customer_id.as_uuid();
    let source = options.source.as_str();
    let updated =
        tx.execute_fresh(UPDATE, &[&customer, &source]).await.map_err(doing("update suppliers"))?;
    let inserted =
        tx.execute_fresh(INSERT, &[&customer, &source]).await.map_err(doing("add suppliers"))?;
    tx.execute_fresh(LINK, &[&customer, &source]).await.map_err(doing("link suppliers"))?;
    let staged = tx
        .query_one("select count(*) from staged_suppliers", &[])
        .await
        .map_err(doing("count staged suppliers"))?;
    let staged = u64::try_from(staged.get::<_, i64>(0)).unwrap_or_default();
    Ok(Merged {
        inserted,
        updated,
        unchanged: staged - inserted - updated,
        rejected: Vec::new(),
        range: None,
    })
}

const UPDATE: &str = "
    update suppliers as supplier
    set name = coalesce(staged.name, supplier.name),
        email = coalesce(staged.email, supplier.email),
        country = coalesce(staged.country, supplier.country),
        lead_time_days = coalesce(staged.lead_time_days, supplier.lead_time_days),
        source_updated_at = coalesce(staged.source_updated_at, supplier.source_updated_at),
        is_placeholder = false
    from staged_suppliers as staged
    join external_ids as external
        on external.customer_id = $1
        and external.source = $2
        and external.entity = 'supplier'
        and external.external_id = staged.external_id
    where supplier.customer_id = $1
        and supplier.supplier_id = external.supplier_id
        and (supplier.is_placeholder
            or (
                -- Older versions change nothing; without a version, the last word counts.
                coalesce(staged.source_updated_at >= supplier.source_updated_at, true)
                and (coalesce(staged.name, supplier.name),
                    coalesce(staged.email, supplier.email),
                    coalesce(staged.country, supplier.country),
                    coalesce(staged.lead_time_days, supplier.lead_time_days),
                    coalesce(staged.source_updated_at, supplier.source_updated_at))
                    is distinct from (supplier.name, supplier.email, supplier.country,
                        supplier.lead_time_days,
                    supplier.source_updated_at)
            ))";

const INSERT: &str = "
    insert into suppliers (customer_id, supplier_id, name, email, country, lead_time_days, source_updated_at)
    select customer.customer_id, staged.id, coalesce(staged.name, staged.external_id),
        staged.email, staged.country, staged.lead_time_days, staged.source_updated_at
    from staged_suppliers as staged
    join customers as customer on customer.customer_id = $1
    where not exists (
        select from external_ids as external
        where external.customer_id = $1
            and external.source = $2
            and external.entity = 'supplier'
            and external.external_id = staged.external_id
    )";

const LINK: &str = "
    insert into external_ids (customer_id, source, entity, external_id, supplier_id)
    select $1, $2, 'supplier', staged.external_id, staged.id
    from staged_suppliers as staged
    where not exists (
        select from external_ids as external
        where external.customer_id = $1
            and external.source = $2
            and external.entity = 'supplier'
            and external.external_id = staged.external_id
    )";
