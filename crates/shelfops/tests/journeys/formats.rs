//! The same records in every format give the same tables.

use shelfops_testkit::engines;

use crate::fixture::{
    Sale, Shop, assert_same_rows, compressed, csv, dirty_sales, json_lines, parquet,
};

/// What is refused, in words that do not depend on the format.
const REFUSED: &str = "
    select jsonb_build_array(record_number, rule, reason, missing_external_id, raw)::text
    from quarantined_records
    order by record_number";

#[tokio::test]
async fn the_same_records_give_the_same_tables_in_every_format_and_on_every_engine() {
    let sales = dirty_sales(5_000);
    let text = csv(&sales);
    let files = [
        ("sales.csv", text.clone().into_bytes()),
        ("sales.csv.gz", compressed("sales.csv.gz", text.as_bytes())),
        ("sales.csv.zst", compressed("sales.csv.zst", text.as_bytes())),
        ("sales.tsv", text.replace(',', "\t").into_bytes()),
        ("sales.jsonl", json_lines(&sales).into_bytes()),
        ("sales.jsonl.gz", compressed("sales.jsonl.gz", json_lines(&sales).as_bytes())),
        ("sales.parquet", parquet(&sales)),
    ];
    let engines = engines().await.unwrap();
    let mut first: Option<(Vec<String>, Vec<String>)> = None;
    for (place, (name, bytes)) in files.iter().enumerate() {
        // One format after the other on one engine after the other: all pairs would say no more.
        let shop = Shop::open(engines[place % engines.len()]).await;
        shop.write(name, bytes);
        let report = shop.import_sales(name, &[]).await;
        assert_eq!(report.counts.read, 5_000, "{name}");
        let loaded = (shop.lines().await, shop.texts(REFUSED).await);
        let (lines, refused) = first.get_or_insert_with(|| loaded.clone());
        assert!(!refused.is_empty() && lines.len() > 4_000);
        assert_same_rows(&loaded.0, lines);
        assert_same_rows(&loaded.1, refused);
    }
}

#[tokio::test]
async fn lines_in_no_order_of_time_are_imported_on_every_engine() {
    // Four weeks in every block, each now above and now below what is worth a partition of its own
    // making: a batch must not wait for the one behind it.
    let at = |number: u32| Sale {
        sold_at: format!("2025-03-{:02} 12:00:00", number.wrapping_mul(2_654_435_761) % 28 + 1),
        ..Sale::number(number)
    };
    let text = csv(&(1..=40_000).map(at).collect::<Vec<_>>());
    for engine in engines().await.unwrap() {
        let shop = Shop::open(engine).await;
        shop.write("sales.csv", &text);
        let report = shop.import_sales("sales.csv", &["--batch-records", "1"]).await;
        assert_eq!(report.outcome(), [40_000, 0, 0, 0], "{engine}");
        assert_eq!(shop.line_count().await, 40_000, "{engine}");
    }
}

#[tokio::test]
async fn every_kind_of_record_can_be_imported() {
    for engine in engines().await.unwrap() {
        let shop = Shop::open(engine).await;
        shop.write("suppliers.csv", "supplier_id,name,lead_time_days\nV1,Dairy,3\n");
        shop.write(
            "inventory.csv",
            "store,product,counted_at,quantity_on_hand\n\
             S1,P1,2025-03-04 22:00:00,12\nS2,P1,2025-03-04 22:00:00,-3\n\
             S2,P1,2025-03-04 22:00:00,-3\n",
        );
        shop.write(
            "orders.csv",
            "order_id,line_id,store,product,supplier,ordered_at,quantity,unit_cost,status,currency\n\
             O1,1,S1,P1,V1,2025-03-04,24,0.80,open,USD\nO1,2,S1,P2,V9,2025-03-04,12,1,open,USD\n",
        );
        let suppliers = shop.import("suppliers.csv", "suppliers", &[]).await;
        assert_eq!(suppliers.outcome(), [1, 0, 0, 0], "{engine}");
        let counts = shop.import("inventory.csv", "inventory", &[]).await;
        assert_eq!(counts.outcome(), [2, 0, 1, 0], "{engine}");
        assert_eq!(counts.counts.warnings_by_rule["stock-not-negative"], 2);
        let orders = shop.import("orders.csv", "purchase-orders", &[]).await;
        assert_eq!(orders.counts.refused(), [("known-supplier", 1)], "{engine}");
        for (file, kind) in [("inventory.csv", "inventory"), ("orders.csv", "purchase-orders")] {
            let again = shop.import(file, kind, &["--again"]).await;
            let [inserted, updated, ..] = again.outcome();
            assert_eq!((inserted, updated), (0, 0), "{kind} on {engine}");
        }
    }
}
