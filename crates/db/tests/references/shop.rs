//! A tenant with some stores and products, and sessions that work for it.

use shelfops_db::Engine;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::fixture::Fixture;

pub(super) const TENANT: &str = "00000000-0000-7000-8000-00000000000a";

/// The time series that refer, and what they refer to.
pub(super) const REFERENCES: [(&str, &str, &str); 4] = [
    ("transactions", "stores", "store_id"),
    ("transactions", "products", "product_id"),
    ("inventory_levels", "stores", "store_id"),
    ("inventory_levels", "products", "product_id"),
];

/// Returns the id of a store or a product by its number.
pub(super) fn id(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

/// Returns a statement that adds a row which names a store and a product, on a day of 2026.
pub(super) fn insert(series: &str, store: u32, product: u32, key: u32) -> String {
    let (store, product) = (id(store), id(product));
    let minute = key % 1440;
    if series == "transactions" {
        format!(
            "insert into transactions (customer_id, transaction_id, store_id, product_id,
                 occurred_at, business_date, quantity, total_amount, currency, transaction_type,
                 source, external_id)
             values ('{TENANT}', gen_random_uuid(), '{store}', '{product}',
                 '2026-03-02 00:00+00'::timestamptz + interval '{minute} minutes', '2026-03-02', 1,
                 2, 'EUR', 'sale', 'till', '{key}')"
        )
    } else {
        format!(
            "insert into inventory_levels (customer_id, store_id, product_id, counted_at,
                 quantity_on_hand, source)
             values ('{TENANT}', '{store}', '{product}',
                 '2026-03-02 00:00+00'::timestamptz + interval '{minute} minutes', 3, 'till-{key}')"
        )
    }
}

/// Returns a statement that deletes a store or a product.
pub(super) fn delete(parent: &str, key_column: &str, number: u32) -> String {
    format!(
        "delete from {parent} where customer_id = '{TENANT}' and {key_column} = '{}'",
        id(number)
    )
}

/// Opens the shop: stores and products 1 to `count`, and the week of 2026-03-02.
pub(super) async fn open(fixture: &Fixture, count: u32) -> Client {
    let client = fixture.superuser().await;
    let setup = format!(
        "insert into shelfops.tenants values ('{TENANT}', 'shop');
         begin;
         select shelfops.enter_tenant('{TENANT}');
         insert into customers values ('{TENANT}', 'Shop', 'EUR', 'UTC');
         insert into stores (customer_id, store_id, name, time_zone)
         select '{TENANT}', ('00000000-0000-7000-8000-' || lpad(number::text, 12, '0'))::uuid,
             'Store', 'UTC'
         from generate_series(1, {count}) as number;
         insert into products (customer_id, product_id, name)
         select '{TENANT}', ('00000000-0000-7000-8000-' || lpad(number::text, 12, '0'))::uuid,
             'Product'
         from generate_series(1, {count}) as number;
         select shelfops.ensure_chunks(series, array['2026-03-02'::timestamptz])
         from unnest(array['transactions', 'inventory_levels']) as series;
         commit"
    );
    client.batch_execute(&setup).await.unwrap();
    client
}

/// Begins a transaction of the tenant's.
pub(super) async fn begin(client: &Client) {
    let begin =
        format!("begin; select shelfops.enter_tenant('{TENANT}'); set local role shelfops_app");
    client.batch_execute(&begin).await.unwrap();
}

/// Runs one statement as the tenant, in a transaction of its own.
pub(super) async fn run(client: &Client, sql: &str) -> Result<(), SqlState> {
    begin(client).await;
    let outcome = client.batch_execute(sql).await;
    let end = if outcome.is_ok() { "commit" } else { "rollback" };
    client.batch_execute(end).await.unwrap();
    outcome.map_err(|error| error.code().cloned().unwrap())
}

/// Counts rows whose store or product is not there, as somebody who sees all.
pub(super) async fn orphan_count(client: &Client) -> i64 {
    let mut count = 0;
    for (series, parent, key_column) in REFERENCES {
        let sql = format!(
            "select format('select count(*) from %s as child where not exists (
                 select from public.{parent} as parent
                 where parent.customer_id = child.customer_id
                     and parent.{key_column} = child.{key_column})',
                 shelfops.timeseries_storage('{series}'))"
        );
        let sql: String = client.query_one(&sql, &[]).await.unwrap().get(0);
        count += client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0);
    }
    count
}

/// Compresses everything, where the engine can.
pub(super) async fn compress(fixture: &Fixture, client: &Client) {
    let sql = "select sum(shelfops.compress_chunks(series, '2027-01-01'))
               from unnest(array['transactions', 'inventory_levels']) as series";
    let compressed: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(compressed > 0, fixture.engine == Engine::Timescale);
}
