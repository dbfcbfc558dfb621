//! What a tenant's tables hold, as text that can be compared.

use tokio_postgres::Client;
use uuid::Uuid;

use super::desk::Desk;
use crate::fixture::Fixture;

/// A tenant's rows in every table that loading writes, with the ids that we gave them.
pub(crate) async fn exactly(fixture: &Fixture, desk: &Desk) -> Vec<String> {
    let client = fixture.superuser().await;
    let mut lines = Vec::new();
    for table in [
        "stores",
        "products",
        "suppliers",
        "external_ids",
        "purchase_orders",
        "purchase_order_lines",
        "latest_inventory",
        "quarantined_records",
    ] {
        let ignored = "- 'created_at' - 'quarantined_at' - 'sync_run_id' - 'settled_at'";
        let sql = format!(
            "select '{table} ' || (to_jsonb(it) {ignored})::text from public.{table} as it
             where customer_id = $1 order by 1"
        );
        lines.extend(texts(&client, &sql, desk.customer_id.as_uuid()).await);
    }
    for series in ["transactions", "inventory_levels"] {
        let sql = format!(
            "select '{series} ' || to_jsonb(it)::text from {} as it where customer_id = $1 order by 1",
            storage(&client, series).await
        );
        lines.extend(texts(&client, &sql, desk.customer_id.as_uuid()).await);
    }
    lines
}

/// The tenant's transactions and stock counts by the source's own ids: the same whichever way, for
/// whichever tenant and in whichever order they were loaded.
pub(crate) async fn by_content(fixture: &Fixture, desk: &Desk) -> Vec<String> {
    let client = fixture.superuser().await;
    let names = "join external_ids as store on store.customer_id = it.customer_id
             and store.store_id = it.store_id and store.source = 'till'
         join external_ids as product on product.customer_id = it.customer_id
             and product.product_id = it.product_id and product.source = 'till'
         where it.customer_id = $1";
    let ignored = "- 'customer_id' - 'transaction_id' - 'store_id' - 'product_id'";
    let mut lines = Vec::new();
    for series in ["transactions", "inventory_levels"] {
        let sql = format!(
            "select format('{series} %s %s %s', store.external_id, product.external_id,
                 to_jsonb(it) {ignored})
             from {} as it {names} order by 1",
            storage(&client, series).await
        );
        lines.extend(texts(&client, &sql, desk.customer_id.as_uuid()).await);
    }
    lines
}

/// Compares the rollups with what the rows themselves come to.
pub(crate) async fn assert_rollups_exact(fixture: &Fixture, desk: &Desk) {
    assert_tenants_rollups_exact(fixture, desk.customer_id.as_uuid()).await;
}

/// The same for a tenant by its id.
async fn assert_tenants_rollups_exact(fixture: &Fixture, tenant: Uuid) {
    let client = fixture.superuser().await;
    let enter = format!("begin; select shelfops.enter_tenant('{tenant}')");
    client.batch_execute(&enter).await.unwrap();
    let transactions = storage(&client, "transactions").await;
    for (rollup, period, expression) in [
        ("daily_sales", "business_date", "business_date"),
        ("hourly_sales", "sold_hour", "date_trunc('hour', occurred_at)"),
    ] {
        let kept = format!(
            "select concat_ws(' ', store_id, {period}, currency, line_count, trim_scale(sold_quantity),
                 trim_scale(returned_quantity), trim_scale(sales_amount),
                 trim_scale(returned_amount), trim_scale(discount_amount), trim_scale(tax_amount))
             from public.{rollup} where customer_id = $1 order by 1"
        );
        let summed = format!(
            "select concat_ws(' ', store_id, {expression}, currency, count(*),
                 trim_scale(coalesce(sum(quantity) filter (where transaction_type = 'sale'), 0)),
                 trim_scale(coalesce(sum(quantity) filter (where transaction_type = 'return'), 0)),
                 trim_scale(coalesce(sum(total_amount) filter (where transaction_type = 'sale'), 0)),
                 trim_scale(coalesce(sum(total_amount) filter (where transaction_type = 'return'), 0)),
                 trim_scale(coalesce(sum(discount_amount) filter (where transaction_type = 'sale'), 0)),
                 trim_scale(coalesce(sum(tax_amount) filter (where transaction_type = 'sale'), 0)
                     - coalesce(sum(tax_amount) filter (where transaction_type = 'return'), 0)))
             from {transactions} where customer_id = $1
             group by store_id, {expression}, currency order by 1"
        );
        let (kept, summed) =
            (texts(&client, &kept, tenant).await, texts(&client, &summed, tenant).await);
        assert_eq!(kept, summed, "{rollup}, and what the lines come to");
    }
    let columns = "store_id, product_id, counted_at, quantity_on_hand, quantity_reserved,
                   quantity_on_order, source";
    let kept = format!(
        "select concat_ws(' ', {columns}) from latest_inventory where customer_id = $1 order by 1"
    );
    let newest = format!(
        "select concat_ws(' ', {columns}) from (
             select distinct on (store_id, product_id) {columns} from {}
             where customer_id = $1 order by store_id, product_id, counted_at desc, source
         ) as newest order by 1",
        storage(&client, "inventory_levels").await
    );
    let (kept, newest) =
        (texts(&client, &kept, tenant).await, texts(&client, &newest, tenant).await);
    assert_eq!(kept, newest, "latest_inventory, and the newest counts");
    client.batch_execute("rollback").await.unwrap();
}

/// Returns where a time series' rows are.
pub(crate) async fn storage(client: &Client, series: &str) -> String {
    let sql = "select format('%I.%I', nspname, relname)
               from pg_class join pg_namespace on pg_namespace.oid = relnamespace
               where pg_class.oid = shelfops.timeseries_storage($1)";
    client.query_one(sql, &[&series]).await.unwrap().get(0)
}

async fn texts(client: &Client, sql: &str, tenant: Uuid) -> Vec<String> {
    let rows = client.query(sql, &[&tenant]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
