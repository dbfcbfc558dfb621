//! Rollups: advised where the house's rules allow, with a query that says the same.

use std::time::Duration;

use shelfops_advisor::advice::{Advice, Advisor, Asker, Partitions, Request, Statement, migration};
use shelfops_advisor::proof::{Copy, compare, prove};

use super::bench::{Bench, asked, bench, request};

const DAILY: &str = "
    select sold_at::date as day, count(*) as lines, sum(amount) as total, avg(quantity) as quantity,
        sum(amount) filter (where state = 'open') as open_total
    from lines
    where store_id = 17 and sold_at >= '2026-01-05' and sold_at < '2026-02-05'
    group by 1
    order by day";

fn often(sql: &str) -> Request {
    let statement = Statement { calls: Some(500.0), mean_ms: Some(5_000.0), ..asked(sql) };
    Request { may_be_old: true, counted_seconds: Some(86_400.0), ..request(vec![statement]) }
}

async fn advised(bench: &Bench, request: Request) -> Advice {
    bench.advice(request).await
}

#[tokio::test]
async fn a_slow_frequent_grouping_that_may_be_old_gets_a_rollup_that_says_the_same() {
    let bench = bench().await;
    let advice = advised(&bench, often(DAILY)).await;
    let rollup = advice.rollups.first().unwrap_or_else(|| panic!("{:#?}", advice.rejected));
    let why = rollup.why.join("\n");
    for rule in [
        "rollup-over-a-second",
        "rollup-frequent",
        "rollup-may-be-an-hour-old",
        "rollup-is-smaller",
    ] {
        assert!(why.contains(rule), "{rule}: {why}");
    }
    bench.client.batch_execute(&rollup.statements.join("\n")).await.unwrap();
    bench.client.batch_execute(&rollup.refresh).await.unwrap();
    let compared = compare(&bench.client, &bench.copy(), (&asked(DAILY), &asked(&rollup.query)))
        .await
        .unwrap();
    assert_eq!(compared.is_same, Some(true), "{compared:#?}\n{}", rollup.query);
    assert_eq!(compared.before.rows, Some(31));
    bench.client.batch_execute(&rollup.undo).await.unwrap();
}

#[tokio::test]
async fn a_rollup_that_a_rule_of_the_house_speaks_against_is_refused_with_its_reason() {
    let bench = bench().await;
    let cases: [(Request, &str); 4] = [
        (Request { may_be_old: false, ..often(DAILY) }, "rollup-may-be-an-hour-old"),
        (
            Request {
                statements: vec![Statement {
                    mean_ms: Some(20.0),
                    ..often(DAILY).statements.remove(0)
                }],
                ..often(DAILY)
            },
            "rollup-over-a-second",
        ),
        (
            often("select sold_at::date, count(distinct product_id) from lines group by 1"),
            "rollup-says-the-same",
        ),
        (often("select line_id, sum(amount) from lines group by line_id"), "rollup-is-smaller"),
    ];
    for (request, rule) in cases {
        let advice = advised(&bench, request).await;
        assert!(advice.rollups.is_empty());
        assert!(advice.rejected.iter().any(|it| it.rule == rule), "{rule}: {:#?}", advice.rejected);
    }
}

#[tokio::test]
async fn two_rollups_of_one_workload_have_two_names_unless_they_are_one() {
    let bench = bench().await;
    let by_day = |measure: &str, store: u32| {
        let sql = format!(
            "select sold_at::date as day, sum({measure}) as sold from lines where store_id = {store} group by 1"
        );
        often(&sql).statements.remove(0)
    };
    let statements = vec![by_day("amount", 1), by_day("quantity", 1), by_day("amount", 2)];
    let advice = advised(&bench, Request { statements, ..often(DAILY) }).await;
    let [amounts, quantities, again] = advice.rollups.as_slice() else {
        panic!("{:#?}", advice.rejected)
    };
    assert_ne!(amounts.name, quantities.name);
    assert_eq!((&amounts.name, &amounts.statements), (&again.name, &again.statements));
    for made in [amounts, quantities] {
        bench.client.batch_execute(&made.statements.join("\n")).await.unwrap();
        bench.client.batch_execute(&made.query).await.unwrap();
    }
}

