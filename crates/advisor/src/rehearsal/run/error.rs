//! Why a rehearsal broke off.

use crate::plans::describe;
use crate::rehearsal::copy::CopyError;

/// Why a rehearsal broke off. That a migration fails is no such reason: that is what it finds out.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// There is no copy, or one of PostgreSQL's programs failed on it.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// A statement would change the server itself, and with it the database that is copied.
    #[error(
        "`{statement}` of {migration} belongs to the server, not to one database: it cannot be \
         rehearsed on a copy; put it into a migration of its own, and rehearse the others"
    )]
    OfServer {
        /// The migration.
        migration: String,
        /// The statement, as far as it is shown.
        statement: String,
    },
    /// The runner's own statements failed.
    #[error("could not begin {migration} as its runner does: {}", describe(source))]
    Runner {
        /// The migration.
        migration: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// A statement of the workload does not even run before the migration.
    #[error(
        "the workload's statement `{statement}` fails before any migration: {}",
        describe(source)
    )]
    Workload {
        /// The statement.
        statement: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// The server refused a statement of ours.
    #[error("could not {action}: {}", describe(source))]
    Server {
        /// What was being done, as words that follow "could not".
        action: &'static str,
        /// What the server said.
        source: tokio_postgres::Error,
    },
}

/// Marks what a statement of ours was for, when it fails.
pub(super) fn doing(action: &'static str) -> impl FnOnce(tokio_postgres::Error) -> RehearsalError {
    move |source| RehearsalError::Server { action, source }
}
