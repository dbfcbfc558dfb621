//! Stores: staged, then folded in by the source's id.

use shelfops_ingest::records::Store;
use shelfops_ingest::rules::{Rule as _, TimeReadable};

use super::folding::Folding;
use super::{Merged, Rejected, Staging};
use crate::copy::SinkOptions;
use crate::copy::encode::RowEncoder;
use crate::error::doing;
use crate::{DbError, TenantTx};

pub(super) const STAGING: Staging = Staging {
    name: "staged_stores",
    create: "create temporary table if not exists staged_stores (
        row_number integer not null,
        id uuid not null,
        external_id text not null,
        name text,
        store_type text,
        city text,
        region text,
        country text,
        time_zone text,
        currency text,
        opened_on date,
        source_updated_at timestamptz
    )",
    copy: "copy staged_stores from stdin (format binary)",
    columns: 12,
    planned_by: "external_id",
    beside: None,
};

pub(super) const FOLDING: Folding = Folding {
    key: "external_id",
    fields: &[
        "name",
        "store_type",
        "city",
        "region",
        "country",
        "time_zone",
        "currency",
        "opened_on",
        "source_updated_at",
    ],
    always_told: &[],
    known: "left join external_ids as external
                on external.customer_id = $1
                and external.source = $2
                and external.entity = 'store'
                and external.external_id = staged.external_id
            left join stores as known
                on known.customer_id = $1
                and known.store_id = external.store_id",
};

pub(super) fn encode(row: &mut RowEncoder, store: &Store) {
    let id = row.next_id();
    row.uuid(id);
    row.text(&store.external_id);
    row.optional_text(store.name.as_deref());
    row.optional_text(store.store_type.as_deref());
    row.optional_text(store.city.as_deref());
    row.optional_text(store.region.as_deref());
    row.optional_text(store.country.as_deref());
    row.optional_text(store.time_zone.as_deref());
    row.optional_text(store.currency.map(|currency| currency.code()));
    match store.opened_on {
        Some(day) => row.date(day),
        None => row.null(),
    };
    row.optional_time(store.updated_at.map(|at| at.instant));
}

/// What is known is described anew where the source says something else and nothing newer was told;
/// a field that the source leaves out keeps its value.
pub(super) async fn merge(tx: &TenantTx, options: &SinkOptions) -> Result<Merged, DbError> {
    let customer = options.customer_id.as_uuid();
    let source = options.source.as_str();
    let rejected = refuse_unknown_clocks(tx).await?;
    let updated =
        tx.execute_fresh(UPDATE, &[&customer, &source]).await.map_err(doing("update stores"))?;
    let inserted =
        tx.execute_fresh(INSERT, &[&customer, &source]).await.map_err(doing("add stores"))?;
    tx.execute_fresh(LINK, &[&customer, &source]).await.map_err(doing("link stores"))?;
    let staged = tx
        .query_one("select count(*) from staged_stores", &[])
        .await
        .map_err(doing("count staged stores"))?;
    let staged = u64::try_from(staged.get::<_, i64>(0)).unwrap_or_default();
    Ok(Merged { inserted, updated, unchanged: staged - inserted - updated, rejected, range: None })
}

/// Refuses stores whose clock the database cannot read: no sale of theirs would have a day.
async fn refuse_unknown_clocks(tx: &TenantTx) -> Result<Vec<Rejected>, DbError> {
    let rows = tx
        .query(
            "delete from staged_stores as staged
             where time_zone is not null
                 and not exists (
                     select from pg_timezone_names as known
                     where lower(known.name) = lower(staged.time_zone)
                 )
             returning row_number, time_zone",
            &[],
        )
        .await
        .map_err(doing("look for unknown time zones"))?;
    let mut rejected: Vec<Rejected> = rows
        .iter()
        .map(|row| Rejected {
            row_number: u32::try_from(row.get::<_, i32>(0)).unwrap_or_default(),
            rule: TimeReadable.name(),
            reason: format!("time_zone: '{}' is no time zone", row.get::<_, &str>(1)),
        })
        .collect();
    rejected.sort_unstable_by_key(|row| row.row_number);
    Ok(rejected)
}

const UPDATE: &str = "
    update stores as store
    set name = coalesce(staged.name, store.name),
        store_type = coalesce(staged.store_type, store.store_type),
        city = coalesce(staged.city, store.city),
        region = coalesce(staged.region, store.region),
        country = coalesce(staged.country, store.country),
        time_zone = coalesce(staged.time_zone, store.time_zone),
        currency = coalesce(staged.currency, store.currency),
        opened_on = coalesce(staged.opened_on, store.opened_on),
        source_updated_at = coalesce(staged.source_updated_at, store.source_updated_at),
        is_placeholder = false
    from staged_stores as staged
    join external_ids as external
        on external.customer_id = $1
        and external.source = $2
        and external.entity = 'store'
        and external.external_id = staged.external_id
    where store.customer_id = $1
        and store.store_id = external.store_id
        and (store.is_placeholder
            or (
                -- Older versions change nothing; without a version, the last word counts.
                coalesce(staged.source_updated_at >= store.source_updated_at, true)
                and (coalesce(staged.name, store.name),
                    coalesce(staged.store_type, store.store_type),
                    coalesce(staged.city, store.city), coalesce(staged.region, store.region),
                    coalesce(staged.country, store.country),
                    coalesce(staged.time_zone, store.time_zone),
                    coalesce(staged.currency, store.currency),
                    coalesce(staged.opened_on, store.opened_on),
                    coalesce(staged.source_updated_at, store.source_updated_at))
                    is distinct from (store.name, store.store_type, store.city, store.region,
                        store.country, store.time_zone, store.currency, store.opened_on,
                    store.source_updated_at)
            ))";

const INSERT: &str = "
    insert into stores (customer_id, store_id, name, store_type, city, region, country,
        time_zone, currency, opened_on, source_updated_at)
    select customer.customer_id, staged.id, coalesce(staged.name, staged.external_id),
        staged.store_type, staged.city, staged.region, staged.country,
        coalesce(staged.time_zone, customer.time_zone), staged.currency, staged.opened_on,
        staged.source_updated_at
    from staged_stores as staged
    join customers as customer on customer.customer_id = $1
    where not exists (
        select from external_ids as external
        where external.customer_id = $1
            and external.source = $2
            and external.entity = 'store'
            and external.external_id = staged.external_id
    )";

const LINK: &str = "
    insert into external_ids (customer_id, source, entity, external_id, store_id)
    select $1, $2, 'store', staged.external_id, staged.id
    from staged_stores as staged
    where not exists (
        select from external_ids as external
        where external.customer_id = $1
            and external.source = $2
            and external.entity = 'store'
            and external.external_id = staged.external_id
    )";
