//! Applies and takes back migrations, one process at a time, all of one or nothing.

mod declared;
mod engine;
mod error;
mod ledger;
mod registry;
mod rehearsable;

use std::time::Instant;

use deadpool_postgres::Object;
use serde::Serialize;
use tokio_postgres::SimpleQueryMessage;

pub use declared::Declared;
pub use error::MigrationError;
pub use ledger::{MigrationState, MigrationStatus};
pub use registry::MIGRATIONS;
pub use rehearsable::{RunnerScript, build_schema};

use crate::error::doing;
use crate::{Database, Engine};

/// The advisory lock that one migrating process holds: "shelfops" in ASCII, as a number.
const LOCK: i64 = 0x7368_656c_666f_7073;

/// The oldest server that has what the schema is made of, as it numbers itself.
const OLDEST_SERVER: i32 = 150_000;

/// How long a statement waits for a table's lock, so that a queue behind it cannot stop the shop.
const LOCK_TIMEOUT: &str = "10s";

/// The same for a statement outside a transaction. A concurrent build waits for every older
/// transaction, an import's batch among them, and stops nobody meanwhile; but not for ever.
const LOCK_TIMEOUT_ALONE: &str = "5min";

/// A migration, as embedded in the program.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The file's name without ending: version, underscore, name.
    pub file: &'static str,
    /// What applies it.
    pub up: &'static str,
    /// What takes it back.
    pub down: &'static str,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Apply.
    Up,
    /// Take back.
    Down,
}

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// All of them.
    All,
    /// That many.
    Steps(usize),
    /// Up to and including that version; down to but not including it.
    Version(i64),
}

/// One migration that was applied or taken back.
#[derive(Clone, Debug, Serialize)]
pub struct Applied {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Migration {
    /// Returns the version: the time of its making, as `yyyymmddhhmmss`.
    pub fn version(&self) -> i64 {
        self.file.split('_').next().and_then(|version| version.parse().ok()).unwrap_or_default()
    }

    /// Returns the name without the version.
    pub fn name(&self) -> &'static str {
        self.file.split_once('_').map_or(self.file, |(_, name)| name)
    }

    /// Returns a fingerprint of both directions: an applied migration must not change.
    pub fn checksum(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.up.as_bytes()).update(b"\0").update(self.down.as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// Whether a direction of it runs outside a transaction, as its head says.
    pub fn runs_alone(&self, direction: Direction) -> bool {
        has_directive(self.text(direction), "no-transaction")
    }

    /// Returns what a direction runs.
    pub const fn text(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Up => self.up,
            Direction::Down => self.down,
        }
    }
}

/// Whether the text's head carries a directive such as `-- shelfops:as-login`.
fn has_directive(text: &str, directive: &str) -> bool {
    text.lines()
        .take_while(|line| line.starts_with("--"))
        .filter_map(|line| line.strip_prefix("-- shelfops:"))
        .any(|rest| rest.split_whitespace().next() == Some(directive))
}

/// Applies and takes back migrations of one database.
pub struct Migrator<'a> {
    database: &'a Database,
    migrations: &'a [Migration],
    engine: Option<Engine>,
}

impl<'a> Migrator<'a> {
    /// Works with the program's own migrations. `engine` is the time-series engine for a database
    /// that has none yet; without one, the best that the server has.
    pub const fn new(database: &'a Database, engine: Option<Engine>) -> Self {
        Self { database, migrations: MIGRATIONS, engine }
    }

    /// Works with other migrations.
    pub const fn with_migrations(
        database: &'a Database,
        migrations: &'a [Migration],
        engine: Option<Engine>,
    ) -> Self {
        Self { database, migrations, engine }
    }

    /// Says of each migration, known or applied, where it stands.
    ///
    /// # Errors
    /// Fails when the server cannot be reached.
    pub async fn status(&self) -> Result<Vec<MigrationStatus>, MigrationError> {
        let client = self.database.owner_connection().await?;
        let entries = ledger::read(&client).await?;
        Ok(ledger::compare(self.migrations, &entries))
    }

