//! One test's database.

use std::error::Error;
use std::thread;
use std::time::Duration;

use tokio_postgres::Client;

use crate::connection::{connect, quoted};
use crate::database_name::{DatabaseName, TemplateName};
use crate::error::TestkitError;
use crate::server::{TestServer, server};
use crate::{sweep, template};

/// Dropping a database takes some milliseconds; a server that hangs must not hang the test.
const DROP_DEADLINE: Duration = Duration::from_secs(30);

/// A database that belongs to one test and is dropped with this value.
///
/// Sessions that are still open then are ended. What a crashed test leaves behind, a later run
/// removes.
#[derive(Debug)]
pub struct TestDatabase {
    server: &'static TestServer,
    name: String,
}

impl TestDatabase {
    /// Returns an empty database on the run's server.
    pub async fn empty() -> Result<Self, TestkitError> {
        server().await?.empty().await
    }

    /// Returns a copy of the template `name`, on the run's server.
    ///
    /// See [`TestServer::from_template`].
    pub async fn from_template<Build, Failure>(
        name: &str,
        fingerprint: &str,
        build: Build,
    ) -> Result<Self, TestkitError>
    where
        Build: AsyncFnOnce(String) -> Result<(), Failure>,
        Failure: Into<Box<dyn Error + Send + Sync>>,
    {
        server().await?.from_template(name, fingerprint, build).await
    }

    /// Returns the server the database is on.
    pub fn server(&self) -> &'static TestServer {
        self.server
    }

    /// Returns the database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the URL by which the server's superuser reaches the database.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Returns the URL by which `role` reaches the database; see [`TestServer::url_as`].
    pub fn url_as(&self, role: &str) -> String {
        self.server.url_as(role, &self.name)
    }

    /// Connects as the server's superuser.
    pub async fn connect(&self) -> Result<Client, TestkitError> {
        connect(&self.url()).await
    }

    /// Connects as `role`.
    pub async fn connect_as(&self, role: &str) -> Result<Client, TestkitError> {
        connect(&self.url_as(role)).await
    }
}

impl TestServer {
    /// Returns an empty database, with nothing that the server's administrator adds to new ones.
    pub async fn empty(&'static self) -> Result<TestDatabase, TestkitError> {
        let client = self.connect().await?;
        let name = DatabaseName::next().to_string();
        let (copy, strategy) = (quoted(&name), self.copy_strategy());
        let statement = format!("create database {copy} template template0 {strategy}");
        let action = format!("create the database {name}");
        client.batch_execute(&statement).await.map_err(TestkitError::statement(action))?;
        Ok(TestDatabase { server: self, name })
    }

    /// Returns a copy of the template `name`, which `build` fills when there is none yet.
    ///
    /// The template is built once for all processes and runs, and again when `fingerprint` changes;
    /// templates of the same name with other fingerprints are removed. `build` gets the URL of an
    /// empty database. Settings and grants on the database itself are not part of a copy.
    pub async fn from_template<Build, Failure>(
        &'static self,
        name: &str,
        fingerprint: &str,
        build: Build,
    ) -> Result<TestDatabase, TestkitError>
    where
        Build: AsyncFnOnce(String) -> Result<(), Failure>,
        Failure: Into<Box<dyn Error + Send + Sync>>,
    {
        // A template holds the version of an extension that was current when it was built.
        let extension = self.timescaledb_version().unwrap_or_default();
        let template = TemplateName::new(name, &format!("{fingerprint}\n{extension}"))?;
        let locked = template::ensure(self, &template, async |url| {
            let outcome = build(url).await.map_err(Into::into);
            outcome.map_err(|source| TestkitError::Build { name: name.to_owned(), source })
        })
        .await?;
        let name = DatabaseName::next().to_string();
        locked.clone_to(&name).await?;
        Ok(TestDatabase { server: self, name })
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (url, name) = (self.server.maintenance_url(), self.name.clone());
        // A runtime of its own: the test's may be the one this thread is running.
        let dropped = thread::spawn(move || drop_blocking(&url, &name)).join();
        if let Ok(Err(error)) = dropped {
            tracing::warn!(database = self.name, %error, "could not drop the test's database");
        }
    }
}

fn drop_blocking(url: &str, name: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = async {
        let client = connect(url).await?;
        sweep::drop_database(&client, name).await
    };
    runtime.block_on(async { tokio::time::timeout(DROP_DEADLINE, work).await })??;
    Ok(())
}
