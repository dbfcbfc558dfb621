//! What every operation may use: the database, who asks, and how to tell of progress.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shelfops_db::models::{AuditEntry, Tenant};
use shelfops_db::{Database, TenantTx};

use super::OpError;
use super::principal::Principal;
use crate::config::Config;
use crate::import::{BATCH_BYTES, BATCH_RECORDS};
use crate::server::OpenDatabase;
use crate::sync::{Connections, Precedence};

/// What operations may use.
pub(crate) struct Context {
    config: Config,
    database: Arc<OpenDatabase>,
    talk: Arc<dyn Talk>,
    principal: Principal,
    connections: Arc<Connections>,
    precedence: Arc<Precedence>,
    memory_shares: u32,
}

/// How an operation tells of itself while it runs. Nothing of it is part of the answer.
pub(crate) trait Talk: Send + Sync {
    /// Says a line.
    fn say(&self, line: &str);

    /// Shows how far something has come; `None` when its end is not known.
    fn progress(&self, progress: &TaskProgress);

    /// Ends what [`Talk::progress`] showed.
    fn done(&self);

    /// Whether the user asked to stop.
    fn should_stop(&self) -> bool;
}

/// How often the wish to stop is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Returns when the user has asked to stop.
pub(crate) async fn until_stopped(talk: &dyn Talk) {
    while !talk.should_stop() {
        tokio::time::sleep(LOOK).await;
    }
}

/// How far something has come.
#[derive(Clone, Debug)]
pub(crate) struct TaskProgress {
    /// What is being done.
    pub(crate) label: String,
    /// How much of it is done.
    pub(crate) position: u64,
    /// How much there is.
    pub(crate) length: Option<u64>,
    /// What there is to say besides.
    pub(crate) note: String,
}

impl Context {
    /// Makes a context; the database is opened when the first operation asks for it.
    pub(crate) fn new(config: Config, talk: Arc<dyn Talk>) -> Self {
        let database = Arc::new(OpenDatabase::new(&config, talk.clone()));
        let principal = Principal::Terminal { user: login() };
        let connections = Arc::new(Connections::new(&config));
        let precedence = Arc::default();
        Self { config, database, talk, principal, connections, precedence, memory_shares: 1 }
    }

    /// Returns the same for somebody else: one database, but whoever asks is held to what they may.
    pub(crate) fn for_principal(&self, principal: Principal, talk: Arc<dyn Talk>) -> Self {
        Self {
            config: self.config.clone(),
            database: self.database.clone(),
            talk,
            principal,
            connections: self.connections.clone(),
            precedence: self.precedence.clone(),
            memory_shares: self.memory_shares,
        }
    }

    /// Lets so many runs at once take together what one may take alone.
    #[must_use]
    pub(crate) fn sharing_memory(mut self, shares: u32) -> Self {
        self.memory_shares = shares.max(1);
        self
    }

    /// Returns how many records a batch may have.
    pub(crate) const fn batch_records(&self) -> u32 {
        BATCH_RECORDS / self.memory_shares
    }

    /// Returns how much memory the raw records of a batch may take, in bytes.
    pub(crate) const fn batch_bytes(&self) -> usize {
        BATCH_BYTES / self.memory_shares as usize
    }

    /// Returns the settings.
    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the lines to vendors.
    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Returns who goes first.
    pub(crate) const fn precedence(&self) -> &Arc<Precedence> {
        &self.precedence
    }

    /// Returns the database, starting the embedded server if there is no other.
    pub(crate) async fn database(&self) -> Result<&Database, OpError> {
        self.database.get().await
    }

    /// Returns the server's state, for those that look at the server itself.
    pub(crate) fn open_database(&self) -> &OpenDatabase {
        &self.database
    }

    /// Finds a tenant and begins a transaction for it.
    pub(crate) async fn tenant(&self, slug: &str) -> Result<(Tenant, TenantTx), OpError> {
        let database = self.database().await?;
        let tenant = database.find_tenant(slug).await?;
        let tx = database.tenant(tenant.customer_id).await?;
        Ok((tenant, tx))
    }

    /// Returns who asks.
    pub(crate) const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Remembers a change in the tenant's audit log.
    pub(crate) async fn audit(&self, slug: &str, entry: &AuditEntry<'_>) -> Result<(), OpError> {
        let (_, tx) = self.tenant(slug).await?;
        tx.audit(entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Returns who hears of progress.
    pub(crate) fn talk(&self) -> Arc<dyn Talk> {
        self.talk.clone()
    }

    /// Returns the present.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Closes the database, and stops the embedded server if this was its last user.
    pub(crate) async fn close(&self) {
        self.database.close().await;
    }
}

/// Returns the login that this process runs as, by the operating system: a variable of the environment says
/// whatever its caller likes, and plans are approved by this name.
fn login() -> String {
    whoami::username().unwrap_or_else(|_| "unknown".to_owned())
}
