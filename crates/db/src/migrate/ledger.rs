//! Which migrations a database has, and whether they are still the same.

use deadpool_postgres::Object;
use jiff::Timestamp;
use serde::Serialize;

use super::{Direction, Migration, MigrationError};
use crate::error::doing;
use crate::models::timestamp;

/// One applied migration.
pub(super) struct Entry {
    pub(super) version: i64,
    name: String,
    checksum: Vec<u8>,
    applied_at: Option<Timestamp>,
}

/// Where a migration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MigrationState {
    /// Applied.
    Applied,
    /// Not applied yet.
    Pending,
    /// Applied, but its text is another now.
    Changed,
    /// Applied, but unknown to this program.
    Unknown,
}

/// A migration and where it stands.
#[derive(Clone, Debug, Serialize)]
pub struct MigrationStatus {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: MigrationState,
    /// When it was applied.
    pub applied_at: Option<Timestamp>,
}

pub(super) async fn create(client: &Object) -> Result<(), MigrationError> {
    client
        .batch_execute(
            "create schema if not exists shelfops_ledger;
             create table if not exists shelfops_ledger.migrations (
                 version bigint primary key,
                 name text not null,
                 checksum bytea not null,
                 applied_at timestamptz not null default now(),
                 applied_by text not null default session_user
             )",
        )
        .await
        .map_err(doing("create the ledger of migrations"))?;
    Ok(())
}

/// Reads the ledger; a database without one has no entries.
pub(super) async fn read(client: &Object) -> Result<Vec<Entry>, MigrationError> {
    let exists = client
        .query_one("select to_regclass('shelfops_ledger.migrations') is not null", &[])
        .await
        .map_err(doing("look for the ledger of migrations"))?;
    if !exists.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let rows = client
        .query(
            "select version, name, checksum, applied_at
             from shelfops_ledger.migrations
             order by version",
            &[],
        )
        .await
        .map_err(doing("read the ledger of migrations"))?;
    Ok(rows
        .iter()
        .map(|row| Entry {
            version: row.get(0),
            name: row.get(1),
            checksum: row.get(2),
            applied_at: timestamp(row.get(3)),
        })
        .collect())
}

/// Refuses a ledger that does not match this program.
pub(super) fn check(migrations: &[Migration], entries: &[Entry]) -> Result<(), MigrationError> {
    for entry in entries {
        let known = migrations.iter().find(|migration| migration.version() == entry.version);
        let Some(known) = known else {
            return Err(MigrationError::Unknown {
                version: entry.version,
                name: entry.name.clone(),
            });
        };
        if known.checksum()[..] != entry.checksum[..] {
            return Err(MigrationError::Changed { file: known.file.to_owned() });
        }
    }
    Ok(())
}

/// Says of each migration where it stands, oldest first.
pub(super) fn compare(migrations: &[Migration], entries: &[Entry]) -> Vec<MigrationStatus> {
    let mut statuses: Vec<MigrationStatus> = migrations
        .iter()
        .map(|migration| {
            let entry = entries.iter().find(|entry| entry.version == migration.version());
            let state = match entry {
                None => MigrationState::Pending,
                Some(entry) if entry.checksum[..] == migration.checksum()[..] => {
                    MigrationState::Applied
                }
                Some(_) => MigrationState::Changed,
            };
            MigrationStatus {
                version: migration.version(),
                name: migration.name().to_owned(),
                state,
                applied_at: entry.and_then(|entry| entry.applied_at),
            }
        })
        .collect();
    let is_known =
        |version| migrations.iter().any(|migration: &Migration| migration.version() == version);
    statuses.extend(entries.iter().filter(|entry| !is_known(entry.version)).map(|entry| {
        MigrationStatus {
            version: entry.version,
            name: entry.name.clone(),
            state: MigrationState::Unknown,
            applied_at: entry.applied_at,
        }
    }));
    statuses.sort_by_key(|status| status.version);
    statuses
}

/// Writes down that a migration was applied or taken back.
pub(super) async fn record(
    client: &Object,
    migration: &Migration,
    direction: Direction,
) -> Result<(), tokio_postgres::Error> {
    let version = migration.version();
    match direction {
        Direction::Up => {
            let checksum = migration.checksum();
            client
                .execute(
                    "insert into shelfops_ledger.migrations (version, name, checksum)
                     values ($1, $2, $3)",
                    &[&version, &migration.name(), &&checksum[..]],
                )
                .await?;
        }
        Direction::Down => {
            client
                .execute("delete from shelfops_ledger.migrations where version = $1", &[&version])
                .await?;
        }
    }
    Ok(())
}

/// Words what [`record`] does as a statement for people.
pub(super) fn statement(migration: &Migration, direction: Direction) -> String {
    let version = migration.version();
    match direction {
        Direction::Up => {
            let checksum = migration.checksum();
            let hex = checksum.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            format!(
                "insert into shelfops_ledger.migrations (version, name, checksum) values \
                 ({version}, '{}', '\\x{hex}');",
                migration.name()
            )
        }
        Direction::Down => {
            format!("delete from shelfops_ledger.migrations where version = {version};")
        }
    }
}
