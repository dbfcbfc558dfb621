//! The ledger says what was applied, and refuses what does not match it.

use shelfops_db::{
    Direction, MIGRATIONS, Migration, MigrationError, MigrationState, MigrationStatus, Migrator,
    Target,
};
use tokio_postgres::Client;

use crate::fixture::{Fixture, on_every_empty_database, on_every_engine};

const SHELVES: Migration = Migration {
    file: "29990101000000_create_shelves",
    up: "create table shelves (code text);",
    down: "drop table shelves;",
};

/// Returns the program's migrations and one more.
fn with_shelves() -> Vec<Migration> {
    MIGRATIONS.iter().copied().chain([SHELVES]).collect()
}

async fn recorded(client: &Client) -> Vec<(i64, String)> {
    let rows = client
        .query(
            "select version, name from shelfops_ledger.migrations
             where applied_at <= now() and applied_by = session_user
             order by version",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn expected(migrations: &[Migration]) -> Vec<(i64, String)> {
    migrations.iter().map(|known| (known.version(), known.name().to_owned())).collect()
}

async fn has_shelves(fixture: &Fixture) -> bool {
    let client = fixture.superuser().await;
    let found = client.query_one("select to_regclass('public.shelves') is not null", &[]).await;
    found.unwrap().get(0)
}

fn state_of(statuses: &[MigrationStatus], migration: &Migration) -> MigrationState {
    let found = statuses.iter().find(|status| status.version == migration.version());
    found.unwrap().state
}

#[tokio::test]
async fn the_ledger_follows_every_step_up_and_down() {
    on_every_empty_database(async |engine, empty, database| {
        let migrator = Migrator::new(database, Some(engine));
        let client = empty.connect().await.unwrap();
        let untouched = migrator.status().await.unwrap();
        assert!(untouched.iter().all(|status| status.state == MigrationState::Pending));

        let applied = migrator.up(Target::Steps(3), |_| {}).await.unwrap();
        let versions: Vec<i64> = applied.iter().map(|step| step.version).collect();
        assert_eq!(versions, MIGRATIONS[..3].iter().map(Migration::version).collect::<Vec<_>>());
        assert!(applied.iter().all(|step| step.direction == Direction::Up));
        assert_eq!(recorded(&client).await, expected(&MIGRATIONS[..3]));

        let told = std::sync::Mutex::new(Vec::new());
        let watch = |migration: &Migration| told.lock().unwrap().push(migration.file);
        migrator.up(Target::Version(MIGRATIONS[9].version()), watch).await.unwrap();
        assert_eq!(
            *told.lock().unwrap(),
            MIGRATIONS[3..10].iter().map(|known| known.file).collect::<Vec<_>>()
        );
        assert_eq!(recorded(&client).await, expected(&MIGRATIONS[..10]));

        migrator.up(Target::All, |_| {}).await.unwrap();
        assert_eq!(recorded(&client).await, expected(MIGRATIONS));
        assert!(migrator.up(Target::All, |_| {}).await.unwrap().is_empty());

        migrator.down(Target::Version(MIGRATIONS[9].version()), |_| {}).await.unwrap();
        assert_eq!(recorded(&client).await, expected(&MIGRATIONS[..10]));
        let statuses = migrator.status().await.unwrap();
        for (place, migration) in MIGRATIONS.iter().enumerate() {
            let expected =
                if place < 10 { MigrationState::Applied } else { MigrationState::Pending };
            assert_eq!(state_of(&statuses, migration), expected, "{}", migration.file);
        }
    })
    .await;
}

#[tokio::test]
async fn an_applied_migration_that_was_changed_is_refused_by_name() {
    on_every_engine(async |fixture| {
        let mut changed = with_shelves();
        changed[7].down = "drop table products cascade;";
        let migrator = Migrator::with_migrations(&fixture.database, &changed, None);
        for outcome in
            [migrator.up(Target::All, |_| {}).await, migrator.down(Target::Steps(1), |_| {}).await]
        {
            let error = outcome.unwrap_err();
            assert!(matches!(&error, MigrationError::Changed { file } if file == changed[7].file));
            assert!(error.to_string().contains(changed[7].file), "{error}");
        }
        let statuses = migrator.status().await.unwrap();
        assert_eq!(state_of(&statuses, &changed[7]), MigrationState::Changed);
        assert_eq!(state_of(&statuses, &SHELVES), MigrationState::Pending);
        assert!(!has_shelves(fixture).await, "nothing runs when one was changed");
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_newer_than_the_program_is_refused() {
    on_every_engine(async |fixture| {
        let newer = with_shelves();
        let newer = Migrator::with_migrations(&fixture.database, &newer, None);
        newer.up(Target::All, |_| {}).await.unwrap();
        let older = Migrator::new(&fixture.database, None);
        for outcome in
            [older.up(Target::All, |_| {}).await, older.down(Target::Steps(1), |_| {}).await]
        {
            let error = outcome.unwrap_err();
            assert!(matches!(&error, MigrationError::Unknown { .. }));
            assert!(error.to_string().contains(SHELVES.file), "{error}");
            assert!(error.to_string().contains("newer program"), "{error}");
        }
        let statuses = older.status().await.unwrap();
        assert_eq!(state_of(&statuses, &SHELVES), MigrationState::Unknown);
        assert!(has_shelves(fixture).await);
    })
    .await;
}

#[tokio::test]
async fn a_migration_that_was_merged_late_is_applied_although_newer_ones_are() {
    on_every_engine(async |fixture| {
        let late =
            Migration { file: "20261123100001_create_shelves", up: SHELVES.up, down: SHELVES.down };
        let mut merged = MIGRATIONS.to_vec();
        merged.insert(1, late);
        let migrator = Migrator::with_migrations(&fixture.database, &merged, None);
        let applied = migrator.up(Target::All, |_| {}).await.unwrap();
        assert_eq!(applied.len(), 1);
        assert!(has_shelves(fixture).await);
        assert_eq!(recorded(&fixture.superuser().await).await, expected(&merged));
    })
    .await;
}
