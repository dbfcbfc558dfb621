//! The program with its own private server: the demonstration, the doctor, and being killed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use shelfops_testkit::wait_for;
use tempfile::TempDir;

use crate::fixture::{Answer, Command, Report, Running, csv, dirty_sales};

const DEADLINE: Duration = Duration::from_secs(60);

/// A directory in which the program keeps its own server.
struct Home {
    directory: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn command(&self, line: &str) -> Command {
        Command::new(self.directory.path()).args(line.split(' '))
    }

    async fn call(&self, line: &str) -> Answer {
        self.command(line).run().await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the id of the server's main process, as its own file tells while it runs.
    fn server_id(&self) -> Option<u32> {
        let file = find(&self.path(".shelfops"), "postmaster.pid")?;
        let text = std::fs::read_to_string(file).ok()?;
        let id: u32 = text.lines().next()?.trim().parse().ok()?;
        std::fs::exists(format!("/proc/{id}")).unwrap().then_some(id)
    }

    /// Waits until no server runs any more.
    async fn until_stopped(&self) {
        let stopped = async || self.server_id().is_none();
        wait_for("the server to stop by itself", DEADLINE, stopped).await.unwrap();
    }

    /// Waits until a server runs that takes connections, or the program has ended.
    async fn until_started(&self, running: &mut Running) {
        let started = async || {
            let file = find(&self.path(".shelfops"), "postmaster.pid");
            let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
            text.contains("ready") || !running.is_running()
        };
        wait_for("the server to start", DEADLINE, started).await.unwrap();
    }
}

/// Finds a file of that name below a directory.
fn find(directory: &std::path::Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<_> = std::fs::read_dir(directory).ok()?.filter_map(Result::ok).collect();
    let here = entries.iter().find(|entry| entry.file_name() == name).map(|entry| entry.path());
    here.or_else(|| entries.iter().find_map(|entry| find(&entry.path(), name)))
}

/// Sends a signal to a process.
fn signal(id: u32, name: &str) {
    let status = std::process::Command::new("kill").args(["-s", name, &id.to_string()]).status();
    assert!(status.unwrap().success());
}

/// Which rule refuses each kind of dirt that the generator plants; what comes twice is no mistake.
const RULES: [(&str, &str); 10] = [
    ("zero-quantity", "quantity-positive"),
    ("zero-quantity-with-value", "quantity-positive"),
    ("negative-quantity", "quantity-positive"),
    ("unknown-product", "known-product"),
    ("unreadable-number", "number-readable"),
    ("unreadable-count", "number-readable"),
    ("impossible-date", "time-readable"),
    ("short-line", "well-formed"),
    ("unknown-currency", "currency-known"),
    ("unknown-status", "type-known"),
];

/// Expects a retailer's report to count what was planted in its files, and nothing besides.
fn assert_finds_what_was_planted(tenant: &Value) {
    let planted = tenant["planted_dirt"].as_object().unwrap();
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    let mut repeated = 0;
    for (kind, count) in planted {
        let count = count.as_u64().unwrap();
        match RULES.iter().find(|(known, _)| known == kind) {
            Some((_, rule)) => *expected.entry((*rule).to_owned()).or_default() += count,
            None => {
                assert_eq!(kind, "duplicate-line", "a kind of dirt without its rule");
                repeated += count;
            }
        }
    }
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let mut unchanged = 0;
    for file in tenant["files"].as_array().unwrap() {
        let report: Report = serde_json::from_value(file.clone()).unwrap();
        report.counts.assert_balanced();
        assert_eq!(report.status, "loaded");
        unchanged += report.counts.unchanged;
        for (rule, count) in report.counts.quarantined_by_rule {
            *found.entry(rule).or_default() += count;
        }
    }
    // A day in 1899 can be read and is not believed; one that never was cannot be read.
    let insane = found.remove("time-sane").unwrap_or_default();
    if insane > 0 {
        *found.entry("time-readable".to_owned()).or_default() += insane;
    }
    assert_eq!(found, expected, "{}", tenant["tenant"]);
    assert_eq!(unchanged, repeated, "{}", tenant["tenant"]);
}

fn assert_agrees_with_the_vendor(tenant: &Value) {
    for stream in tenant["streams"].as_array().unwrap() {
        assert_eq!((&stream["status"], &stream["quarantined"]), (&"synced".into(), &0.into()));
    }
    let compared = tenant["compared"].as_array().unwrap();
    assert_eq!(compared.len(), 3, "{tenant}");
    assert!(compared.iter().all(|store| store["outcome"] == "equal"), "{tenant}");
}

#[tokio::test]
async fn the_demonstration_finds_all_the_dirt_and_is_nothing_new_the_second_time() {
    let home = Home::new();
    let first = home.call("demo --once --lines 1000").await.succeeds();
    let data = first.data();
    let tenants = data["tenants"].as_array().unwrap();
    assert_eq!(tenants.len(), 4);
    tenants[..3].iter().for_each(assert_finds_what_was_planted);
    assert_agrees_with_the_vendor(&tenants[3]);
    for answer in ["daily_sales", "top_sellers"] {
        assert!(!data["answers"][answer].as_array().unwrap().is_empty(), "{answer}");
    }
    home.until_stopped().await;

    let second = home.call("demo --once --lines 1000").await.succeeds();
    let data = second.data();
    let tenants = data["tenants"].as_array().unwrap();
    for tenant in &tenants[..3] {
        for file in tenant["files"].as_array().unwrap() {
            assert_eq!(file["status"], "nothing new", "{file}");
        }
    }
    // The vendor's world went on, and is still the same one.
    assert_agrees_with_the_vendor(&tenants[3]);
    assert_eq!(data["answers"], first.data()["answers"]);
    let tenants = home.call("tenant list --output json").await.succeeds().data();
    assert_eq!(tenants.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn the_doctor_says_what_is_missing_until_nothing_is() {
    let home = Home::new();
    let ill = home.call("doctor --output json").await.exits_with(3).data();
    let find = |checks: &Value, name: &str| -> Value {
        let checks = checks.as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).cloned().unwrap()
    };
    let migrations = find(&ill, "migrations");
    assert_eq!(
        (&migrations["state"], &migrations["mend"]),
        (&"problem".into(), &"shelfops migrate up".into())
    );
    assert!(find(&ill, "server")["found"].to_string().contains("embedded"), "{ill}");

    home.call("migrate up").await.succeeds();
    let well = home.call("doctor --output json").await.succeeds().data();
    assert_eq!(find(&well, "migrations")["state"], "ok");
    for check in well.as_array().unwrap() {
        assert_ne!(check["state"], "problem", "{check}");
    }
}

#[tokio::test]
async fn a_killed_program_leaves_no_server_behind_and_the_next_one_recovers() {
    let home = Home::new();
    let mut running = home.command("demo --once --lines 8000").start();
    home.until_started(&mut running).await;
    let server = home.server_id().expect("a server runs");
    let files = async || {
        let directory = home.path(".shelfops/demo");
        find(&directory, "transactions.csv").is_some() || !running.is_running()
    };
    wait_for("the demonstration to get to work", DEADLINE, files).await.unwrap();
    let answer = running.kill().await;
    assert_eq!(answer.code, -9, "{answer}");
    let gone = async || !std::fs::exists(format!("/proc/{server}")).unwrap();
    wait_for("the server to stop by itself", DEADLINE, gone).await.unwrap();

    let answer = home.call("demo --once --lines 8000").await.succeeds();
    for tenant in answer.data()["tenants"].as_array().unwrap() {
        let Some(quarantine) = tenant["quarantine"].as_array() else { continue };
        let waiting: u64 = quarantine.iter().filter_map(|reason| reason["waiting"].as_u64()).sum();
        let planted = tenant["planted_dirt"].as_object().unwrap();
        let repeated = planted["duplicate-line"].as_u64().unwrap();
        let all: u64 = planted.values().filter_map(Value::as_u64).sum();
        assert_eq!(waiting, all - repeated, "{tenant}");
    }
}

#[tokio::test]
async fn a_server_that_crashes_in_the_middle_is_told_and_the_import_completed_later() {
    let home = Home::new();
    std::fs::write(home.path("stores.csv"), "store_id,name\nS1,Main\nS2,Side\n").unwrap();
    let products: String = (1..=40).map(|number| format!("P{number},Product\n")).collect();
    std::fs::write(home.path("products.csv"), format!("product_id,name\n{products}")).unwrap();
    std::fs::write(home.path("sales.csv"), csv(&dirty_sales(60_000))).unwrap();
    for line in [
        "migrate up",
        "tenant add acme",
        "import stores.csv --tenant acme --kind stores",
        "import products.csv --tenant acme --kind products",
    ] {
        home.call(line).await.succeeds();
    }
    let import = "import sales.csv --tenant acme --kind transactions --batch-records 1 -o json";
    let mut running = home.command(import).start();
    home.until_started(&mut running).await;
    // Another process sees how far it is, through the same server.
    let read = async || {
        let runs = home.call("sync list --tenant acme --output json").await.succeeds().data();
        runs[0]["stream"] == "transactions" && runs[0]["read"].as_u64() > Some(0)
    };
    wait_for("a batch to be committed", DEADLINE, read).await.unwrap();
    signal(home.server_id().unwrap(), "QUIT");
    let said = running.end().await.fails_with(8);
    assert!(said.contains("nothing of this batch was written"), "{said}");

    let rest = Report::of(&home.call(import).await.succeeds().data());
    assert_eq!(rest.status, "resumed");
    assert!(rest.counts.read < 60_000);
    let again = home.call(&format!("{import} --again")).await.succeeds();
    let again = Report::of(&again.data());
    assert_eq!((again.counts.read, again.counts.inserted), (60_000, 0), "nothing was lost");
    let runs = home.call("sync list --tenant acme --output json").await.succeeds().data();
    let inserted: u64 = runs
        .as_array()
        .unwrap()
        .iter()
        .filter(|run| run["stream"] == "transactions")
        .filter_map(|run| run["inserted"].as_u64())
        .sum();
    let shown = home.call("tenant show acme --output json").await.succeeds().data();
    assert_eq!(shown["transaction_lines"], inserted, "nothing is there twice");
}

#[tokio::test]
async fn a_server_that_is_killed_runs_again_under_those_who_serve_and_work() {
    let home = Home::new();
    home.call("migrate up").await.succeeds();
    home.until_stopped().await;
    for (line, begun) in [("worker", "schema-drift:"), ("serve --listen 127.0.0.1:0", "listening")]
    {
        let mut running = home.command(line).start();
        let at_work = async || running.said().contains(begun) || !running.is_running();
        wait_for("the program to get to work", DEADLINE, at_work).await.unwrap();
        let killed = home.server_id().unwrap();
        signal(killed, "KILL");
        let again = async || {
            let is_another = home.server_id().is_some_and(|id| id != killed);
            is_another && running.said().contains("runs again") || !running.is_running()
        };
        wait_for("the server to run again", DEADLINE, again).await.unwrap();
        assert!(running.is_running(), "{line}: {}", running.said());
        running.signal("TERM");
        running.end().await.succeeds();
        home.until_stopped().await;
    }
}

#[tokio::test]
async fn variables_that_are_set_to_nothing_are_not_set() {
    let home = Home::new();
    let mut command = home.command("migrate up");
    for name in [
        "DATABASE_URL",
        "SHELFOPS_APP_DATABASE_URL",
        "SHELFOPS_ENVIRONMENT",
        "SHELFOPS_TIMESERIES_ENGINE",
    ] {
        command = command.env(name, "");
    }
    command.run().await.succeeds();
    assert!(home.path(".shelfops/postgres").is_dir());
}

#[tokio::test]
async fn log_lines_have_colours_only_where_they_are_wanted() {
    let home = Home::new();
    let logged = async |name: &str, value: &str| {
        let command = home.command("migrate status").env("SHELFOPS_LOG", "debug");
        let answer = command.env(name, value).on_terminal("").run().await.succeeds();
        assert!(answer.stdout.contains("DEBUG"), "{answer}");
        answer.stdout.contains("\u{1b}[")
    };
    assert!(logged("NO_COLOR", "").await);
    assert!(!logged("NO_COLOR", "1").await);
    assert!(!logged("TERM", "dumb").await);
}

#[tokio::test]
async fn several_programs_share_one_server() {
    let home = Home::new();
    home.call("migrate up").await.succeeds();
    let adding: Vec<Running> =
        (0..4).map(|number| home.command(&format!("tenant add t{number}")).start()).collect();
    for running in adding {
        running.end().await.succeeds();
    }
    let tenants = home.call("tenant list --output json").await.succeeds().data();
    assert_eq!(tenants.as_array().unwrap().len(), 4);
    home.until_stopped().await;
}

#[tokio::test]
async fn the_demonstration_stays_until_it_is_interrupted() {
    let home = Home::new();
    let mut running = home.command("demo --lines 1000").start();
    home.until_started(&mut running).await;
    // A sale at the till is told, read because of that, and seen.
    let is_live = async || running.said().contains("from its notification to here");
    wait_for("a sale to be told of", DEADLINE, is_live).await.unwrap();
    assert!(running.is_running());
    running.interrupt();
    let answer = running.end().await.succeeds();
    assert!(answer.stdout.contains("Daily sales"), "{answer}");
    home.until_stopped().await;
}

#[tokio::test]
async fn what_is_begun_in_a_directory_is_found_from_those_below_it() {
    let home = Home::new();
    std::fs::create_dir(home.path("exports")).unwrap();
    home.call("migrate up").await.succeeds();
    home.until_stopped().await;
    let below = |line: &str| Command::new(&home.path("exports")).args(line.split(' '));
    let rows = below("migrate status --output json").run().await.succeeds().data();
    assert!(rows.as_array().unwrap().iter().all(|row| row["state"] == "applied"), "{rows}");
    assert!(!home.path("exports/.shelfops").exists());
    home.until_stopped().await;

    // A path in the file is read from where the file is.
    std::fs::write(home.path("shelfops.toml"), "state_directory = \"named\"\n").unwrap();
    below("doctor").run().await.exits_with(3);
    assert!(home.path("named/postgres").is_dir());
    assert!(!home.path("exports/named").exists());
}
