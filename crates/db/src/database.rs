//! Connections: one pool for the owner's work, one for tenants' work, and no other way in.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    BuildError, Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod,
    Runtime, TimeoutType,
};
use postgres_types::ToSql;
use shelfops_connection::Address;
use shelfops_ingest::CustomerId;
use tokio::sync::OnceCell;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::error::doing;
use crate::run_places::RunPlaces;
use crate::signing::SigningKey;
use crate::{DbError, OperatorTx, TenantTx};

/// How many connections tenants' work may use at once.
const TENANT_CONNECTIONS: usize = 16;

/// How many connections the owner's work may use at once.
const OWNER_CONNECTIONS: usize = 4;

/// How many connections a run uses at most: its lock, two batches that are merged, one that is staged,
/// what it looks up, and the end of its run.
const CONNECTIONS_OF_A_RUN: usize = 6;

/// How long somebody waits for a connection that others use, or for the server to open one. Nobody
/// should: runs wait for a place. This is what turns a mistake of ours into an error that names it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the database is.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// For migrations and operators: a login that is a superuser, or may create roles and this
    /// database's objects.
    pub owner_url: String,
    /// For tenants' work: a login that is `shelfops_app` itself where the server allows, so that not
    /// even `RESET ROLE` leaves the tenant. Without it the owner's login steps down to that role.
    pub tenant_url: Option<String>,
}

/// A ShelfOps database.
#[derive(Clone)]
pub struct Database {
    owner: Pool,
    tenants: Pool,
    address: Arc<str>,
    owner_address: Arc<Address>,
    signing_key: Arc<OnceCell<Arc<SigningKey>>>,
    run_places: RunPlaces,
}

/// How the connections of one login are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Whose work they are for: `owner` or `tenants`.
    pub name: &'static str,
    /// How many there may be.
    pub limit: usize,
    /// How many there are.
    pub open: usize,
    /// How many of them do nothing.
    pub idle: usize,
    /// How many requests wait for one.
    pub waiting: usize,
}

impl Database {
    /// Prepares connections; none is opened before it is needed.
    ///
    /// # Errors
    /// Refuses an address that cannot be read.
    pub fn new(config: &DatabaseConfig) -> Result<Self, DbError> {
        let owner_address = read_address(&config.owner_url)?;
        let owner = pool(&owner_address, OWNER_CONNECTIONS)?;
        let tenants = match &config.tenant_url {
            Some(url) => pool(&read_address(url)?, TENANT_CONNECTIONS)?,
            None => pool(&owner_address, TENANT_CONNECTIONS)?,
        };
        Ok(Self {
            owner,
            tenants,
            address: describe_address(&owner_address).into(),
            owner_address: Arc::new(owner_address),
            signing_key: Arc::default(),
            run_places: RunPlaces::new(TENANT_CONNECTIONS / CONNECTIONS_OF_A_RUN),
        })
    }

    /// Returns another database of the same server, as the owner's login reaches it.
    pub(crate) fn sibling(&self, name: &str) -> Result<Self, DbError> {
        let owner_address = self.owner_address.with_database(name);
        let owner = pool(&owner_address, OWNER_CONNECTIONS)?;
        Ok(Self {
            tenants: owner.clone(),
            owner,
            address: describe_address(&owner_address).into(),
            owner_address: Arc::new(owner_address),
            signing_key: Arc::default(),
            // Only the owner's few connections are there; nothing is imported.
            run_places: RunPlaces::new(1),
        })
    }

    /// Where the database is, without secrets.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Makes room for jobs that are done at once, so that they need not wait for a place.
    pub(crate) fn make_room(&self, job_count: usize) {
        let connections = TENANT_CONNECTIONS.max(job_count * CONNECTIONS_OF_A_RUN);
        self.tenants.resize(connections);
        self.run_places.grow(connections / CONNECTIONS_OF_A_RUN);
        // A worker's session, and what its jobs do as operators.
        self.owner.resize(OWNER_CONNECTIONS + 1 + job_count);
    }

    /// Begins a tenant's transaction.
    ///
    /// # Errors
    /// Fails when the server cannot be reached or is not migrated.
    pub async fn tenant(&self, customer_id: CustomerId) -> Result<TenantTx, DbError> {
        let key = self.signing_key().await?;
        let client = self.connect(&self.tenants).await?;
        TenantTx::begin(client, customer_id, key).await
    }

    /// Runs one statement as a tenant, in a transaction of its own, in as few round trips as there can be.
    pub(crate) async fn run_alone(
        &self,
        customer_id: CustomerId,
        action: &'static str,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, DbError> {
        let key = self.signing_key().await?;
        let client = self.connect(&self.tenants).await?;
        TenantTx::run_alone(client, (customer_id, key), sql, parameters)
            .await
            .map_err(doing(action))
    }

    /// Begins a transaction of the owner, for work across tenants: no tenant's rows are visible.
    ///
    /// # Errors
    /// Fails when the server cannot be reached or is not migrated.
    pub async fn operator(&self) -> Result<OperatorTx, DbError> {
        OperatorTx::begin(self.owner_connection().await?).await
    }