#[tokio::test]
async fn a_rollup_that_held_is_in_the_migration_with_its_way_back() {
    let bench = bench().await;
    // Of all rows: no index makes that as quick.
    let sql = "select sold_at::date as day, count(*) as lines, sum(amount) as total from lines group by 1";
    let (advice, proof) = bench.proved(often(sql)).await;
    let [rollup] = advice.rollups.as_slice() else { panic!("{:#?}", advice.rejected) };
    assert!(proof.rollups[0].holds(), "{:#?}", proof.rollups);
    let migration = migration(&[], &Partitions::default()).with_proved(&advice, &proof);
    let made = "select to_regclass($1) is not null";
    for (text, is_there) in [(&migration.up, true), (&migration.down, false)] {
        for statement in text.split(";\n").filter(|it| !it.trim().is_empty()) {
            bench.client.batch_execute(statement).await.unwrap();
        }
        let row = bench.client.query_one(made, &[&rollup.name]).await.unwrap();
        assert_eq!(row.get::<_, bool>(0), is_there, "{text}");
    }
}

#[tokio::test]
async fn a_rollup_of_a_statement_that_proves_to_be_quick_is_taken_back() {
    let bench = bench().await;
    let statement = Statement { mean_ms: None, ..often(DAILY).statements.remove(0) };
    let (advice, proof) =
        bench.proved(Request { statements: vec![statement], ..often(DAILY) }).await;
    assert!(advice.rollups.is_empty() && proof.rollups.is_empty(), "{:#?}", advice.rollups);
    let refused = advice.rejected.iter().find(|it| it.rule == "rollup-over-a-second").unwrap();
    assert!(refused.reason.contains("quick enough"), "{refused:?}");
}

#[tokio::test]
async fn a_rollup_that_takes_too_long_to_be_made_is_refused() {
    let bench = bench()
        .await
        .with(
            "create function kind_of(store integer) returns integer stable language plpgsql
                 as 'begin perform pg_sleep(0.0001); return store % 3; end'",
        )
        .await;
    let sql = "select store_id, kind_of(store_id) as kind, sum(amount) from lines group by 1, 2";
    let client = shelfops_testkit::connect(&bench.url).await.unwrap();
    client.batch_execute("begin").await.unwrap();
    let mut advisor = Advisor::begin(&client, often(sql)).await.unwrap();
    let copy = Copy::at(&bench.url, None, 1, Duration::from_millis(100)).unwrap();
    let (advice, proof) = prove(&mut advisor, &copy).await.unwrap();
    advisor.end().await.unwrap();
    let failed = proof.rollups.first().and_then(|it| it.failed.as_deref());
    assert!(failed.is_some_and(|it| it.contains("could not be made in time")), "{failed:?}");
    assert!(advice.rollups.is_empty(), "{:#?}", advice.rollups);
    let refused = advice.rejected.iter().find(|it| it.rule == "rollup-says-the-same-sooner");
    assert!(refused.is_some_and(|it| it.reason.contains("in time")), "{:#?}", advice.rejected);
}

#[tokio::test]
async fn a_name_that_a_table_and_the_answer_have_means_the_tables_as_to_the_server() {
    let bench = bench().await;
    let sql = "select store_id % 2 as store_id, count(*) as lines from lines group by store_id";
    let advice = advised(&bench, often(sql)).await;
    let rollup = advice.rollups.first().unwrap_or_else(|| panic!("{:#?}", advice.rejected));
    bench.client.batch_execute(&rollup.statements.join("\n")).await.unwrap();
    let both = (&asked(sql), &asked(&rollup.query));
    let compared = compare(&bench.client, &bench.copy(), both).await.unwrap();
    assert_eq!(compared.before.rows, Some(200), "each store by itself");
    assert_eq!(compared.is_same, Some(true), "{compared:#?}\n{}", rollup.query);
    // Of what a function gives nobody knows the names.
    let sql = "select upper(state) as state, count(*) from lines, generate_series(1, 2) as step group by state";
    let advice = advised(&bench, often(sql)).await;
    let said = advice.rejected.iter().find(|it| it.rule == "rollup-says-the-same");
    assert!(said.is_some_and(|it| it.reason.contains("group by the expression")), "{said:#?}");
}

/// A function that only a clerk may call, and that leaves a trace even where it is rolled back.
const CLERK: &str = "
    do $$ begin create role advice_clerk; exception when duplicate_object or unique_violation then null; end $$;
    create sequence touched;
    grant usage on sequence touched to advice_clerk;
    grant select on lines to advice_clerk;
    create function month_of(at timestamptz) returns integer stable language plpgsql as $$ begin
        if current_user <> 'advice_clerk' then raise exception 'only for the clerk'; end if; return
        extract(month from at); end $$;
    create function counted(at timestamptz) returns integer stable language plpgsql as $$ begin
        perform nextval('touched'); return 1; end $$";

