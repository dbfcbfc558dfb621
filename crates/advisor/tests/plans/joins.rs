//! Findings about joins, subqueries and estimates.

use shelfops_advisor::plans::Facts;
use shelfops_advisor::plans::findings::look;

use super::bench::{advised, bench};

#[tokio::test]
async fn columns_that_go_together_are_found_and_statistics_of_both_mend_the_estimate() {
    let bench = bench()
        .await
        .with(
            "create table twins (one integer, two integer, three integer);
             insert into twins select place % 200, place % 200, place from generate_series(1, 40000) as place;
             analyze twins",
        )
        .await;
    let sql = "select count(*) from twins join stores on store_id = one where one = 7 and two = 7";
    let finding = bench.finds("misestimate", sql).await;
    assert!(finding.what.contains("times more"), "{}", finding.what);
    let statistics = advised(&finding);
    assert!(
        statistics.contains("public.twins_one_two_statistics (dependencies) on one, two from"),
        "{statistics}"
    );
    let bench = bench.with(&statistics).await;
    bench.is_silent("misestimate", sql).await;
}

/// Two parts of a table, whose rows are those of a query.
fn halves(columns: &str, rows: &str) -> String {
    format!(
        "create table halves (part integer, {columns}) partition by list (part);
         create table halves_1 partition of halves for values in (1) with (autovacuum_enabled = off);
         create table halves_2 partition of halves for values in (2) with (autovacuum_enabled = off);
         insert into halves {rows};
         analyze halves"
    )
}

#[tokio::test]
async fn what_is_misestimated_alike_in_all_parts_is_said_once() {
    let rows =
        "select place % 2 + 1, place % 200, place % 200 from generate_series(1, 40000) as place";
    let bench = bench().await.with(&halves("one integer, two integer", rows)).await;
    // A value that each of them has.
    let sql = "select count(*) from halves join stores on store_id = one where one in (7, 8) and two in (7, 8)";
    let findings = bench.findings(sql).await;
    let said: Vec<_> = findings.iter().filter(|it| it.rule == "misestimate").collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].evidence.contains(&"alike in 1 more part of halves".to_owned()), "{said:?}");
}

#[tokio::test]
async fn parts_that_are_misestimated_and_right_together_are_well() {
    let rows = "select 1, case when place <= 2000 then 5 else place end, 'x' \
                from generate_series(1, 10000) as place \
                union all select 2, place, 'x' from generate_series(20001, 30000) as place";
    let bench = bench().await.with(&halves("store_id integer, note text", rows)).await;
    let bench = bench.with("update halves_1 set store_id = 40000 where store_id = 5").await;
    let sql = "select * from halves where store_id = 5 order by note";
    bench.finds("misestimate", sql).await;
    let bench = bench.with("update halves_2 set store_id = 5 where store_id <= 22000").await;
    bench.is_silent("misestimate", sql).await;
}

#[tokio::test]
async fn an_expression_without_statistics_is_named_as_the_cause() {
    let bench = bench().await;
    let sql = "select store_id, count(*) from lines where abs(quantity) = 3 group by store_id";
    let finding = bench.finds("misestimate", sql).await;
    assert!(finding.evidence.iter().any(|it| it.starts_with("cause: nothing is known of abs(")));
    let bench = bench.with(&advised(&finding)).await;
    bench.is_silent("misestimate", sql).await;
}

#[tokio::test]
async fn rows_that_a_limit_did_not_ask_for_are_no_wrong_estimate() {
    let bench = bench().await;
    let sql = "select * from lines join stores using (store_id) limit 3";
    bench.is_silent("misestimate", sql).await;
}

#[tokio::test]
async fn an_inner_side_that_runs_for_each_row_is_found_and_an_index_mends_it() {
    let bench = bench()
        .await
        .with("set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off")
        .await;
    let sql =
        "select count(*) from tags join (select * from tags limit 1500) as few using (line_id)";
    let finding = bench.finds("nested-loop-blowup", sql).await;
    assert!(finding.what.contains("runs 1,500 times"), "{}", finding.what);
    let bench = bench.with(&advised(&finding)).await.with("analyze tags").await;
    bench.is_silent("nested-loop-blowup", sql).await;
}

#[tokio::test]
async fn a_hash_join_of_the_same_is_well() {
    let bench = bench().await;
    let sql = "select count(*) from lines join tags using (line_id)";
    for rule in ["nested-loop-blowup", "join-filter-discard", "hash-spill"] {
        bench.is_silent(rule, sql).await;
    }
}

#[tokio::test]
async fn pairs_that_are_made_and_thrown_away_are_found() {
    let bench = bench().await;
    let sql = "select count(*) from stores join lines on lines.store_id = stores.store_id * 2 \
               or lines.product_id = stores.store_id + 4000 where line_id < 2000";
    let finding = bench.finds("join-filter-discard", sql).await;
    assert!(finding.remedies[0].advice.contains("an OR cannot be"), "{:?}", finding.remedies);
    let key = "select count(*) from stores join lines using (store_id)";
    bench.is_silent("join-filter-discard", key).await;
}

