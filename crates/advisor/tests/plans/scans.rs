//! Findings about how one table is read.

use super::bench::{advised, bench};

#[tokio::test]
async fn a_table_that_is_read_for_a_few_rows_is_found_and_an_index_mends_it() {
    let bench = bench().await;
    let sql = "select * from lines where product_id = 17 and quantity > 2";
    let finding = bench.finds("seq-scan-discard", sql).await;
    assert!(finding.what.starts_with("50,000 rows of lines are read to keep"), "{}", finding.what);
    let index = advised(&finding);
    assert_eq!(index, "create index concurrently on public.lines (product_id, quantity);");
    bench.client.batch_execute(&index).await.unwrap();
    bench.is_silent("seq-scan-discard", sql).await;
}

#[tokio::test]
async fn a_table_that_is_read_for_most_of_its_rows_is_well() {
    let bench = bench().await;
    bench.is_silent("seq-scan-discard", "select sum(amount) from lines where quantity > 0").await;
    bench.is_silent("seq-scan-discard", "select * from stores where name = 'store 3'").await;
}

#[tokio::test]
async fn what_did_not_run_is_said_to_be_estimated() {
    let bench = bench().await;
    let plan = bench.explained("select * from lines where product_id = 17", false).await.plan;
    let facts = shelfops_advisor::plans::Facts::gather(&bench.client, &plan).await.unwrap();
    let findings = shelfops_advisor::plans::findings::look(&plan, &facts, None);
    let finding = findings.iter().find(|it| it.rule == "seq-scan-discard").unwrap();
    assert!(finding.what.contains("(estimated)"), "{}", finding.what);
    assert!(finding.share.unwrap().shown().ends_with("of the estimated cost"));
    let drawn = shelfops_advisor::plans::draw(&plan, &facts, &findings);
    assert!(drawn.contains("no time and no row was measured"), "{drawn}");
}

#[tokio::test]
async fn a_cast_that_hides_an_index_is_found_and_a_range_is_well() {
    let bench = bench().await;
    let cast = "select * from lines where sold_at::date = '2026-01-05'";
    let finding = bench.finds("column-hidden", cast).await;
    assert_eq!(finding.what, "a cast to date around sold_at hides the index lines_sold_at");
    assert!(advised(&finding).contains("sold_at >= "), "{}", advised(&finding));
    let range = "select * from lines where sold_at >= '2026-01-05' and sold_at < '2026-01-06'";
    bench.is_silent("column-hidden", range).await;
}

#[tokio::test]
async fn a_number_of_another_type_hides_a_key() {
    let bench = bench().await;
    let finding = bench.finds("column-hidden", "select * from lines where line_id = 17.0").await;
    assert_eq!(finding.what, "a cast to numeric around line_id hides the index lines_pkey");
    assert!(finding.remedies[0].advice.contains("a value of integer"), "{:?}", finding.remedies);
}

#[tokio::test]
async fn a_function_around_a_column_is_given_an_index_of_the_expression() {
    let bench = bench().await.with("create index on lines (note)").await;
    let sql = "select * from lines as l where upper(l.note) = 'Y'";
    let finding = bench.finds("column-hidden", sql).await;
    let index = advised(&finding);
    assert_eq!(index, "create index concurrently on public.lines ((upper(note)));");
    bench.client.batch_execute(&index).await.unwrap();
    bench.client.batch_execute("analyze lines").await.unwrap();
    bench.is_silent("column-hidden", sql).await;
}

#[tokio::test]
async fn text_of_bounded_length_is_compared_as_text_and_hides_nothing() {
    let bench = bench()
        .await
        .with(
            "create table names (name varchar(30));
             insert into names select 'n' || place from generate_series(1, 30000) as place;
             analyze names",
        )
        .await;
    bench.is_silent("column-hidden", "select * from names where name = 'n7'").await;
}

#[tokio::test]
async fn an_index_that_finds_too_much_is_found() {
    let bench = bench().await.with("create index on lines (store_id)").await;
    let bench = bench.with("set enable_seqscan = off; set enable_bitmapscan = off").await;
    let sql = "select * from lines where store_id < 60 and product_id = 17";
    let finding = bench.finds("index-inefficient", sql).await;
    assert!(advised(&finding).contains("(product_id, store_id)"), "{}", advised(&finding));
    bench.is_silent("index-inefficient", "select * from lines where store_id < 60").await;
}

#[tokio::test]
async fn an_index_that_is_walked_for_its_order_is_found() {
    let bench = bench().await;
    // The fitting rows lie at the end of the order.
    let bench = bench
        .with("update lines set quantity = 99 where line_id > 49900; vacuum analyze lines")
        .await
        .with("set enable_sort = off; set enable_seqscan = off; set enable_bitmapscan = off")
        .await;
    let sql = "select * from lines where quantity = 99 order by sold_at limit 5";
    let finding = bench.finds("wrong-index-order-by", sql).await;
    let index = advised(&finding);
    assert_eq!(index, "create index concurrently on public.lines (quantity, sold_at);");
    bench.client.batch_execute(&index).await.unwrap();
    bench.is_silent("wrong-index-order-by", sql).await;
}