    /// Returns what [`Migrator::up`] would apply.
    ///
    /// # Errors
    /// Refuses when an applied migration was changed or is unknown to this program.
    pub async fn pending(&self, target: Target) -> Result<Vec<Migration>, MigrationError> {
        let client = self.database.owner_connection().await?;
        let entries = ledger::read(&client).await?;
        ledger::check(self.migrations, &entries)?;
        Ok(self.chosen_up(&entries, target).into_iter().copied().collect())
    }

    /// Returns what [`Migrator::down`] would take back, newest first.
    ///
    /// # Errors
    /// As for [`Migrator::pending`].
    pub async fn applied(&self, target: Target) -> Result<Vec<Migration>, MigrationError> {
        let client = self.database.owner_connection().await?;
        let entries = ledger::read(&client).await?;
        ledger::check(self.migrations, &entries)?;
        Ok(self.chosen_down(&entries, target).into_iter().copied().collect())
    }

    fn chosen_up(&self, entries: &[ledger::Entry], target: Target) -> Vec<&'a Migration> {
        let pending = self
            .migrations
            .iter()
            .filter(|migration| !entries.iter().any(|entry| entry.version == migration.version()));
        match target {
            Target::All => pending.collect(),
            Target::Steps(count) => pending.take(count).collect(),
            Target::Version(version) => {
                pending.filter(|migration| migration.version() <= version).collect()
            }
        }
    }

    fn chosen_down(&self, entries: &[ledger::Entry], target: Target) -> Vec<&'a Migration> {
        let applied =
            self.migrations.iter().rev().filter(|migration| {
                entries.iter().any(|entry| entry.version == migration.version())
            });
        match target {
            Target::All => applied.collect(),
            Target::Steps(count) => applied.take(count).collect(),
            Target::Version(version) => {
                applied.filter(|migration| migration.version() > version).collect()
            }
        }
    }

    /// Applies what is pending, oldest first; tells `watch` of each before it starts.
    ///
    /// # Errors
    /// Refuses when an applied migration was changed or is unknown to this program; stops at the
    /// first that fails, which leaves nothing behind unless the error says so.
    pub async fn up(
        &self,
        target: Target,
        watch: impl Fn(&Migration) + Send,
    ) -> Result<Vec<Applied>, MigrationError> {
        let locked = Locked::acquire(self.database).await?;
        require_version(locked.client()).await?;
        ledger::create(locked.client()).await?;
        let entries = ledger::read(locked.client()).await?;
        ledger::check(self.migrations, &entries)?;
        let chosen = self.chosen_up(&entries, target);
        let engine = match engine::is_chosen(locked.client()).await? {
            false => Some(engine::prepare(locked.client(), self.engine).await?),
            true => None,
        };
        self.run(locked, Plan { direction: Direction::Up, chosen, engine }, watch).await
    }

    /// Takes applied migrations back, newest first; tells `watch` of each before it starts.
    ///
    /// # Errors
    /// As for [`Migrator::up`].
    pub async fn down(
        &self,
        target: Target,
        watch: impl Fn(&Migration) + Send,
    ) -> Result<Vec<Applied>, MigrationError> {
        let locked = Locked::acquire(self.database).await?;
        let entries = ledger::read(locked.client()).await?;
        ledger::check(self.migrations, &entries)?;
        let chosen = self.chosen_down(&entries, target);
        self.run(locked, Plan { direction: Direction::Down, chosen, engine: None }, watch).await
    }

    async fn run(
        &self,
        locked: Locked,
        plan: Plan<'_>,
        watch: impl Fn(&Migration) + Send,
    ) -> Result<Vec<Applied>, MigrationError> {
        let direction = plan.direction;
        let mut done = Vec::new();
        for migration in plan.chosen {
            watch(migration);
            let started = Instant::now();
            if migration.runs_alone(direction) {
                run_alone(locked.client(), migration, direction).await?;
            } else {
                run_in_transaction(locked.client(), migration, direction, plan.engine).await?;
            }
            let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(migration = migration.file, ?direction, duration_ms, "migrated");
            done.push(Applied {
                version: migration.version(),
                name: migration.name().to_owned(),
                direction,
                duration_ms,
            });
        }
        if direction == Direction::Up {
            crate::jobs::install(self.database, locked.client()).await?;
        }
        locked.release().await;
        Ok(done)
    }
}

