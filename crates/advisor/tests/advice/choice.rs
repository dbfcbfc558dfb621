//! What is chosen among candidates: within a budget, by the house's rules, and nothing where all is well.

use std::collections::BTreeSet;

use shelfops_advisor::advice::{Advisor, migration};
use shelfops_advisor::indexes::needless;
use shelfops_advisor::lint::{Input, Profile, Runner, Severity, ask, lint};

use super::bench::{asked, bench, request};

#[tokio::test]
async fn nothing_is_advised_for_statements_that_are_well() {
    let bench = bench().await;
    for sql in [
        "select * from lines where line_id = 17",
        "select count(*) from stores",
        "select name from stores where region = 'region 3' order by name",
        "select 1",
        "select note from lines",
    ] {
        let advice = bench.advice(request(vec![asked(sql)])).await;
        assert!(advice.indexes.is_empty() && advice.rewrites.is_empty(), "{sql}: {advice:#?}");
    }
}

#[tokio::test]
async fn the_budget_is_kept_and_what_did_not_fit_is_said() {
    let bench = bench().await;
    let workload = || {
        vec![
            asked("select * from lines where product_id = 42"),
            asked("select * from lines where note = 'nothing'"),
        ]
    };
    let wide = bench.advice(request(workload())).await;
    assert_eq!(wide.indexes.len(), 2, "{:#?}", wide.indexes);
    let mut narrow = request(workload());
    narrow.budget_bytes = Some(3 << 20);
    let advice = bench.advice(narrow).await;
    let chosen: Vec<&str> = advice.indexes.iter().map(|it| it.definition.as_str()).collect();
    assert_eq!(chosen, ["public.lines (product_id)"]);
    let bytes: f64 = advice.indexes.iter().map(|it| it.estimated_bytes).sum();
    assert!(bytes <= f64::from(3 << 20), "{bytes}");
    assert!(
        advice.rejected.iter().any(|it| it.rule == "over-the-budget" && it.what.contains("(note")),
        "{:#?}",
        advice.rejected
    );
}

#[tokio::test]
async fn the_houses_rules_decide_and_are_cited() {
    let bench = bench().await.with("create index on lines (store_id)").await;
    let advice = bench
        .advice(request(vec![
            asked("select * from stores s join lines l on l.store_id = s.store_id where s.name = 'Store 3'"),
            asked("select * from lines where state = 'done' and quantity = 3"),
            asked("select * from lines where store_id = 3 and note > 'x'"),
            asked("select * from lines where product_id = 42"),
        ]))
        .await;
    let refused = |rule: &str, part: &str| {
        let found = advice.rejected.iter().any(|it| it.rule == rule && it.what.contains(part));
        assert!(found, "{rule} about {part}: {:#?}", advice.rejected);
    };
    refused("not-under-10k-rows", "public.stores");
    refused("not-low-cardinality", "public.lines (state)");
    refused("not-covered-by-another", "public.lines (store_id)");
    let index = advice.indexes.iter().find(|it| it.definition.contains("(product_id")).unwrap();
    let why = index.why.join("\n");
    for rule in
        ["columns-in-use", "not-under-10k-rows", "not-low-cardinality", "not-covered-by-another"]
    {
        assert!(why.contains(rule), "{rule}: {why}");
    }
}

#[tokio::test]
async fn one_index_serves_several_statements() {
    let bench = bench().await;
    let advice = bench
        .advice(request(vec![
            asked("select * from spread where store_id = 7 and sold_at >= '2026-02-05'"),
            asked("select * from spread where store_id = 8 and sold_at < '2026-01-06'"),
            asked("select * from spread where store_id = 9 and sold_at > '2026-02-04 10:00'"),
        ]))
        .await;
    let chosen: Vec<&str> = advice.indexes.iter().map(|it| it.definition.as_str()).collect();
    assert_eq!(chosen, ["public.spread (store_id, sold_at)"]);
    assert_eq!(advice.indexes[0].serves, [0, 1, 2]);
}