#[tokio::test]
async fn an_index_that_finds_a_tenant_and_is_walked_for_its_order_is_found() {
    let bench = bench()
        .await
        .with(
            "create table sales as
             select place % 3 as tenant_id, place as sale_id,
                 case when place > 59700 then 'open' else 'done' end as state, repeat('z', 60) as note
             from generate_series(1, 60000) as place;
             create index sales_order on sales (tenant_id, sale_id);
             analyze sales;
             set enable_sort = off; set enable_seqscan = off; set enable_bitmapscan = off",
        )
        .await;
    let sql =
        "select * from sales where tenant_id = 1 and state = 'open' order by sale_id limit 20";
    let finding = bench.finds("wrong-index-order-by", sql).await;
    let said = "up to a limit, sales_order was walked: 19,920 rows looked at for 20";
    assert_eq!(finding.what, said);
    bench.is_silent("index-inefficient", sql).await;
    let index = advised(&finding);
    assert_eq!(index, "create index concurrently on public.sales (tenant_id, state, sale_id);");
    bench.client.batch_execute(&index).await.unwrap();
    bench.client.batch_execute("analyze sales").await.unwrap();
    bench.is_silent("wrong-index-order-by", sql).await;
}

#[tokio::test]
async fn an_index_that_is_walked_past_rows_that_a_join_throws_away_is_found() {
    let bench = bench()
        .await
        .with("update stores set region = 'nowhere' where store_id = 200")
        .await
        .with(
            "set enable_sort = off; set enable_seqscan = off; set enable_bitmapscan = off;
             set enable_hashjoin = off; set enable_mergejoin = off; set enable_memoize = off;
             set enable_material = off",
        )
        .await;
    let sql = |region: &str| {
        format!(
            "select lines.* from lines join stores using (store_id) where region = '{region}' \
             order by sold_at limit 20"
        )
    };
    let finding = bench.finds("wrong-index-order-by", &sql("nowhere")).await;
    assert!(finding.what.starts_with("up to a limit, lines_sold_at was walked: 3,"), "{finding:?}");
    assert!(finding.evidence[0].ends_with(" rows thrown away by Nested Loop"), "{finding:?}");
    bench.is_silent("wrong-index-order-by", &sql("region 1")).await;
}

#[tokio::test]
async fn an_index_that_is_looked_into_for_each_row_of_another_is_not_walked() {
    let bench = bench()
        .await
        .with("create index on lines (store_id)")
        .await
        .with("set enable_hashjoin = off; set enable_mergejoin = off; set enable_bitmapscan = off")
        .await
        .with("set enable_seqscan = off; set enable_memoize = off; set enable_material = off")
        .await;
    let sql = "select * from stores \
               left join lines on lines.store_id = stores.store_id and product_id = 4999 \
               order by stores.store_id limit 150";
    bench.is_silent("wrong-index-order-by", sql).await;
    bench.finds("index-inefficient", sql).await;
}

#[tokio::test]
async fn a_bitmap_without_memory_is_found_and_with_memory_is_well() {
    let bench = bench()
        .await
        .with(
            "create table wide as select place * 7919 % 1000 as key, repeat('y', 300) as text
             from generate_series(1, 60000) as place;
             create index on wide (key);
             analyze wide;
             set work_mem = '64kB'; set enable_seqscan = off; set enable_indexscan = off",
        )
        .await;
    let sql = "select count(text) from wide where key < 300";
    let finding = bench.finds("bitmap-lossy", sql).await;
    assert!(finding.evidence.iter().any(|it| it == "work_mem is 64kB"), "{:?}", finding.evidence);
    let memory = advised(&finding).replace("local ", "");
    let bench = bench.with(&memory).await;
    bench.is_silent("bitmap-lossy", sql).await;
}

#[tokio::test]
async fn an_index_that_needs_its_table_is_found_and_a_vacuum_mends_it() {
    let bench = bench()
        .await
        .with("update lines set quantity = quantity where line_id < 30000")
        .await
        .with("set enable_seqscan = off; set enable_bitmapscan = off")
        .await;
    let sql = "select count(line_id) from lines where line_id < 20000";
    let finding = bench.finds("heap-fetches", sql).await;
    assert!(advised(&finding).starts_with("vacuum public.lines;"));
    shelfops_testkit::vacuum_all(&bench.client).await.unwrap();
    bench.is_silent("heap-fetches", sql).await;
}

#[tokio::test]
async fn a_pattern_that_begins_with_a_wildcard_is_found() {
    let bench = bench().await;
    let finding =
        bench.finds("leading-wildcard", "select * from lines where note like '%y%'").await;
    assert!(advised(&finding).contains("on public.lines using gin (note gin_trgm_ops)"));
    let lower = "select * from lines as l where lower(l.note) like '%y%'";
    let finding = bench.finds("leading-wildcard", lower).await;
    assert!(advised(&finding).contains("using gin ((lower(note)) gin_trgm_ops)"));
    bench.is_silent("leading-wildcard", "select * from lines where note like 'y%'").await;
}