    /// Returns how the owner's login connects, for the job queue's own connections.
    pub(crate) fn owner_address(&self) -> &Address {
        &self.owner_address
    }

    /// Hands out a connection of the owner's login, for what cannot run in a transaction.
    pub(crate) async fn owner_connection(&self) -> Result<Object, DbError> {
        self.connect(&self.owner).await
    }

    /// Hands out a connection that holds a lock for as long as it lives.
    pub(crate) async fn lock_connection(&self) -> Result<Object, DbError> {
        self.connect(&self.tenants).await
    }

    /// Hands out a connection of tenants' login, for what is asked before the tenant is known.
    pub(crate) async fn tenant_connection(&self) -> Result<Object, DbError> {
        self.connect(&self.tenants).await
    }

    /// Says how the connections are used, those of the owner first.
    pub fn pools(&self) -> [PoolUse; 2] {
        let used = |name, pool: &Pool| {
            let status = pool.status();
            PoolUse {
                name,
                limit: status.max_size,
                open: status.size,
                idle: status.available,
                waiting: status.waiting,
            }
        };
        [used("owner", &self.owner), used("tenants", &self.tenants)]
    }

    /// Closes the connections that are idle; more are opened when they are needed.
    pub fn close_idle(&self) {
        for pool in [&self.owner, &self.tenants] {
            pool.retain(|_, _| false);
        }
    }

    /// Closes every connection that is idle, and the others as soon as they are; opens no more.
    pub fn close(&self) {
        self.owner.close();
        self.tenants.close();
    }

    /// Returns the places of runs: who holds one finds the connections that a run needs.
    pub(crate) const fn run_places(&self) -> &RunPlaces {
        &self.run_places
    }

    async fn connect(&self, pool: &Pool) -> Result<Object, DbError> {
        pool.get().await.map_err(|source| match source {
            PoolError::Timeout(TimeoutType::Wait) => DbError::Crowded {
                address: self.address.to_string(),
                limit: pool.status().max_size,
                seconds: PATIENCE.as_secs(),
            },
            source => {
                DbError::Unreachable { address: self.address.to_string(), source: source.into() }
            }
        })
    }

    /// Returns the key that proves tenants.
    pub(crate) async fn signing_key(&self) -> Result<&Arc<SigningKey>, DbError> {
        self.signing_key.get_or_try_init(|| self.load_signing_key()).await
    }

    async fn load_signing_key(&self) -> Result<Arc<SigningKey>, DbError> {
        let operator = self.operator().await?;
        let row = operator
            .query_opt("select inner_key, outer_key from shelfops.tenant_signing_key", &[])
            .await
            .map_err(doing("read the key that proves tenants"))?
            .ok_or(DbError::NotMigrated)?;
        Ok(Arc::new(SigningKey::new(row.get(0), row.get(1))))
    }
}

fn read_address(url: &str) -> Result<Address, DbError> {
    Address::parse(url).map_err(|error| DbError::BadAddress(error.to_string()))
}

fn pool(address: &Address, size: usize) -> Result<Pool, DbError> {
    let mut config = address.config().clone();
    if config.get_application_name().is_none() {
        config.application_name("shelfops");
    }
    pool_of(config, address, size).map_err(|error| DbError::BadAddress(error.to_string()))
}

/// Makes a pool whose connections are made as an address says, but for what `config` changes.
pub(crate) fn pool_of(
    config: tokio_postgres::Config,
    address: &Address,
    size: usize,
) -> Result<Pool, BuildError> {
    let manager = Manager::from_config(
        config,
        address.tls(),
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    Pool::builder(manager)
        .max_size(size)
        // The session that was used last: it has its plans and its view of the catalog at hand.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .build()
}

fn describe_address(address: &Address) -> String {
    use tokio_postgres::config::Host;

    let config = address.config();
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(directory)) => directory.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().unwrap_or_default();
    format!("{host}:{port}/{database}")
}

/// Creates a database on a server unless it is there.
///
/// # Errors
/// Fails when the server cannot be reached or refuses.
pub async fn ensure_database(admin_url: &str, name: &str) -> Result<(), DbError> {
    let address = read_address(admin_url)?;
    let client = pool(&address, 1)?.get().await.map_err(|source| DbError::Unreachable {
        address: describe_address(&address),
        source: source.into(),
    })?;
    let action = doing("create the database");
    let exists = client
        .query_opt("select from pg_database where datname = $1", &[&name])
        .await
        .map_err(&action)?;
    if exists.is_some() {
        return Ok(());
    }
    let quoted = client
        .query_one("select format('create database %I', $1::text)", &[&name])
        .await
        .map_err(&action)?;
    match client.batch_execute(quoted.get(0)).await {
        // Another process was faster.
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => Ok(()),
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(()),
        outcome => outcome.map_err(&action),
    }
}
