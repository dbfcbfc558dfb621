//! Importing again: a file that is known changes nothing, whatever it is called by now.

use crate::fixture::{Sale, Shop, assert_same_rows, csv, dirty_sales, sales, shop};

/// Every row with everything that loading it again could change.
async fn identities(shop: &Shop) -> Vec<String> {
    let mut all = Vec::new();
    for query in [
        "select to_jsonb(line)::text from transactions as line order by transaction_id",
        "select to_jsonb(record)::text from quarantined_records as record
         order by quarantined_record_id",
        "select to_jsonb(store)::text from stores as store order by store_id",
        "select to_jsonb(product)::text from products as product order by product_id",
    ] {
        all.extend(shop.texts(query).await);
    }
    all
}

#[tokio::test]
async fn a_file_that_was_imported_is_nothing_new() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&dirty_sales(2_000)));
    shop.import_sales("sales.csv", &[]).await;
    let before = identities(&shop).await;

    let answer = shop.call("import sales.csv --tenant acme --kind transactions").await.succeeds();
    assert!(answer.stderr.contains("nothing new"), "{answer}");
    assert!(answer.stderr.contains("--again"), "{answer}");
    std::fs::rename(shop.path("sales.csv"), shop.path("renamed.csv")).unwrap();
    let renamed = shop.import_sales("renamed.csv", &[]).await;
    assert_eq!((renamed.status.as_str(), renamed.counts.read), ("nothing new", 0));
    assert_same_rows(&identities(&shop).await, &before);
}

#[tokio::test]
async fn reading_a_file_again_leaves_every_row_as_it_is() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&dirty_sales(2_000)));
    let first = shop.import_sales("sales.csv", &[]).await;
    let before = identities(&shop).await;

    let again = shop.import_sales("sales.csv", &["--again"]).await;
    assert_eq!(again.status, "loaded");
    let [inserted, _, unchanged, quarantined] = first.outcome();
    assert_eq!(again.outcome(), [0, 0, inserted + unchanged, quarantined]);
    assert_same_rows(&identities(&shop).await, &before);
}

#[tokio::test]
async fn a_file_that_is_named_often_is_not_in_its_own_way() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&dirty_sales(20)));
    let often = ["sales.csv"; 12].join(" ");
    let line = format!("import {often} --tenant acme --kind transactions --again");
    shop.call(&line).await.succeeds();
}

#[tokio::test]
async fn references_read_again_leave_every_row_as_it_is() {
    let shop = shop().await;
    let before = identities(&shop).await;
    shop.write("stores.csv", "store_id,name,time_zone\nS1,Main Street,America/New_York\n");
    shop.write("products.csv", "product_id,name,unit_price\nP1,Product 1,1.50\n");
    for (file, kind) in [("stores.csv", "stores"), ("products.csv", "products")] {
        let report = shop.import(file, kind, &[]).await;
        assert_eq!(report.outcome(), [0, 0, 1, 0], "{kind}");
    }
    assert_same_rows(&identities(&shop).await, &before);
}

#[tokio::test]
async fn a_file_that_grew_is_read_and_only_what_is_new_is_added() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&sales(1..=1_000)));
    shop.import_sales("sales.csv", &[]).await;
    shop.write("sales.csv", csv(&sales(1..=1_200)));
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(report.outcome(), [200, 0, 1_000, 0]);
}

#[tokio::test]
async fn a_newer_version_replaces_a_line_and_an_older_one_never_does() {
    let shop = shop().await;
    let version = |name: &str, updated_at: &str, total: &str| {
        let sale = Sale { total: total.to_owned(), unit_price: String::new(), ..Sale::number(1) };
        let text = csv(&[sale]).replacen('\n', ",updated_at\n", 1);
        shop.write(name, text.replace(",USD\n", &format!(",USD,{updated_at}\n")));
    };
    version("first.csv", "2025-03-05 10:00:00", "3.00");
    version("newer.csv", "2025-03-06 10:00:00", "5.00");
    version("older.csv", "2025-03-04 10:00:00", "7.00");
    version("same.csv", "2025-03-06 10:00:00", "9.00");
    for (file, outcome) in [
        ("first.csv", [1, 0, 0, 0]),
        ("newer.csv", [0, 1, 0, 0]),
        ("older.csv", [0, 0, 1, 0]),
        ("same.csv", [0, 0, 0, 1]),
    ] {
        let report = shop.import_sales(file, &[]).await;
        assert_eq!(report.outcome(), outcome, "{file}");
    }
    assert_eq!(shop.texts("select total_amount::text from transactions").await, ["5.0000"]);
    let kept = shop.texts("select rule || ': ' || reason from quarantined_records").await;
    assert!(
        kept[0].starts_with("duplicate-in-table: ") && kept[0].contains("no newer"),
        "{kept:?}"
    );
}

#[tokio::test]
async fn the_same_lines_of_two_systems_are_two_sets_of_lines() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&sales(1..=10)));
    shop.import_sales("sales.csv", &[]).await;
    let flags =
        ["--source", "webshop", "--unknown-stores", "create", "--unknown-products", "create"];
    let report = shop.import_sales("sales.csv", &flags).await;
    assert_eq!(report.outcome(), [10, 0, 0, 0]);
    assert_eq!(shop.line_count().await, 20);
}
