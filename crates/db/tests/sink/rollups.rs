//! Rollups are what the rows come to, whatever is done to the rows.

use shelfops_db::Engine;
use shelfops_ingest::Stream;

use super::desk::{Desk, How, count, sale};
use super::memory_source::Told;
use super::snapshots::{assert_rollups_exact, storage};
use crate::fixture::{Fixture, on_every_engine};

async fn loaded(fixture: &Fixture) -> Desk {
    let desk = Desk::open(fixture, "shop", "America/New_York").await;
    desk.stock().await;
    let lines: Vec<Told> = (0..60)
        .map(|number| {
            let at = format!("2026-03-{:02}T{:02}:30:00Z", 1 + number % 12, (number * 5) % 24);
            sale(&number.to_string(), ["s1", "s2"][number % 2], ["p1", "p2", "p3"][number % 3], &at)
                .with("transaction_type", ["sale", "return", "void"][number % 3])
                .with("currency", ["EUR", "USD"][number / 30])
                .with("total_amount", format!("{number}.10"))
                .with("tax_amount", "0.19")
        })
        .collect();
    desk.load(Stream::Transactions, &lines, &How::from("lines")).await;
    let counts: Vec<Told> = (0..24)
        .map(|hour| {
            count(
                ["s1", "s2"][hour % 2],
                ["p1", "p2", "p3"][hour % 3],
                &format!("2026-03-02T{hour:02}:00:00Z"),
            )
            .with("quantity_on_hand", hour)
        })
        .collect();
    desk.load(Stream::Inventory, &counts, &How::from("counts")).await;
    desk
}

/// Runs a statement as the tenant, through the names that the program uses.
async fn run(fixture: &Fixture, desk: &Desk, sql: &str) {
    let client = fixture.superuser().await;
    let whole = format!(
        "begin; select shelfops.enter_tenant('{}'); set local role shelfops_app; {sql}; commit",
        desk.customer_id
    );
    client.batch_execute(&whole).await.unwrap_or_else(|error| {
        panic!("{sql}: {}", error.as_db_error().unwrap().message());
    });
}

#[tokio::test]
async fn they_follow_every_change_of_the_rows() {
    on_every_engine(async |fixture| {
        let desk = loaded(fixture).await;
        assert_rollups_exact(fixture, &desk).await;
        for change in [
            "update transactions set quantity = quantity * 2 where external_id < '3'",
            "update transactions set business_date = business_date + 1 where external_id > '4'",
            "update transactions set store_id = other.store_id from stores as other
                 where other.name = 's2' and transactions.external_id like '1%'",
            "update transactions set transaction_type = 'return', tax_amount = -1",
            "update transactions set transaction_type = 'exchange' where external_id like '%2'",
            "update transactions set currency = 'GBP' where external_id like '%4'",
            "delete from transactions where external_id like '2%'",
            // The last line of its day, hour and store: its totals go with it.
            "delete from transactions where business_date = '2026-03-05'",
            "update inventory_levels set quantity_on_hand = -quantity_on_hand",
            "delete from inventory_levels where quantity_on_hand < -20",
            "delete from inventory_levels where counted_at >= '2026-03-02 12:00+00'",
            "delete from inventory_levels where quantity_on_hand > -5",
            "delete from inventory_levels",
            "delete from transactions",
        ] {
            run(fixture, &desk, change).await;
            desk.refresh().await;
            assert_rollups_exact(fixture, &desk).await;
        }
        let client = fixture.superuser().await;
        for rollup in ["daily_sales", "hourly_sales"] {
            let schema = if fixture.engine == Engine::Timescale { "timeseries" } else { "public" };
            let left = format!("select count(*) from {schema}.{rollup}");
            assert_eq!(client.query_one(&left, &[]).await.unwrap().get::<_, i64>(0), 0, "{rollup}");
        }
    })
    .await;
}