#[tokio::test]
async fn a_subquery_for_each_row_is_found_and_a_join_is_well() {
    let bench = bench().await;
    let sql = "select line_id, (select name from stores where stores.store_id = lines.store_id) \
               from lines";
    let finding = bench.finds("subplan-repeated", sql).await;
    assert_eq!(finding.what, "SubPlan 1 runs 50,000 times");
    let joined = "select line_id, name from lines left join stores using (store_id)";
    bench.is_silent("subplan-repeated", joined).await;
}

#[tokio::test]
async fn a_filter_that_cannot_get_in_is_found() {
    let bench = bench().await;
    let with = |how: &str| {
        format!(
            "with all_lines as {how} (select * from lines) select * from all_lines where line_id = 5"
        )
    };
    let finding = bench.finds("filter-above-cte", &with("materialized")).await;
    assert!(advised(&finding).starts_with("with all_lines as not materialized"));
    bench.is_silent("filter-above-cte", &with("not materialized")).await;
}

#[tokio::test]
async fn skipped_rows_are_found() {
    let bench = bench().await;
    let page =
        |offset: u32| format!("select * from lines order by line_id limit 20 offset {offset}");
    let finding = bench.finds("large-offset", &page(30_000)).await;
    assert_eq!(finding.what, "30,020 rows are made to keep 20");
    bench.is_silent("large-offset", &page(20)).await;
}

#[tokio::test]
async fn not_in_is_found_and_not_exists_is_well() {
    let bench = bench().await;
    let sql = "select * from lines where line_id not in (select line_id from tags)";
    let finding = bench.finds("not-in-subquery", sql).await;
    assert!(finding.what.contains("50,000 rows"), "{}", finding.what);
    let joined = "select * from lines where not exists \
                  (select from tags where tags.line_id = lines.line_id)";
    bench.is_silent("not-in-subquery", joined).await;
}

/// A role that every server has: those that a test makes would outlive its database.
const READER: &str = "set role pg_read_all_data";

#[tokio::test]
async fn a_policy_that_is_calculated_for_each_row_is_found_and_a_subquery_is_well() {
    let policy = |condition: &str| {
        format!(
            "drop policy if exists theirs on lines;
             create policy theirs on lines using (store_id = {condition})"
        )
    };
    let bench = bench()
        .await
        .with("alter table lines enable row level security; set app.store = '7'")
        .await
        .with(&policy("current_setting('app.store')::integer"))
        .await
        .with(READER)
        .await;
    let sql = "select count(*) from lines";
    let finding = bench.finds("row-security-cost", sql).await;
    assert_eq!(finding.what, "current_setting is called for 50,000 rows");
    assert_eq!(finding.evidence[1], "a policy of the table calls it");
    let wrap =
        "using (store_id = (select (current_setting('app.store'::text))::integer))".to_owned();
    let index = "create index concurrently on public.lines (store_id);".to_owned();
    assert_eq!(advised(&finding), format!("{wrap}\n{index}"));
    let wrapped = policy("(select current_setting('app.store')::integer)");
    let bench = bench.with("reset role").await.with(&wrapped).await.with(READER).await;
    bench.is_silent("row-security-cost", sql).await;
}

#[tokio::test]
async fn a_policy_that_calls_a_function_of_somebodys_own_is_found() {
    let function = "create function own_store() returns integer language plpgsql as
                    'begin return 7; end'";
    let bench = bench().await;
    bench.client.batch_execute(function).await.unwrap();
    let bench = bench
        .with("alter table lines enable row level security")
        .await
        .with("create policy theirs on lines using (store_id = own_store())")
        .await
        .with(READER)
        .await;
    let sql = "select count(*) from lines";
    let finding = bench.finds("row-security-cost", sql).await;
    assert_eq!(finding.what, "own_store is called for 50,000 rows");
    assert!(finding.evidence.contains(&"own_store is volatile".to_owned()), "{finding:?}");
    assert!(advised(&finding).starts_with("using (store_id = (select own_store()))"));
    // It would be as dear where nobody let it run yet.
    let plan = bench.explained(sql, false).await.plan;
    let facts = Facts::gather(&bench.client, &plan).await.unwrap();
    let found = look(&plan, &facts, None).into_iter().find(|it| it.rule == "row-security-cost");
    let said = "own_store would be (estimated) called for 50,000 rows";
    assert_eq!(found.unwrap().what, said);
    let wrapped = "alter policy theirs on lines using (store_id = (select own_store()))";
    let bench = bench.with("reset role").await.with(wrapped).await.with(READER).await;
    bench.is_silent("row-security-cost", sql).await;
}

