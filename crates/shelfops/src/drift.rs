//! The live schema, the declared one, and what differs: for operations, jobs and plans alike.

use shelfops_advisor::drift::{Options, ReadError, Reconciliation, Schema, read, reconcile};
use shelfops_db::{Database, Engine, Migrator};

use crate::ops::{Context, OpError};

/// What a check found.
pub(crate) struct Found {
    /// What is there.
    pub(crate) live: Schema,
    /// What was declared.
    pub(crate) declared: Schema,
    /// What differs from what was declared, and what to do about it.
    pub(crate) reconciliation: Reconciliation,
    /// How many migrations are not applied yet; none where a snapshot was compared with.
    pub(crate) pending: usize,
}

/// Compares the live schema with the declared one, or with a snapshot.
///
/// # Errors
/// Fails when the server does, and where the database's migrations are not this program's.
pub(crate) async fn check(context: &Context, against: Option<Schema>) -> Result<Found, OpError> {
    let (declared, pending) = match against {
        Some(snapshot) => (snapshot, 0),
        None => declared(context).await?,
    };
    let live = live(context).await?;
    let reconciliation = reconcile(&live, &declared);
    Ok(Found { live, declared, reconciliation, pending })
}

/// Reads the schema of the database.
///
/// # Errors
/// Fails when the server does.
pub(crate) async fn live(context: &Context) -> Result<Schema, OpError> {
    let database = context.database().await?;
    let engine = engine(database).await?;
    schema_of(database, engine).await
}

/// Builds what this program's migrations declare, and how many of them are pending.
async fn declared(context: &Context) -> Result<(Schema, usize), OpError> {
    let database = context.database().await?;
    let engine = engine(database).await?;
    let migrator = Migrator::new(database, context.config().timeseries_engine);
    let declared = migrator.declared().await?;
    let schema = schema_of(declared.scratch.database(), engine).await;
    declared.scratch.close().await?;
    Ok((schema?, declared.pending))
}

async fn engine(database: &Database) -> Result<Option<Engine>, OpError> {
    // A database that is not migrated has no engine, and a schema all the same.
    let Ok(operator) = database.operator().await else { return Ok(None) };
    let engine = operator.timeseries_engine().await?;
    operator.commit().await?;
    Ok(Some(engine))
}

async fn schema_of(database: &Database, engine: Option<Engine>) -> Result<Schema, OpError> {
    let reader = database.reader().await?;
    Ok(read(reader.client(), &options(engine)).await?)
}

/// What is not compared: the ledger, which is made before all migrations, and extensions that an
/// administrator gives the server for its own sake.
pub(crate) fn options(engine: Option<Engine>) -> Options {
    let mut extensions = vec!["pg_stat_statements".to_owned(), "hypopg".to_owned()];
    if !matches!(engine, Some(Engine::Timescale | Engine::TimescaleApache)) {
        extensions.push("timescaledb".to_owned());
    }
    Options { ignored_schemas: vec!["shelfops_ledger".to_owned()], ignored_extensions: extensions }
}

impl From<ReadError> for OpError {
    fn from(error: ReadError) -> Self {
        // It says in its own line what the server said.
        Self::failed(error.to_string())
    }
}
