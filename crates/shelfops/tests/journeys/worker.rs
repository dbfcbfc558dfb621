//! Workers: killed, stopped and started again, they do each job, once.

use std::time::Duration;

use serde_json::Value;
use shelfops_testkit::{Engine, wait_for};
use tokio_postgres::Client;

use crate::fixture::{Running, Sale, Shop, Vendor, best_engine, csv, shop};

/// Far longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// Makes store S9 known, as an import would that was killed before it replayed what waited for it.
const STORE_S9: &str = "
    begin;
    select shelfops.enter_tenant(customer_id) from shelfops.tenants where slug = 'acme';
    insert into stores (customer_id, store_id, name, time_zone)
    select customer_id, customer_id, 'New Store', 'Europe/Paris'
    from shelfops.tenants where slug = 'acme';
    insert into external_ids (customer_id, source, entity, external_id, store_id)
    select customer_id, 'file', 'store', 'S9', customer_id
    from shelfops.tenants where slug = 'acme';
    commit";

/// A shop whose lines of store S9 could be loaded, if somebody tried.
async fn with_arrived_lines(engine: Engine, line_count: u32) -> Shop {
    let shop = Shop::open(engine).await;
    let line = |number| Sale { store: "S9".to_owned(), ..Sale::number(number) };
    shop.write("sales.csv", csv(&(1..=line_count).map(line).collect::<Vec<_>>()));
    let flags = ["import", "sales.csv", "--tenant", "acme", "--kind", "transactions"];
    shop.run(flags.into_iter().chain(["--keep-going"])).await;
    assert_eq!(shop.quarantine_count().await, i64::from(line_count));
    superuser(&shop).await.batch_execute(STORE_S9).await.unwrap();
    shop
}

async fn superuser(shop: &Shop) -> Client {
    shop.database().connect().await.unwrap()
}

/// Puts a job of Acme's.
async fn put(shop: &Shop, kind: &str, payload: &str) {
    let sql = format!("select shelfops.enqueue_job('{kind}', '{payload}', null, null, 8)");
    let client = superuser(shop).await;
    client
        .batch_execute(&format!(
            "begin;
             select shelfops.enter_tenant(customer_id) from shelfops.tenants where slug = 'acme';
             {sql};
             commit"
        ))
        .await
        .unwrap();
}

async fn jobs(shop: &Shop, flags: &str) -> Vec<Value> {
    let line = format!("job list --output json{flags}");
    shop.call(&line).await.succeeds().data().as_array().unwrap().clone()
}

fn worker(shop: &Shop) -> Running {
    shop.command().args(["worker", "--concurrency", "2"]).start()
}

/// Stops a worker as a supervisor does.
async fn stop(worker: Running) -> Value {
    worker.signal("TERM");
    let answer = worker.end().await.succeeds();
    assert!(answer.stderr.contains("stopping after the batch at hand"), "{answer}");
    assert!(answer.stdout.contains("done"), "{answer}");
    Value::String(answer.stderr)
}

