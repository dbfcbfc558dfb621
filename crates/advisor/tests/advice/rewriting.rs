//! Rewrites are offered where they mean the same, and give the same rows.

use shelfops_advisor::indexes::Rejected;
use shelfops_advisor::proof::{Compared, compare};

use super::bench::{Bench, asked, bench, request};

async fn compared(bench: &Bench, rule: &str, sql: &str) -> Compared {
    let advice = bench.advice(request(vec![asked(sql)])).await;
    let rewrite = advice
        .rewrites
        .iter()
        .find(|it| it.rule == rule)
        .unwrap_or_else(|| panic!("{rule} is silent about {sql}: {:#?}", advice.rewrites));
    let (before, after) = (asked(sql), asked(&rewrite.sql));
    compare(&bench.client, &bench.copy(), (&before, &after)).await.unwrap()
}

async fn same(bench: &Bench, rule: &str, sql: &str) {
    let compared = compared(bench, rule, sql).await;
    assert_eq!(compared.failed, None, "{sql}");
    assert_eq!(compared.is_same, Some(true), "{sql}: {compared:#?}");
    assert!(compared.before.rows.unwrap() > 0, "{sql} gives nothing to compare");
}

#[tokio::test]
async fn days_and_years_of_a_time_give_the_same_rows_in_any_time_zone() {
    for zone in ["UTC", "America/New_York", "Australia/Lord_Howe", "America/Havana"] {
        let bench = bench().await.with(&format!("set timezone = '{zone}'")).await;
        for sql in [
            "select line_id from lines where sold_at::date = '2026-01-10'",
            "select line_id from lines where date(sold_at) between '2026-01-10' and '2026-01-12' and store_id = 3",
            "select line_id from lines as l where l.sold_at::date > date '2026-02-01'",
            "select line_id from lines where sold_at::date <= date '2026-01-03' and sold_at::date >= '2026-01-02'",
            "select line_id from lines where date_trunc('month', sold_at) = '2026-02-01'",
            "select line_id from lines where date_trunc('day', sold_at) < '2026-01-02'",
        ] {
            same(&bench, "day-of-time", sql).await;
        }
        same(
            &bench,
            "year-of-time",
            "select line_id from lines where extract(year from sold_at) = 2026",
        )
        .await;
        same(
            &bench,
            "year-of-time",
            "select line_id from lines where date_part('year', sold_at) <= 2026",
        )
        .await;
    }
}

#[tokio::test]
async fn a_day_with_two_midnights_is_said_to_be_another_matter() {
    let late = "insert into lines
         select 200000 + place, 3, 4, timestamptz '2026-10-31 12:00+00' + place * interval '10 minutes', 'done',
             1, 2, 'late'
         from generate_series(1, 200) as place";
    for zone in ["America/Havana", "America/New_York"] {
        let bench = bench().await.with(&format!("{late};\nset timezone = '{zone}'")).await;
        let sql = "select line_id from lines where sold_at::date = '2026-11-01'";
        let advice = bench.advice(request(vec![asked(sql)])).await;
        let condition = advice.rewrites[0].condition.as_ref().unwrap();
        assert!(condition.contains("two midnights"), "{condition}");
        let (before, after) = (asked(sql), asked(&advice.rewrites[0].sql));
        let compared = compare(&bench.client, &bench.copy(), (&before, &after)).await.unwrap();
        assert_eq!(compared.is_same, Some(zone == "America/New_York"), "{zone}: {compared:#?}");
    }
}

#[tokio::test]
async fn the_first_of_each_is_the_same_by_either_way() {
    let bench = bench().await;
    let sql = "select x.store_id, x.line_id from (
                   select store_id, line_id,
                       row_number() over (partition by store_id order by sold_at desc) as place
                   from lines where quantity > 2) as x
               where x.place = 1";
    same(&bench, "first-of-each", sql).await;
}

#[tokio::test]
async fn the_latest_of_each_is_jumped_to() {
    let bench = bench().await.with("create index on lines (store_id, sold_at desc)").await;
    let sql = "select distinct on (store_id) store_id, line_id, sold_at as seen from lines \
               where quantity > 2 order by store_id, sold_at desc";
    same(&bench, "latest-of-each", sql).await;
    let compared = compared(&bench, "latest-of-each", sql).await;
    assert!(compared.before.pages > compared.after.pages * 2.0, "{compared:#?}");
}

