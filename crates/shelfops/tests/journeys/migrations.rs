//! The schema, built and taken back through the command line.

use std::collections::BTreeSet;

use serde_json::Value;
use shelfops_testkit::TestDatabase;
use tempfile::TempDir;

use crate::fixture::{Answer, Command};

/// An empty database and a directory to call the program in.
struct Site {
    database: TestDatabase,
    directory: TempDir,
}

impl Site {
    async fn open() -> Self {
        let database = TestDatabase::empty().await.unwrap();
        Self { database, directory: tempfile::tempdir().unwrap() }
    }

    fn command(&self, line: &str) -> Command {
        Command::new(self.directory.path())
            .env("DATABASE_URL", self.database.url())
            .args(line.split(' '))
    }

    async fn call(&self, line: &str) -> Answer {
        self.command(line).run().await
    }

    /// Returns the versions in the answer of a migration command.
    async fn versions(&self, line: &str) -> Vec<String> {
        versions(&self.call(&format!("{line} --output json")).await.succeeds().data())
    }

    /// Counts migrations in a state.
    async fn count(&self, state: &str) -> usize {
        let answer = self.call("migrate status --output json").await.succeeds().data();
        answer.as_array().unwrap().iter().filter(|row| row["state"] == state).count()
    }
}

fn versions(rows: &Value) -> Vec<String> {
    let text = |row: &Value| row["version"].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(text).collect()
}

#[tokio::test]
async fn the_schema_goes_up_and_down_in_steps() {
    let site = Site::open().await;
    let all = site.count("pending").await;
    assert!(all > 30 && site.count("applied").await == 0);

    let first = site.versions("migrate up --steps 3").await;
    assert_eq!((first.len(), site.count("applied").await), (3, 3));
    let second = site.versions("migrate up --to 20261123100500").await;
    assert_eq!(second.last().unwrap(), "20261123100500");
    let rest = site.versions("migrate up").await;
    assert_eq!(first.len() + second.len() + rest.len(), all);
    let answer = site.call("migrate up").await.succeeds();
    assert!(answer.stderr.contains("nothing to do: the schema is up to date"), "{answer}");

    let mut taken_back = site.versions("migrate down").await;
    assert_eq!(taken_back.last(), rest.last());
    taken_back.extend(site.versions("migrate down --steps 2").await);
    assert_eq!(taken_back.len(), 3);
    taken_back.extend(site.versions("migrate down --all").await);
    taken_back.reverse();
    assert_eq!(taken_back, [first, second, rest].concat());
    let answer = site.call("migrate down").await.succeeds();
    assert!(answer.stderr.contains("nothing to do"), "{answer}");
    // And it can be built again where it was.
    assert_eq!(site.versions("migrate up").await.len(), all);
}

#[tokio::test]
async fn going_down_wants_a_word_once_there_is_a_tenant_and_something_to_lose() {
    let site = Site::open().await;
    site.call("migrate up --to 20261128110000").await.succeeds();
    site.call("tenant add acme").await.succeeds();
    let before = site.count("applied").await;
    // Whole tables, a column, and at last a function alone.
    for (line, lost) in [
        ("migrate down --all", "drop table"),
        ("migrate down --to 20261127150000", "drop column dropped_before"),
    ] {
        let said = site.call(line).await.fails_with(2);
        assert!(said.contains("--delete-data") && said.contains("1 tenant"), "{said}");
        assert!(said.contains(lost), "{said}");
    }
    assert_eq!(site.count("applied").await, before);
    let functions = site.versions("migrate down --to 20261128100000").await;
    assert_eq!(functions, ["20261128110000"], "it loses nothing, so nothing is asked");
    site.call("migrate down --all --delete-data").await.succeeds();
    assert_eq!(site.count("applied").await, 0);
}

#[tokio::test]
async fn going_down_is_refused_where_nobody_can_say_whether_there_are_tenants() {
    let site = Site::open().await;
    site.call("migrate up").await.succeeds();
    site.call("tenant add acme").await.succeeds();
    let before = site.count("applied").await;
    let hide = "alter table shelfops.tenants rename to hidden_tenants";
    site.database.connect().await.unwrap().batch_execute(hide).await.unwrap();
    let said = site.call("migrate down --all").await.fails_with(1);
    assert!(said.contains("could not list the tenants"), "{said}");
    assert_eq!(site.count("applied").await, before);
}

#[tokio::test]
async fn a_migration_that_changed_or_is_unknown_stops_everything() {
    let site = Site::open().await;
    site.call("migrate up --steps 6").await.succeeds();
    let client = site.database.connect().await.unwrap();
    let ledger = "shelfops_ledger.migrations";
    let change = "set checksum = '\\x00' where version = 20261123100400";
    client.batch_execute(&format!("update {ledger} {change}")).await.unwrap();
    let status = site.call("migrate status --output json").await.exits_with(3);
    let changed =
        status.data().as_array().unwrap().iter().filter(|row| row["state"] == "changed").count();
    assert_eq!(changed, 1, "{status}");
    for line in ["migrate up", "migrate down"] {
        let said = site.call(line).await.fails_with(6);
        assert!(said.contains("20261123100400_create_customers was changed"), "{said}");
        assert!(said.contains("nothing was run"), "{said}");
    }
    let doctor = site.call("doctor --output json").await.exits_with(3);
    assert!(doctor.stdout.contains("do not match this program"), "{doctor}");

    let unknown = format!(
        "delete from {ledger} where version = 20261123100400;
         insert into {ledger} (version, name, checksum) values (20991231000000, 'later', '')"
    );
    client.batch_execute(&unknown).await.unwrap();
    let said = site.call("migrate up").await.fails_with(6);
    assert!(said.contains("20991231000000_later") && said.contains("newer program"), "{said}");
}

#[tokio::test]
async fn processes_that_migrate_at_once_share_the_work() {
    let site = Site::open().await;
    let running: Vec<_> =
        (0..3).map(|_| site.command("migrate up --output json").start()).collect();
    let mut applied = Vec::new();
    for process in running {
        applied.extend(versions(&process.end().await.succeeds().data()));
    }
    let distinct: BTreeSet<&String> = applied.iter().collect();
    assert_eq!(distinct.len(), applied.len(), "none is applied twice");
    assert_eq!((site.count("applied").await, site.count("pending").await), (applied.len(), 0));
}

#[tokio::test]
async fn a_killed_migration_leaves_nothing_half_done() {
    let site = Site::open().await;
    for _ in 0..4 {
        let mut running = site.command("migrate up").start();
        let client = site.database.connect().await.unwrap();
        let begun = "select to_regclass('shelfops_ledger.migrations') is not null";
        shelfops_testkit::wait_for(
            "migrating to begin",
            std::time::Duration::from_secs(30),
            async || {
                client.query_one(begun, &[]).await.unwrap().get::<_, bool>(0)
                    || !running.is_running()
            },
        )
        .await
        .unwrap();
        running.kill().await;
        // Whatever was reached, status answers and going on is possible.
        site.call("migrate status").await.succeeds();
    }
    site.call("migrate up").await.succeeds();
    assert_eq!(site.count("pending").await, 0);
    site.call("doctor").await.succeeds();
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_refused() {
    let site = Site::open().await;
    let said = site.call("migrate up --timeseries-engine mongo").await.fails_with(2);
    assert!(said.contains("mongo") && said.contains("native"), "{said}");
    let said = site.call("migrate up --timeseries-engine citus").await.fails_with(1);
    assert!(said.contains("citus") && said.contains("native or timescale"), "{said}");
}
