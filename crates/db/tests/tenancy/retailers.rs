//! Two retailers with rows in every table of tenants.

use shelfops_db::Engine;
use shelfops_testkit::connect;
use tokio_postgres::Client;

use super::catalog::tenant_relations;
use crate::fixture::{Fixture, filled, run, test_engines};

/// A tenant and what gives it away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retailer {
    /// Its id.
    pub(crate) customer_id: &'static str,
    /// How the ids begin that the other retailer knows.
    pub(crate) known: &'static str,
    /// How the ids begin that nobody else knows.
    secret: &'static str,
    /// Part of every text.
    text: &'static str,
    /// Every amount and quantity.
    number: &'static str,
}

/// The attacker.
pub(crate) const ALFA: Retailer = Retailer {
    customer_id: "a0a0a0a0-0000-7000-8000-000000000000",
    known: "a0a0a0a0-0000-7000-8000",
    secret: "aaaaaaaa-0000-7000-8000",
    text: "alfa-secret",
    number: "1357.25",
};

/// The victim.
pub(crate) const BRAVO: Retailer = Retailer {
    customer_id: "b0b0b0b0-0000-7000-8000-000000000000",
    known: "b0b0b0b0-0000-7000-8000",
    secret: "bbbbbbbb-0000-7000-8000",
    text: "bravo-secret",
    number: "8642.75",
};

impl Retailer {
    /// Returns what of a text gives this retailer away, besides the ids that others know.
    pub(crate) fn secret_in(self, text: &str) -> Option<&'static str> {
        [self.secret, self.text, self.number].into_iter().find(|marker| text.contains(marker))
    }

    /// Returns what of a text gives this retailer away at all.
    pub(crate) fn trace_in(self, text: &str) -> Option<&'static str> {
        let known = text.contains(self.known).then_some(self.known);
        self.secret_in(text).or(known)
    }

    /// Returns the condition that a row, as text, holds something of this retailer's.
    pub(crate) fn is_in(self, row: &str) -> String {
        [self.known, self.secret, self.text, self.number]
            .map(|marker| format!("strpos({row}, '{marker}') > 0"))
            .join(" or ")
    }

    /// Fills in a statement: `{c}` the tenant, `{k}` and `{s}` the beginnings of known and secret
    /// ids, `{m}` the mark in texts, `{n}` that in numbers.
    pub(crate) fn fill(self, sql: &str) -> String {
        sql.replace("{c}", self.customer_id)
            .replace("{k}", self.known)
            .replace("{s}", self.secret)
            .replace("{m}", self.text)
            .replace("{n}", self.number)
    }
}

