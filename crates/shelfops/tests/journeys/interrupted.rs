//! Imports that end before their file does: killed, or asked to stop. The same command goes on.

use std::time::Duration;

use shelfops_testkit::{Engine, engines, wait_for};

use crate::fixture::{
    Report, Running, Sale, Shop, assert_same_rows, best_engine, csv, dirty_sales, shop,
};

/// Far longer than an import takes to get anywhere.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a block holds, which is the least that a batch can.
const BLOCK: i64 = 4_096;

const SMALL_BATCHES: [&str; 2] = ["--batch-records", "4096"];

/// Waits until committed batches have read so many records, or the program has ended.
async fn wait_until_read(shop: &Shop, running: &mut Running, count: i64) {
    wait_for("a batch to be committed", DEADLINE, async || {
        shop.read_count().await >= count || !running.is_running()
    })
    .await
    .unwrap();
}

/// Draws numbers that are the same in every run of the test.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: i64) -> i64 {
        // Knuth's generator; its upper bits are good enough to choose where to kill.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Kills an import again and again, and expects what an uninterrupted one leaves behind.
async fn survives_being_killed(engine: Engine, seed: u64) {
    let text = csv(&dirty_sales(50_000));
    let whole = Shop::open(engine).await;
    whole.write("sales.csv", &text);
    let at_once = whole.import_sales("sales.csv", &[]).await;

    let shop = Shop::open(engine).await;
    shop.write("sales.csv", &text);
    let mut dice = Dice(seed);
    let mut killed = 0;
    // The first is killed before it has committed anything.
    let mut target = 0;
    while killed < 5 {
        let mut running = shop.importing("sales.csv", "transactions", &SMALL_BATCHES).start();
        if target == 0 {
            let runs = "select count(*) from sync_runs where stream = 'transactions'";
            let begun = async || shop.number(runs).await > 0;
            wait_for("the import to begin", DEADLINE, begun).await.unwrap();
        } else {
            wait_until_read(&shop, &mut running, target).await;
        }
        let answer = running.kill().await;
        assert_eq!(answer.code, -9, "{answer}");
        killed += 1;
        target = shop.read_count().await + 1 + dice.below(2 * BLOCK);
    }
    let last = shop.import_sales("sales.csv", &SMALL_BATCHES).await;
    assert_eq!(last.status, "resumed");
    assert!(last.counts.read < at_once.counts.read, "{last:?}");
    assert_same_rows(&shop.everything().await, &whole.everything().await);
    assert_eq!(shop.import_sales("sales.csv", &[]).await.status, "nothing new");

    // Nobody works on those that were killed, and the list says so.
    let runs = shop.call("sync list --tenant acme --output json").await.succeeds().data();
    let states: Vec<&str> =
        runs.as_array().unwrap().iter().filter_map(|run| run["status"].as_str()).collect();
    assert!(!states.contains(&"running"), "{states:?}");
}

#[tokio::test]
async fn a_killed_import_goes_on_and_ends_as_one_that_was_not_killed() {
    survives_being_killed(best_engine().await, 17).await;
}

#[tokio::test]
async fn a_killed_import_into_native_partitions_goes_on_as_well() {
    if engines().await.unwrap().len() > 1 {
        survives_being_killed(Engine::Native, 18).await;
    }
}

#[tokio::test]
async fn an_interrupted_import_stops_behind_the_batch_at_hand_and_goes_on_later() {
    stops_and_goes_on("INT").await;
}

#[tokio::test]
async fn an_import_that_a_supervisor_ends_stops_in_the_same_way() {
    stops_and_goes_on("TERM").await;
}

async fn stops_and_goes_on(signal: &str) {
    let text = csv(&dirty_sales(50_000));
    let shop = shop().await;
    shop.write("sales.csv", &text);
    let mut running = shop.importing("sales.csv", "transactions", &SMALL_BATCHES).start();
    wait_until_read(&shop, &mut running, 1).await;
    running.signal(signal);
    let answer = running.end().await.exits_with(130);
    assert!(answer.stderr.contains("stopping after the batch at hand"), "{answer}");
    let stopped = Report::of(&answer.data());
    assert_eq!(stopped.status, "stopped");
    assert!(stopped.counts.read >= 4_096 && stopped.counts.read < 50_000, "{stopped:?}");
    shop.check_books().await;
    assert_eq!(shop.read_count().await, stopped.counts.read as i64);

    let rest = shop.import_sales("sales.csv", &[]).await;
    assert_eq!(rest.status, "resumed");
    assert_eq!(rest.counts.read + stopped.counts.read, 50_000);
    let whole = Shop::open(best_engine().await).await;
    whole.write("sales.csv", &text);
    whole.import_sales("sales.csv", &[]).await;
    assert_same_rows(&shop.everything().await, &whole.everything().await);
}

#[tokio::test]
async fn a_resumed_import_goes_on_through_a_thousand_bad_records() {
    let shop = shop().await;
    let line = |number: u32| match number {
        1..=4_096 => Sale::number(number),
        _ => Sale { total: "N/A".to_owned(), ..Sale::number(number) },
    };
    shop.write("sales.csv", csv(&(1..=8_192).map(line).collect::<Vec<_>>()));
    shop.import_sales("sales.csv", &SMALL_BATCHES).await;
    // As if it had been killed behind the first batch.
    let rewind = "update sync_cursors set is_complete = false, cursor = '{\"record\": 4096}'
                  where stream = 'transactions'";
    shop.database().connect().await.unwrap().batch_execute(rewind).await.unwrap();
    let report = shop.import_sales("sales.csv", &[]).await;
    assert_eq!((report.status.as_str(), report.counts.quarantined), ("resumed", 4_096));
    assert_eq!(shop.import_sales("sales.csv", &[]).await.status, "nothing new");
}

#[tokio::test]
async fn an_interrupt_also_keeps_the_files_behind_from_being_begun() {
    let shop = shop().await;
    shop.write("first.csv", csv(&dirty_sales(50_000)));
    shop.write("second.csv", csv(&dirty_sales(100)));
    let flags = ["second.csv", "--batch-records", "4096"];
    let mut running = shop.importing("first.csv", "transactions", &flags).start();
    wait_until_read(&shop, &mut running, 1).await;
    running.interrupt();
    let answer = running.end().await.exits_with(130);
    assert_eq!(answer.data()["files"].as_array().unwrap().len(), 1, "{answer}");
    assert!(answer.json()["next"].to_string().contains("same command"), "{answer}");
}