#[tokio::test]
async fn a_policy_that_asks_a_function_about_each_row_is_found_and_a_plain_filter_is_well() {
    let function =
        "create function may_see(store integer) returns boolean language plpgsql stable as
                    'begin return store < 100; end'";
    let bench = bench().await;
    bench.client.batch_execute(function).await.unwrap();
    let asking = "select count(*) from lines where may_see(store_id)";
    bench.is_silent("row-security-cost", asking).await;
    bench.is_silent("row-security-cost", "select * from lines where sold_at > now()").await;
    let bench = bench
        .with("alter table lines enable row level security")
        .await
        .with("create policy theirs on lines using (may_see(store_id))")
        .await
        .with(READER)
        .await;
    let finding = bench.finds("row-security-cost", "select count(*) from lines").await;
    assert_eq!(finding.what, "may_see is called for 50,000 rows");
    assert!(finding.remedies[0].advice.starts_with("have it answer once"), "{finding:?}");
}

#[tokio::test]
async fn a_policys_subquery_that_runs_for_each_row_is_found_and_one_that_runs_once_is_well() {
    let bench = bench()
        .await
        .with(
            "create table members (store_id integer, member text);
             insert into members select place, 'somebody' from generate_series(1, 400) as place;
             analyze members;
             alter table lines enable row level security;
             create policy theirs on lines using (
                 (select count(*) from members where members.store_id = lines.store_id) > 0)",
        )
        .await
        .with(READER)
        .await;
    let sql = "select count(*) from lines where line_id <= 3000";
    let finding = bench.finds("row-security-cost", sql).await;
    assert_eq!(finding.what, "a policy runs SubPlan 1 3,000 times");
    // Who asks cannot write it as a join.
    bench.is_silent("subplan-repeated", sql).await;
    let once = "alter policy theirs on lines using (store_id in (select store_id from members))";
    let bench = bench.with("reset role").await.with(once).await.with(READER).await;
    bench.is_silent("row-security-cost", sql).await;
    // A subquery of the statement itself is no policy's.
    let own = "select line_id, (select name from stores where stores.store_id = lines.store_id) \
               from lines";
    bench.finds("subplan-repeated", own).await;
    bench.is_silent("row-security-cost", own).await;
}

#[tokio::test]
async fn a_policy_of_a_table_is_that_of_its_parts_and_they_count_together() {
    let parts = "do $$ begin
        create table parts (part integer, store_id integer) partition by list (part);
        for part in 1..6 loop
            execute format('create table parts_%s partition of parts for values in (%s)', part, part);
        end loop;
        insert into parts select place % 6 + 1, place % 500 from generate_series(1, 30000) as place;
        analyze parts;
        alter table parts enable row level security;
        create policy theirs on parts using (store_id = current_setting('app.store')::integer);
    end $$";
    let bench = bench().await;
    bench.client.batch_execute(parts).await.unwrap();
    let bench = bench.with("set app.store = '7'").await.with(READER).await;
    let sql = "select count(*) from parts";
    let finding = bench.finds("row-security-cost", sql).await;
    assert_eq!(finding.what, "current_setting is called for 30,000 rows");
    assert!(finding.evidence.contains(&"a policy of the table calls it".to_owned()), "{finding:?}");
    assert_eq!(finding.nodes.len(), 6);
    assert!(advised(&finding).ends_with("create index on parts (store_id);"), "{finding:?}");
}

#[tokio::test]
async fn an_or_between_tables_is_found_and_a_question_for_each_side_is_well() {
    let bench = bench().await;
    let sql = "select * from lines join stores using (store_id) where product_id = 17 \
               or name = 'store 3'";
    let finding = bench.finds("or-not-split", sql).await;
    assert_eq!(finding.what, "50,000 rows are joined for an OR between tables to keep 260");
    let advice = advised(&finding);
    assert!(
        advice.contains(
            "where (stores.name = 'store 3'::text) and (lines.product_id = 17) is not true"
        )
    );
    assert!(
        advice.ends_with("create index concurrently on public.lines (product_id);"),
        "{advice}"
    );
    bench.is_silent("join-filter-discard", sql).await;
    let split = "select * from lines join stores using (store_id) where product_id = 17 \
                 union all select * from lines join stores using (store_id) \
                 where name = 'store 3' and (product_id = 17) is not true";
    bench.is_silent("or-not-split", split).await;
    // What an outer join is joined by is no condition of its rows.
    let outer = "select * from (select * from lines where line_id < 3000) as few \
                 left join stores on product_id = 17 or name = 'store 3'";
    bench.is_silent("or-not-split", outer).await;
    let rows = async |sql: &str| bench.client.query(sql, &[]).await.unwrap().len();
    assert_eq!(rows(sql).await, rows(split).await);
}
