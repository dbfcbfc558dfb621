//! The server under test: private, with the settings that users of the embedded server get.

use std::path::Path;

use anyhow::Context;
use shelfops_embedded_postgres::{Config, Installation, Server, ServerHandle};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

/// How often a copy is tried while others come into the database.
const COPY_TRIES: usize = 20;

/// A private server for one run.
pub(crate) struct BenchServer {
    handle: ServerHandle,
}

impl BenchServer {
    /// Starts it below a directory.
    pub(crate) fn start(directory: &Path) -> anyhow::Result<Self> {
        let installation = Installation::find()?;
        let mut config = Config::new(std::path::absolute(directory)?.join("postgres"));
        if installation.has_library("timescaledb") {
            config = config.preload("timescaledb");
        }
        Ok(Self { handle: Server::start(installation, config)? })
    }

    /// Makes a database anew, dropping what was there.
    pub(crate) async fn fresh(&self, name: &str) -> anyhow::Result<()> {
        let admin = self.connect("postgres").await?;
        admin.batch_execute(&format!("drop database if exists {name} with (force)")).await?;
        admin.batch_execute(&format!("create database {name}")).await?;
        Ok(())
    }

    /// Copies a database, ending the sessions in it and dropping what had the copy's name.
    pub(crate) async fn copy(&self, database: &str, name: &str) -> anyhow::Result<()> {
        let admin = self.connect("postgres").await?;
        admin.batch_execute(&format!("drop database if exists {name} with (force)")).await?;
        let gone =
            "select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = $1";
        let copy = format!("create database {name} template {database} strategy file_copy");
        for _ in 0..COPY_TRIES {
            // A session that was left, or a vacuum: another one may come before the copy begins.
            admin.execute(gone, &[&database]).await?;
            match admin.batch_execute(&copy).await {
                Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => {}
                outcome => return Ok(outcome?),
            }
        }
        anyhow::bail!("{database} cannot be copied: others use it each time")
    }

    /// Drops a database.
    pub(crate) async fn drop(&self, name: &str) -> anyhow::Result<()> {
        let admin = self.connect("postgres").await?;
        admin.batch_execute(&format!("drop database if exists {name} with (force)")).await?;
        Ok(())
    }

    /// Connects as the superuser.
    pub(crate) async fn connect(&self, database: &str) -> anyhow::Result<Client> {
        let url = self.handle.connection_url(database);
        let (client, connection) =
            tokio_postgres::connect(&url, NoTls).await.context("connecting to the bench server")?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Returns the addresses for the owner and for tenants' work.
    pub(crate) fn urls(&self, database: &str) -> (String, String) {
        let tenant = self.handle.connection_url_as("shelfops_app", database);
        (self.handle.connection_url(database), tenant)
    }

    /// Writes everything out, so that one measurement does not pay for the one before.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        self.connect("postgres").await?.batch_execute("checkpoint").await?;
        Ok(())
    }

    /// Stops it.
    pub(crate) fn stop(self) {
        if let Err(error) = self.handle.stop_if_last() {
            eprintln!("the bench server did not stop at once: {error}");
        }
    }
}
