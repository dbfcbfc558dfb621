//! Several processes at work in one database at the same time.

use std::time::Duration;

use shelfops_testkit::{engines, wait_for};

use crate::fixture::{Report, Sale, Shop, csv, dirty_sales, sales, shop};

const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_file_that_another_process_is_importing_is_a_conflict() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&dirty_sales(40_000)));
    shop.write("copy.csv", csv(&dirty_sales(40_000)));
    let mut first = shop.importing("sales.csv", "transactions", &["--batch-records", "1"]).start();
    wait_for("the first import to begin", DEADLINE, async || {
        shop.read_count().await > 0 || !first.is_running()
    })
    .await
    .unwrap();
    // By its content, whatever it is called.
    let answer = shop.importing("copy.csv", "transactions", &[]).run().await;
    let said = answer.fails_with(6);
    assert!(said.contains("copy.csv is being imported by another process"), "{said}");
    assert!(first.is_running(), "the first import was over too early to tell anything");

    let report = Report::of(&first.end().await.succeeds().data());
    assert_eq!(report.counts.read, 40_000);
    shop.check_books().await;
    let again = shop.import_sales("copy.csv", &[]).await;
    assert_eq!(again.status, "nothing new");
}

#[tokio::test]
async fn two_imports_started_at_once_load_a_file_once() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&dirty_sales(9_000)));
    let start = || shop.importing("sales.csv", "transactions", &[]).start();
    let (first, second) = (start(), start());
    let answers = [first.end().await, second.end().await];
    let mut codes = answers.each_ref().map(|answer| answer.code);
    codes.sort_unstable();
    assert!([[0, 6], [0, 0]].contains(&codes), "{} and {}", answers[0], answers[1]);
    shop.check_books().await;
    let alone = crate::fixture::shop().await;
    alone.write("sales.csv", csv(&dirty_sales(9_000)));
    alone.import_sales("sales.csv", &[]).await;
    crate::fixture::assert_same_rows(&shop.everything().await, &alone.everything().await);
}

#[tokio::test]
async fn files_that_overlap_may_be_imported_at_once() {
    for engine in engines().await.unwrap() {
        overlapping_files_are_imported_at_once(&Shop::open(engine).await).await;
    }
}

async fn overlapping_files_are_imported_at_once(shop: &Shop) {
    shop.write("first.csv", csv(&sales(1..=12_000)));
    shop.write("second.csv", csv(&sales(6_001..=18_000)));
    let start = |file| shop.importing(file, "transactions", &["--batch-records", "1"]).start();
    let (first, second) = (start("first.csv"), start("second.csv"));
    let first = Report::of(&first.end().await.succeeds().data()).counts;
    let second = Report::of(&second.end().await.succeeds().data()).counts;
    assert_eq!(first.inserted + second.inserted, 18_000, "{first:?} {second:?}");
    assert_eq!(first.unchanged + second.unchanged, 6_000, "{first:?} {second:?}");
    assert_eq!(shop.line_count().await, 18_000);
}

#[tokio::test]
async fn unknown_stores_that_two_imports_create_at_once_are_created_once() {
    let shop = shop().await;
    let of_new_stores = |prefix: &str| {
        let sale = |number: u32| Sale {
            id: format!("{prefix}{number}"),
            store: format!("N{}", number % 50),
            ..Sale::number(number)
        };
        csv(&(1..=9_000).map(sale).collect::<Vec<_>>())
    };
    shop.write("first.csv", of_new_stores("A"));
    shop.write("second.csv", of_new_stores("B"));
    let flags = ["--unknown-stores", "create", "--batch-records", "1"];
    let start = |file| shop.importing(file, "transactions", &flags).start();
    let (first, second) = (start("first.csv"), start("second.csv"));
    for (file, running) in [("first.csv", first), ("second.csv", second)] {
        let answer = running.end().await;
        // Both may want to create the same store first; who comes late is told to try again.
        if answer.code != 0 {
            let said = answer.fails_with(1);
            assert!(said.contains("run the same command again"), "{said}");
            shop.import_sales(file, &flags).await;
        }
    }
    assert_eq!(shop.line_count().await, 18_000);
    let stores = "select count(distinct store_id) from transactions";
    assert_eq!(shop.number(stores).await, 50);
    let made = "select count(*) from stores where is_placeholder";
    assert_eq!(shop.number(made).await, 50);
}
