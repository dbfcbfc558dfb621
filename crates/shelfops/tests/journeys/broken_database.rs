//! Databases that are not there, go away in the middle, or are full.

use std::time::Duration;

use shelfops_testkit::{TestDatabase, wait_for};

use crate::fixture::{Command, Running, Shop, assert_same_rows, csv, dirty_sales, shop};

const DEADLINE: Duration = Duration::from_secs(60);
const SMALL_BATCHES: [&str; 2] = ["--batch-records", "4096"];
const LINES: u32 = 50_000;

/// Starts an import of many lines and waits until some are committed.
async fn under_way(shop: &Shop) -> Running {
    shop.write("sales.csv", csv(&dirty_sales(LINES)));
    let mut running = shop.importing("sales.csv", "transactions", &SMALL_BATCHES).start();
    wait_for("a batch to be committed", DEADLINE, async || {
        shop.line_count().await > 0 || !running.is_running()
    })
    .await
    .unwrap();
    running
}

/// Runs the same command again; expects what an import leaves behind that nothing happened to.
async fn completes(shop: &Shop) {
    shop.check_books().await;
    assert!(shop.line_count().await > 0);
    let rest = shop.import_sales("sales.csv", &SMALL_BATCHES).await;
    assert_eq!(rest.status, "resumed");
    let whole = crate::fixture::shop().await;
    whole.write("sales.csv", csv(&dirty_sales(LINES)));
    whole.import_sales("sales.csv", &[]).await;
    assert_same_rows(&shop.everything().await, &whole.everything().await);
}

#[tokio::test]
async fn a_database_that_goes_away_in_the_middle_is_told_and_the_import_completed_later() {
    let shop = shop().await;
    let running = under_way(&shop).await;
    let end_sessions = "select pg_terminate_backend(pid) from pg_stat_activity
                        where datname = current_database() and pid <> pg_backend_pid()";
    let client = shop.database().connect().await.unwrap();
    client.batch_execute(end_sessions).await.unwrap();
    let said = running.end().await.fails_with(8);
    for part in ["sales.csv", "nothing of this batch was written", "resumes", "because"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    completes(&shop).await;
}

/// Stands in for a full disk where none can be filled: the server's own error, raised when a batch
/// is nearly through.
const FULL_DISK: &str = "
    create function public.fill_disk() returns trigger language plpgsql as $$
    begin
        if (new.cursor->>'record')::bigint > 10000 then
            raise exception using
                errcode = 'disk_full',
                message = 'could not extend file \"base/16384/16500\": No space left on device',
                hint = 'Check free disk space.';
        end if;
        return new;
    end $$;
    grant execute on function public.fill_disk() to public;
    create trigger fill_disk before insert or update on sync_cursors
        for each row execute function public.fill_disk()";

#[track_caller]
pub(super) fn assert_tells_of_full_disk(said: &str) {
    for part in ["sales.csv", "could not extend file", "nothing of this batch was written"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("free room and run the same command again"), "{said}");
    // The server tells a disk that took nothing of a block from one that took the half of it.
    let reasons = ["No space left on device", "wrote only "].map(|told| said.matches(told).count());
    assert_eq!(reasons.iter().sum::<usize>(), 1, "said once: {said}");
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_of_the_batch_is_written() {
    let shop = shop().await;
    let client = shop.database().connect().await.unwrap();
    client.batch_execute(FULL_DISK).await.unwrap();
    shop.write("sales.csv", csv(&dirty_sales(LINES)));
    let answer = shop.importing("sales.csv", "transactions", &SMALL_BATCHES).run().await;
    assert_tells_of_full_disk(&answer.fails_with(1));
    assert_eq!(shop.read_count().await, 8_192, "two batches were through before");
    let run = "select status || ' ' || error from sync_runs where stream = 'transactions'";
    let run = &shop.texts(run).await[0];
    assert!(run.starts_with("failed") && run.contains("No space left on device"), "{run}");

    client.batch_execute("drop trigger fill_disk on sync_cursors").await.unwrap();
    completes(&shop).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_its_address_and_no_password() {
    let directory = tempfile::tempdir().unwrap();
    for line in ["tenant list", "migrate up", "import a.csv --tenant a --kind stores"] {
        let command = Command::new(directory.path())
            .env("DATABASE_URL", "postgres://clerk:secret@127.0.0.1:1/shop?connect_timeout=5");
        let said = command.args(line.split(' ')).run().await.fails_with(8);
        assert!(said.starts_with("error: cannot reach the database at 127.0.0.1:1/shop"), "{said}");
        assert!(said.contains("Connection refused") && !said.contains("secret"), "{said}");
    }
    assert!(!directory.path().join(".shelfops").exists(), "no server of our own is started");
}

#[tokio::test]
async fn the_doctor_finds_a_server_that_is_not_there_or_cannot_be_and_says_what_mends_it() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = "postgres://clerk:secret@127.0.0.1:1/shop?connect_timeout=5";
    for (name, value, found, mend) in [
        ("DATABASE_URL", nowhere, "existing, 127.0.0.1:1/shop: ", "DATABASE_URL"),
        ("DATABASE_URL", "postgres://clerk:secret@h:port/x", "is not usable", "DATABASE_URL"),
        ("SHELFOPS_POSTGRES_BIN", "/nowhere", "embedded: ", "make packages"),
    ] {
        let command = Command::new(directory.path()).env(name, value);
        let answer = command.args(["doctor", "--output", "json"]).run().await.exits_with(3);
        let checks = answer.data();
        assert_eq!(
            (&checks[0]["check"], &checks[0]["state"]),
            (&"server".into(), &"problem".into())
        );
        let text = checks[0].to_string();
        assert!(text.contains(found) && text.contains(mend), "{text}");
        assert!(!text.contains("secret") && !text.contains("shelfops doctor"), "{text}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_refused_without_its_password() {
    let directory = tempfile::tempdir().unwrap();
    for url in ["mysql://clerk:secret@localhost/shop", "postgres://clerk:secret@localhost:port/x"] {
        let command = Command::new(directory.path()).env("DATABASE_URL", url);
        let said = command.args(["tenant", "list"]).run().await.fails_with(2);
        assert!(said.contains("database address is not usable"), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn a_database_without_the_schema_says_how_to_get_it() {
    let database = TestDatabase::empty().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("stores.csv"), "store_id,name\nS1,Main\n").unwrap();
    for line in [
        "tenant list",
        "tenant add acme",
        "quarantine list --tenant acme",
        "timeseries list",
        "import stores.csv --tenant acme --kind stores",
    ] {
        let command = Command::new(directory.path()).env("DATABASE_URL", database.url());
        let said = command.args(line.split(' ')).run().await.fails_with(1);
        assert!(said.contains("run `shelfops migrate up`"), "{line}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