#[tokio::test]
async fn not_in_is_the_same_as_not_exists_without_nulls_and_says_so_where_there_may_be_some() {
    let bench = bench().await;
    same(
        &bench,
        "not-in",
        "select line_id from lines where lines.store_id not in (select s.store_id from stores s where region = 'region 1')",
    )
    .await;
    let bench = bench
        .with("create table gone (store_id integer);\ninsert into gone values (3), (null)")
        .await;
    let sql =
        "select line_id from lines where lines.store_id not in (select g.store_id from gone g)";
    let advice = bench.advice(request(vec![asked(sql)])).await;
    let rewrite = advice.rewrites.iter().find(|it| it.rule == "not-in").unwrap();
    assert!(rewrite.condition.as_ref().unwrap().contains("null"), "{rewrite:#?}");
    let compared = compared(&bench, "not-in", sql).await;
    assert_eq!(compared.is_same, Some(false), "one null makes them differ, and a proof shows it");
    assert!(!compared.holds());
}

#[tokio::test]
async fn an_alternative_between_tables_gives_each_row_once() {
    let bench = bench().await;
    same(
        &bench,
        "or-of-tables",
        "select l.line_id, s.name from lines l join stores s on s.store_id = l.store_id \
         where (l.product_id = 42 or s.region = 'region 1') and l.quantity > 1",
    )
    .await;
}

#[tokio::test]
async fn pages_by_offset_are_told_how_else_they_go() {
    let bench = bench().await;
    let sql = "select line_id, sold_at from lines where store_id = 3 order by sold_at, line_id limit 20 offset 50000";
    let advice = bench.advice(request(vec![asked(sql)])).await;
    let rewrite = advice.rewrites.iter().find(|it| it.rule == "paging").unwrap();
    assert!(
        !rewrite.is_same && rewrite.sql.contains("(sold_at, line_id) > (:last_1, :last_2)"),
        "{rewrite:#?}"
    );
}

/// Rows with nulls, ties and duplicates.
const ODD: &str = "
    create table odd (k integer, l integer not null, at timestamptz, day_text text not null, n integer);
    insert into odd
    select nullif(place % 7, 0), place % 3, timestamptz '2026-01-01 00:00+00' + (place / 4) * interval '6 hours',
        to_char(date '2026-01-01' + place % 40, 'YYYY-MM-DD'), nullif(place % 11, 5)
    from generate_series(1, 3000) as place;
    insert into odd select * from odd where l = 1;
    create table other (k integer, m integer not null);
    insert into other select place % 5, place % 4 from generate_series(1, 40) as place;
    analyze odd, other";

/// Statements that look like those of a rule and mean something else.
const TRAPS: &[(&str, &str)] = &[
    ("not-in", "select l from odd where odd.k not in (select odd.k from odd where n = 3)"),
    ("not-in", "select l from odd where l not in (select l from odd where n = 3)"),
    ("not-in", "select l from odd where odd.l not in (1, (select m from other where m = 2 limit 1))"),
    ("not-in", "select l from odd where odd.l not in (select m from other where m = 2 union select 1)"),
    ("not-in", "select a.l from odd as a where a.l not in (select a.m from other as a where k is null)"),
    (
        "first-of-each",
        "select x.k, o.m from (select k, l, row_number() over (partition by k order by at) as m from odd) as x
         join other as o on o.k = x.k where o.m = 1",
    ),
    (
        "first-of-each",
        "select o.k, x.l from other as o left join (
             select k, l, row_number() over (partition by k order by at, l) as place from odd) as x
             on x.k = o.k and x.place = 1",
    ),
    (
        "first-of-each",
        "with x as (select k, row_number() over (partition by k order by at) as place from odd)
         select a.k, (select count(*) from x) from x as a where a.place = 1",
    ),
    (
        "first-of-each",
        "select x.k, x.at from (
             select k, -l as at, row_number() over (partition by k order by at) as place from odd) as x
         where x.place = 1 and x.k is null",
    ),
    (
        "first-of-each",
        "select x.k, x.step from (
             select k, generate_series(1, 3) as step,
                 row_number() over (partition by k order by generate_series(1, 2)) as place
             from odd) as x where x.place = 1",
    ),
    ("latest-of-each", "select distinct on (l, k) l, k from odd order by l"),
    ("latest-of-each", "select distinct on (l) l, count(*) over () as n from odd order by l, at desc"),
    ("day-of-time", "select l from odd where day_text::date = '2026-01-05'"),
];

#[tokio::test]
async fn what_looks_like_it_and_means_something_else_is_refused_with_its_reason() {
    let bench = bench().await.with(ODD).await;
    for (rule, sql) in TRAPS {
        let advice = bench.advice(request(vec![asked(sql)])).await;
        let offered = advice.rewrites.iter().find(|it| it.rule == *rule);
        assert!(offered.is_none(), "{sql}: {offered:#?}");
        assert!(advice.rejected.iter().any(|it| it.rule == *rule), "{sql}: {:#?}", advice.rejected);
    }
}

