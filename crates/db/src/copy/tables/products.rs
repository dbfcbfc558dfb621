//! Products: staged, then folded in by the source's id.

use shelfops_ingest::records::Product;

use super::folding::Folding;
use super::{Merged, Staging};
use crate::copy::SinkOptions;
use crate::copy::encode::RowEncoder;
use crate::error::doing;
use crate::{DbError, TenantTx};

pub(super) const STAGING: Staging = Staging {
    name: "staged_products",
    create: "create temporary table if not exists staged_products (
        row_number integer not null,
        id uuid not null,
        external_id text not null,
        name text,
        sku text,
        barcode text,
        department text,
        category text,
        brand text,
        unit_of_measure text,
        package_size text,
        unit_price numeric,
        unit_cost numeric,
        currency text,
        source_updated_at timestamptz
    )",
    copy: "copy staged_products from stdin (format binary)",
    columns: 15,
    planned_by: "external_id",
    beside: None,
};

pub(super) const FOLDING: Folding = Folding {
    key: "external_id",
    fields: &[
        "name",
        "sku",
        "barcode",
        "department",
        "category",
        "brand",
        "unit_of_measure",
        "package_size",
        "unit_price",
        "unit_cost",
        "currency",
        "source_updated_at",
    ],
    always_told: &["sku", "barcode", "category", "unit_of_measure", "unit_price", "currency"],
    known: "left join external_ids as external
                on external.customer_id = $1
                and external.source = $2
                and external.entity = 'product'
                and external.external_id = staged.external_id
            left join products as known
                on known.customer_id = $1
                and known.product_id = external.product_id",
};

pub(super) fn encode(row: &mut RowEncoder, product: &Product) {
    let id = row.next_id();
    row.uuid(id);
    row.text(&product.external_id);
    row.optional_text(product.name.as_deref());
    row.optional_text(product.sku.as_deref());
    row.optional_text(product.barcode.as_deref());
    row.optional_text(product.department.as_deref());
    row.optional_text(product.category.as_deref());
    row.optional_text(product.brand.as_deref());
    row.optional_text(product.unit_of_measure.as_deref());
    row.optional_text(product.package_size.as_deref());
    row.optional_number(product.unit_price);
    row.optional_number(product.unit_cost);
    row.optional_text(product.currency.map(|currency| currency.code()));
    row.optional_time(product.updated_at.map(|at| at.instant));
}

/// What is known is described anew where the source says something else and nothing newer was told. A field
/// that a file leaves out keeps its value; one that a system which is asked always tells, and does not, was
/// cleared there.
pub(super) async fn merge(tx: &TenantTx, options: &SinkOptions) -> Result<Merged, DbError> {
    let customer = options.customer_id.as_uuid();
    let source = options.source.as_str();
    let updated = tx
        .execute_fresh(UPDATE, &[&customer, &source, &options.is_of_file])
        .await
        .map_err(doing("update products"))?;
    let inserted =
        tx.execute_fresh(INSERT, &[&customer, &source]).await.map_err(doing("add products"))?;
    tx.execute_fresh(LINK, &[&customer, &source]).await.map_err(doing("link products"))?;
    let staged = tx
        .query_one("select count(*) from staged_products", &[])
        .await
        .map_err(doing("count staged products"))?;
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
    update products as product
    set name = coalesce(staged.name, product.name),
        sku = coalesce(staged.sku, case when $3 then product.sku end),
        barcode = coalesce(staged.barcode, case when $3 then product.barcode end),
        department = coalesce(staged.department, product.department),
        category = coalesce(staged.category, case when $3 then product.category end),
        brand = coalesce(staged.brand, product.brand),
        unit_of_measure = coalesce(staged.unit_of_measure, case when $3 then product.unit_of_measure end),
        package_size = coalesce(staged.package_size, product.package_size),
        unit_price = coalesce(staged.unit_price, case when $3 then product.unit_price end),
        unit_cost = coalesce(staged.unit_cost, product.unit_cost),
        currency = coalesce(staged.currency,
            -- It is the cost's as well.
            case when $3 or product.unit_cost is not null then product.currency end),
        source_updated_at = coalesce(staged.source_updated_at, product.source_updated_at),
        is_placeholder = false
    from staged_products as staged
    join external_ids as external
        on external.customer_id = $1
        and external.source = $2
        and external.entity = 'product'
        and external.external_id = staged.external_id
    where product.customer_id = $1
        and product.product_id = external.product_id
        and (product.is_placeholder
            or (
                -- Older versions change nothing; without a version, the last word counts.
                coalesce(staged.source_updated_at >= product.source_updated_at, true)
                and (coalesce(staged.name, product.name),
                    coalesce(staged.sku, case when $3 then product.sku end),
                    coalesce(staged.barcode, case when $3 then product.barcode end),
                    coalesce(staged.department, product.department),
                    coalesce(staged.category, case when $3 then product.category end),
                    coalesce(staged.brand, product.brand),
                    coalesce(staged.unit_of_measure, case when $3 then product.unit_of_measure end),
                    coalesce(staged.package_size, product.package_size),
                    coalesce(staged.unit_price, case when $3 then product.unit_price end),
                    coalesce(staged.unit_cost, product.unit_cost),
                    coalesce(staged.currency,
                        case when $3 or product.unit_cost is not null then product.currency end),
                    coalesce(staged.source_updated_at, product.source_updated_at))
                    is distinct from (product.name, product.sku, product.barcode,
                        product.department, product.category, product.brand,
                        product.unit_of_measure, product.package_size, product.unit_price,
                        product.unit_cost, product.currency,
                    product.source_updated_at)
            ))";

const INSERT: &str = "
    insert into products (customer_id, product_id, name, sku, barcode, department, category,
        brand, unit_of_measure, package_size, unit_price, unit_cost, currency,
        source_updated_at)
    select customer.customer_id, staged.id, coalesce(staged.name, staged.external_id),
        staged.sku, staged.barcode, staged.department, staged.category, staged.brand,
        staged.unit_of_measure, staged.package_size, staged.unit_price, staged.unit_cost,
        staged.currency, staged.source_updated_at
    from staged_products as staged
    join customers as customer on customer.customer_id = $1
    where not exists (
        select from external_ids as external
        where external.customer_id = $1
            and external.source = $2
            and external.entity = 'product'
            and external.external_id = staged.external_id
    )";

const LINK: &str = "
    insert into external_ids (customer_id, source, entity, external_id, product_id)
    select $1, $2, 'product', staged.external_id, staged.id
    from staged_products as staged
    where not exists (
        select from external_ids as external
        where external.customer_id = $1
            and external.source = $2
            and external.entity = 'product'
            and external.external_id = staged.external_id
    )";
