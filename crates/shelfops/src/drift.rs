//! The live schema, the declared one, and what differs: for operations, jobs and plans alike.

use shelfops_advisor::drift::{
    Kind, Options, ReadError, Reconciliation, Role, Schema, read, reconcile,
};
use shelfops_db::{Database, Engine, MigrationError, Migrator, Target};

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
    /// Why only roles were compared, where that is so.
    pub(crate) not_compared: Option<String>,
}

/// Compares the live schema with the declared one, or with a snapshot.
///
/// # Errors
/// Fails when the server does, and where the database's migrations are not this program's.
pub(crate) async fn check(context: &Context, against: Option<Schema>) -> Result<Found, OpError> {
    // Roles belong to the server: they are looked at first, and not where the declared schema is built.
    let live = live(context).await?;
    let Declared { schema: declared, pending, not_compared } = match against {
        Some(snapshot) => snapshot.into(),
        None => declared(context, &live).await?,
    };
    let reconciliation = reconcile(&live, &declared);
    Ok(Found { live, declared, reconciliation, pending, not_compared })
}

/// What the live schema is compared with.
struct Declared {
    schema: Schema,
    pending: usize,
    not_compared: Option<String>,
}

impl From<Schema> for Declared {
    fn from(snapshot: Schema) -> Self {
        // Snapshots of earlier versions know nothing of roles.
        let knows_roles = snapshot.objects.keys().any(|key| key.kind == Kind::Role);
        let schema = if knows_roles { snapshot } else { snapshot.with_roles(&roles()) };
        Self { schema, pending: 0, not_compared: None }
    }
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

/// Builds what this program's migrations declare. Where they refuse the server's roles, what they declare of
/// roles is all that the live schema can be compared with.
async fn declared(context: &Context, live: &Schema) -> Result<Declared, OpError> {
    let database = context.database().await?;
    let engine = engine(database).await?;
    let migrator = Migrator::new(database, context.config().timeseries_engine);
    let built = match migrator.declared().await {
        Ok(built) => built,
        Err(MigrationError::Failed { reason, .. }) if live.with_roles(&roles()) != *live => {
            return Ok(Declared {
                schema: live.with_roles(&roles()),
                pending: migrator.pending(Target::All).await?.len(),
                not_compared: Some(format!(
                    "only roles were compared: while they are so, the declared schema cannot be built \
                     beside ({reason})"
                )),
            });
        }
        Err(error) => return Err(error.into()),
    };
    let schema = schema_of(built.scratch.database(), engine).await;
    built.scratch.close().await?;
    Ok(Declared {
        schema: schema?.with_roles(&roles()),
        pending: built.pending,
        not_compared: None,
    })
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
    Options {
        ignored_schemas: vec!["shelfops_ledger".to_owned()],
        ignored_extensions: extensions,
        roles: roles(),
    }
}

/// The roles that the first migration makes, as it makes them.
fn roles() -> Vec<Role> {
    vec![
        Role::owner("shelfops_owner"),
        Role::new("shelfops_app"),
        Role::new("shelfops_readonly")
            .with("default_transaction_read_only", "on")
            .with("statement_timeout", "30s"),
    ]
}

impl From<ReadError> for OpError {
    fn from(error: ReadError) -> Self {
        // It says in its own line what the server said.
        Self::failed(error.to_string())
    }
}
