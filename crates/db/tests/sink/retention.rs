//! Rows that are kept for a time only: dropped with their chunk, and refused when they come again.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use shelfops_db::Engine;
use shelfops_ingest::Stream;

use super::desk::{Desk, How, NOW, count, sale};
use super::memory_source::Told;
use super::snapshots::storage;
use crate::fixture::{Fixture, on_every_engine};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The present, or that of the runs if it is earlier; the same for a whole test, whose lines come twice.
fn present() -> Timestamp {
    static PRESENT: LazyLock<Timestamp> =
        LazyLock::new(|| Timestamp::now().min(NOW.parse().unwrap()));
    *PRESENT
}

/// Five lines of five days, the first so many days ago.
fn lines(prefix: &str, days_ago: i32) -> Vec<Told> {
    (0..5)
        .map(|number| {
            let at = present() - DAY * (days_ago - number);
            sale(&format!("{prefix}{number}"), "s1", "p1", &at.to_string())
        })
        .collect()
}

/// Has rows kept for a hundred days before the present.
async fn keep(fixture: &Fixture, table: &str) {
    let seconds = (Timestamp::now().duration_since(present()) + DAY * 100).as_secs();
    let sql = format!(
        "select shelfops.keep_timeseries('{table}', null, make_interval(secs => {seconds}))"
    );
    fixture.superuser().await.batch_execute(&sql).await.unwrap();
}

/// What the rollups come to.
async fn sums(fixture: &Fixture, desk: &Desk) -> String {
    let client = fixture.superuser().await;
    let enter = format!("begin; select shelfops.enter_tenant('{}')", desk.customer_id);
    client.batch_execute(&enter).await.unwrap();
    let sql = "select concat_ws(' ', (select sum(line_count) from daily_sales),
                   (select sum(line_count) from hourly_sales))";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Lets every policy that refreshes rollups run now.
async fn run_policies(fixture: &Fixture) {
    let client = fixture.superuser().await;
    let jobs = "select job_id from timescaledb_information.jobs
                where proc_name = 'policy_refresh_continuous_aggregate'";
    for job in client.query(jobs, &[]).await.unwrap() {
        let run = format!("call run_job({})", job.get::<_, i32>(0));
        client.batch_execute(&run).await.unwrap();
    }
}

#[tokio::test]
async fn they_go_with_their_chunk_and_their_figures_stay() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        desk.load(Stream::Transactions, &lines("old", 400), &How::from("old")).await;
        desk.load(Stream::Transactions, &lines("young", 50), &How::from("young")).await;
        keep(fixture, "transactions").await;
        let kept = desk.database.keep_time_series(1).await.unwrap();
        assert!(kept.iter().any(|series| series.table == "transactions" && series.dropped > 0));
        let client = fixture.superuser().await;
        let left = format!("select count(*) from {}", storage(&client, "transactions").await);
        assert_eq!(client.query_one(&left, &[]).await.unwrap().get::<_, i64>(0), 5);
        // Though nobody had refreshed them.
        assert_eq!(sums(fixture, &desk).await, "10 10");
        if fixture.engine == Engine::Timescale {
            run_policies(fixture).await;
            assert_eq!(sums(fixture, &desk).await, "10 10");
        }
        // Loading again what is dropped, and what is there, changes nothing.
        let again: Vec<Told> = [lines("old", 400), lines("young", 50)].concat();
        let totals = desk.load(Stream::Transactions, &again, &How::from("again")).await;
        assert_eq!((totals.inserted, totals.unchanged), (0, 5));
        assert_eq!(totals.quarantined["still-kept"], 5);
        let waiting = desk.waiting().await;
        assert!(waiting[0].reason.contains("the table keeps what is younger than"), "{waiting:?}");
        let late = desk.load(Stream::Transactions, &lines("late", 60), &How::from("late")).await;
        assert_eq!(late.inserted, 5);
        desk.refresh().await;
        if fixture.engine == Engine::Timescale {
            run_policies(fixture).await;
        }
        assert_eq!(sums(fixture, &desk).await, "15 15");
        // Upkeep has gone well, which its age tells.
        let operator = desk.database.operator().await.unwrap();
        let policies = operator.time_series_policies().await.unwrap();
        let upkeep = policies.iter().find(|each| each.policy == "timeseries-upkeep").unwrap();
        assert!(upkeep.last_succeeded_at.is_some());
        let rollups = policies.iter().filter(|each| each.policy == "rollup").count();
        assert_eq!(rollups, if fixture.engine == Engine::Timescale { 2 } else { 0 });
    })
    .await;
}

