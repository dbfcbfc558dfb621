//! Tables of partitions and chunks: hypothetical indexes must reach what holds the rows.

use std::collections::BTreeSet;

use shelfops_advisor::advice::{Advisor, migration};
use shelfops_testkit::{Engine, engines, server_for};

use super::bench::{Bench, asked, bench, calm, request};

const QUESTION: &str = "select * from visits where store_id = 42 and seen_at >= '2026-01-10'";

#[tokio::test]
async fn a_partitioned_table_is_indexed_as_a_whole() {
    let bench = bench().await;
    bench.wants(QUESTION, "public.visits (store_id)").await;
}

#[tokio::test]
async fn partitions_get_their_indexes_one_by_one_while_others_write() {
    let bench = bench().await;
    bench.client.batch_execute("begin").await.unwrap();
    let mut advisor = Advisor::begin(&bench.client, request(vec![asked(QUESTION)])).await.unwrap();
    let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
    let up = migration(&advice.indexes, &advisor.partitions()).up;
    advisor.end().await.unwrap();
    bench.client.batch_execute("rollback").await.unwrap();
    assert!(up.contains("create index visits_store_id on only public.visits (store_id);"), "{up}");
    assert!(up.contains("create index concurrently visits_1_store_id on public.visits_1"), "{up}");
    assert!(up.contains("attach partition public.visits_2_store_id;"), "{up}");
    for statement in up.split(";\n").filter(|it| !it.trim().is_empty()) {
        bench.client.batch_execute(statement).await.unwrap();
    }
    let valid = "select indisvalid from pg_index where indexrelid = 'visits_store_id'::regclass";
    assert!(bench.client.query_one(valid, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn partitions_of_partitions_are_indexed_level_by_level_beside_names_that_are_taken() {
    let bench = bench().await;
    let bench = bench
        .with(
            "create schema old;
             create table calls (place int not null, store_id int not null, day date not null, note text)
                 partition by range (day);
             create table calls_1 partition of calls for values from ('2026-01-01') to ('2026-02-01')
                 partition by list (store_id);
             create table calls_1_a partition of calls_1 default;
             create table old.calls_2 partition of calls for values from ('2026-02-01') to ('2026-03-01');
             create index calls_1_a_place on calls_1_a (day);
             insert into calls
             select place * 7919 % 100000, place % 10, date '2026-01-01' + place % 50, md5(place::text)
             from generate_series(1, 100000) as place;
             analyze calls",
        )
        .await;
    bench.client.batch_execute("begin").await.unwrap();
    let question = asked("select * from calls where place = 42");
    let mut advisor = Advisor::begin(&bench.client, request(vec![question])).await.unwrap();
    let advice = advisor.advise(&BTreeSet::new()).await.unwrap();
    let up = migration(&advice.indexes, &advisor.partitions()).up;
    advisor.end().await.unwrap();
    bench.client.batch_execute("rollback").await.unwrap();
    assert!(up.contains("create index calls_1_place on only public.calls_1 (place);"), "{up}");
    assert!(
        up.contains("alter index public.calls_1_place attach partition public.calls_1_a_place_")
    );
    assert!(
        up.contains("alter index public.calls_place attach partition old.calls_2_place;"),
        "{up}"
    );
    for statement in up.split(";\n").filter(|it| !it.trim().is_empty()) {
        bench.client.batch_execute(statement).await.unwrap();
    }
    let valid = "select indisvalid from pg_index where indexrelid = 'calls_place'::regclass";
    assert!(bench.client.query_one(valid, &[]).await.unwrap().get::<_, bool>(0), "{up}");
}

#[tokio::test]
async fn a_table_that_others_inherit_from_gets_no_index_that_has_none_of_their_rows() {
    let bench = bench()
        .await
        .with(
            "create table heard (place int not null, day date not null, note text);
             create table heard_1 (check (day < '2026-02-01')) inherits (heard);
             create table heard_2 (check (day >= '2026-02-01')) inherits (heard);
             insert into heard_1
             select place * 7919 % 100000, date '2026-01-01', md5(place::text) from generate_series(1, 50000) as place;
             insert into heard_2
             select place * 7919 % 100000, date '2026-02-01', md5(place::text) from generate_series(1, 50000) as place;
             analyze heard, heard_1, heard_2",
        )
        .await;
    let advice = bench.advice(request(vec![asked("select * from heard where place = 42")])).await;
    assert!(advice.indexes.is_empty(), "{:#?}", advice.indexes);
    let said = advice.rejected.iter().find(|it| it.rule == "reaches-the-rows");
    assert!(said.is_some_and(|it| it.reason.contains("inherit")), "{:#?}", advice.rejected);
}

#[tokio::test]
async fn a_days_cast_does_not_stop_an_index_from_being_proposed_beside_the_rewrite() {
    let bench = bench().await;
    let sql = "select * from visits where store_id = 42 and seen_at::date = '2026-01-10'";
    let advice = bench.advice(request(vec![asked(sql)])).await;
    assert_eq!(advice.rewrites[0].rule, "day-of-time");
    assert!(
        advice.indexes[0].definition.starts_with("public.visits (store_id"),
        "{:#?}",
        advice.indexes
    );
}

#[tokio::test]
async fn chunks_get_a_hypothetical_index_each() {
    let Some(engine) = engines().await.unwrap().into_iter().find(|it| *it != Engine::Native) else {
        return;
    };
    let database = server_for(engine).await.unwrap().empty().await.unwrap();
    let url = database.url();
    let bench = Bench { client: calm(&url).await, url, _database: database };
    let bench = bench
        .with(
            "create extension timescaledb;
             create table visits (
                 visit_id integer not null, store_id integer not null, seen_at timestamptz not null, note text);
             select create_hypertable('visits', 'seen_at', chunk_time_interval => interval '7 days');
             insert into visits
             select place, place * 7919 % 2000, timestamptz '2026-01-01 00:00+00' + place * interval '40 seconds',
                 md5(place::text) || md5((place + 1)::text)
             from generate_series(1, 100000) as place;
             vacuum analyze visits",
        )
        .await;
    let sql = "select * from visits where store_id = 42";
    let advice = bench.advice(request(vec![asked(sql)])).await;
    let [only] = advice.indexes.as_slice() else { panic!("{:#?}", advice.indexes) };
    assert_eq!(only.definition, "public.visits (store_id)");
    assert!(only.is_hypertable);
    let looked = &advice.statements[0];
    assert!(looked.cost_after.unwrap() < looked.cost_before / 5.0, "{looked:?}");
    // One transaction a chunk, and the way back.
    let written = migration(&advice.indexes, &std::collections::BTreeMap::new());
    for text in [&written.up, &written.down] {
        for statement in text.split(";\n").filter(|it| !it.trim().is_empty()) {
            bench.client.batch_execute(statement).await.unwrap();
        }
    }
}
