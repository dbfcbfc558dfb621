//! Findings about partitions and chunks.

use shelfops_testkit::{Engine, engines, server_for};

use super::bench::{Bench, bench};

const EVERY_DAY: &str = "select sum(amount) from days where sold_at::date = '2026-01-03'";
const ONE_DAY: &str =
    "select sum(amount) from days where sold_at >= '2026-01-03' and sold_at < '2026-01-04'";

async fn partitioned() -> Bench {
    let bench = bench()
        .await
        .with(
            "create table days (sold_at timestamptz not null, amount numeric)
             partition by range (sold_at)",
        )
        .await;
    for day in 1..=8 {
        let next = day + 1;
        let partition = format!(
            "create table days_{day} partition of days
             for values from ('2026-01-{day:02}') to ('2026-01-{next:02}')"
        );
        bench.client.batch_execute(&partition).await.unwrap();
    }
    bench.with(FILL).await
}

const FILL: &str = "
    insert into days
    select timestamptz '2026-01-01' + place * interval '10 seconds', place
    from generate_series(0, 69119) as place;
    analyze days";

#[tokio::test]
async fn partitions_that_are_all_read_for_a_day_are_found_and_a_range_is_well() {
    let bench = partitioned().await;
    let finding = bench.finds("chunks-not-excluded", EVERY_DAY).await;
    assert!(finding.what.starts_with("8 parts of days are read"), "{}", finding.what);
    bench.is_silent("chunks-not-excluded", ONE_DAY).await;
}

#[tokio::test]
async fn partitions_that_are_left_out_while_it_runs_are_well() {
    let bench = partitioned().await.with("set plan_cache_mode = force_generic_plan").await;
    let sql = "select sum(amount) from days where sold_at >= timestamptz '2026-01-08' + (random() * 0) \
               * interval '1 day' and sold_at > now() - interval '900 years'";
    bench.is_silent("chunks-not-excluded", sql).await;
}

/// A hypertable of the same rows, where the server has TimescaleDB.
async fn hypertable() -> Option<Bench> {
    // The last of them can do most.
    let engine = engines().await.unwrap().into_iter().rfind(|it| *it != Engine::Native)?;
    let database = server_for(engine).await.unwrap().empty().await.unwrap();
    let client = database.connect().await.unwrap();
    let bench = Bench { client, _database: database };
    let bench = bench
        .with(
            "create extension timescaledb;
             set max_parallel_workers_per_gather = 0; set jit = off; set timezone = 'UTC';
             create table days (sold_at timestamptz not null, amount numeric);
             select create_hypertable('days', 'sold_at', chunk_time_interval => interval '1 day')",
        )
        .await;
    Some(bench.with(FILL).await)
}

#[tokio::test]
async fn chunks_that_are_all_read_for_a_day_are_found_and_a_range_is_well() {
    let Some(bench) = hypertable().await else { return };
    let finding = bench.finds("chunks-not-excluded", EVERY_DAY).await;
    assert!(finding.what.contains("parts of public.days are read"), "{}", finding.what);
    bench.is_silent("chunks-not-excluded", ONE_DAY).await;
}

#[tokio::test]
async fn compressed_batches_that_are_opened_in_vain_are_found() {
    let engines = engines().await.unwrap();
    if !engines.contains(&Engine::Timescale) {
        return;
    }
    let Some(bench) = hypertable().await else { return };
    let bench = bench
        .with(
            "alter table days set (timescaledb.compress, timescaledb.compress_orderby = 'sold_at');
             select compress_chunk(chunk) from show_chunks('days') as chunk;
             set timescaledb.enable_vectorized_aggregation = off",
        )
        .await;
    let sql = "select * from days where amount = 7 and sold_at < '2026-01-03'";
    let finding = bench.finds("chunk-decompressed", sql).await;
    assert!(finding.what.contains("taken out of compressed batches"), "{}", finding.what);
}

#[tokio::test]
async fn buckets_of_many_rows_are_found_and_those_of_few_are_well() {
    let bench = partitioned().await;
    let buckets = |width: &str| {
        format!("select date_trunc('{width}', sold_at), sum(amount) from days group by 1")
    };
    let finding = bench.finds("rollup-missing", &buckets("day")).await;
    assert_eq!(finding.what, "69,120 rows go into 8 buckets");
    bench.is_silent("rollup-missing", &buckets("minute")).await;
}