async fn until_none(shop: &Shop, flags: &str) {
    wait_for("the jobs to be done", DEADLINE, async || jobs(shop, flags).await.is_empty())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_job_whose_worker_is_killed_is_done_by_another_and_its_effects_are_there_once() {
    let shop = with_arrived_lines(Engine::Native, 500).await;
    // Whoever settles a record has to wait: the worker is in the middle of its job.
    let gate = superuser(&shop).await;
    gate.batch_execute("begin; lock table quarantined_records in exclusive mode").await.unwrap();
    put(&shop, "replay-quarantine", "{}").await;
    let first = worker(&shop);
    let at_the_gate = "select count(*) from pg_locks
                       where not granted and relation = 'quarantined_records'::regclass";
    wait_for("the worker to write", DEADLINE, async || {
        gate.query_one(at_the_gate, &[]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await
    .unwrap();
    assert_eq!(jobs(&shop, " --state running --tenant acme").await.len(), 1);
    assert_eq!(first.kill().await.code, -9);
    let second = worker(&shop);
    let taken_again = async || {
        let running = jobs(&shop, " --state running --tenant acme").await;
        running.first().is_some_and(|job| job["attempts"].as_str().unwrap().starts_with("2 "))
    };
    wait_for("another to take the job", DEADLINE, taken_again).await.unwrap();
    gate.batch_execute("commit").await.unwrap();
    until_none(&shop, " --tenant acme").await;
    stop(second).await;
    assert_eq!(shop.line_count().await, 500);
    let distinct = "select count(distinct external_id) from transactions";
    assert_eq!(shop.number(distinct).await, 500);
    let waiting = "select count(*) from quarantined_records where status = 'waiting'";
    assert_eq!(shop.number(waiting).await, 0);
    shop.check_books().await;
}

#[tokio::test]
async fn workers_share_the_work_and_stop_when_they_are_told_to() {
    let shop = with_arrived_lines(best_engine().await, 200).await;
    let workers = [worker(&shop), worker(&shop)];
    put(&shop, "replay-quarantine", "{}").await;
    put(&shop, "replay-quarantine", "{}").await;
    until_none(&shop, "").await;
    let mut said = String::new();
    for worker in workers {
        said.push_str(stop(worker).await.as_str().unwrap());
    }
    assert_eq!(said.matches("timeseries-upkeep: ").count(), 1, "once for both: {said}");
    assert_eq!(said.matches("replay-quarantine: 200 records tried").count(), 1, "{said}");
    assert_eq!(shop.line_count().await, 200);
}

#[tokio::test]
async fn a_connected_system_is_read_by_workers_alone_and_a_killed_one_loses_nothing() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    vendor.connect(&shop, "integration add square --tenant acme -o json").await.succeeds();
    let listed = shop.call("schedule list --tenant acme --source square -o json").await;
    let listed = listed.succeeds().data();
    let rhythm = |kind: &str, stream: Option<&str>| {
        let found = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|schedule| schedule["kind"] == kind && schedule["stream"].as_str() == stream);
        found.unwrap_or_else(|| panic!("{kind} {stream:?}: {listed}"))["rhythm"].clone()
    };
    assert_eq!(rhythm("sync", Some("transactions")), "every 5m");
    assert_eq!(rhythm("sync", Some("inventory")), "every 1h");
    assert_eq!(rhythm("sync", Some("products")), "every 1d");
    assert_eq!(rhythm("refresh-token", None), "every 6h");
    assert_eq!(rhythm("reconcile", None), "daily at 04:00");

    let start = || vendor.command(&shop).args(["worker"]).start();
    let first = start();
    let begun = "select count(*) from sync_runs where kind = 'sync'";
    wait_for("the first run", DEADLINE, async || shop.number(begun).await > 0).await.unwrap();
    first.kill().await;
    let (second, third) = (start(), start());
    let read = "select count(*) from sync_runs
                where kind = 'sync' and stream = 'transactions' and status = 'succeeded'";
    wait_for("the sales to be read", 2 * DEADLINE, async || shop.number(read).await > 0)
        .await
        .unwrap();
    until_none(&shop, " --tenant acme").await;
    let said = [stop(second).await, stop(third).await];
    vendor.assert_books_agree(&shop).await;
    let failed = "select count(*) from sync_runs
                  where status = 'failed' and error <> 'its process ended before it could say why'";
    assert_eq!(shop.number(failed).await, 0, "{said:?}");
    // Stores and products came first, also after one of them was begun twice.
    let waiting = shop.texts(
        "select concat_ws(' ', stream, rule, reason) from quarantined_records
         where rule in ('known-store', 'known-product')",
    );
    assert_eq!(waiting.await, [""; 0], "{said:?}");
}

#[tokio::test]
async fn a_worker_makes_partitions_ahead() {
    let shop = Shop::open(Engine::Native).await;
    let worker = worker(&shop);
    let made = async || {
        let answer = shop.call("timeseries list --output json").await.succeeds().data();
        let series = answer.as_array().unwrap();
        series.iter().all(|series| series["chunk_count"].as_i64() >= Some(5))
    };
    wait_for("five weeks", DEADLINE, made).await.unwrap();
    stop(worker).await;
}

#[tokio::test]
async fn what_failed_for_good_is_seen_and_run_again_by_whoever_may() {
    let shop = shop().await;
    put(&shop, "replay-quarantine", r#"{"nonsense": 1}"#).await;
    put(&shop, "timeseries-upkeep", "{}").await;
    let worker = worker(&shop);
    let dead = async || jobs(&shop, " --state dead").await;
    wait_for("two dead letters", DEADLINE, async || dead().await.len() == 2).await.unwrap();
    let dead = dead().await;
    // Nobody's upkeep but the database's own: a tenant cannot ask for it.
    assert!(dead[0]["error"].as_str().unwrap().contains("customer_id"), "{dead:?}");
    assert!(dead[1]["error"].as_str().unwrap().contains("nonsense"), "{dead:?}");
    assert!(dead.iter().all(|job| job["tenant"] == "acme"), "{dead:?}");
    stop(worker).await;

    let number = dead[1]["job"].as_i64().unwrap();
    let shown = shop.call(&format!("job show {number} --output json")).await.succeeds().json();
    let next = shown["next"][0]["command"].as_str().unwrap();
    assert_eq!(next, format!("shelfops job run {number} --tenant acme"));
    let said = shop.call(&format!("job run {number}")).await.fails_with(2);
    assert!(said.contains("--tenant"), "{said}");
    shop.call(&format!("job run {number} --tenant bravo")).await.fails_with(5);
    shop.call(&format!("job show {number} --tenant bravo")).await.fails_with(5);
    shop.call("job run 99999 --tenant acme").await.fails_with(5);
    shop.call("job list --state gone").await.fails_with(2);
    shop.call(&format!("job pause {number} --tenant acme")).await.fails_with(6);

    // What schedules had put when the worker stopped waits as well.
    let is_one_of = async |state: &str| {
        let listed = jobs(&shop, &format!(" --state {state}")).await;
        listed.iter().filter(|job| job["job"] == number).count() == 1
    };
    shop.call(&format!("job run {number} --tenant acme")).await.succeeds();
    assert!(is_one_of("waiting").await);
    shop.call(&format!("job pause {number} --tenant acme")).await.succeeds();
    assert!(is_one_of("paused").await);
    shop.call(&format!("job resume {number} --tenant acme")).await.succeeds();
    assert!(is_one_of("waiting").await);
    let remembered = "select count(*) from audit_log where operation like 'job %'";
    assert!(shop.number(remembered).await >= 3);
}

#[tokio::test]
async fn a_schedule_is_set_listed_and_paused() {
    let shop = with_arrived_lines(best_engine().await, 20).await;
    let set = "schedule set --tenant acme --kind replay-quarantine";
    shop.call(&format!("{set} --pause")).await.fails_with(5);
    let set_hourly = format!("{set} --every 1h --output json");
    let row = shop.call(&set_hourly).await.succeeds().data();
    assert_eq!((&row["rhythm"], &row["is_paused"]), (&"every 1h".into(), &false.into()));
    for refused in ["--every 5s", "--every often", "--daily-at 4", ""] {
        shop.call(format!("{set} {refused}").trim()).await.fails_with(2);
    }
    shop.call("schedule set --tenant acme --kind timeseries-upkeep --every 1h").await.fails_with(2);
    shop.call("schedule set --tenant acme --kind nonsense --every 1h").await.fails_with(2);

    // New, so due at once: a worker puts the job, and does it.
    let worker = worker(&shop);
    wait_for("the lines to be loaded", DEADLINE, async || shop.line_count().await == 20)
        .await
        .unwrap();
    stop(worker).await;
    let row = shop.call(&format!("{set} --pause --output json")).await.succeeds().data();
    assert_eq!(row["is_paused"], true);
    let listed = shop.call("schedule list --tenant acme --output json").await.succeeds().data();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["rhythm"], "every 1h");
    assert!(listed[0]["last_enqueued_at"].is_string(), "{listed}");
    let others = shop.call("schedule list --tenant bravo --output json").await.succeeds().data();
    assert!(others.as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_worker_needs_a_schema_and_says_so() {
    let empty = shelfops_testkit::server().await.unwrap().empty().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let command = crate::fixture::Command::new(directory.path()).env("DATABASE_URL", empty.url());
    let said = command.args(["worker"]).run().await.fails_with(1);
    assert!(said.contains("shelfops migrate up"), "{said}");
}
