//! Two at once: batches of one run, and runs of the same records.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shelfops_ingest::Stream;
use shelfops_ingest::batch::{Accepted, BatchCounts, Checkpoint, ValidBlock};
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::sink::{BatchWriter, Sink};

use super::desk::{Desk, How, chain, count, sale};
use super::memory_source::{RawTold, Told};
use super::snapshots::{assert_rollups_exact, by_content};
use crate::fixture::on_every_engine;

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
        raw: Arc::new(RawTold { before: 0, told: told.to_vec() }),
    }
}

fn checkpoint(read: usize) -> Checkpoint {
    let counts = BatchCounts { read: read as u64, ..BatchCounts::default() };
    Checkpoint { cursor: Cursor::new(json!(read)), is_last: false, counts }
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
        let written = tokio::time::timeout(PATIENCE, first.commit(checkpoint(300))).await;
        assert_eq!(written.expect("the first batch waits for the second").unwrap().inserted, 300);
        assert_eq!(second.commit(checkpoint(1500)).await.unwrap().inserted, 1500);
        // And the other way round: a week that the first makes.
        let told = |told: Vec<Told>| -> Vec<Told> {
            told.into_iter().map(|line| line.with("occurred_at", "2026-05-05T10:00:00Z")).collect()
        };
        let mut first = sink.begin().await.unwrap();
        first.stage(block(&told(week(2000, 1200)))).await.unwrap();
        let mut second = sink.begin().await.unwrap();
        second.stage(block(&told(week(4000, 1200)))).await.unwrap();
        assert_eq!(first.commit(checkpoint(1200)).await.unwrap().inserted, 1200);
        assert_eq!(second.commit(checkpoint(1200)).await.unwrap().inserted, 1200);
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
        let outcomes = tokio::join!(
            desk.resume(Stream::Transactions, &lines, &one),
            desk.resume(Stream::Transactions, &lines, &other)
        );
        // Whoever is second may be told to try again; then it works.
        for (outcome, how) in [(outcomes.0, one), (outcomes.1, other)] {
            if let Err(error) = outcome {
                let text = chain(&error);
                assert!(text.contains("run the same command again"), "{text}");
                desk.load(Stream::Transactions, &lines, &how).await;
            }
        }
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
