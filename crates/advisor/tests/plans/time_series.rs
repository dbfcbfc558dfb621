//! Findings about partitions and chunks.

use shelfops_advisor::plans::findings::Confidence;
use shelfops_testkit::{Engine, engines, server_for};

use super::bench::{Bench, advised, bench};

const EVERY_DAY: &str = "select sum(amount) from days where sold_at::date = '2026-01-03'";
const ONE_DAY: &str =
    "select sum(amount) from days where sold_at >= '2026-01-03' and sold_at < '2026-01-04'";

/// A table of eight days, each a partition.
pub(super) async fn partitioned() -> Bench {
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
async fn a_day_that_a_guarding_view_keeps_from_its_partitions_is_found_all_the_same() {
    let bench = partitioned().await;
    let view =
        "create view guarded with (security_barrier) as select * from days where amount >= 0";
    let bench = bench.with(view).await;
    let cast = EVERY_DAY.replace("days", "guarded");
    let finding = bench.finds("chunks-not-excluded", &cast).await;
    assert!(finding.what.ends_with("in a way that leaves none out"), "{}", finding.what);
    assert!(advised(&finding).starts_with("where sold_at >= "), "{}", advised(&finding));
    let day = cast.replace("sum(amount)", "*") + " order by amount";
    let finding = bench.finds("misestimate", &day).await;
    assert_eq!(finding.remedies[0].advice, "compare the column itself");
    bench.is_silent("chunks-not-excluded", &ONE_DAY.replace("days", "guarded")).await;
}

#[tokio::test]
async fn partitions_that_are_left_out_while_it_runs_are_well() {
    let bench = partitioned().await.with("set plan_cache_mode = force_generic_plan").await;
    let sql = "select sum(amount) from days where sold_at >= timestamptz '2026-01-08' + (random() * 0) \
               * interval '1 day' and sold_at > now() - interval '900 years'";
    bench.is_silent("chunks-not-excluded", sql).await;
}

/// A hypertable of the same rows, where the server has TimescaleDB.
pub(super) async fn hypertable() -> Option<Bench> {
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

#[tokio::test]
async fn buckets_that_each_chunk_makes_for_itself_are_found_as_a_whole() {
    let Some(bench) = hypertable().await else { return };
    for bucket in ["time_bucket('1 day', sold_at)", "date_trunc('day', sold_at)", "sold_at::date"] {
        let sql = format!("select {bucket} as day, sum(amount) from days group by 1 order by 1");
        let finding = bench.finds("rollup-missing", &sql).await;
        assert_eq!(finding.what, "69,120 rows go into 8 buckets", "{bucket}");
        let kept = "8,640 rows for each bucket: kept, 8 would be read in place of 69,120";
        assert!(finding.evidence.contains(&kept.to_owned()), "{finding:?}");
        assert!(finding.share.unwrap().part > 0.5, "{finding:?}");
    }
    let minutes = "select time_bucket('1 minute', sold_at), sum(amount) from days group by 1";
    bench.is_silent("rollup-missing", minutes).await;
}

#[tokio::test]
async fn groups_that_a_condition_throws_away_were_made_all_the_same() {
    let bench = partitioned().await;
    let sql = "select date_trunc('minute', sold_at), sum(amount) from days group by 1 \
               having sum(amount) > 1e9";
    bench.is_silent("rollup-missing", sql).await;
}

#[tokio::test]
async fn a_statement_that_the_server_counts_is_said_to_be_asked_for_often() {
    let bench = partitioned().await;
    let loaded = "select current_setting('pg_stat_statements.max', true) is not null";
    let is_counted: bool = bench.client.query_one(loaded, &[]).await.unwrap().get(0);
    if !is_counted {
        return;
    }
    let bench =
        bench.with("create extension pg_stat_statements; select pg_stat_statements_reset()").await;
    let sql = "select date_trunc('day', sold_at), sum(amount) from days group by 1";
    let finding = bench.finds("rollup-missing", sql).await;
    assert_eq!(finding.confidence, Confidence::Low, "{finding:?}");
    for _ in 0..3 {
        bench.client.query(sql, &[]).await.unwrap();
    }
    let finding = bench.finds("rollup-missing", sql).await;
    assert_eq!(finding.confidence, Confidence::Medium, "{finding:?}");
    let said = "asked for 3 times since the server counts, ";
    assert!(finding.evidence.iter().any(|it| it.starts_with(said)), "{finding:?}");
}

#[tokio::test]
async fn buckets_that_are_made_of_a_rollup_are_well() {
    let Some(bench) = community().await else { return };
    let hourly = "
        create materialized view fine
        with (timescaledb.continuous, timescaledb.materialized_only = true) as
        select time_bucket('10 seconds', sold_at) as moment, sum(amount) as amount
        from days
        group by 1
        with no data";
    let bench = bench.with(hourly).await;
    let refresh = "call refresh_continuous_aggregate('fine', null, null)";
    bench.client.batch_execute(refresh).await.unwrap();
    let sql = "select time_bucket('1 day', moment), sum(amount) from fine group by 1";
    bench.is_silent("rollup-missing", sql).await;
}

#[tokio::test]
async fn chunks_that_are_walked_for_a_few_rows_are_found_together() {
    let Some(bench) = hypertable().await else { return };
    // No chunk alone throws a thousand rows away for nothing kept but the last.
    let bench = bench
        .with(
            "create table few (sold_at timestamptz not null, store_id integer, amount numeric);
             select create_hypertable('few', 'sold_at', chunk_time_interval => interval '1 day');
             insert into few
             select timestamptz '2026-01-01' + place * interval '2 minutes', place % 50,
                 case when place > 8600 then 7 else 0 end
             from generate_series(0, 8639) as place;
             analyze few;
             set enable_sort = off; set enable_seqscan = off; set enable_bitmapscan = off",
        )
        .await;
    let sql = "select * from few where amount = 7 order by sold_at limit 5";
    let finding = bench.finds("wrong-index-order-by", sql).await;
    assert!(finding.what.contains(" and its like of 11 more parts of public.few "), "{finding:?}");
    assert!(finding.what.ends_with(": 8,606 rows looked at for 5"), "{finding:?}");
    assert_eq!(advised(&finding), "create index on public.few (amount, sold_at);");
    assert_eq!(finding.nodes.len(), 12);
}

/// The same hypertable where the server has the community edition.
async fn community() -> Option<Bench> {
    if !engines().await.unwrap().contains(&Engine::Timescale) {
        return None;
    }
    hypertable().await
}

const DAILY: &str = "
    create materialized view daily
    with (timescaledb.continuous, timescaledb.materialized_only = false) as
    select time_bucket('1 day', sold_at) as day, sum(amount) as amount
    from days
    group by 1
    with no data";

#[tokio::test]
async fn a_continuous_aggregate_that_lags_is_found_and_a_refresh_mends_it() {
    let Some(bench) = community().await else { return };
    let bench = bench.with(DAILY).await;
    let refresh = "call refresh_continuous_aggregate('daily', '2026-01-01', '2026-01-03')";
    bench.client.batch_execute(refresh).await.unwrap();
    let sql = "select * from daily";
    let finding = bench.finds("realtime-tail", sql).await;
    assert_eq!(
        finding.what,
        "51,840 rows of public.days are added up while public.daily is read: it does not keep them yet"
    );
    assert!(finding.evidence.iter().any(|it| it == "no policy refreshes it"), "{finding:?}");
    assert!(advised(&finding).contains("add_continuous_aggregate_policy('public.daily'"));
    // There is a rollup already.
    bench.is_silent("rollup-missing", sql).await;
    let policy = "select add_continuous_aggregate_policy('daily', start_offset => null,
                      end_offset => interval '1 day', schedule_interval => interval '1 hour')";
    let bench = bench.with(policy).await.with("set timezone = 'America/New_York'").await;
    let later = "select * from daily where day >= '2026-01-05 00:00+00'";
    let finding = bench.finds("realtime-tail", later).await;
    let is_job = |it: &String| it.starts_with("refreshed by job") && it.contains("every 60 min");
    assert!(finding.evidence.iter().any(is_job), "{finding:?}");
    let refresh = finding.remedies[0].sql.clone().unwrap();
    bench.client.batch_execute(&refresh).await.unwrap();
    bench.is_silent("realtime-tail", sql).await;
}

#[tokio::test]
async fn a_continuous_aggregate_that_keeps_nothing_yet_is_found_in_either_way_of_planning() {
    let Some(bench) = community().await else { return };
    let bench = bench.with(DAILY).await;
    for how in ["on", "off"] {
        // Versions that have no such setting ask for the watermark while they run.
        let setting = format!(
            "select set_config(name, '{how}', false) from pg_settings
             where name = 'timescaledb.enable_cagg_watermark_constify'"
        );
        bench.client.batch_execute(&setting).await.unwrap();
        let finding = bench.finds("realtime-tail", "select * from daily").await;
        assert_eq!(finding.evidence[0], "nothing is kept yet");
        let refresh = finding.remedies[0].sql.as_deref();
        assert_eq!(refresh, Some("call refresh_continuous_aggregate('public.daily', null, null);"));
    }
    bench.is_silent("realtime-tail", "select count(*) from days").await;
}

#[tokio::test]
async fn chunks_that_a_policy_did_not_come_to_are_found_and_its_job_mends_them() {
    let Some(bench) = community().await else { return };
    let bench = bench
        .with(
            "create table old (sold_at timestamptz not null, amount numeric);
             select create_hypertable('old', 'sold_at', chunk_time_interval => interval '1 day');
             insert into old
             select timestamptz '2020-01-01' + place * interval '10 seconds', place
             from generate_series(0, 69119) as place;
             analyze old;
             alter table old set (timescaledb.compress, timescaledb.compress_orderby = 'sold_at')",
        )
        .await;
    let sql = "select sum(amount) from old where sold_at < '2020-01-05'";
    bench.is_silent("old-chunks-uncompressed", sql).await;
    let policy = "select add_compression_policy('old', interval '7 days')";
    let job: i32 = bench.client.query_one(policy, &[]).await.unwrap().get(0);
    let finding = bench.finds("old-chunks-uncompressed", sql).await;
    let said = "4 chunks of public.old are read as rows, which should be compressed by now";
    assert_eq!(finding.what, said);
    assert!(finding.evidence.iter().any(|it| it.contains("never succeeded")), "{finding:?}");
    let run = format!("call run_job({job});");
    assert_eq!(advised(&finding), run);
    bench
        .client
        .batch_execute(&format!("select alter_job({job}, scheduled => false)"))
        .await
        .unwrap();
    let finding = bench.finds("old-chunks-uncompressed", sql).await;
    let go_on = format!("select alter_job({job}, scheduled => true);\n{run}");
    assert_eq!(advised(&finding), go_on);
    bench.client.batch_execute(&run).await.unwrap();
    bench.is_silent("old-chunks-uncompressed", sql).await;
}

#[tokio::test]
async fn chunks_that_are_not_old_yet_may_be_read_as_rows() {
    let Some(bench) = community().await else { return };
    let bench = bench
        .with(
            "alter table days set (timescaledb.compress, timescaledb.compress_orderby = 'sold_at');
             select add_compression_policy('days', interval '900 years')",
        )
        .await;
    bench.is_silent("old-chunks-uncompressed", "select sum(amount) from days").await;
}

#[tokio::test]
async fn many_small_chunks_are_found_and_a_few_of_them_are_well() {
    let Some(bench) = hypertable().await else { return };
    let bench = bench
        .with(
            "create table small (sold_at timestamptz not null, amount numeric);
             select create_hypertable('small', 'sold_at', chunk_time_interval => interval '1 hour');
             insert into small
             select timestamptz '2026-01-01' + place * interval '1 minute', place
             from generate_series(0, 9599) as place;
             analyze small",
        )
        .await;
    let finding = bench.finds("small-chunks", "select count(*) from small").await;
    assert!(
        finding.what.starts_with("160 parts of public.small are read, of "),
        "{}",
        finding.what
    );
    let longer = "select set_chunk_time_interval('public.small', interval '91 days');";
    assert_eq!(advised(&finding), longer);
    bench.client.batch_execute(longer).await.unwrap();
    let few = "select count(*) from small where sold_at < '2026-01-01 05:00'";
    bench.is_silent("small-chunks", few).await;
    bench.is_silent("small-chunks", "select count(*) from days").await;
}

#[tokio::test]
async fn many_small_partitions_are_found() {
    let bench = bench()
        .await
        .with("create table small (day integer, amount integer) partition by list (day)")
        .await;
    let parts = "do $$ begin
        for day in 1..120 loop
            execute format('create table small_%s partition of small for values in (%s)', day, day);
        end loop;
    end $$";
    bench.client.batch_execute(parts).await.unwrap();
    let finding = bench.finds("small-chunks", "select count(*) from small").await;
    assert_eq!(finding.what, "120 parts of small are read, of 0 B each");
    assert_eq!(finding.remedies[0].advice, "cut the table into larger parts");
    bench.is_silent("small-chunks", "select count(*) from small where day < 9").await;
}
