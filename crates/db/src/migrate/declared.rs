//! The schema as the program's own migrations build it, in a database made for it.

use super::{Migration, MigrationError, Migrator, Target, ledger};
use crate::{DbError, Scratch};

/// A database with the schema that ours should have.
pub struct Declared {
    /// The database.
    pub scratch: Scratch,
    /// How many migrations ours does not have yet: what they would change is no drift.
    pub pending: usize,
}

impl Migrator<'_> {
    /// Builds the schema that this database should have: the migrations that are applied to it, for its
    /// engine, in a database of its own.
    ///
    /// # Errors
    /// Refuses a database without migrations, and one whose migrations are not this program's; fails when
    /// the server does, or does not let the login make a database.
    pub async fn declared(&self) -> Result<Declared, MigrationError> {
        let client = self.database.owner_connection().await?;
        let entries = ledger::read(&client).await?;
        drop(client);
        ledger::check(self.migrations, &entries)?;
        if entries.is_empty() {
            return Err(DbError::NotMigrated.into());
        }
        let applied: Vec<Migration> = self
            .migrations
            .iter()
            .filter(|migration| entries.iter().any(|entry| entry.version == migration.version()))
            .copied()
            .collect();
        let operator = self.database.operator().await?;
        let engine = operator.timeseries_engine().await?;
        operator.commit().await?;
        let scratch = Scratch::open(self.database).await?;
        let migrator = Migrator::with_migrations(scratch.database(), &applied, Some(engine));
        let built = migrator.up(Target::All, |_| {}).await;
        if let Err(error) = built {
            // What went wrong first is what is told.
            let _ = scratch.close().await;
            return Err(error);
        }
        Ok(Declared { scratch, pending: self.migrations.len() - applied.len() })
    }
}
