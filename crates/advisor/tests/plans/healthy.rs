//! Of statements that are well, nothing is said.

use super::bench::bench;

#[tokio::test]
async fn healthy_statements_have_no_findings() {
    let bench = bench().await;
    for sql in [
        "select 1",
        "select * from lines where line_id = 5",
        "select count(*) from lines",
        "select * from lines where sold_at >= '2026-01-05' and sold_at < '2026-01-06'",
        "select store_id, sum(amount) from lines group by store_id",
        "select region, sum(amount) from lines join stores using (store_id) group by region",
        "select * from lines order by sold_at desc limit 10",
        "select * from stores where exists (select from lines where lines.store_id = stores.store_id)",
    ] {
        let findings = bench.findings(sql).await;
        let said: Vec<_> = findings.iter().map(|it| (it.rule, &it.what)).collect();
        assert!(said.is_empty(), "{sql}: {said:?}");
    }
}