/// What is to be run.
struct Plan<'m> {
    direction: Direction,
    chosen: Vec<&'m Migration>,
    engine: Option<Engine>,
}

/// A connection that holds the lock. Dropped before [`Locked::release`], as a failed migration does,
/// it is closed instead of going back to the pool, which gives the lock up as well.
struct Locked {
    client: Option<Object>,
}

impl Locked {
    async fn acquire(database: &Database) -> Result<Self, MigrationError> {
        let locked = Self { client: Some(database.owner_connection().await?) };
        locked
            .client()
            .execute("select pg_advisory_lock($1)", &[&LOCK])
            .await
            .map_err(doing("wait for another process that migrates"))?;
        Ok(locked)
    }

    async fn release(mut self) {
        if self.client().execute("select pg_advisory_unlock($1)", &[&LOCK]).await.is_ok() {
            drop(self.client.take());
        }
    }

    fn client(&self) -> &Object {
        self.client.as_ref().expect("the client is taken only where the lock is given up")
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

/// Refuses a server that lacks what the schema is made of, before anything is made there.
async fn require_version(client: &Object) -> Result<(), MigrationError> {
    let row = client
        .query_one(
            "select current_setting('server_version_num')::integer, current_setting('server_version')",
            &[],
        )
        .await
        .map_err(doing("ask the server for its version"))?;
    judge_version(row.get(0), row.get(1))
}

fn judge_version(number: i32, version: &str) -> Result<(), MigrationError> {
    if number >= OLDEST_SERVER {
        return Ok(());
    }
    Err(MigrationError::OldServer { version: version.to_owned() })
}

/// Runs a migration and its entry in the ledger as one transaction.
async fn run_in_transaction(
    client: &Object,
    migration: &Migration,
    direction: Direction,
    engine: Option<Engine>,
) -> Result<(), MigrationError> {
    let text = migration.text(direction);
    let before = RunnerScript::of_text(text).before;
    client.batch_execute("begin").await.map_err(doing("begin a migration"))?;
    let outcome = async {
        if let Some(engine) = engine {
            let choose = "select set_config('shelfops.requested_engine', $1, true)";
            client.execute(choose, &[&engine.name()]).await?;
        }
        client.batch_execute(&before).await?;
        client.batch_execute(text).await?;
        client.batch_execute("reset role").await?;
        ledger::record(client, migration, direction).await?;
        client.batch_execute("commit").await
    }
    .await;
    let Err(source) = outcome else { return Ok(()) };
    // A failed rollback means a lost connection, which rolls back as well.
    let _ = client.batch_execute("rollback").await;
    Err(MigrationError::failed(migration, direction, text, source))
}

/// Runs a migration of one statement that PostgreSQL refuses to run in a transaction.
async fn run_alone(
    client: &Object,
    migration: &Migration,
    direction: Direction,
) -> Result<(), MigrationError> {
    let text = migration.text(direction);
    let before = RunnerScript::of_text(text).before;
    client.batch_execute(&before).await.map_err(doing("begin a migration"))?;
    let outcome = client.batch_execute(text).await;
    let left = client.batch_execute("reset role; reset lock_timeout").await;
    if let Err(source) = outcome {
        let invalid = invalid_indexes(client).await;
        return Err(MigrationError::half_done(migration, direction, text, source, invalid));
    }
    let recorded = match left {
        Ok(()) => ledger::record(client, migration, direction).await,
        Err(source) => Err(source),
    };
    recorded.map_err(|source| MigrationError::unrecorded(migration, direction, source))
}

/// Lists what a failed concurrent build leaves behind, of tables that are ours.
async fn invalid_indexes(client: &Object) -> Vec<String> {
    let listed = client
        .simple_query(
            "select indexrelid::regclass
             from pg_index
             join pg_class on pg_class.oid = indexrelid
             where not indisvalid and relowner = 'shelfops_owner'::regrole
             order by 1",
        )
        .await
        .unwrap_or_default();
    listed
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