/// One row or more in each table; what triggers write is not here.
const SEEDS: &[&str] = &[
    "insert into customers values ('{c}', '{m}', 'EUR', 'UTC')",
    "insert into stores (customer_id, store_id, name, store_type, city, region, country, time_zone)
     values ('{c}', '{k}-000000000001', '{m}', '{m}', '{m}', '{m}', '{m}', 'UTC')",
    "insert into products (customer_id, product_id, name, sku, barcode, unit_price, unit_cost)
     values ('{c}', '{k}-000000000002', '{m}', '{m}', '{m}', {n}, {n})",
    "insert into suppliers (customer_id, supplier_id, name, email)
     values ('{c}', '{k}-000000000003', '{m}', '{m}')",
    "insert into integrations (customer_id, integration_id, source, connector, settings,
         secrets_ciphertext, secrets_key_id, external_account)
     values ('{c}', '{k}-000000000004', 'till', '{m}', '{\"shop\": \"{m}\"}', '{m}', '{m}', '{m}')",
    "insert into external_ids (customer_id, source, entity, external_id, store_id)
     values ('{c}', 'till', 'store', '{m}', '{k}-000000000001')",
    "insert into external_ids (customer_id, source, entity, external_id, product_id)
     values ('{c}', 'till', 'product', '{m}', '{k}-000000000002')",
    "insert into external_ids (customer_id, source, entity, external_id, supplier_id)
     values ('{c}', 'till', 'supplier', '{m}', '{k}-000000000003')",
    "insert into transactions (customer_id, transaction_id, store_id, product_id, occurred_at,
         business_date, quantity, unit_price, total_amount, currency, transaction_type, source,
         external_id, external_order_id)
     select '{c}', overlay('{s}-000000000000' placing lpad(number::text, 4, '0') from 33)::uuid,
         '{k}-000000000001', '{k}-000000000002', day + number * interval '1 minute', day, {n}, {n},
         {n}, 'EUR', 'sale', 'till', '{m}-' || number, '{m}'
     from generate_series(1, 20) as number,
         unnest(array['2026-01-06 10:00+00', '2026-03-03 10:00+00']::timestamptz[]) as day",
    "insert into inventory_levels (customer_id, store_id, product_id, counted_at, quantity_on_hand,
         source)
     select '{c}', '{k}-000000000001', '{k}-000000000002', day, {n}, '{m}'
     from unnest(array['2026-01-06 10:00+00', '2026-03-03 10:00+00']::timestamptz[]) as day",
    "insert into demand_forecasts (customer_id, demand_forecast_id, store_id, product_id, model,
         forecast_date, made_at, expected_quantity)
     values ('{c}', '{s}-000000000010', '{k}-000000000001', '{k}-000000000002', '{m}', '2026-03-02',
         '2026-03-01', {n})",
    "insert into forecast_accuracy (customer_id, forecast_accuracy_id, store_id, product_id, model,
         period_starts_on, period_ends_on, observation_count, forecast_quantity, actual_quantity,
         absolute_error, squared_error)
     values ('{c}', '{s}-000000000011', '{k}-000000000001', '{k}-000000000002', '{m}', '2026-03-01',
         '2026-03-02', 1, {n}, {n}, {n}, {n})",
    "insert into reorder_points (customer_id, store_id, product_id, supplier_id,
         reorder_at_quantity, order_quantity)
     values ('{c}', '{k}-000000000001', '{k}-000000000002', '{k}-000000000003', {n}, {n})",
    "insert into purchase_orders (customer_id, purchase_order_id, supplier_id, store_id, source,
         external_id, status, ordered_at, currency)
     values ('{c}', '{k}-000000000005', '{k}-000000000003', '{k}-000000000001', 'till', '{m}', 'open',
         '2026-03-01', 'EUR')",
    "insert into purchase_order_lines (customer_id, purchase_order_id, external_line_id, product_id,
         quantity_ordered, unit_cost)
     values ('{c}', '{k}-000000000005', '{m}', '{k}-000000000002', {n}, {n})",
    "insert into promotions (customer_id, promotion_id, name, store_id, product_id, discount_amount,
         starts_at, ends_at)
     values ('{c}', '{s}-000000000012', '{m}', '{k}-000000000001', '{k}-000000000002', {n},
         '2026-03-01', '2026-03-02')",
    "insert into alerts (customer_id, alert_id, store_id, product_id, kind, severity, message)
     values ('{c}', '{k}-000000000006', '{k}-000000000001', '{k}-000000000002', '{m}', 'info', '{m}')",
    "insert into actions (customer_id, action_id, alert_id, kind, proposed_by)
     values ('{c}', '{s}-000000000013', '{k}-000000000006', '{m}', '{m}')",
    "insert into anomalies (customer_id, anomaly_id, store_id, product_id, metric, detected_at,
         expected_value, severity_score)
     values ('{c}', '{s}-000000000014', '{k}-000000000001', '{k}-000000000002', '{m}', '2026-03-01',
         {n}, 0.5)",
    "insert into sync_runs (customer_id, sync_run_id, source, stream, kind, origin, origin_name)
     values ('{c}', '{k}-000000000007', 'till', 'products', 'import', '{m}', '{m}')",
    "insert into sync_cursors (customer_id, source, stream, origin, cursor, sync_run_id)
     values ('{c}', 'till', 'products', '{m}', '\"{m}\"', '{k}-000000000007')",
    "insert into webhook_events (customer_id, webhook_event_id, integration_id, external_event_id,
         event_type, payload)
     values ('{c}', '{s}-000000000015', '{k}-000000000004', '{m}', '{m}', '\"{m}\"')",
    "insert into quarantined_records (customer_id, quarantined_record_id, sync_run_id, source,
         stream, origin, record_number, rule, reason, raw)
     values ('{c}', '{s}-000000000016', '{k}-000000000007', 'till', 'products', '{m}', 1, '{m}',
         '{m}', '\"{m}\"')",
    "insert into quality_results (customer_id, quality_result_id, check_name, table_name, severity,
         checked_count, failed_count)
     values ('{c}', '{s}-000000000017', '{m}', '{m}', 'info', 1, 0)",
    "insert into api_keys (customer_id, api_key_id, name, key_hash, scopes)
     values ('{c}', '{s}-000000000018', '{m}', sha256('{m}'), '{{m}}')",
    "insert into audit_log (customer_id, audit_entry_id, principal, operation, outcome, detail)
     values ('{c}', '{s}-000000000019', '{m}', '{m}', 'done', '{m}')",
    "insert into schedules (customer_id, schedule_id, kind, integration_id, stream, every_seconds,
         next_due_at)
     values ('{c}', '{s}-000000000020', 'sync', '{k}-000000000004', '{m}', 300, '2026-03-01')",
    "insert into reconciliations (customer_id, integration_id, external_store_id, business_date, currency,
         vendor_sale_lines, vendor_return_lines, vendor_net, found_sale_lines, found_return_lines,
         found_net, quarantined_lines, outcome)
     values ('{c}', '{k}-000000000004', '{m}', '2026-03-01', 'EUR', 1, 0, {n}, 1, 0, {n}, 0, 'equal')",
    "select shelfops.put_job('{c}', 'sync', '{\"till\": \"{m}\"}', '{m}', '{m}', 3, false)",
];

