//! Why there is no copy, and what to do about it.

use crate::plans::describe;
use shelfops_connection::AddressError;

/// Why there is no copy. Whatever was begun is gone again.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The address cannot be read.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The server cannot be reached.
    #[error("the server of {database} cannot be reached: {}", describe(source))]
    Unreachable {
        /// The database that was to be connected to.
        database: String,
        /// What went wrong.
        source: tokio_postgres::Error,
    },
    /// Others use the database, and a clone would end their sessions.
    #[error(
        "{database} is in use ({sessions}): a clone would end those sessions and let nobody in until \
         it is made. Take a sample or a dump, or ask for a clone in spite of them"
    )]
    InUse {
        /// The database.
        database: String,
        /// Who uses it.
        sessions: String,
    },
    /// One of PostgreSQL's programs is not there.
    #[error(
        "there is no {program} in {directory}: install PostgreSQL's client programs, in the server's \
         version or newer, and say where they are"
    )]
    NoProgram {
        /// The program.
        program: &'static str,
        /// Where it was looked for.
        directory: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// One of PostgreSQL's programs failed.
    #[error("{program} failed: {said}")]
    Program {
        /// The program.
        program: &'static str,
        /// What it said.
        said: String,
    },
    /// The dump's file cannot be read.
    #[error("the dump {path} cannot be read: {source}")]
    Dump {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A directory for a dump could not be made, or the like.
    #[error("no room for a dump of the schema: {0}")]
    Disk(#[source] std::io::Error),
    /// A copy would fill the disk.
    #[error(
        "{database} takes {needed}, and where the server keeps its files {left} are free: a copy would leave too \
         little to those who use it. Make room, or, to prove advice, name a database elsewhere with --scratch-url"
    )]
    NoSpace {
        /// The database that was to be copied.
        database: String,
        /// How much it takes.
        needed: String,
        /// How much is left.
        left: String,
    },
    /// A sample would not be what the database is.
    #[error("no sample can be taken: {reason}")]
    Unsampleable {
        /// Why, and what to do instead.
        reason: String,
    },
    /// The schema of the copy could not be prepared.
    #[error("the schema of the copy could not be built: {0}")]
    Prepare(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The session that holds the copy has ended, and with it the lock that says whose the copy is.
    #[error(
        "the session that holds the copy {name} was ended, so anybody may have dropped the copy and what was \
         seen on it says nothing ({}): rehearse again, and where it comes again, look what ends sessions that \
         rest",
        describe(source)
    )]
    Lost {
        /// The copy.
        name: String,
        /// What the connection said.
        source: tokio_postgres::Error,
    },
    /// The server refused a statement of ours.
    #[error("could not {action}: {}", describe(source))]
    Server {
        /// What was being done, as words that follow "could not".
        action: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
}

/// Marks what a statement of ours was for, when it fails.
pub(super) fn doing(action: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> CopyError {
    let action = action.into();
    move |source| CopyError::Server { action, source }
}
