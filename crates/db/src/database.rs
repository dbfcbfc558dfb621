//! Connections: one pool for the owner's work, one for tenants' work, and no other way in.

use std::str::FromStr;
use std::sync::Arc;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use shelfops_ingest::CustomerId;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::error::doing;
use crate::signing::SigningKey;
use crate::{DbError, OperatorTx, TenantTx};

/// How many connections tenants' work may use at once.
const TENANT_CONNECTIONS: usize = 16;

/// How many connections the owner's work may use at once.
const OWNER_CONNECTIONS: usize = 4;

/// How many connections a job of a worker uses at most: its lock, two batches that are merged, one that
/// is staged, what it looks up, and the end of its run.
const CONNECTIONS_OF_A_JOB: usize = 6;

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
    owner_config: Arc<tokio_postgres::Config>,
    signing_key: Arc<OnceCell<Arc<SigningKey>>>,
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
        let owner_config = read_url(&config.owner_url)?;
        let (owner, address) = pool(owner_config.clone(), OWNER_CONNECTIONS)?;
        let tenant_url = config.tenant_url.as_ref().unwrap_or(&config.owner_url);
        let (tenants, _) = pool(read_url(tenant_url)?, TENANT_CONNECTIONS)?;
        Ok(Self {
            owner,
            tenants,
            address: address.into(),
            owner_config: Arc::new(owner_config),
            signing_key: Arc::default(),
        })
    }

    /// Returns another database of the same server, as the owner's login reaches it.
    pub(crate) fn sibling(&self, name: &str) -> Result<Self, DbError> {
        let mut config = (*self.owner_config).clone();
        config.dbname(name);
        let (owner, address) = pool(config.clone(), OWNER_CONNECTIONS)?;
        Ok(Self {
            tenants: owner.clone(),
            owner,
            address: address.into(),
            owner_config: Arc::new(config),
            signing_key: Arc::default(),
        })
    }

    /// Where the database is, without secrets.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Makes room for jobs that are done at once: each holds connections while it waits for others, so
    /// that too few would have all of them wait for each other for ever.
    pub(crate) fn make_room(&self, job_count: usize) {
        self.tenants.resize(TENANT_CONNECTIONS.max(job_count * CONNECTIONS_OF_A_JOB));
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

    /// Begins a transaction of the owner, for work across tenants: no tenant's rows are visible.
    ///
    /// # Errors
    /// Fails when the server cannot be reached or is not migrated.
    pub async fn operator(&self) -> Result<OperatorTx, DbError> {
        OperatorTx::begin(self.owner_connection().await?).await
    }

    /// Returns how the owner's login connects, for the job queue's own connections.
    pub(crate) fn owner_config(&self) -> &tokio_postgres::Config {
        &self.owner_config
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

    async fn connect(&self, pool: &Pool) -> Result<Object, DbError> {
        pool.get().await.map_err(|source| DbError::Unreachable {
            address: self.address.to_string(),
            source: source.into(),
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

fn read_url(url: &str) -> Result<tokio_postgres::Config, DbError> {
    tokio_postgres::Config::from_str(url).map_err(|error| DbError::BadAddress(error.to_string()))
}

fn pool(mut config: tokio_postgres::Config, size: usize) -> Result<(Pool, String), DbError> {
    if config.get_application_name().is_none() {
        config.application_name("shelfops");
    }
    let address = describe_address(&config);
    let manager = Manager::from_config(
        config,
        NoTls,
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    let pool = Pool::builder(manager)
        .max_size(size)
        .build()
        .map_err(|error| DbError::BadAddress(error.to_string()))?;
    Ok((pool, address))
}

fn describe_address(config: &tokio_postgres::Config) -> String {
    use tokio_postgres::config::Host;

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
    let (pool, address) = pool(read_url(admin_url)?, 1)?;
    let client = pool
        .get()
        .await
        .map_err(|source| DbError::Unreachable { address, source: source.into() })?;
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