#[tokio::test]
async fn keeping_rows_longer_neither_empties_figures_nor_counts_them_twice() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        desk.load(Stream::Transactions, &lines("old", 400), &How::from("old")).await;
        desk.load(Stream::Transactions, &lines("young", 50), &How::from("young")).await;
        keep(fixture, "transactions").await;
        desk.database.keep_time_series(1).await.unwrap();
        assert_eq!(sums(fixture, &desk).await, "10 10");
        let client = fixture.superuser().await;
        for (name, longer) in [("three years", "interval '3 years'"), ("for ever", "null")] {
            let keep = format!("select shelfops.keep_timeseries('transactions', null, {longer})");
            client.batch_execute(&keep).await.unwrap();
            let again = [lines("old", 400), lines("young", 50)].concat();
            let totals = desk.load(Stream::Transactions, &again, &How::from(name)).await;
            assert_eq!((totals.inserted, totals.unchanged), (0, 5), "{longer}");
            let all = (present() - DAY * 500, present());
            desk.database.refresh_rollups(all.0, all.1).await.unwrap();
            if fixture.engine == Engine::Timescale {
                run_policies(fixture).await;
            }
            assert_eq!(sums(fixture, &desk).await, "10 10", "{longer}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_chunk_that_is_read_is_left_and_the_others_go() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        desk.load(Stream::Transactions, &lines("older", 400), &How::from("older")).await;
        desk.load(Stream::Transactions, &lines("old", 300), &How::from("old")).await;
        keep(fixture, "transactions").await;
        let operator = desk.database.operator().await.unwrap();
        let chunks = operator.chunks("transactions").await.unwrap();
        drop(operator);
        let reader = fixture.superuser().await;
        let read = format!("begin; lock table timeseries.{} in access share mode", chunks[0].name);
        reader.batch_execute(&read).await.unwrap();
        let kept = desk.database.keep_time_series(1).await.unwrap();
        let sales = kept.iter().find(|series| series.table == "transactions").unwrap();
        assert_eq!(sales.left.len(), 1, "{sales:?}");
        assert!(sales.left[0].starts_with(&chunks[0].name) && sales.dropped > 0, "{sales:?}");
        reader.batch_execute("rollback").await.unwrap();
        let kept = desk.database.keep_time_series(1).await.unwrap();
        let sales = kept.iter().find(|series| series.table == "transactions").unwrap();
        assert_eq!((sales.dropped, sales.left.len()), (1, 0), "{sales:?}");
        assert_eq!(sums(fixture, &desk).await, "10 10");
    })
    .await;
}

#[tokio::test]
async fn who_reads_everything_for_long_makes_writers_wait_for_a_moment_only() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        for days_ago in [400, 380, 360, 340] {
            let name = format!("sales{days_ago}-");
            desk.load(Stream::Transactions, &lines(&name, days_ago), &How::from(&name)).await;
        }
        keep(fixture, "transactions").await;
        let reader = fixture.superuser().await;
        let table = storage(&reader, "transactions").await;
        reader.batch_execute(&format!("begin; select count(*) from {table}")).await.unwrap();
        // Waits less than ten seconds for what a sale is written with; one that fails is an error.
        let writer = fixture.superuser().await;
        let write = format!(
            "begin; set local lock_timeout = '10s'; lock table {table} in row exclusive mode; commit"
        );
        let keeping = desk.database.keep_time_series(1);
        tokio::pin!(keeping);
        let kept = loop {
            tokio::select! {
                kept = &mut keeping => break kept.unwrap(),
                written = writer.batch_execute(&write) => written.unwrap(),
            }
        };
        let sales = kept.iter().find(|series| series.table == "transactions").unwrap();
        assert!(sales.dropped == 0 && sales.left.len() >= 4, "{sales:?}");
        let is_tried = |left: &&String| left.ends_with(": in use for longer than 1s");
        assert_eq!(sales.left.iter().filter(is_tried).count(), 2, "{sales:?}");
        assert!(sales.left[2..].iter().all(|left| left.contains(": not tried")), "{sales:?}");
        reader.batch_execute("rollback").await.unwrap();
        let again = desk.database.keep_time_series(1).await.unwrap();
        let again = again.iter().find(|series| series.table == "transactions").unwrap();
        assert_eq!((again.dropped, again.left.len()), (sales.left.len() as i32, 0), "{again:?}");
        assert_eq!(sums(fixture, &desk).await, "20 20");
    })
    .await;
}

#[tokio::test]
async fn old_counts_are_refused_too() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        keep(fixture, "inventory_levels").await;
        let at = |days_ago: i32| (present() - DAY * days_ago).to_string();
        let counts = [count("s1", "p1", &at(300)), count("s1", "p1", &at(3))];
        let totals = desk.load(Stream::Inventory, &counts, &How::from("counts")).await;
        assert_eq!((totals.inserted, totals.quarantined["still-kept"]), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn chunks_are_described_and_nothing_is_kept_shorter_than_it_is_plain() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        desk.load(Stream::Transactions, &lines("old", 200), &How::from("old")).await;
        let client = fixture.superuser().await;
        let compress = "select shelfops.compress_chunks('transactions', now())";
        client.batch_execute(compress).await.unwrap();
        desk.load(Stream::Transactions, &lines("late", 200), &How::from("late")).await;
        client.batch_execute("analyze").await.unwrap();
        let operator = desk.database.operator().await.unwrap();
        let described = operator.describe_time_series().await.unwrap();
        let sales = described.iter().find(|series| series.table == "transactions").unwrap();
        assert_eq!(sales.chunk_length, DAY * 7);
        assert!(!sales.chunks.is_empty());
        let is_packed = fixture.engine == Engine::Timescale;
        for chunk in &sales.chunks {
            assert_eq!((chunk.is_compressed, chunk.is_partial), (is_packed, is_packed));
            assert_eq!(chunk.bytes_before.is_some(), is_packed);
        }
        let rows: i64 = sales.chunks.iter().map(|chunk| chunk.rows).sum();
        assert_eq!(rows, 10, "{:?}", sales.chunks);
        drop(operator);
        if !is_packed {
            // An age that the engine never uses is in nobody's way.
            let short = "select shelfops.keep_timeseries('transactions', '45 days', '45 days')";
            client.batch_execute(short).await.unwrap();
            return;
        }
        let wrong = "select shelfops.keep_timeseries('transactions', '45 days', '45 days')";
        let refused = client.batch_execute(wrong).await.unwrap_err();
        let said = refused.as_db_error().unwrap().message();
        assert!(said.contains("cannot be kept for 45 days and compressed after 45 days"), "{said}");
    })
    .await;
}
