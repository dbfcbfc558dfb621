//! Why a migration was refused or failed, and what is left behind.

use tokio_postgres::error::ErrorPosition;

use super::{Direction, Migration, ledger};
use crate::DbError;
use crate::error::describe;

/// Why migrating stopped.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A migration was changed after it was applied.
    #[error(
        "migration {file} was changed after it was applied to this database; put the old text back \
         and write a new migration instead: nothing was run"
    )]
    Changed {
        /// The migration.
        file: String,
    },
    /// The database has a migration that this program does not know.
    #[error(
        "the database has migration {version}_{name}, which this program does not know: it is older \
         than the database. Use the newer program; nothing was run"
    )]
    Unknown {
        /// Its version.
        version: i64,
        /// Its name.
        name: String,
    },
    /// The server is too old.
    #[error(
        "the server is PostgreSQL {version}, and ShelfOps needs 15 or newer: upgrade it, or name another \
         in DATABASE_URL. Nothing was run"
    )]
    OldServer {
        /// Which it is.
        version: String,
    },
    /// A migration failed and was rolled back.
    #[error(
        "migration {file} failed going {way}{place}: {reason}. It was rolled back: nothing of it remains"
    )]
    Failed {
        /// The migration.
        file: String,
        /// `up` or `down`.
        way: &'static str,
        /// The line, if the server told one.
        place: String,
        /// What the server said.
        reason: String,
        /// The error itself.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A migration that runs outside a transaction failed.
    #[error(
        "migration {file} failed going {way}{place}: {reason}. It does not run in a transaction; \
         {remains}"
    )]
    HalfDone {
        /// The migration.
        file: String,
        /// `up` or `down`.
        way: &'static str,
        /// The line, if the server told one.
        place: String,
        /// What the server said.
        reason: String,
        /// What is left behind, and how to clean up.
        remains: String,
        /// The error itself.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The engine that was asked for is not on this server.
    #[error("the time-series engine {engine} cannot be used here: {reason}")]
    EngineUnavailable {
        /// What was asked for.
        engine: crate::Engine,
        /// Why not, and what to do.
        reason: String,
    },
    /// The database could not be worked with.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl MigrationError {
    pub(super) fn failed(
        migration: &Migration,
        direction: Direction,
        text: &str,
        source: tokio_postgres::Error,
    ) -> Self {
        Self::Failed {
            file: migration.file.to_owned(),
            way: way(direction),
            place: place(text, &source),
            reason: describe(&source),
            source,
        }
    }

    pub(super) fn half_done(
        migration: &Migration,
        direction: Direction,
        text: &str,
        source: tokio_postgres::Error,
        invalid_indexes: Vec<String>,
    ) -> Self {
        let remains = if invalid_indexes.is_empty() {
            "its only statement had no lasting effect".to_owned()
        } else {
            format!(
                "these indexes are left invalid, drop them before you try again: {}",
                invalid_indexes.join(", ")
            )
        };
        Self::HalfDone {
            file: migration.file.to_owned(),
            way: way(direction),
            place: place(text, &source),
            reason: describe(&source),
            remains,
            source,
        }
    }

    /// A statement took effect outside a transaction, and the ledger does not say so.
    pub(super) fn unrecorded(
        migration: &Migration,
        direction: Direction,
        source: tokio_postgres::Error,
    ) -> Self {
        let remains = format!(
            "its statement took effect, but could not be written down. Do that before you migrate \
             again, or it runs twice: {}",
            ledger::statement(migration, direction)
        );
        Self::HalfDone {
            file: migration.file.to_owned(),
            way: way(direction),
            place: String::new(),
            reason: describe(&source),
            remains,
            source,
        }
    }
}

const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

/// Finds the line that the server points at.
fn place(text: &str, error: &tokio_postgres::Error) -> String {
    let position = error.as_db_error().and_then(|said| said.position());
    let Some(ErrorPosition::Original(position)) = position else { return String::new() };
    let before = text.chars().take(*position as usize);
    let line = before.filter(|character| *character == '\n').count() + 1;
    let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
    format!(" at line {line} (`{shown}`)")
}
