//! The database that operations use: the one that was named, or an embedded server.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shelfops_db::{Database, DatabaseConfig};
use shelfops_embedded_postgres::{Config as ServerConfig, Installation, Server, ServerHandle};
use shelfops_integrations::connector::renewals_end;
use tokio::sync::OnceCell;

use crate::config::Config;
use crate::ops::OpError;
use crate::ops::context::Talk;

/// The embedded server's database.
const DATABASE: &str = "shelfops";

/// How often is looked whether the embedded server is still there.
const LOOK: Duration = Duration::from_secs(1);

/// How seldom that becomes while it cannot be started.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How long a vendor who is renewing a token is waited for before the connections are closed.
const LONGEST_RENEWAL: Duration = Duration::from_secs(20);

/// How long a stop waits for it: a fast one of PostgreSQL takes over a minute at worst.
const LONGEST_STOP: Duration = Duration::from_secs(90);

/// The embedded server, as long as it is ours. Looking after it and giving it up exclude each other: a
/// server that is being stopped must not be taken for one that was killed.
type Held = Mutex<Option<ServerHandle>>;

/// A database that is opened when it is first asked for.
pub(crate) struct OpenDatabase {
    address: Option<DatabaseConfig>,
    directory: PathBuf,
    talk: Arc<dyn Talk>,
    database: OnceCell<Database>,
    owner_url: OnceCell<String>,
    server: Arc<Held>,
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
            server: Arc::default(),
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
        *held(&self.server) = Some(handle);
        Ok(config)
    }

    /// Closes the connections and gives the server up; it stops when nobody else uses it. Tokens that are
    /// being renewed are stored before that.
    pub(crate) async fn close(&self) {
        renewals_end(LONGEST_RENEWAL).await;
        if let Some(database) = self.database.get() {
            database.close();
        }
        let server = self.server.clone();
        let stopped = tokio::task::spawn_blocking(move || {
            let handle = held(&server).take();
            handle.map(ServerHandle::stop_if_last)
        });
        // Who starts it again holds it meanwhile, for minutes at worst: its guard stops it behind us then.
        let Ok(stopped) = tokio::time::timeout(LONGEST_STOP, stopped).await else { return };
        if let Ok(Some(Err(error))) = stopped {
            tracing::warn!(error = %error, "the embedded server did not stop at once");
        }
    }

    /// Starts the embedded server again whenever it is gone, from now until the database is closed: for
    /// those who serve and work, and go on when a session breaks. A command that ends says so instead.
    pub(crate) fn watch(&self) {
        let server = Arc::downgrade(&self.server);
        tokio::spawn(async move {
            let (mut told, mut pause) = (String::new(), LOOK);
            loop {
                tokio::time::sleep(pause).await;
                let Some(server) = server.upgrade() else { return };
                let looked = tokio::task::spawn_blocking(move || {
                    held(&server).as_ref().map(ServerHandle::ensure_running)
                });
                match looked.await {
                    Ok(Some(Ok(was_gone))) => {
                        told.clear();
                        pause = LOOK;
                        if was_gone {
                            tracing::warn!("the embedded server was gone, and runs again");
                        }
                    }
                    Ok(Some(Err(error))) => {
                        // What does not start will not a second later: it is tried less and less often.
                        pause = (pause * 2).min(LONGEST_PAUSE);
                        let text = error.to_string();
                        // Behind the first line is what the server wrote, with times.
                        let what = text.lines().next().unwrap_or_default();
                        if told != what {
                            told = what.to_owned();
                            tracing::error!(error = text, "the embedded server is gone");
                        }
                    }
                    // Given up, or the program ends.
                    Ok(None) | Err(_) => return,
                }
            }
        });
    }
}

fn held(server: &Held) -> MutexGuard<'_, Option<ServerHandle>> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
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
