//! Findings about what does not fit into memory.

use super::bench::{advised, bench};

#[tokio::test]
async fn a_sort_on_disk_is_found_and_the_advised_memory_mends_it() {
    let bench = bench().await.with("set work_mem = '64kB'").await;
    let sql = "select * from lines order by note, amount";
    let finding = bench.finds("sort-spill", sql).await;
    assert!(finding.evidence.iter().any(|it| it == "work_mem is 64kB"), "{:?}", finding.evidence);
    let bench = bench.with(&advised(&finding).replace("local ", "")).await;
    bench.is_silent("sort-spill", sql).await;
}

#[tokio::test]
async fn a_hash_in_batches_is_found_and_the_advised_memory_mends_it() {
    let bench = bench()
        .await
        .with("set work_mem = '64kB'; set enable_mergejoin = off; set enable_nestloop = off")
        .await;
    let sql = "select count(*) from lines as one join lines as two on one.line_id = two.product_id";
    let finding = bench.finds("hash-spill", sql).await;
    let bench = bench.with(&advised(&finding).replace("local ", "")).await;
    bench.is_silent("hash-spill", sql).await;
}

#[tokio::test]
async fn groups_on_disk_are_found_and_the_advised_memory_mends_it() {
    let bench = bench().await.with("set work_mem = '64kB'; set enable_sort = off").await;
    let sql = "select product_id, count(*) from lines group by product_id";
    let finding = bench.finds("aggregate-spill", sql).await;
    assert!(
        finding.evidence.iter().any(|it| it.starts_with("5,000 groups")),
        "{:?}",
        finding.evidence
    );
    let bench = bench.with(&advised(&finding).replace("local ", "")).await;
    bench.is_silent("aggregate-spill", sql).await;
}

#[tokio::test]
async fn rows_that_are_kept_on_disk_are_found_and_the_advised_memory_mends_it() {
    let bench = bench().await.with("set work_mem = '64kB'").await;
    let sql = "with kept as materialized (select * from lines) \
               select count(*) from kept join kept as again using (line_id) where again.line_id < 100";
    let finding = bench.finds("temporary-files", sql).await;
    assert!(finding.what.starts_with("CTE Scan on kept"), "{}", finding.what);
    let bench = bench.with(&advised(&finding).replace("local ", "")).await;
    bench.is_silent("temporary-files", sql).await;
}

#[tokio::test]
async fn what_a_sort_writes_is_told_once() {
    let bench = bench().await.with("set work_mem = '64kB'").await;
    let sql = "with kept as materialized (select * from lines order by note, amount) \
               select count(*) from kept limit 1";
    let findings = bench.findings(sql).await;
    let kept = findings.iter().filter(|it| it.rule == "temporary-files").count();
    let sorted = findings.iter().filter(|it| it.rule == "sort-spill").count();
    assert_eq!((kept, sorted), (1, 1), "{findings:?}");
    bench.is_silent("temporary-files", "select * from lines order by note, amount").await;
}
