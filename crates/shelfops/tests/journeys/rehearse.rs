//! Migrations are rehearsed on a copy, and the database is as before.

use std::time::Duration;

use shelfops_testkit::{TestDatabase, connect, wait_for};

use crate::fixture::{Answer, Command, Shop, shop};

const PATIENCE: Duration = Duration::from_secs(60);

/// Copies of a database that are on its server.
async fn copies(of: &TestDatabase) -> Vec<String> {
    let server = connect(&of.server().url("postgres")).await.unwrap();
    let asked = "select datname::text from pg_database
        where datname like 'rehearsal\\_%' and shobj_description(oid, 'pg_database') like $1";
    let like = format!("copy of {} %", of.name());
    let rows = server.query(asked, &[&like]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn rehearse(shop: &Shop, line: &str) -> Answer {
    command(shop, line).run().await
}

fn command(shop: &Shop, line: &str) -> Command {
    shop.command().args("migrate rehearse".split(' ')).args(line.split_whitespace())
}

#[tokio::test]
async fn a_pending_migration_is_rehearsed_and_stays_pending() {
    let shop = shop().await;
    shop.command()
        .args(["migrate", "down", "--steps", "2", "--delete-data"])
        .run()
        .await
        .succeeds();
    let answer = rehearse(&shop, "--output json").await.succeeds();
    let data = answer.data();
    assert_eq!(data["migrations"].as_array().unwrap().len(), 2);
    assert_eq!(data["copy"]["kind"], "dump");
    for migration in data["migrations"].as_array().unwrap() {
        assert!(
            ["safe", "careful"].contains(&migration["verdict"].as_str().unwrap()),
            "{migration:#}"
        );
        assert!(migration["down"].is_object());
    }
    let status = shop.command().args(["migrate", "status"]).run().await.succeeds();
    assert!(status.stderr.contains("2 pending"), "{}", status.stderr);
    assert_eq!(copies(shop.database()).await, [""; 0]);
}

#[tokio::test]
async fn a_migration_that_fails_on_rows_ends_with_three_and_names_them() {
    let shop = shop().await;
    shop.write("1_far.up.sql", "alter table stores add constraint far check (false);");
    shop.write("1_far.down.sql", "alter table stores drop constraint far;");
    let answer = rehearse(&shop, "1_far.up.sql").await.exits_with(3);
    assert!(answer.stdout.starts_with("fails: 1_far\n"), "{}", answer.stdout);
    assert!(answer.stdout.contains("rows do not meet the check"), "{}", answer.stdout);
    assert!(answer.stdout.contains("store_id"), "{}", answer.stdout);
    assert_eq!(copies(shop.database()).await, [""; 0]);
}

#[tokio::test]
async fn a_sample_of_a_tenant_and_one_of_a_percentage_have_the_schema_and_hold() {
    let shop = shop().await;
    shop.write("1_column.up.sql", "alter table products add column shelf text;");
    shop.write("1_column.down.sql", "alter table products drop column shelf;");
    for choice in ["--tenant acme", "--percent 50", "--copy clone"] {
        let line = format!("1_column.up.sql {choice} --output json");
        let answer = rehearse(&shop, &line).await.succeeds();
        assert_eq!(answer.data()["verdict"], "safe", "{choice}: {:#}", answer.data());
    }
}

#[tokio::test]
async fn what_a_killed_rehearsal_leaves_is_cleaned() {
    let shop = shop().await;
    shop.write("1_long.sql", "select pg_sleep(600);");
    let running = command(&shop, "1_long.sql").start();
    wait_for("the copy to be there", PATIENCE, async || !copies(shop.database()).await.is_empty())
        .await
        .unwrap();
    running.kill().await;
    wait_for("the copy to be cleaned", PATIENCE, async || {
        rehearse(&shop, "--clean").await.succeeds();
        copies(shop.database()).await.is_empty()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_interrupted_rehearsal_drops_its_copy() {
    let shop = shop().await;
    shop.write("1_long.sql", "select pg_sleep(600);");
    let running = command(&shop, "1_long.sql").start();
    wait_for("the copy to be there", PATIENCE, async || !copies(shop.database()).await.is_empty())
        .await
        .unwrap();
    running.interrupt();
    let answer = running.end().await.exits_with(130);
    assert!(answer.stderr.contains("and its copy is dropped"), "{answer}");
    assert_eq!(copies(shop.database()).await, [""; 0]);
}

#[tokio::test]
async fn a_database_without_a_schema_has_nothing_to_rehearse_on() {
    let database = TestDatabase::empty().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let answer = Command::new(directory.path())
        .env("DATABASE_URL", database.url())
        .args(["migrate", "rehearse"])
        .run()
        .await
        .exits_with(2);
    assert!(answer.stderr.contains("shelfops migrate up"), "{}", answer.stderr);
}
