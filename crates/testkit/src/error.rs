//! What can go wrong between a test and its database.

use std::error::Error;
use std::io;
use std::time::Duration;

use shelfops_embedded_postgres::{FindError, StartError};

use crate::engine::{Engine, REQUIRED_ENGINES};

/// Why a test did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum TestkitError {
    /// There is no PostgreSQL to run, and no server was named.
    #[error("tests need PostgreSQL: install it, or name a server in TEST_DATABASE_URL")]
    Find(#[from] FindError),
    /// The private server did not start.
    #[error(
        "the test server did not start; its data are disposable, so if they are damaged, remove the \
         directory named below and try again"
    )]
    Start(#[from] StartError),
    /// `TEST_DATABASE_URL`, or another connection URL, cannot be used.
    #[error(
        "the connection URL cannot be used: {reason}; write it as \
         postgresql://user:password@host:port/database"
    )]
    InvalidUrl {
        /// What is wrong with it; never its text, which may hold a password.
        reason: &'static str,
    },
    /// The server refused the connection.
    #[error("could not connect to the test server: make sure that it runs and lets this role in")]
    Connect(#[source] tokio_postgres::Error),
    /// The server refused a statement.
    #[error("could not {action}")]
    Statement {
        /// What was tried, and on what.
        action: String,
        /// Why it was refused.
        source: tokio_postgres::Error,
    },
    /// A database stayed in use.
    #[error("could not {action}: sessions of others kept it in use; end them and try again")]
    InUse {
        /// What was tried, and on what.
        action: String,
    },
    /// A template's name cannot be part of a database's name.
    #[error("`{name}` cannot name a template: use 1 to 24 of the characters a-z, 0-9 and _")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// A test's own code failed to fill a template.
    #[error("the template `{name}` could not be built: correct what its tests do to build it")]
    Build {
        /// The template's name.
        name: String,
        /// What that code returned.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server cannot run an engine.
    #[error("the test server cannot run the engine {engine}: {reason}")]
    EngineUnavailable {
        /// The engine.
        engine: Engine,
        /// What is missing.
        reason: &'static str,
    },
    /// An engine that the run must be tested on is not there.
    #[error(
        "{REQUIRED_ENGINES} names '{engine}', which tests of this run cannot use; it knows {found}"
    )]
    EngineRequired {
        /// The engine, as the variable names it.
        engine: String,
        /// Those that there are.
        found: String,
    },
    /// A condition did not come true in time.
    #[error("waited {} s in vain for {description}", deadline.as_secs_f32())]
    TimedOut {
        /// What was waited for.
        description: String,
        /// How long.
        deadline: Duration,
    },
    /// `pg_dump` could not be run.
    #[error("could not run pg_dump: install PostgreSQL's client programs")]
    DumpCommand(#[source] io::Error),
    /// `pg_dump` refused.
    #[error("pg_dump failed; it said:\n{output}")]
    Dump {
        /// What it printed.
        output: String,
    },
}

impl TestkitError {
    /// Returns a function that says what a refused statement was to do.
    pub(crate) fn statement(
        action: impl Into<String>,
    ) -> impl FnOnce(tokio_postgres::Error) -> Self {
        let action = action.into();
        move |source| Self::Statement { action, source }
    }
}
