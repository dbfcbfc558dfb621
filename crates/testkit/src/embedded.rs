//! Starts the private server of a test run: fast, and careless about crashes.

use shelfops_embedded_postgres::{Config, Installation, Server, ServerHandle};

use crate::database_name::hash;
use crate::error::TestkitError;
use crate::target_directory;

const TIMESCALEDB: &str = "timescaledb";

/// Counts statements, where a database has created it.
const STATEMENTS: &str = "pg_stat_statements";

/// Which of the private servers to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// The one every test uses.
    Main,
    /// The one on which TimescaleDB behaves as its Apache edition does.
    Apache,
    /// One for tests that harm their server, with a name.
    Own(&'static str),
}

/// Starts the server, or attaches to the one another test process has started.
pub(crate) async fn start(flavour: Flavour) -> Result<ServerHandle, TestkitError> {
    off_the_runtime(move || {
        let installation = Installation::find()?;
        let config = config(&installation, flavour);
        Ok(Server::start(installation, config)?)
    })
    .await
}

/// Runs code that blocks where it holds up no other task.
pub(crate) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

fn config(installation: &Installation, flavour: Flavour) -> Config {
    let kind = match flavour {
        Flavour::Main => String::new(),
        Flavour::Apache => "-apache".to_owned(),
        Flavour::Own(name) => format!("-{name}"),
    };
    let name = format!("postgres-{}{kind}", mark(installation));
    let mut config = Config::new(target_directory::find().join("testkit").join(name));
    for (name, value) in careless() {
        config = config.setting(name, value);
    }
    if installation.has_library(TIMESCALEDB) {
        // Without workers no scheduler holds a session in a template, and no policy runs by chance:
        // a test that wants one runs it by `call run_job(...)`.
        config = config.preload(TIMESCALEDB).setting("timescaledb.max_background_workers", "0");
    }
    if installation.has_library(STATEMENTS) {
        // All tests share it: none may push another's statements out.
        config = config.preload(STATEMENTS).setting("pg_stat_statements.max", "50000");
    }
    if flavour == Flavour::Apache {
        config = config.setting("timescaledb.license", "apache");
    }
    config
}

/// Marks the directories of an installation, so that tests can go back and forth between two: of two
/// versions, or of one with different editions of an extension.
fn mark(installation: &Installation) -> String {
    let directory = installation.binary_directory().display().to_string();
    format!("{}-{:08x}", installation.version().major(), hash(&directory) >> 32)
}

/// Settings for data that nobody would miss, and for many tests at once.
fn careless() -> [(&'static str, &'static str); 8] {
    [
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("max_wal_size", "1GB"),
        ("shared_buffers", "256MB"),
        ("max_connections", "300"),
        ("max_locks_per_transaction", "512"),
        // Every copy of a template makes two.
        ("log_checkpoints", "off"),
    ]
}
