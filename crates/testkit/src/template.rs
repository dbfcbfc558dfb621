//! Builds a template database once for all processes, and copies it.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::connection::quoted;
use crate::database_name::{TemplateName, lock_key_of};
use crate::error::TestkitError;
use crate::server::TestServer;
use crate::sweep::{database_names, drop_database};

/// How long sessions in a template are ended again and again before giving up.
const IN_USE: Duration = Duration::from_secs(30);

/// Between two attempts; PostgreSQL itself waits five seconds within one.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// A complete template that nobody removes while this value lives.
#[derive(Debug)]
pub(crate) struct LockedTemplate {
    /// Holds the lock: it ends with the session.
    client: Client,
    database: String,
    strategy: &'static str,
}

impl LockedTemplate {
    /// Copies the template to a new database.
    pub(crate) async fn clone_to(&self, name: &str) -> Result<(), TestkitError> {
        let (copy, template) = (quoted(name), quoted(&self.database));
        let statement = format!("create database {copy} template {template} {}", self.strategy);
        let action = format!("copy the template {}", self.database);
        without_sessions(&self.client, &self.database, &statement, &action).await
    }
}

/// Returns the complete template, built by this process if by nobody else yet.
pub(crate) async fn ensure(
    server: &'static TestServer,
    template: &TemplateName,
    build: impl AsyncFnOnce(String) -> Result<(), TestkitError>,
) -> Result<LockedTemplate, TestkitError> {
    let client = server.connect().await?;
    let (database, strategy) = (template.complete(), server.copy_strategy());
    lock(&client, "select pg_advisory_lock_shared($1)", template.lock_key()).await?;
    if exists(&client, &database).await? {
        return Ok(LockedTemplate { client, database, strategy });
    }
    lock(&client, "select pg_advisory_unlock_shared($1)", template.lock_key()).await?;
    lock(&client, "select pg_advisory_lock($1)", template.lock_key()).await?;
    // Somebody else may have been building while this process waited.
    if !exists(&client, &database).await? {
        let while_built = template.while_built();
        let outcome = fill(server, &client, &while_built, build).await;
        if let Err(error) = outcome {
            drop_database(&client, &while_built).await?;
            return Err(error);
        }
        complete(&client, template).await?;
        remove_replaced(&client, template).await?;
    }
    Ok(LockedTemplate { client, database, strategy })
}

async fn fill(
    server: &'static TestServer,
    client: &Client,
    database: &str,
    build: impl AsyncFnOnce(String) -> Result<(), TestkitError>,
) -> Result<(), TestkitError> {
    // A process that was killed while it built the template left its half behind.
    drop_database(client, database).await?;
    let strategy = server.copy_strategy();
    let statement = format!("create database {} template template0 {strategy}", quoted(database));
    let action = format!("create the database {database}");
    client.batch_execute(&statement).await.map_err(TestkitError::statement(action))?;
    build(server.url(database)).await
}

/// Closes the database and gives it the name by which others know that it is complete.
///
/// TimescaleDB's scheduler keeps a session open in every database it may enter, and a database that
/// is in use can be neither renamed nor copied.
async fn complete(client: &Client, template: &TemplateName) -> Result<(), TestkitError> {
    let database = template.while_built();
    let name = quoted(&database);
    let action = format!("close the template {database}");
    let close = format!("alter database {name} allow_connections false");
    client.batch_execute(&close).await.map_err(TestkitError::statement(action))?;
    let rename = format!("alter database {name} rename to {}", quoted(&template.complete()));
    let action = format!("rename the template {database}");
    without_sessions(client, &database, &rename, &action).await
}

/// Removes templates with older fingerprints, except those that are in use at this moment.
async fn remove_replaced(client: &Client, template: &TemplateName) -> Result<(), TestkitError> {
    for database in database_names(client).await? {
        let Some(key) = lock_key_of(&database).filter(|_| template.is_replaced(&database)) else {
            continue;
        };
        if lock(client, "select pg_try_advisory_lock($1)", key).await? {
            drop_database(client, &database).await?;
            lock(client, "select pg_advisory_unlock($1)", key).await?;
        }
    }
    Ok(())
}

/// Runs a statement that needs `database` unused, ending sessions there until it succeeds.
async fn without_sessions(
    client: &Client,
    database: &str,
    statement: &str,
    action: &str,
) -> Result<(), TestkitError> {
    let terminate = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
    let deadline = Instant::now() + IN_USE;
    loop {
        client.execute(terminate, &[&database]).await.map_err(TestkitError::statement(action))?;
        match client.batch_execute(statement).await {
            Err(error) if error.code() != Some(&SqlState::OBJECT_IN_USE) => {
                return Err(TestkitError::statement(action)(error));
            }
            Ok(()) => return Ok(()),
            Err(_) if Instant::now() > deadline => {
                return Err(TestkitError::InUse { action: action.to_owned() });
            }
            Err(_) => sleep(RETRY_INTERVAL).await,
        }
    }
}

/// Runs one of the lock functions on `key`; tells what it returned, if that was a truth value.
async fn lock(client: &Client, statement: &str, key: i64) -> Result<bool, TestkitError> {
    let action = TestkitError::statement("lock the template");
    let row = client.query_one(statement, &[&key]).await.map_err(action)?;
    Ok(row.try_get(0).unwrap_or(false))
}

async fn exists(client: &Client, database: &str) -> Result<bool, TestkitError> {
    let statement = "select exists (select from pg_database where datname = $1)";
    let action = TestkitError::statement("look for the template");
    Ok(client.query_one(statement, &[&database]).await.map_err(action)?.get(0))
}