#[tokio::test]
async fn rows_are_looked_at_as_whoever_asks_and_nothing_is_changed() {
    let bench = bench().await.with(CLERK).await;
    let clerk = Asker::new(|_| "set local role advice_clerk".to_owned());
    let of = |sql: &str, asker| Request { asker, ..often(sql) };
    let months = "select month_of(sold_at), sum(amount) from lines group by 1";
    let advice = advised(&bench, of(months, Some(clerk.clone()))).await;
    assert_eq!(advice.rollups.len(), 1, "looked at as the clerk: {:#?}", advice.rejected);
    let advice = advised(&bench, of(months, None)).await;
    assert!(advice.rollups.is_empty(), "the owner may not call it: {:#?}", advice.rollups);
    advised(&bench, of("select counted(sold_at), sum(amount) from lines group by 1", None)).await;
    let touched = "select is_called from touched";
    assert!(!bench.client.query_one(touched, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn what_row_security_keeps_apart_a_rollup_keeps_apart_or_is_not_made() {
    let bench = bench()
        .await
        .with(
            "create policy own on lines using (store_id = current_setting('shop.id', true)::integer);
             create policy own on stores using (store_id = current_setting('shop.id', true)::integer);
             alter table lines enable row level security;
             alter table stores enable row level security;
             create view seen with (security_invoker = true) as select * from lines",
        )
        .await;
    let refused = [
        "select sold_at::date, sum(amount) from lines group by 1",
        "select l.sold_at::date, sum(l.amount) from lines l join stores s on s.region = l.state \
         where l.store_id = 3 group by 1",
        // Whoever asks sees his own rows; the query on a rollup would see everybody's.
        "select store_id, sum(amount) from lines group by 1",
        "select sold_at::date, sum(amount) from seen group by 1",
    ];
    for sql in refused {
        let advice = advised(&bench, often(sql)).await;
        assert!(advice.rollups.is_empty(), "{sql}");
        let reason = advice.rejected.iter().find(|it| it.rule == "rollup-says-the-same");
        assert!(reason.is_some_and(|it| it.reason.contains("row security")), "{sql}: {reason:?}");
    }
    for sql in [
        "select sold_at::date, sum(amount) from lines where store_id = 3 group by 1",
        "select l.sold_at::date, sum(l.amount) from lines l join stores s on s.store_id = l.store_id \
         where l.store_id = 3 group by 1",
    ] {
        let advice = advised(&bench, often(sql)).await;
        let rollup =
            advice.rollups.first().unwrap_or_else(|| panic!("{sql}: {:#?}", advice.rejected));
        assert!(rollup.statements[1].contains("store_id"), "{rollup:#?}");
    }
}

#[tokio::test]
async fn functions_that_no_rollup_can_answer_are_refused() {
    let bench = bench()
        .await
        .with(
            "create function allowed(store integer) returns boolean stable language sql
                 as 'select store = current_setting(''shop.id'', true)::integer';
             create function allowed_places() returns setof integer stable language sql
                 as 'select store_id from public.stores where public.allowed(store_id)'",
        )
        .await;
    for (sql, said) in [
        ("select store_id, bit_or(quantity) from lines group by 1", "made of parts"),
        ("select store_id, sum(amount * random()) from lines group by 1", "moment"),
        ("select store_id, sum(setseed(0)::text::integer) from lines group by 1", "next time"),
        (
            "select sold_at::date, sum(amount) from lines where allowed(store_id) group by 1",
            "somebody else",
        ),
        (
            "select sold_at::date, sum(amount) filter (where allowed(store_id)) from lines group by 1",
            "somebody else",
        ),
        (
            "select sold_at::date, sum(case when allowed(store_id) then amount end) from lines group by 1",
            "somebody else",
        ),
        (
            "select l.state, sum(amount) from lines l join stores s on allowed(s.store_id) group by 1",
            "somebody else",
        ),
        ("select place % 9, count(*) from allowed_places() as place group by 1", "somebody else"),
        (
            "select sold_at::date, sum(amount) from lines where state = user group by 1",
            "whoever asks",
        ),
    ] {
        let advice = advised(&bench, often(sql)).await;
        let reason = advice.rejected.iter().find(|it| it.rule == "rollup-says-the-same");
        assert!(reason.is_some_and(|it| it.reason.contains(said)), "{sql}: {reason:?}");
    }
}
