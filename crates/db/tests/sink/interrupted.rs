//! A connection that is killed at any point of a batch: all of it is there, or nothing.

use std::cell::Cell;
use std::time::Duration;

use shelfops_ingest::Stream;
use shelfops_testkit::wait_for;
use tokio_postgres::Client;

use super::desk::{Desk, How, count, sale};
use super::memory_source::Told;
use super::snapshots::{assert_rollups_exact, by_content};
use super::splits::Dice;
use crate::fixture::{Fixture, on_every_engine};

const PATIENCE: Duration = Duration::from_secs(30);

/// Where a batch can be stopped: somebody else holds a lock that its next statement needs. Writing
/// waits for a share lock, reading for an exclusive one.
const POINTS: [(&str, &str); 9] = [
    (
        "staging, after the references were looked up",
        "lock table external_ids in access exclusive mode",
    ),
    // Before the others: what was made stays, also when the batch is killed later.
    ("making references", "lock table products in share row exclusive mode"),
    ("waiting for its turn", "advisory"),
    ("looking for known rows", "lock table {series} in access exclusive mode"),
    ("adding rows", "lock table {series} in share row exclusive mode"),
    ("keeping what was refused", "lock table quarantined_records in share row exclusive mode"),
    ("moving the cursor", "lock table sync_cursors in share row exclusive mode"),
    ("counting", "lock table sync_runs in share row exclusive mode"),
    ("the commit itself", "at commit"),
];

/// Makes every commit that moved a cursor wait for whoever holds this lock.
const AT_COMMIT: &str = "
    create function wait_at_commit() returns trigger language plpgsql security definer as $$
    begin perform pg_advisory_xact_lock_shared(4711); return null; end $$;
    create constraint trigger wait_at_commit after insert or update on sync_cursors
        deferrable initially deferred for each row execute function wait_at_commit();";

/// Records of two batches: the second makes a reference, replaces a row and has one that is refused.
fn told(stream: Stream) -> Vec<Told> {
    let mut told: Vec<Told> = (0..40)
        .map(|number| {
            let at = format!("2026-03-0{}T{:02}:00:00Z", 2 + number % 5, number % 24);
            let store = ["s1", "s2"][number % 2];
            match stream {
                Stream::Inventory => {
                    count(store, ["p1", "p2"][number % 2], &at).with("quantity_on_hand", number)
                }
                _ => sale(&format!("l{number}"), store, ["p1", "p2"][number % 2], &at)
                    .with("updated_at", "2026-04-01T00:00:00Z"),
            }
        })
        .collect();
    let (first, known) = (told[0].clone(), told[1].clone());
    told[30] = told[30].clone().with("product", format!("new-{stream}"));
    told[31] = told[31].clone().with("store", "unheard-of");
    told[32] = match stream {
        Stream::Inventory => known.with("quantity_on_hand", 777),
        _ => known.with("quantity", 7),
    };
    told[33] = match stream {
        Stream::Inventory => first,
        _ => first.with("quantity", 9).with("updated_at", "2026-04-02T00:00:00Z"),
    };
    told
}

fn how(name: &str) -> How {
    let create = vec![shelfops_ingest::quarantine::ReferenceEntity::Product];
    How { create, ..How::from(name).split(20, 10) }
}

/// Ends every session of tenants' work in this database that waits for a lock.
async fn kill_waiting(client: &Client) -> bool {
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and usename = 'shelfops_app'
                    and wait_event_type = 'Lock'";
    client.query_one(kill, &[]).await.unwrap().get::<_, i64>(0) > 0
}

async fn state(fixture: &Fixture, desk: &Desk) -> (Vec<String>, usize, usize, usize) {
    let transactions = desk.cursor(Stream::Transactions, &how("file")).await;
    let inventory = desk.cursor(Stream::Inventory, &how("file")).await;
    (by_content(fixture, desk).await, desk.waiting().await.len(), transactions, inventory)
}

#[tokio::test]
async fn a_batch_that_is_killed_at_any_point_leaves_nothing_and_a_rerun_completes() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        client.batch_execute(AT_COMMIT).await.unwrap();
        let undisturbed = Desk::open(fixture, "undisturbed", "UTC").await;
        let desk = Desk::open(fixture, "disturbed", "UTC").await;
        for each in [&undisturbed, &desk] {
            each.stock().await;
        }
        for stream in [Stream::Transactions, Stream::Inventory] {
            let told = told(stream);
            undisturbed.load(stream, &told, &how("file")).await;
            // The first batch is there; the second is disturbed at one point after the other.
            desk.load(stream, &told[..20], &how("file")).await;
            let before = state(fixture, &desk).await;
            for (point, lock) in POINTS {
                stop_at(fixture, &desk, (stream, &told, &how("file")), lock).await;
                assert_eq!(state(fixture, &desk).await, before, "{stream}, killed while {point}");
            }
            let totals = desk.load(stream, &told, &how("file")).await;
            assert_eq!(totals.read, 20);
            assert_eq!(state(fixture, &desk).await, state(fixture, &undisturbed).await);
            desk.refresh().await;
            assert_rollups_exact(fixture, &desk).await;
        }
        assert_all_runs_told(fixture, &desk).await;
    })
    .await;
}