/// Runs a test once an engine, each time with both retailers in a new database.
pub(crate) async fn on_every_engine(test: impl AsyncFn(&Fixture)) {
    for engine in test_engines().await {
        on_engine(engine, &test).await;
    }
}

/// Runs a test with both retailers in a new database.
pub(crate) async fn on_engine(engine: Engine, test: impl AsyncFn(&Fixture)) {
    let fill = async |url: &str, engine| {
        let client = connect(url).await.unwrap();
        for retailer in [ALFA, BRAVO] {
            settle(&client, retailer).await;
        }
        age(&client, engine).await;
        require_rows_everywhere(&client).await;
    };
    // Whatever changes in this file makes the template another one.
    let fixture = filled(engine, "retailers", include_str!("retailers.rs"), &fill).await;
    run(&fixture, test).await;
}

/// Fills every table for one retailer, as operators do: row security is forced on them as well.
async fn settle(client: &Client, retailer: Retailer) {
    let enter = "insert into shelfops.tenants (customer_id, slug) values ('{c}', '{m}');
                 begin;
                 select shelfops.enter_tenant('{c}');
                 select shelfops.ensure_chunks(series, array['2026-01-06', '2026-03-03']::timestamptz[])
                 from unnest(array['transactions', 'inventory_levels']) as series";
    client.batch_execute(&retailer.fill(enter)).await.unwrap();
    for seed in SEEDS {
        client.batch_execute(&retailer.fill(seed)).await.unwrap_or_else(|error| {
            panic!("{}: {seed}", error.as_db_error().unwrap().message());
        });
    }
    client.batch_execute("commit").await.unwrap();
}

/// Makes the older rows what they become with time: compressed, rolled up, and known to statistics.
async fn age(client: &Client, engine: Engine) {
    if engine == Engine::Timescale {
        client
            .batch_execute(
                "select shelfops.compress_chunks(series, '2026-02-01')
                 from unnest(array['transactions', 'inventory_levels']) as series",
            )
            .await
            .unwrap();
        for rollup in ["daily_sales", "hourly_sales"] {
            let refresh = format!(
                "call refresh_continuous_aggregate('timeseries.{rollup}', null, '2026-02-01')"
            );
            client.batch_execute(&refresh).await.unwrap();
        }
    }
    client.batch_execute("analyze").await.unwrap();
}

/// Fails for a table that is in the catalog and not among the seeds: nobody forgets a new one.
async fn require_rows_everywhere(client: &Client) {
    for relation in tenant_relations(client).await {
        for retailer in [ALFA, BRAVO] {
            let count = format!(
                "select count(*) from {} where customer_id = '{}'",
                relation.storage, retailer.customer_id
            );
            let count: i64 = client.query_one(&count, &[]).await.unwrap().get(0);
            assert!(
                count > 0,
                "{} has a customer_id and no row of {}: add one to SEEDS",
                relation.name,
                retailer.text
            );
        }
    }
}
