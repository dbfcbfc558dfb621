//! Several processes migrate at once: one waits for the other, and nothing is done twice.

use std::collections::BTreeSet;
use std::time::Duration;

use shelfops_db::{MIGRATIONS, Migration, Migrator, Target};
use shelfops_testkit::wait_for;

use crate::fixture::{connected, on_every_empty_database, server, test_engines};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn processes_that_migrate_at_once_all_succeed_and_apply_each_migration_once() {
    on_every_empty_database(async |engine, empty, database| {
        let others = [connected(empty), connected(empty)];
        let migrators = [database, &others[0], &others[1]].map(|process| async {
            Migrator::new(process, Some(engine)).up(Target::All, |_| {}).await
        });
        let done = futures::future::try_join_all(migrators).await.unwrap();
        let versions: Vec<i64> = done.iter().flatten().map(|applied| applied.version).collect();
        assert_eq!(versions.len(), MIGRATIONS.len());
        assert_eq!(versions.iter().collect::<BTreeSet<_>>().len(), MIGRATIONS.len());
        let client = empty.connect().await.unwrap();
        let count = "select count(*) from shelfops_ledger.migrations";
        let count: i64 = client.query_one(count, &[]).await.unwrap().get(0);
        assert_eq!(usize::try_from(count).unwrap(), MIGRATIONS.len());
    })
    .await;
}

#[tokio::test]
async fn more_of_one_process_than_it_has_connections_migrate_at_once_and_all_succeed() {
    on_every_empty_database(async |engine, _, database| {
        let up = || async { Migrator::new(database, Some(engine)).up(Target::All, |_| {}).await };
        up().await.unwrap();
        // Four wait for the lock on all of the owner's connections while one has it.
        let again = futures::future::join_all((0..8).map(|_| up()));
        for done in tokio::time::timeout(PATIENCE, again).await.expect("all end") {
            assert!(done.unwrap().is_empty());
        }
    })
    .await;
}

/// Renames the roles of the first migration: those of the product are there already.
fn with_own_roles(tag: &str) -> Migration {
    let renamed = |text: &str| -> &'static str {
        let text = ["owner", "app", "readonly"].iter().fold(text.to_owned(), |text, role| {
            text.replace(&format!("shelfops_{role}"), &format!("{tag}_{role}"))
        });
        Box::leak(text.into_boxed_str())
    };
    let Migration { file, up, down } = MIGRATIONS[0];
    Migration { file, up: renamed(up), down: renamed(down) }
}

#[tokio::test]
async fn two_databases_of_one_server_can_be_migrated_at_once_although_they_share_roles() {
    for engine in test_engines().await {
        let server = server(engine).await;
        let (first, second) = (server.empty().await.unwrap(), server.empty().await.unwrap());
        let migrations = [with_own_roles(&first.name().replace("testkit_test", "role"))];

        // One is in the middle of it while the other starts.
        let client = first.connect().await.unwrap();
        client.batch_execute("begin").await.unwrap();
        client.batch_execute(migrations[0].up).await.unwrap();
        let database = connected(&second);
        let other = async {
            Migrator::with_migrations(&database, &migrations, Some(engine))
                .up(Target::All, |_| {})
                .await
        };
        let watcher = second.connect().await.unwrap();
        let end_of_the_first = async {
            let waiting = async || {
                let sql = "select exists (select from pg_stat_activity
                           where datname = current_database() and wait_event_type = 'Lock')";
                watcher.query_one(sql, &[]).await.unwrap().get(0)
            };
            wait_for("the second to wait for the first", PATIENCE, waiting).await.unwrap();
            client.batch_execute("commit").await.unwrap();
        };
        let (outcome, ()) = tokio::join!(other, end_of_the_first);
        assert_eq!(outcome.unwrap().len(), 1);

        client.batch_execute(migrations[0].down).await.unwrap();
        let migrator = Migrator::with_migrations(&database, &migrations, Some(engine));
        migrator.down(Target::All, |_| {}).await.unwrap();
        let left = "select count(*) from pg_roles where starts_with(rolname, $1)";
        let tag = first.name().replace("testkit_test", "role");
        assert_eq!(watcher.query_one(left, &[&tag]).await.unwrap().get::<_, i64>(0), 0);
    }
}
