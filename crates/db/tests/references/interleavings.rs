//! Two sessions at once, in every order: one waits for the other, and no orphan is left.

use std::time::Duration;

use shelfops_db::Engine;
use shelfops_testkit::wait_for;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::shop::{REFERENCES, begin, delete, id, insert, open, orphan_count, run};
use crate::fixture::{Fixture, on_every_engine};

const PATIENCE: Duration = Duration::from_secs(30);

/// Two sessions, and one that watches them.
struct Pair {
    first: Client,
    second: Client,
    watcher: Client,
}

impl Pair {
    async fn new(fixture: &Fixture) -> Self {
        Self {
            first: fixture.superuser().await,
            second: fixture.superuser().await,
            watcher: fixture.superuser().await,
        }
    }

    /// Lets the first session do something, the second wait for it, and the first end so or so.
    async fn run(&self, first: &str, second: &str, end: &str) -> Result<(), SqlState> {
        begin(&self.first).await;
        self.first.batch_execute(first).await.unwrap();
        begin(&self.second).await;
        let pid = "select pg_backend_pid()";
        let pid: i32 = self.second.query_one(pid, &[]).await.unwrap().get(0);
        let blocked = self.second.batch_execute(second);
        let unblock = async {
            let waits = async || {
                let sql = "select exists (select from pg_locks where pid = $1 and not granted)";
                self.watcher.query_one(sql, &[&pid]).await.unwrap().get(0)
            };
            wait_for("the second session to wait for the first", PATIENCE, waits).await.unwrap();
            self.first.batch_execute(end).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(blocked, unblock);
        let end = if outcome.is_ok() { "commit" } else { "rollback" };
        self.second.batch_execute(end).await.unwrap();
        outcome.map_err(|error| error.code().cloned().unwrap())
    }
}

#[tokio::test]
async fn whoever_comes_second_waits_and_then_knows() {
    on_every_engine(async |fixture| {
        let client = open(fixture, 60).await;
        let pair = Pair::new(fixture).await;
        let mut number = 1;
        for (series, parent, key_column) in REFERENCES {
            for (insert_first, end, is_refused) in [
                (true, "commit", true),
                (true, "rollback", false),
                (false, "commit", true),
                (false, "rollback", false),
            ] {
                number += 1;
                let is_store = key_column == "store_id";
                let (store, product) = if is_store { (number, 1) } else { (1, number) };
                let (add, remove) =
                    (insert(series, store, product, number), delete(parent, key_column, number));
                let (first, second) = if insert_first { (&add, &remove) } else { (&remove, &add) };
                let outcome = pair.run(first, second, end).await;
                let expected =
                    if is_refused { Err(SqlState::FOREIGN_KEY_VIOLATION) } else { Ok(()) };
                assert_eq!(
                    outcome, expected,
                    "{series} {parent}, insert first: {insert_first}, {end}"
                );
                assert_eq!(orphan_count(&client).await, 0);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_that_moves_to_a_store_holds_it() {
    on_every_engine(async |fixture| {
        let client = open(fixture, 10).await;
        let pair = Pair::new(fixture).await;
        for series in ["transactions", "inventory_levels"] {
            assert_eq!(run(&client, &insert(series, 1, 1, 1)).await, Ok(()));
        }
        let mut number = 1;
        for (series, parent, key_column) in REFERENCES {
            for (update_first, end, is_refused) in
                [(true, "commit", true), (false, "commit", true), (false, "rollback", false)]
            {
                number += 1;
                let update = format!("update {series} set {key_column} = '{}'", id(2 + number % 8));
                let remove = delete(parent, key_column, 2 + number % 8);
                let (first, second) =
                    if update_first { (&update, &remove) } else { (&remove, &update) };
                let outcome = pair.run(first, second, end).await;
                let expected =
                    if is_refused { Err(SqlState::FOREIGN_KEY_VIOLATION) } else { Ok(()) };
                assert_eq!(
                    outcome, expected,
                    "{series} {parent}, update first: {update_first}, {end}"
                );
                assert_eq!(orphan_count(&client).await, 0);
                // What was deleted comes back for the next.
                let again = format!(
                    "insert into {parent} (customer_id, {key_column}, name {})
                     values ('{}', '{}', 'Again' {}) on conflict do nothing",
                    if parent == "stores" { ", time_zone" } else { "" },
                    super::shop::TENANT,
                    id(2 + number % 8),
                    if parent == "stores" { ", 'UTC'" } else { "" },
                );
                assert_eq!(run(&client, &again).await, Ok(()));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_delete_sees_what_was_committed_after_its_transaction_began() {
    on_every_engine(async |fixture| {
        let client = open(fixture, 10).await;
        let pair = Pair::new(fixture).await;
        for (number, (series, parent, key_column)) in (2..).zip(REFERENCES) {
            begin(&pair.first).await;
            pair.first.batch_execute("select count(*) from stores, products").await.unwrap();
            let is_store = key_column == "store_id";
            let (store, product) = if is_store { (number, 1) } else { (1, number) };
            assert_eq!(run(&pair.second, &insert(series, store, product, number)).await, Ok(()));
            let remove = delete(parent, key_column, number);
            let error = pair.first.batch_execute(&remove).await.unwrap_err();
            assert_eq!(error.code(), Some(&SqlState::FOREIGN_KEY_VIOLATION), "{series} {parent}");
            pair.first.batch_execute("rollback").await.unwrap();
        }
        assert_eq!(orphan_count(&client).await, 0);
    })
    .await;
}

#[tokio::test]
async fn sessions_that_name_the_same_store_do_not_wait_for_each_other() {
    on_every_engine(async |fixture| {
        let client = open(fixture, 2).await;
        // Whoever is first in a week makes its chunk, and the others wait for that.
        assert_eq!(run(&client, &insert("inventory_levels", 1, 1, 9)).await, Ok(()));
        let pair = Pair::new(fixture).await;
        begin(&pair.first).await;
        begin(&pair.second).await;
        // Of different days, so that they do not wait for each other's totals either.
        let first = insert("inventory_levels", 1, 1, 1);
        let second = insert("inventory_levels", 1, 2, 2);
        pair.first.batch_execute(&first).await.unwrap();
        pair.second.batch_execute("set local lock_timeout = '10s'").await.unwrap();
        pair.second.batch_execute(&second).await.unwrap();
        pair.first.batch_execute("commit").await.unwrap();
        pair.second.batch_execute("commit").await.unwrap();
        // Nor does a change of anything but the key.
        begin(&pair.first).await;
        pair.first.batch_execute(&insert("inventory_levels", 2, 2, 3)).await.unwrap();
        let rename = "set local lock_timeout = '10s'; update stores set name = 'Other'";
        assert_eq!(run(&pair.second, rename).await, Ok(()));
        pair.first.batch_execute("commit").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_chunk_that_is_filled_aside_holds_what_it_names() {
    on_every_engine(async |fixture| {
        if fixture.engine != Engine::Native {
            return;
        }
        let client = open(fixture, 10).await;
        let pair = Pair::new(fixture).await;
        for (number, parent, key_column, insert_first, monday) in [
            (2, "stores", "store_id", true, "2026-05-04"),
            (3, "stores", "store_id", false, "2026-05-11"),
            (4, "products", "product_id", true, "2026-05-18"),
            (5, "products", "product_id", false, "2026-05-25"),
        ] {
            let (store, product) = if parent == "stores" { (number, 1) } else { (1, number) };
            let chunk = format!("timeseries_aside.transactions_p{}00", monday.replace('-', ""));
            let row = insert("transactions", store, product, number)
                .replace("into transactions", &format!("into {chunk}"))
                .replace("2026-03-02 00:00", &format!("{monday} 00:00"));
            let add = format!(
                "select shelfops.begin_chunk('transactions', '{monday} 00:00+00',
                     '{monday} 00:00+00'::timestamptz + interval '7 days');
                 {row};
                 select shelfops.finish_chunk('transactions', '{monday} 00:00+00', null)"
            );
            let remove = delete(parent, key_column, number);
            let (first, second) = if insert_first { (&add, &remove) } else { (&remove, &add) };
            let outcome = pair.run(first, second, "commit").await;
            assert_eq!(outcome, Err(SqlState::FOREIGN_KEY_VIOLATION), "{parent} {insert_first}");
            assert_eq!(orphan_count(&client).await, 0);
        }
    })
    .await;
}
