//! Migrations as this runner runs them, for who rehearses them on a copy; and the schema that a copy gets.

use super::{
    Direction, LOCK_TIMEOUT, LOCK_TIMEOUT_ALONE, Migration, MigrationError, Migrator, Target,
    has_directive, ledger,
};
use crate::error::doing;
use crate::{Database, DatabaseConfig, Engine};

/// One way of a migration, with what the runner does around it.
#[derive(Clone, Debug)]
pub struct RunnerScript {
    /// Its text.
    pub text: String,
    /// Whether it is one transaction.
    pub is_wrapped: bool,
    /// What is run before it: within the transaction, where there is one.
    pub before: String,
    /// What is run behind it, as the login itself.
    pub after: String,
}

impl RunnerScript {
    /// Returns how a text is run that is no migration of this program yet.
    pub fn of_text(text: impl Into<String>) -> Self {
        let text = text.into();
        let is_wrapped = !has_directive(&text, "no-transaction");
        let before = match (is_wrapped, has_directive(&text, "as-login")) {
            (true, true) => format!("set local lock_timeout = '{LOCK_TIMEOUT}'"),
            (true, false) => {
                format!("set local lock_timeout = '{LOCK_TIMEOUT}'; set local role shelfops_owner")
            }
            (false, _) => {
                format!("set role shelfops_owner; set lock_timeout = '{LOCK_TIMEOUT_ALONE}'")
            }
        };
        Self { text, is_wrapped, before, after: String::new() }
    }

    /// Returns how one of this program's migrations is run.
    pub fn of(migration: &Migration, direction: Direction) -> Self {
        let after = ledger::statement(migration, direction);
        Self { after, ..Self::of_text(migration.text(direction)) }
    }
}

/// Builds a schema in an empty database, by the migrations that another has, for the same engine.
///
/// # Errors
/// Says which migration failed.
pub async fn build_schema(
    url: &str,
    migrations: &[Migration],
    engine: Engine,
) -> Result<(), MigrationError> {
    let config = DatabaseConfig { owner_url: url.to_owned(), tenant_url: None };
    let database = Database::new(&config)?;
    let migrator = Migrator::with_migrations(&database, migrations, Some(engine));
    let outcome = migrator.up(Target::All, |_| ()).await;
    // Whoever fills the schema wants it for himself.
    let ended = end_sessions(&database).await;
    database.close();
    outcome?;
    ended
}

/// Ends TimescaleDB's sessions that creating its extension has started: their locks are in the way.
async fn end_sessions(database: &Database) -> Result<(), MigrationError> {
    let client = database.owner_connection().await?;
    client
        .execute(
            "select pg_terminate_backend(pid)
             from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()
                 and backend_type <> 'client backend'",
            &[],
        )
        .await
        .map_err(doing("end background work on a new database"))?;
    Ok(())
}
