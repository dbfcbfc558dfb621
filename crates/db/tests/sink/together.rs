//! Two at once: batches of one run, and runs of the same records.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shelfops_db::copy::TableBatch;
use shelfops_db::models::NewRun;
use shelfops_ingest::Stream;
use shelfops_ingest::batch::{Accepted, BatchCounts, Checkpoint, ValidBlock, Written};
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::sink::{BatchWriter, Sink};
use shelfops_testkit::wait_for;

use super::desk::{Desk, How, count, sale};
use super::memory_source::{RawTold, Told};
use super::snapshots::{assert_rollups_exact, by_content};
use crate::fixture::{Fixture, on_every_engine};

/// Long enough for any batch, so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lines of one week, numbered from `first`.
fn week(first: usize, number: usize) -> Vec<Told> {
    (first..first + number)
        .map(|line| {
            let at = format!("2026-04-0{}T{:02}:{:02}:00Z", 6 + line % 4, line % 24, line % 60);
            sale(&format!("l{line}"), ["s1", "s2"][line % 2], "p1", &at)
        })
        .collect()
}

fn block(told: &[Told]) -> ValidBlock {
    let accepted = (0..).zip(told).map(|(number, told)| Accepted {
        record: told.draft(Stream::Transactions).accept().unwrap(),
        row_number: number,
        raw_index: number,
    });
    ValidBlock {
        accepted: accepted.collect(),
        quarantined: Vec::new(),
        superseded: Vec::new(),
        repeated: Vec::new(),
        withdrawn: Vec::new(),
        raw: Arc::new(RawTold { before: 0, told: told.to_vec() }),
    }
}

fn checkpoint(read: usize) -> Checkpoint {
    let counts = BatchCounts { read: read as u64, ..BatchCounts::default() };
    Checkpoint { cursor: Cursor::new(json!(read)), is_last: false, counts }
}

async fn write(mut batch: TableBatch, read: usize) -> Written {
    let written = batch.merge(checkpoint(read)).await.unwrap();
    batch.commit().await.unwrap();
    written
}

/// Lines of some days of April 2026, sorted by time.
fn days(days: std::ops::Range<usize>, number: usize) -> Vec<Told> {
    days.flat_map(|day| {
        (0..number).map(move |line| {
            let at = format!("2026-04-{day:02}T{:02}:{:02}:00Z", line * 24 / number, line % 60);
            sale(&format!("d{day}-{line}"), ["s1", "s2"][line % 2], "p1", &at)
        })
    })
    .collect()
}

