//! Proofs: what was chosen is built and measured, and what does not hold is refused.

use std::collections::BTreeSet;

use shelfops_advisor::advice::{Advisor, Request};
use shelfops_advisor::proof::{Proof, prove};

use super::bench::{Bench, asked, bench, request};

async fn proved(bench: &Bench, request: Request) -> (Vec<String>, Proof) {
    let (advice, proof) = bench.proved(request).await;
    (advice.indexes.into_iter().map(|it| it.definition).collect(), proof)
}

#[tokio::test]
async fn an_index_that_helps_is_built_measured_and_kept() {
    let bench = bench().await;
    let sql = "select line_id, note from lines where product_id = 42";
    let (indexes, proof) = proved(&bench, request(vec![asked(sql)])).await;
    assert_eq!(indexes, ["public.lines (product_id)"]);
    let statement = &proof.statements[0];
    assert_eq!(statement.is_same, Some(true));
    assert_eq!(statement.before.rows, Some(24));
    assert!(statement.before.pages > statement.after.pages * 10.0, "{statement:#?}");
    assert!(
        statement.after.runs >= 3 && statement.after.indexes.contains("lines_product_id"),
        "{statement:#?}"
    );
    let built = &proof.indexes[0];
    assert!(built.bytes > 500_000 && built.bytes < 5_000_000, "{built:?}");
    let writes = &proof.writes[0];
    assert!(writes.rows == 5_000 && writes.before_ms > 0.0 && writes.after_ms > 0.0, "{writes:?}");
    assert!(proof.refused.is_empty(), "{:#?}", proof.refused);
    // Rows that were taken out to be put back are back.
    let row = bench.client.query_one("select count(*) from lines", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 120_000);
}

/// The planner is told that pages in any order are free and pages in order dear: it takes every index.
const LIED_TO: &str = "
    do $$ begin
        execute format('alter database %I set random_page_cost = 0', current_database());
        execute format('alter database %I set seq_page_cost = 100', current_database());
        execute format('alter database %I set cpu_index_tuple_cost = 0', current_database());
        execute format('alter database %I set enable_bitmapscan = off', current_database());
    end $$";

/// Work so little that a statement takes as long as its rows take to be reached: in no order, more than twice
/// as long as in theirs on any machine.
const COUNTED: &str =
    "count(note), count(state), count(quantity), count(line_id), count(sold_at), count(amount)";

#[tokio::test]
async fn an_index_that_makes_a_statement_slower_is_refused_whatever_the_planner_says() {
    let bench = bench().await;
    bench.client.batch_execute(LIED_TO).await.unwrap();
    let sql = format!("select {COUNTED}, count(product_id) from lines where store_id <= 190");
    let (indexes, proof) = proved(&bench, request(vec![asked(&sql)])).await;
    assert!(indexes.is_empty(), "{indexes:?}");
    assert!(
        proof.refused.iter().any(|it| it.rule == "makes-nothing-slower"),
        "{:#?}",
        proof.refused
    );
    let statement = &proof.statements[0];
    assert!(statement.after.indexes.is_empty(), "{statement:#?}");
    assert!(proof.indexes.is_empty());
}

#[tokio::test]
async fn a_statement_that_another_new_index_makes_as_slow_is_no_less_slower() {
    let bench = bench().await;
    bench.client.batch_execute(LIED_TO).await.unwrap();
    // Without the one index the planner takes the other one, and all rows come in no order again.
    let statements = vec![
        asked(&format!("select {COUNTED} from lines where store_id <= 190 and product_id >= 250")),
        asked("select * from lines where store_id = 3"),
        asked("select * from lines where product_id = 42"),
    ];
    let (_, proof) = proved(&bench, request(statements)).await;
    assert!(
        proof.refused.iter().any(|it| it.rule == "makes-nothing-slower"),
        "{:#?}",
        proof.refused
    );
    let statement = &proof.statements[0];
    assert!(statement.after.indexes.is_empty(), "{statement:#?}");
}