#[tokio::test]
async fn an_index_of_a_part_serves_whoever_asks_for_that_part_alone() {
    let bench = bench().await;
    let statements = vec![
        asked("select line_id, note from lines where state = 'open' and store_id = 1"),
        asked("select sum(length(note)) from lines where state = 'open'"),
    ];
    let advice = bench.advice(request(statements)).await;
    let [only] = advice.indexes.as_slice() else { panic!("{:#?}", advice.indexes) };
    assert!(only.definition.ends_with("where (state = 'open'::text)"), "{only:#?}");
    assert_eq!(only.serves, [0, 1]);
}

#[tokio::test]
async fn an_expression_that_is_indexed_is_not_indexed_again() {
    let bench = bench().await.with("create index on lines (upper(note))").await;
    let advice =
        bench.advice(request(vec![asked("select * from lines where upper(note) = 'X'")])).await;
    assert!(advice.indexes.is_empty(), "{:#?}", advice.indexes);
    let is_covered = |what: &str| what == "index on public.lines ((upper(note)))";
    let rejected = advice.rejected.iter().find(|it| is_covered(&it.what));
    assert_eq!(rejected.map(|it| it.rule), Some("not-covered-by-another"), "{rejected:#?}");
}

#[tokio::test]
async fn names_in_derived_tables_and_with_are_those_of_their_own_tables() {
    let bench = bench().await;
    let sql = "with l as (select store_id as product_id, line_id from lines where product_id = 42)
               select s.name, x.line_id from l as x join stores s on s.store_id = x.product_id";
    let advice = bench.advice(request(vec![asked(sql)])).await;
    let chosen: Vec<&str> = advice.indexes.iter().map(|it| it.definition.as_str()).collect();
    assert!(chosen.len() == 1 && chosen[0].starts_with("public.lines (product_id)"), "{chosen:?}");
}

#[tokio::test]
async fn a_statement_with_parameters_is_advised_for_all_values_alike() {
    let bench = bench().await;
    let sql = "select * from spread where kind = $1 and store_id = $2";
    bench.wants(sql, "public.spread (kind, store_id)").await;
}

#[tokio::test]
async fn one_bad_statement_does_not_end_the_others_advice() {
    let bench = bench().await;
    let statements = vec![
        asked("select * from nowhere"),
        asked("vacuum lines"),
        asked("select $1::integer + 'x'"),
        asked("select * from lines where product_id = 42"),
    ];
    let advice = bench.advice(request(statements)).await;
    assert_eq!(advice.skipped.len(), 3, "{:#?}", advice.skipped);
    assert_eq!(advice.indexes.len(), 1);
}

#[tokio::test]
async fn where_the_planner_cannot_be_asked_candidates_are_named_once_and_not_weighed() {
    // A role that every server has: it reads everything and creates nothing.
    let bench = bench().await.with("set role pg_read_all_data").await;
    bench.client.batch_execute("begin").await.unwrap();
    let statements = vec![asked("select * from visits where visit_id = 42")];
    let mut advisor = Advisor::begin(&bench.client, request(statements)).await.unwrap();
    let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
    advisor.end().await.unwrap();
    bench.client.batch_execute("rollback").await.unwrap();
    let missing = advice.what_if.missing.unwrap();
    assert_eq!(missing.remedy(), "as a superuser: create extension hypopg");
    let [index] = &advice.indexes[..] else { panic!("{:#?}", advice.indexes) };
    assert_eq!(index.definition, "public.visits (visit_id)");
    assert_eq!(advice.statements[0].cost_after, None);
    // Its two partitions are asked the same.
    let why = index.why.iter().filter(|why| why.ends_with("what it would cost was not asked"));
    assert_eq!(why.count(), 1, "{:#?}", index.why);
}

