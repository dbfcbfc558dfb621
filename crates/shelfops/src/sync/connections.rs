//! One line to each integration's vendor, kept while the program runs: pace, circuit breaker and token
//! renewal are shared only through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use shelfops_db::Database;
use shelfops_db::models::{Integration, IntegrationStatus, Tenant};
use shelfops_integrations::connector::{
    self, Connection, ConnectionSettings, Connector, ReadingOptions,
};
use shelfops_integrations::http::{Policy, SystemSurroundings};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::key_cabinet::KeyCabinet;
use super::token_store::SealedTokens;
use crate::config::Config;
use crate::ops::{Context, OpError};

/// The lines of this process.
pub(crate) struct Connections {
    keys: Arc<KeyCabinet>,
    open: Mutex<FxHashMap<Uuid, Open>>,
    /// How often somebody was connected or left, as far as this process had to do with it.
    changes: AtomicU64,
}

/// A line, and when the tenant had let us in that it was made for.
struct Open {
    line: Arc<Connection>,
    connected_at: Option<Timestamp>,
}

/// How an integration is read, as its row tells it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ReadingSettings {
    history_from: Option<jiff::Timestamp>,
}

impl Connections {
    /// Prepares for lines; none is made before it is needed.
    pub(crate) fn new(config: &Config) -> Self {
        let keys = Arc::new(KeyCabinet::new(config.secret_keys()));
        Self { keys, open: Mutex::default(), changes: AtomicU64::default() }
    }

    /// Returns the keys for secrets.
    pub(crate) const fn keys(&self) -> &Arc<KeyCabinet> {
        &self.keys
    }

    /// Returns the line of an integration. One that was made before the tenant connected again, perhaps
    /// through another process, has tokens and settings of then and is made anew.
    ///
    /// # Errors
    /// Fails for one that is not connected, and for a connector that we do not have.
    pub(super) async fn line(
        &self,
        context: &Context,
        tenant: &Tenant,
        integration: &Integration,
    ) -> Result<Arc<Connection>, OpError> {
        let source = &integration.source;
        match integration.status {
            IntegrationStatus::Pending => {
                return Err(OpError::usage(format!(
                    "{source} is not connected yet: `shelfops integration connect` opens the vendor's \
                     page"
                )));
            }
            IntegrationStatus::Revoked => {
                return Err(OpError::usage(format!(
                    "{source} was disconnected: connect it again by `shelfops integration connect`"
                )));
            }
            IntegrationStatus::Active | IntegrationStatus::Paused | IntegrationStatus::Failed => {}
        }
        let mut open = self.open.lock().await;
        let connected_at = integration.connected_at;
        // A caller that looked before the others did gets what they have.
        let known = open.get(&integration.integration_id);
        if let Some(known) = known.filter(|known| known.connected_at >= connected_at) {
            return Ok(known.line.clone());
        }
        let line = Arc::new(self.make(context, tenant, integration).await?);
        open.insert(integration.integration_id, Open { line: line.clone(), connected_at });
        Ok(line)
    }

    /// Returns how often somebody was connected or left: what was learnt of integrations before that
    /// may be so no more.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Forgets a line, after it was made durable that its integration was connected, also for the first
    /// time, or is no more.
    pub(super) async fn forget(&self, integration_id: Uuid) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.open.lock().await.remove(&integration_id);
    }

    async fn make(
        &self,
        context: &Context,
        tenant: &Tenant,
        integration: &Integration,
    ) -> Result<Connection, OpError> {
        let connector = connector_of(integration)?;
        let database: Database = context.database().await?.clone();
        let told: ReadingSettings =
            serde_json::from_value(integration.settings.clone()).unwrap_or_default();
        let settings = ConnectionSettings {
            app: context.config().applications.app(connector)?,
            policy: Policy {
                rate: context.config().applications.rate(connector.name())?,
                ..Policy::default()
            },
            reading: ReadingOptions {
                history_from: told.history_from,
                window: SignedDuration::from_hours(7 * 24),
                ..ReadingOptions::default()
            },
        };
        let tokens =
            SealedTokens::new(database, self.keys.clone(), tenant.customer_id, integration);
        let surroundings = Arc::new(SystemSurroundings::default());
        Ok(Connection::new(connector, settings, Arc::new(tokens), surroundings)?)
    }
}

/// Returns the connector that reads an integration.
pub(super) fn connector_of(integration: &Integration) -> Result<&'static dyn Connector, OpError> {
    connector::find(&integration.connector).ok_or_else(|| {
        OpError::failed(format!(
            "{} is read by a connector '{}' that this program does not have: update ShelfOps",
            integration.source, integration.connector
        ))
    })
}