#[tokio::test]
async fn they_follow_changes_in_compressed_chunks() {
    on_every_engine(async |fixture| {
        if fixture.engine != Engine::Timescale {
            return;
        }
        let desk = loaded(fixture).await;
        let client = fixture.superuser().await;
        for change in [
            "update transactions set quantity = 3 where external_id like '1%'",
            "delete from transactions where external_id like '2%'",
            "update inventory_levels set quantity_on_hand = 99
                 where counted_at = '2026-03-02 23:00+00'",
            "delete from inventory_levels where counted_at >= '2026-03-02 20:00+00'",
            // Whole segments at once.
            "delete from transactions using stores
                 where stores.store_id = transactions.store_id and stores.name = 's1'",
            "delete from inventory_levels using stores
                 where stores.store_id = inventory_levels.store_id and stores.name = 's2'",
        ] {
            let compress = "select shelfops.compress_chunks(series, '2026-12-01')
                            from unnest(array['transactions', 'inventory_levels']) as series";
            client.batch_execute(compress).await.unwrap();
            run(fixture, &desk, change).await;
            desk.refresh().await;
            assert_rollups_exact(fixture, &desk).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_live_tail_is_there_before_any_refresh() {
    on_every_engine(async |fixture| {
        let desk = loaded(fixture).await;
        let sql = "insert into transactions (customer_id, transaction_id, store_id, product_id,
                 occurred_at, business_date, quantity, total_amount, currency, transaction_type,
                 source, external_id)
             select customer_id, gen_random_uuid(), store_id, product_id,
                 occurred_at + interval '30 days', business_date + 30, quantity, total_amount,
                 currency, transaction_type, source, external_id || '-later'
             from transactions";
        if fixture.engine == Engine::Native {
            run(fixture, &desk, "select shelfops.ensure_chunks('transactions',
                array(select '2026-04-01'::timestamptz + week * interval '7 days' from generate_series(-1, 3) as week))").await;
        }
        run(fixture, &desk, sql).await;
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

#[tokio::test]
async fn two_counts_of_one_moment_have_one_winner_in_whatever_order_they_come() {
    on_every_engine(async |fixture| {
        for (slug, order) in [("one", ["a", "b"]), ("other", ["b", "a"])] {
            let desk = Desk::open(fixture, slug, "UTC").await;
            desk.stock().await;
            for source in order {
                let sql = format!(
                    "select shelfops.ensure_chunks('inventory_levels', array['2026-03-02'::timestamptz]);
                     insert into inventory_levels (customer_id, store_id, product_id, counted_at,
                         quantity_on_hand, source)
                     select store.customer_id, store_id, product_id, '2026-03-02 10:00+00', 1, '{source}'
                     from stores as store, products"
                );
                run(fixture, &desk, &sql).await;
            }
            assert_rollups_exact(fixture, &desk).await;
            // The winner goes; the other is there.
            run(fixture, &desk, "delete from inventory_levels where source = 'a'").await;
            assert_rollups_exact(fixture, &desk).await;
        }
    })
    .await;
}

#[tokio::test]
async fn old_rows_that_are_dropped_leave_their_totals() {
    on_every_engine(async |fixture| {
        let desk = loaded(fixture).await;
        desk.refresh().await;
        let client = fixture.superuser().await;
        let sums = async || {
            let enter = format!("begin; select shelfops.enter_tenant('{}')", desk.customer_id);
            client.batch_execute(&enter).await.unwrap();
            let sql = "select concat_ws(' ', (select sum(line_count) from daily_sales),
                           (select sum(sales_amount) from hourly_sales),
                           (select count(*) from latest_inventory))";
            let sums: String = client.query_one(sql, &[]).await.unwrap().get(0);
            client.batch_execute("rollback").await.unwrap();
            sums
        };
        let before = sums().await;
        for series in ["transactions", "inventory_levels"] {
            let sql = format!("select shelfops.drop_chunks('{series}', '2027-01-01')");
            assert!(client.query_one(&sql, &[]).await.unwrap().get::<_, i32>(0) > 0);
            let left = format!("select count(*) from {}", storage(&client, series).await);
            assert_eq!(client.query_one(&left, &[]).await.unwrap().get::<_, i64>(0), 0);
        }
        assert_eq!(sums().await, before);
        // What was dropped never comes again: it could not be told from what is counted already.
        let lines = [sale("new", "s1", "p1", "2026-03-03T10:00:00Z")];
        let totals = desk.load(Stream::Transactions, &lines, &How::from("late")).await;
        assert_eq!(totals.quarantined["still-kept"], 1);
        assert_eq!(sums().await, before);
    })
    .await;
}

#[tokio::test]
async fn the_last_days_and_the_best_sellers_are_counted_within_each_currency() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let mut lines = Vec::new();
        for day in 1..=5 {
            for (currency, amount) in [("EUR", "100.00"), ("USD", "1.00")] {
                for product in ["p1", "p2", "p3"] {
                    let at = format!("2026-04-0{day}T12:00:00Z");
                    let id = format!("{day}{currency}{product}");
                    let line = sale(&id, "s1", product, &at);
                    lines.push(line.with("currency", currency).with("total_amount", amount));
                }
            }
        }
        desk.load(Stream::Transactions, &lines, &How::from("file")).await;
        desk.refresh().await;
        let tx = desk.database.tenant(desk.customer_id).await.unwrap();
        let days = tx.daily_sales(3).await.unwrap();
        let days: Vec<_> =
            days.iter().map(|day| (&*day.business_date, &*day.currency, day.lines)).collect();
        let expected = ["2026-04-05", "2026-04-04", "2026-04-03"]
            .into_iter()
            .flat_map(|day| [(day, "EUR", 3), (day, "USD", 3)]);
        assert_eq!(days, expected.collect::<Vec<_>>());
        let since = "2026-04-01T00:00:00Z".parse().unwrap();
        let sellers = tx.top_sellers(since, 2).await.unwrap();
        let currencies: Vec<_> = sellers.iter().map(|seller| &*seller.currency).collect();
        assert_eq!(currencies, ["EUR", "EUR", "USD", "USD"]);
    })
    .await;
}

#[tokio::test]
async fn a_shelf_is_out_of_stock_when_its_last_count_found_nothing() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        let other = Desk::open(fixture, "other", "UTC").await;
        let at = |hour: u32| format!("2026-03-02T{hour:02}:00:00Z");
        let counted = |store, product, hour, units| {
            count(store, product, &at(hour))
                .with("quantity_on_hand", units)
                .with("quantity_on_order", 6)
        };
        let counts = [
            // Filled up since, and sold out since.
            counted("s1", "p1", 10, 0),
            counted("s1", "p1", 12, 4),
            counted("s1", "p2", 10, 4),
            counted("s1", "p2", 12, 0),
            counted("s2", "p1", 13, -3),
            counted("s2", "p2", 13, 5),
            counted("s2", "p3", 12, 0),
        ];
        for desk in [&desk, &other] {
            desk.stock().await;
        }
        desk.load(Stream::Inventory, &counts, &How::from("counts")).await;
        let elsewhere = [counted("s1", "p1", 14, 0)];
        other.load(Stream::Inventory, &elsewhere, &How::from("counts")).await;

        let tx = desk.database.tenant(desk.customer_id).await.unwrap();
        let found = tx.stock_outs(9).await.unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|out| {
                let counted_at = out.counted_at.unwrap().to_string();
                let (on_hand, on_order) = (out.quantity_on_hand, out.quantity_on_order);
                (&*out.store, &*out.product, on_hand.to_string(), on_order.to_string(), counted_at)
            })
            .collect();
        let expected = [("s2", "p1", "-3", 13), ("s1", "p2", "0", 12), ("s2", "p3", "0", 12)];
        let expected = expected.map(|(store, product, on_hand, hour)| {
            (store, product, on_hand.to_owned(), "6".to_owned(), at(hour))
        });
        assert_eq!(told, expected, "counted last first");
        assert_eq!(tx.stock_outs(1).await.unwrap().len(), 1);
    })
    .await;
}
