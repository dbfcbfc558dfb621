//! The benchmark's files are clean, sorted and of the size that was asked for.

use std::collections::HashSet;

use jiff::Timestamp;
use shelfops_simulators::grocery::write_benchmark;

use crate::reading::{Table, cents};

#[test]
fn ten_tenants_share_the_lines_in_order_of_time() {
    let directory = tempfile::tempdir().unwrap();
    let benchmark = write_benchmark(20_003, 7, directory.path()).unwrap();
    assert_eq!(benchmark.transactions.len(), 10);
    let total: u64 = benchmark.transactions.iter().map(|file| file.record_count).sum();
    assert_eq!(total, 20_003);
    for file in &benchmark.transactions {
        let table = Table::of(file);
        let times: Vec<Timestamp> =
            table.column("occurred_at").iter().map(|time| time.parse().unwrap()).collect();
        assert!(times.is_sorted());
        let unique: HashSet<&str> = table.column("external_id").into_iter().collect();
        assert_eq!(unique.len(), table.rows.len());
    }
}

#[test]
fn references_hold_and_totals_add_up() {
    let directory = tempfile::tempdir().unwrap();
    let benchmark = write_benchmark(5_000, 7, directory.path()).unwrap();
    let (stores, products) = (Table::of(&benchmark.stores), Table::of(&benchmark.products));
    assert_eq!((stores.rows.len(), products.rows.len()), (200, 5_000));
    let store_ids: HashSet<&str> = stores.column("store_id").into_iter().collect();
    let product_ids: HashSet<&str> = products.column("product_id").into_iter().collect();
    let table = Table::of(&benchmark.transactions[3]);
    for row in &table.rows {
        assert!(store_ids.contains(row[2].as_str()) && product_ids.contains(row[3].as_str()));
        let quantity: i64 = row[6].parse().unwrap();
        let [unit_price, discount, total] = [7, 8, 9].map(|column| cents(&row[column]).unwrap());
        assert!(quantity > 0 && quantity * unit_price - discount == total, "{row:?}");
    }
}

#[test]
fn the_same_arguments_write_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = |name: &str| {
        let benchmark = write_benchmark(3_000, 7, &directory.path().join(name)).unwrap();
        benchmark
            .transactions
            .iter()
            .map(|file| std::fs::read(&file.path).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(bytes("first"), bytes("second"));
}