#[tokio::test]
async fn what_cannot_be_measured_is_said() {
    let bench = bench().await;
    let without_values = "select line_id from lines where product_id = $1";
    let (_, proof) = proved(&bench, request(vec![asked(without_values)])).await;
    let statement = &proof.statements[0];
    assert!(statement.quicker.is_none() && statement.before.failed.is_some(), "{statement:#?}");
    let row = bench.client.query_one("show server_version_num", &[]).await.unwrap();
    let is_old = row.get::<_, String>(0).parse::<u32>().unwrap() < 170_000;
    assert_eq!(proof.not_measured.iter().any(|it| it.starts_with("cold runs")), is_old);
}

#[tokio::test]
async fn values_are_given_to_a_statement_that_is_measured() {
    let bench = bench().await;
    let mut statement = asked("select line_id, note from lines where product_id = $1");
    statement.parameters = vec!["42".to_owned()];
    let (indexes, proof) = proved(&bench, request(vec![statement])).await;
    assert_eq!(indexes, ["public.lines (product_id)"]);
    assert_eq!(proof.statements[0].after.rows, Some(24));
}

#[tokio::test]
async fn statistics_of_columns_that_go_together_are_made_and_measured() {
    // A city has one region: taken to be independent, four hundred rows are expected and ten thousand come.
    let bench = bench()
        .await
        .with(
            "create table places as
             select place as line_id, place % 25 as city, place % 25 as region from generate_series(1, 250000) as place;
             alter table places set (autovacuum_enabled = off);
             select pg_stat_force_next_flush();
             analyze places;
             select pg_stat_force_next_flush()",
        )
        .await;
    let sql = "select city, count(*) from places where city = 3 and region = 3 group by city";
    let (_, proof) = proved(&bench, request(vec![asked(sql)])).await;
    let made = proof.statistics.iter().find(|it| it.what.starts_with("create statistics"));
    let made = made.unwrap_or_else(|| panic!("{:#?}", proof.statistics));
    assert_eq!(made.is_same, Some(true), "{made:#?}");
    let left = bench.client.query_one("select count(*) from pg_statistic_ext", &[]).await.unwrap();
    assert_eq!(left.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn an_index_is_kept_where_its_statement_could_not_be_measured_and_that_is_said() {
    let bench = bench().await;
    bench.client.batch_execute("begin").await.unwrap();
    let statements = vec![asked("select * from lines where product_id = $1")];
    let mut advisor = Advisor::begin(&bench.client, request(statements)).await.unwrap();
    let (advice, proof) = prove(&mut advisor, &bench.copy()).await.unwrap();
    advisor.end().await.unwrap();
    bench.client.batch_execute("rollback").await.unwrap();
    let chosen: Vec<&str> = advice.indexes.iter().map(|it| it.definition.as_str()).collect();
    assert_eq!(chosen, ["public.lines (product_id)"], "{:#?}", proof.refused);
    assert!(
        proof.not_measured.iter().any(|it| it.contains("public.lines (product_id)")),
        "{:#?}",
        proof.not_measured
    );
}

#[tokio::test]
async fn a_text_of_fixed_length_takes_the_bytes_that_were_said() {
    let bench = bench().await.with(
        "create table codes as
         select place, (place % 2000)::text::character(10) as code, repeat(md5(place::text), 3) as note
         from generate_series(1, 100000) as place
         order by hashint4(place);
vacuum analyze codes",
    );
    let bench = bench.await;
    let client = shelfops_testkit::connect(&bench.url).await.unwrap();
    client.batch_execute("begin").await.unwrap();
    let statements = vec![asked("select * from codes where code = '17'")];
    let mut advisor = Advisor::begin(&client, request(statements)).await.unwrap();
    let first = advisor.advise(&BTreeSet::new()).await.unwrap();
    let (advice, proof) = prove(&mut advisor, &bench.copy()).await.unwrap();
    advisor.end().await.unwrap();
    assert_eq!(advice.indexes[0].definition, "public.codes (code)");
    let (estimated, built) = (first.indexes[0].estimated_bytes, proof.indexes[0].bytes as f64);
    assert!((estimated / built - 1.0).abs() < 0.2, "{estimated} and {built}");
}

#[tokio::test]
async fn a_comment_at_the_end_of_a_statement_hides_nothing_behind_it() {
    let bench = bench().await;
    bench.client.batch_execute("begin").await.unwrap();
    let mut with_value = asked("select * from lines where product_id = $1 -- the shop's");
    with_value.parameters = vec!["42".to_owned()];
    let statements = vec![with_value, asked("select * from lines where product_id = 43 -- last")];
    let mut advisor = Advisor::begin(&bench.client, request(statements)).await.unwrap();
    let (advice, proof) = prove(&mut advisor, &bench.copy()).await.unwrap();
    advisor.end().await.unwrap();
    bench.client.batch_execute("rollback").await.unwrap();
    assert_eq!(advice.indexes.len(), 1, "{advice:#?}");
    for statement in &proof.statements {
        assert_eq!(statement.is_same, Some(true), "{statement:#?}");
    }
}

#[tokio::test]
async fn an_index_that_saved_nothing_is_refused_with_what_was_measured() {
    // Nearly all rows come in another order, and what is done with them takes the time.
    let rows =
        "create table labour as select * from lines where line_id <= 30000;\nvacuum analyze labour";
    let sql = "select sum(length(md5(repeat(note, 100)))) from labour where store_id <= 190";
    let mut told = Vec::new();
    // What others do on the machine while it is measured may look like a gain or a loss, though not each
    // time.
    for _ in 0..4 {
        let bench = bench().await.with(rows).await;
        bench.client.batch_execute(LIED_TO).await.unwrap();
        let (_, proof) = proved(&bench, request(vec![asked(sql)])).await;
        told.extend(proof.refused);
        if told.iter().any(|it| it.rule == "saved-nothing") {
            break;
        }
    }
    let refused = told.iter().find(|it| it.rule == "saved-nothing");
    let refused = refused.unwrap_or_else(|| panic!("{told:#?}"));
    assert!(refused.what.starts_with("index on public.labour (store_id"), "{refused:?}");
    let (before, rest) = refused.reason.split_once(" ms without new indexes and ").unwrap();
    assert!(
        before.starts_with("it took ") && rest.ends_with(" ms with it: it saved less than a tenth")
    );
}

#[tokio::test]
async fn no_transaction_of_the_search_holds_vacuum_back_while_a_proof_measures() {
    let bench = bench().await;
    let client = shelfops_testkit::connect(&bench.url).await.unwrap();
    client.batch_execute("set idle_session_timeout = '1h'").await.unwrap();
    let session = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get::<_, i32>(0);
    client.batch_execute("begin").await.unwrap();
    let statements = vec![asked("select line_id, note from lines where product_id = 42")];
    let mut advisor = Advisor::begin(&client, request(statements)).await.unwrap();
    let state = "select state, backend_xid is not null from pg_stat_activity where pid = $1";
    let state = async || {
        let row = bench.client.query_one(state, &[&session]).await.unwrap();
        (row.get::<_, String>(0), row.get::<_, bool>(1))
    };
    assert_eq!(state().await, ("idle in transaction".to_owned(), true), "HypoPG was created in it");
    let (advice, _) = prove(&mut advisor, &bench.copy()).await.unwrap();
    assert_eq!(advice.indexes.len(), 1);
    assert_eq!(state().await, ("idle".to_owned(), false));
    // Idle outside of a transaction, it is not ended either.
    let limit = client.query_one("show idle_session_timeout", &[]).await.unwrap();
    assert_eq!(limit.get::<_, String>(0), "0");
    // And it goes on where it is asked again.
    let again = advisor.advise(&BTreeSet::new()).await.unwrap();
    assert_eq!(again.what_if.missing, None);
    advisor.end().await.unwrap();
    client.batch_execute("rollback").await.unwrap();
    let left = "select count(*) from pg_extension where extname = 'hypopg'";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_search_that_rests_ends_without_creating_anything_again() {
    let bench = bench().await;
    let client = shelfops_testkit::connect(&bench.url).await.unwrap();
    client.batch_execute("begin").await.unwrap();
    let statements = vec![asked("select line_id, note from lines where product_id = 42")];
    let mut advisor = Advisor::begin(&client, request(statements)).await.unwrap();
    prove(&mut advisor, &bench.copy()).await.unwrap();
    advisor.end().await.unwrap();
    let state = "select state from pg_stat_activity where pid = $1";
    let session = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get::<_, i32>(0);
    let row = bench.client.query_one(state, &[&session]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "idle");
}
