//! The database that operations use: the one that was named, or an embedded server.

use std::path::PathBuf;
use std::sync::Arc;

use shelfops_db::{Database, DatabaseConfig};
use shelfops_embedded_postgres::{Config as ServerConfig, Installation, Server, ServerHandle};
use tokio::sync::{Mutex, OnceCell};

use crate::config::Config;
use crate::ops::OpError;
use crate::ops::context::Talk;

/// The embedded server's database.
const DATABASE: &str = "shelfops";

/// A database that is opened when it is first asked for.
pub(crate) struct OpenDatabase {
    address: Option<DatabaseConfig>,
    directory: PathBuf,
    talk: Arc<dyn Talk>,
    database: OnceCell<Database>,
    owner_url: OnceCell<String>,
    server: Mutex<Option<ServerHandle>>,
}

impl OpenDatabase {
    pub(crate) fn new(config: &Config, talk: Arc<dyn Talk>) -> Self {
        let address = config.database_url.clone().map(|owner_url| DatabaseConfig {
            owner_url,
            tenant_url: config.app_database_url.clone(),
        });
        Self {
            address,
            directory: config.state_directory.join("postgres"),
            talk,
            database: OnceCell::new(),
            owner_url: OnceCell::new(),
            server: Mutex::new(None),
        }
    }

    /// Whether the server is our own.
    pub(crate) const fn is_embedded(&self) -> bool {
        self.address.is_none()
    }

    /// Opens the database on the first call.
    pub(crate) async fn get(&self) -> Result<&Database, OpError> {
        self.database.get_or_try_init(|| self.open()).await
    }

    /// Returns where the database is, for those who look at it with a client of their own.
    pub(crate) async fn owner_url(&self) -> Result<&str, OpError> {
        self.get().await?;
        self.owner_url
            .get()
            .map(String::as_str)
            .ok_or_else(|| OpError::failed("the database was opened without an address"))
    }

    async fn open(&self) -> Result<Database, OpError> {
        let config = match &self.address {
            Some(address) => address.clone(),
            None => self.start().await?,
        };
        let _ = self.owner_url.set(config.owner_url.clone());
        Ok(Database::new(&config)?)
    }

    async fn start(&self) -> Result<DatabaseConfig, OpError> {
        let directory = self.directory.clone();
        if !directory.exists() {
            self.talk.say(&format!("Creating a private PostgreSQL in {}", directory.display()));
        }
        let started = tokio::task::spawn_blocking(move || start_server(directory)).await;
        let handle = started
            .map_err(|lost| OpError::failed(format!("starting PostgreSQL broke off: {lost}")))??;
        let admin = handle.connection_url("postgres");
        shelfops_db::ensure_database(&admin, DATABASE).await?;
        let config = DatabaseConfig {
            owner_url: handle.connection_url(DATABASE),
            tenant_url: Some(handle.connection_url_as("shelfops_app", DATABASE)),
        };
        *self.server.lock().await = Some(handle);
        Ok(config)
    }

    /// Closes the connections and gives the server up; it stops when nobody else uses it.
    pub(crate) async fn close(&self) {
        if let Some(database) = self.database.get() {
            database.close();
        }
        let Some(handle) = self.server.lock().await.take() else { return };
        let stopped = tokio::task::spawn_blocking(move || handle.stop_if_last()).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(error = %error, "the embedded server did not stop at once");
        }
    }
}

fn start_server(directory: PathBuf) -> Result<ServerHandle, OpError> {
    let installation = Installation::find().map_err(|error| OpError::failed(error.to_string()))?;
    let mut config = ServerConfig::new(directory);
    for library in ["timescaledb", "pg_stat_statements"] {
        if installation.has_library(library) {
            config = config.preload(library);
        }
    }
    Server::start(installation, config).map_err(|error| OpError::failed(error.to_string()))
}
