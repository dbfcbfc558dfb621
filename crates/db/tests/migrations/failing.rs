//! A migration that fails leaves nothing behind, or says exactly what.

use shelfops_db::{MIGRATIONS, Migration, MigrationError, MigrationState, Migrator, Target};
use shelfops_testkit::pg_dump;

use crate::fixture::{Fixture, connected, on_every_engine};

const SHELVES: Migration = Migration {
    file: "29990101000000_create_shelves",
    up: "create table shelves (code text);
         insert into shelves values ('a'), ('a'), ('b');",
    down: "drop table shelves;",
};

/// Fails at run time: the index is left behind, invalid.
const UNIQUE: Migration = Migration {
    file: "29990101000001_make_shelves_unique",
    up: "-- shelfops:no-transaction\ncreate unique index concurrently shelves_code on shelves (code);",
    down: "-- shelfops:no-transaction\ndrop index concurrently shelves_code;",
};

fn with(added: &[Migration]) -> Vec<Migration> {
    MIGRATIONS.iter().chain(added).copied().collect()
}

async fn states(fixture: &Fixture, migrations: &[Migration]) -> Vec<MigrationState> {
    let migrator = Migrator::with_migrations(&fixture.database, migrations, None);
    let statuses = migrator.status().await.unwrap();
    statuses.iter().map(|status| status.state).skip(MIGRATIONS.len()).collect()
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing_and_says_file_line_and_reason() {
    on_every_engine(async |fixture| {
        let broken = Migration {
            file: "29990101000001_break_shelves",
            up: "alter table shelves add column height integer;\n\nselect\n    no_such_column\nfrom shelves;",
            down: "select 1;",
        };
        let last = Migration {
            file: "29990101000002_never_reached",
            up: "create table never_reached ();",
            down: "drop table never_reached;",
        };
        let migrations = with(&[SHELVES, broken, last]);
        let migrator = Migrator::with_migrations(&fixture.database, &migrations, None);
        migrator.up(Target::Steps(1), |_| {}).await.unwrap();
        let before = pg_dump(&fixture.test.url()).await.unwrap();

        let error = migrator.up(Target::All, |_| {}).await.unwrap_err();

        assert!(matches!(error, MigrationError::Failed { way: "up", .. }), "{error:?}");
        let text = error.to_string();
        for part in [broken.file, "line 4", "`no_such_column`", "does not exist", "rolled back"] {
            assert!(text.contains(part), "{part} in: {text}");
        }
        assert_eq!(pg_dump(&fixture.test.url()).await.unwrap(), before);
        assert_eq!(
            states(fixture, &migrations).await,
            [MigrationState::Applied, MigrationState::Pending, MigrationState::Pending]
        );
    })
    .await;
}

#[tokio::test]
async fn a_reason_that_has_no_line_is_said_without_one() {
    on_every_engine(async |fixture| {
        let broken = Migration { file: SHELVES.file, up: "select 1 / 0;", down: "select 1 / 0;" };
        let migrations = with(&[broken]);
        let migrator = Migrator::with_migrations(&fixture.database, &migrations, None);
        let error = migrator.up(Target::All, |_| {}).await.unwrap_err().to_string();
        assert!(error.contains(broken.file) && error.contains("division by zero"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_way_down_that_fails_leaves_the_migration_applied() {
    on_every_engine(async |fixture| {
        let broken = Migration { down: "drop table shelves;\ndrop table shelfs;", ..SHELVES };
        let migrations = with(&[broken]);
        let migrator = Migrator::with_migrations(&fixture.database, &migrations, None);
        migrator.up(Target::All, |_| {}).await.unwrap();

        let error = migrator.down(Target::Steps(1), |_| {}).await.unwrap_err();

        assert!(matches!(error, MigrationError::Failed { way: "down", .. }), "{error:?}");
        assert_eq!(states(fixture, &migrations).await, [MigrationState::Applied]);
        let client = fixture.superuser().await;
        client.query_one("select count(*) from shelves", &[]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_failure_outside_a_transaction_says_which_index_is_left_invalid() {
    on_every_engine(async |fixture| {
        let migrations = with(&[SHELVES, UNIQUE]);
        let migrator = Migrator::with_migrations(&fixture.database, &migrations, None);

        let error = migrator.up(Target::All, |_| {}).await.unwrap_err();

        assert!(matches!(error, MigrationError::HalfDone { way: "up", .. }), "{error:?}");
        let text = error.to_string();
        for part in [UNIQUE.file, "does not run in a transaction", "shelves_code", "drop them"] {
            assert!(text.contains(part), "{part} in: {text}");
        }
        let pending = [MigrationState::Applied, MigrationState::Pending];
        assert_eq!(states(fixture, &migrations).await, pending);

        // What the message says helps.
        let client = fixture.superuser().await;
        client.batch_execute("drop index shelves_code; truncate shelves").await.unwrap();
        migrator.up(Target::All, |_| {}).await.unwrap();
        let valid = "select indisvalid and pg_get_userbyid(relowner) = 'shelfops_owner'
                     from pg_index join pg_class on pg_class.oid = indexrelid
                     where relname = 'shelves_code'";
        assert!(client.query_one(valid, &[]).await.unwrap().get::<_, bool>(0));
        migrator.down(Target::Steps(1), |_| {}).await.unwrap();
        assert_eq!(states(fixture, &migrations).await, pending);
    })
    .await;
}

#[tokio::test]
async fn indexes_of_others_that_are_invalid_are_not_called_ours() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        let theirs = "create schema theirs; create table theirs.codes (code text);
                      insert into theirs.codes values ('a'), ('a')";
        client.batch_execute(theirs).await.unwrap();
        let build = "create unique index concurrently codes_once on theirs.codes (code)";
        client.batch_execute(build).await.unwrap_err();
        let migrations = with(&[SHELVES, UNIQUE]);
        let migrator = Migrator::with_migrations(&fixture.database, &migrations, None);
        let error = migrator.up(Target::All, |_| {}).await.unwrap_err().to_string();
        assert!(error.contains("shelves_code") && !error.contains("codes_once"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_took_effect_and_was_not_recorded_says_what_to_do() {
    on_every_engine(async |fixture| {
        let index = Migration {
            up: "-- shelfops:no-transaction\ncreate index concurrently shelves_code on shelves (code);",
            ..UNIQUE
        };
        let migrations = with(&[SHELVES, index]);
        let migrator = Migrator::with_migrations(&fixture.database, &migrations, None);
        migrator.up(Target::Steps(1), |_| {}).await.unwrap();
        let client = fixture.superuser().await;
        let refuse = "create function refuse() returns trigger language plpgsql
                          as 'begin raise exception $$the ledger is read-only$$; end';
                      create trigger refuse before insert or delete on shelfops_ledger.migrations
                          for each row execute function refuse()";
        client.batch_execute(refuse).await.unwrap();
        for (way, then) in
            [("up", MigrationState::Applied), ("down", MigrationState::Pending)]
        {
            let outcome = match way {
                "up" => migrator.up(Target::All, |_| {}).await,
                _ => migrator.down(Target::Steps(1), |_| {}).await,
            };
            let error = outcome.unwrap_err();
            assert!(matches!(error, MigrationError::HalfDone { .. }), "{error:?}");
            let text = error.to_string();
            for part in [index.file, way, "took effect", "the ledger is read-only"] {
                assert!(text.contains(part), "{part} in: {text}");
            }
            // What the message says helps.
            let (_, statement) = text.split_once("runs twice: ").unwrap();
            let mend = "alter table shelfops_ledger.migrations disable trigger refuse";
            client.batch_execute(mend).await.unwrap();
            client.batch_execute(statement).await.unwrap();
            assert_eq!(states(fixture, &migrations).await, [MigrationState::Applied, then]);
            let again = "alter table shelfops_ledger.migrations enable trigger refuse";
            client.batch_execute(again).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_failure_outside_a_transaction_that_leaves_nothing_says_so() {
    on_every_engine(async |fixture| {
        let broken = Migration {
            up: "-- shelfops:no-transaction\ncreate index concurrently shelves_code on shelfs (code);",
            ..UNIQUE
        };
        let migrations = with(&[SHELVES, broken]);
        let migrator = Migrator::with_migrations(&fixture.database, &migrations, None);
        let error = migrator.up(Target::All, |_| {}).await.unwrap_err().to_string();
        assert!(error.contains("no lasting effect"), "{error}");
        assert!(error.contains("\"shelfs\" does not exist"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_failure_gives_up_the_lock_that_other_processes_wait_for() {
    on_every_engine(async |fixture| {
        let broken = Migration { up: "select 1 / 0;", ..SHELVES };
        let migrations = with(&[broken]);
        let migrator = Migrator::with_migrations(&fixture.database, &migrations, None);
        migrator.up(Target::All, |_| {}).await.unwrap_err();
        Migrator::with_migrations(&fixture.database, &[], None)
            .up(Target::All, |_| {})
            .await
            .unwrap_err();

        // The first program lives on with its connections; another one starts.
        let mended = with(&[SHELVES]);
        let other = connected(&fixture.test);
        let other = Migrator::with_migrations(&other, &mended, None);
        assert_eq!(other.up(Target::All, |_| {}).await.unwrap().len(), 1);
    })
    .await;
}