/// How many days are locked in this database by batches at work.
async fn locked_days(fixture: &Fixture) -> i64 {
    let sql = "select count(*) from pg_locks join pg_database on pg_database.oid = database
               where datname = current_database() and locktype = 'advisory' and granted
                   and mode = 'ExclusiveLock'";
    fixture.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_batch_is_merged_ahead_of_its_turn_but_for_the_days_of_the_one_before() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = How::from("file");
        // The week is there.
        desk.load(Stream::Transactions, &week(0, 8), &How::from("before")).await;
        let sync_run_id = desk.start(Stream::Transactions, &how).await;
        let sink = desk.sink(Stream::Transactions, &how, sync_run_id);
        let mut first = sink.begin().await.unwrap();
        first.stage(block(&days(6..8, 100))).await.unwrap();
        let mut second = sink.begin().await.unwrap();
        second.stage(block(&days(7..10, 50))).await.unwrap();
        first.merge(checkpoint(200)).await.unwrap();
        let locked = locked_days(fixture).await;
        let ahead = tokio::spawn(async move {
            let written = second.merge(checkpoint(150)).await.unwrap();
            (second, written)
        });
        // The 9th at least; the 7th is the first batch's.
        let is_ahead = async || locked_days(fixture).await > locked;
        wait_for("days to be locked ahead", PATIENCE, is_ahead).await.unwrap();
        assert!(!ahead.is_finished());
        first.commit().await.unwrap();
        let (second, written) = tokio::time::timeout(PATIENCE, ahead).await.unwrap().unwrap();
        // Fifty of the 7th are contradicted by other lines of the same moment and id, or the same.
        assert_eq!(written.inserted + written.unchanged + refused(&written), 150);
        assert!(written.inserted >= 100, "{written:?}");
        second.commit().await.unwrap();
        assert_eq!(locked_days(fixture).await, 0);
        desk.refresh().await;
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

fn refused(written: &Written) -> u64 {
    written.quarantined.values().sum()
}

#[tokio::test]
async fn a_batch_that_went_ahead_gives_back_what_it_holds_when_its_turn_does_not_come() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = How::from("file");
        desk.load(Stream::Transactions, &week(0, 8), &How::from("before")).await;
        let sync_run_id = desk.start(Stream::Transactions, &how).await;
        let sink = desk.sink(Stream::Transactions, &how, sync_run_id);
        // Long enough to be seen ahead.
        let sink = sink.with_patience(Duration::from_secs(10));
        let mut first = sink.begin().await.unwrap();
        first.stage(block(&days(6..7, 100))).await.unwrap();
        let mut second = sink.begin().await.unwrap();
        second.stage(block(&days(8..10, 100))).await.unwrap();
        first.merge(checkpoint(100)).await.unwrap();
        let locked = locked_days(fixture).await;
        let ahead = tokio::spawn(async move { write(second, 200).await });
        let is_ahead = async || locked_days(fixture).await > locked;
        wait_for("days to be locked ahead", PATIENCE, is_ahead).await.unwrap();
        let is_given_back = async || locked_days(fixture).await == locked;
        wait_for("them to be given back", PATIENCE, is_given_back).await.unwrap();
        first.commit().await.unwrap();
        assert_eq!(tokio::time::timeout(PATIENCE, ahead).await.unwrap().unwrap().inserted, 200);
        desk.refresh().await;
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

#[tokio::test]
async fn runs_over_the_same_weeks_in_opposite_order_end_and_load_each_line_once() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "America/New_York").await;
        desk.stock().await;
        let up = days(1..29, 40);
        let down: Vec<Told> = up.iter().rev().cloned().collect();
        let (one, other) = (How::from("up").split(130, 40), How::from("down").split(110, 30));
        let both = async {
            tokio::join!(
                desk.load(Stream::Transactions, &up, &one),
                desk.load(Stream::Transactions, &down, &other)
            )
        };
        let (one, other) = tokio::time::timeout(PATIENCE, both).await.expect("both end");
        assert_eq!(one.inserted + other.inserted, up.len() as u64);
        assert_eq!(one.unchanged + other.unchanged, up.len() as u64);
        desk.refresh().await;
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

#[tokio::test]
async fn a_batch_never_waits_for_the_one_that_is_staged_after_it() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = How::from("file");
        let sync_run_id = desk.start(Stream::Transactions, &how).await;
        let sink = desk.sink(Stream::Transactions, &how, sync_run_id);
        // Too few for a partition of their own, then enough, of the same week.
        let (few, many) = (week(0, 300), week(300, 1500));
        let mut first = sink.begin().await.unwrap();
        first.stage(block(&few)).await.unwrap();
        let mut second = sink.begin().await.unwrap();
        second.stage(block(&many)).await.unwrap();
        let written = tokio::time::timeout(PATIENCE, write(first, 300)).await;
        assert_eq!(written.expect("the first batch waits for the second").inserted, 300);
        assert_eq!(write(second, 1500).await.inserted, 1500);
        // And the other way round: a week that the first makes.
        let told = |told: Vec<Told>| -> Vec<Told> {
            told.into_iter().map(|line| line.with("occurred_at", "2026-05-05T10:00:00Z")).collect()
        };
        let mut first = sink.begin().await.unwrap();
        first.stage(block(&told(week(2000, 1200)))).await.unwrap();
        let mut second = sink.begin().await.unwrap();
        second.stage(block(&told(week(4000, 1200)))).await.unwrap();
        assert_eq!(write(first, 1200).await.inserted, 1200);
        assert_eq!(write(second, 1200).await.inserted, 1200);
        desk.refresh().await;
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_given_up_leaves_nothing_and_holds_up_nobody() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let how = How::from("file");
        let sync_run_id = desk.start(Stream::Transactions, &how).await;
        let sink = desk.sink(Stream::Transactions, &how, sync_run_id);
        let mut given_up = sink.begin().await.unwrap();
        given_up.stage(block(&week(0, 1500))).await.unwrap();
        drop(given_up);
        let totals = desk.load(Stream::Transactions, &week(0, 1500), &how).await;
        assert_eq!(totals.inserted, 1500);
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