/// Runs until the batch waits for a lock, and kills it there.
async fn stop_at(
    fixture: &Fixture,
    desk: &Desk,
    (stream, told, how): (Stream, &[Told], &How),
    lock: &str,
) {
    let desk = desk.reconnected(fixture);
    let sync_run_id = desk.start(stream, how).await;
    let holder = fixture.superuser().await;
    let series = if stream == Stream::Transactions { "transactions" } else { "inventory_levels" };
    let storage = super::snapshots::storage(&holder, series).await;
    let hold = match lock {
        "advisory" => {
            // Sales lock their days; this is the lock of all days.
            let source = if stream == Stream::Transactions { "" } else { "till/" };
            let name = format!("{}/{source}{stream}", desk.customer_id);
            format!("select pg_advisory_lock(hashtextextended('{name}', 2))")
        }
        "at commit" => "select pg_advisory_lock(4711)".to_owned(),
        table => table.replace("{series}", &storage),
    };
    holder.batch_execute(&format!("begin; {hold}")).await.unwrap();
    let killer = fixture.superuser().await;
    let has_ended = Cell::new(false);
    let run = async {
        let outcome = desk.attempt(stream, told, how, sync_run_id).await;
        has_ended.set(true);
        outcome
    };
    let kill = async {
        let killed = async || has_ended.get() || kill_waiting(&killer).await;
        let what = format!("the batch to wait for: {lock}");
        wait_for(&what, PATIENCE, killed).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(run, kill);
    let text = super::desk::chain(&outcome.expect_err(lock));
    assert!(text.contains("the next run resumes before it"), "{text}");
    drop(holder);
    let gone = async || {
        let left = "select count(*) from pg_locks join pg_database on pg_database.oid = database
                    where datname = current_database() and pid <> pg_backend_pid()
                        and (locktype = 'advisory' or mode like '%Exclusive%' and locktype = 'relation')";
        killer.query_one(left, &[]).await.unwrap().get::<_, i64>(0) == 0
    };
    wait_for("the locks to be gone", PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn a_partition_in_the_making_goes_with_its_batch() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        client.batch_execute(AT_COMMIT).await.unwrap();
        let desk = Desk::open(fixture, "shop", "UTC").await;
        desk.stock().await;
        // Enough of a new week for a partition of its own.
        let told: Vec<Told> = (0..1_200)
            .map(|number| {
                let at = format!("2026-05-0{}T{:02}:00:00Z", 4 + number % 5, number % 24);
                sale(&format!("l{number}"), ["s1", "s2"][number % 2], "p1", &at)
            })
            .collect();
        let how = How::from("file");
        for lock in ["lock table stores in access exclusive mode", "at commit"] {
            stop_at(fixture, &desk, (Stream::Transactions, &told, &how), lock).await;
            let left = "select (select count(*) from pg_class where relname like '%p20260504%')
                            + (select count(*) from shelfops.chunks_in_the_making)";
            assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0, "{lock}");
            assert_eq!(desk.cursor(Stream::Transactions, &how).await, 0, "{lock}");
        }
        let totals = desk.load(Stream::Transactions, &told, &how).await;
        assert_eq!(totals.inserted, 1_200);
        desk.refresh().await;
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}

/// Every run's counts add up, killed or not: those of batches that were committed.
async fn assert_all_runs_told(fixture: &Fixture, desk: &Desk) {
    let client = fixture.superuser().await;
    let sql = "select stream, sum(read_count)::bigint from sync_runs
               where customer_id = $1 and origin = 'file' group by stream";
    for row in client.query(sql, &[&desk.customer_id.as_uuid()]).await.unwrap() {
        assert_eq!(row.get::<_, i64>(1), 40, "{}", row.get::<_, String>(0));
    }
}

#[tokio::test]
async fn sessions_that_are_killed_again_and_again_lose_and_repeat_nothing() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        let undisturbed = Desk::open(fixture, "undisturbed", "UTC").await;
        let desk = Desk::open(fixture, "disturbed", "UTC").await;
        let told: Vec<Told> = (0..1_500)
            .map(|number| {
                let at = format!(
                    "2026-0{}-0{}T{:02}:00:00Z",
                    3 + number % 2,
                    2 + number % 5,
                    number % 24
                );
                sale(&format!("l{number}"), ["s1", "s2"][number % 2], "p1", &at)
            })
            .collect();
        for each in [&undisturbed, &desk] {
            each.stock().await;
        }
        undisturbed.load(Stream::Transactions, &told, &how("file")).await;
        let how = How::from("file").split(150, 40);
        let mut dice = Dice(3);
        for _ in 0..8 {
            let attempt = desk.reconnected(fixture);
            let sync_run_id = attempt.start(Stream::Transactions, &how).await;
            let next = attempt.cursor(Stream::Transactions, &how).await;
            let run = attempt.run_from(next, (Stream::Transactions, &told), &how, sync_run_id);
            let looks = 4 + dice.roll(30);
            let kill = async {
                for _ in 0..looks {
                    // Each look takes its time: the run has gone on meanwhile.
                    let busy =
                        "select count(*) from pg_stat_activity where datname = current_database()";
                    client.query_one(busy, &[]).await.unwrap();
                }
                let kill = "select pg_terminate_backend(pid) from pg_stat_activity
                            where datname = current_database() and usename = 'shelfops_app'
                                and state <> 'idle'";
                client.query(kill, &[]).await.unwrap();
            };
            let ((outcome, _), ()) = tokio::join!(run, kill);
            if let Err(error) = outcome {
                let text = super::desk::chain(&error);
                assert!(text.contains("the next run resumes before it"), "{text}");
            }
        }
        desk.load(Stream::Transactions, &told, &how).await;
        assert_eq!(by_content(fixture, &desk).await, by_content(fixture, &undisturbed).await);
        assert_eq!(desk.cursor(Stream::Transactions, &how).await, 1_500);
        desk.refresh().await;
        assert_rollups_exact(fixture, &desk).await;
    })
    .await;
}
