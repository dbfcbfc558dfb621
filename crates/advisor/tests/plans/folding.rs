//! What a plan does alike with many parts of a table is drawn once.

use shelfops_advisor::plans::findings::look;
use shelfops_advisor::plans::{Facts, Plan, draw, read};

use super::bench::{Bench, bench};
use super::time_series::{hypertable, partitioned};

async fn drawn(bench: &Bench, sql: &str) -> (Plan, String) {
    let plan = bench.explained(sql, true).await.plan;
    let facts = Facts::gather(&bench.client, &plan).await.unwrap();
    let drawn = draw(&plan, &facts, &[]);
    eprintln!("{drawn}");
    (plan, drawn)
}

/// Returns the only line in which a text stands.
fn line<'d>(drawn: &'d str, text: &str) -> &'d str {
    let mut lines = drawn.lines().filter(|line| line.contains(text));
    let found = lines.next().unwrap_or_else(|| panic!("{text} is not in\n{drawn}"));
    assert_eq!(lines.next(), None, "{text} is there again in\n{drawn}");
    found
}

#[tokio::test]
async fn partitions_that_are_read_alike_are_one_line_with_their_sums_and_the_slowest() {
    let bench = partitioned().await;
    let sql = "select sum(amount) from days as d where amount >= 10";
    let (plan, drawn) = drawn(&bench, sql).await;
    let scans = line(&drawn, "Seq Scan on 8 parts of days d, slowest days_");
    assert!(scans.contains(" → 69,110 ") && scans.ends_with(" ms ◀ most"), "{scans}");
    let pages: f64 = plan.nodes.iter().skip(2).map(|node| node.buffers.touched()).sum();
    assert!(scans.contains(&format!("  {pages:.0}  ")), "{pages} of {scans}");
    let filter = line(&drawn, "filter: ");
    assert!(filter.ends_with("filter: (d.amount >= '10'::numeric)  threw away 10"), "{filter}");
    assert!(drawn.lines().count() < 7, "{drawn}");
    assert_eq!(plan.nodes.iter().filter(|node| node.is_seq_scan()).count(), 8, "kept as it is");
}

#[tokio::test]
async fn a_partition_that_is_read_in_another_way_is_drawn_by_itself() {
    let bench = partitioned().await.with("create index on days_3 (amount); analyze days").await;
    let (_, drawn) = drawn(&bench, "select * from days where amount = 20000").await;
    line(&drawn, "Seq Scan on 7 parts of days, slowest days_");
    line(&drawn, "days_3_amount_idx on days_3");
}

#[tokio::test]
async fn a_partition_with_a_finding_of_its_own_is_drawn_by_itself() {
    let bench = partitioned().await;
    let plan = bench.explained("select sum(amount) from days where amount = 7", true).await.plan;
    let facts = Facts::gather(&bench.client, &plan).await.unwrap();
    let findings = look(&plan, &facts, None);
    let of_all = findings.iter().find(|it| it.rule == "seq-scan-discard").unwrap();
    assert_eq!(of_all.nodes.len(), 8);
    let drawn = draw(&plan, &facts, std::slice::from_ref(of_all));
    assert!(line(&drawn, "Seq Scan on 8 parts of days").contains(" [1]"), "{drawn}");
    let fifth = plan.nodes.iter().find(|it| it.relation.as_deref() == Some("days_5")).unwrap();
    let mut own = of_all.clone();
    own.nodes = vec![fifth.id];
    let drawn = draw(&plan, &facts, &[own]);
    assert!(line(&drawn, "Seq Scan on days_5").contains(" [1]"), "{drawn}");
    assert!(!line(&drawn, "Seq Scan on 7 parts of days").contains(" [1]"), "{drawn}");
}

#[tokio::test]
async fn what_is_done_with_each_partition_is_folded_with_all_below_it() {
    let bench = partitioned().await.with("set enable_partitionwise_aggregate = on").await;
    let sql = "select sold_at, count(*) from days group by sold_at";
    let (_, drawn) = drawn(&bench, sql).await;
    line(&drawn, "HashAggregate for each of 8 parts of days, slowest days_");
    line(&drawn, "group by: days.sold_at");
    let scans = line(&drawn, "Seq Scan on 8 parts of days");
    assert!(!scans.contains("slowest"), "it is told above: {scans}");
}

#[tokio::test]
async fn partitions_that_never_ran_are_not_folded_with_those_that_did() {
    let bench = partitioned().await;
    let (_, drawn) = drawn(&bench, "select * from days limit 5").await;
    line(&drawn, "Seq Scan on days_1");
    assert!(line(&drawn, "Seq Scan on 7 parts of days").contains("never ran"), "{drawn}");
}

#[tokio::test]
async fn one_table_that_is_asked_several_times_is_drawn_each_time() {
    let bench = bench().await;
    let ask = "select * from lines where quantity = 3";
    let (_, drawn) = drawn(&bench, &[ask; 4].join(" union all ")).await;
    assert_eq!(drawn.matches("Seq Scan on lines").count(), 4, "{drawn}");
}

#[tokio::test]
async fn chunks_that_are_read_alike_are_one_line_with_the_name_of_their_index() {
    let Some(bench) = hypertable().await else { return };
    let (_, whole) = drawn(&bench, "select * from days where amount = 7").await;
    line(&whole, "Seq Scan on 8 parts of public.days, slowest _hyper_");
    line(&whole, "filter: (days.amount = '7'::numeric)");
    let bench = bench.with("set enable_seqscan = off; set enable_bitmapscan = off").await;
    let sql = "select sum(amount) from days where extract(hour from sold_at) = 3 and sold_at > '2026-01-01'";
    let (_, indexed) = drawn(&bench, sql).await;
    let scans = line(&indexed, " using …_days_sold_at_idx on ");
    assert!(scans.contains("parts of public.days"), "{scans}");
    assert_eq!(indexed.matches("_chunk").count(), 1, "the slowest alone is named: {indexed}");
}

#[tokio::test]
async fn a_plan_that_somebody_pastes_is_folded_by_the_names_in_it() {
    let bench = partitioned().await;
    let rows =
        bench.client.query("explain select * from days where amount = 7", &[]).await.unwrap();
    let text: String = rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect();
    let drawn = draw(&read(&text).unwrap(), &Facts::default(), &[]);
    let scans = line(&drawn, "Seq Scan on days_1 and 7 more like it");
    assert!(scans.contains(", dearest days_"), "{drawn}");
}