#[tokio::test]
async fn a_table_that_was_never_analysed_is_found_and_analyze_mends_it() {
    let bench = bench()
        .await
        .with(
            "create table fresh (id integer) with (autovacuum_enabled = off);
             insert into fresh select place from generate_series(1, 20000) as place;
             select pg_stat_force_next_flush()",
        )
        .await;
    let sql = "select count(*) from fresh where id < 5";
    let finding = bench.finds("stale-statistics", sql).await;
    assert_eq!(finding.what, "public.fresh: it was never analysed");
    bench.client.batch_execute(&advised(&finding)).await.unwrap();
    bench.client.batch_execute("select pg_stat_force_next_flush()").await.unwrap();
    bench.is_silent("stale-statistics", sql).await;
}

#[tokio::test]
async fn an_or_between_columns_is_found_and_an_index_for_each_side_mends_it() {
    let bench = bench().await;
    let sql = "select * from lines where product_id = 17 or line_id = 5";
    let finding = bench.finds("or-not-split", sql).await;
    assert_eq!(finding.what, "50,000 rows of lines are looked at for an OR to keep 11");
    let known = "lines_pkey serves (lines.line_id = 5)";
    assert!(finding.evidence.iter().any(|it| it == known), "{:?}", finding.evidence);
    let index = advised(&finding);
    assert_eq!(index, "create index concurrently on public.lines (product_id);");
    // What it advises is not advised twice, nor against.
    bench.is_silent("seq-scan-discard", sql).await;
    bench.client.batch_execute(&index).await.unwrap();
    bench.is_silent("or-not-split", sql).await;
}

#[tokio::test]
async fn an_or_behind_an_index_is_found_and_mended_by_indexes_of_both() {
    let bench = bench().await.with("create index on lines (store_id)").await;
    let bench = bench.with("set enable_seqscan = off").await;
    let sql = "select * from lines where store_id = 7 and (product_id = 6 or line_id < 9)";
    bench.is_silent("or-not-split", sql).await;
    let sql = "select * from lines where store_id < 60 and (product_id = 17 or line_id = 5)";
    let finding = bench.finds("or-not-split", sql).await;
    bench.is_silent("index-inefficient", sql).await;
    let index = advised(&finding);
    assert_eq!(index, "create index concurrently on public.lines (product_id, store_id);");
    bench.client.batch_execute(&index).await.unwrap();
    bench.is_silent("or-not-split", sql).await;
}

#[tokio::test]
async fn an_or_with_a_subquery_is_found_and_two_questions_are_well() {
    let bench = bench().await.with("create index on lines (product_id); analyze lines").await;
    let sql = "select * from lines where product_id = 17 \
               or line_id in (select line_id from tags where tag = 77)";
    let finding = bench.finds("or-not-split", sql).await;
    assert!(finding.remedies[0].advice.contains("subquery"), "{:?}", finding.remedies);
    assert!(advised(&finding).contains("union all"), "{}", advised(&finding));
    let split = "select * from lines where product_id = 17 union all select * from lines \
                 where line_id in (select line_id from tags where tag = 77) \
                 and (product_id = 17) is not true";
    bench.is_silent("or-not-split", split).await;
}

#[tokio::test]
async fn an_or_that_no_index_would_serve_better_is_well() {
    let bench = bench().await;
    for sql in [
        "select * from lines where product_id < 2500 or line_id < 9",
        "select * from lines where product_id = 17 or note is not null",
        "select * from stores where store_id = 3 or name = 'store 4'",
        "select * from lines where product_id = 17 or product_id = 23",
    ] {
        bench.is_silent("or-not-split", sql).await;
    }
}

#[tokio::test]
async fn values_of_one_column_are_served_by_one_index() {
    let bench = bench().await;
    let sql = "select * from lines where product_id = 17 or product_id = 23";
    let finding = bench.finds("seq-scan-discard", sql).await;
    let index = advised(&finding);
    assert_eq!(index, "create index concurrently on public.lines (product_id);");
    bench.client.batch_execute(&index).await.unwrap();
    bench.is_silent("seq-scan-discard", sql).await;
}

#[tokio::test]
async fn what_is_alike_in_all_parts_of_a_table_is_said_once() {
    let bench = bench().await;
    // Each alone is small, in rows and in time.
    let parts = "do $$ begin
        create table parts (part integer, store_id integer) partition by list (part);
        for part in 1..30 loop
            execute format('create table parts_%s partition of parts for values in (%s)', part, part);
        end loop;
        insert into parts select place % 30 + 1, place % 500 from generate_series(1, 60000) as place;
        analyze parts;
    end $$";
    bench.client.batch_execute(parts).await.unwrap();
    let findings = bench.findings("select * from parts where store_id = 17").await;
    let said: Vec<_> = findings.iter().filter(|it| it.rule == "seq-scan-discard").collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].nodes.len(), 30);
    assert_eq!(said[0].evidence.last().unwrap(), "alike in 29 more parts of parts");
    assert!(said[0].share.unwrap().part > 0.5, "{said:?}");
    assert_eq!(advised(said[0]), "create index on parts (store_id);");
}