#[tokio::test]
async fn nothing_stays_behind() {
    let bench = bench().await;
    bench.indexes("select * from lines where product_id = 42").await;
    let left = "select (select count(*) from pg_extension where extname = 'hypopg')
            + (select count(*) from pg_namespace where nspname = 'advisor_what_if')
            + (select count(*) from pg_prepared_statements where name like 'advisor%')";
    let row = bench.client.query_one(left, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    // Nor in the session's memory.
    let plan =
        bench.client.query("explain select * from lines where product_id = 42", &[]).await.unwrap();
    assert!(plan[0].get::<_, String>(0).contains("Seq Scan"));
}

#[tokio::test]
async fn the_migration_is_as_lint_wants_it() {
    let bench = bench().await;
    bench.client.batch_execute("begin").await.unwrap();
    let statements = vec![
        asked("select * from lines where product_id = 42"),
        asked("select * from visits where store_id = 42"),
    ];
    let mut advisor = Advisor::begin(&bench.client, request(statements)).await.unwrap();
    let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
    let written = migration(&advice.indexes, &advisor.partitions());
    advisor.end().await.unwrap();
    bench.client.batch_execute("rollback").await.unwrap();
    assert!(
        written.up.contains("create index concurrently lines_product_id on public.lines"),
        "{}",
        written.up
    );
    // Lint, with all that the live database knows, has nothing against the pair.
    let named = |direction: &str, text: &str| {
        (format!("20260101000000_fix.{direction}.sql"), text.to_owned())
    };
    let judged = vec![named("up", &written.up), named("down", &written.down)];
    let runner = Runner {
        without_transaction: "shelfops:no-transaction".to_owned(),
        sets_lock_timeout: true,
    };
    let profile = Profile { runner: Some(runner), ..Profile::default() };
    let state = ask(&bench.url).await.unwrap();
    let report = lint(Input { judged, ..Input::default() }, state, &profile);
    assert_eq!(report.files, 2);
    let loud: Vec<_> = report.findings.iter().filter(|it| it.severity > Severity::Note).collect();
    assert!(loud.is_empty(), "{loud:#?}\n{}\n{}", written.up, written.down);
    // It does what it says, there and back.
    for text in [&written.up, &written.down] {
        for statement in text.split(";\n").filter(|it| !it.trim().is_empty()) {
            bench.client.batch_execute(statement).await.unwrap();
        }
    }
    let left =
        "select count(*) from pg_index where indrelid in ('lines'::regclass, 'visits'::regclass)";
    let row = bench.client.query_one(left, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1, "the primary key alone");
}

#[tokio::test]
async fn indexes_that_nothing_needs_are_told_and_constraints_are_left_alone() {
    let bench = bench()
        .await
        .with(
            "create index lines_long on lines (store_id, product_id);
             create index lines_short on lines (store_id);
             create index lines_again on lines (store_id, product_id);
             create index lines_like on lines (note text_pattern_ops);
             create index lines_note on lines (note);
             create unique index lines_one on lines (line_id)",
        )
        .await;
    let found = needless(&bench.client, &["public.lines".to_owned()]).await.unwrap();
    let sure: Vec<&str> =
        found.iter().filter(|it| !it.is_to_be_watched).map(|it| it.index.as_str()).collect();
    assert_eq!(
        sure,
        ["public.lines_again", "public.lines_one", "public.lines_short"],
        "{found:#?}"
    );
    let watched: Vec<&str> =
        found.iter().filter(|it| it.is_to_be_watched).map(|it| it.index.as_str()).collect();
    assert!(
        watched.contains(&"public.lines_like") && !watched.contains(&"public.lines_pkey"),
        "{watched:?}"
    );
    assert!(
        found.iter().all(|it| it.statement.starts_with("drop index concurrently ")),
        "{found:#?}"
    );
}

#[tokio::test]
async fn writes_count_for_as_long_as_the_reads_do() {
    let bench = bench()
        .await
        .with(
            "select pg_stat_reset();
             update lines set note = note;
             select pg_stat_force_next_flush();
             vacuum analyze lines",
        )
        .await;
    let chosen = async |counted_seconds: f64| {
        let mut once = request(vec![asked("select note from lines where product_id = 42")]);
        once.statements[0].calls = Some(1.0);
        once.counted_seconds = Some(counted_seconds);
        bench.advice(once).await.indexes.len()
    };
    // One read in no time outweighs the few writes that fall on it, and none those of a year like this.
    assert_eq!(chosen(1e-3).await, 1);
    assert_eq!(chosen(365.0 * 86_400.0).await, 0);
}