#[tokio::test]
async fn two_runs_over_the_same_records_load_each_once() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        let lines = week(0, 400);
        let counts: Vec<Told> =
            (1..28).map(|day| count("s1", "p1", &format!("2026-02-{day:02}T10:00:00Z"))).collect();
        for (stream, told) in [(Stream::Transactions, &lines), (Stream::Inventory, &counts)] {
            let (one, other) = (How::from("one").split(90, 30), How::from("other").split(70, 25));
            let (one, other) =
                tokio::join!(desk.load(stream, told, &one), desk.load(stream, told, &other));
            assert_eq!(one.inserted + other.inserted, told.len() as u64, "{stream}");
            assert_eq!(one.unchanged + other.unchanged, told.len() as u64, "{stream}");
        }
        assert_eq!(by_content(fixture, &desk).await.len(), 427);
        desk.refresh().await;
        assert_rollups_exact(fixture, &desk).await;
        assert!(desk.waiting().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn two_runs_that_make_the_same_references_end_with_one_of_each() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        let lines: Vec<Told> = week(0, 200)
            .into_iter()
            .enumerate()
            .map(|(number, line)| line.with("product", format!("p{}", number % 40)))
            .collect();
        let (one, other) = (How::from("one").creating(), How::from("other").creating());
        let (one, other) = tokio::join!(
            desk.load(Stream::Transactions, &lines, &one),
            desk.load(Stream::Transactions, &lines, &other)
        );
        assert_eq!((one.inserted + other.inserted, one.unchanged + other.unchanged), (200, 200));
        assert_eq!(one.created_references + other.created_references, 42);
        assert_eq!(by_content(fixture, &desk).await.len(), 200);
        let client = fixture.superuser().await;
        for (table, expected) in [("stores", 2), ("products", 40), ("external_ids", 42)] {
            let sql = format!("select count(*) from {table} where customer_id = $1");
            let row = client.query_one(&sql, &[&desk.customer_id.as_uuid()]).await.unwrap();
            assert_eq!(row.get::<_, i64>(0), expected, "{table}");
        }
        desk.refresh().await;
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

#[tokio::test]
async fn two_tenants_that_load_the_same_new_weeks_do_not_disturb_each_other() {
    on_every_engine(async |fixture| {
        let (one, other) =
            (Desk::open(fixture, "one", "UTC").await, Desk::open(fixture, "other", "UTC").await);
        one.stock().await;
        other.stock().await;
        let lines = week(0, 2500);
        let how = How::from("file").split(1300, 1100);
        let both = async {
            tokio::join!(
                one.load(Stream::Transactions, &lines, &how),
                other.load(Stream::Transactions, &lines, &how)
            )
        };
        let (first, second) = tokio::time::timeout(PATIENCE, both).await.expect("both end");
        assert_eq!((first.inserted, second.inserted), (2500, 2500));
        assert_eq!(by_content(fixture, &one).await, by_content(fixture, &other).await);
        for desk in [&one, &other] {
            desk.refresh().await;
            assert_rollups_exact(fixture, desk).await;
        }
    })
    .await;
}

#[tokio::test]
async fn more_runs_than_there_are_connections_for_wait_for_a_place_and_not_for_each_other() {
    on_every_engine(async |fixture| {
        let desk = Desk::open(fixture, "shop", "UTC").await;
        let runs = (0..12).map(|number| {
            let desk = desk.clone();
            tokio::spawn(async move {
                let run = NewRun {
                    source: desk.source.clone(),
                    stream: Stream::Stores,
                    kind: "import",
                    origin: format!("file{number}"),
                    origin_name: String::new(),
                    options: json!({}),
                };
                let _lock = desk.database.lock_run(desk.customer_id, &run).await.unwrap();
                // As a run does: holds what it has while it asks for more.
                let mut held = Vec::new();
                for _ in 0..5 {
                    held.push(desk.database.tenant(desk.customer_id).await.unwrap());
                    tokio::task::yield_now().await;
                }
                held.len()
            })
        });
        let runs = futures::future::try_join_all(runs);
        let held = tokio::time::timeout(PATIENCE, runs).await.expect("all end").unwrap();
        assert_eq!(held, [5; 12]);
    })
    .await;
}