#[tokio::test]
async fn whatever_is_offered_gives_the_same_rows_of_nulls_ties_and_duplicates() {
    let bench = bench().await.with(ODD).await;
    for (rule, sql) in [
        ("not-in", "select l, n from odd where odd.l not in (select other.m from other where m <> 2)"),
        (
            "first-of-each",
            "select x.k, x.at from (
                 select k, at, row_number() over (partition by k order by at desc nulls last) as place from odd) as x
             left join other as o on o.k = x.k where x.place < 2",
        ),
        (
            "first-of-each",
            "with x as (select k, l, at, row_number() over (partition by k, l order by at) as place from odd)
             select k, l, at from x where place = 1",
        ),
        ("latest-of-each", "select distinct on (l) l, at from odd order by l, at desc nulls last"),
        ("or-of-tables", "select a.k, b.m from odd as a join other as b on b.k = a.k where a.n = 3 or b.m = 2"),
        ("day-of-time", "select l from odd where date(odd.at) between '2026-01-05' and '2026-01-09'"),
        ("day-of-time", "select l, n from odd where n = 3 and date_trunc('month', odd.at) > '2026-02-01'"),
        ("year-of-time", "select k from odd where extract(year from odd.at) < 2027 and k is null"),
    ] {
        same(&bench, rule, sql).await;
    }
}

#[tokio::test]
async fn another_way_to_ask_gets_the_index_that_only_it_can_use() {
    let bench = bench().await;
    let sql = "select line_id, note from lines where sold_at::date = date '2026-01-09'";
    let (advice, proof) = bench.proved(request(vec![asked(sql)])).await;
    let [rewrite] = advice.rewrites.as_slice() else { panic!("{advice:#?}") };
    assert_eq!(rewrite.rule, "day-of-time");
    let found: Vec<&str> = advice.indexes.iter().map(|it| it.definition.as_str()).collect();
    assert!(found.iter().any(|it| it.contains("sold_at")), "{found:?}: {proof:#?}");
    let index = advice.indexes.iter().find(|it| it.definition.contains("sold_at")).unwrap();
    assert_eq!(index.serves, [0]);
    assert!(index.purpose.contains("written otherwise (day-of-time)"), "{index:#?}");
    let compared = &proof.rewrites[0];
    assert_eq!(compared.is_same, Some(true), "{compared:#?}");
    assert!(compared.after.pages * 3.0 < compared.before.pages, "{compared:#?}");
    assert!(proof.indexes.iter().any(|it| it.definition == index.definition), "{proof:#?}");
    let begins = "for another way to ask: ";
    let rejected = advice.rejected.iter().filter_map(|it| it.reason.strip_prefix(begins));
    let rejected: Vec<&str> = rejected.collect();
    assert!(!rejected.is_empty(), "{:#?}", advice.rejected);
    // What one was weighed against is named where it is there.
    let named = |it: &&str| it.strip_prefix("with ")?.split(' ').next().map(str::to_owned);
    let is_there = |name: &String| advice.indexes.iter().any(|it| it.name == *name);
    assert!(rejected.iter().filter_map(named).all(|name| is_there(&name)), "{rejected:#?}");
    let is_chosen = |it: &Rejected| it.what.ends_with(&index.definition);
    assert!(!advice.rejected.iter().any(is_chosen), "{:#?}", advice.rejected);
}

#[tokio::test]
async fn an_index_that_brings_another_way_to_ask_nothing_is_told_with_its_reason() {
    // The planner is told that pages in any order are free and pages in order dear: it goes through most rows
    // in no order.
    let bench = bench()
        .await
        .with(
            "do $$ begin execute format('alter database %I set random_page_cost = 0', current_database()); \
             execute format('alter database %I set seq_page_cost = 100', current_database()); end $$",
        )
        .await;
    let sql = "select line_id, note from spread where sold_at::date >= date '2026-01-05'";
    let (advice, proof) = bench.proved(request(vec![asked(sql)])).await;
    assert!(advice.indexes.is_empty(), "{:#?}", advice.indexes);
    let told =
        proof.refused.iter().find(|it| it.what.starts_with("index on public.spread (sold_at"));
    let told = told.unwrap_or_else(|| panic!("{:#?}\n{:#?}", proof.refused, advice.rejected));
    assert!(["saved-nothing", "makes-nothing-slower"].contains(&told.rule), "{told:?}");
    // What is told is measured without it.
    assert!(proof.statements[0].after.indexes.is_empty(), "{:#?}", proof.statements);
    assert!(proof.indexes.is_empty() && proof.writes.is_empty(), "{proof:#?}");
}
