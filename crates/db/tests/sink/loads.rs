//! Records get to their tables, once.

use shelfops_ingest::Stream;

use super::desk::{Desk, How, count, sale};
use super::memory_source::Told;
use super::snapshots::{assert_rollups_exact, exactly};
use crate::fixture::on_every_engine;

fn lines() -> Vec<Told> {
    let mut lines = Vec::new();
    for number in 0..120 {
        let store = ["s1", "s2"][number % 2];
        let product = ["p1", "p2", "p3"][number % 3];
        let at =
            format!("2026-0{}-{:02}T{:02}:15:00Z", 1 + number % 6, 1 + number % 28, number % 24);
        let line = sale(&format!("line-{number}"), store, product, &at)
            .with("quantity", format!("{}.5", 1 + number % 7))
            .with("total_amount", format!("{}.25", number))
            .with("discount_amount", "0.50")
            .with("tax_amount", "0.19")
            .with("updated_at", at);
        lines.push(match number % 5 {
            0 => line.with("transaction_type", "return"),
            1 => line.with("transaction_type", "void"),
            2 => line.without("transaction_type").without("discount_amount").without("order_id"),
            3 => line.with("currency", "USD").without("updated_at"),
            _ => line,
        });
    }
    lines
}

fn counts() -> Vec<Told> {
    (0..60)
        .map(|number| {
            let at = format!("2026-0{}-{:02}T08:00:00Z", 1 + number % 6, 1 + number % 28);
            let count = count(["s1", "s2"][number % 2], ["p1", "p2", "p3"][number % 3], &at)
                .with("quantity_on_hand", number as i64 - 3);
            if number % 4 == 0 {
                count.with("quantity_reserved", 2).with("quantity_on_order", 7)
            } else {
                count
            }
        })
        .collect()
}

#[tokio::test]
async fn what_is_loaded_is_what_was_told() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "Europe/Berlin").await;
        desk.stock().await;
        let told = sale("a", "s2", "p3", "2026-03-02T02:30:00Z")
            .with("order_id", "order 9")
            .with("quantity", "1.2345")
            .with("unit_price", "3.3333")
            .with("discount_amount", "0.10")
            .with("tax_amount", "0.07")
            .with("total_amount", "4.08")
            .with("currency", "USD")
            .with("updated_at", "2026-03-02T03:00:00.123456Z");
        desk.load(Stream::Transactions, &[told], &How::from("file")).await;
        let tx = fixture.superuser().await;
        let sql = format!(
            "select concat_ws(' ', business_date, quantity, unit_price, discount_amount, tax_amount,
                 total_amount, currency, transaction_type, source, external_id, external_order_id,
                 occurred_at at time zone 'UTC', source_updated_at at time zone 'UTC')
             from {} where customer_id = $1",
            super::snapshots::storage(&tx, "transactions").await
        );
        let row = tx.query_one(&sql, &[&desk.customer_id.as_uuid()]).await.unwrap();
        assert_eq!(
            row.get::<_, String>(0),
            "2026-03-01 1.2345 3.3333 0.1000 0.0700 4.0800 USD sale till a order 9 \
             2026-03-02 02:30:00 2026-03-02 03:00:00.123456"
        );
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

#[tokio::test]
async fn the_same_records_again_change_nothing() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "Europe/Berlin").await;
        desk.stock().await;
        for (stream, told) in [(Stream::Transactions, lines()), (Stream::Inventory, counts())] {
            let first = desk.load(stream, &told, &How::from("first")).await;
            assert_eq!((first.inserted, first.unchanged), (told.len() as u64, 0), "{stream}");
            assert_rollups_exact(fixture, &desk).await;
            let before = exactly(fixture, &desk).await;
            // Another file with the same content, in whatever pieces.
            for how in [How::from("again"), How::from("in pieces").split(17, 5)] {
                let again = desk.load(stream, &told, &how).await;
                assert_eq!(again.unchanged, told.len() as u64, "{stream}: {again:?}");
                assert_eq!(exactly(fixture, &desk).await, before);
            }
            assert_rollups_exact(fixture, &desk).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_origin_that_was_read_to_its_end_has_its_cursor_there() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = How::from("file").split(25, 10);
        let totals = desk.load(Stream::Transactions, &lines(), &how).await;
        assert!(totals.batches >= 4, "{totals:?}");
        assert_eq!(desk.cursor(Stream::Transactions, &how).await, 120);
        let tx = desk.database.tenant(desk.customer_id).await.unwrap();
        let stored = tx.cursor(&desk.source, Stream::Transactions, "file").await.unwrap().unwrap();
        assert!(stored.is_complete);
        // Nothing new, and nothing is read.
        let again = desk.load(Stream::Transactions, &lines(), &how).await;
        assert_eq!(again.read, 0);
        // What was added to the file is read alone.
        let mut longer = lines();
        longer.push(sale("new", "s1", "p1", "2026-03-02T10:00:00Z"));
        let more = desk.load(Stream::Transactions, &longer, &how).await;
        assert_eq!((more.read, more.inserted), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn tenants_with_the_same_records_have_them_each_for_itself() {
    on_every_engine(async |fixture| {
        let first = Desk::open(fixture, "first", "Europe/Berlin").await;
        let second = Desk::open(fixture, "second", "Europe/Berlin").await;
        for desk in [&first, &second] {
            desk.stock().await;
            let totals = desk.load(Stream::Transactions, &lines(), &How::from("file")).await;
            assert_eq!(totals.inserted, 120);
        }
        let contents = super::snapshots::by_content(fixture, &first).await;
        assert_eq!(contents.len(), 120);
        assert_eq!(contents, super::snapshots::by_content(fixture, &second).await);
    })
    .await;
}
