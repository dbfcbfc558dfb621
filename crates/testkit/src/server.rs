//! The server that all test processes of a run share.

use std::env;

use shelfops_embedded_postgres::ServerHandle;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

use crate::address::Address;
use crate::connection::connect;
use crate::embedded::{self, Flavour, off_the_runtime};
use crate::error::TestkitError;
use crate::sweep;

/// Names the server to use instead of a private one.
const URL_VARIABLE: &str = "TEST_DATABASE_URL";

static MAIN: OnceCell<TestServer> = OnceCell::const_new();
static APACHE: OnceCell<TestServer> = OnceCell::const_new();

/// A server with databases for tests.
#[derive(Debug)]
pub struct TestServer {
    address: Address,
    embedded: Option<ServerHandle>,
    timescaledb_version: Option<String>,
}

/// Returns the server of this run, which the first to ask starts.
///
/// It is the one `TEST_DATABASE_URL` names, by a role that may create databases, or a private one
/// below the target directory. A private server stops when the last test process has ended.
pub async fn server() -> Result<&'static TestServer, TestkitError> {
    let start = async || match env::var(URL_VARIABLE) {
        Ok(url) if !url.is_empty() => TestServer::named(&url).await,
        _ => TestServer::embedded(Flavour::Main).await,
    };
    MAIN.get_or_try_init(start).await
}

/// Returns the private server on which TimescaleDB behaves as its Apache edition does.
pub(crate) async fn apache_server() -> Result<&'static TestServer, TestkitError> {
    APACHE.get_or_try_init(|| TestServer::embedded(Flavour::Apache)).await
}

/// Returns a private server, whatever `TEST_DATABASE_URL` says, which the caller may [`crash`].
///
/// Tests that name the same one share it, and get to feel what the others do to it.
///
/// [`crash`]: TestServer::crash
pub async fn own_server(name: &'static str) -> Result<&'static TestServer, TestkitError> {
    // For as long as the process lives, as the others.
    Ok(Box::leak(Box::new(TestServer::embedded(Flavour::Own(name)).await?)))
}

impl TestServer {
    /// Ends a private server at once, as a crash of its machine's power does not but one of its own
    /// does: nothing is written down any more, and every connection is gone.
    ///
    /// # Panics
    /// If the server is not a private one, or does not run.
    pub fn crash(&self) {
        let handle = self.embedded.as_ref().expect("only a private server may be crashed");
        let id = handle.process_id().expect("the server runs");
        // What PostgreSQL calls an immediate shutdown.
        let told =
            std::process::Command::new("kill").args(["-s", "QUIT", &id.to_string()]).status();
        assert!(told.expect("kill can be called").success(), "nobody could stop process {id}");
    }

    /// Starts a private server again that has crashed; returns when it has recovered.
    pub async fn recover(&'static self) -> Result<(), TestkitError> {
        if let Some(handle) = &self.embedded {
            off_the_runtime(|| handle.ensure_running()).await?;
        }
        Ok(())
    }

    /// Returns the URL of one of the server's databases.
    pub fn url(&self, database: &str) -> String {
        self.address.with_database(database).url()
    }

    /// Returns the URL of one of the server's databases for another role.
    ///
    /// The role must be allowed to log in. The private server asks for no password; one named by
    /// `TEST_DATABASE_URL` is given the password in that URL.
    pub fn url_as(&self, role: &str, database: &str) -> String {
        self.address.with_database(database).with_user(role).url()
    }

    /// Tells whether the server is a private one, started for this run.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Returns the version of TimescaleDB that databases could create, if any.
    pub fn timescaledb_version(&self) -> Option<&str> {
        self.timescaledb_version.as_deref()
    }

    /// Returns how to copy databases: the end of a `create database` statement.
    ///
    /// Copying files takes 15 ms instead of 60 to 150, but begins and ends with a checkpoint. That is
    /// cheap on the private server, which does not wait for the disk.
    pub(crate) fn copy_strategy(&self) -> &'static str {
        if self.is_embedded() { "strategy file_copy" } else { "" }
    }

    /// Returns the URL of the database from which others are created and dropped.
    pub(crate) fn maintenance_url(&self) -> String {
        self.address.url()
    }

    /// Connects to the database from which others are created and dropped.
    pub(crate) async fn connect(&'static self) -> Result<Client, TestkitError> {
        let url = self.maintenance_url();
        match (connect(&url).await, &self.embedded) {
            // A private server may have been killed, by a test or for want of memory.
            (Err(_), Some(handle)) => {
                off_the_runtime(|| handle.ensure_running()).await?;
                connect(&url).await
            }
            (outcome, _) => outcome,
        }
    }

    async fn named(url: &str) -> Result<Self, TestkitError> {
        Self::open(Address::parse(url)?, None).await
    }

    async fn embedded(flavour: Flavour) -> Result<Self, TestkitError> {
        let handle = embedded::start(flavour).await?;
        let address = Address::parse(&handle.connection_url("postgres"))?;
        Self::open(address, Some(handle)).await
    }

    /// Gets to know the server, and removes what crashed runs have left there.
    async fn open(address: Address, embedded: Option<ServerHandle>) -> Result<Self, TestkitError> {
        let client = connect(&address.url()).await?;
        let available = "select default_version from pg_available_extensions where name = $1";
        let found = client
            .query_opt(available, &[&"timescaledb"])
            .await
            .map_err(TestkitError::statement("list the server's extensions"))?;
        sweep::remove_stale_databases(&client).await?;
        let timescaledb_version = found.map(|row| row.get(0));
        Ok(Self { address, embedded, timescaledb_version })
    }
}
