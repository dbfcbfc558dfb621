//! Each kind of index is proposed for a statement that is made for it, and chosen by what the planner says.

use super::bench::{asked, bench, request};

#[tokio::test]
async fn what_is_compared_for_equality_is_indexed_the_most_selective_first() {
    let bench = bench().await;
    bench
        .wants(
            "select * from spread where store_id = 7 and kind = 11",
            "public.spread (kind, store_id)",
        )
        .await;
}

#[tokio::test]
async fn equality_comes_before_a_range() {
    let bench = bench().await;
    bench
        .wants(
            "select * from spread where store_id = 7 and sold_at >= '2026-01-20' and sold_at < '2026-01-24'",
            "public.spread (store_id, sold_at)",
        )
        .await;
}

#[tokio::test]
async fn the_newest_few_are_read_from_an_index_that_ends_with_their_order() {
    let bench = bench().await;
    let sql = "select * from spread where store_id = 7 order by amount desc limit 900";
    bench.wants(sql, "public.spread (store_id, amount desc)").await;
}

#[tokio::test]
async fn a_join_is_looked_up_by_its_key() {
    let bench = bench()
        .await
        .with("create table few as select * from lines where line_id < 20;\nanalyze few")
        .await;
    let sql = "select f.line_id, l.note from few f join lines l on l.product_id = f.product_id";
    bench.wants(sql, "public.lines (product_id)").await;
}

#[tokio::test]
async fn a_group_of_few_columns_is_read_from_an_index_that_holds_them() {
    let bench = bench().await;
    let sql = "select store_id, sum(amount) from lines group by store_id";
    bench.wants(sql, "public.lines (store_id) include (amount)").await;
}

#[tokio::test]
async fn columns_that_are_only_needed_are_included() {
    let bench = bench().await;
    let sql = "select sum(amount), max(quantity) from lines where store_id between 10 and 60";
    bench.wants(sql, "public.lines (store_id) include (amount, quantity)").await;
}

#[tokio::test]
async fn the_few_of_a_state_have_an_index_of_their_own() {
    let bench = bench().await;
    let sql = "select line_id, note from lines where state = 'open' and store_id = 1";
    let indexes = bench.indexes(sql).await;
    let [only] = indexes.as_slice() else { panic!("{indexes:?}") };
    assert!(only.ends_with("where (state = 'open'::text)"), "{only}");
    assert!(only.starts_with("public.lines (store_id"), "{only}: a column of two values is no key");
}

#[tokio::test]
async fn what_is_left_out_is_left_out_of_the_index_which_then_need_not_hold_it() {
    let bench = bench().await;
    let sql = "select store_id, count(product_id) from lines where note not like '%test%' group by store_id";
    let wanted = "public.lines (store_id) include (product_id) where (note !~~ '%test%'::text)";
    bench.wants(sql, wanted).await;
    // What is looked for is another text the next time.
    let sql =
        "select store_id, count(product_id) from lines where note like '%test%' group by store_id";
    let indexes = bench.indexes(sql).await;
    assert!(indexes.iter().all(|it| !it.contains("where")), "{indexes:?}");
}

#[tokio::test]
async fn an_expression_is_indexed_as_it_is_compared() {
    let bench = bench().await;
    bench
        .wants("select * from lines where upper(note) = 'X'", "public.lines ((upper(note)))")
        .await;
}

#[tokio::test]
async fn the_beginning_of_a_text_is_a_range_of_it() {
    let bench = bench().await;
    let indexes = bench.indexes("select line_id from lines where note like 'c4ca42%'").await;
    let [only] = indexes.as_slice() else { panic!("{indexes:?}") };
    assert!(only.starts_with("public.lines (note text_pattern_ops"), "{only}");
}

#[tokio::test]
async fn a_column_in_the_order_of_the_rows_has_the_bounds_of_its_pages() {
    let bench = bench().await;
    // Too many rows for a tree to be worth its bytes, and in order.
    let sql = "select sum(length(note)) from lines where sold_at >= '2026-01-05' and sold_at < '2026-01-12'";
    let mut narrow = request(vec![asked(sql)]);
    narrow.budget_bytes = Some(1 << 20);
    let advice = bench.advice(narrow).await;
    let [only] = advice.indexes.as_slice() else { panic!("{:#?}", advice.indexes) };
    assert_eq!(only.definition, "public.lines using brin (sold_at)");
}

#[tokio::test]
async fn alternatives_are_looked_up_each_by_its_own() {
    let bench = bench().await;
    let indexes =
        bench.indexes("select * from lines where product_id = 3 or note = 'nothing'").await;
    assert_eq!(indexes, ["public.lines (note)", "public.lines (product_id)"]);
}

#[tokio::test]
async fn rows_whose_columns_are_compared_with_each_other_have_an_index_of_their_own() {
    let bench = bench().await;
    let sql = "select sum(amount) from lines
        where store_id = 7 and line_id < product_id and product_id > quantity";
    let part = "where ((line_id < product_id) AND (product_id > quantity))";
    let indexes = bench.indexes(sql).await;
    let [only] = indexes.as_slice() else { panic!("{indexes:?}") };
    assert!(only.starts_with("public.lines (store_id") && only.ends_with(part), "{only}");
    // Whether one comes before the other is asked of the session's time zone.
    let bench =
        bench.with("alter table lines add column day date not null default '2026-01-09'").await;
    let sql = "select sum(amount) from lines where store_id = 7 and day < sold_at";
    let indexes = bench.indexes(sql).await;
    assert!(indexes.iter().all(|it| !it.contains(" where ")), "{indexes:?}");
}

#[tokio::test]
async fn the_rows_of_a_state_and_an_expression_are_indexed_behind_a_join_as_well() {
    let bench = bench()
        .await
        .with("create table few as select * from lines where line_id < 20;\nanalyze few");
    let bench = bench.await;
    let sql = "select f.line_id, l.amount from few f \
               join lines l on l.store_id = f.store_id and l.state = 'open'";
    let indexes = bench.indexes(sql).await;
    assert!(indexes.iter().any(|it| it.ends_with("where (state = 'open'::text)")), "{indexes:?}");
    let sql = "select f.line_id, l.amount from few f join lines l on upper(l.note) = f.note";
    let indexes = bench.indexes(sql).await;
    assert!(indexes.iter().any(|it| it.contains("upper(note)")), "{indexes:?}");
}
